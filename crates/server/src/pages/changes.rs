//! 规则改动: the versions of the rulebook, a proposal handed in as files, what it changes, whom it reaches, and
//! the signatures of two persons. The second signature takes the version up without a stop.

use askama::Template;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::rulebook::{
    self as changing, Affected, AffectedAsk, ChangeError, Changing, DayFigures, PreviewRow,
    Proposal, VersionPage, VersionRow,
};
use office::simulate::{GroupRow, yuan_of};
use office::views::AffectedList;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _, with_field};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};
use crate::takeover::Takeover;
use crate::upload::{self, Unread, Upload};

/// Differences of one file shown on the page; the file itself has all.
const DIFFERENCES_SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "rulebook_changes.html")]
struct ListPage {
    shell: Shell,
    problems: Vec<String>,
    /// How a signed version is taken up, while it is not at work yet.
    takeover: Option<String>,
    proposes: bool,
    why: String,
    rows: Vec<VersionRow>,
}

#[derive(Template)]
#[template(path = "rulebook_change.html")]
struct ChangePage {
    shell: Shell,
    problems: Vec<String>,
    said: Option<String>,
    takeover: Option<String>,
    days: Vec<DayShown>,
    most: usize,
    view: VersionPage,
}

#[derive(Template)]
#[template(path = "rulebook_preview.html")]
struct PreviewPage {
    shell: Shell,
    version: i64,
    preview: PreviewRow,
    days: Vec<DayShown>,
    /// What is asked of the households.
    ask: Asked,
    list: Option<AffectedList>,
}

/// The filter of the households, as the form shows it.
struct Asked {
    day: String,
    area: String,
    effect: String,
    /// What the filter is, in words.
    words: String,
}

/// What a proposal does from a day on, in words.
pub(crate) struct DayShown {
    pub(crate) day: String,
    pub(crate) figures: DayFigures,
    pub(crate) cost_before: String,
    pub(crate) cost_after: String,
    pub(crate) cost_change: String,
    pub(crate) programmes: Vec<ProgrammeShown>,
    pub(crate) funds: Vec<GroupShown>,
    pub(crate) groups: Vec<(String, Vec<GroupShown>)>,
}

pub(crate) struct ProgrammeShown {
    pub(crate) title: String,
    pub(crate) entitled: String,
    pub(crate) enter: u64,
    pub(crate) leave: u64,
    pub(crate) leave_on_roll: u64,
    pub(crate) change: String,
}

pub(crate) struct GroupShown {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) gain: u64,
    pub(crate) lose: u64,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) change: String,
}

/// How a state is to be felt.
pub(crate) fn tone(state: &str) -> &'static str {
    match state {
        "生效" => "tone-good",
        "待签" => "tone-notice",
        "草稿" => "tone-unknown",
        _ => "tone-plain",
    }
}

fn signed(before: i64, after: i64) -> String {
    let change = yuan_of(after.saturating_sub(before));
    if after > before {
        format!("+{change}")
    } else {
        change
    }
}

/// How a signed version that is not at work yet is taken up.
fn takeover(desk: &Desk, rows: &[VersionRow]) -> Option<String> {
    let at_work = desk.access.office().version();
    let newest = rows
        .iter()
        .filter(|row| row.state == "生效")
        .map(|row| row.no)
        .max()?;
    if newest == at_work {
        return None;
    }
    let state = desk.app.pages.upgrade().map(|pages| pages.takeover());
    Some(match state {
        Some(Takeover::Failed(why)) => format!(
            "第 {newest} 版已经签发,但是换不上,现在仍按第 {at_work} 版办:{why};请管理员处理后重新启动"
        ),
        Some(Takeover::Begun | Takeover::Done) | None => {
            format!("第 {newest} 版已经签发,正在换上;换好以前仍按第 {at_work} 版办,请稍后刷新")
        }
    })
}

async fn list_page(
    desk: &Desk,
    (problems, why): (Vec<String>, String),
) -> Result<ListPage, Refusal> {
    let rows = changing::list(desk.access.office(), &desk.who).await;
    let rows = rows.map_err(|error| desk.refuse(error.into()))?;
    Ok(ListPage {
        shell: desk.shell("规则改动", Some(Menu::Rulebook)),
        problems,
        takeover: takeover(desk, &rows),
        proposes: desk.who.may(Right::RULEBOOK_PROPOSE),
        why,
        rows,
    })
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = list_page(&desk, (Vec::new(), String::new())).await?;
    desk.show(&page)
}

/// Takes a proposal: a zip or one text, with why.
pub(crate) async fn propose(desk: Desk, request: Request) -> Answered {
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = list_page(&desk, (vec![said], String::new())).await?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let why = upload.fields.get("why").unwrap_or_default();
    let remove = upload.fields.get("remove").unwrap_or_default();
    let remove: Vec<String> = remove.lines().map(|line| line.trim().to_owned()).collect();
    let remove: Vec<String> = remove.into_iter().filter(|path| !path.is_empty()).collect();
    let office = desk.access.office();
    let known = office.book().texts();
    let mut files = upload
        .files
        .into_iter()
        .filter(|file| !file.bytes.is_empty());
    let texts = match files.next() {
        Some(file) => changing::open_bytes(&file.name, file.bytes, known),
        None if remove.is_empty() => {
            let said = "没有选文件;选一个 zip,里面只放改了的文件,或者选一个改了的文件".to_owned();
            let page = list_page(&desk, (vec![said], why)).await?;
            return desk.show_again(&page);
        }
        None => Ok(Vec::new()),
    };
    let texts = match texts {
        Ok(texts) => texts,
        Err(refused) => {
            let said = refused.iter().map(ToString::to_string).collect();
            let page = list_page(&desk, (said, why)).await?;
            return desk.show_again(&page);
        }
    };
    let proposal = Proposal {
        texts,
        remove,
        because: why.clone(),
        no: None,
    };
    match changing::propose(office, &desk.who, proposal).await {
        Ok((row, _)) => {
            Ok(Redirect::to(&format!("/rulebook/changes/{}?done=propose", row.no)).into_response())
        }
        Err(ChangeError::Refused(said)) => {
            let page = list_page(&desk, (lines(&said), why)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// A form with files; one without is as if nothing had been chosen.
pub(crate) async fn uploaded(request: Request) -> Result<Upload, Unread> {
    if upload::is_upload(request.headers()) {
        return upload::read(request).await;
    }
    Ok(Upload {
        fields: Fields::default(),
        files: Vec::new(),
    })
}

pub(crate) fn lines(said: &str) -> Vec<String> {
    said.lines().map(str::to_owned).collect()
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let page = page(&desk, no, Vec::new()).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: i64, problems: Vec<String>) -> Result<ChangePage, Refusal> {
    let office = desk.access.office();
    let view = changing::version_page(office, &desk.who, no).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let rows = [view.row.clone()];
    Ok(ChangePage {
        shell: desk.shell(format!("规则手册第 {no} 版"), Some(Menu::Rulebook)),
        problems,
        said: desk.fields.get("done").and_then(|act| done(&act)),
        takeover: takeover(desk, &rows),
        days: view
            .preview
            .as_ref()
            .map(|p| days(no, p, view.may.households))
            .unwrap_or_default(),
        most: DIFFERENCES_SHOWN,
        view,
    })
}

/// What was done, in words; only words we know come back.
fn done(act: &str) -> Option<String> {
    let said = match act {
        "propose" => "改动已经收下,查过了;现在运行的一版没有动",
        "check" => "又查了一遍",
        "preview" => "影响预览已经算好、记下",
        "approve" => "影响预览已批准",
        "sign" => "已签",
        "withdraw" => "已撤回",
        _ => return None,
    };
    Some(said.to_owned())
}

fn days(no: i64, preview: &PreviewRow, households: bool) -> Vec<DayShown> {
    let all = preview.figures.days.iter();
    all.map(|figures| day(no, figures, households)).collect()
}

fn day(no: i64, figures: &DayFigures, households: bool) -> DayShown {
    let place = format!("/rulebook/changes/{no}/preview");
    let on_day = with_field(&place, "day", &figures.day);
    let shown = |row: &GroupRow, href: String| GroupShown {
        name: row.name.clone(),
        href: if households { href } else { String::new() },
        gain: row.gain,
        lose: row.lose,
        before: yuan_of(row.before),
        after: yuan_of(row.after),
        change: signed(row.before, row.after),
    };
    let areas = figures.areas.iter().map(|row| {
        let href = match row.code.as_str() {
            "" => String::new(),
            code => format!("{}#households", with_field(&on_day, "area", code)),
        };
        shown(row, href)
    });
    let mut groups = vec![("乡镇".to_owned(), areas.collect::<Vec<_>>())];
    for group in &figures.groups {
        let rows = group.rows.iter().map(|row| {
            let href = with_field(&with_field(&on_day, "kind", &group.title), "is", &row.name);
            shown(row, format!("{href}#households"))
        });
        groups.push((group.title.clone(), rows.collect()));
    }
    let changed = figures.programmes.iter().filter(|p| {
        p.entitled_before != p.entitled_after
            || p.cost_before != p.cost_after
            || p.enter
                .saturating_add(p.leave)
                .saturating_add(p.gain)
                .saturating_add(p.lose)
                > 0
    });
    DayShown {
        day: figures.day.clone(),
        cost_before: yuan_of(figures.cost_before),
        cost_after: yuan_of(figures.cost_after),
        cost_change: signed(figures.cost_before, figures.cost_after),
        programmes: changed
            .map(|p| ProgrammeShown {
                title: p.title.clone(),
                entitled: format!(
                    "{} → {} {}",
                    p.entitled_before.grouped(),
                    p.entitled_after.grouped(),
                    p.unit
                ),
                enter: p.enter,
                leave: p.leave,
                leave_on_roll: p.leave_on_roll,
                change: if p.monthly {
                    signed(p.cost_before, p.cost_after)
                } else {
                    "不按月发钱".to_owned()
                },
            })
            .collect(),
        funds: figures
            .funds
            .iter()
            .map(|row| shown(row, String::new()))
            .collect(),
        groups,
        figures: figures.clone(),
    }
}

/// A page shows what came of it, not each step.
fn quiet(_step: &str) {}

/// Works out whom a version reaches.
pub(crate) async fn preview(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let done = changing::preview(desk.access.office(), &desk.who, no, quiet).await;
    after(&desk, no, "preview", done).await
}

/// Checks a draft again; with nothing in its way any more it waits to be signed.
pub(crate) async fn check(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let done = changing::check(desk.access.office(), &desk.who, no).await;
    after(&desk, no, "check", done).await
}

/// Approves the preview that was read.
pub(crate) async fn approve(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let seen = Fields::read(&body).get("seen").unwrap_or_default();
    let done = changing::approve(desk.access.office(), &desk.who, no, Some(&seen)).await;
    after(&desk, no, "approve", done).await
}

/// Signs; with the second signature the pages follow.
pub(crate) async fn sign(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let done = changing::sign(desk.access.office(), &desk.who, no).await;
    if done.as_ref().is_ok_and(|row| row.state == "生效")
        && let Some(pages) = desk.app.pages.upgrade()
    {
        pages.follow_soon();
    }
    after(&desk, no, "sign", done).await
}

/// Withdraws a version that was never in force.
pub(crate) async fn withdraw(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let why = Fields::read(&body).get("why").unwrap_or_default();
    let done = changing::withdraw(desk.access.office(), &desk.who, no, &why).await;
    after(&desk, no, "withdraw", done).await
}

async fn after<T>(desk: &Desk, no: i64, act: &str, done: Changing<T>) -> Answered {
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/rulebook/changes/{no}?done={act}")).into_response()),
        Err(ChangeError::Refused(said)) => {
            let page = page(desk, no, lines(&said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// The figures of a preview, and the households behind them.
pub(crate) async fn households(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "规则版本")?;
    let preview = changing::previewed(desk.access.office(), &desk.who, no).await;
    let preview = preview.map_err(|error| desk.refuse(error.into()))?;
    let Some(preview) = preview else {
        return Ok(Redirect::to(&format!("/rulebook/changes/{no}")).into_response());
    };
    let field = |name: &str| desk.fields.get(name);
    let effect = field("effect").and_then(|code| Affected::from_code(&code));
    let ask = AffectedAsk {
        day: field("day"),
        area: field("area"),
        kind: field("kind").zip(field("is")),
        effect,
    };
    let words = in_words(&preview, &ask);
    let list = desk.views.affected(&desk.who, no, ask.clone()).await;
    let page = PreviewPage {
        shell: desk.shell(format!("第 {no} 版的影响预览"), Some(Menu::Rulebook)),
        version: no,
        days: days(no, &preview, true),
        ask: Asked {
            day: ask.day.unwrap_or_default(),
            area: ask.area.unwrap_or_default(),
            effect: effect.map_or("", Affected::code).to_owned(),
            words,
        },
        list: list.map_err(|error| desk.refuse(error))?,
        preview,
    };
    desk.show(&page)
}

fn in_words(preview: &PreviewRow, ask: &AffectedAsk) -> String {
    let days = &preview.figures.days;
    let day = ask
        .day
        .clone()
        .or_else(|| days.first().map(|day| day.day.clone()));
    let area = ask.area.as_ref().map(|code| {
        let rows = days.iter().flat_map(|day| &day.areas);
        let mut named = rows.filter(|row| row.code == *code);
        named
            .next()
            .map_or_else(|| code.clone(), |row| row.name.clone())
    });
    let kind = ask.kind.as_ref().map(|(title, is)| format!("{title}:{is}"));
    let effect = ask.effect.map(|effect| effect.word().to_owned());
    let day = day.map(|day| format!("{day} 起"));
    let parts: Vec<String> = [day, area, kind, effect].into_iter().flatten().collect();
    parts.join(" · ")
}

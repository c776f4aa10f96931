//! 影响预览: whom a proposed version would reach, worked out on the newest judged month before it is signed.
//! What came of it is kept with the digest of the proposal's texts; above a share of the roll, or where the
//! proposal reaches back, it cannot be signed until somebody other than its proposer answers for having read
//! exactly this preview.

pub mod affected;

use super::checked::Review;
use super::diff::{self, FileChange, FileFate};
use super::versions::{self, ChangeError, Changing};
use crate::access::{Acting, Right};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use crate::simulate::{self, Change, Counts, DoorRow, Group, GroupRow, ProgrammeRow, Whole};
use affected::Held;
use domain::{Day, Month};
use rules::Rulebook;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::digest::hex;
use store::previews::{self, NewPreview, Preview};
use store::rulebooks::{Signature, Version, VersionState};
use store::users::UserId;
use store::{Act, Reads};

/// The table of a place, or of the rulebook, that says when a preview must be approved.
const SETTINGS: &str = "changes.csv";
const SHARE: &str = "翻转要批准";
/// Days on which one proposal is tried; every one of them, or the proposal is too much for one version.
const DAYS_MAX: usize = 12;
/// Previews of a version that are read.
const PREVIEWS_READ: u32 = 50;
/// Changes told in a preview; the difference itself has all.
const CHANGES_TOLD: usize = 40;

/// What a proposal does from a day on, to the people of the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFigures {
    /// The day.
    pub day: String,
    /// Households of the month.
    pub households: u64,
    /// Persons of the month.
    pub persons: u64,
    /// Doors with somebody on the roll.
    pub on_roll: u64,
    /// Of these, for how many some programme is answered otherwise.
    pub turned: u64,
    /// 每月支出 before, in 分.
    pub cost_before: i64,
    /// 每月支出 after.
    pub cost_after: i64,
    /// Who gains and who loses.
    pub counts: Counts,
    /// By programme; those for whom anybody is 符合.
    pub programmes: Vec<ProgrammeRow>,
    /// By fund.
    pub funds: Vec<GroupRow>,
    /// By township.
    pub areas: Vec<GroupRow>,
    /// By kind of family.
    pub groups: Vec<Group>,
    /// What is to be known before the numbers are read.
    pub notes: Vec<String>,
}

/// All figures of a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Day by day.
    pub days: Vec<DayFigures>,
    /// 办件 that are open now.
    pub open_cases: u64,
    /// Of these, handed in on or after the first day: they are decided by the proposal's rules.
    pub cases_reached: u64,
}

/// A preview as officials read it.
#[derive(Clone, Debug)]
pub struct PreviewRow {
    /// Its number.
    pub no: i64,
    /// Of which version.
    pub version: i64,
    /// The digest of the proposal's texts.
    pub digest: String,
    /// The digest of the figures.
    pub figures_digest: String,
    /// On whose people.
    pub month: String,
    /// Doors with somebody on the roll, and of these those that turn.
    pub share: (u64, u64),
    /// The share in words: `40 户里 3 户,7.50%`.
    pub share_words: String,
    /// Why it must be approved before anybody signs; none where it need not.
    pub needs: Option<String>,
    /// Who made it and when.
    pub made: String,
    /// Who approved it and when.
    pub approved: Option<String>,
    /// What came of it.
    pub figures: Figures,
}

/// Works out what a version would do, and keeps the figures.
///
/// # Errors
/// The right is missing; no such version, or it is signed or withdrawn; it cannot be run; no month was judged.
pub async fn preview(
    office: &Office,
    who: &Acting,
    no: i64,
    mut told: impl FnMut(&str),
) -> Changing<PreviewRow> {
    who.scope(Right::TRIAL)?;
    let version = versions::version(office, no).await?;
    open(&version)?;
    let Some(month) = versions::judged(&office.store).await? else {
        let said = "还没有判断过任何一个月,没有名册可以预览;判断过以后再来,现在不用预览就能签";
        return Err(ChangeError::Refused(said.to_owned()));
    };
    let _turn = office.previews.turn().await;
    let texts = versions::texts_of(&office.store, &office.folder(), &version).await?;
    let old = office.book.clone();
    let compared = simulate::blocking(move || Ok(compared(old, Rulebook::read(texts), month)));
    let plan = compared.await?;
    if plan.days.is_empty() {
        let said = format!("第 {no} 版没有改规则和数,谁得到多少都不变,不用预览");
        return Err(ChangeError::Refused(said));
    }
    if plan.days.len() > DAYS_MAX {
        let said = format!(
            "第 {no} 版从 {} 个不同的日子起施行,一份影响预览最多算 {DAYS_MAX} 个;请分成几版提出",
            plan.days.len()
        );
        return Err(ChangeError::Refused(said));
    }
    let (mut figures, mut doors) = (Vec::new(), Vec::new());
    for day in &plan.days {
        let ask = Whole {
            old: Arc::clone(&plan.old),
            new: Arc::clone(&plan.new),
            changes: plan.changes.clone(),
            facts: plan.facts,
            month,
            day: *day,
        };
        let tried = simulate::whole(office, &ask, &mut told).await?;
        let (of_day, rows) = figures_of(*day, tried);
        figures.push(of_day);
        doors.push((day.to_string(), rows));
    }
    let (open_cases, cases_reached) = open_cases(office, plan.first).await?;
    let figures = Figures {
        days: figures,
        open_cases,
        cases_reached,
    };
    let (no, digest) = (version.content.no, version.content.digest);
    keep(office, who, &version, (month, &figures)).await?;
    office.previews.hold(Held {
        digest,
        month,
        days: Arc::new(doors),
    });
    newest_row(office, no)
        .await?
        .ok_or(ChangeError::NotFound(no))
}

/// The figures of the worst day: where most of the roll turns.
fn worst(figures: &Figures) -> (u64, u64) {
    let shares = figures.days.iter().map(|day| (day.turned, day.on_roll));
    let (turned, on_roll) = shares.max().unwrap_or_default();
    (on_roll, turned)
}

async fn keep(
    office: &Office,
    who: &Acting,
    version: &Version,
    (month, figures): (Month, &Figures),
) -> Changing<()> {
    let (on_roll, turned) = worst(figures);
    let words = serde_json::to_string(figures).map_err(|e| OfficeError::Other(e.to_string()))?;
    let days: Vec<&str> = figures.days.iter().map(|day| day.day.as_str()).collect();
    let content = &version.content;
    let new = NewPreview {
        version: content.no,
        digest: content.digest,
        month,
        days: days.join("、"),
        on_roll,
        turned,
        figures: words,
        made_by: who.user(),
        made_at: office.clock.at(),
    };
    let mut tx = office.store.write().await?;
    let preview = previews::add(&mut tx, &new).await?;
    let at = office.clock.at();
    let said = format!("{month} 的名册;在册 {on_roll} 户,答案会变的 {turned} 户");
    let figures = hex(&store::digest::of_bytes(new.figures.as_bytes()));
    tx.record(
        Act::new(&at, who.login(), "rulebook.preview")
            .on("rulebook-version", content.no)
            .because(said)
            .carrying(format!(
                "{{\"digest\":\"{}\",\"preview\":{preview},\"figures\":\"{figures}\"}}",
                hex(&content.digest)
            )),
    );
    tx.commit().await?;
    Ok(())
}

/// Two rulebooks and on which days they are compared.
struct Plan {
    old: Arc<Rulebook>,
    new: Arc<Rulebook>,
    changes: Vec<Change>,
    facts: bool,
    days: Vec<Day>,
    /// The first day on which something is otherwise.
    first: Day,
}

fn compared(old: Rulebook, new: Rulebook, month: Month) -> Plan {
    let changes = diff::changes(&old, &new);
    let (dated, at_once) = diff::days(&old, &new, &changes);
    let first = dated.iter().next().copied();
    let begin = month.first();
    let mut days: BTreeSet<Day> = dated.into_iter().map(|day| day.max(begin)).collect();
    if at_once {
        days.insert(begin);
    }
    Plan {
        facts: diff::touches_facts(&new, &changes),
        changes: in_words(&changes),
        old: Arc::new(old),
        new: Arc::new(new),
        days: days.into_iter().collect(),
        first: match first {
            Some(first) if !at_once => first,
            Some(_) | None => begin,
        },
    }
}

fn in_words(changes: &[FileChange]) -> Vec<Change> {
    let mut out = Vec::new();
    let word = |text: &str| match text {
        "" => "没有".to_owned(),
        some => format!(
            "“{}”",
            some.split_whitespace().collect::<Vec<_>>().join(" ")
        ),
    };
    for change in changes {
        let told = change.differences.iter().filter(|d| d.kind != "说明");
        let told = told.map(|d| Change {
            what: format!("{} {}", d.kind, d.what),
            was: word(&d.was),
            is: word(&d.is),
            unit: String::new(),
            together: Vec::new(),
        });
        out.extend(told);
        if change.fate != FileFate::Changed && change.differences.is_empty() {
            out.push(Change {
                what: change.path.clone(),
                was: word(""),
                is: change.fate.word().to_owned(),
                unit: String::new(),
                together: Vec::new(),
            });
        }
    }
    out.truncate(CHANGES_TOLD);
    out
}

fn figures_of(day: Day, tried: simulate::Tried) -> (DayFigures, Vec<DoorRow>) {
    let mut report = tried.report;
    let one = report.scenarios.pop().unwrap_or_default();
    let told = DayFigures {
        day: day.to_string(),
        households: report.households,
        persons: report.persons,
        on_roll: tried.on_roll,
        turned: tried.turned,
        cost_before: one.cost_before,
        cost_after: one.cost_after,
        counts: one.counts,
        programmes: one.programmes.into_iter().filter(|p| p.speaks()).collect(),
        funds: one.funds,
        areas: one.areas,
        groups: one.groups,
        notes: report.notes,
    };
    (told, one.doors)
}

/// Open cases, and of these those whose rules are of the day or later.
async fn open_cases(office: &Office, first: Day) -> Result<(u64, u64)> {
    let (mut after, mut open, mut reached) = (0_i64, 0_u64, 0_u64);
    loop {
        let rows = store::cases::list_open(&office.store, None, after, 1_000).await?;
        let Some(last) = rows.last() else {
            return Ok((open, reached));
        };
        after = last.no.get();
        for row in &rows {
            open = open.saturating_add(1);
            reached = reached.saturating_add(u64::from(row.content.rules_day >= first));
        }
    }
}

fn open(version: &Version) -> Changing<()> {
    let state = version.content.state;
    if matches!(state, VersionState::Draft | VersionState::Waiting) {
        return Ok(());
    }
    Err(ChangeError::Refused(format!(
        "第 {} 版现在是{},不用预览了",
        version.content.no,
        versions::state_word(state)
    )))
}

/// The newest preview of a version, as it is kept.
///
/// # Errors
/// The right is missing; no such version.
pub async fn previewed(office: &Office, who: &Acting, no: i64) -> Changing<Option<PreviewRow>> {
    who.scope(Right::RULEBOOK)?;
    versions::version(office, no).await?;
    newest_row(office, no).await
}

async fn newest_row(office: &Office, no: i64) -> Changing<Option<PreviewRow>> {
    let Some(newest) = newest(&office.store, no).await? else {
        return Ok(None);
    };
    let version = versions::version(office, no).await?;
    let retroactive = reaches_back(office, version.content.effective).await?;
    let users = store::users::list(&office.store).await?;
    let named = |id: UserId| {
        let user = users.iter().find(|u| u.id == id);
        user.map_or_else(|| id.to_string(), |u| format!("{}({})", u.name, u.login))
    };
    let content = &newest.content;
    let hand = |hand: &Signature| format!("{} {}", named(hand.user), crate::desk::minute(&hand.at));
    Ok(Some(PreviewRow {
        no: newest.no,
        version: no,
        digest: hex(&content.digest),
        figures_digest: hex(&newest.figures_digest),
        month: content.month.to_string(),
        share: (content.on_roll, content.turned),
        share_words: share_words(content.on_roll, content.turned),
        needs: needs(office, &newest, retroactive)?,
        made: format!(
            "{} {}",
            named(content.made_by),
            crate::desk::minute(&content.made_at)
        ),
        approved: newest.approved.as_ref().map(hand),
        figures: serde_json::from_str(&content.figures)
            .map_err(|e| OfficeError::Other(format!("影响预览 {} 的数读不出来:{e}", newest.no)))?,
    }))
}

pub(super) async fn newest(on: &impl Reads, no: i64) -> Result<Option<Preview>> {
    let all = previews::of_version(on, no, PREVIEWS_READ).await?;
    Ok(all.into_iter().next())
}

/// Whether months that were judged already would come out otherwise.
async fn reaches_back(office: &Office, from: Option<Day>) -> Result<bool> {
    let last = versions::judged(&office.store).await?.map(Month::last);
    Ok(from.is_some_and(|day| last.is_some_and(|last| day <= last)))
}

/// `40 户里 3 户,7.50%`.
fn share_words(on_roll: u64, turned: u64) -> String {
    let hundredths = turned.saturating_mul(10_000).checked_div(on_roll);
    match hundredths {
        None => "名册上没有人".to_owned(),
        Some(part) => format!(
            "在册 {on_roll} 户里 {turned} 户,{}.{:02}%",
            part.div_euclid(100),
            part.rem_euclid(100)
        ),
    }
}

/// The share of the roll above which a preview must be approved, in hundredths of a percent.
fn share(office: &Office) -> Changing<u64> {
    let texts = office.signed_book().texts();
    let own = office.signed_book().path_in(&office.locality, SETTINGS);
    let path = if texts.contains_key(&own) {
        own
    } else {
        format!("procedures/{SETTINGS}")
    };
    let rows = texts.get(&path).map_or("", String::as_str).lines().skip(1);
    let mut rows = rows.map(rules::params::split);
    let found = rows.find_map(|row| match row.as_slice() {
        [name, value, unit, ..] if name == SHARE && unit == "%" => percent(value),
        _ => None,
    });
    found.ok_or_else(|| {
        let said = format!("{path} 里没有写“{SHARE}”百分之几(如 2 或 2.5,单位 %),不能签发;请补上");
        ChangeError::Refused(said)
    })
}

fn percent(text: &str) -> Option<u64> {
    // An amount of money has two places behind the point as well.
    let parsed = domain::Fen::parse(text.trim()).ok()?;
    u64::try_from(parsed.get()).ok()
}

/// Why a preview must be approved.
fn needs(office: &Office, preview: &Preview, reaches_back: bool) -> Changing<Option<String>> {
    if reaches_back {
        return Ok(Some("往回改:判断过的月份会不同".to_owned()));
    }
    let content = &preview.content;
    let share = share(office)?;
    let turned = u128::from(content.turned).saturating_mul(10_000);
    let most = u128::from(content.on_roll).saturating_mul(u128::from(share));
    Ok((turned > most).then(|| {
        format!(
            "{},超过 {}.{:02}%",
            share_words(content.on_roll, content.turned),
            share.div_euclid(100),
            share.rem_euclid(100)
        )
    }))
}

/// What of previews stands in the way of signing a version.
pub(super) async fn in_the_way(
    office: &Office,
    version: &Version,
    review: &Review,
) -> Changing<Option<String>> {
    let nothing = (review.since.day.is_none() && !review.since.at_once)
        || diff::only_calendars(&review.changes);
    let Some(judged) = versions::judged(&office.store).await?.filter(|_| !nothing) else {
        return Ok(None);
    };
    let no = version.content.no;
    let held = newest(&office.store, no).await?;
    let Some(held) = held.filter(|p| p.content.digest == version.content.digest) else {
        let said = format!(
            "还没有影响预览;先在 /rulebook/changes/{no} 上预览,或者 doudi rulebook preview {no}"
        );
        return Ok(Some(said));
    };
    // Read and approved on the people of another month, or before it reached back, it no longer fits.
    let day = review.since.day;
    let before = day.is_some_and(|day| day <= held.content.month.last());
    if held.content.month != judged || before != review.retroactive {
        let said = format!(
            "影响预览是按 {} 的人算的,现在判断到 {judged};请在 /rulebook/changes/{no} 上重新预览,或者 \
             doudi rulebook preview {no}",
            held.content.month
        );
        return Ok(Some(said));
    }
    if held.approved.is_some() {
        return Ok(None);
    }
    let why = needs(office, &held, review.retroactive)?;
    Ok(why.map(|why| {
        format!(
            "影响预览要先由提出的人以外的一个人批准({why});请在 /rulebook/changes/{no} 上批准,或者 \
             doudi rulebook approve {no}"
        )
    }))
}

/// Approves the newest preview of a version. `seen` is the digest of the figures that were read; without it
/// those that are kept.
///
/// # Errors
/// The right is missing; no preview, or another than the one that was read; the proposer approves nothing.
pub async fn approve(
    office: &Office,
    who: &Acting,
    no: i64,
    seen: Option<&str>,
) -> Changing<PreviewRow> {
    who.scope(Right::RULEBOOK_APPROVE)?;
    let version = versions::version(office, no).await?;
    open(&version)?;
    let Some(held) = newest(&office.store, no).await? else {
        let said = format!("第 {no} 版还没有影响预览;先预览,再批准");
        return Err(ChangeError::Refused(said));
    };
    if held.approved.is_some() {
        return Err(ChangeError::Refused("这份影响预览已经批准过了".to_owned()));
    }
    if held.content.digest != version.content.digest
        || seen.is_some_and(|seen| seen != hex(&held.figures_digest))
    {
        let said = "您看到的不是最新的影响预览;请重新打开,看过再批准";
        return Err(ChangeError::Refused(said.to_owned()));
    }
    let accounts = versions::accounts_of(&office.store, who).await?;
    let proposer = version.content.proposed_by;
    if versions::same_person(office, who, (proposer, proposer.get()), &accounts).await? {
        let said = "这一版是您(或与您同名的账号)提出的;影响预览要另一个人批准";
        return Err(ChangeError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let hand = Signature {
        user: who.user(),
        person: accounts
            .into_iter()
            .min()
            .unwrap_or_else(|| who.user().get()),
        at: at.clone(),
    };
    let mut tx = office.store.write().await?;
    previews::approve(&mut tx, held.no, held.figures_digest, &hand).await?;
    let content = &held.content;
    tx.record(
        Act::new(&at, who.login(), "rulebook.approve")
            .on("rulebook-version", no)
            .because(share_words(content.on_roll, content.turned))
            .carrying(format!(
                "{{\"digest\":\"{}\",\"preview\":{},\"figures\":\"{}\"}}",
                hex(&content.digest),
                held.no,
                hex(&held.figures_digest)
            )),
    );
    tx.commit().await?;
    newest_row(office, no)
        .await?
        .ok_or(ChangeError::NotFound(no))
}

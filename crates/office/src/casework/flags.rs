//! 疑点: near relatives, the dead still paid, double help, help above the standard, unusual looking — each a number with
//! the list it counts. What belongs to which is said in `access/flags.md`. It concludes nothing and changes nothing.

use super::events::NO_LONGER;
use super::{CaseError, Done, near, place_name};
use crate::access::{Access, Acting, EntryRow, Right, Scope};
use crate::channels::{here, number, table};
use crate::handling;
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId};
use store::audit;
use store::warnings::{self, After, Entity, Filter, Warning};

const PATH: &str = "access/flags.md";
/// What 来自 says beside the names of warnings.
const RELATIVES: &str = "近亲属";
const LOOKS: &str = "查看";
/// Warnings read at a time, and lines of a list.
const READ: u32 = 1_000;
const SHOWN_MAX: usize = 500;

/// One kind of doubt with how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its code.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What to look at.
    pub advice: String,
    /// How many; none where this person's places do not reach so far.
    pub count: Option<usize>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagRow {
    /// What it is: a case, a warning, an account.
    pub what: String,
    /// Whom it is about, masked; of a look, whose account.
    pub who: String,
    /// Where.
    pub place: String,
    /// Why it stands here.
    pub why: String,
    /// The cases to look into.
    pub cases: Vec<i64>,
    /// Of looking: the account and the day.
    pub looked: Option<(String, String)>,
}

/// 疑点.
#[derive(Clone, Debug, Default)]
pub struct FlagView {
    /// Every kind.
    pub flags: Vec<Flag>,
    /// The kind that is listed; empty for none.
    pub chosen: String,
    /// Its lines, in the order of urgency; no more than a page holds.
    pub rows: Vec<FlagRow>,
    /// The looks of one account on one day.
    pub looks: Vec<EntryRow>,
    /// Whose, and when; empty for nobody's.
    pub looker: String,
}

/// One line of the rulebook's table.
struct Kind {
    code: String,
    title: String,
    from: Vec<String>,
    advice: String,
}

fn kinds(office: &Office) -> Done<Vec<Kind>> {
    let rows = table(
        here(office),
        PATH,
        "疑点",
        ["代号", "疑点", "来自", "看什么"],
    )?;
    let kind = |[code, title, from, advice]: [String; 4]| Kind {
        from: from.split('、').map(|one| one.trim().to_owned()).collect(),
        code,
        title,
        advice,
    };
    Ok(rows.into_iter().map(kind).collect())
}

fn setting(office: &Office, name: &str) -> Done<i64> {
    let rows = table(here(office), PATH, "设置", ["设置", "值"])?;
    let found = rows.into_iter().find(|[of, _]| of == name);
    let missing = || CaseError::Refused(format!("规则手册 {PATH} 没有写“{name}”"));
    let [_, value] = found.ok_or_else(missing)?;
    number(PATH, name, &value)
}

/// Every kind of doubt with its number, the list of one of them, and the looks of an account on a day.
///
/// # Errors
/// No right, or the record.
pub async fn flags(
    access: &Access,
    who: &Acting,
    (chosen, by, day): (&str, &str, &str),
) -> Done<FlagView> {
    let scope = who.scope(Right::FLAGS)?;
    let office = access.office();
    let mut view = FlagView {
        chosen: chosen.to_owned(),
        ..FlagView::default()
    };
    for kind in kinds(office)? {
        let found = found(office, &scope, &kind).await?;
        view.flags.push(Flag {
            count: found.as_ref().map(Vec::len),
            advice: kind.advice,
            title: kind.title,
            code: kind.code.clone(),
        });
        if kind.code == chosen {
            for one in found.iter().flatten().take(SHOWN_MAX) {
                view.rows.push(row(office, one).await?);
            }
        }
    }
    if !by.is_empty() && scope.places().is_none() {
        let on = Day::parse(day).map_err(|_| CaseError::Refused(format!("`{day}` 不是日期")))?;
        let span = span(office, on).await?;
        let found = audit::looks(&office.store, by, span, READ).await?;
        view.looks = access.entry_rows(&found).await?;
        view.looker = format!("{by} 在 {on} 的查看");
    }
    Ok(view)
}

/// One of a kind, before it is put into words.
enum Found {
    Relative(CaseNo),
    Warned(Box<Warning>),
    Looked {
        day: Day,
        login: String,
        count: u64,
        most: i64,
    },
}

/// All of a kind; none where they do not lie within a scope as a whole.
async fn found(office: &Office, scope: &Scope, kind: &Kind) -> Done<Option<Vec<Found>>> {
    let from = |word: &str| kind.from.iter().any(|one| one == word);
    if from(LOOKS) {
        return match scope.places() {
            None => Ok(Some(lookers(office).await?)),
            Some(_) => Ok(None),
        };
    }
    let mut out = Vec::new();
    for place in scope.each_place() {
        if from(RELATIVES) {
            let store = &office.store;
            let told = store::cases::of_circumstance(store, near::RELATIVE, place.as_ref()).await?;
            let holds = told.into_iter().filter(|(_, word)| word != NO_LONGER);
            out.extend(holds.map(|(no, _)| Found::Relative(no)));
            continue;
        }
        for rule in &kind.from {
            out.extend(warned(office, place, rule).await?);
        }
    }
    Ok(Some(out))
}

/// The places of the chain between which a day lies.
async fn span(office: &Office, day: Day) -> Done<(i64, i64)> {
    let next = day.add_days(1).unwrap_or(day);
    let (from, before) = (handling::begin(day)?, handling::begin(next)?);
    let from = audit::first_since(&office.store, &from).await?;
    Ok((from, audit::first_since(&office.store, &before).await?))
}

async fn lookers(office: &Office) -> Done<Vec<Found>> {
    let (days, most) = (setting(office, "查看天数")?, setting(office, "每天查看")?);
    let today = office.clock.today();
    let mut out = Vec::new();
    for back in 0..days {
        let day = today.add_days(back.saturating_neg()).unwrap_or(today);
        let span = span(office, day).await?;
        let all = audit::lookers(&office.store, span, most).await?;
        out.extend(all.into_iter().map(|(login, count)| Found::Looked {
            day,
            login,
            count,
            most,
        }));
    }
    Ok(out)
}

async fn warned(office: &Office, place: Option<AreaCode>, rule: &str) -> Done<Vec<Found>> {
    let filter = Filter {
        rule: Some(rule.to_owned()),
        ..Filter::open_in(place)
    };
    let (mut out, mut after) = (Vec::new(), None);
    loop {
        let page = warnings::list(&office.store, &filter, after, READ).await?;
        let Some(last) = page.last() else {
            return Ok(out);
        };
        after = Some(After {
            urgency: last.content.urgency,
            id: last.id,
        });
        out.extend(page.into_iter().map(|one| Found::Warned(Box::new(one))));
    }
}

/// Whose name, masked.
async fn masked(office: &Office, person: PersonId) -> Done<String> {
    let names = store::identity::masked(&office.store, &[person]).await?;
    let name = names.into_values().next().and_then(|masked| masked.name);
    Ok(name.unwrap_or_else(|| "姓名未登记".to_owned()))
}

/// One of them in words.
async fn row(office: &Office, found: &Found) -> Done<FlagRow> {
    let today = office.clock.today();
    match found {
        Found::Looked {
            day,
            login,
            count,
            most,
        } => Ok(FlagRow {
            what: format!("{day} 查看 {count} 次"),
            who: login.clone(),
            why: format!("一天超过 {most} 次"),
            looked: Some((login.clone(), day.to_string())),
            ..FlagRow::default()
        }),
        Found::Relative(no) => {
            let gone = || CaseError::NotFound(format!("没有编号为 {no} 的办件"));
            let row = store::cases::find(&office.store, *no).await?;
            let row = row.ok_or_else(gone)?;
            Ok(FlagRow {
                what: format!("办件 № {no} {}", office.title(&row.content.programme)),
                who: masked(office, row.content.applicant).await?,
                place: place_name(office, &row.current.area, today).await?,
                why: match row.current.step.as_str() {
                    "" => "已经办结".to_owned(),
                    step => format!("办到 {step}"),
                },
                cases: vec![no.get()],
                looked: None,
            })
        }
        Found::Warned(warning) => Ok(FlagRow {
            what: format!(
                "预警 № {} {}",
                warning.id,
                office.title(&warning.content.rule)
            ),
            who: subject(office, warning).await?,
            place: place_name(office, &warning.content.area, today).await?,
            why: warning.content.text.clone(),
            cases: cases_of(office, warning.content.household).await?,
            looked: None,
        }),
    }
}

async fn subject(office: &Office, warning: &Warning) -> Done<String> {
    let content = &warning.content;
    if let (Entity::Person, Some(person)) = (content.entity, content.person) {
        return masked(office, person).await;
    }
    Ok(match content.household {
        Some(home) => format!("家庭 {home}"),
        None => String::new(),
    })
}

async fn cases_of(office: &Office, home: Option<HouseholdId>) -> Done<Vec<i64>> {
    let Some(home) = home else {
        return Ok(Vec::new());
    };
    let rows = store::cases::of_household(&office.store, home).await?;
    Ok(rows.iter().map(|row| CaseNo::get(row.no)).collect())
}

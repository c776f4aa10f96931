//! 困难家庭查询: a department types a number and what for, and is told whether somebody stands in the one register
//! of households in hardship. Each look-up is kept, what came of it is fed back, and help a department's file
//! says was given without one is a gap the department explains.

use super::book::{department_of, here, number, office_of, table};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, place_name, without_numbers};
use crate::desk::minute;
use crate::office::Office;
use crate::portal::organisation;
use crate::views::Views;
use domain::{Day, IdNumber, Month, PersonId};
use engine::{Column, Sheet};
use rules::Rulebook;
use std::collections::HashMap;
use store::channels::{self, Effect, NewGap, NewLookup};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::{Act, manifest};

pub use store::channels::Effect as Came;

const LOOKUP: &str = "channels/lookup.md";
/// Rows of a page.
const SHOWN_MAX: u32 = 200;
/// Seconds in which one official's look-ups are counted.
const COUNT_SECONDS: i64 = 3_600;
/// What is told of somebody who stands in none.
pub const NOT_THERE: &str = "不在困难家庭库";

/// What a look-up told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// Its number in the log.
    pub no: i64,
    /// In which registers; [`NOT_THERE`] alone where in none.
    pub statuses: Vec<String>,
    /// As of which month; empty where nothing was found.
    pub month: String,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupLine {
    /// Its number.
    pub no: i64,
    /// When.
    pub at: String,
    /// Who, and of which organisation.
    pub by: String,
    /// What for.
    pub purpose: String,
    /// What was told.
    pub told: String,
    /// What came of it; empty while nobody said.
    pub effect: String,
    /// Whether this official says what came of it.
    pub mine: bool,
}

/// One line of help given without a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapLine {
    /// Its number.
    pub no: i64,
    /// The person's file.
    pub person: i64,
    /// Where.
    pub place: String,
    /// By which department.
    pub department: String,
    /// On which day.
    pub given: String,
    /// How it is explained; empty while it is not.
    pub because: String,
    /// Whether this official explains it.
    pub mine: bool,
}

/// 困难家庭查询, as one official sees it.
#[derive(Clone, Debug, Default)]
pub struct LookupDesk {
    /// What for: code and name.
    pub purposes: Vec<(String, String)>,
    /// The log: one's own organisation's, or all for whoever oversees it.
    pub log: Vec<LookupLine>,
    /// Help given without a look-up.
    pub gaps: Vec<GapLine>,
    /// Whether this official looks people up.
    pub looks: bool,
    /// Whether this official oversees it.
    pub oversees: bool,
}

/// 困难家庭查询, read.
pub(super) struct LookupBook {
    /// What for: code and name.
    purposes: Vec<(String, String)>,
    /// The programmes whose rolls make the one register.
    programmes: Vec<String>,
    /// How many look-ups an hour one official may make.
    each: i64,
    firsts: Vec<First>,
}

/// A feed whose help must be looked up first.
struct First {
    feed: String,
    column: String,
    department: String,
    days: i64,
    since: Day,
    except: (String, String),
}

impl LookupBook {
    /// Reads it.
    ///
    /// # Errors
    /// A table is missing, or a value is no number or day.
    pub fn read(from: (&Rulebook, &str)) -> Done<Self> {
        let purposes = table(from, LOOKUP, "查询用途", ["代号", "用途"])?.into_iter();
        let programmes = table(from, LOOKUP, "入库", ["项目"])?.into_iter();
        let settings = table(from, LOOKUP, "设置", ["设置", "值"])?;
        let each = settings.iter().find(|[name, _]| name == "每人查询");
        let each = each.map_or("", |[_, value]| value.as_str());
        let columns = [
            "来文",
            "日期列",
            "部门",
            "提前天数",
            "起算日",
            "除外列",
            "除外",
        ];
        let rows = table(from, LOOKUP, "先查询的救助", columns)?.into_iter();
        let firsts = rows.map(|[feed, column, department, days, since, except, word]| {
            let day = || refused(&format!("规则手册 {LOOKUP}:起算日 `{since}` 不是日期"));
            Ok(First {
                days: number(LOOKUP, &format!("{feed} 的提前天数"), &days)?,
                since: Day::parse(&since).map_err(|_| day())?,
                feed,
                column,
                department,
                except: (except, word),
            })
        });
        Ok(Self {
            purposes: purposes.map(|[code, title]| (code, title)).collect(),
            programmes: programmes.map(|[id]| id).collect(),
            each: number(LOOKUP, "设置“每人查询”", each)?,
            firsts: firsts.collect::<Done<_>>()?,
        })
    }
}

fn refused(said: &str) -> CaseError {
    CaseError::Refused(said.to_owned())
}

/// Looks somebody up. A number nobody has is told the same as one of somebody who gets no help, and is kept too.
///
/// # Errors
/// No right, no purpose, a number that is none; the months were not judged.
pub async fn look_up(
    office: &Office,
    views: &dyn Views,
    who: &Acting,
    (typed, purpose): (&str, &str),
) -> Done<LookedUp> {
    who.scope(Right::LOOKUP)?;
    let book = LookupBook::read(here(office))?;
    let purpose = book.purposes.iter().find(|(code, _)| code == purpose);
    let (purpose, _) = purpose.ok_or_else(|| refused("请选查询的用途"))?;
    let parsed = IdNumber::parse(typed, office.clock.today());
    let parsed = parsed.map_err(|error| refused(&format!("身份证号:{error}")))?;
    let since = jiff::SignedDuration::from_secs(COUNT_SECONDS);
    let since = office.clock.now().checked_sub(since).unwrap_or_default();
    let since = store::At::from(since);
    if channels::lookups_since(&office.store, who.login(), &since).await? >= book.each {
        let said = "一小时里查得太多了,请过一会儿再查;要成批查的,请县里按批核对";
        return Err(refused(said));
    }
    let token = Tokeniser::of(&office.store).id_number(&parsed.number);
    let found = look_up_many(&office.store, TokenField::IdNumber, &[token]).await?;
    let person = found.get(&token).and_then(|list| list.first()).copied();
    let person = person.filter(|person| !who.is_kept_from_person(*person));
    let told = match person {
        Some(person) => views.hardship(who, person, book.programmes).await?,
        None => crate::views::channels::Hardship::default(),
    };
    let new = NewLookup {
        token,
        person,
        login: who.login().to_owned(),
        office: organisation(office, who).await?,
        purpose: purpose.clone(),
        statuses: told.statuses.join("、"),
        day: office.clock.today(),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let no = channels::add_lookup(&mut tx, &at, &new).await?;
    let act = Act::new(&at, who.login(), "lookup.look").on("lookup", no);
    tx.record(act.because(purpose));
    // Durable before it is told.
    tx.commit().await?;
    Ok(match told.statuses.is_empty() {
        true => LookedUp {
            no,
            statuses: vec![NOT_THERE.to_owned()],
            month: String::new(),
        },
        false => LookedUp {
            no,
            statuses: told.statuses,
            month: told.month,
        },
    })
}

/// 效果反馈: what came of the help somebody of one's own organisation looked up for.
///
/// # Errors
/// No right, another organisation's, nothing said, or it was said.
pub async fn feed_back(
    office: &Office,
    who: &Acting,
    no: i64,
    (outcome, effect): (Option<Effect>, &str),
) -> Done<()> {
    who.scope(Right::LOOKUP)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的查询"));
    let one = channels::lookup(&office.store, no)
        .await?
        .ok_or_else(none)?;
    if one.office != organisation(office, who).await? {
        return Err(none());
    }
    let effect = effect.trim();
    without_numbers(effect)?;
    let chosen = outcome.filter(|_| !effect.is_empty());
    let said = "请选给了没有,并写明效果";
    let outcome = chosen.ok_or_else(|| CaseError::Refused(said.to_owned()))?;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::add_effect(&mut tx, &at, no, (outcome, effect)).await?;
    let act = Act::new(&at, who.login(), "lookup.effect").on("lookup", no);
    tx.record(act.because(effect));
    tx.commit().await?;
    Ok(())
}

/// 清查: keeps help given in a month without a look-up in time before; answers how many are new. The same again
/// keeps nothing twice.
///
/// # Errors
/// No right, no such feed or column, or the lake cannot be read.
pub async fn check(office: &Office, who: &Acting, month: Month) -> Done<usize> {
    who.scope(Right::LOOKUP_OVERSEE)?;
    let mut found = Vec::new();
    for first in LookupBook::read(here(office))?.firsts {
        let code = office_of(office, &first.department);
        let back = |day: Day| day.add_days(first.days.saturating_neg()).unwrap_or(day);
        let span = (back(month.first()), month.last());
        let looked = channels::looked_up(&office.store, &code, span).await?;
        for (row, person, given) in given(office, &first, month).await? {
            let in_time = (person, back(given))..=(person, given);
            if looked.range(in_time).next().is_some() {
                continue;
            }
            found.push(NewGap {
                feed: first.feed.clone(),
                row,
                person,
                area: None,
                department: first.department.clone(),
                given,
                month,
            });
        }
    }
    let ids: Vec<PersonId> = found.iter().map(|gap| gap.person).collect();
    let people = store::persons::get_many(&office.store, &ids).await?;
    let areas: HashMap<PersonId, _> = people.iter().map(|one| (one.id, one.area)).collect();
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let mut new: usize = 0;
    for gap in &mut found {
        gap.area = areas.get(&gap.person).copied().flatten();
        if channels::add_gap(&mut tx, &at, who.login(), gap).await? {
            new = new.saturating_add(1);
        }
    }
    let act = Act::new(&at, who.login(), "lookup.check").on("month", month);
    tx.record(act.because(format!("未查询先救助,新列 {new} 笔")));
    tx.commit().await?;
    Ok(new)
}

/// What a feed's rows say was given in a month: row, person and day.
async fn given(office: &Office, first: &First, month: Month) -> Done<Vec<(i64, PersonId, Day)>> {
    let store = &office.store;
    let rows = manifest::list_up_to(store, &format!("row-{}", first.feed), month).await?;
    let links = manifest::list_up_to(store, &format!("link-{}", first.feed), month).await?;
    let mut out = Vec::new();
    for file in rows {
        let Some(link) = links.iter().find(|link| link.cause == file.cause) else {
            continue;
        };
        let owners: HashMap<i64, i64> = {
            let sheet = read(office, &link.path).await?;
            let pairs = sheet.ints("row_id").iter().zip(sheet.ints("person_id"));
            pairs
                .filter_map(|(row, person)| Some(((*row)?, (*person)?)))
                .collect()
        };
        let sheet = read(office, &file.path).await?;
        let Some(Column::Day(days)) = sheet.column(&first.column) else {
            let said = format!(
                "来文 {} 没有日期列“{}”;请管理规则的人改 {LOOKUP}",
                first.feed, first.column
            );
            return Err(CaseError::Refused(said));
        };
        for ((row, day), at) in sheet.ints("row_id").iter().zip(days).zip(0..) {
            let (Some(row), Some(day)) = (*row, day.and_then(Day::from_epoch_days)) else {
                continue;
            };
            let Some(person) = owners.get(&row) else {
                continue;
            };
            let counts = Month::containing(day) == month && day >= first.since;
            if counts && !is_excepted(&sheet, first, at) {
                out.push((row, PersonId::new(*person), day));
            }
        }
    }
    Ok(out)
}

async fn read(office: &Office, path: &str) -> Done<Sheet> {
    let (lake, path) = (office.lake.clone(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || lake.read(&path)).await;
    let broken = |said: String| CaseError::Office(crate::OfficeError::Other(said));
    let read = read.map_err(|error| broken(error.to_string()))?;
    read.map_err(|error| broken(error.to_string()))
}

fn is_excepted(sheet: &Sheet, first: &First, at: usize) -> bool {
    let (column, word) = &first.except;
    match sheet.column(column) {
        Some(Column::Text(cells)) => cells
            .get(at)
            .is_some_and(|cell| cell.as_ref() == Some(word)),
        Some(Column::Int(_) | Column::Day(_) | Column::Bool(_)) | None => false,
    }
}

/// The department's explanation of help given without a look-up.
///
/// # Errors
/// No right, another department's, no reason, or it was explained.
pub async fn explain(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    let scope = who.scope(Right::LOOKUP)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的未查询记录"));
    let one = channels::gap(&office.store, no).await?.ok_or_else(none)?;
    let own = organisation(office, who).await?;
    let theirs = department_of(office, &own).is_some_and(|name| name == one.content.department);
    if !theirs || !scope.holds(one.content.area) {
        return Err(none());
    }
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(CaseError::Refused("请写明为什么没有先查询".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    channels::explain_gap(&mut tx, &at, who.login(), no, because).await?;
    let act = Act::new(&at, who.login(), "lookup.explain").on("lookup-gap", no);
    tx.record(act.because(because));
    tx.commit().await?;
    Ok(())
}

/// The page: the form, the log and the gaps.
///
/// # Errors
/// No right for any of it, or the record.
pub async fn desk(office: &Office, who: &Acting) -> Done<LookupDesk> {
    let looks = who.may(Right::LOOKUP);
    let oversees = who.may(Right::LOOKUP_OVERSEE);
    let scope = who.scope(Right::LOOKUP_VIEW)?;
    let own = organisation(office, who).await?;
    let department = department_of(office, &own);
    let LookupBook { purposes, .. } = LookupBook::read(here(office))?;
    let log = match oversees {
        true => channels::lookups(&office.store, SHOWN_MAX).await?,
        false => channels::lookups_of(&office.store, &own, SHOWN_MAX).await?,
    };
    let title = |code: &String| {
        let found = purposes.iter().find(|(one, _)| one == code);
        found.map_or_else(|| code.clone(), |(_, title)| title.clone())
    };
    let line = |one: &channels::Lookup| LookupLine {
        no: one.no,
        at: minute(&one.at),
        by: format!("{} {}", one.office, one.login),
        purpose: title(&one.purpose),
        told: match one.statuses.as_str() {
            "" => NOT_THERE.to_owned(),
            told => told.to_owned(),
        },
        effect: match one.outcome {
            Some(Effect::Given) => format!("已给予:{}", one.effect),
            Some(Effect::NotGiven) => format!("未给予:{}", one.effect),
            None => String::new(),
        },
        mine: looks && one.outcome.is_none() && one.office == own,
    };
    let log = log.iter().map(line).collect();
    let mut gaps = Vec::new();
    let today = office.clock.today();
    let mut seen = std::collections::BTreeSet::new();
    for place in scope.each_place() {
        for one in channels::gaps(&office.store, place.as_ref(), SHOWN_MAX).await? {
            let theirs = department.as_ref() == Some(&one.content.department);
            if !(oversees || theirs) || !scope.holds(one.content.area) || !seen.insert(one.no) {
                continue;
            }
            let place = match &one.content.area {
                Some(area) => place_name(office, area, today).await?,
                None => "地区未知".to_owned(),
            };
            gaps.push(GapLine {
                no: one.no,
                person: one.content.person.get(),
                place,
                department: one.content.department.clone(),
                given: one.content.given.to_string(),
                mine: looks && theirs && one.because.is_empty(),
                because: one.because,
            });
        }
    }
    Ok(LookupDesk {
        purposes,
        log,
        gaps,
        looks,
        oversees,
    })
}

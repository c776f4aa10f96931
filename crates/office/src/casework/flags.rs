//! 疑点: near relatives, the dead still paid, double help, help above the standard, unusual looking — each a number with
//! the list it counts. What belongs to which is said in `access/flags.md`. It concludes nothing and changes nothing.

use super::events::NO_LONGER;
use super::shown::Words;
use super::{CaseError, Done, near};
use crate::access::{Access, Acting, EntryRow, Right, Scope};
use crate::channels::{here, number, table};
use crate::exports;
use crate::handling;
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId, WarningId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::audit;
use store::cases::CaseRow;
use store::warnings::{self, After, Entity, Filter, Warning};

const PATH: &str = "access/flags.md";
/// What 来自 says beside the names of warnings.
const RELATIVES: &str = "近亲属";
const LOOKS: &str = "查看";
const TAKES: &str = "导出";
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
    let near = Kept::of(office, who).await?;
    for kind in kinds(office)? {
        let chosen = kind.code == chosen;
        let (count, found) = found(office, (&scope, &near), &kind, chosen).await?;
        if chosen {
            view.rows = rows(office, &found).await?;
        }
        view.flags.push(Flag {
            count: count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
            advice: kind.advice,
            title: kind.title,
            code: kind.code,
        });
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
    Took {
        day: Day,
        login: String,
        rows: u64,
        most: u64,
    },
}

/// What an official is kept from: own cases and warnings and those of near relatives are in no list and no number.
#[derive(Default)]
struct Kept {
    cases: BTreeSet<CaseNo>,
    warnings: BTreeMap<WarningId, Warning>,
}

impl Kept {
    async fn of(office: &Office, who: &Acting) -> Done<Self> {
        let store = &office.store;
        let mut kept = Self::default();
        let mut warned = Vec::new();
        for home in who.kept_homes() {
            let rows = store::cases::of_household(store, home).await?;
            kept.cases.extend(rows.iter().map(|row| row.no));
            warned.extend(warnings::of_household(store, home).await?);
        }
        for person in who.kept_persons() {
            kept.cases
                .extend(store::cases::of_member(store, person).await?);
            warned.extend(warnings::of_person(store, person).await?);
        }
        kept.warnings = warned.into_iter().map(|one| (one.id, one)).collect();
        Ok(kept)
    }

    /// How many of the warnings a filter finds are kept back.
    fn count(&self, filter: &Filter) -> u64 {
        let all = self.warnings.values();
        let theirs = all.filter(|one| filter.takes(one));
        u64::try_from(theirs.count()).unwrap_or(u64::MAX)
    }
}

/// How many there are of a kind; none where they do not lie within a scope as a whole. And, where it is chosen, the
/// first of them.
async fn found(
    office: &Office,
    (scope, near): (&Scope, &Kept),
    kind: &Kind,
    chosen: bool,
) -> Done<(Option<u64>, Vec<Found>)> {
    let from = |word: &str| kind.from.iter().any(|one| one == word);
    let long = |found: &Vec<Found>| u64::try_from(found.len()).unwrap_or(u64::MAX);
    if from(LOOKS) || from(TAKES) {
        if scope.places().is_some() {
            return Ok((None, Vec::new()));
        }
        let found = match from(LOOKS) {
            true => lookers(office).await?,
            false => takers(office).await?,
        };
        return Ok((Some(long(&found)), found));
    }
    let (mut out, mut count) = (Vec::new(), 0_u64);
    for place in scope.each_place() {
        if from(RELATIVES) {
            let store = &office.store;
            let told = store::cases::of_circumstance(store, near::RELATIVE, place.as_ref()).await?;
            let holds = told.into_iter().filter(|(_, word)| word != NO_LONGER);
            let holds = holds.filter(|(no, _)| !near.cases.contains(no));
            out.extend(holds.map(|(no, _)| Found::Relative(no)));
            continue;
        }
        for rule in &kind.from {
            let filter = Filter {
                rule: Some(rule.clone()),
                ..Filter::open_in(place)
            };
            let all = warnings::count_all(&office.store, &filter).await?;
            count = count.saturating_add(all.saturating_sub(near.count(&filter)));
            if chosen {
                out.extend(warned(office, near, &filter).await?);
            }
        }
    }
    if from(RELATIVES) {
        count = long(&out);
    }
    out.sort_by_key(Found::urgency);
    out.truncate(SHOWN_MAX);
    Ok((Some(count), out))
}

impl Found {
    /// The more urgent first; of others their order stays.
    fn urgency(&self) -> (std::cmp::Reverse<i64>, Option<WarningId>) {
        match self {
            Self::Warned(one) => (std::cmp::Reverse(one.content.urgency), Some(one.id)),
            Self::Relative(_) | Self::Looked { .. } | Self::Took { .. } => {
                (std::cmp::Reverse(0), None)
            }
        }
    }
}

/// The places of the chain between which a day lies.
async fn span(office: &Office, day: Day) -> Done<(i64, i64)> {
    let next = day.add_days(1).unwrap_or(day);
    Ok((midnight(office, day).await?, midnight(office, next).await?))
}

async fn lookers(office: &Office) -> Done<Vec<Found>> {
    let (days, most) = (setting(office, "查看天数")?, setting(office, "每天查看")?);
    let today = office.clock.today();
    let mut out = Vec::new();
    // Each midnight ends one day and begins another: it is looked for once.
    let mut end = midnight(office, today.add_days(1).unwrap_or(today)).await?;
    for back in 0..days {
        let day = today.add_days(back.saturating_neg()).unwrap_or(today);
        let begin = midnight(office, day).await?;
        let all = audit::lookers(&office.store, (begin, end), most).await?;
        end = begin;
        out.extend(all.into_iter().map(|(login, count)| Found::Looked {
            day,
            login,
            count,
            most,
        }));
    }
    Ok(out)
}

/// Accounts that took more rows on a day than is usual, whoever agreed.
async fn takers(office: &Office) -> Done<Vec<Found>> {
    let (days, most) = (
        setting(office, "查看天数")?,
        exports::rows_in_doubt(office)?,
    );
    let today = office.clock.today();
    let from = today.add_days(1_i64.saturating_sub(days)).unwrap_or(today);
    let found = store::exports::more_than(&office.store, from, most).await?;
    let each = found.into_iter().map(|(login, day, rows)| Found::Took {
        day,
        login,
        rows,
        most,
    });
    Ok(each.collect())
}

/// Where in the chain a day begins.
async fn midnight(office: &Office, day: Day) -> Done<i64> {
    let begin = handling::begin(day)?;
    Ok(audit::first_since(&office.store, &begin).await?)
}

/// The first of the warnings a filter finds, page by page until there are enough.
async fn warned(office: &Office, near: &Kept, filter: &Filter) -> Done<Vec<Found>> {
    let (mut out, mut after) = (Vec::new(), None);
    while out.len() < SHOWN_MAX {
        let page = warnings::list(&office.store, filter, after, READ).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(After {
            urgency: last.content.urgency,
            id: last.id,
        });
        let others = page.into_iter();
        let others = others.filter(|one| !near.warnings.contains_key(&one.id));
        out.extend(others.map(|one| Found::Warned(Box::new(one))));
    }
    Ok(out)
}

/// Those that are shown, in words; what they name is read at once.
async fn rows(office: &Office, found: &[Found]) -> Done<Vec<FlagRow>> {
    let store = &office.store;
    let (mut numbers, mut warned) = (Vec::new(), Vec::new());
    for one in found {
        match one {
            Found::Relative(no) => numbers.push(*no),
            Found::Warned(warning) => warned.push(&warning.content),
            Found::Looked { .. } | Found::Took { .. } => {}
        }
    }
    let cases = store::cases::find_many(store, &numbers).await?;
    let homes: BTreeSet<HouseholdId> = warned.iter().filter_map(|one| one.household).collect();
    let homes: Vec<HouseholdId> = homes.into_iter().collect();
    let of_homes = store::cases::of_households(store, &homes).await?;
    let mut people: Vec<PersonId> = cases.iter().map(|row| row.content.applicant).collect();
    people.extend(warned.iter().filter_map(|one| one.person));
    let mut places: Vec<AreaCode> = cases.iter().map(|row| row.current.area).collect();
    places.extend(warned.iter().map(|one| one.area));
    let known = Known {
        words: Words::of(office, &people, &places).await?,
        cases: cases.into_iter().map(|row| (row.no, row)).collect(),
        of_homes,
    };
    Ok(found.iter().filter_map(|one| known.row(one)).collect())
}

/// What the lines of a list name.
struct Known {
    words: Words,
    cases: BTreeMap<CaseNo, CaseRow>,
    of_homes: HashMap<HouseholdId, Vec<CaseNo>>,
}

impl Known {
    /// One of them in words; none of a case that is gone.
    fn row(&self, found: &Found) -> Option<FlagRow> {
        let words = &self.words;
        Some(match found {
            Found::Looked {
                day,
                login,
                count,
                most,
            } => FlagRow {
                what: format!("{day} 查看 {count} 次"),
                who: login.clone(),
                why: format!("一天超过 {most} 次"),
                looked: Some((login.clone(), day.to_string())),
                ..FlagRow::default()
            },
            Found::Took {
                day,
                login,
                rows,
                most,
            } => FlagRow {
                what: format!("{day} 导出 {rows} 行"),
                who: login.clone(),
                why: format!("一天超过 {most} 行"),
                looked: Some((login.clone(), day.to_string())),
                ..FlagRow::default()
            },
            Found::Relative(no) => {
                let row = self.cases.get(no)?;
                FlagRow {
                    what: format!("办件 № {no} {}", words.programme(&row.content.programme)),
                    who: words.person(row.content.applicant),
                    place: words.place(&row.current.area),
                    why: match row.current.step.as_str() {
                        "" => "已经办结".to_owned(),
                        step => format!("办到 {step}"),
                    },
                    cases: vec![no.get()],
                    looked: None,
                }
            }
            Found::Warned(warning) => {
                let content = &warning.content;
                let home = content.household;
                let cases = home.and_then(|home| self.of_homes.get(&home));
                FlagRow {
                    what: format!("预警 № {} {}", warning.id, words.programme(&content.rule)),
                    who: match (content.entity, content.person, home) {
                        (Entity::Person, Some(person), _) => words.person(person),
                        (_, _, Some(home)) => format!("家庭 {home}"),
                        (_, _, None) => String::new(),
                    },
                    place: words.place(&content.area),
                    why: content.text.clone(),
                    cases: cases
                        .map_or_else(Vec::new, |all| all.iter().map(|no| no.get()).collect()),
                    looked: None,
                }
            }
        })
    }
}

//! 经办查实: facts only an official can establish, of those the rules of the case's programme read. Each is kept
//! with its reason, what it was seen in, who and when; found out anew it is a new row, and the newest counts.
//!
//! Most are of one case. Those the rulebook lists in `procedures/recorded.csv`, or the place in its own, as 按月 are
//! of the person or the household and count in the month's run and in other cases of theirs too; those listed as
//! 每件 also may be found out for any case, and some of them are of the place.

pub(crate) use super::facts::{APPLICATION, VISIT};
use super::facts::{AREA, Brought, HOUSEHOLD, PERSON, Source, Whose};
use super::{
    Case, CaseError, Done, Holds, Writing, circumstance, load, load_with, without_numbers,
};
use crate::access::{Access, Acting, Right};
use crate::office::Office;
use crate::photos;
use crate::views::Choice;
use domain::{AreaCode, AreaLevel, CaseNo, Day, HouseholdId, Month, PersonId};
use rules::Program;
use rules::dict::FactDef;
use rules::plan::{Home, Type};
use rules::situation::Moments;
use rules::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::cases::NewCase;
use store::found_facts::{self, NewFound};
use store::{Act, Reads};

/// Where such facts come from, by their source in facts.md.
pub(crate) const OFFICIAL: &str = "经办";
/// Which of them are of the person or the household, not of one case.
const BEYOND: &str = "recorded.csv";
const MONTHLY: &str = "按月";
/// The same, and they may be found out for any case, whatever it is about.
const ANY_CASE: &str = "每件";
const YES: &str = "是";
const NO: &str = "否";

/// Something an official found out.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Of whom, by number; none for the household.
    pub person: Option<i64>,
    /// Which fact.
    pub fact: String,
    /// Its value, as the form writes it.
    pub value: String,
    /// Why it is so.
    pub because: String,
    /// The paper or record it was seen in.
    pub evidence: String,
    /// A photo of the case that shows it.
    pub photo: Option<i64>,
}

/// One fact the rules of the programme read and an official establishes.
#[derive(Clone, Debug)]
pub struct AskedFact {
    /// `事实` of the household, `事实@17` of a person.
    pub field: String,
    /// What it is, and of whom, masked.
    pub label: String,
    /// How it is answered.
    pub hint: String,
    /// What it may be; free without.
    pub choices: Vec<String>,
    /// What it is now; empty while nobody found it out.
    pub now: String,
}

/// One thing that was found out.
#[derive(Clone, Debug)]
pub struct FoundLine {
    /// Its number.
    pub no: i64,
    /// Of whom, masked.
    pub who: String,
    /// Which fact.
    pub fact: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub because: String,
    /// What it was seen in.
    pub evidence: String,
    /// Who wrote it down and when.
    pub by: String,
    /// The case it was found out for.
    pub case: i64,
    /// Whether a newer one took its place.
    pub old: bool,
}

/// 经办查实 of one case.
#[derive(Clone, Debug)]
pub struct RecordedView {
    /// 办件编号.
    pub no: i64,
    /// The facts that may be written down.
    pub asked: Vec<AskedFact>,
    /// What was found out, newest first.
    pub lines: Vec<FoundLine>,
    /// The papers of the application.
    pub papers: Vec<String>,
    /// The photos of the case.
    pub photos: Vec<Choice>,
    /// Why this person cannot write anything down; empty where they can.
    pub closed: String,
}

/// The facts of persons and households that the rules of a programme read, in the order of the dictionary.
pub(super) fn read_by(program: &Program, programme: &str, month: Month) -> Vec<FactDef> {
    let own = program.only(|file| file.id == programme);
    let Ok(compiled) = engine::compile(&own, Moments::monthly(month)) else {
        return Vec::new();
    };
    let reads = compiled.reads();
    let read: HashSet<(&str, Home)> = reads
        .iter()
        .filter_map(|item| program.item(*item))
        .filter(|item| item.file.is_none())
        .map(|item| (item.name.as_str(), item.home))
        .collect();
    let all = program.dict.facts.iter();
    all.filter(|fact| read.contains(&(fact.name.as_str(), Home::Entity(fact.entity))))
        .filter(|fact| [HOUSEHOLD, PERSON].contains(&program.dict.entity_name(fact.entity)))
        .cloned()
        .collect()
}

/// The rules of a case, and the facts only an official can establish that they read or that may be found out for any
/// case.
fn of_case_rules(office: &Office, case: &Case) -> (Arc<Program>, Vec<FactDef>) {
    let (program, mut facts) = read_by_case(office, &case.row.content);
    // What is only told of kin elsewhere has a page of its own.
    let of_kin = super::kin::kin_facts(&office.book);
    facts.retain(|fact| fact.source == OFFICIAL && !of_kin.contains(&fact.name));
    let any = listed(office, &[ANY_CASE]);
    let more = program.dict.facts.iter().filter(|fact| {
        let whose = program.dict.entity_name(fact.entity);
        let fits = [HOUSEHOLD, PERSON, AREA].contains(&whose) && fact.source == OFFICIAL;
        fits && any.contains(&fact.name)
    });
    for fact in more {
        let known = |one: &FactDef| one.name == fact.name && one.entity == fact.entity;
        if !facts.iter().any(known) {
            facts.push(fact.clone());
        }
    }
    (program, facts)
}

/// The rules of a case, and every fact of persons and households they read.
pub(super) fn read_by_case(office: &Office, of: &NewCase) -> (Arc<Program>, Vec<FactDef>) {
    let program = office.rules_on(of.rules_day);
    let facts = read_by(&program, &of.programme, Month::containing(of.rules_day));
    (program, facts)
}

/// The applicant and the members of a case.
pub(super) fn people(case: &Case) -> Vec<PersonId> {
    let content = &case.application.content;
    let mut all = vec![content.applicant];
    let others = content.members.iter().map(|(person, _)| *person);
    all.extend(others.filter(|person| *person != content.applicant));
    all
}

/// Whether a role of the procedure lets this person work on the case at all.
fn works_on(who: &Acting, case: &Case) -> bool {
    let mut roles = case.procedure.steps.iter().flat_map(|step| &step.who);
    roles.any(|role| who.holds_role(role, &case.standing.area))
}

/// Whether somebody may write down what was found out for a case; else why not.
pub(super) fn may(who: &Acting, case: &Case) -> Result<(), String> {
    if case.standing.open.is_none() {
        return Err("这一件已经办结,不再登记查实的事实".to_owned());
    }
    if !works_on(who, case) {
        return Err("这一件的流程里没有您的角色要办的步骤,不能登记".to_owned());
    }
    Ok(())
}

/// 经办查实: writes down what was found out; answers its number. A circumstance of the procedure by the same name
/// is told, or no longer told, with it.
///
/// # Errors
/// No right, a fact the rules of the programme do not read, a value that is none of it, no reason, nothing it was
/// seen in, a photo of another case, or the case is closed.
pub async fn record(office: &Office, who: &Acting, no: CaseNo, new: &Finding) -> Done<i64> {
    let mut case = load_with(office, who, Right::CASE_HANDLE, no).await?;
    may(who, &case).map_err(CaseError::Forbidden)?;
    let refused = |said: String| CaseError::Refused(said);
    let (program, facts) = of_case_rules(office, &case);
    let person = new.person.map(PersonId::new);
    // What is of the place is written down without a person, as what is of the household is.
    let fact = facts.iter().find(|fact| {
        fact.name == new.fact
            && (program.dict.entity_name(fact.entity) == PERSON) == person.is_some()
    });
    let fact = fact.ok_or_else(|| {
        refused(format!(
            "“{}”不是这一项救助的规则要经办人员查实的事实,请从清单里选",
            new.fact
        ))
    })?;
    if person.is_some_and(|person| !people(&case).contains(&person)) {
        return Err(refused("这个人不在这一件里,请从清单里选".to_owned()));
    }
    let value = checked(&program, fact, new.value.trim()).map_err(refused)?;
    let (because, evidence) = (new.because.trim(), new.evidence.trim());
    if because.is_empty() {
        return Err(refused("请写明为什么这样认定".to_owned()));
    }
    if evidence.is_empty() {
        return Err(refused(
            "请写明看的是哪份材料、哪条记录或者哪张照片".to_owned(),
        ));
    }
    for text in [because, evidence] {
        without_numbers(text)?;
    }
    if let Some(photo) = new.photo {
        let own = photos::shown_of_case(office, who, no).await?;
        if !own.iter().any(|one| one.no == photo) {
            return Err(refused(format!("这一件没有第 {photo} 份照片,请从清单里选")));
        }
    }
    let row = NewFound {
        case: no,
        household: case.row.content.household,
        person,
        fact: new.fact.clone(),
        value: value.clone(),
        because: because.to_owned(),
        evidence: evidence.to_owned(),
        photo: new.photo,
        day: office.clock.today(),
        by: who.login().to_owned(),
    };
    let mut tx = office.begin().await?;
    let found = keep(office, &mut tx, who, &row).await?;
    if person.is_none() {
        tell(
            office,
            &mut tx,
            who,
            &mut case,
            (&new.fact, &value, because),
        )
        .await?;
    }
    office.end(tx).await?;
    Ok(found)
}

/// Keeps a row with its entry in the chain.
pub(super) async fn keep(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    row: &NewFound,
) -> Done<i64> {
    let at = office.clock.at();
    let found = found_facts::record(tx, &at, row).await?;
    tx.record(
        Act::new(&at, who.login(), "case.found")
            .on("case", row.case)
            .because(format!("查实 {}:{}", row.fact, row.because))
            .under(format!("found:{found}")),
    );
    Ok(found)
}

/// A value of a fact, as case tables write it.
pub(super) fn checked(program: &Program, fact: &FactDef, value: &str) -> Result<String, String> {
    let read = rules::show::parse_cell(value, fact.ty, &program.dict);
    let read = read.map_err(|why| format!("“{}”:{why}", fact.name))?;
    if let (Value::Num(number), Some((least, most))) = (read, fact.range)
        && (number < least || number > most)
    {
        return Err(format!("“{}”超出了可能的范围,请核对", fact.name));
    }
    Ok(value.to_owned())
}

/// A circumstance by the name of the fact holds as the fact does, where this person may say so.
async fn tell(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (fact, value, because): (&str, &str, &str),
) -> Done<()> {
    let area = case.standing.area;
    let known = case.procedure.circumstances.iter().find(|c| c.name == fact);
    let may = known.is_some_and(|known| {
        known.always.is_none()
            && (known.who.is_empty() || known.who.iter().any(|role| who.holds_role(role, &area)))
    });
    let holds = match (value, case.standing.told.contains(fact)) {
        (YES, false) => Holds::Yes,
        (NO, true) => Holds::No,
        _ => return Ok(()),
    };
    if may {
        circumstance(office, tx, who, case, (fact, holds), because).await?;
    }
    Ok(())
}

/// Those who found something out that a case rests on, for it or for another of the family; what the record itself
/// tells nobody found out.
pub(super) async fn finders(
    office: &Office,
    on: &impl Reads,
    case: &Case,
) -> Done<BTreeSet<String>> {
    let all = found(office, on, case).await?;
    let mut out: BTreeSet<String> = all.into_iter().map(|one| one.content.by).collect();
    let kin = super::kin::established(office, on, case).await?;
    out.extend(kin.into_iter().map(|one| one.content.by));
    Ok(out)
}

/// What was found out for a case, and of its household for others where the rulebook lets it count there; the
/// newest last.
async fn found(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<found_facts::Found>> {
    let mut all = match case.row.content.household {
        Some(home) => found_facts::of_household(on, home).await?,
        None => Vec::new(),
    };
    let beyond = beyond(office);
    all.retain(|one| one.content.case != case.no() && beyond.contains(&one.content.fact));
    all.extend(found_facts::of_case(on, case.no()).await?);
    all.sort_by_key(|one| (one.content.day, one.no));
    Ok(all)
}

/// The same, as a case brings it.
pub(super) async fn of_case(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<Brought>> {
    let all = found(office, on, case).await?;
    let of_place = of_the_place(office, case);
    let here = county_id(&case.standing.area);
    let of = |found: &NewFound| match (found.person, here) {
        (None, Some(here)) if of_place.contains(&found.fact) => Whose::Place(here),
        (person, _) => Whose::person_or_home(person),
    };
    let one = |found: found_facts::Found| Brought {
        of: of(&found.content),
        fact: found.content.fact,
        value: found.content.value,
        source: Source {
            kind: OFFICIAL.to_owned(),
            name: OFFICIAL.to_owned(),
            record: format!("found:{}", found.no),
            period: found.content.day.to_string(),
        },
    };
    Ok(all.into_iter().map(one).collect())
}

/// What an official establishes of the place, not of a family of it.
fn of_the_place(office: &Office, case: &Case) -> BTreeSet<String> {
    let program = office.rules_on(case.row.content.rules_day);
    let facts = program.dict.facts.iter();
    let official = facts
        .filter(|fact| fact.source == OFFICIAL && program.dict.entity_name(fact.entity) == AREA);
    official.map(|fact| fact.name.clone()).collect()
}

/// The facts that count beyond their case.
pub(crate) fn beyond(office: &Office) -> BTreeSet<String> {
    listed(office, &[MONTHLY, ANY_CASE])
}

/// The facts that are listed under some words, in the table of all and in the place's own.
fn listed(office: &Office, words: &[&str]) -> BTreeSet<String> {
    let own = office.book.path_in(&office.locality, BEYOND);
    let paths = [format!("procedures/{BEYOND}"), own];
    let texts = paths
        .iter()
        .filter_map(|path| office.book.texts().get(path));
    let rows = texts.flat_map(|text| text.lines().skip(1));
    rows.map(rules::params::split)
        .filter_map(|row| match row.as_slice() {
            [fact, used, ..] if words.contains(&used.trim()) => Some(fact.trim().to_owned()),
            _ => None,
        })
        .collect()
}

/// Which record of the office tells a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// 经办查实, by its number.
    Found(i64),
    /// What was established about kin elsewhere, by its number.
    Kin(i64),
}

/// What of a fact counts on a day, by whom it is about: the newest value that is not older than it is kept, with
/// its number and day. What is of a place counts for the county its case is handled in.
pub(crate) async fn newest_of(
    on: &impl Reads,
    (fact, entity): (&FactDef, &str),
    day: Day,
) -> store::Result<BTreeMap<i64, (String, Record, Day)>> {
    let oldest = oldest(fact, day);
    let places: HashMap<i64, AreaCode> = match entity {
        AREA => {
            let places = found_facts::places(on, &fact.name, day).await?;
            places.into_iter().collect()
        }
        _ => HashMap::new(),
    };
    let mut told: Vec<(Day, i64, String, Record)> = Vec::new();
    for found in found_facts::of_fact(on, &fact.name, day).await? {
        let content = found.content;
        let about = match entity {
            AREA => places.get(&found.no).and_then(county_id),
            PERSON => content.person.map(PersonId::get),
            _ => content.household.map(HouseholdId::get),
        };
        told.extend(
            about.map(|about| (content.day, about, content.value, Record::Found(found.no))),
        );
    }
    if entity == PERSON {
        for kin in store::kin::facts_of(on, &fact.name, day).await? {
            let (content, no) = (kin.content, kin.no);
            told.push((
                content.day,
                content.person.get(),
                content.value,
                Record::Kin(no),
            ));
        }
    }
    told.sort_by_key(|(day, ..)| *day);
    let told = told.into_iter();
    let counting = told.filter(|(day, ..)| oldest.is_none_or(|oldest| *day >= oldest));
    Ok(counting
        .map(|(day, about, value, record)| (about, (value, record, day)))
        .collect())
}

fn county_id(area: &AreaCode) -> Option<i64> {
    area.at(AreaLevel::County)?.as_str().parse().ok()
}

/// The first day of which a fact still counts on a day; none where it is kept for ever.
pub(crate) fn oldest(fact: &FactDef, day: Day) -> Option<Day> {
    let months = i32::try_from(fact.keep_months?).ok()?;
    Some(Month::containing(day).add(months.saturating_neg()).first())
}

/// The page of a case.
///
/// # Errors
/// No right, no such case, a near relative's, or the record.
pub async fn recorded(access: &Access, who: &Acting, no: CaseNo) -> Done<RecordedView> {
    let office = access.office();
    let case = load(office, who, no).await?;
    let persons = people(&case);
    let masked = store::identity::masked(&office.store, &persons).await?;
    let name = |person: Option<PersonId>| match person {
        None => "这一户".to_owned(),
        Some(person) => masked
            .get(&person)
            .and_then(|masked| masked.name.clone())
            .unwrap_or_else(|| "姓名未登记".to_owned()),
    };
    let (program, facts) = of_case_rules(office, &case);
    let all = found_facts::of_case(&office.store, no).await?;
    let now = |person: Option<PersonId>, fact: &str| {
        let mut rows = all.iter().rev();
        rows.find(|one| one.content.person == person && one.content.fact == fact)
    };
    let mut asked = Vec::new();
    for fact in &facts {
        let entity = program.dict.entity_name(fact.entity);
        let whose: Vec<Option<PersonId>> = match entity == PERSON {
            false => vec![None],
            true => persons.iter().copied().map(Some).collect(),
        };
        for person in whose {
            let (hint, choices) = way(&program, fact);
            asked.push(AskedFact {
                field: match person {
                    None => fact.name.clone(),
                    Some(person) => format!("{}@{person}", fact.name),
                },
                label: match person {
                    None if entity == AREA => format!("本地的{}", fact.name),
                    None => fact.name.clone(),
                    Some(_) => format!("{}的{}", name(person), fact.name),
                },
                hint,
                choices,
                now: now(person, &fact.name).map_or_else(String::new, |f| f.content.value.clone()),
            });
        }
    }
    let lines = all.iter().rev().map(|one| FoundLine {
        who: name(one.content.person),
        old: now(one.content.person, &one.content.fact).is_some_and(|newest| newest.no != one.no),
        ..line(one)
    });
    let photos = photos::shown_of_case(office, who, no).await?;
    Ok(RecordedView {
        no: no.get(),
        asked,
        lines: lines.collect(),
        papers: case.papers.iter().map(|paper| paper.name.clone()).collect(),
        photos: photos
            .iter()
            .map(|photo| Choice {
                value: photo.no.to_string(),
                label: format!("第 {} 份 {}", photo.no, photo.label),
            })
            .collect(),
        closed: may(who, &case).err().unwrap_or_default(),
    })
}

fn line(one: &found_facts::Found) -> FoundLine {
    let content = &one.content;
    let photo = content
        .photo
        .map_or_else(String::new, |no| format!("(照片第 {no} 份)"));
    FoundLine {
        no: one.no,
        who: String::new(),
        fact: content.fact.clone(),
        value: content.value.clone(),
        because: content.because.clone(),
        evidence: format!("{}{photo}", content.evidence),
        by: format!("{} {}", crate::desk::minute(&one.at), content.by),
        case: content.case.get(),
        old: false,
    }
}

/// How a fact is answered.
pub(super) fn way(program: &Program, fact: &FactDef) -> (String, Vec<String>) {
    match fact.ty {
        Type::Bool => (String::new(), vec![YES.to_owned(), NO.to_owned()]),
        Type::Enum(one) => {
            let members = program.dict.enum_of(one).map(|e| e.members.clone());
            (String::new(), members.unwrap_or_default())
        }
        Type::Set(_) => ("可以写几项,用;隔开".to_owned(), Vec::new()),
        Type::Day => ("日期,如 2026-08-01".to_owned(), Vec::new()),
        Type::Num(unit) => (format!("数字,单位 {unit}"), Vec::new()),
        Type::Area => ("地区代码".to_owned(), Vec::new()),
    }
}

/// What was found out of a household in all its cases, newest first, for its file: of whom by number.
///
/// # Errors
/// The record.
pub(crate) async fn of_household(
    on: &impl Reads,
    home: HouseholdId,
) -> store::Result<Vec<(Option<PersonId>, FoundLine)>> {
    let all = found_facts::of_household(on, home).await?;
    let newest = |one: &found_facts::Found| {
        let same = |other: &&found_facts::Found| {
            other.content.person == one.content.person
                && other.content.fact == one.content.fact
                && other.content.case == one.content.case
        };
        all.iter().rev().find(same).map(|newest| newest.no)
    };
    let rows = all.iter().rev();
    let rows = rows.map(|one| {
        let old = newest(one) != Some(one.no);
        (one.content.person, FoundLine { old, ..line(one) })
    });
    Ok(rows.collect())
}

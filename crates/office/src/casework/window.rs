//! 收件 at the window: one form that is looked at as often as it takes, and taken once. What stands in it is
//! checked the same way for the look and for the taking.

use super::found::{self, Found, Where};
use super::open::{Cause, Opened, Opening, open_in};
use super::people::{self, KnownBy, Line, Wrong};
use super::whom::{self, WhomAsk, asked_whom, chosen};
use super::{CaseError, Done, clues, kin};
use crate::access::{Acting, Right, Scope, note_read};
use crate::desk::minute;
use crate::office::Office;
use crate::photos::{self, PhotoView};
use crate::views::{Choice, ViewError};
use domain::{AreaCode, AreaLevel, Day, HouseholdId, IdNumber, PersonId, Relation};
use std::collections::BTreeMap;
use store::applications::{self, Clue, ClueState, Declared, FlagKind, Paper};

/// What separates a fact from its person in the name of a field.
const OF: char = '@';

/// The form as it was sent. Has no printable form.
#[derive(Clone, Default)]
pub struct Window {
    /// The word that makes this form one form.
    pub form_key: String,
    /// How the office came to know; its word in the record.
    pub cause: String,
    /// Number of the warning or clue.
    pub cause_id: Option<i64>,
    /// The applicant, where the form was opened from their file; nothing is typed then.
    pub person: Option<i64>,
    /// The applicant's name and number, as typed.
    pub name: String,
    /// The same.
    pub number: String,
    /// Members of the register's household who live together, by their numbers.
    pub members: Vec<i64>,
    /// Rows pasted from a workbook.
    pub pasted: String,
    /// Rows of those who are obliged to support them and live elsewhere: parents of a child, children of an elder.
    pub kin: String,
    /// Where the family lives, for whom the register does not say; a code of a village.
    pub area: String,
    /// The programmes, by their policies' names.
    pub programmes: Vec<String>,
    /// Of programmes for one person, for whom: the programme and one of the choices; without any the applicant.
    pub whom: Vec<(String, String)>,
    /// Answers: the field's name and what was said.
    pub answers: Vec<(String, String)>,
    /// The papers handed in or to follow.
    pub papers: Vec<Paper>,
    /// Why it goes on although somebody was found elsewhere.
    pub going_on: String,
}

/// The form looked at.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// The word that makes this form one form.
    pub form_key: String,
    /// The applicant, where the register has one.
    pub applicant: Option<i64>,
    /// The applicant's household in the register: each member, masked, with the relation.
    pub household: Vec<(i64, String)>,
    /// What became of each row that was typed or pasted: its number, and whether the register has them.
    pub lines: Vec<(usize, String)>,
    /// What is wrong with them.
    pub wrong: Vec<Wrong>,
    /// What is wrong with the rows of kin elsewhere.
    pub kin_wrong: Vec<Wrong>,
    /// Those of whom facts may be shown: the applicant, and who else comes and lives within the viewer's
    /// places.
    pub known: Vec<i64>,
    /// Who was found elsewhere: a sentence, and the person's file where this official may open it.
    pub found: Vec<(String, Option<i64>)>,
    /// The programmes one can apply for.
    pub programmes: Vec<Choice>,
    /// For whom each chosen programme for one person can be applied for, where others live with the applicant.
    pub whom: Vec<WhomAsk>,
    /// Who was chosen: the programme and the person, none for somebody who is not in the record yet.
    pub chosen: Vec<(String, Option<i64>)>,
    /// The papers the chosen programmes ask for first.
    pub papers: Vec<String>,
    /// The applicant, masked, where the form was opened from their file; empty otherwise.
    pub opened_of: String,
    /// The clue this comes from, in words, with whom it is about, masked; none where the applicant was typed.
    pub clue: Option<(String, String)>,
    /// The photos of the clue.
    pub photos: Vec<PhotoView>,
}

/// Looks at a form; nothing is kept but that somebody looked.
///
/// # Errors
/// No right, a number that is none, or a near relative among those who come.
pub async fn look(office: &Office, who: &Acting, form: &Window) -> Done<Looked> {
    let scope = who.scope(Right::CASE_ACCEPT)?;
    let store = &office.store;
    let today = office.clock.today();
    let clue = clue_of(office, who, form).await?;
    let applicant = match named(office, who, form, clue.as_ref()).await? {
        Some(person) => Some(person),
        None => people::find(office, who, &form.name, &form.number).await?,
    };
    let home = home_of(office, applicant, today).await?;
    let near = applicant.is_some_and(|p| who.is_kept_from_person(p))
        || home.is_some_and(|home| who.is_kept_from(home));
    if near {
        return Err(ViewError::kept_from().into());
    }
    let (lines, mut wrong) = people::pasted(&office.book, &form.pasted, today);
    let whole = office.home().await?.map(|area| area.code);
    let (pasted, misnamed) = people::known(office, &lines, whole).await?;
    let read = read_as(&lines, &pasted, &misnamed);
    let kin_wrong = kin::pasted(office, &form.kin).err().unwrap_or_default();
    wrong.extend(misnamed);
    let typed = whom::typed(&lines, &pasted);
    let mut household = Vec::new();
    let members = match home {
        Some(home) => store::households::members(store, home).await?,
        None => Vec::new(),
    };
    let seen = match home {
        Some(home) => store::households::get_many(store, &[home]).await?.pop(),
        None => None,
    };
    // Of a household elsewhere only the applicant is shown: they came themselves.
    let shows = seen.is_some_and(|home| scope.contains(&home.area));
    let now: Vec<_> = members.iter().filter(|m| m.span.contains(today)).collect();
    let ids: Vec<PersonId> = now.iter().map(|m| m.person).collect();
    // A number that is no member's shows nothing of whose it is.
    let ticked = ids
        .iter()
        .filter(|one| shows && form.members.contains(&one.get()));
    let mut known: Vec<PersonId> = applicant
        .into_iter()
        .chain(pasted.into_iter().flatten())
        .collect();
    known.extend(ticked);
    known.sort_unstable();
    known.dedup();
    if known.iter().any(|person| who.is_kept_from_person(*person)) {
        return Err(ViewError::kept_from().into());
    }
    note(office, who, (home, &ids), &known).await?;
    let people = store::persons::get_many(store, &known).await?;
    let inside = people
        .iter()
        .filter(|one| scope.holds(one.area) || Some(one.id) == applicant);
    let shown: Vec<i64> = inside.map(|one| one.id.get()).collect();
    let mut masked_of = ids.clone();
    masked_of.extend(&known);
    let masked = store::identity::masked(store, &masked_of).await?;
    let name = |person: PersonId| {
        let masked = masked.get(&person).and_then(|m| m.name.clone());
        masked.unwrap_or_else(|| "姓名未登记".to_owned())
    };
    for member in now.iter().filter(|_| shows) {
        let said = format!("{} {}", name(member.person), member.relation.name());
        household.push((member.person.get(), said));
    }
    let living = now.iter().filter(|m| known.contains(&m.person));
    let living: Vec<_> = living.map(|m| (m.person, m.relation)).collect();
    let near = whom::near((applicant, form.name.trim()), &living, typed, name);
    let (whom, chosen) = asked_whom(office, (&form.programmes, &form.whom), &near, today);
    let found = found::find(office, store, &known, home).await?;
    let mut told = Vec::new();
    for one in &found {
        let person = people.iter().find(|person| person.id == one.person);
        let open = person.is_some_and(|person| scope.holds(person.area));
        told.push((
            sentence(office, one, &name(one.person)).await?,
            open.then_some(one.person.get()),
        ));
    }
    Ok(Looked {
        form_key: match form.form_key.is_empty() {
            true => store::sessions::Token::random()?.form_word(),
            false => form.form_key.clone(),
        },
        applicant: applicant.map(PersonId::get),
        household,
        lines: read,
        wrong,
        kin_wrong,
        known: shown,
        found: told,
        programmes: programmes(office, today),
        whom,
        chosen,
        papers: papers(office, &form.programmes, today),
        photos: match &clue {
            Some(clue) => photos::of(office, store, &clues::about(clue.no)).await?,
            None => Vec::new(),
        },
        opened_of: match (form.person, applicant) {
            (Some(_), Some(person)) => name(person),
            _ => String::new(),
        },
        clue: clue.map(|clue| (clue_words(&clue), name(clue.content.person))),
    })
}

/// What a clue says, with its number and moment.
fn clue_words(clue: &Clue) -> String {
    let urgent = if clue.content.urgent { "紧急," } else { "" };
    let said = format!("线索 № {}({urgent}{}):", clue.no, minute(&clue.at));
    said + &clue.content.text
}

/// What will be done with each row that was read.
fn read_as(lines: &[Line], found: &[Option<PersonId>], wrong: &[Wrong]) -> Vec<(usize, String)> {
    let read = lines.iter().zip(found);
    let good = read.filter(|(line, _)| !wrong.iter().any(|wrong| wrong.row == line.row));
    good.map(|(line, found)| {
        let way = match (found, line.known_by) {
            (Some(_), _) => "登记里有这个人",
            (None, KnownBy::Number(_)) => "登记里没有这个人,收件时一并登记",
            (None, KnownBy::Birth(_)) => "还没有身份证号,收件时按姓名和出生日期登记,有了号码再补",
        };
        let name = store::identity::mask_name(&line.name);
        (line.row, format!("{name}({}):{way}", line.relation.name()))
    })
    .collect()
}

/// The form of a clue that becomes an application: whom it is about, with the family of the register.
///
/// # Errors
/// No right, or no such open clue within the places.
pub async fn from_clue(office: &Office, who: &Acting, no: i64) -> Done<Window> {
    let mut form = Window {
        cause: Cause::Clue.word().to_owned(),
        cause_id: Some(no),
        ..Window::default()
    };
    let Some(clue) = clue_of(office, who, &form).await? else {
        return Ok(form);
    };
    let today = office.clock.today();
    if let Some(home) = home_of(office, Some(clue.content.person), today).await? {
        let members = store::households::members(&office.store, home).await?;
        let now = members.iter().filter(|one| one.span.contains(today));
        form.members = now.map(|one| one.person.get()).collect();
    }
    Ok(form)
}

/// The open clue a form without a name and number comes from: whoever reported it gave them.
async fn clue_of(office: &Office, who: &Acting, form: &Window) -> Done<Option<Clue>> {
    let typed = !form.name.trim().is_empty() || !form.number.trim().is_empty();
    let (false, Some(Cause::Clue), Some(no)) =
        (typed, Cause::from_word(&form.cause), form.cause_id)
    else {
        return Ok(None);
    };
    let scope = who.scope(Right::CASE_ACCEPT)?;
    let clue = applications::find_clue(&office.store, no).await?;
    // The same form sent twice finds its clue used; it is answered with what the first became.
    let again = applications::find_by_form(&office.store, &form.form_key).await?;
    let waits = |clue: &Clue| clue.state == ClueState::Open || again.is_some();
    let here = |clue: &Clue| waits(clue) && scope.contains(&clue.content.area);
    let clue = clue.filter(here).ok_or_else(|| {
        let said = format!("没有编号为 {no} 的待办线索:已经转为申请,或者不在您的辖区;请从待办打开");
        CaseError::Refused(said)
    })?;
    if who.is_kept_from_person(clue.content.person) {
        return Err(ViewError::kept_from().into());
    }
    Ok(Some(clue))
}

/// The applicant nobody has to type: of the clue, or of the file the form was opened from, which lies within the
/// clerk's places.
async fn named(
    office: &Office,
    who: &Acting,
    form: &Window,
    clue: Option<&Clue>,
) -> Done<Option<PersonId>> {
    if let Some(clue) = clue {
        return Ok(Some(clue.content.person));
    }
    let Some(person) = form.person.map(PersonId::new) else {
        return Ok(None);
    };
    let scope = who.scope(Right::CASE_ACCEPT)?;
    let none = || {
        let said = format!("您的辖区里没有编号为 {person} 的人;请对照证件填姓名和号码");
        CaseError::Refused(said)
    };
    let found = store::persons::get_many(&office.store, &[person]).await?;
    let found = found.into_iter().find(|one| scope.holds(one.area));
    let found = found.ok_or_else(none)?;
    match who.is_kept_from_person(person) {
        true => Err(ViewError::kept_from().into()),
        false => Ok(Some(found.id)),
    }
}

/// Who was looked at goes into the chain before anything is answered: the household, and whoever comes from
/// elsewhere.
async fn note(
    office: &Office,
    who: &Acting,
    (home, members): (Option<HouseholdId>, &[PersonId]),
    known: &[PersonId],
) -> Done<()> {
    if let Some(home) = home {
        note_read::at_the_window(office, who, ("household", home.get())).await?;
    }
    for person in known.iter().filter(|person| !members.contains(person)) {
        note_read::at_the_window(office, who, ("person", person.get())).await?;
    }
    Ok(())
}

async fn sentence(office: &Office, found: &Found, name: &str) -> Done<String> {
    let place = match &found.at {
        Where::Book(number) => {
            let numbers = [number.clone()];
            let home = store::households::look_up_many(&office.store, &numbers).await?;
            let home: Vec<HouseholdId> = home.into_values().collect();
            let home = store::households::get_many(&office.store, &home).await?;
            home.first().map(|home| home.area)
        }
        Where::Place(area) => Some(*area),
    };
    let today = office.clock.today();
    let township = place.and_then(|place| place.at(AreaLevel::Township));
    let named = match township {
        Some(place) => store::areas::find(&office.store, &place, today).await?,
        None => None,
    };
    let at = named.map_or_else(|| "别处".to_owned(), |area| area.name);
    Ok(match (found.kind, found.case) {
        (FlagKind::OnRoll, _) => format!("{name}已在{at}另一户的名下享受{}", found.programme),
        (FlagKind::Pending, Some(case)) => format!("{name}在{at}另有在办的办件 № {case}"),
        (FlagKind::Pending, None) => format!("{name}在{at}另有在办的办件"),
    })
}

async fn home_of(
    office: &Office,
    person: Option<PersonId>,
    today: Day,
) -> Done<Option<HouseholdId>> {
    let Some(person) = person else {
        return Ok(None);
    };
    let homes = store::households::memberships_on(&office.store, &[person], today).await?;
    Ok(homes.get(&person).map(|m| m.household))
}

/// What one can apply for here: programmes whose procedure begins with an application.
fn programmes(office: &Office, today: Day) -> Vec<Choice> {
    let program = office.rules_on(today);
    let files = program.files.iter();
    let open = files.filter(|file| office.admission(&file.id, today).is_some());
    open.map(|file| Choice {
        value: file.id.clone(),
        label: file.title.clone(),
    })
    .collect()
}

fn papers(office: &Office, programmes: &[String], today: Day) -> Vec<String> {
    let mut papers: Vec<String> = Vec::new();
    for programme in programmes {
        let procedure = office.admission(programme, today);
        let first = procedure.as_ref().and_then(|p| p.first());
        for paper in first.into_iter().flat_map(|step| &step.papers) {
            if !papers.contains(paper) {
                papers.push(paper.clone());
            }
        }
    }
    papers
}

/// Takes the form: persons who are new, their household, the application and its cases, all of it or nothing.
///
/// # Errors
/// As [`super::open`]; what is wrong with pasted rows is answered by row and column.
pub async fn take_in(
    office: &Office,
    who: &Acting,
    form: &Window,
) -> Done<Result<Opened, Vec<Wrong>>> {
    let scope = who.scope(Right::CASE_ACCEPT)?;
    let today = office.clock.today();
    let clue = clue_of(office, who, form).await?;
    let (lines, wrong) = people::pasted(&office.book, &form.pasted, today);
    if !wrong.is_empty() {
        return Ok(Err(wrong));
    }
    let known = named(office, who, form, clue.as_ref()).await?;
    let all = match known {
        Some(_) => lines,
        None => {
            let own = own_line(form, today)?;
            let others = lines
                .into_iter()
                .filter(|line| line.known_by != own.known_by);
            let others: Vec<Line> = others.collect();
            std::iter::once(own).chain(others).collect()
        }
    };
    let elsewhere = match kin::pasted(office, &form.kin) {
        Ok(elsewhere) => elsewhere,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let area = village(office, who, form, &scope).await?;
    let mut tx = office.store.write().await?;
    let taken = match people::take(office, &mut tx, who, &all, area).await? {
        Ok(taken) => taken,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let rows = all.iter().zip(&taken);
    let rows: Vec<(usize, String, PersonId)> = rows
        .map(|(line, (person, _))| (line.row, line.name.clone(), *person))
        .collect();
    let first = taken.first().map(|(person, _)| *person);
    let Some(applicant) = known.or(first) else {
        return Err(CaseError::Refused("没有申请人".to_owned()));
    };
    let members = together(office, form, &taken, applicant, today).await?;
    people::household_of(office, &mut tx, who, applicant, &members, area).await?;
    let named = chosen(&form.whom, &rows, &members)?;
    let named = |programme: &str| named.get(programme).cloned().unwrap_or_default();
    let opening = Opening {
        form_key: form.form_key.clone(),
        cause: Cause::from_word(&form.cause).unwrap_or(Cause::Apply),
        cause_id: form.cause_id,
        applicant,
        helper: None,
        members,
        wanted: whom::wanted(office, &form.programmes, (today, named)),
        declared: declared(&form.answers)?,
        papers: form.papers.clone(),
        going_on: form.going_on.clone(),
    };
    let opened = open_in(office, &mut tx, who, Right::CASE_ACCEPT, &opening).await?;
    if !opened.again {
        let theirs: Vec<PersonId> = opening.members.iter().map(|(one, _)| *one).collect();
        let about = (opened.cases.as_slice(), theirs.as_slice());
        kin::name_all(office, &mut tx, who, about, (&elsewhere, &rows)).await?;
        tx.commit().await?;
    }
    Ok(Ok(opened))
}

/// The applicant, as typed.
fn own_line(form: &Window, today: Day) -> Done<Line> {
    let number = IdNumber::parse(&form.number, today)
        .map_err(|error| CaseError::Refused(format!("身份证号:{error}")))?
        .number;
    Ok(Line {
        row: whom::OWN_ROW,
        name: form.name.trim().to_owned(),
        known_by: KnownBy::Number(number),
        relation: Relation::Head,
    })
}

/// The village of whoever is not in the register yet: the one written down, wherever it lies, else where the
/// applicant is registered, else the clerk's own.
async fn village(office: &Office, who: &Acting, form: &Window, scope: &Scope) -> Done<AreaCode> {
    let today = office.clock.today();
    let written = match form.area.trim() {
        "" => None,
        code => Some(AreaCode::parse(code).map_err(|e| CaseError::Refused(e.to_string()))?),
    };
    if let Some(code) = written {
        let known = store::areas::find(&office.store, &code, today).await?;
        return known
            .filter(|area| area.level == AreaLevel::Village)
            .map(|area| area.code)
            .ok_or_else(|| {
                let said = "填的不是一个村(社区)的代码;请在行政区划里查到再填";
                CaseError::Refused(said.to_owned())
            });
    }
    let clue = clue_of(office, who, form).await?;
    let applicant = match named(office, who, form, clue.as_ref()).await? {
        Some(person) => Some(person),
        None => people::find(office, who, &form.name, &form.number).await?,
    };
    let home = home_of(office, applicant, today).await?;
    let home = match home {
        Some(home) => store::households::get_many(&office.store, &[home])
            .await?
            .pop(),
        None => None,
    };
    let own = scope
        .start()
        .filter(|own| own.level() == AreaLevel::Village);
    home.map(|home| home.area).or(own).ok_or_else(|| {
        let said = "请填申请人住的村(社区)代码";
        CaseError::Refused(said.to_owned())
    })
}

/// Who lives together: the pasted rows, and those ticked of the register's household.
async fn together(
    office: &Office,
    form: &Window,
    taken: &[(PersonId, Relation)],
    applicant: PersonId,
    today: Day,
) -> Done<Vec<(PersonId, Relation)>> {
    let mut out: BTreeMap<PersonId, Relation> = taken.iter().copied().collect();
    out.insert(applicant, Relation::Head);
    let Some(home) = home_of(office, Some(applicant), today).await? else {
        return Ok(out.into_iter().collect());
    };
    for member in store::households::members(&office.store, home).await? {
        let ticked = form.members.contains(&member.person.get());
        if ticked && member.span.contains(today) {
            out.entry(member.person).or_insert(match member.relation {
                // To the applicant, not to the head of the book: only the applicant can say.
                Relation::Head => Relation::Other,
                other => other,
            });
        }
    }
    Ok(out.into_iter().collect())
}

/// Answers as declared facts; an empty one is not said.
fn declared(answers: &[(String, String)]) -> Done<Vec<Declared>> {
    let mut out = Vec::new();
    for (field, value) in answers.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let (fact, person) = match field.split_once(OF) {
            None => (field.as_str(), None),
            Some((fact, id)) => {
                let id = id
                    .parse()
                    .map_err(|_| CaseError::Refused(format!("“{fact}”没有写明是谁的")))?;
                (fact, Some(PersonId::new(id)))
            }
        };
        out.push(Declared {
            person,
            fact: fact.to_owned(),
            value: value.trim().to_owned(),
            period: String::new(),
        });
    }
    Ok(out)
}

//! 给谁申请: a programme for one person is applied for by whoever comes, for themselves or for somebody of those who
//! live together, as a parent or guardian does for a child; a programme for households is the household's.

use super::facts::PERSON;
use super::people::Line;
use super::{CaseError, Done, Wanted};
use crate::office::Office;
use crate::views::Choice;
use domain::{Day, PersonId, Relation};
use std::collections::BTreeMap;

/// The title of a programme for one person that one can apply for here; none of any other.
pub(crate) fn of_person(office: &Office, programme: &str, day: Day) -> Option<String> {
    let program = office.rules_on(day);
    let (_, plan) = program.file(programme)?;
    let open = office.admission(programme, day).is_some();
    let own = program.dict.entity_name(plan.entity) == PERSON;
    (open && own).then(|| plan.title.clone())
}

/// What is applied for: of a programme for one person one for each who is named, the applicant's where nobody is.
pub(crate) fn wanted(
    office: &Office,
    programmes: &[String],
    (day, named): (Day, impl Fn(&str) -> Vec<PersonId>),
) -> Vec<Wanted> {
    let mut out: Vec<Wanted> = Vec::new();
    for programme in programmes {
        let persons = match of_person(office, programme, day) {
            Some(_) => named(programme),
            None => Vec::new(),
        };
        let one = |person: Option<PersonId>| Wanted {
            programme: programme.clone(),
            person,
        };
        match persons.is_empty() {
            true => out.push(one(None)),
            false => out.extend(persons.into_iter().map(|person| one(Some(person)))),
        }
    }
    out
}

/// Somebody a form names: a person of the record, or a row that was typed and is taken in with the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By their number in the record.
    Person(PersonId),
    /// By row and name, so that a row changed since is not taken for another.
    Row(usize, String),
}

const ROW: &str = "row-";

impl Named {
    pub(super) fn word(&self) -> String {
        match self {
            Self::Person(person) => person.to_string(),
            Self::Row(row, name) => format!("{ROW}{row}-{name}"),
        }
    }

    pub(super) fn read(word: &str) -> Done<Self> {
        let none = || CaseError::Refused("请从名单里选给谁申请".to_owned());
        match word.strip_prefix(ROW) {
            None => Ok(Self::Person(PersonId::new(
                word.parse().map_err(|_| none())?,
            ))),
            Some(rest) => {
                let (row, name) = rest.split_once('-').ok_or_else(none)?;
                Ok(Self::Row(row.parse().map_err(|_| none())?, name.to_owned()))
            }
        }
    }
}

/// A row that was typed: its number, the name, the person where the record has one, to the applicant.
pub(super) type Typed = (usize, String, Option<PersonId>, Relation);

/// The rows that were typed, with whom the record has.
pub(super) fn typed(lines: &[Line], known: &[Option<PersonId>]) -> Vec<Typed> {
    let rows = lines.iter().zip(known);
    rows.map(|(line, person)| (line.row, line.name.clone(), *person, line.relation))
        .collect()
}

/// The row of the applicant in what is taken in, before those who were pasted.
pub(super) const OWN_ROW: usize = 0;

/// Those somebody can be chosen of: the applicant, who lives with them, and who was typed; each once, masked. An
/// applicant who is not in the record yet is known by the name on the form.
pub(super) fn near(
    (applicant, typed_name): (Option<PersonId>, &str),
    living: &[(PersonId, Relation)],
    typed: Vec<Typed>,
    name: impl Fn(PersonId) -> String,
) -> Vec<(Named, String)> {
    let (own, called) = match applicant {
        Some(one) => (Named::Person(one), name(one)),
        None => (
            Named::Row(OWN_ROW, typed_name.to_owned()),
            store::identity::mask_name(typed_name),
        ),
    };
    let mut out = vec![(own, format!("{called}(申请人本人)"))];
    for (person, relation) in living.iter().filter(|(one, _)| Some(*one) != applicant) {
        let said = format!("{}({})", name(*person), relation.name());
        out.push((Named::Person(*person), said));
    }
    for (row, typed, person, relation) in typed {
        let one = person.map_or_else(|| Named::Row(row, typed.clone()), Named::Person);
        if out.iter().all(|(other, _)| *other != one) {
            let masked = store::identity::mask_name(&typed);
            out.push((one, format!("{masked}({})", relation.name())));
        }
    }
    out
}

/// For whom a programme for one person is applied for.
#[derive(Clone, Debug, Default)]
pub struct WhomAsk {
    /// Its policy's name.
    pub programme: String,
    /// Its title.
    pub title: String,
    /// The applicant and those who live with them, masked; each with whether it is chosen.
    pub choices: Vec<(Choice, bool)>,
}

/// The choices of each programme for one person, and who is chosen: nobody of the record for somebody who was only
/// typed; nothing where only the applicant comes.
pub(super) fn asked_whom(
    office: &Office,
    (programmes, whom): (&[String], &[(String, String)]),
    near: &[(Named, String)],
    today: Day,
) -> (Vec<WhomAsk>, Vec<(String, Option<i64>)>) {
    let (mut asks, mut chosen) = (Vec::new(), Vec::new());
    for programme in programmes.iter().filter(|_| near.len() > 1) {
        let Some(title) = of_person(office, programme, today) else {
            continue;
        };
        let mut choices = Vec::new();
        for (one, label) in near {
            let value = one.word();
            let on = whom
                .iter()
                .any(|(of, who)| of == programme && *who == value);
            if on {
                let person = match one {
                    Named::Person(person) => Some(person.get()),
                    Named::Row(..) => None,
                };
                chosen.push((programme.clone(), person));
            }
            let label = label.clone();
            choices.push((Choice { value, label }, on));
        }
        asks.push(WhomAsk {
            programme: programme.clone(),
            title,
            choices,
        });
    }
    (asks, chosen)
}

/// Who was chosen for each programme, once everybody who came is in the record: those who live together and nobody
/// else.
pub(super) fn chosen(
    whom: &[(String, String)],
    rows: &[(usize, String, PersonId)],
    members: &[(PersonId, Relation)],
) -> Done<BTreeMap<String, Vec<PersonId>>> {
    let mut out: BTreeMap<String, Vec<PersonId>> = BTreeMap::new();
    for (programme, word) in whom {
        let person = match Named::read(word)? {
            Named::Person(person) => Some(person),
            Named::Row(row, name) => {
                let mut same = rows
                    .iter()
                    .filter(|(of, typed, _)| *of == row && *typed == name);
                same.next().map(|(.., person)| *person)
            }
        };
        let person = person.filter(|one| members.iter().any(|(member, _)| member == one));
        let person = person.ok_or_else(|| {
            let said = "选了给他申请的人不在一起生活的家庭成员里,或者那一行改过了;请重新选给谁申请";
            CaseError::Refused(said.to_owned())
        })?;
        let all = out.entry(programme.clone()).or_default();
        if !all.contains(&person) {
            all.push(person);
        }
    }
    Ok(out)
}

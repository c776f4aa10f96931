//! Which questions there are, in which order: a few about who comes and what for, then every fact the chosen
//! programmes lack, as the evaluator says it, then the papers, the signature and the answers to look over.

use super::Writer;
use super::book::PortalBook;
use super::claim::exact;
use super::draft::{Content, SELF};
use super::home_of;
use crate::access::{Acting, Right};
use crate::casework::residents::{Family, Lack, lacking, question_of};
use crate::casework::{CaseError, Declared, Done, whom};
use crate::guide::NOT_SURE;
use crate::office::Office;
use domain::{AreaCode, HouseholdId, IdNumber, PersonId, Relation};

pub(super) const WHAT: &str = "what";
pub(super) const WHO: &str = "who";
pub(super) const FAMILY: &str = "family";
pub(super) const MEMBER: &str = "member";
pub(super) const CONSENT: &str = "consent";
pub(super) const ASSENT: &str = "assent";
pub(super) const CHECK: &str = "check";
const WHOM: &str = "whom-";
const FACT: &str = "fact-";
pub(super) const PAPER: &str = "paper-";
/// What separates a fact from its person in the name of a field.
const OF: char = '@';

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    What,
    Who,
    Family,
    Member,
    /// A programme for one person, and its title.
    Whom(String, String),
    Fact(Lack),
    Paper(String),
    Consent,
    Assent,
    Check,
}

impl Step {
    /// The word of a question in an address.
    pub fn key(&self) -> String {
        match self {
            Self::What => WHAT.to_owned(),
            Self::Who => WHO.to_owned(),
            Self::Family => FAMILY.to_owned(),
            Self::Member => MEMBER.to_owned(),
            Self::Whom(programme, _) => format!("{WHOM}{programme}"),
            Self::Fact(lack) => format!("{FACT}{}", field(&lack.fact, lack.person)),
            Self::Paper(name) => format!("{PAPER}{name}"),
            Self::Consent => CONSENT.to_owned(),
            Self::Assent => ASSENT.to_owned(),
            Self::Check => CHECK.to_owned(),
        }
    }
}

/// The field of a fact.
pub(super) fn field(fact: &str, person: Option<PersonId>) -> String {
    match person {
        None => fact.to_owned(),
        Some(person) => format!("{fact}{OF}{person}"),
    }
}

/// The fact and person of a field.
pub(super) fn of_field(field: &str) -> Option<(&str, Option<PersonId>)> {
    match field.split_once(OF) {
        None => Some((field, None)),
        Some((fact, person)) => Some((fact, Some(PersonId::new(person.parse().ok()?)))),
    }
}

/// Who applies, as far as it is certain.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub person: Option<PersonId>,
    pub household: Option<HouseholdId>,
    pub area: Option<AreaCode>,
    /// Members of the register's household, the applicant left out.
    pub others: Vec<(PersonId, Relation)>,
}

/// Who applies. Of whoever is not bound nothing is looked up, unless an official asks.
pub(super) async fn subject(office: &Office, writer: &Writer, content: &Content) -> Done<Subject> {
    match writer {
        Writer::Resident(one) => match one.person {
            Some(person) => of_person(office, person, content).await,
            None => Ok(nobody(content)),
        },
        Writer::Worker(who) => subject_for(office, who, Right::CASE_ASSIST, content).await,
    }
}

/// Who applies, as an official may see it: whoever lives outside the own places, and whoever one is kept
/// from, is as unknown as somebody the register does not have.
pub(super) async fn subject_for(
    office: &Office,
    who: &Acting,
    right: Right,
    content: &Content,
) -> Done<Subject> {
    let scope = who.scope(right)?;
    let store = &office.store;
    let person = match IdNumber::parse(&content.who.number, office.clock.today()) {
        Ok(number) => exact(store, &number.number, &content.who.name).await?,
        Err(_) => None,
    };
    let Some(person) = person else {
        return Ok(nobody(content));
    };
    let (home, area) = home_of(office, store, person).await?;
    let inside = area.is_some_and(|area| scope.contains(&area));
    let near = who.is_kept_from_person(person) || home.is_some_and(|home| who.is_kept_from(home));
    match inside && !near {
        true => of_person(office, person, content).await,
        false => Ok(nobody(content)),
    }
}

fn nobody(content: &Content) -> Subject {
    Subject {
        area: AreaCode::parse(&content.who.area).ok(),
        ..Subject::default()
    }
}

async fn of_person(office: &Office, person: PersonId, content: &Content) -> Done<Subject> {
    let store = &office.store;
    let today = office.clock.today();
    let (household, area) = home_of(office, store, person).await?;
    let members = match household {
        Some(home) => store::households::members(store, home).await?,
        None => Vec::new(),
    };
    let living = members
        .into_iter()
        .filter(|m| m.person != person && m.span.contains(today));
    Ok(Subject {
        person: Some(person),
        household,
        area: area.or_else(|| AreaCode::parse(&content.who.area).ok()),
        others: living.map(|m| (m.person, m.relation)).collect(),
    })
}

impl Subject {
    /// The family whose facts are asked for; none while nobody is certain.
    pub fn family(&self, content: &Content) -> Option<Family> {
        let applicant = self.person?;
        let mut members = vec![applicant];
        let theirs = self.others.iter().map(|(person, _)| *person);
        members.extend(theirs.filter(|one| content.household.contains(&one.get())));
        Some(Family {
            applicant,
            household: self.household.map(HouseholdId::get),
            members,
        })
    }
}

/// Answers about anybody else are dropped, with their questions.
pub(super) fn keep_only(content: &mut Content, family: &[i64]) {
    let theirs = |field: &str| {
        let of = of_field(field).and_then(|(_, person)| person);
        of.is_none_or(|person| family.contains(&person.get()))
    };
    content.answers.retain(|field, _| theirs(field));
    for named in content.whom.values_mut() {
        named.retain(|one| {
            let id = one.parse().ok();
            one == SELF || id.is_some_and(|id: i64| family.contains(&id))
        });
    }
    content.whom.retain(|_, named| !named.is_empty());
    let whom = &content.whom;
    content.done.retain(|key| {
        let named = key.strip_prefix(WHOM);
        key.strip_prefix(FACT).is_none_or(theirs) && named.is_none_or(|id| whom.contains_key(id))
    });
}

/// What was answered about the family, as it will be declared; what nobody is sure of is not said.
pub(super) fn declared(content: &Content, family: &[PersonId]) -> Vec<Declared> {
    let said = content
        .answers
        .iter()
        .filter(|(_, value)| *value != NOT_SURE);
    said.filter_map(|(key, value)| {
        let (fact, person) = of_field(key)?;
        if !person.is_none_or(|one| family.contains(&one)) {
            return None;
        }
        Some(Declared {
            person,
            fact: fact.to_owned(),
            value: value.clone(),
            period: String::new(),
        })
    })
    .collect()
}

/// The papers the programmes ask for first, without those that filling in and signing are.
pub(super) fn papers(office: &Office, book: &PortalBook, programmes: &[String]) -> Vec<String> {
    let today = office.clock.today();
    let mut out: Vec<String> = Vec::new();
    for programme in programmes {
        let procedure = office.admission(programme, today);
        let first = procedure.as_ref().and_then(|p| p.first());
        for paper in first.into_iter().flat_map(|step| &step.papers) {
            let ours = book.form_papers.contains(paper) || *paper == book.consent_paper;
            if !ours && !out.contains(paper) {
                out.push(paper.clone());
            }
        }
    }
    out
}

/// All questions as things stand, in order.
pub(super) async fn plan(
    office: &Office,
    writer: &Writer,
    content: &Content,
    subject: &Subject,
) -> Done<Vec<Step>> {
    let book = PortalBook::of(office)?;
    let mut out = vec![Step::What];
    let bound = matches!(writer, Writer::Resident(one) if one.person.is_some());
    if !bound {
        out.push(Step::Who);
    }
    if !subject.others.is_empty() {
        out.push(Step::Family);
    }
    out.push(Step::Member);
    let others = !content.household.is_empty() || !content.members.is_empty();
    for programme in content.programmes.iter().filter(|_| others) {
        if let Some(title) = whom::of_person(office, programme, office.clock.today()) {
            out.push(Step::Whom(programme.clone(), title));
        }
    }
    if let Some(family) = subject.family(content) {
        let answered = content.answers.keys().filter_map(|key| {
            let (fact, person) = of_field(key)?;
            let theirs = person.is_none_or(|one| family.members.contains(&one));
            question_of(office, fact, person).filter(|_| theirs)
        });
        out.extend(answered.map(Step::Fact));
        let said = declared(content, &family.members);
        let wanted = content.wanted(office, family.applicant);
        let open = match lacking(office, &family, &wanted, &said).await {
            Ok(open) => open,
            // Without a month of facts nothing is asked here; the office looks it up.
            Err(CaseError::Refused(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        for lack in open {
            let step = Step::Fact(lack);
            if !out.iter().any(|known| known.key() == step.key()) {
                out.push(step);
            }
        }
    }
    let papers = papers(office, &book, &content.programmes);
    out.extend(papers.into_iter().map(Step::Paper));
    out.push(Step::Consent);
    if matches!(writer, Writer::Worker(_)) {
        out.push(Step::Assent);
    }
    out.push(Step::Check);
    Ok(out)
}

/// The first question that is not answered.
pub(super) fn next(plan: &[Step], content: &Content) -> String {
    let open = plan.iter().find(|step| !content.done.contains(&step.key()));
    open.map_or_else(|| CHECK.to_owned(), Step::key)
}

//! What residents' pages need of casework: the facts the chosen programmes lack, as the decision's own
//! evaluator says it; a person's own facts with their sources; papers brought by the applicant; and a
//! matter, such as a complaint, that is a case without a programme to be judged.

use super::facts::{APPLICATION, Facts, HOUSEHOLD, PERSON};
use super::gather::{apart, of_family};
use super::open::{Begun, Opening, Wanted, begin, gather};
use super::{Case, CaseError, Done, brought};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{CaseNo, PersonId};
use rules::Program;
use rules::dict::FactDef;
use rules::eval::{Evaluator, Gap};
use rules::plan::{Body, FileId, Home, ItemId, Type};
use rules::situation::Moments;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use store::applications::{self, Application, Declared, Paper, Taken};
use store::cases::Subject;
use store::{Act, JournalTx};

/// Whose facts are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// Who applies.
    pub applicant: PersonId,
    /// The household of the register.
    pub household: Option<i64>,
    /// Who lives together, the applicant among them.
    pub members: Vec<PersonId>,
}

/// A fact a rule lacks and the applicant can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// The fact.
    pub fact: String,
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// The question, in a resident's words.
    pub words: String,
    /// What helps to answer it.
    pub help: String,
    /// The answers there are; none for a number or a day.
    pub choices: Vec<String>,
    /// Whether a number is typed.
    pub number: bool,
}

/// The facts the programmes lack once what was declared is brought in, in the order of the rules, each once.
/// Only what the dictionary lets a resident be asked: what departments know is not asked.
pub(crate) async fn lacking(
    office: &Office,
    family: &Family,
    wanted: &[Wanted],
    declared: &[Declared],
) -> Done<Vec<Lack>> {
    let today = office.clock.today();
    let program = office.rules_on(today);
    let facts = facts_of(office, family, declared).await?;
    let (family, wanted) = (family.clone(), wanted.to_vec());
    let said: BTreeSet<String> = declared.iter().map(|one| one.fact.clone()).collect();
    let work = move || {
        let (situation, _) = facts.situation(&program);
        let moments = Moments::case(today, None);
        // 知道(…) of what can still be asked is not decided before it was asked.
        let eval = Evaluator::new(&program, &situation, moments);
        let mut eval = eval.asking(askable(&program, &said));
        let mut out: Vec<Lack> = Vec::new();
        let asked = (0..).map(FileId).zip(&program.files);
        let asked = asked.flat_map(|(file, plan)| {
            let those = wanted.iter().filter(|one| one.programme == plan.id);
            those.map(move |one| (file, plan, one.person))
        });
        for (file, plan, person) in asked {
            let key = match program.dict.entity_name(plan.entity) {
                HOUSEHOLD => family.household,
                _ => Some(person.unwrap_or(family.applicant).get()),
            };
            let at = key.and_then(|key| situation.find(plan.entity, key));
            let Some(outcome) = at.and_then(|at| eval.outcome(file, at)) else {
                continue;
            };
            for gap in &outcome.missing {
                let Gap::Fact { item, at } = gap else {
                    continue;
                };
                let (Some(item), Some(whose)) = (program.item(*item), situation.instance(*at))
                else {
                    continue;
                };
                let mut known = program.dict.facts.iter();
                let fact = known.find(|f| f.name == item.name && f.entity == whose.entity);
                let person = match program.dict.entity_name(whose.entity) {
                    HOUSEHOLD => None,
                    PERSON => Some(PersonId::new(whose.key)),
                    _ => continue,
                };
                let theirs = person.is_none_or(|one| family.members.contains(&one));
                if let Some(fact) = fact.filter(|fact| theirs && may_be_asked(fact)) {
                    let lack = lack(&program, fact, person);
                    if !out.contains(&lack) {
                        out.push(lack);
                    }
                }
            }
        }
        out
    };
    apart(work).await
}

/// What a resident can still be asked for.
fn askable(program: &Program, said: &BTreeSet<String>) -> HashSet<ItemId> {
    let mut out = HashSet::new();
    for (id, item) in (0..).map(ItemId).zip(&program.items) {
        let Home::Entity(entity) = item.home else {
            continue;
        };
        let mut facts = program.dict.facts.iter();
        let fact = facts.find(|fact| fact.name == item.name && fact.entity == entity);
        let open = fact.is_some_and(may_be_asked) && !said.contains(&item.name);
        if open && matches!(item.body, Body::Fact) {
            out.insert(id);
        }
    }
    out
}

/// A resident knows it: the dictionary says that only an application tells it, or how to ask for it.
fn may_be_asked(fact: &FactDef) -> bool {
    fact.source == APPLICATION || fact.ask.is_some()
}

fn lack(program: &Program, fact: &FactDef, person: Option<PersonId>) -> Lack {
    let choices = match fact.ty {
        Type::Bool => vec!["是".to_owned(), "否".to_owned()],
        Type::Enum(one) => program
            .dict
            .enum_of(one)
            .map_or_else(Vec::new, |one| one.members.clone()),
        Type::Num(_) | Type::Day | Type::Set(_) | Type::Area => Vec::new(),
    };
    let unit = match fact.ty {
        Type::Num(unit) => format!("只写数字,单位是{unit}"),
        Type::Day => "写成 2026-08-03 这样".to_owned(),
        Type::Bool | Type::Enum(_) | Type::Set(_) | Type::Area => String::new(),
    };
    let (words, help) = match &fact.ask {
        Some(ask) => (ask.words.clone(), ask.help.clone().unwrap_or_default()),
        None => (fact.name.clone(), String::new()),
    };
    let parts = [help, unit];
    let help: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Lack {
        fact: fact.name.clone(),
        person,
        words,
        help: help.join("。"),
        choices,
        number: matches!(fact.ty, Type::Num(_)),
    }
}

/// What is wrong with an answer to a fact; nothing where it can be read.
pub(crate) fn slip(office: &Office, fact: &str, value: &str) -> Option<String> {
    let program = office.rules_on(office.clock.today());
    let known = program.dict.facts.iter().find(|one| one.name == fact)?;
    let value = rules::show::parse_cell(value, known.ty, &program.dict).err()?;
    Some(match known.ty {
        Type::Num(_) => "要写成一个数,如 1500;不清楚就选“不清楚”".to_owned(),
        Type::Day => "要写成年月日,如 2026-08-03;不清楚就选“不清楚”".to_owned(),
        Type::Bool | Type::Enum(_) | Type::Set(_) | Type::Area => value,
    })
}

async fn facts_of(office: &Office, family: &Family, declared: &[Declared]) -> Done<Facts> {
    let mut persons: BTreeSet<i64> = family.members.iter().map(|who| who.get()).collect();
    persons.insert(family.applicant.get());
    let today = office.clock.today();
    let one = |one| brought::declared(one, "draft", today);
    let brought = declared.iter().map(one).collect();
    of_family(office, (family.household, persons), brought).await
}

/// One of somebody's own facts, in words.
#[derive(Clone, Debug)]
pub(crate) struct OwnFact {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The feed's title, or who keeps it.
    pub title: String,
    /// Who owns it.
    pub department: String,
    /// The month it speaks of.
    pub period: String,
}

/// What is known of a person, with who told it. Nothing of anybody else.
pub(crate) async fn own_facts(
    office: &Office,
    person: PersonId,
    household: Option<i64>,
) -> Done<Vec<OwnFact>> {
    let family = Family {
        applicant: person,
        household,
        members: vec![person],
    };
    let facts = facts_of(office, &family, &[]).await?;
    let program: Arc<Program> = office.rules_on(office.clock.today());
    let thing = facts.things.iter();
    let mut own = thing.filter(|one| one.entity == PERSON && one.key == person.get());
    let Some(thing) = own.next() else {
        return Ok(Vec::new());
    };
    let known = |name: &str| {
        let mut facts = program.dict.facts.iter();
        facts.any(|fact| fact.name == name && program.dict.entity_name(fact.entity) == PERSON)
    };
    let facts = thing.facts.iter().filter(|fact| known(&fact.name));
    Ok(facts
        .map(|fact| {
            let source = fact.source.as_ref();
            let feed = source.map_or("", |source| source.name.as_str());
            let plan = program.feeds.iter().find(|one| one.id == feed);
            OwnFact {
                name: fact.name.clone(),
                value: fact.value.words(&fact.name, PERSON, &program),
                title: plan.map_or_else(|| "登记".to_owned(), |plan| plan.title.clone()),
                department: plan.map_or_else(String::new, |plan| plan.department.clone()),
                period: source.map_or_else(String::new, |source| source.period.clone()),
            }
        })
        .collect())
}

/// Papers the applicant brought, in a write of somebody who has checked whose case it is. An official looks
/// at them before the step goes on.
pub(crate) async fn bring(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &mut Case,
    papers: &[Paper],
) -> Done<()> {
    super::papers::bring(office, tx, who, case, papers).await
}

/// A matter to be handled by a procedure that judges no programme.
#[derive(Clone, Debug)]
pub(crate) struct Matter {
    /// The procedure, by its name in the rulebook.
    pub procedure: String,
    /// The word of the form: the same form sent twice is one matter.
    pub form_key: String,
    /// Whose it is.
    pub person: PersonId,
}

/// Opens a matter as a case; the same form again answers the same one.
pub(crate) async fn open_matter(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    right: Right,
    matter: &Matter,
) -> Done<CaseNo> {
    let scope = who.scope(right)?;
    let today = office.clock.today();
    if let Some(no) = applications::find_by_form(tx, &matter.form_key).await? {
        let known = store::cases::of_application(tx, no).await?;
        let none = || CaseError::NotFound("这份表单交过,但是没有办件".to_owned());
        return known.first().map(|case| case.no).ok_or_else(none);
    }
    let procedure = office.procedure(&matter.procedure, today)?;
    let subject = Subject::Person(matter.person);
    if let Some(open) = store::cases::open_of(tx, &matter.procedure, subject).await? {
        let said = format!("您已经有一件在办的,办件 № {};办完以后可以再提", open.no);
        return Err(CaseError::Refused(said));
    }
    let opening = Opening {
        form_key: matter.form_key.clone(),
        cause: super::Cause::Apply,
        cause_id: None,
        applicant: matter.person,
        helper: None,
        members: Vec::new(),
        wanted: Vec::new(),
        declared: Vec::new(),
        papers: Vec::new(),
        going_on: String::new(),
    };
    let ready = gather(office, tx, who, &scope, &opening).await?;
    let new = ready.application(office, who, &opening);
    let no = match applications::add(tx, &new).await? {
        Taken::New(no) | Taken::Before(no) => no,
    };
    let act = Act::new(&office.clock.at(), who.login(), "application.take");
    tx.record(act.on("application", no).under(matter.procedure.clone()));
    let application = Application { no, content: new };
    let wanted = Wanted {
        programme: matter.procedure.clone(),
        person: None,
    };
    let begun = Begun {
        application: &application,
        papers: &[],
        procedure: &procedure,
        subject,
        rules_day: today,
    };
    begin(office, tx, who, &wanted, begun).await
}

/// The question of a fact, as it was or would be asked.
pub(crate) fn question_of(office: &Office, fact: &str, person: Option<PersonId>) -> Option<Lack> {
    let program = office.rules_on(office.clock.today());
    let entity = match person {
        None => HOUSEHOLD,
        Some(_) => PERSON,
    };
    let own = |one: &&FactDef| one.name == fact && program.dict.entity_name(one.entity) == entity;
    let known = program.dict.facts.iter().find(own)?;
    may_be_asked(known).then(|| lack(&program, known, person))
}

/// From how many years on somebody signs for themselves.
pub(crate) fn grown_up(office: &Office) -> Option<i32> {
    super::fields::grown_up_years(&office.book)
}

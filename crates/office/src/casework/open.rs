//! 收件: one application, and a case for each programme it is for. Whatever brought it — an application, a
//! helper, a warning, a clue, the hotline, somebody who looked — it is an application of a person, with
//! the same questions and the same clock.

use super::found::{self, Found};
use super::{CaseError, Done, events, without_numbers};
use crate::access::{Acting, Right, Scope};
use crate::office::Office;
use crate::photos::{self, AboutKind, PhotoAbout};
use crate::views::ViewError;
use domain::casework::{Event, What, stand};
use domain::procedure::Procedure;
use domain::{ApplicationNo, AreaCode, CaseNo, Day, HouseholdId, PersonId, Relation, WarningId};
use rules::Program;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::applications::{
    self, Application, Declared, Flag, NewApplication, Paper, PaperState, Taken,
};
use store::cases::{self, NewCase, Subject};
use store::crisis::Crisis;
use store::{Act, JournalTx};

pub use store::applications::Cause;

/// Households and persons, by their names in the dictionary.
const HOUSEHOLD: &str = "家庭";

/// A programme somebody applies for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its policy's name in the rulebook: `dibao`.
    pub programme: String,
    /// Who is meant, where it is for one person; the applicant without.
    pub person: Option<PersonId>,
}

/// 收件: what the window takes in.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The word of the form: the same form sent twice is one application.
    pub form_key: String,
    /// How the office came to know.
    pub cause: Cause,
    /// Number of the warning or clue.
    pub cause_id: Option<i64>,
    /// Who applies.
    pub applicant: PersonId,
    /// Who helps.
    pub helper: Option<PersonId>,
    /// Who lives together, as the applicant says.
    pub members: Vec<(PersonId, Relation)>,
    /// What for.
    pub wanted: Vec<Wanted>,
    /// What the applicant declares.
    pub declared: Vec<Declared>,
    /// The papers handed in.
    pub papers: Vec<Paper>,
    /// Why it goes on although somebody was found elsewhere; empty when nobody was.
    pub going_on: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// 申请编号.
    pub application: ApplicationNo,
    /// Its cases, one a programme.
    pub cases: Vec<CaseNo>,
    /// Programmes for which a case is open already, with that.
    pub joined: Vec<(String, CaseNo)>,
    /// Whether the same form was taken before.
    pub again: bool,
}

/// Takes an application at the window.
///
/// # Errors
/// No right, a near relative, nobody of that number, a programme without a procedure, somebody found
/// elsewhere without a reason, or a declared value that is none.
pub async fn open(office: &Office, who: &Acting, opening: &Opening) -> Done<Opened> {
    let mut tx = office.store.write().await?;
    let opened = open_in(office, &mut tx, who, Right::CASE_ACCEPT, opening).await?;
    // The same form again changes nothing, so there is nothing to commit.
    if !opened.again {
        tx.commit().await?;
    }
    Ok(opened)
}

/// The same within a work of its own right and transaction; with `again` nothing was written.
///
/// # Errors
/// As [`open`].
pub async fn open_in(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    right: Right,
    opening: &Opening,
) -> Done<Opened> {
    let scope = who.scope(right)?;
    if let Some(no) = applications::find_by_form(tx, &opening.form_key).await? {
        return taken_before(tx, no).await;
    }
    let today = office.clock.today();
    let program = office.rules_on(today);
    let ready = gather(office, tx, who, &scope, opening).await?;
    let flags = flags_of(office, tx, &ready, opening).await?;
    let mut chosen = Vec::new();
    let mut joined = Vec::new();
    for wanted in &opening.wanted {
        let (procedure, subject) = way(office, &program, &ready, opening, wanted, today)?;
        let same = |(other, _, of): &(&Wanted, _, Subject)| {
            other.programme == wanted.programme && *of == subject
        };
        if chosen.iter().any(same) {
            continue;
        }
        match cases::open_of(tx, &wanted.programme, subject).await? {
            Some(open) if !super::afterwards::give_way(office, tx, who, open.no, None).await? => {
                joined.push((wanted.programme.clone(), open.no));
            }
            Some(_) | None => chosen.push((wanted, procedure, subject)),
        }
    }
    if chosen.is_empty() {
        return Err(nothing_new(&joined));
    }
    declared_right(&program, &ready, &opening.declared)?;
    let new = ready.application(office, who, opening);
    let no = match applications::add(tx, &new).await? {
        Taken::New(no) => no,
        Taken::Before(no) => return taken_before(tx, no).await,
    };
    let at = office.clock.at();
    applications::add_flags(tx, &at, who.login(), no, &flags).await?;
    applications::declare(tx, &at, who.login(), no, &opening.declared).await?;
    let mut papers = papers_of(
        opening,
        chosen.iter().map(|(_, procedure, _)| procedure.as_ref()),
    )?;
    let programmes: Vec<&str> = chosen
        .iter()
        .map(|(one, ..)| one.programme.as_str())
        .collect();
    let wanted = (programmes.as_slice(), papers.as_mut_slice());
    let crises = super::afterwards::spared(office, tx, &ready.area, wanted).await?;
    applications::keep_papers(tx, &at, who.login(), no, &papers).await?;
    tx.record(
        Act::new(&at, who.login(), "application.take")
            .on("application", no)
            .under(opening.cause_id.map_or_else(
                || opening.cause.word().to_owned(),
                |id| format!("{}:{id}", opening.cause.word()),
            ))
            .because(opening.going_on.trim()),
    );
    if let (Cause::Clue, Some(clue)) = (opening.cause, opening.cause_id) {
        applications::use_clue(tx, clue, no).await?;
        let to = PhotoAbout::new(AboutKind::Application, no.get());
        let under = format!("application:{no}");
        let from = super::clues::about(clue);
        photos::carry(office, tx, who.login(), &from, &to, &under).await?;
    }
    let application = Application { no, content: new };
    let mut opened = Vec::new();
    for (wanted, procedure, subject) in chosen {
        let begun = Begun {
            application: &application,
            papers: &papers,
            procedure: &procedure,
            subject,
            rules_day: today,
        };
        let no = begin(office, tx, who, wanted, begun).await?;
        let through = |one: &&Crisis| one.content.programmes.contains(&wanted.programme);
        if let Some(crisis) = crises.iter().find(through) {
            super::afterwards::through(office, tx, crisis, no).await?;
        }
        opened.push(no);
    }
    super::near::mark(office, tx, &opened).await?;
    Ok(Opened {
        application: no,
        cases: opened,
        joined,
        again: false,
    })
}

async fn taken_before(tx: &JournalTx, no: ApplicationNo) -> Done<Opened> {
    let before = cases::of_application(tx, no).await?;
    Ok(Opened {
        application: no,
        cases: before.iter().map(|case| case.no).collect(),
        joined: Vec::new(),
        again: true,
    })
}

fn nothing_new(joined: &[(String, CaseNo)]) -> CaseError {
    let said = match joined.first() {
        None => "请至少选一项救助".to_owned(),
        Some(_) => {
            let numbers: Vec<String> = joined.iter().map(|(_, no)| format!("№ {no}")).collect();
            format!(
                "已经有在办的办件 {},不重复收件;新交的材料请登记到那一件",
                numbers.join("、")
            )
        }
    };
    CaseError::Refused(said)
}

/// What is known of those who come.
pub(super) struct Ready {
    members: Vec<(PersonId, Relation)>,
    household: Option<HouseholdId>,
    area: AreaCode,
    taken_area: AreaCode,
}

impl Ready {
    pub(super) fn application(
        &self,
        office: &Office,
        who: &Acting,
        opening: &Opening,
    ) -> NewApplication {
        NewApplication {
            form_key: opening.form_key.clone(),
            cause: opening.cause,
            cause_id: opening.cause_id,
            applicant: opening.applicant,
            helper: opening.helper,
            household: self.household,
            area: self.area,
            taken_area: self.taken_area,
            received_at: office.clock.at(),
            received_day: office.clock.today(),
            taken_by: who.login().to_owned(),
            members: self.members.clone(),
        }
    }
}

pub(super) async fn gather(
    office: &Office,
    tx: &JournalTx,
    who: &Acting,
    scope: &Scope,
    opening: &Opening,
) -> Done<Ready> {
    without_numbers(&opening.going_on)?;
    for paper in &opening.papers {
        without_numbers(&paper.because)?;
    }
    if opening.form_key.trim().is_empty() {
        let said = "这张表没有编号,不能防止重复提交;请重新打开收件页面";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if matches!(opening.cause, Cause::Warning | Cause::Clue) && opening.cause_id.is_none() {
        let said = format!("来由是{},要写明编号", opening.cause.name());
        return Err(CaseError::Refused(said));
    }
    if opening.helper == Some(opening.applicant) {
        return Err(CaseError::Refused("代办人不能是申请人自己".to_owned()));
    }
    let mut members = opening.members.clone();
    if !members
        .iter()
        .any(|(person, _)| *person == opening.applicant)
    {
        members.insert(0, (opening.applicant, Relation::Head));
    }
    let ids: Vec<PersonId> = members.iter().map(|(person, _)| *person).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        let said = "家庭成员里同一个人写了两次,请删去一次";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let people = store::persons::get_many(tx, &ids).await?;
    if people.len() < ids.len() {
        return Err(CaseError::NotFound(
            "有一名成员不在登记里;请先登记".to_owned(),
        ));
    }
    let today = office.clock.today();
    let homes = store::households::memberships_on(tx, &ids, today).await?;
    let household = homes.get(&opening.applicant).map(|m| m.household);
    if ids.iter().any(|person| who.is_kept_from_person(*person))
        || household.is_some_and(|home| who.is_kept_from(home))
    {
        return Err(ViewError::kept_from().into());
    }
    cause_is_known(tx, scope, opening, (&ids, household)).await?;
    let home = match household {
        Some(id) => store::households::get_many(tx, &[id]).await?.pop(),
        None => None,
    };
    let own = people.iter().find(|person| person.id == opening.applicant);
    let lives = home.map(|home| home.area).or(own.and_then(|p| p.area));
    let here = scope.start().or_else(|| scope.places()?.first().copied());
    let whole = office.home().await?.map(|area| area.code);
    let taken_area = here.or(whole).or(lives);
    let area = lives.or(taken_area);
    let (Some(area), Some(taken_area)) = (area, taken_area) else {
        let said = "申请人住在哪里还不知道,不能确定由谁办;请先登记住址所在的村(社区)";
        return Err(CaseError::Refused(said.to_owned()));
    };
    // What is taken at home is taken at the door itself.
    let taken_area = match taken_area.contains(&area) {
        true => area,
        false => taken_area,
    };
    Ok(Ready {
        members,
        household,
        area,
        taken_area,
    })
}

/// The warning or clue an application names is there, within the places of whoever takes it, and about one
/// of those who come; whichever fails, the answer is the same.
async fn cause_is_known(
    tx: &JournalTx,
    scope: &Scope,
    opening: &Opening,
    (people, household): (&[PersonId], Option<HouseholdId>),
) -> Done<()> {
    let Some(id) = opening.cause_id else {
        return Ok(());
    };
    let fits = match opening.cause {
        Cause::Warning => {
            let warning = store::warnings::find(tx, WarningId::new(id)).await?;
            warning.map(|warning| warning.content).is_some_and(|one| {
                let home = one.household.is_some() && one.household == household;
                let person = one.person.is_some_and(|person| people.contains(&person));
                scope.contains(&one.area) && (home || person)
            })
        }
        Cause::Clue => {
            let clue = applications::find_clue(tx, id).await?;
            clue.map(|clue| clue.content)
                .is_some_and(|one| scope.contains(&one.area) && people.contains(&one.person))
        }
        Cause::Apply | Cause::OnBehalf | Cause::Hotline | Cause::Found => {
            let said = format!(
                "来由是{},不用写编号;只有预警和线索有编号",
                opening.cause.name()
            );
            return Err(CaseError::Refused(said));
        }
    };
    match fits {
        true => Ok(()),
        false => Err(CaseError::Refused(format!(
            "没有编号为 {id} 的{},或者它说的不是这一家;请核对编号",
            opening.cause.name()
        ))),
    }
}

/// Who was found elsewhere, each with the reason to go on.
async fn flags_of(
    office: &Office,
    tx: &JournalTx,
    ready: &Ready,
    opening: &Opening,
) -> Done<Vec<Flag>> {
    let persons: Vec<PersonId> = ready.members.iter().map(|(person, _)| *person).collect();
    let found = found::elsewhere(office, tx, &persons, ready.household).await?;
    let because = opening.going_on.trim();
    if !found.is_empty() && because.is_empty() {
        let said = format!(
            "有 {} 处重复:家庭成员已在别处享受救助或者另有办件;核实以后写明继续办理的理由",
            found.len()
        );
        return Err(CaseError::Refused(said));
    }
    let flag = |found: &Found| Flag {
        person: found.person,
        kind: found.kind,
        programme: found.programme.clone(),
        case: found.case,
        because: because.to_owned(),
    };
    Ok(found.iter().map(flag).collect())
}

/// The procedure of a programme, and whom its case is about.
fn way(
    office: &Office,
    program: &Program,
    ready: &Ready,
    opening: &Opening,
    wanted: &Wanted,
    day: Day,
) -> Done<(Arc<Procedure>, Subject)> {
    let id = wanted.programme.as_str();
    let file = program.files.iter().find(|file| file.id == id);
    let file = file.ok_or_else(|| CaseError::Refused(format!("本地没有救助项目 `{id}`")))?;
    let procedure = office.admission(id, day).ok_or_else(|| {
        CaseError::Refused(format!("《{}》没有申请办理的流程,不能收件", file.title))
    })?;
    let subject = if program.dict.entity_name(file.entity) == HOUSEHOLD {
        let none = || {
            let said = "申请人还没有登记在任何一户,按户救助不能收件;请先登记住户";
            CaseError::Refused(said.to_owned())
        };
        Subject::Household(ready.household.ok_or_else(none)?)
    } else {
        let person = wanted.person.unwrap_or(opening.applicant);
        if !ready.members.iter().any(|(member, _)| *member == person) {
            let said = format!("《{}》是按人救助,请在家庭成员里选一个人", file.title);
            return Err(CaseError::Refused(said));
        }
        Subject::Person(person)
    };
    Ok((procedure, subject))
}

/// Every declared value is one of its fact, and of somebody who belongs to the application.
fn declared_right(program: &Program, ready: &Ready, declared: &[Declared]) -> Done<()> {
    for one in declared {
        let fact = program.dict.facts.iter().find(|fact| fact.name == one.fact);
        let unknown = || CaseError::Refused(format!("没有名为“{}”的事实", one.fact));
        let fact = fact.ok_or_else(unknown)?;
        let of_home = program.dict.entity_name(fact.entity) == HOUSEHOLD;
        let known = match one.person {
            None => of_home,
            Some(person) => !of_home && ready.members.iter().any(|(member, _)| *member == person),
        };
        if !known {
            let said = format!("“{}”没有写明是谁的", one.fact);
            return Err(CaseError::Refused(said));
        }
        without_numbers(&one.value)?;
        if let Err(why) = rules::show::parse_cell(&one.value, fact.ty, &program.dict) {
            return Err(CaseError::Refused(format!("“{}”:{why}", one.fact)));
        }
    }
    Ok(())
}

/// The papers the first steps ask for; what was not handed in is missing.
fn papers_of<'a>(
    opening: &Opening,
    procedures: impl Iterator<Item = &'a Procedure>,
) -> Done<Vec<Paper>> {
    let mut papers: Vec<Paper> = Vec::new();
    for name in procedures
        .filter_map(Procedure::first)
        .flat_map(|step| &step.papers)
    {
        if papers.iter().any(|paper| paper.name == *name) {
            continue;
        }
        let handed = opening.papers.iter().find(|paper| paper.name == *name);
        papers.push(handed.cloned().unwrap_or_else(|| Paper {
            name: name.clone(),
            state: PaperState::Missing,
            because: String::new(),
        }));
    }
    let bare = |paper: &&Paper| paper.state == PaperState::Later && paper.because.trim().is_empty();
    match papers.iter().find(bare) {
        Some(paper) => Err(CaseError::Refused(format!(
            "“{}”容缺后补,要写明理由",
            paper.name
        ))),
        None => Ok(papers),
    }
}

pub(super) struct Begun<'a> {
    pub(super) application: &'a Application,
    pub(super) papers: &'a [Paper],
    pub(super) procedure: &'a Procedure,
    pub(super) subject: Subject,
    pub(super) rules_day: Day,
}

pub(super) async fn begin(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    wanted: &Wanted,
    begun: Begun<'_>,
) -> Done<CaseNo> {
    let content = &begun.application.content;
    let first = Event {
        day: content.received_day,
        actor: who.login().to_owned(),
        what: What::Submitted,
        because: String::new(),
    };
    let of_area = begun.procedure.at(&content.area);
    let procedure = of_area.as_ref().unwrap_or(begun.procedure);
    let standing =
        stand(procedure, content.area, std::slice::from_ref(&first)).map_err(|(_, why)| why)?;
    let handed = (begun.application, begun.papers);
    let current = events::current(procedure, &standing, office.calendar()?, handed);
    let new = NewCase {
        application: begun.application.no,
        programme: wanted.programme.clone(),
        procedure: begun.procedure.id.clone(),
        rules_day: begun.rules_day,
        subject: begun.subject,
        household: content.household,
        applicant: content.applicant,
    };
    let row = events::write(&first, &current.step, "", office);
    let no = cases::open(tx, &new, &row, &current).await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "case.open")
            .on("case", no)
            .under(format!("application:{}", begun.application.no)),
    );
    Ok(no)
}

//! Visits as pages show them: ready words, names masked. Every look at a form is in the chain before its
//! page leaves.

use super::form::{self, Form};
use super::{About, Conflict, Said, VisitOutcome, act, find, household, newest, schedule, second};
use crate::access::{Acting, Right};
use crate::casework::{Done, place_names};
use crate::desk::minute;
use crate::office::Office;
use crate::photos::{self, AboutKind, PhotoAbout, PhotoView};
use crate::views::{Choice, Word};
use domain::procedure::Purpose;
use domain::{AreaCode, AreaLevel, CaseNo, Day, PersonId};
use std::collections::{BTreeMap, HashMap};
use store::cases::{self, CaseRow};
use store::identity::Masked;
use store::tasks::{self, Task, TaskState};
use store::visits::{self, Visit, VisitFor, VisitState};
use store::warnings::{self, WarningState};

/// Lines that are read of each kind; more is told as more.
const LINES_MAX: u32 = 500;

/// 走访清单
#[derive(Clone, Debug, Default)]
pub struct VisitList {
    /// What is to be visited: what is late first, then the first due first.
    pub rows: Vec<VisitLine>,
    /// How many of them are late.
    pub late: usize,
    /// How many are due today.
    pub today: usize,
    /// Whether there are more than were read.
    pub more: bool,
    /// Whether this person reports clues too.
    pub reports: bool,
}

/// One door to go to.
#[derive(Clone, Debug)]
pub struct VisitLine {
    /// What for; the page begins the visit with it.
    pub about: About,
    /// What it is called.
    pub title: String,
    /// Who lives there, masked.
    pub who: String,
    /// Where.
    pub place: String,
    /// What to look at.
    pub why: String,
    /// By when.
    pub due: Word,
    /// The visit that goes on already.
    pub visit: Option<i64>,
    /// When it is due, beside today.
    pub when: When,
}

/// When a door is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// 逾期.
    Late,
    /// 今日.
    Today,
    /// Later, or on no day.
    Later,
}

impl When {
    fn of(due: Option<Day>, today: Day) -> Self {
        match due {
            Some(due) if due < today => Self::Late,
            Some(due) if due == today => Self::Today,
            Some(_) | None => Self::Later,
        }
    }
}

/// A form at a door.
#[derive(Clone, Debug)]
pub struct VisitView {
    /// 走访编号.
    pub no: i64,
    /// The step or task.
    pub title: String,
    /// Where.
    pub place: String,
    /// The record it makes.
    pub record: String,
    /// The case, where it is for one.
    pub case: Option<i64>,
    /// What the task asks; empty for a case.
    pub asks: String,
    /// Whether it can be filled in now, by this person.
    pub open: bool,
    /// Whether it takes two to go.
    pub two: bool,
    /// What is asked, for the household and for each person.
    pub people: Vec<PersonForm>,
    /// What may be found, for a task.
    pub outcomes: Vec<Choice>,
    /// How it ended: who went, on which day, what was found; empty while it goes on.
    pub ended: String,
    /// How many answers somebody has to choose.
    pub conflicts: usize,
    /// Who has confirmed or signed, a line for each.
    pub confirmed: Vec<String>,
    /// Whether somebody of the household signed, or why not; empty where the form asks for no signature.
    pub household: String,
    /// The reasons to choose from, while nobody of the household has signed.
    pub unsigned: Vec<String>,
    /// Who can be named as the second investigator.
    pub seconds: Vec<Choice>,
    /// Whether this person can stand for what is answered so far.
    pub confirms: bool,
    /// The newest answer that is shown, whoever gave it; 0 for none.
    pub shown: i64,
    /// Photos and signatures.
    pub photos: Vec<PhotoView>,
    /// The account that looks.
    pub login: String,
}

/// What is asked of one person, or of the household.
#[derive(Clone, Debug)]
pub struct PersonForm {
    /// Who, masked.
    pub name: String,
    /// How related; empty for the household.
    pub relation: String,
    /// How many questions are answered.
    pub answered: usize,
    /// Whether it stands open: something is required or has to be chosen.
    pub open: bool,
    /// The questions.
    pub fields: Vec<FieldView>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct FieldView {
    /// Whose and which: `0:住房安全`, `17:共同生活`.
    pub key: String,
    /// Which fact.
    pub fact: String,
    /// How it is asked.
    pub question: String,
    /// How it is answered.
    pub hint: String,
    /// What may be chosen; free without.
    pub choices: Vec<String>,
    /// What stands there.
    pub value: String,
    /// The answer it stands on.
    pub base: i64,
    /// Whether it must be answered.
    pub required: bool,
    /// Both answers, where somebody has to choose.
    pub conflict: String,
}

/// What was typed and could not be kept.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The answers as they were sent.
    pub said: Vec<Said>,
    /// Those that have to be chosen between.
    pub conflicts: Vec<Conflict>,
}

struct Names {
    people: HashMap<PersonId, Masked>,
    places: BTreeMap<AreaCode, String>,
}

impl Names {
    async fn of(office: &Office, people: &[PersonId], places: &[AreaCode]) -> Done<Self> {
        let today = office.clock.today();
        Ok(Self {
            people: store::identity::masked(&office.store, people).await?,
            places: place_names(office, places.iter().copied(), today).await?,
        })
    }

    fn person(&self, person: PersonId) -> String {
        let name = self
            .people
            .get(&person)
            .and_then(|masked| masked.name.clone());
        name.unwrap_or_else(|| "姓名未登记".to_owned())
    }

    fn place(&self, place: &AreaCode) -> String {
        self.places.get(place).cloned().unwrap_or_default()
    }
}

/// The doors somebody has to go to: open steps of cases that want a visit, and tasks.
///
/// # Errors
/// No right, or the record.
pub async fn visit_list(office: &Office, who: &Acting) -> Done<VisitList> {
    let forms = form::forms(office)?;
    let (cases, more_cases) = cases_of(office, who, &forms).await?;
    let (tasks, more_tasks) = tasks_of(office, who).await?;
    let people: Vec<PersonId> = cases
        .iter()
        .map(|row| row.content.applicant)
        .chain(
            tasks
                .iter()
                .filter_map(|(task, _, head)| head.or(task.content.person)),
        )
        .collect();
    let places: Vec<AreaCode> = cases
        .iter()
        .map(|row| row.current.area)
        .chain(tasks.iter().map(|(_, area, _)| *area))
        .collect();
    let names = Names::of(office, &people, &places).await?;
    let today = office.clock.today();
    let mut rows: Vec<(Option<Day>, VisitLine)> = Vec::new();
    for row in &cases {
        let going = visits::open_of_case(&office.store, row.no).await?;
        let line = VisitLine {
            about: About::Case(row.no),
            title: office.title(&row.content.programme),
            who: names.person(row.content.applicant),
            place: names.place(&row.current.area),
            why: format!("办件 № {} · {}", row.no, row.current.step),
            due: Word::due(row.current.due, today),
            visit: going.map(|visit| visit.no),
            when: When::of(row.current.due, today),
        };
        rows.push((row.current.due, line));
    }
    for (task, area, head) in &tasks {
        let going = visits::open_of_task(&office.store, task.id).await?;
        let person = head.or(task.content.person);
        let line = VisitLine {
            about: About::Task(task.id),
            title: task_title(office, task),
            who: person.map_or_else(|| "没有登记的人".to_owned(), |one| names.person(one)),
            place: names.place(area),
            why: task.content.summary.clone(),
            due: Word::due(task.content.due, today),
            visit: going.map(|visit| visit.no),
            when: When::of(task.content.due, today),
        };
        rows.push((task.content.due, line));
    }
    rows.sort_by_key(|(due, _)| (due.is_none(), *due));
    let so_many = |when: When| rows.iter().filter(|(_, line)| line.when == when).count();
    Ok(VisitList {
        late: so_many(When::Late),
        today: so_many(When::Today),
        rows: rows.into_iter().map(|(_, line)| line).collect(),
        more: more_cases || more_tasks,
        reports: who.may(Right::CLUE_REPORT),
    })
}

/// What a task goes for: a regular visit, a warning, or what its own procedure is called.
fn task_title(office: &Office, task: &Task) -> String {
    let content = &task.content;
    if content.kind == schedule::VISIT_TASK {
        let regular = content.cause_kind == schedule::CAUSE;
        return if regular {
            "定期走访"
        } else {
            "核实预警"
        }
        .to_owned();
    }
    let procedures = office.procedures(office.clock.today());
    let own = procedures.iter().find(|one| one.id == content.kind);
    own.map_or_else(|| content.kind.clone(), |one| one.title.clone())
}

/// The cases whose open step is a visit this person may make.
async fn cases_of(office: &Office, who: &Acting, forms: &[Form]) -> Done<(Vec<CaseRow>, bool)> {
    let scope = who.scope(Right::VISIT_REPORT)?;
    let places: Vec<Option<AreaCode>> = match scope.places() {
        Some(places) => places.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    let mut found: BTreeMap<CaseNo, CaseRow> = BTreeMap::new();
    let mut more = false;
    for role in who.role_titles() {
        for place in &places {
            let rows = cases::waiting(&office.store, &role, place.as_ref(), LINES_MAX).await?;
            more |= rows.len() >= usize::try_from(LINES_MAX).unwrap_or(usize::MAX);
            for (row, wait) in rows {
                let content = &row.content;
                let own = wait.owner.is_empty() || wait.owner == who.login();
                let kept = wait.not_by.split('、').any(|login| login == who.login())
                    || who.is_kept_from_person(content.applicant)
                    || content.household.is_some_and(|home| who.is_kept_from(home));
                if !own || kept || !who.holds_role(&role, &row.current.area) {
                    continue;
                }
                let procedure = office.procedure(&content.procedure, content.rules_day)?;
                let step = procedure.step(&wait.step);
                if step.is_some_and(|step| form::of(forms, step).is_some()) {
                    found.entry(row.no).or_insert(row);
                }
            }
        }
    }
    Ok((found.into_values().collect(), more))
}

type TaskAt = (Task, AreaCode, Option<PersonId>);

/// The open tasks within somebody's places, each with the door's place and the head of the household.
async fn tasks_of(office: &Office, who: &Acting) -> Done<(Vec<TaskAt>, bool)> {
    let scope = who.scope(Right::VISIT_REPORT)?;
    let today = office.clock.today();
    // A task stands at its township; the door may be in one village of it.
    let start = scope
        .start()
        .map(|place| place.at(AreaLevel::Township).unwrap_or(place));
    let filter = tasks::Filter {
        state: TaskState::Open,
        area: start,
        worker: None,
    };
    let all = tasks::list(&office.store, &filter, None, LINES_MAX).await?;
    let more = all.len() >= usize::try_from(LINES_MAX).unwrap_or(usize::MAX);
    let procedures = office.procedures(today);
    let visits = |kind: &str| {
        let mut all = procedures.iter();
        all.any(|one| one.id == kind && one.purpose == Purpose::Visit)
    };
    let homes: Vec<_> = all
        .iter()
        .filter_map(|task| task.content.household)
        .collect();
    let homes = store::households::get_many(&office.store, &homes).await?;
    let mut out = Vec::new();
    for task in all.into_iter().filter(|task| visits(&task.content.kind)) {
        let home = task.content.household;
        let row = homes.iter().find(|row| Some(row.id) == home);
        let area = row.map_or(task.content.area, |row| row.area);
        let kept = home.is_some_and(|home| who.is_kept_from(home))
            || task
                .content
                .person
                .is_some_and(|person| who.is_kept_from_person(person));
        if kept || !scope.contains(&area) {
            continue;
        }
        let head = match home {
            Some(home) => {
                let members = store::households::members(&office.store, home).await?;
                let mut now = members.iter().filter(|member| member.span.contains(today));
                let head = now.find(|member| member.relation == domain::Relation::Head);
                head.map(|member| member.person)
            }
            None => None,
        };
        out.push((task, area, head));
    }
    Ok((out, more))
}

/// Everything a task is to find out: its own words, and those of each warning that joined it later.
async fn asks(office: &Office, task: Option<&Task>) -> Done<String> {
    let Some(task) = task else {
        return Ok(String::new());
    };
    let mut all = vec![task.content.summary.clone()];
    for id in tasks::warnings(&office.store, task.id).await? {
        let warning = warnings::find(&office.store, id).await?;
        let open = warning.filter(|one| one.state == WarningState::Open);
        let Some(text) = open.map(|one| one.content.text) else {
            continue;
        };
        if !all.iter().any(|known| known.contains(&text)) {
            all.push(text);
        }
    }
    Ok(all.join(";"))
}

/// A form at a door, with what stands in it; `typed` over it, where it could not be kept.
///
/// # Errors
/// No right, no such visit, or a near relative's.
pub async fn visit_view(office: &Office, who: &Acting, no: i64, typed: &Typed) -> Done<VisitView> {
    let (visit, door) = find(office, who, no).await?;
    let people: Vec<PersonId> = door.people.iter().map(|(person, _)| *person).collect();
    let names = Names::of(office, &people, &[door.area]).await?;
    let seen = act(office, who, "read.visit", no, &door);
    let seen = seen.carrying(format!("{{\"channel\":\"{}\"}}", who.channel().word()));
    office.store.record_alone(seen).await?;
    let forms = form::forms(office)?;
    let held = visits::answers(&office.store, no).await?;
    let newest = newest(&held);
    let form = forms.iter().find(|form| form.id == visit.content.form);
    let same_step = door
        .open
        .as_ref()
        .filter(|(step, _)| step.name == visit.content.step);
    let open = visit.state == VisitState::Open && same_step.is_some() && door.is_for(who);
    let fields = |person: Option<PersonId>| -> Vec<FieldView> {
        let fields = form.into_iter().flat_map(|form| &form.fields);
        let own = fields.filter(|field| field.of_home == person.is_none());
        own.map(|field| {
            let kept = newest.get(&(person, field.fact.clone()));
            let typed_in = typed
                .said
                .iter()
                .find(|said| said.person == person && said.fact == field.fact);
            let conflict = typed
                .conflicts
                .iter()
                .find(|one| one.person == person && one.fact == field.fact);
            let value = kept.map_or("", |answer| answer.content.value.as_str());
            FieldView {
                key: format!("{}:{}", person.map_or(0, PersonId::get), field.fact),
                fact: field.fact.clone(),
                question: field.question.clone(),
                hint: field.hint.clone(),
                choices: field.choices.clone(),
                value: typed_in
                    .map_or(value, |said| said.value.as_str())
                    .to_owned(),
                base: match (conflict, typed_in) {
                    (Some(conflict), _) => conflict.base,
                    // What was just kept is what the next answer stands on.
                    (None, Some(said)) if said.value != value => said.base,
                    _ => kept.map_or(0, |answer| answer.no),
                },
                required: field.required,
                conflict: conflict.map_or_else(String::new, |one| {
                    format!("{} 填的是“{}”,您填的是“{}”", one.by, one.theirs, one.mine)
                }),
            }
        })
        .collect()
    };
    let two = same_step.is_some_and(|(step, _)| step.persons > 1);
    let seconds = second::shown(&office.store, who, no).await?;
    let about = PhotoAbout::new(AboutKind::Visit, no);
    let mut parts = vec![part("全家".to_owned(), String::new(), fields(None))];
    for (person, relation) in &door.people {
        let said = fields(Some(*person));
        parts.push(part(
            names.person(*person),
            relation.name().to_owned(),
            said,
        ));
    }
    parts.retain(|part| !part.fields.is_empty());
    Ok(VisitView {
        no,
        title: visit.content.step.clone(),
        place: names.place(&door.area),
        record: form.map_or_else(String::new, |form| form.record.clone()),
        case: match door.about {
            VisitFor::Case(case, _) => Some(case.get()),
            VisitFor::Task(_) => None,
        },
        asks: asks(office, door.task.as_ref()).await?,
        open,
        two,
        people: parts,
        outcomes: match door.task {
            Some(_) => outcomes(),
            None => Vec::new(),
        },
        ended: match open {
            true => String::new(),
            false => ended(&visit),
        },
        conflicts: typed.conflicts.len(),
        confirmed: seconds.lines,
        household: match form.is_some_and(|form| form.is_signed) {
            true => household::words(&office.store, &visit).await?,
            false => String::new(),
        },
        unsigned: match form.filter(|_| open) {
            Some(form) => household::asked(office, &office.store, (form, no)).await?,
            None => Vec::new(),
        },
        seconds: seconds.choices,
        // With something typed over it the page does not show what is kept.
        confirms: open
            && two
            && !held.is_empty()
            && typed.said.is_empty()
            && visit.actor != who.login(),
        shown: held.last().map_or(0, |answer| answer.no),
        photos: photos::of(office, &office.store, &about).await?,
        login: who.login().to_owned(),
    })
}

/// The fields of one person or of the household, open where something is still asked.
fn part(name: String, relation: String, fields: Vec<FieldView>) -> PersonForm {
    let asks = |field: &FieldView| {
        !field.conflict.is_empty() || (field.required && field.value.is_empty())
    };
    PersonForm {
        answered: fields
            .iter()
            .filter(|field| !field.value.is_empty())
            .count(),
        open: fields.iter().any(asks),
        name,
        relation,
        fields,
    }
}

/// How a visit ended, or why it cannot be filled in.
fn ended(visit: &Visit) -> String {
    let (VisitState::Done, Some(day)) = (visit.state, visit.done) else {
        return format!("{} 开始,现在不能填写", minute(&visit.at));
    };
    let found = visit.outcome.map_or("", outcome_word);
    let by = visit.visitors.join("、");
    format!("{day} {by} 办完 {found} {}", visit.because)
        .trim()
        .to_owned()
}

/// 走访结论 in words.
pub(crate) fn outcome_word(outcome: VisitOutcome) -> &'static str {
    match outcome {
        VisitOutcome::True => "属实",
        VisitOutcome::False => "不属实",
        VisitOutcome::Partly => "部分属实",
        VisitOutcome::NotMet => "没有见到人",
    }
}

fn outcomes() -> Vec<Choice> {
    let all = [
        VisitOutcome::True,
        VisitOutcome::Partly,
        VisitOutcome::False,
        VisitOutcome::NotMet,
    ];
    all.map(|one| Choice {
        value: one.word().to_owned(),
        label: outcome_word(one).to_owned(),
    })
    .to_vec()
}

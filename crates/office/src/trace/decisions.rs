//! From a decision back to what it rests on: who did each step, notice and objections, the rules by their
//! digest, every fact the rules read by its record, the verification report, visits and papers, the
//! application, and the rows of the departments' files.
//!
//! Members are told by their place in the application, never by name; words somebody typed are not told.

mod after;

pub(super) use after::of_after;

use super::{Step, acted, batches_of, not_there, of_warning, reads, rows_of};
use crate::casework::capsule::{self, Capsule};
use crate::casework::{self, Case, CaseError, KIN, Thing, way_word};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use crate::verification;
use domain::{Day, HouseholdId, Month, PersonId, WarningId};
use rules::Program;
use std::collections::{BTreeMap, BTreeSet};
use store::applications::{self, Cause, PaperState};
use store::cases::Subject;
use store::decisions::{self, Decision};
use store::notices::{self, ObjectionState, Proposal};
use store::visits::{self, Visit};
use store::{tasks, verifications};

fn plain(error: CaseError) -> OfficeError {
    match error {
        CaseError::Office(error) => error,
        CaseError::NotFound(said) => OfficeError::NotFound(said),
        other => OfficeError::Other(other.to_string()),
    }
}

/// Walks back from `decision:3`.
pub(super) async fn of_decision(office: &Office, no: i64) -> Result<Vec<Step>> {
    let found = decisions::find(&office.store, no).await?;
    let decision = found.ok_or_else(|| not_there("决定", no))?;
    let content = &decision.content;
    let case = casework::read(office, &office.store, content.case).await;
    let case = case.map_err(plain)?;
    let case = case.ok_or_else(|| not_there("办件", content.case))?;
    let sealed = capsule::of_decision(&decision).map_err(plain)?;
    let day = Day::parse(&sealed.rules_day);
    let day = day.map_err(|error| OfficeError::Other(format!("决定封存的规则日:{error}")))?;
    let program = office.rules_on(day);
    let mut steps = vec![
        decision_step(office, &decision).await?,
        rule_step(&program, &sealed),
        case_step(&case),
    ];
    steps.extend(public_steps(office, &case, no).await?);
    let month = told_month(&sealed).unwrap_or(Month::containing(content.day));
    steps.extend(grounds(office, &program, &case, (&sealed, month)).await?);
    Ok(once(steps))
}

/// What was known when a case was decided: facts, reports, visits, papers, the warning it came from, and the rows
/// of the departments' files.
async fn grounds(
    office: &Office,
    program: &Program,
    case: &Case,
    (sealed, month): (&Capsule, Month),
) -> Result<Vec<Step>> {
    let used = reads::of_policy(program, &sealed.programme);
    let mut steps = fact_steps(program, case, sealed, &used.facts);
    steps.extend(report_steps(office, case).await?);
    steps.extend(visit_steps(office, case).await?);
    steps.extend(application_steps(office, case).await?);
    let application = &case.application.content;
    if let (Cause::Warning, Some(id)) = (application.cause, application.cause_id) {
        steps.extend(of_warning(office, WarningId::new(id)).await?);
    }
    let people: BTreeSet<i64> = members(case).iter().map(|person| person.get()).collect();
    let home: BTreeSet<i64> = case
        .row
        .content
        .household
        .map(HouseholdId::get)
        .into_iter()
        .collect();
    for feed in program
        .feeds
        .iter()
        .filter(|feed| used.feeds.contains(&feed.id))
    {
        steps.extend(rows_of(office, program, feed, month, (&people, &home)).await?);
    }
    let batches = batches_of(office, &steps).await?;
    steps.extend(batches);
    Ok(steps)
}

/// Each record the first time it is told; what has no number stands every time.
pub(super) fn once(steps: Vec<Step>) -> Vec<Step> {
    let mut seen = BTreeSet::new();
    let first = |step: &Step| step.record.is_empty() || seen.insert(step.record.clone());
    let mut out = steps;
    out.retain(first);
    out
}

/// Who belongs to the application, the applicant first.
fn members(case: &Case) -> Vec<PersonId> {
    let content = &case.application.content;
    let others = content.members.iter().map(|(person, _)| *person);
    let mut all = vec![content.applicant];
    all.extend(others.filter(|person| *person != content.applicant));
    all
}

/// The newest month the facts of a decision came with.
fn told_month(sealed: &Capsule) -> Option<Month> {
    let things = sealed.facts.things.iter();
    let sources =
        things.flat_map(|thing| thing.facts.iter().filter_map(|fact| fact.source.as_ref()));
    let feeds = sources.filter(|source| source.record.starts_with("batch:"));
    feeds
        .filter_map(|source| Month::parse(&source.period).ok())
        .max()
}

async fn decision_step(office: &Office, decision: &Decision) -> Result<Step> {
    let content = &decision.content;
    let how = casework::decision::decided_word(content.outcome);
    let amount = content.amount.map(|fen| format!(",{fen} 元"));
    let from = content.from.map(|month| format!(",{month} 起"));
    let departs = if content.departs {
        ",与规则结果不同"
    } else {
        ""
    };
    let short: String = store::digest::hex(&decision.capsule_digest)
        .chars()
        .take(12)
        .collect();
    let notice = match &content.notice {
        Ok((no, _)) => format!(" notice:{no}"),
        Err(_) => String::new(),
    };
    Ok(Step {
        what: "决定",
        record: format!("decision:{}", decision.no),
        says: format!(
            "{} {how}{}{}{departs};{} 签署,初审 {};封存摘要 {short}",
            content.day,
            amount.unwrap_or_default(),
            from.unwrap_or_default(),
            content.decider,
            content.opinion.1
        ),
        where_: acted(office, "decision", decision.no).await?,
        cause: format!(
            "case:{} opinion:{}{notice}",
            content.case, content.opinion.0
        ),
    })
}

fn rule_step(program: &Program, sealed: &Capsule) -> Step {
    let file = program.file(&sealed.programme).map(|(_, file)| file);
    let found = &sealed.found;
    let conditions = found.conditions.iter().map(|condition| {
        let mark = match condition.holds {
            Some(true) => "满足",
            Some(false) => "未满足",
            None => "待查",
        };
        match condition.distance.as_str() {
            "" => format!("{} {mark}", condition.name),
            distance => format!("{} {mark}({distance})", condition.name),
        }
    });
    let benefits = found
        .benefits
        .iter()
        .map(|(name, words)| format!("{name} {words}"));
    let told: Vec<String> = conditions.chain(benefits).collect();
    let short: String = sealed.rules.chars().take(12).collect();
    Step {
        what: "规则",
        record: String::new(),
        says: format!("{}:{}", found.verdict, told.join(";")),
        where_: file.map_or_else(
            || sealed.programme.clone(),
            |file| format!("{}「{}」{} 起施行", file.path, file.title, file.from),
        ),
        cause: format!(
            "规则日 {},受理日 {},认定日 {},规则摘要 {short}",
            sealed.rules_day, sealed.acceptance, sealed.decision
        ),
    }
}

/// The case with who did each step on which day.
fn case_step(case: &Case) -> Step {
    let done = case.standing.done.iter().filter(|done| !done.undone);
    let done = done.map(|done| format!("{} {} {}", done.day, done.step, done.by.join("、")));
    let done: Vec<String> = done.collect();
    let about = match case.row.content.subject {
        Subject::Household(id) => format!("家庭 {id}"),
        Subject::Person(id) => format!("人员 {id}"),
    };
    let told: Vec<&str> = case.standing.told.iter().map(String::as_str).collect();
    let told = match told.is_empty() {
        true => String::new(),
        false => format!(",情形 {}", told.join("、")),
    };
    Step {
        what: "办件",
        record: format!("case:{}", case.no()),
        says: format!("{}:{}", case.procedure.title, done.join(";")),
        where_: format!("{about},地区 {}{told}", case.standing.area.as_str()),
        cause: format!("application:{}", case.application.no),
    }
}

/// What was proposed, shown to everybody, objected to and handed over.
async fn public_steps(office: &Office, case: &Case, decision: i64) -> Result<Vec<Step>> {
    let store = &office.store;
    let mut out = Vec::new();
    for one in notices::opinions(store, case.no()).await? {
        let proposes = match one.content.proposes {
            Proposal::Grant => "拟同意",
            Proposal::Refuse => "拟不予确认",
        };
        let amount = one.content.amount.map(|fen| format!(",{fen} 元"));
        out.push(Step {
            what: "初审意见",
            record: format!("opinion:{}", one.no),
            says: format!(
                "{} {} {proposes}{}",
                one.content.day,
                one.content.by,
                amount.unwrap_or_default()
            ),
            where_: acted(office, "opinion", one.no).await?,
            cause: format!("case:{}", case.no()),
        });
    }
    for one in notices::of_case(store, case.no()).await? {
        let content = &one.content;
        let taken = one.taken.as_ref().map_or("", |_| ",提前撤下");
        out.push(Step {
            what: "公示",
            record: format!("notice:{}", one.no),
            says: format!(
                "{} 至 {},{} 张贴{taken}",
                content.from, content.last, content.posted_by
            ),
            where_: acted(office, "notice", one.no).await?,
            cause: format!("opinion:{}", content.opinion),
        });
    }
    for one in notices::objections(store, case.no()).await? {
        let settled = match one.state {
            ObjectionState::Open => "没有查清".to_owned(),
            ObjectionState::Upheld => format!("属实,{} 复查", one.settled_by.join("、")),
            ObjectionState::Dismissed => format!("不属实,{} 复查", one.settled_by.join("、")),
        };
        out.push(Step {
            what: "异议",
            record: format!("objection:{}", one.no),
            says: format!("{} {}:{settled}", one.content.day, one.content.told_by),
            where_: acted(office, "objection", one.no).await?,
            cause: format!("notice:{}", one.content.notice),
        });
    }
    for one in decisions::deliveries(store, decision).await? {
        let way = way_word(one.way);
        out.push(Step {
            what: "送达",
            record: String::new(),
            says: format!(
                "{} {} {way},{}",
                one.day,
                one.document,
                signed(&one.receiver)
            ),
            where_: format!("{} 送达", one.by),
            cause: format!("decision:{decision}"),
        });
    }
    Ok(out)
}

/// Who signed; of a form in the place of a hand only which, never the words of its reason.
fn signed(receiver: &str) -> String {
    match receiver.split_once(':') {
        Some((form, _)) => form.to_owned(),
        None => format!("{receiver} 签收"),
    }
}

/// The facts the rules read, record by record, as they were sealed.
fn fact_steps(
    program: &Program,
    case: &Case,
    sealed: &Capsule,
    used: &BTreeSet<String>,
) -> Vec<Step> {
    let members = members(case);
    let mut by_record: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
    for thing in &sealed.facts.things {
        let who = match thing.entity.as_str() {
            "家庭" if Some(thing.key) == case.row.content.household.map(HouseholdId::get) => {
                "这一户".to_owned()
            }
            "个人" => {
                let at = members.iter().position(|person| person.get() == thing.key);
                match at {
                    Some(at) => format!("成员 {}", at.saturating_add(1)),
                    None if is_kin(thing) => format!("户外亲属 {}", thing.key),
                    None => continue,
                }
            }
            _ => continue,
        };
        for fact in thing.facts.iter().filter(|fact| used.contains(&fact.name)) {
            let Some(source) = &fact.source else { continue };
            let key = (
                source.record.clone(),
                source.name.clone(),
                source.period.clone(),
            );
            let words = fact.value.words(&fact.name, &thing.entity, program);
            let told = by_record.entry(key).or_default();
            told.push(format!("{who} {} {words}", fact.name));
        }
    }
    let one = |((record, name, period), facts): ((String, String, String), Vec<String>)| Step {
        what: "事实",
        record: String::new(),
        says: facts.join(";"),
        where_: format!("{} {period}", feed_title(program, &name)),
        cause: record,
    };
    by_record.into_iter().map(one).collect()
}

/// Whether somebody outside the household was told of at this case.
fn is_kin(thing: &Thing) -> bool {
    let mut sources = thing.facts.iter().filter_map(|fact| fact.source.as_ref());
    sources.any(|source| source.kind == KIN)
}

fn feed_title(program: &Program, name: &str) -> String {
    let feed = program.feeds.iter().find(|feed| feed.id == name);
    feed.map_or_else(
        || name.to_owned(),
        |feed| format!("{}({})", feed.title, feed.department),
    )
}

/// The reports the case went on with: who answered, and who did not.
async fn report_steps(office: &Office, case: &Case) -> Result<Vec<Step>> {
    let store = &office.store;
    let book = verification::book(office).map_err(plain)?;
    let mut out = Vec::new();
    for used in verifications::uses_of_case(store, case.no()).await? {
        let Some(report) = verifications::find_report(store, used.report).await? else {
            continue;
        };
        let batch = report.content.verification;
        let mut told = Vec::new();
        for count in verifications::counts(store, batch).await? {
            let title = book.title(&count.source);
            told.push(match count.answered {
                0 => format!("{title}没有答复(应于 {})", count.due),
                answered => format!("{title} {answered}/{}", count.asked),
            });
        }
        let urged = verifications::urges(store, batch).await?;
        let urged = urged
            .iter()
            .map(|urge| format!("{} 催办{}", urge.day, book.title(&urge.source)));
        told.extend(urged);
        let short: String = store::digest::hex(&report.digest)
            .chars()
            .take(12)
            .collect();
        out.push(Step {
            what: "核对报告",
            record: format!("report:{}", report.no),
            says: format!(
                "{} {} {} 出具;{};摘要 {short}",
                report.number,
                report.content.day,
                report.actor,
                told.join(";")
            ),
            where_: acted(office, "report", report.no).await?,
            cause: format!(
                "verification:{batch} application:{}",
                report.content.application
            ),
        });
    }
    Ok(out)
}

/// Who stood at the door, for the warning and for the case.
async fn visit_steps(office: &Office, case: &Case) -> Result<Vec<Step>> {
    let store = &office.store;
    let application = &case.application;
    let mut all: Vec<Visit> = Vec::new();
    if let (Cause::Warning, Some(id)) = (application.content.cause, application.content.cause_id) {
        for task in tasks::of_warning(store, WarningId::new(id)).await? {
            all.extend(visits::of_task(store, task).await?);
        }
    }
    all.extend(visits::of_application(store, application.no).await?);
    let mut out = Vec::new();
    for visit in all {
        out.push(super::seen::visit_step(office, &visit).await?);
    }
    Ok(out)
}

/// The application, and its papers as they stand.
async fn application_steps(office: &Office, case: &Case) -> Result<Vec<Step>> {
    let application = &case.application;
    let content = &application.content;
    let papers = applications::papers(&office.store, application.no).await?;
    let papers = papers.iter().map(|paper| {
        let state = match paper.state {
            PaperState::Given => "已交",
            PaperState::Missing => "缺",
            PaperState::Later => "容缺后补",
        };
        format!("{} {state}", paper.name)
    });
    let papers: Vec<String> = papers.collect();
    let sent = store::portal::submission_by_key(&office.store, &content.form_key).await?;
    // Filled in by an official for the family: no resident's own account sent it.
    let by = sent.filter(|one| one.new.resident.is_none() && !one.new.by.is_empty());
    let helped = match (by, content.helper) {
        (Some(sent), _) => format!(",{} 代办", sent.new.by),
        (None, Some(_)) => ",有人代办".to_owned(),
        (None, None) => String::new(),
    };
    Ok(vec![
        Step {
            what: "材料",
            record: String::new(),
            says: papers.join(";"),
            where_: String::new(),
            cause: format!("application:{}", application.no),
        },
        Step {
            what: "申请",
            record: format!("application:{}", application.no),
            says: format!(
                "{} {} 收件,来由 {},家庭成员 {} 人{helped}",
                content.received_day,
                content.taken_by,
                content.cause.name(),
                members(case).len()
            ),
            where_: acted(office, "application", application.no.get()).await?,
            cause: match (content.cause, content.cause_id) {
                (Cause::Warning, Some(id)) => format!("warning:{id}"),
                (Cause::Clue, Some(id)) => format!("clue:{id}"),
                _ => String::new(),
            },
        },
    ])
}

//! What letters say that rests on no decision: what was received and by when it is answered, what is missing, what
//! the verification found, who consents, why the procedure was ended, how a complaint was answered; and of what
//! was decided, the batch it was first paid in.

use super::super::fields::{self, Office as OfficeWords};
use super::super::{Case, CaseError, Done, papers, reasons};
use super::{CONSENTS, NAME};
use crate::office::Office;
use crate::verification;
use domain::casework::Outcome;
use domain::letters::{self, Supplier};
use domain::payment::LineState;
use domain::procedure::{Document, Ground, Step};
use domain::{Day, PersonId, age_in_years};
use std::collections::{BTreeMap, BTreeSet};
use store::cases::EventKind;
use store::entitlements;
use store::payments;
use store::{Reads, persons};

/// Steps of a way walked ahead of an open one; a longer way has gone round.
const AHEAD_MAX: usize = 60;

/// All of it that is known of a case now; names masked.
pub(super) async fn values(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    document: &Document,
) -> Done<BTreeMap<String, String>> {
    let mut out = OfficeWords::of(office, &case.standing.area).all();
    out.extend(fields::of_case(office, on, case).await?);
    // Each grown-up's own copy bears that person's name; that there is one is known from the applicant on.
    if let Some(masked) = out.get(NAME).cloned() {
        out.insert(CONSENTS.to_owned(), masked);
    }
    let mut all = case.procedure.documents.iter();
    let at = all.position(|one| one.title == document.title);
    let year = case.application.content.received_day.year();
    let number = format!("〔{year}〕第 {}-{} 号", case.no(), at.unwrap_or(0) + 1);
    out.insert("文书编号".to_owned(), number);
    let lists = |one: Supplier| {
        let mut fields = document.fields.iter();
        fields.any(|field| one.fields().contains(&field.as_str()))
    };
    if lists(Supplier::Received) {
        received(office, case, &mut out)?;
    }
    if let Some((missing, until)) = papers::asked(office, case, document)? {
        out.insert("缺少的材料".to_owned(), bullets(&missing));
        out.insert("补正期限".to_owned(), until.to_string());
    }
    if lists(Supplier::Verification) {
        verified(office, on, (case, document), &mut out).await?;
    }
    if let Some(step) = gives(case, document) {
        said(case, (step, document), &mut out);
    }
    Ok(out)
}

fn gives<'c>(case: &'c Case, document: &Document) -> Option<&'c Step> {
    let mut all = case.procedure.steps.iter();
    all.find(|step| step.gives.contains(&document.title))
}

fn bullets(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    lines.join("\n")
}

/// 受理日期, and by when the applicant is answered at the latest: by the law's time to the decision, else by the
/// times of the steps to it one after another.
fn received(office: &Office, case: &Case, out: &mut BTreeMap<String, String>) -> Done<()> {
    let decides = |name: &str| {
        let step = case.procedure.step(name);
        step.is_some_and(|step| step.ground == Some(Ground::Decision))
    };
    let first = case.clock.law.first().map(|runs| runs.from);
    let from = first.unwrap_or(case.application.content.received_day);
    let whole = case
        .clock
        .law
        .iter()
        .find(|runs| decides(&runs.to) && runs.from == from);
    let (until, skipped) = match whole.map(|runs| &runs.due) {
        Some(Ok(due)) => (due.day, due.skipped.clone()),
        Some(Err(_)) => return Ok(()),
        None => match ahead(office, case, from)? {
            Some(known) => known,
            None => return Ok(()),
        },
    };
    let skipped: Vec<String> = skipped.iter().map(Day::to_string).collect();
    let mut say = |name: &str, value: String| out.insert(name.to_owned(), value);
    say("受理日期", from.to_string());
    say("办结期限", until.to_string());
    say(
        "跳过的假日",
        match skipped.is_empty() {
            true => "没有".to_owned(),
            false => skipped.join("、"),
        },
    );
    Ok(())
}

/// The last day of the step that decides, when each step on the way takes all of its time.
fn ahead(office: &Office, case: &Case, from: Day) -> Done<Option<(Day, Vec<Day>)>> {
    let calendar = office.calendar()?;
    let mut at: BTreeMap<&str, Day> = BTreeMap::new();
    for done in &case.standing.done {
        at.insert(&done.step, done.day);
    }
    let mut day = from;
    let mut skipped: BTreeSet<Day> = BTreeSet::new();
    let mut next = case.open_step().or_else(|| case.procedure.first());
    for _ in 0..AHEAD_MAX {
        let Some(step) = next else { return Ok(None) };
        if let Some(limit) = &step.limit {
            let start = limit.from.as_deref().and_then(|from| at.get(from));
            let start = start.copied().unwrap_or(day).max(from);
            let due = limit.length.due(start, calendar, &[]);
            let due = due.map_err(|none| CaseError::Refused(none.to_string()))?;
            day = day.max(due.day);
            skipped.extend(due.skipped);
        }
        at.insert(&step.name, day);
        if step.ground == Some(Ground::Decision) {
            return Ok(Some((day, skipped.into_iter().collect())));
        }
        next = case.procedure.next_of(&step.name, &case.standing.told);
    }
    Ok(None)
}

/// 核对结果 and by when to explain it.
async fn verified(
    office: &Office,
    on: &impl Reads,
    (case, document): (&Case, &Document),
    out: &mut BTreeMap<String, String>,
) -> Done<()> {
    let step = gives(case, document).map_or("", |step| step.name.as_str());
    let done = case.standing.last_done(step).map(|done| done.day);
    let told = done.unwrap_or_else(|| office.clock.today());
    if let Some((lines, until)) =
        verification::told_of(office, on, (&case.application, told)).await?
    {
        out.insert("核对结果".to_owned(), bullets(&lines));
        out.insert("提出意见期限".to_owned(), until.to_string());
    }
    Ok(())
}

/// What was written down by ending the procedure, or by answering a complaint.
fn said(case: &Case, (step, document): (&Step, &Document), out: &mut BTreeMap<String, String>) {
    let mut newest = case.events.iter().rev().map(|event| &event.content);
    if letters::ends(&case.procedure, step) {
        let ended = newest.find(|event| match event.kind {
            EventKind::Completed => event.step == step.name,
            EventKind::Closed => event.outcome == Outcome::Ended.word(),
            _ => false,
        });
        let Some(ended) = ended else { return };
        let articles = reasons::articles_of(&ended.detail);
        if articles.is_empty() {
            // Ended before articles were asked for: the letter's own.
            let cites = document.cites.first().map_or("", String::as_str);
            out.insert("依据条文".to_owned(), cites.to_owned());
        } else {
            out.insert("依据条文".to_owned(), articles.join("、"));
        }
        out.insert(letters::REASONS.to_owned(), format!("- {}", ended.because));
        out.insert("决定日期".to_owned(), ended.day.to_string());
    } else if document.fields.iter().any(|field| field == letters::REPLY) {
        let answered =
            newest.find(|event| event.kind == EventKind::Completed && event.step == step.name);
        if let Some(answered) = answered.filter(|event| !event.because.is_empty()) {
            out.insert(letters::REPLY.to_owned(), answered.because.clone());
        }
    }
}

/// The grown-up members, each of whom signs a copy; one whose birth date is not known counts as grown up.
pub(super) async fn consenting(
    office: &Office,
    on: &impl Reads,
    case: &Case,
) -> Done<Vec<PersonId>> {
    let content = &case.application.content;
    let mut ids: Vec<PersonId> = vec![content.applicant];
    for (person, _) in &content.members {
        if !ids.contains(person) {
            ids.push(*person);
        }
    }
    let today = office.clock.today();
    let years = fields::grown_up_years(&office.book);
    let known = persons::get_many(on, &ids).await?;
    ids.retain(|id| {
        let birth = known
            .iter()
            .find(|one| one.id == *id)
            .and_then(|one| one.birth);
        birth
            .zip(years)
            .is_none_or(|(birth, years)| age_in_years(birth, today) >= years)
    });
    Ok(ids)
}

/// 花名册: the batch in which what was decided was paid first; nothing before.
pub(super) async fn first_batch(
    on: &impl Reads,
    case: &Case,
    decision: i64,
    out: &mut BTreeMap<String, String>,
) -> Done<()> {
    let mut letters = case.procedure.documents.iter();
    let listed = |letter: &Document| {
        let mut fields = letter.fields.iter();
        fields.any(|field| Supplier::Payment.fields().contains(&field.as_str()))
    };
    let Some(household) = case.row.content.household.filter(|_| letters.any(listed)) else {
        return Ok(());
    };
    let all = entitlements::of_household(on, household).await?;
    let own = all
        .iter()
        .filter(|one| one.cause.kind == "decision" && one.cause.id == decision.to_string());
    for help in own {
        let lines = payments::of_entitlement(on, help.id, help.from).await?;
        let sealed = |line: &&payments::Line| {
            !matches!(
                line.state,
                LineState::Proposed | LineState::Apart | LineState::Void
            )
        };
        let Some(line) = lines.iter().find(sealed) else {
            continue;
        };
        let month = line.content.month;
        let heads = payments::heads(on, line.batch, &line.content.programme).await?;
        let mut say = |name: &str, value: String| out.insert(name.to_owned(), value);
        say(
            "发放月份",
            format!("{} 年 {} 月", month.year(), month.month()),
        );
        say("合计户数", heads.0.to_string());
        say("合计人数", heads.1.to_string());
        say("合计金额", format!("{} 元", heads.2));
        break;
    }
    Ok(())
}

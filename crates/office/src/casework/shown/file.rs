//! One case as its page shows it: where it stands, by when, with what, what happened, and what this person
//! may do now.

use super::{Words, split, state_word, word};
use crate::access::{Access, Acting, Right};
use crate::calendar;
use crate::casework::notice::State;
use crate::casework::reasons::{For, reasons};
use crate::casework::{
    Case, Done, guard, is_own, letters, load, note_look, notice, recusal, review, worklist,
};
use crate::desk::minute;
use crate::office::Office;
use crate::verification;
use crate::views::casework::{
    Acts, CaseView, DeclaredLine, EventLine, MemberLine, StepView, TimeView,
};
use crate::views::{Behind, Choice, Tone, Word};
use domain::casework::{Outcome, Runs};
use domain::procedure::{Counted, Ground, Length, Purpose};
use domain::{CaseNo, HouseholdId, PersonId, Relation};
use store::applications::{self, FlagKind, PaperState};
use store::cases::{self, EventKind, Subject};

/// One case as its page shows it.
///
/// # Errors
/// No right, no such case, a near relative's, or the record.
pub async fn case_file(access: &Access, who: &Acting, no: CaseNo) -> Done<CaseView> {
    let office = access.office();
    let case = load(office, who, no).await?;
    let content = &case.application.content;
    let others = cases::of_application(&office.store, case.application.no).await?;
    let flags = applications::flags(&office.store, case.application.no).await?;
    let declared = applications::declared(&office.store, case.application.no).await?;
    let mut people: Vec<PersonId> = content.members.iter().map(|(person, _)| *person).collect();
    people.push(content.applicant);
    let places = [case.standing.area, content.taken_area, content.area];
    let words = Words::of(office, &people, &places).await?;
    note_look(office, who, &case, "").await?;
    let elsewhere = content.taken_area != content.area;
    let state = notice::state(&office.store, no).await?;
    let recused = recusal::against(office, &office.store, who, &case).await?;
    let (acts, not_yours) = acts(office, who, (&case, recused), &state);
    let acts = match acts {
        Some(acts) if acts.needs_second => Some(Acts {
            seconds: worklist::seconds(office, who, &case).await?,
            ..acts
        }),
        acts => acts,
    };
    let letters = match who.may(Right::CASE_HANDLE) {
        true => letters::printable(office, &office.store, &case).await?,
        false => Vec::new(),
    };
    Ok(CaseView {
        no: no.get(),
        title: words.programme(&case.row.content.programme),
        applicant: match case.row.content.subject {
            Subject::Person(own) if own != content.applicant => {
                let (by, own) = (words.person(content.applicant), words.person(own));
                format!("{own},由 {by} 申请")
            }
            Subject::Person(_) | Subject::Household(_) => words.person(content.applicant),
        },
        household: content
            .household
            .map_or(Behind::Nothing, |home: HouseholdId| {
                Behind::Household(home.get())
            }),
        place: words.place(&case.standing.area),
        taken_place: elsewhere.then(|| words.place(&content.taken_area)),
        cause: match content.cause_id {
            // Nobody asked: the office went to them.
            Some(id) => format!("主动发现:{} № {id}", content.cause.name()),
            None => content.cause.name().to_owned(),
        },
        received: minute(&content.received_at),
        taken_by: words.colleague(&content.taken_by),
        state: state_word(&case.row),
        stands: case.stands(),
        marks: split(&case.row.current.marks),
        advice: advice(office, &case),
        procedure: (
            case.procedure.title.clone(),
            Behind::Rule(case.procedure.path.clone()),
        ),
        steps: steps(&case, &words),
        law: case
            .clock
            .law
            .iter()
            .map(|runs| time(runs, office))
            .collect(),
        pauses: pauses(&case),
        told: case.standing.told.iter().cloned().collect(),
        members: members(&case, &words),
        flags: flags
            .iter()
            .map(|flag| {
                let kind = match flag.kind {
                    FlagKind::OnRoll => format!("已在别的户名下享受{}", flag.programme),
                    FlagKind::Pending => format!("另有在办的{}", words.programme(&flag.programme)),
                };
                let person = words.person(flag.person);
                format!("{person}{kind};继续办理的理由:{}", flag.because)
            })
            .collect(),
        letters,
        afterwards: is_afterwards(case.procedure.purpose),
        papers: case.papers.iter().map(paper).collect(),
        declared: declared_lines(&declared, &words),
        events: case
            .events
            .iter()
            .rev()
            .map(|event| line(event, &words))
            .collect(),
        others: others
            .iter()
            .filter(|row| row.no != no)
            .map(|row| words.row(row))
            .collect(),
        acts,
        not_yours,
    })
}

/// The family, as the applicant says.
fn members(case: &Case, words: &Words) -> Vec<MemberLine> {
    let content = &case.application.content;
    let line = |(person, relation): &(PersonId, Relation)| MemberLine {
        name: words.person(*person),
        number: words.number(*person),
        relation: match *person == content.applicant {
            true => "申请人".to_owned(),
            false => relation.name().to_owned(),
        },
        behind: Behind::Person(person.get()),
    };
    content.members.iter().map(line).collect()
}

fn declared_lines(declared: &[applications::DeclaredRow], words: &Words) -> Vec<DeclaredLine> {
    let line = |row: &applications::DeclaredRow| DeclaredLine {
        who: row
            .content
            .person
            .map_or_else(|| "全家".to_owned(), |person| words.person(person)),
        fact: row.content.fact.clone(),
        value: row.content.value.clone(),
        said: format!("{} · {}", minute(&row.at), words.colleague(&row.actor)),
    };
    declared.iter().map(line).collect()
}

fn advice(office: &Office, case: &Case) -> String {
    let today = office.clock.today();
    if let Some((outcome, day)) = case.standing.closed {
        return format!("{day} 已经办结:{}。", outcome.name());
    }
    let Some(step) = case.open_step() else {
        return String::new();
    };
    let who = step.who.join("、");
    if let Some(pause) = case.standing.paused() {
        let ends = case
            .clock
            .pause_ends
            .map_or_else(String::new, |day| format!(",最多停到 {day}"));
        return format!("{} 起暂停({}){ends}。", pause.from, pause.reason);
    }
    let missing = case.missing();
    if !missing.is_empty() {
        return format!("“{}”还缺 {}。", step.name, missing.join("、"));
    }
    let late = match case.clock.overdue(today) {
        Some(days) => format!(",已逾期 {days} 天"),
        None => String::new(),
    };
    let due = case.clock.notice.as_ref().or(case.clock.step.as_ref());
    let due = due.map_or_else(String::new, |runs| format!(",{}", when(runs, "前办完")));
    format!("现在办“{}”,由{who}办{due}{late}。", step.name)
}

fn when(runs: &Runs, behind: &str) -> String {
    match &runs.due {
        Ok(due) => format!("{}{behind}", due.day),
        Err(none) => none.to_string(),
    }
}

fn steps(case: &Case, words: &Words) -> Vec<StepView> {
    let mut out: Vec<StepView> = Vec::new();
    for done in &case.standing.done {
        let by: Vec<String> = done.by.iter().map(|login| words.colleague(login)).collect();
        out.push(StepView {
            name: done.step.clone(),
            state: match done.undone {
                true => word("退回重办", Tone::Notice),
                false => word("已办", Tone::Good),
            },
            who: by.join("、"),
            when: done.day.to_string(),
            gives: done.gave.clone(),
            is_open: false,
        });
    }
    let mut next = case.open_step();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(step) = next {
        if seen.contains(&step.name.as_str()) {
            break;
        }
        let is_open = seen.is_empty();
        seen.push(&step.name);
        let runs = case.clock.notice.as_ref().or(case.clock.step.as_ref());
        out.push(StepView {
            name: step.name.clone(),
            state: match is_open {
                true => word("现在办", Tone::Calm),
                false => word("以后", Tone::Unknown),
            },
            who: step.who.join("、"),
            when: match (is_open, runs, &step.limit) {
                (true, Some(runs), _) => when(runs, " 到期"),
                (_, _, Some(limit)) => length(limit.length),
                (_, _, None) => "不限".to_owned(),
            },
            gives: step.gives.join("、"),
            is_open,
        });
        next = case.procedure.next_of(&step.name, &case.standing.told);
    }
    out
}

fn length(length: Length) -> String {
    let unit = match length.counted {
        Counted::Workdays => "个工作日",
        Counted::Days => "天",
        Counted::Months => "个月",
    };
    match length.count {
        0 => "当日".to_owned(),
        count => format!("{count} {unit}"),
    }
}

fn time(runs: &Runs, office: &Office) -> TimeView {
    let today = office.clock.today();
    let due = match (&runs.due, runs.done) {
        (Err(none), _) => word(none.to_string(), Tone::Unknown),
        (Ok(due), Some(done)) if done > due.day => {
            word(format!("{done} 办完,超过 {}", due.day), Tone::Notice)
        }
        (Ok(_), Some(done)) => word(format!("{done} 办完,没有超期"), Tone::Good),
        (Ok(due), None) if due.day < today => word(format!("{} 已经逾期", due.day), Tone::Urgent),
        (Ok(due), None) => word(format!("最迟 {}", due.day), Tone::Calm),
    };
    let skipped = runs.due.as_ref().map_or(&[][..], |due| &due.skipped);
    TimeView {
        title: format!(
            "{}({})至{} {}",
            runs.since,
            runs.from,
            runs.to,
            length(runs.length)
        ),
        due,
        skipped: calendar::said(&office.book, skipped),
        cites: runs.cites.join("、"),
    }
}

fn pauses(case: &Case) -> Vec<String> {
    let said = case.standing.pauses.iter().map(|pause| {
        let to = pause
            .to
            .map_or_else(|| "还在暂停".to_owned(), |day| format!("{day} 恢复"));
        format!(
            "{} 暂停,{to}:{}。{}",
            pause.from, pause.reason, pause.because
        )
    });
    said.collect()
}

fn paper(paper: &applications::Paper) -> (String, Word, String) {
    let state = match paper.state {
        PaperState::Given => word("已交", Tone::Good),
        PaperState::Missing => word("缺", Tone::Notice),
        PaperState::Later => word("容缺后补", Tone::Unknown),
    };
    (paper.name.clone(), state, paper.because.clone())
}

fn line(event: &cases::Event, words: &Words) -> EventLine {
    let content = &event.content;
    let name = content.name.as_str();
    let outcome = Outcome::from_word(&content.outcome).map(Outcome::name);
    let gave = match name {
        "" => String::new(),
        name => format!(",给出{name}"),
    };
    let others: Vec<String> = split(&content.others)
        .iter()
        .map(|o| words.colleague(o))
        .collect();
    let with = match others.is_empty() {
        true => String::new(),
        false => format!(",同办 {}", others.join("、")),
    };
    let did = match content.kind {
        EventKind::Submitted => "提交申请".to_owned(),
        EventKind::Completed => {
            let decided = outcome.map_or_else(String::new, |outcome| format!(",结论:{outcome}"));
            format!("办完“{}”{gave}{with}{decided}", content.step)
        }
        EventKind::SentBack => format!("从“{}”退回“{name}”", content.step),
        EventKind::Paused => format!("暂停:{name}"),
        EventKind::Resumed => "恢复办理".to_owned(),
        EventKind::Circumstance if content.outcome.is_empty() => format!("登记情形:{name}"),
        EventKind::Circumstance => format!("撤销情形:{name}"),
        EventKind::Transferred => format!("转到 {name} 办理"),
        EventKind::HandedOver if name.is_empty() => "不再指定由谁办".to_owned(),
        EventKind::HandedOver => format!("移交给 {}", words.colleague(name)),
        EventKind::Closed => format!("办结:{}", outcome.unwrap_or("办结")),
    };
    EventLine {
        at: minute(&content.at),
        by: words.colleague(&content.actor),
        did,
        because: content.because.clone(),
    }
}

/// Whether cases of a procedure have the page that compares before and after.
fn is_afterwards(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Review | Purpose::Change | Purpose::GradualExit | Purpose::Ending => true,
        Purpose::Admission
        | Purpose::Recovery
        | Purpose::Complaint
        | Purpose::Visit
        | Purpose::Other => false,
    }
}

/// What somebody may do now, or why nothing.
fn acts(
    office: &Office,
    who: &Acting,
    (case, recused): (&Case, Option<String>),
    state: &State,
) -> (Option<Acts>, String) {
    let Some(step) = case.open_step() else {
        return (None, String::new());
    };
    if let Err(error) = is_own(who, case) {
        return (None, error.to_string());
    }
    let paused = case.standing.paused().is_some();
    let choice = |value: &str, label: String| Choice {
        value: value.to_owned(),
        label,
    };
    let listed = |what: For| -> Vec<Choice> {
        let all = reasons(office, what).into_iter();
        all.map(|reason| choice(&reason.title, format!("{}({})", reason.title, reason.gist)))
            .collect()
    };
    let mut back_to: Vec<String> = Vec::new();
    for done in case.standing.done.iter().rev().filter(|done| !done.undone) {
        if !back_to.contains(&done.step) {
            back_to.push(done.step.clone());
        }
    }
    let area = &case.standing.area;
    let may_say = |c: &&domain::procedure::Circumstance| {
        c.always.is_none() && (c.who.is_empty() || c.who.iter().any(|r| who.holds_role(r, area)))
    };
    let known = || case.procedure.circumstances.iter().filter(may_say);
    let mut endings = Vec::new();
    for (what, outcome) in [
        (For::Ending, Outcome::Ended),
        (For::Withdrawal, Outcome::Withdrawn),
    ] {
        endings.extend(
            listed(what)
                .into_iter()
                .map(|choice| (outcome.word(), choice)),
        );
    }
    let missing = case.missing();
    let able = !paused && missing.is_empty() && recused.is_none();
    let reviews = review::may(office, who, (case, recused.as_deref()), state).first();
    let by_record = [Ground::Verification, Ground::Visit, Ground::Assist];
    let found_out = step
        .ground
        .is_some_and(|ground| by_record.contains(&ground));
    let found_out = found_out && !guard::leaves_the_way(case, step);
    let asks = verification::starts(office, step);
    let acts = Acts {
        step: step.name.clone(),
        gives: step.gives.clone(),
        needs_second: step.persons > 1,
        needs_words: guard::words_wanted(case, step),
        ends_for: match domain::letters::ends(&case.procedure, step) {
            true => listed(For::Ending),
            false => Vec::new(),
        },
        seconds: Vec::new(),
        may_ask_the_others: asks && verification::may_ask_the_others(office, case),
        visits: able && who.may(Right::VISIT_REPORT) && crate::visits::is_visit(office, step),
        verifies: able && found_out && step.ground == Some(Ground::Verification),
        // What has a page of its own is done there.
        completes: able && reviews.is_none() && !found_out,
        reviews: reviews.filter(|_| able),
        corrects: !paused && !missing.is_empty() && case.correction().is_some(),
        papers: case
            .papers
            .iter()
            .filter(|paper| paper.state != PaperState::Given)
            .map(|paper| choice(&paper.name, paper.name.clone()))
            .collect(),
        back_to,
        back_reasons: listed(For::SendBack),
        pauses: match paused {
            true => Vec::new(),
            false => case
                .procedure
                .pauses
                .iter()
                .map(|p| p.reason.clone())
                .collect(),
        },
        is_paused: paused,
        circumstances: known()
            .filter(|c| !case.standing.told.contains(&c.name))
            .map(|c| choice(&c.name, format!("{}:{}", c.name, c.said)))
            .collect(),
        taken_back: known()
            .filter(|c| case.standing.told.contains(&c.name))
            .map(|c| c.name.clone())
            .collect(),
        endings,
        transfer_reasons: listed(For::Transfer),
    };
    (Some(acts), recused.unwrap_or_default())
}

//! Verification as pages show it: ready words, names masked; a liaison sees how many of the own source
//! and nothing of what others found.

use super::differences::{Difference, FoundWas, Verdict};
use super::urge::{from_day, open_of};
use super::views::{
    BatchRow, BatchView, CandidateRow, ConsentRow, ConsentView, DiffRow, DiffView, FileRow,
    ListView, MistakeRow, ReportView, SourceRow, SubjectRow,
};
use super::{answers, batch, book, found, own_sources, subject};
use crate::access::{Acting, Right};
use crate::casework::Done;
use crate::desk::minute;
use crate::office::Office;
use crate::photos::{AboutKind, PhotoAbout};
use crate::views::{Tone, Word};
use domain::{ApplicationNo, CaseNo, PersonId};
use std::collections::{BTreeMap, HashMap};
use store::consents::{Consent, Signed};
use store::identity::{self, Masked};
use store::verifications::{self, AnswerState, ExplanationKind, FileState, Verification};
use store::{Act, applications, cases};

/// Batches on one page.
const BATCHES_SHOWN_MAX: u32 = 100;

fn word(text: impl Into<String>, tone: Tone) -> Word {
    Word {
        text: text.into(),
        tone,
    }
}

fn name_of(masked: &HashMap<PersonId, Masked>, person: PersonId) -> String {
    let name = masked.get(&person).and_then(|m| m.name.clone());
    name.unwrap_or_else(|| "姓名未登记".to_owned())
}

/// 核对批次清单 with the cases that wait.
///
/// # Errors
/// The right is missing, or the record.
pub async fn list_view(office: &Office, who: &Acting) -> Done<ListView> {
    let scope = who.scope(Right::VERIFY_ANSWER)?;
    let rules = book(office)?;
    let own = own_sources(office, who, &rules).await?;
    let opens = who.may(Right::VERIFY);
    let mut batches = Vec::new();
    // What lies outside is left out one by one: a scope may have several places.
    for one in verifications::list(&office.store, None, i64::MAX, BATCHES_SHOWN_MAX).await? {
        if !scope.contains(&one.area) {
            continue;
        }
        let row = batch_row(office, &one, &own).await?;
        if row.asked > 0 {
            batches.push(row);
        }
    }
    let mut waiting = Vec::new();
    if opens {
        let found = batch::candidates(office, who).await?;
        let people: Vec<PersonId> = found.iter().map(|c| c.row.content.applicant).collect();
        let masked = identity::masked(&office.store, &people).await?;
        let program = office.rules_on(office.clock.today());
        let title = |id: &str| {
            let file = program.files.iter().find(|file| file.id == id);
            file.map_or_else(|| id.to_owned(), |file| file.title.clone())
        };
        waiting.extend(found.into_iter().map(|c| {
            CandidateRow {
                case: c.row.no.get(),
                programme: title(&c.row.content.programme),
                applicant: name_of(&masked, c.row.content.applicant),
                step: c.row.current.step.clone(),
                due: c
                    .row
                    .current
                    .due
                    .map_or("—".to_owned(), |due| due.to_string()),
                running: c.running,
            }
        }));
    }
    Ok(ListView {
        opens,
        form_key: store::sessions::Token::random()?.form_word(),
        waiting,
        batches,
    })
}

async fn batch_row(
    office: &Office,
    one: &Verification,
    own: &std::collections::BTreeSet<String>,
) -> Done<BatchRow> {
    let today = office.clock.today();
    let counts = verifications::counts(&office.store, one.no).await?;
    let (mut asked, mut answered, mut late, mut open) = (0_u64, 0_u64, 0_u64, 0_u64);
    for count in counts.iter().filter(|count| own.contains(&count.source)) {
        asked = asked.saturating_add(count.asked);
        answered = answered.saturating_add(count.answered);
        open = open.saturating_add(open_of(count));
        if count.due < today {
            late = late.saturating_add(open_of(count));
        }
    }
    let urged = verifications::urges(&office.store, one.no).await?;
    let urged = urged.iter().any(|urge| own.contains(&urge.source));
    let state = match (open, late, urged) {
        (0, ..) => word("都答复了", Tone::Good),
        (_, 0, _) => word("等答复", Tone::Calm),
        (_, _, false) => word("有逾期未答复", Tone::Urgent),
        (_, _, true) => word("有逾期未答复,已催办", Tone::Urgent),
    };
    Ok(BatchRow {
        no: one.no,
        day: one.day.to_string(),
        by: one.actor.clone(),
        asked,
        answered,
        late,
        state,
    })
}

/// One batch as its page shows it.
///
/// # Errors
/// The right is missing, no such batch, or the record.
pub async fn batch_view(office: &Office, who: &Acting, no: i64) -> Done<BatchView> {
    let scope = who.scope(Right::VERIFY_ANSWER)?;
    let one = found(office, &scope, no).await?;
    let rules = book(office)?;
    let own = own_sources(office, who, &rules).await?;
    let handles = who.may(Right::VERIFY);
    let store = &office.store;
    let mut files = Vec::new();
    for file in verifications::files_of(store, no).await? {
        if !own.contains(&file.source) {
            continue;
        }
        files.push(FileRow {
            no: file.no,
            source: rules.title(&file.source),
            name: file.file_name,
            at: format!("{} {}", minute(&file.at), file.actor),
            lines: file.lines,
            mistakes: file.mistakes,
            state: match file.state {
                FileState::Taken => word("已导入", Tone::Good),
                FileState::SentBack => word("已退回", Tone::Notice),
            },
        });
    }
    let (subjects, left_out) = match handles {
        true => (
            subject_rows(office, no).await?,
            left_out_rows(office, &rules, no).await?,
        ),
        false => (Vec::new(), Vec::new()),
    };
    Ok(BatchView {
        row: batch_row(office, &one, &own).await?,
        sources: source_rows(office, &rules, &own, no, handles).await?,
        subjects,
        left_out,
        files,
        exports: who.may(Right::VERIFY_EXPORT),
        handles,
    })
}

async fn source_rows(
    office: &Office,
    rules: &super::VerifyBook,
    own: &std::collections::BTreeSet<String>,
    no: i64,
    handles: bool,
) -> Done<Vec<SourceRow>> {
    let today = office.clock.today();
    let urged = verifications::urges(&office.store, no).await?;
    let mut out = Vec::new();
    for count in verifications::counts(&office.store, no).await? {
        let Some(rule) = rules.sources.iter().find(|s| s.code == count.source) else {
            continue;
        };
        if !own.contains(&count.source) {
            continue;
        }
        let open = open_of(&count);
        let may = open > 0 && today >= from_day(office, count.due, rule.urge_days)?;
        let mine = urged.iter().filter(|urge| urge.source == count.source);
        let days: Vec<String> = mine.map(|urge| urge.day.to_string()).collect();
        let columns = rules.feed(&rule.code)?.columns.iter();
        let header = columns.filter_map(|column| column.headers.first().cloned());
        out.push(SourceRow {
            code: rule.code.clone(),
            title: rule.title.clone(),
            department: rule.department.clone(),
            asked: count.asked,
            answered: count.answered,
            stopped: count.stopped,
            due: count.due.to_string(),
            state: match (open, count.due < today) {
                (0, _) => word("已答复", Tone::Good),
                (_, false) => word("等答复", Tone::Calm),
                (_, true) => word("逾期未答复,待查", Tone::Urgent),
            },
            urges: handles && may && !days.contains(&today.to_string()),
            urged: days,
            header: header.collect::<Vec<_>>().join("\t"),
        });
    }
    Ok(out)
}

async fn subject_rows(office: &Office, no: i64) -> Done<Vec<SubjectRow>> {
    let store = &office.store;
    let mut held = Vec::new();
    for one in verifications::subjects(store, no).await? {
        if let Some(application) = applications::find(store, one.application).await? {
            held.push((one, application));
        }
    }
    let people: Vec<PersonId> = held.iter().map(|(_, a)| a.content.applicant).collect();
    let masked = identity::masked(store, &people).await?;
    let mut out = Vec::new();
    for (one, application) in held {
        let report = verifications::report_of(store, (no, one.application)).await?;
        let of_it = cases::of_application(store, one.application).await?;
        out.push(SubjectRow {
            application: one.application.get(),
            applicant: name_of(&masked, application.content.applicant),
            version: one.version,
            cases: of_it.iter().map(|case| case.no.get()).collect(),
            report: report.map(|report| (report.no, report.number)),
        });
    }
    Ok(out)
}

async fn left_out_rows(
    office: &Office,
    rules: &super::VerifyBook,
    no: i64,
) -> Done<Vec<(String, String, String)>> {
    let all = verifications::left_out(&office.store, no).await?;
    let people: Vec<PersonId> = all.iter().map(|left| left.person).collect();
    let masked = identity::masked(&office.store, &people).await?;
    let mut grouped: BTreeMap<(PersonId, String), Vec<String>> = BTreeMap::new();
    for left in all {
        let titles = grouped.entry((left.person, left.because)).or_default();
        titles.push(rules.title(&left.source));
    }
    let every = rules.sources.len();
    let rows = grouped.into_iter().map(|((person, because), titles)| {
        let sources = match titles.len() == every {
            true => "全部来源".to_owned(),
            false => titles.join("、"),
        };
        (name_of(&masked, person), sources, because)
    });
    Ok(rows.collect())
}

/// What is wrong with a file: its row and its mistakes.
///
/// # Errors
/// The right is missing, another department's, or no such file.
pub async fn mistakes_view(
    office: &Office,
    who: &Acting,
    no: i64,
    file: i64,
) -> Done<Vec<MistakeRow>> {
    let (_, mistakes) = answers::mistakes_of(office, who, no, file).await?;
    let row = |m: verifications::Mistake| MistakeRow {
        line: m.line,
        field: m.field,
        masked: m.masked,
        message: m.message,
    };
    Ok(mistakes.into_iter().map(row).collect())
}

/// Declared beside found. The look is in the chain before the page leaves.
///
/// # Errors
/// The right is missing, no such batch or application, or a near relative's.
pub async fn diff_view(
    office: &Office,
    who: &Acting,
    no: i64,
    application: ApplicationNo,
) -> Done<DiffView> {
    let all = super::differences(office, who, no, application).await?;
    let rules = book(office)?;
    let (time, held) = subject(&office.store, no, application).await?;
    let seen = Act::new(&office.clock.at(), who.login(), "read.verification")
        .on("verification", no)
        .under(format!("application:{application}"));
    office.store.record_alone(seen).await?;
    let people: Vec<PersonId> = held.content.members.iter().map(|(p, _)| *p).collect();
    let masked = identity::masked(&office.store, &people).await?;
    let reports = verifications::reports_of_application(&office.store, application).await?;
    let issued = reports
        .iter()
        .any(|report| report.content.verification == no);
    let count = |verdict: Verdict| all.iter().filter(|d| d.verdict == verdict).count();
    let about = PhotoAbout::new(AboutKind::Application, application);
    let photos = crate::photos::of(office, &office.store, &about).await?;
    Ok(DiffView {
        batch: no,
        application: application.get(),
        version: time.version,
        standing: all.iter().filter(|d| d.stands()).count(),
        unknown: count(Verdict::Unknown),
        unchecked: count(Verdict::NotChecked),
        rows: all
            .iter()
            .map(|one| diff_row(&rules, &masked, one, issued))
            .collect(),
        reports: reports
            .into_iter()
            .map(|r| (r.no, r.number, r.content.version, r.content.day.to_string()))
            .collect(),
        issued,
        photos: photos
            .into_iter()
            .filter(|one| one.label.starts_with(crate::portal::EXPLAINS))
            .map(|one| (one.no, format!("{} · {}", one.label, one.what)))
            .collect(),
    })
}

fn diff_row(
    rules: &super::VerifyBook,
    masked: &HashMap<PersonId, Masked>,
    one: &Difference,
    issued: bool,
) -> DiffRow {
    let last = one.said.last().map(|said| said.content.kind);
    let found = match &one.found {
        FoundWas::NotAsked(why) => format!("未查:{why}"),
        FoundWas::Stopped => "未查:答复前撤回授权".to_owned(),
        FoundWas::Waiting(due) => format!("未答复(应于 {due} 前)"),
        FoundWas::Answered {
            state,
            as_of,
            value,
        } => {
            let said = match state {
                AnswerState::Found => "查得",
                AnswerState::None => "查无",
            };
            let value = value.as_deref().map(|value| rules.shown(value, &one.fact));
            format!(
                "{said} {}({as_of})",
                value.unwrap_or_else(|| "没有写全".to_owned())
            )
        }
    };
    let tone = match one.verdict {
        Verdict::Same | Verdict::Nothing => Tone::Good,
        Verdict::Differs | Verdict::Undeclared if one.stands() => Tone::Urgent,
        Verdict::Differs | Verdict::Undeclared => Tone::Notice,
        Verdict::Unknown => Tone::Unknown,
        Verdict::NotChecked => Tone::Calm,
    };
    let text = match (one.verdict.is_open(), last) {
        (true, Some(ExplanationKind::Explained)) => format!("{} · 已说明", one.verdict.name()),
        (true, Some(ExplanationKind::NotAccepted)) => format!("{} · 未采信", one.verdict.name()),
        (true, _) => format!("{} · 待说明", one.verdict.name()),
        (false, _) => one.verdict.name().to_owned(),
    };
    let said = one.said.iter().map(|said| match said.content.kind {
        ExplanationKind::Asked => {
            let due = said
                .content
                .due
                .map_or(String::new(), |due| due.to_string());
            format!("{} 请申请人说明,{due} 前", minute(&said.at))
        }
        ExplanationKind::Explained => format!("{} 说明:{}", minute(&said.at), said.content.says),
        ExplanationKind::NotAccepted => {
            format!("{} 未采信:{}", minute(&said.at), said.content.says)
        }
    });
    DiffRow {
        person: one.person.get(),
        name: format!("{}({})", name_of(masked, one.person), one.relation.name()),
        source: one.source_title.clone(),
        fact: one.fact.clone(),
        declared: one.declared.as_ref().map_or_else(
            || "未申报".to_owned(),
            |said| rules.shown(&said.value, &one.fact),
        ),
        found,
        verdict: word(text, tone),
        said: said.collect(),
        explains: !issued && one.verdict.is_open(),
        refuses: !issued && last == Some(ExplanationKind::Explained),
    }
}

/// One report with the cases that used it. The look is in the chain before the page leaves.
///
/// # Errors
/// As [`super::report()`].
pub async fn report_view(office: &Office, who: &Acting, no: i64) -> Done<ReportView> {
    let report = super::report(office, who, no).await?;
    let seen = Act::new(&office.clock.at(), who.login(), "read.verification-report");
    office.store.record_alone(seen.on("report", no)).await?;
    let program = office.rules_on(office.clock.today());
    let mut uses = Vec::new();
    for used in verifications::uses_of_report(&office.store, no).await? {
        let case = cases::find(&office.store, used.case).await?;
        let programme = case.map_or(String::new(), |case| case.content.programme);
        let file = program.files.iter().find(|file| file.id == programme);
        let title = file.map_or(programme.clone(), |file| file.title.clone());
        let when = format!("{} {}", minute(&used.at), used.actor);
        uses.push((used.case.get(), title, used.step, when));
    }
    Ok(ReportView {
        no,
        number: report.number,
        version: report.content.version,
        issued: format!("{} {}", minute(&report.at), report.actor),
        digest: store::digest::hex(&report.digest),
        text: report.text,
        uses,
    })
}

/// Consents of the members of a case, with the form for more.
///
/// # Errors
/// The right is missing, or no such case.
pub async fn consent_view(office: &Office, who: &Acting, no: CaseNo) -> Done<ConsentView> {
    let rules = book(office)?;
    let (case, held) = super::consents_of(office, who, no).await?;
    let members = &case.application.content.members;
    let people: Vec<PersonId> = members.iter().map(|(person, _)| *person).collect();
    let masked = identity::masked(&office.store, &people).await?;
    let member = |(person, relation): &(PersonId, domain::Relation)| {
        let name = name_of(&masked, *person);
        (person.get(), name, relation.name().to_owned())
    };
    Ok(ConsentView {
        case: no.get(),
        members: members.iter().map(member).collect(),
        sources: rules
            .sources
            .iter()
            .map(|s| (s.code.clone(), s.title.clone()))
            .collect(),
        ways: Signed::ALL.map(|way| (way.word(), way.name())).to_vec(),
        version: rules.consent_version.clone(),
        rows: held
            .iter()
            .map(|consent| consent_row(office, &rules, &masked, consent))
            .collect(),
    })
}

fn consent_row(
    office: &Office,
    rules: &super::VerifyBook,
    masked: &HashMap<PersonId, Masked>,
    consent: &Consent,
) -> ConsentRow {
    let content = &consent.content;
    let stands = consent.holds(office.clock.today());
    let state = match (&consent.withdrawn_at, stands) {
        (Some(at), _) => word(
            format!("{} 撤回:{}", minute(at), consent.withdrawn_why),
            Tone::Notice,
        ),
        (None, true) => word("有效", Tone::Good),
        (None, false) => word("已过期", Tone::Notice),
    };
    ConsentRow {
        no: consent.no,
        name: name_of(masked, content.person),
        source: rules.title(&content.source),
        signed: format!(
            "{} {} 至 {}",
            content.signed.name(),
            content.given,
            content.until
        ),
        version: content.text_version.clone(),
        state,
        stands,
    }
}

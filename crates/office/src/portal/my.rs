//! 我的办件: where it stands, who has it, by when, what is missing; and bringing what is missing.

use super::apply::Filled;
use super::draft::{DraftLine, drafts_of};
use super::explain::{self, ExplainLine};
use super::{Resident, Writer, home_of};
use crate::access::Access;
use crate::casework::online::{self, LetterLine};
use crate::casework::residents::bring;
use crate::casework::{Case, CaseError, Done, Paper, PaperState, place_name, read};
use crate::desk::minute;
use crate::office::Office;
use crate::photos::{self, AboutKind, NewPhoto, PhotoAbout, PhotoRole};
use domain::{CaseNo, PersonId};
use std::collections::BTreeSet;
use store::cases;
use store::portal::{self, Reopened, SubmissionState};

/// One case in a resident's list.
#[derive(Clone, Debug)]
pub struct MyCaseLine {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Where it stands, in a resident's words.
    pub state: String,
    /// Who has it.
    pub place: String,
    /// By when at the latest.
    pub due: String,
    /// What is missing.
    pub missing: Vec<String>,
    /// Whether it is closed.
    pub closed: bool,
}

/// What was sent and is no case yet.
#[derive(Clone, Debug)]
pub struct SentLine {
    /// 回执编号.
    pub no: i64,
    /// On which day.
    pub day: String,
    /// What became of it.
    pub said: String,
    /// Whether it was sent back and can be put right.
    pub sent_back: bool,
}

/// What a resident sees first.
#[derive(Clone, Debug, Default)]
pub struct MyView {
    /// Drafts.
    pub drafts: Vec<DraftLine>,
    /// Cases, newest first.
    pub cases: Vec<MyCaseLine>,
    /// What was sent and is no case yet, newest first.
    pub waiting: Vec<SentLine>,
    /// Whether the account is bound to a person.
    pub bound: bool,
    /// Whether somebody said who they are and waits for the window.
    pub claimed: bool,
    /// Telephone, masked.
    pub phone: String,
}

/// One's own cases: those one applied for. Having sent something in somebody's name makes it nobody's own.
async fn own_cases(office: &Office, who: &Resident) -> Done<BTreeSet<CaseNo>> {
    let mut out = BTreeSet::new();
    if let Some(person) = who.person {
        out.extend(applied_for(office, person).await?);
    }
    Ok(out)
}

/// The cases somebody is the applicant of.
async fn applied_for(office: &Office, person: PersonId) -> Done<Vec<CaseNo>> {
    let rows = cases::of_applicant(&office.store, person).await?;
    Ok(rows.iter().map(|row| row.no).collect())
}

/// A case of one's own; another's is as if it were not there.
pub(super) async fn own_case(office: &Office, who: &Resident, no: CaseNo) -> Done<Case> {
    let none = || CaseError::NotFound(format!("您没有编号为 {no} 的办件;请从“我的办件”打开"));
    if !own_cases(office, who).await?.contains(&no) {
        return Err(none());
    }
    read(office, &office.store, no).await?.ok_or_else(none)
}

fn title(office: &Office, case: &Case) -> String {
    let program = office.rules_on(office.clock.today());
    let id = &case.row.content.programme;
    let file = program.files.iter().find(|file| file.id == *id);
    file.map_or_else(|| case.procedure.title.clone(), |file| file.title.clone())
}

/// The latest day by which it is decided, in words.
fn due(case: &Case) -> String {
    if case.standing.closed.is_some() {
        return "已办结".to_owned();
    }
    if let Some(day) = case.clock.law_due() {
        return format!("最迟 {day} 办结(只算工作日)");
    }
    if let (Some(day), Some(open)) = (case.clock.next_due(), &case.standing.open) {
        let step = &open.name;
        return format!("最迟 {day} 办完“{step}”(只算工作日),受理以后告诉您最后日期");
    }
    match case.clock.missing_year() {
        Some(year) => format!("{year} 年的工作日历还没有公布,日期算不出来"),
        None => "受理以后告诉您最迟日期".to_owned(),
    }
}

fn missing(case: &Case) -> Vec<String> {
    if case.standing.closed.is_some() {
        return Vec::new();
    }
    let lacks = case
        .papers
        .iter()
        .filter(|paper| paper.state != PaperState::Given);
    lacks.map(|paper| paper.name.clone()).collect()
}

async fn line(office: &Office, case: &Case) -> Done<MyCaseLine> {
    let today = office.clock.today();
    Ok(MyCaseLine {
        no: case.no().get(),
        title: title(office, case),
        state: case.stands(),
        place: place_name(office, &case.standing.area, today).await?,
        due: due(case),
        missing: missing(case),
        closed: case.standing.closed.is_some(),
    })
}

/// What a resident sees first.
///
/// # Errors
/// The record cannot be read.
pub async fn my(access: &Access, who: &Resident) -> Done<MyView> {
    let office = access.office();
    let store = &office.store;
    let mut lines = Vec::new();
    for no in own_cases(office, who).await?.into_iter().rev() {
        if let Some(case) = read(office, store, no).await? {
            lines.push(line(office, &case).await?);
        }
    }
    let mut waiting = Vec::new();
    for sent in portal::submissions_of(store, who.no).await? {
        let place = place_name(office, &sent.new.area, office.clock.today()).await?;
        let said = match sent.state {
            SubmissionState::Waiting => {
                let again = portal::reopenings(store, (Reopened::Submission, sent.no)).await?;
                let again = again.last().map_or_else(String::new, |one| {
                    format!("{} 重新打开({});", minute(&one.at), one.because)
                });
                format!("{again}已收到,等{place}窗口核对身份后受理")
            }
            SubmissionState::Refused => format!("退回:{}", sent.because),
            SubmissionState::Taken if who.person.is_some() => continue,
            SubmissionState::Taken => {
                "窗口已收件;申请人本人在窗口核对过手机以后,在这里看进度".to_owned()
            }
        };
        waiting.push(SentLine {
            no: sent.no,
            day: sent.new.day.to_string(),
            said,
            sent_back: sent.state == SubmissionState::Refused,
        });
    }
    let known = portal::find(store, who.no).await?;
    let phone = match known {
        Some(known) => store::identity::mask_phone(&known.phone(store).await?),
        None => String::new(),
    };
    Ok(MyView {
        drafts: drafts_of(office, &Writer::Resident(who.clone())).await?,
        cases: lines,
        waiting,
        bound: who.person.is_some(),
        claimed: who.claimed,
        phone,
    })
}

/// One case as its applicant sees it.
#[derive(Clone, Debug)]
pub struct MyCase {
    /// What stands in the list.
    pub line: MyCaseLine,
    /// When it was handed in.
    pub received: String,
    /// Who helped, where an official filled it in.
    pub helped_by: String,
    /// The holidays that do not count.
    pub skipped: String,
    /// What was decided, newest last.
    pub outcomes: Vec<MyOutcome>,
    /// The letters to the applicant.
    pub letters: Vec<LetterLine>,
    /// Since which day letters are delivered by reading; empty while the applicant has not agreed.
    pub reads: String,
    /// Whether the applicant can agree to that now.
    pub may_agree: bool,
    /// What happened, oldest first: day and words.
    pub events: Vec<(String, String)>,
    /// What was declared: fact and value.
    pub declared: Vec<(String, String)>,
    /// The papers: name and state.
    pub papers: Vec<(String, String)>,
    /// Differences the office asked about.
    pub asked: Vec<ExplainLine>,
    /// Grown-up members who have not signed: how many.
    pub unsigned: usize,
    /// Whether it can be rated now.
    pub rates: bool,
}

/// What was decided, in a resident's words.
#[derive(Clone, Debug, Default)]
pub struct MyOutcome {
    /// On which day, and how.
    pub what: String,
    /// How much, and from when; empty where nothing is paid.
    pub amount: String,
    /// What it is made of: name and amount.
    pub parts: Vec<(String, String)>,
    /// Every reason.
    pub reasons: Vec<String>,
    /// The articles.
    pub articles: String,
    /// How to ask for review or sue.
    pub remedy: String,
    /// Whether another decision stands in its place.
    pub replaced: bool,
}

/// One case of one's own.
///
/// # Errors
/// It is not one's own.
pub async fn my_case(access: &Access, who: &Resident, no: CaseNo) -> Done<MyCase> {
    let office = access.office();
    let store = &office.store;
    let case = own_case(office, who, no).await?;
    let content = &case.application.content;
    let declared = store::applications::declared(store, case.application.no).await?;
    let own = |person: Option<PersonId>| person.is_none_or(|one| one == content.applicant);
    // What was said of other members is theirs; the applicant's own page shows the household's and their own.
    let shown = declared.iter().filter(|row| own(row.content.person));
    let invites = portal::invites_of(store, case.application.no).await?;
    let rated = portal::rating_of_case(store, no).await?;
    let skipped = case.clock.law.iter().find_map(|one| one.due.as_ref().ok());
    let helped = match content.cause {
        crate::casework::Cause::OnBehalf => colleague(office, &content.taken_by).await?,
        _ => String::new(),
    };
    let reads = store::decisions::agrees_to_read(store, no).await?;
    let offered = case.standing.closed.is_none() && online::is_offered(office);
    Ok(MyCase {
        line: line(office, &case).await?,
        outcomes: super::letters::outcomes(office, &case).await?,
        letters: online::lines(office, store, &case).await?,
        may_agree: reads.is_none() && offered,
        reads: reads.map_or_else(String::new, |day| day.to_string()),
        received: minute(&content.received_at),
        helped_by: helped,
        skipped: skipped.map_or_else(String::new, |due| {
            crate::calendar::said(office.book(), &due.skipped)
        }),
        events: case
            .standing
            .done
            .iter()
            .filter(|done| !done.undone)
            .map(|done| (done.day.to_string(), format!("办完“{}”", done.step)))
            .collect(),
        declared: shown
            .map(|row| (row.content.fact.clone(), row.content.value.clone()))
            .collect(),
        papers: case
            .papers
            .iter()
            .map(|paper| {
                let state = match paper.state {
                    PaperState::Given => "已交",
                    PaperState::Missing => "缺",
                    PaperState::Later => "以后补",
                };
                (paper.name.clone(), state.to_owned())
            })
            .collect(),
        asked: explain::lines(office, &case).await?,
        unsigned: invites.iter().filter(|one| !one.used).count(),
        rates: case.standing.closed.is_some() && rated.is_none_or(|one| one.grade.is_none()),
    })
}

/// The name of an official and their organisation.
async fn colleague(office: &Office, login: &str) -> Done<String> {
    let known = store::users::find(&office.store, login).await?;
    Ok(known.map_or_else(
        || login.to_owned(),
        |user| format!("{}({login})", user.name),
    ))
}

/// What is missing of a case.
#[derive(Clone, Debug)]
pub struct FixView {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// The papers that are missing.
    pub papers: Vec<String>,
    /// Pictures brought already: label and words.
    pub kept: Vec<(String, String)>,
    /// By when.
    pub due: String,
}

/// What is missing of a case of one's own.
///
/// # Errors
/// It is not one's own.
pub async fn fix_view(access: &Access, who: &Resident, no: CaseNo) -> Done<FixView> {
    let office = access.office();
    let case = own_case(office, who, no).await?;
    let about = PhotoAbout::new(AboutKind::Application, case.application.no);
    let kept = photos::of(office, &office.store, &about).await?;
    Ok(FixView {
        no: no.get(),
        title: title(office, &case),
        papers: missing(&case),
        kept: kept.into_iter().map(|one| (one.label, one.what)).collect(),
        due: due(&case),
    })
}

/// 补正: pictures of a paper that was missing. The window looks at them before it goes on.
///
/// # Errors
/// It is not one's own, the paper is not missing, or the picture cannot be taken.
pub async fn fix(
    access: &Access,
    who: &Resident,
    no: CaseNo,
    (paper, files): (&str, Vec<Filled>),
) -> Done<()> {
    let office = access.office();
    let mut case = own_case(office, who, no).await?;
    if !missing(&case).iter().any(|name| name == paper) {
        let said = "这份材料不缺,或者这一件已经办结;请刷新页面";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let sent: Vec<Filled> = files.into_iter().filter(|f| !f.bytes.is_empty()).collect();
    if sent.is_empty() {
        return Err(CaseError::Refused(format!("请拍一张“{paper}”的照片")));
    }
    let area = case.standing.area;
    let acting = access.resident(who.no, area);
    let about = PhotoAbout::new(AboutKind::Application, case.application.no);
    let under = format!("application:{}", case.application.no);
    let (names, files): (Vec<String>, Vec<Vec<u8>>) =
        sent.into_iter().map(|one| (one.name, one.bytes)).unzip();
    // All of them before the first is kept: what is refused leaves nothing behind.
    let files = photos::looked(office, &about, files).await?;
    let mut tx = office.store.write().await?;
    for (name, bytes) in names.iter().zip(files) {
        let new = NewPhoto {
            about: &about,
            under: &under,
            role: PhotoRole::Paper,
            label: paper,
            name,
            said_at: "",
            bytes,
        };
        photos::keep(office, &mut tx, acting.login(), new).await?;
    }
    let given = Paper {
        name: paper.to_owned(),
        state: PaperState::Given,
        because: String::new(),
    };
    bring(office, &mut tx, &acting, &mut case, &[given]).await?;
    tx.commit().await?;
    Ok(())
}

/// The place a resident's own page is about; none while nobody is certain.
pub(super) async fn own_home(
    office: &Office,
    who: &Resident,
) -> Done<(PersonId, Option<i64>, Option<domain::AreaCode>)> {
    let person = who.own()?;
    let (home, area) = home_of(office, &office.store, person).await?;
    Ok((person, home.map(domain::HouseholdId::get), area))
}

//! 线索: somebody may need help. The same person reported again joins the open clue; none is lost.

use super::overdue::Limits;
use super::reasons::{For, Reason, because, reasons};
use super::{CaseError, Done, place_name, without_numbers};
use crate::access::{Acting, Right};
use crate::desk::minute;
use crate::office::Office;
use crate::photos::{self, AboutKind, NewPhoto, PhotoAbout, PhotoRole};
use crate::views::ViewError;
use domain::{AreaCode, Day, PersonId};
use store::Act;
use store::applications::{self, Clue, ClueState, NewClue};
use store::audit::{self, About};

pub use store::applications::ClueSource;

/// Clues on one list.
const CLUES_MAX: u32 = 500;

/// 上报线索, as its reporter says it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who may need help.
    pub person: PersonId,
    /// Where; without, where the person lives.
    pub area: Option<AreaCode>,
    /// Who told.
    pub source: ClueSource,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// What happened, without a name or number.
    pub text: String,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// A new clue.
    New(i64),
    /// The second number joined the first: 并入.
    Joined {
        /// This report.
        no: i64,
        /// The clue that was open already.
        into: i64,
    },
}

/// A photo that comes with a report. Has no printable form.
pub struct CluePhoto {
    /// The file's name as it was sent.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Reports a clue.
///
/// # Errors
/// No right, nobody there, a near relative, or nothing said.
pub async fn report(office: &Office, who: &Acting, report: &Report) -> Done<Reported> {
    report_with(office, who, report, Vec::new()).await
}

/// Reports a clue with photos of what was seen; they belong to the clue that is worked on, and go with it
/// into the application. A file that is not taken leaves nothing of the report behind.
///
/// # Errors
/// As [`report`], or a file is not taken.
pub async fn report_with(
    office: &Office,
    who: &Acting,
    report: &Report,
    files: Vec<CluePhoto>,
) -> Done<Reported> {
    let scope = who.scope(Right::CLUE_REPORT)?;
    let text = report.text.trim();
    without_numbers(text)?;
    if text.is_empty() {
        return Err(CaseError::Refused("请写明发生了什么".to_owned()));
    }
    if who.is_kept_from_person(report.person) {
        return Err(ViewError::kept_from().into());
    }
    let people = store::persons::get_many(&office.store, &[report.person]).await?;
    let person = people.first();
    let person = person.ok_or_else(|| CaseError::NotFound("没有这个人的登记".to_owned()))?;
    let area = report.area.or(person.area).or_else(|| scope.start());
    let area = area.ok_or_else(|| CaseError::Refused("请写明在哪个村(社区)".to_owned()))?;
    let new = NewClue {
        person: report.person,
        area,
        source: report.source,
        urgent: report.urgent,
        text: text.to_owned(),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let (no, into) = applications::add_clue(&mut tx, &at, who.login(), &new).await?;
    let act = Act::new(&at, who.login(), "clue.report").on("clue", no);
    tx.record(match into {
        Some(into) => act.under(format!("clue:{into}")).because("并入"),
        None => act,
    });
    let own = into.unwrap_or(no);
    let (about, under) = (about(own), format!("clue:{own}"));
    for file in files {
        let new = NewPhoto {
            about: &about,
            under: &under,
            role: PhotoRole::Photo,
            label: "",
            name: &file.name,
            said_at: "",
            bytes: file.bytes,
        };
        photos::keep(office, &mut tx, who.login(), new).await?;
    }
    tx.commit().await?;
    Ok(match into {
        Some(into) => Reported::Joined { no, into },
        None => Reported::New(no),
    })
}

/// What the photos of a clue belong to.
pub(super) fn about(no: i64) -> PhotoAbout {
    PhotoAbout::new(AboutKind::Clue, no)
}

/// A clue as its own page shows it.
#[derive(Clone, Debug)]
pub struct ClueView {
    /// Its number.
    pub no: i64,
    /// Whom it is about, masked.
    pub person: String,
    /// Their number in the record.
    pub person_id: i64,
    /// Where.
    pub place: String,
    /// What was said, when and by whom: the first report and those that joined it.
    pub reports: Vec<(String, String, String)>,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// By when it must have become an application or come to an end, and whether that is over.
    pub due: Option<(Day, bool)>,
    /// What became of it; none while it is open.
    pub ended: Option<String>,
    /// The case it became, where it did.
    pub application: Option<i64>,
    /// Why it may be brought to an end, to choose from; empty for whoever may not.
    pub reasons: Vec<Reason>,
}

/// One clue within somebody's places.
///
/// # Errors
/// No right, no such clue here, a near relative, or the record.
pub async fn clue_view(office: &Office, who: &Acting, no: i64) -> Done<ClueView> {
    let clue = within(office, who, Right::CASE, no).await?;
    let store = &office.store;
    let seen = Act::new(&office.clock.at(), who.login(), "read.person");
    store
        .record_alone(
            seen.on("person", clue.content.person)
                .under(format!("clue:{no}")),
        )
        .await?;
    let masked = store::identity::masked(store, &[clue.content.person]).await?;
    let name = masked.into_values().next().and_then(|masked| masked.name);
    let today = office.clock.today();
    let said = |one: &Clue| (minute(&one.at), one.actor.clone(), one.content.text.clone());
    let mut reports = vec![said(&clue)];
    reports.extend(
        applications::joined_clues(store, no)
            .await?
            .iter()
            .map(said),
    );
    let open = clue.state == ClueState::Open;
    let ended = match clue.state {
        ClueState::Open => None,
        ClueState::Joined => clue.into.map(|into| format!("并入线索 № {into}")),
        ClueState::Applied => Some("已转申请".to_owned()),
        ClueState::Closed => Some(closed_words(office, no).await?),
    };
    Ok(ClueView {
        no,
        person: name.unwrap_or_else(|| "姓名未登记".to_owned()),
        person_id: clue.content.person.get(),
        place: place_name(office, &clue.content.area, today).await?,
        reports,
        urgent: clue.content.urgent,
        due: Limits::of(office)
            .of_clue(&clue)
            .filter(|_| open)
            .map(|due| (due, due < today)),
        ended,
        application: clue.application.map(|no| no.get()),
        reasons: match open && who.may(Right::CASE_ACCEPT) {
            true => reasons(office, For::Clue),
            false => Vec::new(),
        },
    })
}

/// Who brought a clue to an end, when and why, as the chain has it.
async fn closed_words(office: &Office, no: i64) -> Done<String> {
    let about = About::Object {
        kind: "clue".to_owned(),
        id: no.to_string(),
    };
    let acts = audit::list(&office.store, &about, i64::MAX, 50).await?;
    let own = acts.into_iter().find(|act| act.act == "clue.close");
    Ok(own.map_or_else(
        || "已了结".to_owned(),
        |act| format!("{} {} 了结:{}", minute(&act.at), act.actor, act.purpose),
    ))
}

/// Brings a clue to an end that becomes no application; it needs a reason of the list.
///
/// # Errors
/// No right, no such clue here, it is open no more, or the reason is not of the list.
pub async fn close_clue(
    office: &Office,
    who: &Acting,
    no: i64,
    (reason, said): (&str, &str),
) -> Done<()> {
    let clue = within(office, who, Right::CASE_ACCEPT, no).await?;
    if clue.state != ClueState::Open {
        let said = format!("线索 № {no} 已经办过,不用再了结;请刷新页面");
        return Err(CaseError::Refused(said));
    }
    without_numbers(said)?;
    let because = because(office, For::Clue, reason, said)?;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    applications::close_clue(&mut tx, no).await?;
    tx.record(
        Act::new(&at, who.login(), "clue.close")
            .on("clue", no)
            .because(because),
    );
    tx.commit().await?;
    Ok(())
}

async fn within(office: &Office, who: &Acting, right: Right, no: i64) -> Done<Clue> {
    let scope = who.scope(right)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的线索;请核对编号"));
    let clue = applications::find_clue(&office.store, no).await?;
    let clue = clue.ok_or_else(missing)?;
    if !scope.contains(&clue.content.area) {
        return Err(missing());
    }
    if who.is_kept_from_person(clue.content.person) {
        return Err(ViewError::kept_from().into());
    }
    Ok(clue)
}

/// The open clues within somebody's places, those that cannot wait first.
///
/// # Errors
/// No right, or the record.
pub async fn open_clues(office: &Office, who: &Acting) -> Done<Vec<Clue>> {
    let scope = who.scope(Right::CASE)?;
    let mut clues = Vec::new();
    for place in scope.each_place() {
        let here = applications::open_clues(&office.store, place.as_ref(), CLUES_MAX).await?;
        clues.extend(here);
    }
    clues.retain(|clue| !who.is_kept_from_person(clue.content.person));
    clues.sort_by_key(|clue| (!clue.content.urgent, clue.no));
    Ok(clues)
}

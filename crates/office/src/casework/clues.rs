//! 线索: somebody may need help. The same person reported again joins the open clue; none is lost.

use super::{CaseError, Done, without_numbers};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::photos::{self, AboutKind, NewPhoto, PhotoAbout, PhotoRole};
use crate::views::ViewError;
use domain::{AreaCode, PersonId};
use store::Act;
use store::applications::{self, Clue, NewClue};

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

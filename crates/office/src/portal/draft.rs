//! 草稿: what was filled in so far, kept under seal and found again at the same question.

use super::book::PortalBook;
use super::claim::{Claim, read, written};
use super::{Resident, Writer, form_key};
use crate::access::{Access, Acting, Right};
use crate::casework::{CaseError, Done, Wanted, whom};
use crate::desk::minute;
use crate::office::Office;
use crate::photos;
use crate::visits::open_warning;
use domain::{Day, PersonId, WarningId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::identity::{mask_name, mask_number};
use store::portal::{self, Draft, Owner};
use store::{Act, At, JournalTx};

/// Drafts an official may hold at a time.
const DRAFTS_MAX: usize = 50;
/// Drafts that are forgotten at a time; the others go the next time.
const OLD_READ: u32 = 500;

/// A member who is not in the register's household. Has no printable form.
#[derive(Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Member {
    pub name: String,
    /// Empty for whoever has none yet: then [`Self::birth`] says when they were born.
    pub number: String,
    pub relation: String,
    /// As the window writes it, with 不详 for a day nobody knows; empty where there is a number.
    #[serde(default)]
    pub birth: String,
    /// Does not live with the family: kin of whom it is applied for, as a parent in prison is of a child.
    #[serde(default)]
    pub outside: bool,
}

impl Member {
    /// Name, masked, and what they are, to the applicant or, of kin elsewhere, to whom it is applied for.
    pub(super) fn called(&self) -> String {
        let name = mask_name(&self.name);
        match self.outside {
            true => format!("{name}(不在一起生活的{})", self.relation),
            false => format!("{name}({})", self.relation),
        }
    }

    /// The number, masked, or that there is none and the day of birth.
    pub(super) fn shown(&self) -> String {
        match self.number.as_str() {
            "" => format!("还没有身份证号,出生 {}", self.birth),
            number => mask_number(number),
        }
    }
}

/// How the person helped let the official send it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum Assent {
    /// A code of their own telephone was shown.
    Code,
    /// They signed on paper, whose picture is among the papers.
    Paper,
}

/// What is ticked of a member who does not live with the family.
pub(super) const OUTSIDE: &str = "yes";
/// The applicant, among those a programme is applied for.
pub(super) const SELF: &str = "self";

/// What was filled in. Has no printable form.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The programmes, by their policies' names.
    pub programmes: Vec<String>,
    /// Of programmes for one person, for whom: [`SELF`], or a member of the register's household that is ticked.
    #[serde(default)]
    pub whom: BTreeMap<String, Vec<String>>,
    /// Who applies, where the account is bound to nobody.
    #[serde(default)]
    pub who: Claim,
    /// Members of the register's household who live together.
    #[serde(default)]
    pub household: Vec<i64>,
    /// Further members.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Answers by field.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// The questions answered, by key.
    #[serde(default)]
    pub done: Vec<String>,
    /// Version of the text that was signed, and when.
    #[serde(default)]
    pub signed: Option<(String, String)>,
    /// Whether the applicant agrees to be handed letters by reading them here.
    #[serde(default)]
    pub reads: bool,
    /// By an official: how the person agreed.
    #[serde(default)]
    pub assent: Option<Assent>,
    /// The keyed digest of the telephone whose code was shown for it.
    #[serde(default)]
    pub assent_phone: Option<portal::PhoneToken>,
    /// The draft its pictures belong to, once it was sent and waits.
    #[serde(default)]
    pub draft: i64,
    /// By an official: the warning that led to the door.
    #[serde(default)]
    pub warning: Option<i64>,
}

impl Content {
    /// What is applied for, and for whom of the family.
    pub fn wanted(&self, office: &Office, applicant: PersonId) -> Vec<Wanted> {
        let named = |programme: &str| {
            let all = self.whom.get(programme).into_iter().flatten();
            all.filter_map(|one| match one.as_str() {
                SELF => Some(applicant),
                id => id.parse().ok().map(PersonId::new),
            })
            .collect()
        };
        whom::wanted(office, &self.programmes, (office.clock.today(), named))
    }

    /// Says that a question was answered.
    pub fn is_done(&mut self, key: &str) {
        if !self.done.iter().any(|done| done == key) {
            self.done.push(key.to_owned());
        }
    }
}

/// A draft in a list.
#[derive(Clone, Debug)]
pub struct DraftLine {
    /// Its number.
    pub no: i64,
    /// What for.
    pub programmes: String,
    /// For whom, masked; empty for oneself.
    pub who: String,
    /// When it was last kept.
    pub saved: String,
}

/// A draft with what stands in it.
pub(crate) struct Held {
    pub draft: Draft,
    pub content: Content,
}

/// A draft of the writer's own; another's is as if it were not there.
pub(crate) async fn held(office: &Office, writer: &Writer, no: i64) -> Done<Held> {
    if let Writer::Worker(who) = writer {
        who.scope(Right::CASE_ASSIST)?;
    }
    let none =
        || CaseError::NotFound("没有这份没交出的申请;可能已经交出,请看“我的办件”".to_owned());
    let draft = portal::draft(&office.store, no).await?.ok_or_else(none)?;
    if draft.owner != writer.owner() {
        return Err(none());
    }
    let content = read(&draft.content)?;
    Ok(Held { draft, content })
}

/// Keeps what was filled in.
pub(crate) async fn keep(office: &Office, writer: &Writer, held: &Held) -> Done<()> {
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::save_draft(&mut tx, &at, &held.draft, &written(&held.content)?).await?;
    note(&mut tx, office, writer, held.draft.no);
    tx.commit().await?;
    Ok(())
}

pub(crate) fn note(tx: &mut JournalTx, office: &Office, writer: &Writer, no: i64) {
    let act = Act::new(&office.clock.at(), writer.actor(), "draft.keep");
    tx.record(act.on("draft", no));
}

/// Begins an application of a resident, or finds the one that is open; answers its number.
///
/// # Errors
/// The record cannot be written.
pub async fn begin(access: &Access, who: &Resident, programmes: &[String]) -> Done<i64> {
    let office = access.office();
    let writer = Writer::Resident(who.clone());
    forget_old(office).await?;
    let open = portal::drafts_of(&office.store, (Owner::Resident, &who.no.to_string())).await?;
    if let Some(first) = open.first() {
        let mut held = held(office, &writer, first.no).await?;
        let wanted = known_programmes(office, programmes);
        if !wanted.is_empty() && held.content.programmes != wanted {
            held.content.programmes = wanted;
            keep(office, &writer, &held).await?;
        }
        return Ok(first.no);
    }
    let mut content = Content {
        programmes: known_programmes(office, programmes),
        ..Content::default()
    };
    if who.person.is_none()
        && let Some(known) = portal::find(&office.store, who.no).await?
        && let Some(text) = known.claim(&office.store).await?
    {
        content.who = read(&text)?;
        content.is_done(super::steps::WHO);
    }
    open_one(office, &writer, &content).await
}

/// Begins an application in somebody's name.
///
/// # Errors
/// No right, or too many are open.
pub async fn begin_for(access: &Access, who: &Acting) -> Done<i64> {
    begun(access, who, Content::default()).await
}

/// The same for a family a warning led to: what is sent has the warning as its cause, and closes it.
///
/// # Errors
/// As [`begin_for`]; no such open warning within the own places, or a near relative's.
pub async fn begin_at(access: &Access, who: &Acting, warning: WarningId) -> Done<i64> {
    let found = open_warning(access.office(), who, Right::CASE_ASSIST, warning).await?;
    let content = Content {
        warning: Some(found.id.get()),
        ..Content::default()
    };
    begun(access, who, content).await
}

async fn begun(access: &Access, who: &Acting, content: Content) -> Done<i64> {
    let office = access.office();
    who.scope(Right::CASE_ASSIST)?;
    let writer = Writer::Worker(who.clone());
    let open = portal::drafts_of(&office.store, (Owner::Worker, who.login())).await?;
    if open.len() >= DRAFTS_MAX {
        let said = format!(
            "您已经有 {} 份没有交出的代办申请;请先交出或者删去几份",
            open.len()
        );
        return Err(CaseError::Refused(said));
    }
    open_one(office, &writer, &content).await
}

async fn open_one(office: &Office, writer: &Writer, content: &Content) -> Done<i64> {
    let at = office.clock.at();
    let (kind, owner) = writer.owner();
    let mut tx = office.store.write().await?;
    let text = written(content)?;
    let no = portal::open_draft(&mut tx, &at, (kind, &owner), &form_key()?, &text).await?;
    let act = Act::new(&at, writer.actor(), "draft.begin");
    tx.record(act.on("draft", no));
    tx.commit().await?;
    Ok(no)
}

/// Those of the programmes one can apply for here.
fn known_programmes(office: &Office, programmes: &[String]) -> Vec<String> {
    let today = office.clock.today();
    let known = programmes.iter();
    let mut out: Vec<String> = Vec::new();
    for one in known.filter(|id| office.admission(id, today).is_some()) {
        if !out.contains(one) {
            out.push(one.clone());
        }
    }
    out
}

/// Drafts nobody touched for too long go, whoever's they are, with what stood in them and their pictures;
/// answers how many. To be called when the program starts and once a day.
///
/// # Errors
/// The record cannot be written, or the rulebook does not say how long.
pub async fn forget_old(office: &Office) -> Done<usize> {
    let days = PortalBook::of(office)?.draft_days;
    let age = SignedDuration::from_hours(days.saturating_mul(24));
    let Ok(before) = office.clock.now().checked_sub(age) else {
        return Ok(0);
    };
    let mut gone = 0_usize;
    for draft in portal::old_drafts(&office.store, &At::from(before), OLD_READ).await? {
        drop_one(office, "system", &draft, "过期没有交出").await?;
        gone = gone.saturating_add(1);
    }
    Ok(gone)
}

/// A draft goes, with what stood in it and its pictures.
pub(super) async fn drop_one(office: &Office, by: &str, draft: &Draft, because: &str) -> Done<()> {
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::drop_draft(&mut tx, &at, draft).await?;
    photos::destroy(office, &mut tx, by, &super::apply::about(draft.no), because).await?;
    let act = Act::new(&at, by, "draft.drop").on("draft", draft.no);
    tx.record(act.because(because));
    tx.commit().await?;
    Ok(())
}

/// The open drafts of a writer.
///
/// # Errors
/// The record cannot be read.
pub async fn drafts_of(office: &Office, writer: &Writer) -> Done<Vec<DraftLine>> {
    let (kind, owner) = writer.owner();
    let program = office.rules_on(office.clock.today());
    let title = |id: &String| {
        let file = program.files.iter().find(|file| file.id == *id);
        file.map_or_else(|| id.clone(), |file| file.title.clone())
    };
    let mut out = Vec::new();
    for draft in portal::drafts_of(&office.store, (kind, &owner)).await? {
        let content: Content = read(&draft.content)?;
        let named: Vec<String> = content.programmes.iter().map(title).collect();
        out.push(DraftLine {
            no: draft.no,
            programmes: match named.is_empty() {
                true => "还没有选救助项目".to_owned(),
                false => named.join("、"),
            },
            who: mask_name(&content.who.name),
            saved: minute(&draft.saved_at),
        });
    }
    Ok(out)
}

/// Somebody's number and birth day, where the number is one.
pub(crate) fn born(number: &str, today: Day) -> Option<(Day, domain::Sex)> {
    let parsed = domain::IdNumber::parse(number, today).ok()?.number;
    Some((parsed.birth(), parsed.sex()))
}

/// The members of the register's household that were ticked.
pub(crate) fn ticked(content: &Content) -> Vec<PersonId> {
    content
        .household
        .iter()
        .map(|id| PersonId::new(*id))
        .collect()
}

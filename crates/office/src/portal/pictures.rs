//! 照片 of an application that was not sent yet: seen again by whoever fills it in, taken out again, and brought
//! back with everything else when the window sent the application back.

use super::apply::about;
use super::claim::written;
use super::draft::{Content, held};
use super::send::content_of;
use super::steps::{ASSENT, PAPER};
use super::{Resident, Writer, form_key};
use crate::access::Access;
use crate::casework::{CaseError, Done};
use crate::office::Office;
use crate::photos::{self, Served};
use store::Act;
use store::portal::{self, SubmissionState};

/// What the picture of the paper is called by which somebody let an official apply for them.
pub(super) const ASSENT_PAPER: &str = "本人签字的代办授权";
/// Why a picture is no longer there.
const TAKEN_OUT: &str = "交出以前撤下";

/// A copy of a picture of a draft, for whoever fills it in; the look is in the chain before it leaves.
///
/// # Errors
/// No such draft of the writer's, or the picture is none of it.
pub async fn draft_photo(office: &Office, writer: &Writer, no: i64, photo: i64) -> Done<Served> {
    let held = held(office, writer, no).await?;
    let channel = match writer {
        Writer::Resident(_) => "portal",
        Writer::Worker(who) => who.channel().word(),
    };
    photos::serve_as(
        office,
        &writer.actor(),
        channel,
        &about(held.draft.no),
        photo,
    )
    .await
}

/// Takes a picture of a draft out; a question that rested on it alone is open again.
pub(super) async fn take_out(
    office: &Office,
    writer: &Writer,
    (draft, key): (i64, &str),
    (photo, content): (i64, &mut Content),
) -> Done<()> {
    let place = about(draft);
    let mut tx = office.store.write().await?;
    photos::withdraw(office, &mut tx, &writer.actor(), &place, photo, TAKEN_OUT).await?;
    tx.commit().await?;
    let left = photos::of(office, &office.store, &place).await?;
    let label = match key.strip_prefix(PAPER) {
        Some(paper) => paper,
        None => ASSENT_PAPER,
    };
    if left.iter().any(|one| one.label == label) {
        return Ok(());
    }
    content.done.retain(|done| done != key);
    if key == ASSENT {
        content.assent = None;
        content.assent_phone = None;
    }
    Ok(())
}

/// 改好再交: what the window sent back is a draft again, with its answers and its pictures.
///
/// # Errors
/// It is not one's own or was not sent back, or another draft is open.
pub async fn again(access: &Access, who: &Resident, no: i64) -> Done<i64> {
    let office = access.office();
    let writer = Writer::Resident(who.clone());
    let sent = portal::find_submission(&office.store, no).await?;
    let own = sent
        .filter(|sent| sent.new.resident == Some(who.no) && sent.state == SubmissionState::Refused);
    let sent =
        own.ok_or_else(|| CaseError::NotFound("没有这份退回的申请;请从“我的办件”里看".to_owned()))?;
    let (kind, owner) = writer.owner();
    if !portal::drafts_of(&office.store, (kind, &owner))
        .await?
        .is_empty()
    {
        let said = "您有一份没交出的申请;请先交出或者删去,再改退回的这一份";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let mut content = content_of(&sent)?;
    let from = about(content.draft);
    content.draft = 0;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let text = written(&content)?;
    let draft = portal::open_draft(&mut tx, &at, (kind, &owner), &form_key()?, &text).await?;
    let under = format!("draft:{draft}");
    photos::carry(
        office,
        &mut tx,
        &writer.actor(),
        &from,
        &about(draft),
        &under,
    )
    .await?;
    let act = Act::new(&at, writer.actor(), "draft.again").on("draft", draft);
    tx.record(act.under(format!("submission:{no}")));
    tx.commit().await?;
    Ok(draft)
}

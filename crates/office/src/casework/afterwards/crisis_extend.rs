//! 到期救助自动延长: what would end while a 紧急通道 holds goes on for some months — money as money with its parts, a
//! recognition as a recognition. What a decision stopped stays stopped.

use super::super::{CaseError, Done, recognised};
use super::amount_in;
use super::crisis_care::{CAUSE, EXTENSION, said};
use super::due::in_force_of_all;
use crate::disbursement::{self, Entitle, PayBook};
use crate::office::Office;
use domain::{Fen, Month};
use store::crisis::Crisis;
use store::crisis::care::{self, NewExtension};
use store::entitlement_parts;
use store::entitlements::{self, Cause, Entitlement};
use store::{Act, JournalTx};

const EXTENDS: &str = "到期救助自动延长";

/// Monthly help of the channel's programmes and places that would end while it holds, of itself and not by a
/// decision to stop it, until other help of the same people begins; answers how many go on, and of those that cannot,
/// why.
pub(super) async fn extend(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    one: &Crisis,
) -> Done<(u64, Vec<String>)> {
    let mut refused = Vec::new();
    let months = said(office, EXTENDS).unwrap_or(0);
    let further = i32::try_from(months).unwrap_or(0).saturating_sub(1);
    if further < 0 {
        return Ok((0, refused));
    }
    let book = disbursement::book(office)?;
    let known = care::extended(tx).await?;
    let today = office.clock.today();
    let mut count = 0_u64;
    for help in in_force_of_all(office).await? {
        let ends = help.to.filter(|to| is_meant(&book, one, &help, *to));
        let Some(to) = ends.filter(|_| !known.contains(&help.id)) else {
            continue;
        };
        let subject = help.subject;
        let all = entitlements::of_subject(tx, &help.programme, &help.component, subject).await?;
        let others = all.iter().filter(|other| other.id != help.id);
        let next = others
            .filter(|other| other.to.is_none_or(|end| to < end && other.from < end))
            .map(|other| other.from.prev())
            .min();
        let last = next.map_or(to.add(further), |last| last.min(to.add(further)));
        if last < to {
            continue;
        }
        let cause = Cause::new(CAUSE, one.no);
        let entitlement = match recognised::is_one(&help) {
            true => {
                let new = recognised::New::after(&help, to, Some(last.next()));
                recognised::begin(office, tx, by, new, &cause).await?
            }
            false => match paid_on(office, tx, by, (&help, to, last), cause).await {
                Ok(new) => new,
                // Nothing of it is written yet; the others go on.
                Err(CaseError::Refused(why) | CaseError::NotFound(why)) => {
                    refused.push(format!("待遇 {}:{why}", help.id));
                    continue;
                }
                Err(other) => return Err(other),
            },
        };
        let new = NewExtension {
            crisis: one.no,
            ended: help.id,
            entitlement,
            from: to,
            last,
            day: today,
            by: by.to_owned(),
        };
        let no = care::extend(tx, &office.clock.at(), &new).await?;
        tx.record(
            Act::new(&office.clock.at(), by, "crisis.extend")
                .on(EXTENSION, no)
                .because(format!("{} 到期,接着到 {last}", to.add(-1)))
                .under(format!("crisis:{}", one.no)),
        );
        count = count.saturating_add(1);
    }
    Ok((count, refused))
}

/// Whether help that ends with a month is what the channel is for.
fn is_meant(book: &PayBook, one: &Crisis, help: &Entitlement, to: Month) -> bool {
    let content = &one.content;
    // Given for one month by a decision, it was never to go on.
    let once = help.cause.kind != "row" && help.from.next() == to;
    content.area.contains(&help.area)
        && content.programmes.contains(&help.programme)
        && book.at_once(&help.programme).is_none()
        && help.stopped_cause.is_empty()
        && !once
        && to.add(-1).last() <= content.last
}

/// The same amount a month, made up of the same parts.
async fn paid_on(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    (help, from, last): (&Entitlement, Month, Month),
    cause: Cause,
) -> Done<i64> {
    let before = from.add(-1);
    let amount = amount_in(tx, help, before).await?;
    let parts = entitlement_parts::of_month(tx, help.id, before).await?;
    let entitle = Entitle::after(help, amount, (from, Some(last)), cause);
    let id = disbursement::entitle(office, tx, by, &entitle).await?;
    let whole = parts.iter().filter(|part| part.person.is_none());
    if !parts.is_empty() && Fen::total(whole.map(|part| part.amount)) == Some(amount) {
        entitlement_parts::keep_of(tx, &office.clock.at(), (id, from), &parts).await?;
    }
    Ok(id)
}

//! 决定的效力: what a decision does once it is handed over — to the help it is about, and to what a 紧急通道 had that
//! help go on as: whatever is decided of help holds for its continuation too.

use super::super::parts::keep_sealed;
use super::super::{CaseError, Done, Writing, recognised};
use super::crisis_care::{CAUSE, EXTENSION};
use super::late::ahead;
use super::recognition::go_on;
use super::{AfterKind, DECIDED, amount_in};
use crate::disbursement::{self, Amend};
use crate::office::Office;
use domain::{Fen, Month};
use store::Reads;
use store::entitlements::{self, Cause, Entitlement};
use store::reviews::{AfterDecision, NewAfter};

/// What a delivered decision does to the help: from which month, and the recovery it opened.
pub(super) async fn hold(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (after, help, decision): (&NewAfter, &Entitlement, &AfterDecision),
    late: i32,
) -> Done<(Option<Month>, Option<i64>)> {
    let content = &decision.content;
    let cause = Cause::new(DECIDED, decision.no);
    let (from, amount) = match (content.kind, content.from, content.after) {
        (AfterKind::Kept, _, _) => return Ok((None, None)),
        (AfterKind::Recover, _, Some(amount)) => {
            if let Some(recovery) = after.recovery {
                let with = (recovery, amount);
                disbursement::decided(office, tx, by, with, (decision.no, &cause)).await?;
            }
            return Ok((None, after.recovery));
        }
        (AfterKind::Recover, _, None) | (_, None, _) => return Err(unsaid(decision)),
        (_, Some(from), amount) => (from, amount),
    };
    let this = Month::containing(office.clock.today().max(content.day));
    let from = match content.kind {
        AfterKind::Exit => from.add(late),
        AfterKind::Cut | AfterKind::Stopped => ahead(from, content.day, this),
        _ => from,
    };
    let chain = chain(tx, help, content.kind).await?;
    let links = touched(&chain, from);
    let (mut told, mut recovery) = (None, None);
    if matches!(content.kind, AfterKind::Raised | AfterKind::Restored) {
        told = Some(give(office, tx, by, (&links, decision, &cause), (from, amount)).await?);
    } else {
        for link in &links {
            let what = (&link.help, decision, &cause);
            let taken = take(office, tx, by, what, (from, late)).await?;
            told = told.or(Some(taken.from));
            recovery = recovery.or(taken.recovery);
        }
    }
    let counted = matches!(
        content.kind,
        AfterKind::Raised | AfterKind::Restored | AfterKind::Cut
    );
    if let Some(amount) = amount.filter(|_| counted && !recognised::is_one(help)) {
        keep_sealed(office, tx, &content.capsule, (amount, &cause)).await?;
    }
    // Last, for it is made up of no parts.
    if let Some(last) = links.last() {
        disbursement::make_up(office, tx, by, &last.help, (content.case, &cause)).await?;
    }
    Ok((told, recovery))
}

fn unsaid(decision: &AfterDecision) -> CaseError {
    let said = format!("处理决定 {} 没有写月份或者金额", decision.no);
    CaseError::Office(crate::OfficeError::Other(said))
}

/// Help, and the first month no longer given after a decision of a kind: what is given again ends when it was to end,
/// whatever else when it ends now.
struct Link {
    help: Entitlement,
    ends: Option<Month>,
}

impl Link {
    fn of(help: Entitlement, kind: AfterKind) -> Self {
        // What was taken back of a channel stays taken back.
        let again = kind == AfterKind::Restored && !is_undone(&help);
        let ends = if again { help.decided_to } else { help.to };
        Self { help, ends }
    }
}

fn is_undone(help: &Entitlement) -> bool {
    help.stopped_cause.starts_with(EXTENSION)
}

/// The help with what channels had it go on as, one after the other, each as it was given or changed last. What was
/// stopped before it began is part of it only for what gives it again.
async fn chain(on: &impl Reads, help: &Entitlement, kind: AfterKind) -> Done<Vec<Link>> {
    let (programme, component) = (&help.programme, &help.component);
    let all = entitlements::of_subject(on, programme, component, help.subject).await?;
    let mut chain = vec![Link::of(help.clone(), kind)];
    let mut end = help.decided_to;
    while let Some(at) = end {
        let goes_on = |one: &&Entitlement| {
            one.from == at
                && one.id > help.id
                && [CAUSE, DECIDED].contains(&one.cause.kind.as_str())
        };
        let lives = |one: &&Entitlement| one.to.is_none_or(|to| one.from < to);
        let stopped = |one: &&Entitlement| {
            kind == AfterKind::Restored && one.stopped_cause.starts_with(DECIDED)
        };
        let own = all.iter().filter(goes_on);
        let live = own.clone().filter(lives).max_by_key(|one| one.id);
        let next = live.or_else(|| own.filter(stopped).max_by_key(|one| one.id));
        end = next.and_then(|next| next.decided_to.filter(|end| *end > at));
        chain.extend(next.map(|next| Link::of(next.clone(), kind)));
    }
    Ok(chain)
}

/// What of a chain a decision from a month on touches: all but what is over by then; where everything is, the last.
fn touched(chain: &[Link], from: Month) -> Vec<&Link> {
    let reaches = |link: &&Link| link.ends.is_none_or(|ends| from < ends);
    let links: Vec<&Link> = chain.iter().filter(reaches).collect();
    match links.is_empty() {
        true => chain.last().into_iter().collect(),
        false => links,
    }
}

/// The first month no longer given after a decision of a kind about some help, with what it goes on as; none where it
/// has no end.
pub(super) async fn ends(
    on: &impl Reads,
    help: &Entitlement,
    kind: AfterKind,
) -> Done<Option<Month>> {
    let chain = chain(on, help, kind).await?;
    Ok(chain.last().and_then(|last| last.ends))
}

/// More, or again; answers from which month.
async fn give(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (links, decision, cause): (&[&Link], &AfterDecision, &Cause),
    (from, amount): (Month, Option<Fen>),
) -> Done<Month> {
    let sealed = decision.content.capsule.as_str();
    let mut told = None;
    for Link { help, ends } in links {
        if recognised::is_one(help) {
            let from = from.max(help.from);
            // One term that reaches over the next stands for it.
            if told.is_none() || !recognised::covers(tx, help, from).await? {
                go_on(office, tx, by, (help, from), (cause, sealed)).await?;
            }
            told = told.or(Some(from));
            continue;
        }
        let amount = amount.ok_or_else(|| unsaid(decision))?;
        let with = Amend {
            from,
            to: *ends,
            amount,
        };
        let paid_from = disbursement::amend(office, tx, by, help, with, cause).await?;
        told = told.or(Some(paid_from));
    }
    Ok(told.unwrap_or(from))
}

/// What came of giving less.
struct Taken {
    /// The first month it holds for.
    from: Month,
    /// The recovery it opened.
    recovery: Option<i64>,
}

/// Less, or nothing more.
async fn take(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (help, decision, cause): (&Entitlement, &AfterDecision, &Cause),
    (from, late): (Month, i32),
) -> Done<Taken> {
    let content = &decision.content;
    let since = from;
    let from = from.max(help.from);
    let mut taken = Taken {
        from,
        recovery: None,
    };
    match (content.kind, content.after) {
        (AfterKind::Stopped, _) => {
            if let Some(to) = help.to.filter(|to| *to <= from) {
                taken.from = to;
                return Ok(taken);
            }
            taken.recovery = disbursement::stop(office, tx, by, help.id, since, cause).await?;
        }
        (AfterKind::Cut, Some(amount)) => {
            disbursement::change(office, tx, by, help, (from, amount), cause).await?;
        }
        (_, Some(amount)) => {
            if amount_in(tx, help, from).await? != amount {
                disbursement::change(office, tx, by, help, (from, amount), cause).await?;
            }
            let ends = content.last.map(|last| last.add(late).next());
            let known = entitlements::find(tx, help.id).await?;
            let to = known.and_then(|known| known.to);
            if let Some(ends) = ends.filter(|ends| to.is_none_or(|to| *ends < to)) {
                taken.recovery = disbursement::stop(office, tx, by, help.id, ends, cause).await?;
            }
        }
        (_, None) => return Err(unsaid(decision)),
    }
    Ok(taken)
}

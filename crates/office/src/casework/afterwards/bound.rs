//! What a decision that takes away is bound by: what the family was told and heard on, or the rulebook's own way
//! past the hearing where the record proves it. Nobody loses more, or sooner, than they were told.

use super::super::{Case, CaseError, Done};
use super::{AfterKind, kind_name};
use crate::disbursement;
use crate::office::Office;
use domain::procedure::Ground;
use domain::{Fen, Month};
use std::collections::BTreeSet;
use store::hearings::{self, NewHearingNotice};
use store::photos::{AboutKind, PhotoAbout, PhotoRole};
use store::{Reads, persons, photos};

/// What a decision stands on.
pub(super) struct Footing {
    /// The hearing it follows, or why there need be none.
    pub heard: Result<i64, String>,
    /// What the family was told before that hearing.
    told: Option<NewHearingNotice>,
    /// The circumstance that led past the hearing, with the first month not paid where the record has it.
    pub past: Option<(String, Option<Month>)>,
}

/// Whether the way from the first step to the open one, with these circumstances, hears the family.
fn way_hears(case: &Case, told: &BTreeSet<String>) -> bool {
    let goal = case
        .standing
        .open
        .as_ref()
        .map_or("", |open| open.name.as_str());
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut at = case.procedure.first();
    while let Some(here) = at {
        if here.ground == Some(Ground::Hearing) {
            return true;
        }
        if here.name == goal || !seen.insert(&here.name) {
            return false;
        }
        at = case.procedure.next_of(&here.name, told);
    }
    false
}

/// The circumstance for which the rulebook itself leads past the hearing: without it the way would hear.
fn spared(case: &Case) -> Option<String> {
    let told = &case.standing.told;
    if way_hears(case, told) {
        return None;
    }
    told.iter().find_map(|name| {
        let mut without = told.clone();
        without.remove(name);
        way_hears(case, &without).then(|| name.clone())
    })
}

/// What a decision of a kind stands on; `expiry` where it only writes down an end that was told with the exit.
///
/// # Errors
/// Nobody was heard and nothing spares it, or only somebody's word does.
pub(super) async fn footing(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    (kind, expiry): (AfterKind, bool),
) -> Done<Footing> {
    let all = hearings::hearings(on, case.no()).await?;
    // A hearing undone by 退回 has to be gone through again.
    let counts = |one: &&hearings::Hearing| case.standing.last_done(&one.content.step).is_some();
    if let Some(newest) = all.iter().rev().find(counts) {
        let notices = hearings::notices(on, case.no()).await?;
        let mut notices = notices.into_iter();
        let told = notices.find(|one| one.no == newest.content.notice.0);
        return Ok(Footing {
            heard: Ok(newest.no),
            told: told.map(|one| one.content),
            past: None,
        });
    }
    let unheard = |why: &str| Footing {
        heard: Err(why.to_owned()),
        told: None,
        past: None,
    };
    if matches!(
        kind,
        AfterKind::Kept | AfterKind::Raised | AfterKind::Restored
    ) {
        return Ok(unheard("不减少待遇,不用听取意见"));
    }
    if expiry {
        return Ok(unheard("渐退期满,停发的月份已经随渐退决定送达"));
    }
    let refused = |said: String| Err(CaseError::Refused(said));
    let mut steps = case.procedure.steps.iter();
    if !steps.any(|step| step.ground == Some(Ground::Hearing)) {
        return refused(format!(
            "《{}》没有听取意见的步骤,不能{};请管理规则的人补上,或者另按有这一步的流程办",
            case.procedure.title,
            kind_name(kind)
        ));
    }
    let Some(name) = spared(case) else {
        return refused(format!(
            "{}以前要先告知本人、听取意见;请退回,登记应当听取意见的情形以后再办",
            kind_name(kind)
        ));
    };
    let died = died(office, on, case).await?;
    if died.is_none() && !has_paper(on, case).await? {
        return refused(format!(
            "“{name}”只有登记,数据里没有全部成员去世的记录,也没有扫描的证明,不能免去听取意见;请在办件页附上证明,\
             或者退回,先听取意见"
        ));
    }
    Ok(Footing {
        heard: Err(name.clone()),
        told: None,
        past: Some((name, died)),
    })
}

/// The month after everybody of the case has died, as the register or the deaths feed has it.
async fn died(office: &Office, on: &impl Reads, case: &Case) -> Done<Option<Month>> {
    let content = &case.application.content;
    let mut ids: Vec<_> = content.members.iter().map(|(person, _)| *person).collect();
    ids.push(content.applicant);
    ids.sort_unstable();
    ids.dedup();
    let people = persons::get_many(on, &ids).await?;
    let told = disbursement::died(office, &ids).await?;
    let days: Option<Vec<_>> = ids
        .iter()
        .map(|id| {
            let person = people.iter().find(|one| one.id == *id);
            let written = person.and_then(|one| one.death);
            written.or_else(|| told.get(id).copied())
        })
        .collect();
    let last = days.and_then(|days| days.into_iter().max());
    Ok(last.map(|day| Month::containing(day).next()))
}

/// Whether a scanned paper lies with the case.
async fn has_paper(on: &impl Reads, case: &Case) -> Done<bool> {
    let of = [
        PhotoAbout::new(AboutKind::Case, case.no()),
        PhotoAbout::new(AboutKind::Application, case.application.no.get()),
    ];
    for about in of {
        let all = photos::of(on, &about).await?;
        if all.iter().any(|one| one.role == PhotoRole::Paper) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// From which month, and how much a month; none where the decision says nothing of it.
type Part = (Option<Month>, Option<Fen>);

/// Refuses what takes more, or sooner, than the family was told.
///
/// # Errors
/// It does.
pub(super) fn within_told(
    footing: &Footing,
    kind: AfterKind,
    (parts, last): (&[Part], Option<Month>),
) -> Done<()> {
    match kind {
        AfterKind::Kept | AfterKind::Raised | AfterKind::Restored | AfterKind::Recover => {
            return Ok(());
        }
        AfterKind::Cut | AfterKind::Exit | AfterKind::Stopped => {}
    }
    let Some(told) = &footing.told else {
        return Ok(());
    };
    let fits = |from: Month, amount: Option<Fen>| match (amount, told.last, told.amount) {
        // Nothing from a month on: after the last month told, or where a stop was told.
        (None, Some(last), _) => from > last,
        (None, None, Some(_)) => false,
        (Some(amount), _, Some(least)) if amount < least => false,
        (Some(_) | None, _, _) => told.from.is_some_and(|first| from >= first),
    };
    let mut parts = parts.iter();
    let all = parts.all(|(from, amount)| from.is_some_and(|from| fits(from, *amount)));
    let ends = match (last, told.last) {
        (Some(last), Some(told)) => last >= told,
        // It ends, and no end was told; a stop that was told is more than any end.
        (Some(_), None) => told.amount.is_none(),
        (None, _) => true,
    };
    if all && ends {
        return Ok(());
    }
    let words = in_words(told.from, told.last, told.amount);
    Err(CaseError::Refused(format!(
        "告知本人的是{words};比告知的早、比告知的少,都要先退回,重新告知、听取意见"
    )))
}

/// What was told, in words.
fn in_words(from: Option<Month>, last: Option<Month>, amount: Option<Fen>) -> String {
    let Some(from) = from else {
        return "没有写月份".to_owned();
    };
    match (amount, last) {
        (None, _) => format!("从 {from} 起停发"),
        (Some(amount), None) => format!("从 {from} 起每月 {amount} 元"),
        (Some(amount), Some(last)) => {
            format!("从 {from} 起每月不少于 {amount} 元,发到 {last}")
        }
    }
}

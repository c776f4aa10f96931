//! 历史: what a household was given, period by period, each with what it came from, and what was decided about it.

use super::super::Done;
use super::super::recognised;
use super::file::{DecisionLine, decision_line};
use super::{DECIDED, paid_words, purpose_name};
use crate::access::{Acting, Right, home_within};
use crate::desk::minute;
use crate::office::Office;
use crate::views::ViewError;
use domain::{HouseholdId, Month};
use store::entitlements::{self, Entitlement};
use store::{Act, reviews};

/// A time some help was so much a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// The programme and component.
    pub title: String,
    /// From when to when.
    pub months: String,
    /// How much a month.
    pub amount: String,
    /// Because of what.
    pub because: String,
}

/// 历史: what a household was given, period by period, and what was decided about it.
#[derive(Clone, Debug)]
pub struct HistoryView {
    /// Whose.
    pub household: i64,
    /// The periods, oldest first.
    pub periods: Vec<HistoryLine>,
    /// The decisions about them.
    pub decisions: Vec<DecisionLine>,
    /// Cases about them: number and what for.
    pub cases: Vec<(i64, String)>,
}

/// Help a household is given now, to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningHelp {
    /// Which help.
    pub entitlement: i64,
    /// The programme, how much a month, since when and to when.
    pub words: String,
}

/// What a household is given now: the monthly help a change, a gradual exit, a stop or a review can be about.
///
/// # Errors
/// No right, no such household there, a near relative's, or the record.
pub async fn running_of(office: &Office, who: &Acting, id: i64) -> Done<Vec<RunningHelp>> {
    let scope = who.scope(Right::CASE_HANDLE)?;
    let store = &office.store;
    let home = home_within(store, &scope, id).await?;
    if who.is_kept_from(home.id) {
        return Err(ViewError::kept_from().into());
    }
    let this = Month::containing(office.clock.today());
    let mut out = Vec::new();
    for help in entitlements::of_household(store, home.id).await? {
        let runs = super::is_main(&help) && help.to.is_none_or(|to| this < to);
        if !runs {
            continue;
        }
        let amount = super::amount_in(store, &help, this).await?;
        let until = help.to.map(|to| format!(",到 {}", to.prev()));
        out.push(RunningHelp {
            entitlement: help.id,
            words: format!(
                "{}:{},{} 起{}",
                office.title(&help.programme),
                paid_words(&help, amount),
                help.from,
                until.unwrap_or_default()
            ),
        });
    }
    let seen = Act::new(&office.clock.at(), who.login(), "read.history")
        .on("household", id)
        .because("看在发的待遇,登记变更、渐退或者停发");
    store.record_alone(seen).await?;
    Ok(out)
}

/// What a household was given, period by period.
///
/// # Errors
/// No right, no such household there, a near relative's, or the record.
pub async fn history(office: &Office, who: &Acting, id: i64) -> Done<HistoryView> {
    let scope = who.scope(Right::HOUSEHOLD)?;
    let store = &office.store;
    let home = home_within(store, &scope, id).await?;
    if who.is_kept_from(home.id) {
        return Err(ViewError::kept_from().into());
    }
    let mut view = HistoryView {
        household: id,
        periods: Vec::new(),
        decisions: Vec::new(),
        cases: Vec::new(),
    };
    let all = entitlements::of_household(store, HouseholdId::new(id)).await?;
    for help in &all {
        // A recognition that was changed goes on as another from the same month: nothing ended.
        let goes_on = recognised::is_one(help)
            && all.iter().any(|other| {
                let same = (&other.programme, other.subject) == (&help.programme, help.subject);
                same && other.id > help.id && Some(other.from) == help.to
            });
        view.periods.extend(periods(office, help, goes_on).await?);
        let decided = reviews::decisions_of(store, help.id).await?;
        view.decisions.extend(decided.iter().map(decision_line));
        for after in reviews::of_entitlement(store, help.id).await? {
            let what = format!(
                "{} · {}",
                purpose_name(after.purpose),
                office.title(&help.programme)
            );
            view.cases.push((after.case.get(), what));
        }
    }
    let seen = Act::new(&office.clock.at(), who.login(), "read.history")
        .on("household", id)
        .because("看享受历史");
    store.record_alone(seen).await?;
    Ok(view)
}

/// The times some help was so much a month, oldest first.
async fn periods(office: &Office, help: &Entitlement, goes_on: bool) -> Done<Vec<HistoryLine>> {
    let changes = entitlements::amounts(&office.store, help.id).await?;
    let mut starts: Vec<Month> = changes
        .iter()
        .map(|change| change.from.max(help.from))
        .collect();
    starts.sort_unstable();
    starts.dedup();
    starts.retain(|from| help.to.is_none_or(|to| *from < to));
    let mut out: Vec<HistoryLine> = Vec::new();
    let name = format!("{} · {}", office.title(&help.programme), help.component);
    for (at, from) in starts.iter().enumerate() {
        let held = entitlements::held(&changes, *from);
        let Some(held) = held else { continue };
        let next = starts.get(at.saturating_add(1)).copied().or(help.to);
        let until = next.map_or_else(|| "至今".to_owned(), |next| format!("到 {}", next.prev()));
        out.push(HistoryLine {
            title: name.clone(),
            months: format!("{from} 起,{until}"),
            amount: format!("{} 元", held.amount),
            because: format!("{}({})", because(&held.cause), minute(&held.at)),
        });
    }
    let one = recognised::is_one(help);
    if one {
        let until = help.to.map(|to| format!("到 {}", to.prev()));
        out.push(HistoryLine {
            title: name.clone(),
            months: format!("{} 起,{}", help.from, until.as_deref().unwrap_or("至今")),
            amount: "不发钱".to_owned(),
            because: format!("{}({})", because(&help.cause), minute(&help.at)),
        });
    }
    if let Some(to) = help.to.filter(|_| !goes_on) {
        out.push(HistoryLine {
            title: name,
            months: format!("{to} 起"),
            amount: if one { "不再认定" } else { "停发" }.to_owned(),
            because: match help.stopped_cause.as_str() {
                "" => "决定里写明的截止月份".to_owned(),
                why => match why.split_once(':') {
                    Some((kind, id)) => because(&entitlements::Cause::new(kind, id)),
                    None => why.to_owned(),
                },
            },
        });
    }
    Ok(out)
}

fn because(cause: &entitlements::Cause) -> String {
    match cause.kind.as_str() {
        "decision" => format!("认定决定 {}", cause.id),
        DECIDED => format!("处理决定 {}", cause.id),
        "row" => "名册开账".to_owned(),
        "rule" => "当月规则".to_owned(),
        "act" => cause.id.clone(),
        other => format!("{other} {}", cause.id),
    }
}

//! The households behind the figures of a preview, held while they are looked at and never written down.

use super::super::versions::{self, ChangeError, Changing};
use super::newest;
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::simulate::DoorRow;
use domain::Month;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Previews whose households are held, so that they can be looked at one by one.
const HELD_MAX: usize = 4;

/// A preview's households at hand, day by day.
#[derive(Clone)]
pub(crate) struct Held {
    pub digest: [u8; 32],
    pub month: Month,
    pub days: Arc<Vec<(String, Vec<DoorRow>)>>,
}

/// The newest previews' households; they are never written down.
#[derive(Default)]
pub(crate) struct AtHand {
    held: Mutex<VecDeque<Held>>,
    /// One preview is worked out at a time.
    turn: tokio::sync::Mutex<()>,
}

impl AtHand {
    /// Waits until no other preview is being worked out.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    fn of(&self, digest: [u8; 32], month: Month) -> Option<Held> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.iter().find(|h| h.digest == digest && h.month == month);
        found.cloned()
    }

    pub(super) fn hold(&self, new: Held) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|h| h.digest != new.digest || h.month != new.month);
        held.push_front(new);
        held.truncate(HELD_MAX);
    }
}

/// Which households of a preview are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AffectedAsk {
    /// The day; the first without.
    pub day: Option<String>,
    /// Code of a township.
    pub area: Option<String>,
    /// A quantity's title and one of its values: `家庭六型` and `重残`.
    pub kind: Option<(String, String)>,
    /// Which effect.
    pub effect: Option<Affected>,
}

/// What happens to a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affected {
    /// 得到更多.
    Gain,
    /// 新得到.
    Enter,
    /// 失去或减少.
    Lose,
    /// 不再得到.
    Leave,
    /// 在册,有一项答案会变.
    Turned,
}

impl Affected {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 5] = [
        Self::Gain,
        Self::Enter,
        Self::Lose,
        Self::Leave,
        Self::Turned,
    ];

    /// As an address carries it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Enter => "enter",
            Self::Lose => "lose",
            Self::Leave => "leave",
            Self::Turned => "turned",
        }
    }

    /// As officials read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gain => "得到更多",
            Self::Enter => "新得到",
            Self::Lose => "失去或减少",
            Self::Leave => "不再得到",
            Self::Turned => "在册而答案会变",
        }
    }

    /// The one with a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    fn holds(self, row: &DoorRow) -> bool {
        match self {
            Self::Gain => row.after > row.before,
            Self::Enter => row.before == 0 && row.after > 0,
            Self::Lose => row.after < row.before,
            Self::Leave => row.before > 0 && row.after == 0,
            Self::Turned => row.turned,
        }
    }
}

/// The households of a version's newest preview that are asked for; none while they are not at hand, then
/// the preview is to be made again.
///
/// # Errors
/// The right is missing; no such version, day or preview.
pub(crate) async fn affected(
    office: &Office,
    who: &Acting,
    no: i64,
    ask: &AffectedAsk,
) -> Changing<Option<(Month, Vec<DoorRow>)>> {
    who.scope(Right::TRIAL)?;
    let version = versions::version(office, no).await?;
    let Some(newest) = newest(&office.store, no).await? else {
        return Ok(None);
    };
    let month = newest.content.month;
    let Some(held) = office.previews.of(version.content.digest, month) else {
        return Ok(None);
    };
    let day = held.days.iter();
    let mut day = day.filter(|(day, _)| ask.day.as_ref().is_none_or(|asked| asked == day));
    let Some((_, rows)) = day.next() else {
        return Err(ChangeError::Refused(
            "影响预览里没有这一天;请重新选".to_owned(),
        ));
    };
    let wanted = |row: &&DoorRow| {
        ask.area.as_ref().is_none_or(|area| *area == row.area)
            && ask
                .kind
                .as_ref()
                .is_none_or(|kind| row.kinds.contains(kind))
            && ask.effect.is_none_or(|effect| effect.holds(row))
    };
    Ok(Some((month, rows.iter().filter(wanted).cloned().collect())))
}

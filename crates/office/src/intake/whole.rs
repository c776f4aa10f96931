//! What is said of a file as a whole, once its rows were read: why it goes back, and why it waits for a person.

use super::Intake;
use super::cells::GARBLED;
use super::stream::Taken;
use crate::error::Result;
use domain::{AreaCode, AreaLevel};
use rules::feed::FeedPlan;
use store::batches;

/// Above this share of refused rows the whole file goes back: its columns are not what they say.
const REFUSED_PERCENT_MAX: u64 = 20;
/// A file of fewer rows is not judged by that share.
const REFUSED_ROWS_MIN: u64 = 50;
/// More names than this in a wrong encoding are the file's, not a typist's.
const GARBLED_ROWS_KEPT_MAX: u64 = 3;

impl Intake<'_> {
    /// Why a file that can be read waits for a person: it changes very much, or is of another place.
    pub(super) async fn asks_somebody(
        &self,
        taken: &Taken,
        feed: &FeedPlan,
    ) -> Result<Option<String>> {
        match self.changes_too_much(feed, taken.received).await? {
            Some(said) => Ok(Some(said)),
            None => self.of_elsewhere(taken, feed).await,
        }
    }

    /// Rows of other places than the own one, above the share the feed allows.
    async fn of_elsewhere(&self, taken: &Taken, feed: &FeedPlan) -> Result<Option<String>> {
        let (Some(limit), Some(home)) = (feed.elsewhere_limit, self.office.home().await?) else {
            return Ok(None);
        };
        let county = home.code.at(AreaLevel::County);
        let own = |code: &str| {
            let code = AreaCode::parse(code).ok();
            code.is_some_and(|code| county.as_ref().unwrap_or(&home.code).contains(&code))
        };
        let (mut all, mut foreign) = (0_u64, 0_u64);
        for (code, rows) in taken.places() {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            all = all.saturating_add(rows);
            if !own(code) {
                foreign = foreign.saturating_add(rows);
            }
        }
        if foreign.saturating_mul(10_000) <= all.saturating_mul(u64::from(limit)) {
            return Ok(None);
        }
        Ok(Some(format!(
            "{all} 行写明了地方,其中 {foreign} 行不是{}的,超过外地上限 {}%,像是别处的文件;请核实后用 --confirm 确认入库",
            home.name,
            limit / 100
        )))
    }

    /// A whole list that is much shorter or longer than the last one waits for a person.
    async fn changes_too_much(&self, feed: &FeedPlan, now: u64) -> Result<Option<String>> {
        let (true, Some(limit)) = (feed.whole, feed.change_limit) else {
            return Ok(None);
        };
        let Some(last) = batches::newest_applied(&self.office.store, &feed.id).await? else {
            return Ok(None);
        };
        let before = last.counts.received;
        let change = now.abs_diff(before);
        if change.saturating_mul(10_000) <= before.saturating_mul(u64::from(limit)) {
            return Ok(None);
        }
        Ok(Some(format!(
            "上次 {before} 行,这次 {now} 行,变动超过 {}%;请核实后用 --confirm 确认入库",
            limit / 100
        )))
    }
}

/// Why a file goes back whole; none where most of its rows can be read.
pub(super) fn unreadable(taken: &Taken, feed: &FeedPlan) -> Option<String> {
    let (whole, refused) = (taken.received, taken.refused);
    let in_doubt = u64::try_from(taken.doubts.len()).unwrap_or(u64::MAX);
    let too_many = |rows: u64| rows.saturating_mul(100) > whole.saturating_mul(REFUSED_PERCENT_MAX);
    let first = |code: &str| {
        let found = taken.refusals.iter().find(|r| r.code == code);
        found.map_or(String::new(), |r| {
            format!("如第 {} 行:{}", r.row_no, r.message)
        })
    };
    if taken.garbled > GARBLED_ROWS_KEPT_MAX {
        return Some(format!(
            "编码错误:{} 行的姓名是读错编码写成的,整个文件不能用。{}",
            taken.garbled,
            first(GARBLED)
        ));
    }
    if whole < REFUSED_ROWS_MIN {
        return None;
    }
    if let Some(limit) = feed.damage_limit
        && taken.damaged.saturating_mul(10_000) > whole.saturating_mul(u64::from(limit))
    {
        return Some(format!(
            "{whole} 行里有 {} 行的格数和表头不一样,超过错行上限 {}%,一行也没有入库;请重新导出。{}",
            taken.damaged,
            limit / 100,
            first("columns")
        ));
    }
    if too_many(refused) {
        let reason = taken.refusals.first().map_or(String::new(), |r| {
            format!("如第 {} 行 {}:{}", r.row_no, r.column, r.message)
        });
        return Some(format!(
            "{whole} 行里有 {refused} 行读不懂,超过 {REFUSED_PERCENT_MAX}%,像是列错了位或导出方式不对。{reason}"
        ));
    }
    too_many(in_doubt).then(|| {
        format!(
            "{whole} 行里有 {in_doubt} 行的姓名和证件号对不上,超过 {REFUSED_PERCENT_MAX}%,像是列错了位;请核对姓名、证件号两列后重新报送"
        )
    })
}

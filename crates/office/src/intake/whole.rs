//! What is said of a file as a whole, once its rows were read: why it goes back, and why it waits for a person.

use super::Intake;
use super::cells::GARBLED;
use super::sheet::SentBack;
use super::sizes;
use super::stream::Taken;
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel};
use rules::feed::FeedPlan;
use store::batches::{self, Refusal};

/// 设置: from where on the rows that cannot be read are the file's mistake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// 读错上限: above this share of refused rows, in percent, the columns are not what they say.
    unread_percent: u64,
    /// 读错起算: a file of fewer rows is not judged by shares.
    judged_rows: u64,
    /// 乱码上限: more names than this in a wrong encoding are the file's, not a typist's.
    garbled_names: u64,
}

impl Patience {
    /// As the rulebook has it.
    ///
    /// # Errors
    /// access/access.md cannot be read.
    pub(super) fn of(office: &Office) -> Result<Self> {
        let book = office.access_book().map_err(|wrong| {
            let first = wrong.into_iter().next().unwrap_or_default();
            OfficeError::Other(format!(
                "access/access.md 有错,不知道读不懂多少行要整个退回,没有收文件:{first}"
            ))
        })?;
        let settings = book.settings();
        Ok(Self {
            unread_percent: settings.unread_percent,
            judged_rows: settings.judged_rows,
            garbled_names: settings.garbled_names,
        })
    }
}

/// How many of a file's rows went wrong, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Rows in the file.
    pub received: u64,
    /// Rows sent back.
    pub refused: u64,
    /// Rows with more or fewer cells than the header.
    pub damaged: u64,
    /// Names read in a wrong encoding.
    pub garbled: u64,
}

impl Tally {
    /// What of some more rows goes back.
    pub(super) fn add(&mut self, back: &SentBack) {
        let garbled = back.refusals.iter().filter(|r| r.code == GARBLED).count();
        let garbled = u64::try_from(garbled).unwrap_or(u64::MAX);
        self.refused = self.refused.saturating_add(back.rows);
        self.damaged = self.damaged.saturating_add(back.damaged);
        self.garbled = self.garbled.saturating_add(garbled);
    }

    /// Why a file goes back whole; none where most of its rows can be read.
    pub(super) fn unreadable(
        &self,
        feed: &FeedPlan,
        patience: Patience,
        refusals: &[Refusal],
        in_doubt: usize,
    ) -> Option<String> {
        let (whole, refused, percent) = (self.received, self.refused, patience.unread_percent);
        let in_doubt = u64::try_from(in_doubt).unwrap_or(u64::MAX);
        let too_many = |rows: u64| rows.saturating_mul(100) > whole.saturating_mul(percent);
        let first = |code: &str| {
            let found = refusals.iter().find(|r| r.code == code);
            found.map_or(String::new(), |r| {
                format!("如第 {} 行:{}", r.row_no, r.message)
            })
        };
        if self.garbled > patience.garbled_names {
            return Some(format!(
                "编码错误:{} 行的姓名是读错编码写成的,整个文件不能用。{}",
                self.garbled,
                first(GARBLED)
            ));
        }
        if whole < patience.judged_rows {
            return None;
        }
        if let Some(limit) = feed.damage_limit
            && self.damaged.saturating_mul(10_000) > whole.saturating_mul(u64::from(limit))
        {
            return Some(format!(
                "{whole} 行里有 {} 行的格数和表头不一样,超过错行上限 {}%,一行也没有入库;请重新导出。{}",
                self.damaged,
                limit / 100,
                first("columns")
            ));
        }
        if too_many(refused) {
            let reason = refusals.first().map_or(String::new(), |r| {
                format!("如第 {} 行 {}:{}", r.row_no, r.column, r.message)
            });
            return Some(format!(
                "{whole} 行里有 {refused} 行读不懂,超过 {percent}%,像是列错了位或导出方式不对。{reason}"
            ));
        }
        too_many(in_doubt).then(|| {
            format!(
                "{whole} 行里有 {in_doubt} 行的姓名和证件号对不上,超过 {percent}%,像是列错了位;请核对姓名、证件号两列后重新报送"
            )
        })
    }
}

/// What is said of a file that goes back whole, as a mistake of row 0.
pub(super) fn refusal(said: String) -> Refusal {
    Refusal {
        row_no: 0,
        column: String::new(),
        code: "file".to_owned(),
        message: said,
        masked: String::new(),
    }
}

impl Intake<'_> {
    /// Why a file that can be read waits for a person, every reason: it changes very much, or is of another
    /// place or in another unit.
    pub(super) async fn asks_somebody(
        &self,
        taken: &Taken,
        feed: &FeedPlan,
        patience: Patience,
    ) -> Result<Vec<String>> {
        let changed = self.changes_too_much(feed, taken.tally.received).await?;
        let foreign = self.of_elsewhere(taken, feed).await?;
        let mut reasons: Vec<String> = [changed, foreign].into_iter().flatten().collect();
        let units = self.in_another_unit(taken, feed, patience).await?;
        reasons.extend(units);
        Ok(reasons)
    }

    /// Columns whose amounts are some thousand times what they were in the file before.
    async fn in_another_unit(
        &self,
        taken: &Taken,
        feed: &FeedPlan,
        patience: Patience,
    ) -> Result<Vec<String>> {
        let store = &self.office.store;
        let Some(last) = batches::newest_applied(store, &feed.id).await? else {
            return Ok(Vec::new());
        };
        let before = batches::list_sizes(store, last.batch_no).await?;
        let found = taken.sizes.iter().filter_map(|now| {
            let before = before.iter().find(|size| size.column == now.column)?;
            sizes::of_another_unit(before, now, patience.judged_rows).then(|| {
                format!(
                    "`{}` 多在 {} 元上下,上一份多在 {} 元上下,像是换了单位(元、千元、万元)",
                    now.column, now.median, before.median
                )
            })
        });
        Ok(found.collect())
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
            "{all} 行写明了地方,其中 {foreign} 行不是{}的,超过外地上限 {}%,像是别处的文件",
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
            "上次 {before} 行,这次 {now} 行,超过变动上限 {}%",
            limit / 100
        )))
    }
}

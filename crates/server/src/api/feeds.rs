//! 部门来文: what has arrived, and how good it was.

use office::access::Right;
use office::views::{BatchState, FeedCounts};

use super::operation::{Call, Kind, Operation, Shown};
use super::problem::Told;
use super::shape::{choices, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "来文";

choices! {
    /// 一批来文的状态。
    FeedState {
        "missing" = "未到",
        "applied" = "已入库",
        "repeated" = "重复文件,没有改动",
        "waiting" = "待人工确认",
        "refused" = "整批退回",
        "undone" = "已撤回,不再算数",
    }
}

shapes! {
    /// 行数。
    FeedRows {
        /// 收到。
        received: u64,
        /// 有新内容。
        applied: u64,
        /// 没有变化。
        unchanged: u64,
        /// 退回。
        refused: u64,
        /// 认不准是谁。
        doubtful: u64,
    }
    /// 一种来文一个月。
    FeedMonth {
        /// 月份。
        month: String,
        /// 状态。
        state: FeedState,
        /// 批次编号;没有到的没有。
        batch: Option<i64>,
        /// 行数。
        rows: FeedRows,
    }
    /// 一种来文。
    Feed {
        /// 编号。
        id: String,
        /// 名称。
        title: String,
        /// 哪个部门的。
        department: String,
        /// 多久一次。
        cycle: String,
        /// 各月。
        months: Vec<FeedMonth>,
    }
    /// 各种来文。
    Feeds {
        /// 来文。
        rows: Vec<Feed>,
    }
    /// 一列的填报质量。
    FeedColumn {
        /// 列名。
        header: String,
        /// 得出的事实。
        fact: String,
        /// 填了的行,千分之几。
        filled_per_mille: u32,
        /// 退回的单元格。
        refused: u64,
    }
    /// 一种退回理由。
    FeedReason {
        /// 理由。
        reason: String,
        /// 几行。
        rows: u64,
    }
    /// 退回的一行。
    FeedRefusal {
        /// 表格里的行号,连表头。
        row: u64,
        /// 列名。
        column: String,
        /// 写的什么,能认出人的遮盖。
        value: String,
        /// 为什么退回。
        reason: String,
        /// 怎么改。
        advice: String,
    }
    /// 一批来文和它的质量。
    FeedBatch {
        /// 批次编号。
        id: i64,
        /// 来文的名称。
        title: String,
        /// 哪个部门的。
        department: String,
        /// 月份。
        month: String,
        /// 状态。
        state: FeedState,
        /// 文件的 SHA-256。
        hash: String,
        /// 收到的时刻。
        received_at: String,
        /// 行数。
        rows: FeedRows,
        /// 逐列的质量。
        columns: Vec<FeedColumn>,
        /// 退回的理由,多的在前。
        reasons: Vec<FeedReason>,
        /// 一页退回的行。
        refusals: Vec<FeedRefusal>,
        /// 下一页的 cursor。
        next: Option<String>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::FEED);
    routes
        .gives(
            Operation::get("/api/v1/feeds", see, "listFeeds")
                .about(TAG, "各种来文各月的到文和质量"),
            list,
        )
        .gives(
            Operation::get("/api/v1/feeds/{batch}", see, "getFeedBatch")
                .about(TAG, "一批来文,逐列的质量和退回的行")
                .part("batch", "批次编号", Kind::Number)
                .field("cursor", "上一次答的 next", Kind::Text(200)),
            batch,
        )
}

async fn list(call: Call) -> Told<Shown<Feeds>> {
    let desk = call.desk()?;
    let view = desk.views.feeds(&desk.who).await?;
    let months = view.months;
    let rows = view.feeds.into_iter().map(|feed| Feed {
        id: feed.id,
        title: feed.title,
        department: feed.department,
        cycle: feed.cycle,
        months: months
            .iter()
            .zip(feed.cells)
            .map(|(month, cell)| FeedMonth {
                month: month.clone(),
                state: state(cell.state),
                batch: cell.batch,
                rows: counts(cell.counts),
            })
            .collect(),
    });
    Ok(Shown(Feeds {
        rows: rows.collect(),
    }))
}

async fn batch(call: Call) -> Told<Shown<FeedBatch>> {
    let desk = call.desk()?;
    let (id, cursor) = (call.number("batch"), call.field("cursor"));
    let view = desk.views.batch(&desk.who, id, cursor).await?;
    let columns = view.columns.into_iter().map(|column| FeedColumn {
        header: column.header,
        fact: column.fact,
        filled_per_mille: column.filled_per_mille,
        refused: column.refused,
    });
    let reasons = view.reasons.into_iter().map(|reason| FeedReason {
        reason: reason.reason,
        rows: reason.rows,
    });
    let refusals = view.refusals.rows.into_iter().map(|row| FeedRefusal {
        row: row.row,
        column: row.column,
        value: row.value,
        reason: row.reason,
        advice: row.advice,
    });
    Ok(Shown(FeedBatch {
        id: view.id,
        title: view.title,
        department: view.department,
        month: view.month,
        state: state(view.state),
        hash: view.hash,
        received_at: view.received_at,
        rows: counts(view.counts),
        columns: columns.collect(),
        reasons: reasons.collect(),
        refusals: refusals.collect(),
        next: view.refusals.next,
    }))
}

fn state(state: BatchState) -> FeedState {
    FeedState(match state {
        BatchState::Missing => "missing",
        BatchState::Applied => "applied",
        BatchState::Repeated => "repeated",
        BatchState::Waiting => "waiting",
        BatchState::Refused => "refused",
        BatchState::Undone => "undone",
    })
}

fn counts(counts: FeedCounts) -> FeedRows {
    FeedRows {
        received: counts.received,
        applied: counts.applied,
        unchanged: counts.unchanged,
        refused: counts.refused,
        doubtful: counts.doubtful,
    }
}

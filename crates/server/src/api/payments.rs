//! 发放: batches and their lines, names and cards masked; and the daily list for settlement at hospitals.

use axum::http::StatusCode;
use office::access::Right;
use office::casework::listed;
use office::disbursement::{self, BatchAsk, BatchRow, LineRow};

use super::operation::{Book, Call, Kind, Operation, Shown};
use super::problem::{Problem, Told};
use super::shape::shapes;
use crate::routes::{Need, Routes};

const TAG: &str = "发放";

shapes! {
    /// 一个发放批次。
    PaymentBatchLine {
        /// 批次编号。
        no: i64,
        /// 哪个月的。
        month: String,
        /// 种类。
        kind: String,
        /// 状态。
        state: String,
        /// 行数。
        lines: u64,
        /// 合计,元。
        amount: String,
        /// 剔出的行数。
        apart: u64,
    }
    /// 一项资金的年度指标。
    FundLine {
        /// 资金和年度。
        fund: String,
        /// 指标,元。
        allotted: String,
        /// 已用,元。
        used: String,
        /// 剩余,元。
        left: String,
    }
    /// 发放批次,新的在前。
    PaymentBatches {
        /// 批次。
        rows: Vec<PaymentBatchLine>,
        /// 资金。
        funds: Vec<FundLine>,
        /// 本月有效的待遇项数。
        entitled: u64,
        /// 退回、等着重发的行数。
        returned: u64,
    }
    /// 一行发放里补的一个以前月份。
    EarlierMonth {
        /// 补哪个月。
        month: String,
        /// 补多少,元。
        amount: String,
    }
    /// 一行发放。
    PaymentLine {
        /// 在批次里的行号。
        no: u32,
        /// 登记里的家庭编号。
        household: i64,
        /// 收款人,遮盖。
        payee: String,
        /// 卡号,遮盖。
        card: String,
        /// 项目。
        programme: String,
        /// 金额,元。
        amount: String,
        /// 金额里随这一行补以前月份的,早的在前。单独补发的(变更补差)整行都是补发,不列在这里。
        earlier: Vec<EarlierMonth>,
        /// 状态。
        state: String,
        /// 第几次发。
        attempt: i64,
        /// 剔出的理由。
        reasons: Vec<String>,
    }
    /// 一个状态的合计。
    StateTotal {
        /// 状态。
        state: String,
        /// 行数。
        lines: u64,
        /// 合计,元。
        amount: String,
    }
    /// 一个发放批次和它的一页行。
    PaymentBatchFile {
        /// 与清单相同的内容。
        batch: PaymentBatchLine,
        /// 按状态的合计。
        states: Vec<StateTotal>,
        /// 这一页的行。
        lines: Vec<PaymentLine>,
        /// 下一页的 after;没有下一页没有。
        next: Option<u32>,
        /// 封存的行的摘要。
        digest: Option<String>,
        /// 交银行的文件的摘要。
        file_digest: Option<String>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::PAYMENT);
    let states = &[
        "proposed", "apart", "batched", "sent", "paid", "returned", "unknown", "void",
    ];
    routes
        .gives(
            Operation::get("/api/v1/payments", see, "listPaymentBatches")
                .about(TAG, "发放批次和资金")
                .also(409),
            list,
        )
        .gives(
            Operation::get("/api/v1/payments/{no}", see, "getPaymentBatch")
                .about(TAG, "一个发放批次和它的行,收款人和卡号遮盖")
                .part("no", "批次编号", Kind::Number)
                .field("state", "只要这个状态的行", Kind::OneOf(states))
                .field("after", "上一页答的 next", Kind::Count(u32::MAX))
                .also(409),
            show,
        )
        .gives(
            Operation::get(
                "/api/v1/medical-settlement/{day}",
                Need::Right(Right::PAYMENT_FILE),
                "getMedicalSettlementList",
            )
            .about(TAG, "一站式结算身份名单:某一天谁是什么身份,比前一日的变化;姓名和证件号完整,导出已记入审计链")
            .part("day", "哪一天", Kind::Day)
            .also(409),
            medical,
        )
}

async fn list(call: Call) -> Told<Shown<PaymentBatches>> {
    let desk = call.desk()?;
    let view = disbursement::list(desk.access.office(), &desk.who).await?;
    let funds = view.funds.into_iter().map(|fund| FundLine {
        fund: fund.fund,
        allotted: fund.allotted,
        used: fund.used,
        left: fund.left,
    });
    Ok(Shown(PaymentBatches {
        rows: view.batches.into_iter().map(batch).collect(),
        funds: funds.collect(),
        entitled: view.entitled,
        returned: view.returned,
    }))
}

async fn show(call: Call) -> Told<Shown<PaymentBatchFile>> {
    let desk = call.desk()?;
    let ask = BatchAsk {
        state: call.field("state"),
        after: call.field_number("after").unwrap_or(0),
    };
    let no = call.number("no");
    let view = disbursement::batch(desk.access.office(), &desk.who, no, &ask).await?;
    let states = view
        .states
        .into_iter()
        .map(|(state, lines, amount)| StateTotal {
            state: state.text,
            lines,
            amount,
        });
    Ok(Shown(PaymentBatchFile {
        batch: batch(view.row),
        states: states.collect(),
        lines: view.lines.into_iter().map(line).collect(),
        next: view.next,
        digest: view.digest,
        file_digest: view.file_digest,
    }))
}

async fn medical(call: Call) -> Told<Book> {
    let desk = call.desk()?;
    let day = listed::day(&call.word("day"))
        .map_err(|error| Problem::of(StatusCode::NOT_FOUND, error.to_string()).at("day"))?;
    let list = disbursement::status_list(desk.access.office(), &desk.who, day).await?;
    Ok(Book {
        name: list.file_name,
        bytes: list.bytes,
    })
}

fn batch(row: BatchRow) -> PaymentBatchLine {
    PaymentBatchLine {
        no: row.no,
        month: row.month,
        kind: row.kind,
        state: row.state.text,
        lines: row.lines,
        amount: row.amount,
        apart: row.apart,
    }
}

fn line(row: LineRow) -> PaymentLine {
    let reasons = row.reasons.into_iter();
    let earlier = row.arrears.into_iter();
    PaymentLine {
        no: row.no,
        household: row.household,
        payee: row.payee,
        card: row.card,
        programme: row.programme,
        amount: row.amount,
        earlier: earlier
            .map(|(month, amount)| EarlierMonth { month, amount })
            .collect(),
        state: row.state.text,
        attempt: row.attempt,
        reasons: reasons.map(|(_, said, _)| said).collect(),
    }
}

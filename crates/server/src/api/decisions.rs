//! 决定: what was decided, what was kept with it, and the same computed again.

use office::access::Right;
use office::casework::CaseNo;
use office::casework::kept::{self, Kept};

use super::operation::{Call, Kind, Operation, Shown};
use super::problem::{Problem, Told};
use super::shape::{Any, Date, choices, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "决定";

choices! {
    /// 决定。
    DecisionOutcome { "granted" = "同意", "refused" = "不予确认", }
}

shapes! {
    /// 一份决定。
    Decision {
        /// 决定编号。
        no: i64,
        /// 办件编号。
        case: i64,
        /// 救助项目的编号。
        programme: String,
        /// 给谁的:登记里的人员编号;全户的没有。
        person: Option<i64>,
        /// 给谁的,遮盖;全户的写“全户”。
        subject: String,
        /// 认定日。
        day: Date,
        /// 决定。
        outcome: DecisionOutcome,
        /// 规则的判断:符合、不符合、待查。
        result: String,
        /// 决定与规则的判断不同。
        departs: bool,
        /// 金额,元;不予的没有。
        amount: Option<String>,
        /// 从哪个月起;不予的没有。
        from: Option<String>,
        /// 每一条理由。
        reasons: Vec<String>,
        /// 依据的条款。
        articles: Vec<String>,
        /// 是否有效;后来的决定取代了的不再有效。
        stands: bool,
        /// 封存的事实、规则和说明的 SHA-256。
        digest: String,
    }
    /// 一件办件的决定,旧的在前。
    Decisions {
        /// 决定。
        rows: Vec<Decision>,
    }
    /// 决定封存:当时的事实(按事实名和登记编号,没有姓名和证件号)、规则的摘要、逐步的说明。
    Capsule {
        /// 决定编号。
        no: i64,
        /// 封存内容的 SHA-256;按原文的字节算。
        digest: String,
        /// 封存的内容。
        capsule: Any,
        /// 封存内容的原文,用来核对摘要。
        text: String,
    }
    /// 重演:用封存的事实和规则重算,再与今天的规则比。
    Replayed {
        /// 决定编号。
        no: i64,
        /// 办件编号。
        case: i64,
        /// 封存内容的 SHA-256。
        digest: String,
        /// 重算与封存一个字节也不差。
        same: bool,
        /// 不同的地方。
        differs: Vec<String>,
        /// 当时的判断。
        then: String,
        /// 今天的规则对同样的事实怎样判断;判断不了没有。
        now: Option<String>,
        /// 今天的规则为什么判断不了。
        now_cannot: Option<String>,
        /// 逐条理由的变化。
        changed: Vec<String>,
        /// 规则的文本没有变。
        rules_same: bool,
        /// 变了的规则文件。
        files: Vec<String>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::CASE);
    let one = |operation: Operation| operation.part("no", "决定编号", Kind::Number);
    routes
        .gives(
            Operation::get("/api/v1/cases/{no}/decisions", see, "listDecisions")
                .about(TAG, "一件办件的决定")
                .part("no", "办件编号", Kind::Number),
            list,
        )
        .gives(
            one(Operation::get("/api/v1/decisions/{no}", see, "getDecision"))
                .about(TAG, "一份决定"),
            show,
        )
        .gives(
            one(Operation::get(
                "/api/v1/decisions/{no}/capsule",
                see,
                "getDecisionCapsule",
            ))
            .about(TAG, "决定封存的事实、规则和说明"),
            capsule,
        )
        .gives(
            one(Operation::get(
                "/api/v1/decisions/{no}/replay",
                see,
                "replayDecision",
            ))
            .about(TAG, "重演一份决定"),
            replay,
        )
}

async fn list(call: Call) -> Told<Shown<Decisions>> {
    let desk = call.desk()?;
    let no = CaseNo::new(call.number("no"));
    let rows = kept::kept_of(desk.access.office(), &desk.who, no).await?;
    Ok(Shown(Decisions {
        rows: rows.into_iter().map(decision).collect(),
    }))
}

async fn show(call: Call) -> Told<Shown<Decision>> {
    let desk = call.desk()?;
    let kept = kept::kept(desk.access.office(), &desk.who, call.number("no")).await?;
    Ok(Shown(decision(kept)))
}

async fn capsule(call: Call) -> Told<Shown<Capsule>> {
    let desk = call.desk()?;
    let kept = kept::kept(desk.access.office(), &desk.who, call.number("no")).await?;
    let failed = |error: serde_json::Error| {
        Problem::from(office::views::ViewError::Failed(error.to_string()))
    };
    Ok(Shown(Capsule {
        no: kept.no,
        digest: kept.digest,
        capsule: Any(serde_json::from_str(&kept.capsule).map_err(failed)?),
        text: kept.capsule,
    }))
}

async fn replay(call: Call) -> Told<Shown<Replayed>> {
    let desk = call.desk()?;
    let told = kept::replayed(desk.access.office(), &desk.who, call.number("no")).await?;
    let (now, now_cannot) = match told.now {
        Ok(found) => (Some(found.verdict), None),
        Err(why) => (None, Some(why)),
    };
    Ok(Shown(Replayed {
        no: told.decision.number(),
        case: told.case,
        digest: told.digest,
        same: told.same,
        differs: told.differs,
        then: told.then.verdict,
        now,
        now_cannot,
        changed: told.changed,
        rules_same: told.rules_same,
        files: told.files,
    }))
}

fn decision(kept: Kept) -> Decision {
    Decision {
        no: kept.no,
        case: kept.case,
        programme: kept.programme,
        person: kept.person,
        subject: kept.subject,
        day: Date::of(kept.day),
        outcome: DecisionOutcome(kept.outcome.word()),
        result: kept.result,
        departs: kept.departs,
        amount: kept.amount.map(|amount| amount.to_string()),
        from: kept.from.map(|month| month.to_string()),
        reasons: kept.reasons,
        articles: kept.articles,
        stands: kept.stands,
        digest: kept.digest,
    }
}

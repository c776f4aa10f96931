//! 信息核对 for departments' systems: the batches, what is asked of a source, and its answers. The same file of
//! answers again changes nothing.

use axum::http::StatusCode;
use office::access::Right;
use office::verification::{self, BatchRow, CaseNo};

use super::operation::{Call, Kind, Made, Operation, Sent, Shown};
use super::problem::{FieldError, Problem, Told};
use super::shape::{Cells, Number, choices, forms, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "信息核对";

choices! {
    /// 一份答复的处理。
    AnswersState { "taken" = "已导入", "sent_back" = "整份退回,没有导入", }
}

shapes! {
    /// 一批核对。
    VerificationLine {
        /// 批次编号。
        no: i64,
        /// 发出的日子。
        day: String,
        /// 谁发的(账号)。
        by: String,
        /// 问了几条(本人看得到的来源)。
        asked: u64,
        /// 答复了几条。
        answered: u64,
        /// 逾期没有答复的。
        late: u64,
        /// 状态。
        state: String,
    }
    /// 核对批次,新的在前。
    VerificationList {
        /// 批次。
        rows: Vec<VerificationLine>,
    }
    /// 一个来源。
    SourceLine {
        /// 来源编号。
        code: String,
        /// 来源名称。
        title: String,
        /// 部门。
        department: String,
        /// 问了几条。
        asked: u64,
        /// 答复了几条。
        answered: u64,
        /// 授权撤回、不用答复的。
        stopped: u64,
        /// 应在哪天以前答复。
        due: String,
        /// 状态。
        state: String,
        /// 答复表的列名,按顺序。
        columns: Vec<String>,
    }
    /// 一批核对和它的来源。
    VerificationFile {
        /// 与清单相同的内容。
        batch: VerificationLine,
        /// 来源。
        sources: Vec<SourceLine>,
    }
    /// 一个来源的核对请求:姓名和证件号是完整的,导出已记入审计链。
    RequestSheet {
        /// 批次编号。
        no: i64,
        /// 来源编号。
        source: String,
        /// 列名,按请求表模板的顺序。
        columns: Vec<String>,
        /// 请求,每条写明列名和内容。
        rows: Vec<Cells>,
    }
    /// 一份答复的结果。
    AnswersTaken {
        /// 答复文件编号。
        file: i64,
        /// 怎样处理的。
        state: AnswersState,
        /// 几行。
        lines: i64,
        /// 新答复了几条请求。
        answered: usize,
    }
}

shapes! {
    /// 发起的一批核对。
    VerificationOpened {
        /// 批次编号。
        no: i64,
        /// 列入了几条请求。
        asked: usize,
        /// 没有列入的人和来源有几条。
        left_out: usize,
    }
}

forms! {
    /// 发起一批核对。
    VerificationForm {
        /// 办件编号,现在都在信息核对这一步。
        cases: Vec<Number>,
        /// 先查其余的人:有人没有签授权的,流程允许才行;没有签的人不查。
        rest_first: Option<bool>,
    }
    /// 一份答复。
    AnswersForm {
        /// 每行写明列名和内容;列名见 columns,没有写的列是空白。
        rows: Vec<Cells>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::VERIFY_ANSWER);
    let batch = |operation: Operation| operation.part("no", "批次编号", Kind::Number);
    let source = |operation: Operation| {
        let operation = batch(operation).part("source", "来源编号", Kind::Text(60));
        operation.like("bank_balance")
    };
    routes
        .gives(
            Operation::get("/api/v1/verifications", see, "listVerifications")
                .about(TAG, "核对批次;部门联络员只见本部门的来源"),
            list,
        )
        .takes(
            Operation::post(
                "/api/v1/verifications",
                Need::Right(Right::VERIFY),
                "openVerification",
            )
            .about(
                TAG,
                "发起一批核对;有人没有签授权的整批不发,写明是谁、在哪里登记",
            )
            .once()
            .also(404),
            open,
        )
        .gives(
            batch(Operation::get(
                "/api/v1/verifications/{no}",
                see,
                "getVerification",
            ))
            .about(TAG, "一批核对和它的来源"),
            one,
        )
        .gives(
            source(Operation::get(
                "/api/v1/verifications/{no}/requests/{source}",
                Need::Right(Right::VERIFY_EXPORT),
                "getVerificationRequests",
            ))
            .about(
                TAG,
                "一个来源的核对请求,姓名和证件号完整;用途固定为信息核对,凭本人授权",
            )
            .also(422),
            requests,
        )
        .takes(
            source(Operation::post(
                "/api/v1/verifications/{no}/answers/{source}",
                see,
                "postVerificationAnswers",
            ))
            .about(TAG, "交一个来源的答复;有一处不对就整份退回,逐行写明"),
            answers,
        )
}

async fn list(call: Call) -> Told<Shown<VerificationList>> {
    let desk = call.desk()?;
    let view = verification::list_view(desk.access.office(), &desk.who).await?;
    Ok(Shown(VerificationList {
        rows: view.batches.into_iter().map(line).collect(),
    }))
}

async fn open(call: Call, sent: Sent<VerificationForm>) -> Told<Made<VerificationOpened>> {
    let desk = call.desk()?;
    let word = call.once();
    if !desk.access.keep_word(&desk.who, &word, &sent.bytes).await? {
        let said = "这个 Idempotency-Key 已经用于另一份内容;新的一批请换一个编号";
        return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said).at("idempotency-key"));
    }
    let cases: Vec<CaseNo> = sent.body.cases.iter().map(|no| CaseNo::new(no.0)).collect();
    let unsigned = crate::pages::case::unsigned(sent.body.rest_first.unwrap_or(false));
    let key = format!("api:{}:{word}", desk.who.user());
    let office = desk.access.office();
    let opened = verification::open(office, &desk.who, &key, &cases, unsigned).await?;
    let told = VerificationOpened {
        no: opened.no,
        asked: opened.asked,
        left_out: opened.left_out,
    };
    Ok(match opened.again {
        true => Made::Again(told),
        false => Made::New(told),
    })
}

async fn one(call: Call) -> Told<Shown<VerificationFile>> {
    let desk = call.desk()?;
    let no = call.number("no");
    let view = verification::batch_view(desk.access.office(), &desk.who, no).await?;
    let source = |row: verification::SourceRow| SourceLine {
        code: row.code,
        title: row.title,
        department: row.department,
        asked: row.asked,
        answered: row.answered,
        stopped: row.stopped,
        due: row.due,
        state: row.state.text,
        columns: row.header.split('\t').map(str::to_owned).collect(),
    };
    Ok(Shown(VerificationFile {
        batch: line(view.row),
        sources: view.sources.into_iter().map(source).collect(),
    }))
}

async fn requests(call: Call) -> Told<Shown<RequestSheet>> {
    let desk = call.desk()?;
    let (no, source) = (call.number("no"), call.word("source"));
    let office = desk.access.office();
    let (columns, rows) = verification::request_rows(office, &desk.who, no, &source).await?;
    let row = |cells: Vec<String>| Cells(columns.iter().cloned().zip(cells).collect());
    let rows = rows.into_iter().map(row).collect();
    Ok(Shown(RequestSheet {
        no,
        source,
        columns,
        rows,
    }))
}

async fn answers(call: Call, sent: Sent<AnswersForm>) -> Told<Made<AnswersTaken>> {
    let desk = call.desk()?;
    let (no, source) = (call.number("no"), call.word("source"));
    let office = desk.access.office();
    // Who may not see the batch learns nothing of its sources.
    let view = verification::batch_view(office, &desk.who, no).await?;
    if !view.sources.iter().any(|known| known.code == source) {
        let said = format!("第 {no} 批没有向 `{source}` 查的,或者不归您答复");
        return Err(Problem::of(StatusCode::NOT_FOUND, said).at("source"));
    }
    let columns = verification::answer_header(office, &source)?;
    let text = table(&columns, &sent.body.rows)?;
    let taken = verification::import_text(office, &desk.who, no, &source, &text).await?;
    if taken.mistakes > 0 {
        let rows = verification::mistakes_view(office, &desk.who, no, taken.file).await?;
        let said = format!("答复有 {} 处要改,整份退回,没有导入", taken.mistakes);
        let mut problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said);
        problem.errors = rows
            .into_iter()
            .map(|row| FieldError {
                field: format!("第 {} 行 {}", row.line, row.field),
                detail: row.message,
            })
            .collect();
        return Err(problem);
    }
    let told = AnswersTaken {
        file: taken.file,
        state: AnswersState("taken"),
        lines: taken.lines,
        answered: taken.answered,
    };
    Ok(match taken.repeated {
        true => Made::Again(told),
        false => Made::New(told),
    })
}

/// The rows as a table with the template's header.
fn table(columns: &[String], rows: &[Cells]) -> Told<String> {
    let mut lines = vec![columns.join("\t")];
    for (at, row) in rows.iter().enumerate() {
        let wrong = |said: &str, name: &str| {
            let problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said);
            Err(problem.at(format!("/rows/{at}/{name}")))
        };
        if let Some(strange) = row.0.keys().find(|name| !columns.contains(name)) {
            return wrong("答复表没有这一列;列名见核对批次的 columns", strange);
        }
        let mut cells = Vec::with_capacity(columns.len());
        for name in columns {
            let cell = row.0.get(name).map_or("", String::as_str);
            if cell.chars().any(char::is_control) {
                return wrong("有换行或者看不见的控制字符,请删去", name);
            }
            cells.push(cell);
        }
        lines.push(cells.join("\t"));
    }
    Ok(lines.join("\n"))
}

fn line(row: BatchRow) -> VerificationLine {
    VerificationLine {
        no: row.no,
        day: row.day,
        by: row.by,
        asked: row.asked,
        answered: row.answered,
        late: row.late,
        state: row.state.text,
    }
}

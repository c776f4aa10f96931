//! 办件: the list, one case, what happened to it, by when what is due, and the acts of whoever may do its open
//! step. An act says which event it has seen last, so that the same act sent twice is done once.

use axum::http::StatusCode;
use office::access::Right;
use office::casework::listed::{self, CaseFilter, Deadline, Happened, Listed};
use office::casework::{self, Case, CaseError, CaseNo, Completion, Done, Holds, Paper, PaperState};

use super::operation::{Call, Kind, Made, Operation, Sent, Shown};
use super::problem::{Problem, Told};
use super::shape::{Date, Number, Text, choices, forms, shapes};
use crate::desk::Desk;
use crate::routes::{Need, Routes};

const TAG: &str = "办件";
/// Most cases of one page.
const ROWS_MAX: u32 = 200;
/// Cases of a page where nobody says how many.
const ROWS: u32 = 50;

choices! {
    /// 在办还是办结。
    CaseState { "open" = "在办", "closed" = "办结", }
    /// 结果。
    CaseOutcome {
        "granted" = "同意",
        "refused" = "不予确认",
        "withdrawn" = "申请人撤回",
        "ended" = "终止办理",
        "joined" = "并入另一件",
        "done" = "办结",
    }
    /// 哪一种时限。
    DeadlineKind { "step" = "在办步骤的时限", "notice" = "公示要挂满的日子", "law" = "法定时限", }
    /// 按什么数。
    DeadlineUnit { "workdays" = "工作日", "days" = "天", "months" = "个月", }
    /// 材料的状态。
    PaperWord { "given" = "已交", "later" = "容缺后补", "missing" = "缺", }
    /// 交来的材料的状态。
    PaperSent { "given" = "已交", "later" = "容缺后补,要写理由", }
}

shapes! {
    /// 一件办件。
    CaseLine {
        /// 办件编号。
        no: i64,
        /// 申请编号;一次申请几项救助,是几件办件。
        application: i64,
        /// 救助项目的编号。
        programme: String,
        /// 救助项目的名称。
        title: String,
        /// 申请人,遮盖。
        applicant: String,
        /// 给谁办的:登记里的人员编号;全户的没有。
        person: Option<i64>,
        /// 给谁办的,遮盖;全户的写“全户”。
        subject: String,
        /// 登记里的家庭编号。
        household: Option<i64>,
        /// 办理地的区划代码。
        area: String,
        /// 办理地。
        place: String,
        /// 立件的时刻。
        opened_at: String,
        /// 状态。
        state: CaseState,
        /// 怎样办结的;在办没有。
        outcome: Option<CaseOutcome>,
        /// 在办的步骤;办结的为空。
        step: String,
        /// 这一步从哪天开始。
        since: Date,
        /// 最近的时限到哪天。
        due: Option<Date>,
        /// 算时限缺哪一年的工作日历;不缺没有。
        calendar_missing: Option<i64>,
        /// 因为什么暂停;没有暂停没有。
        paused: Option<String>,
        /// 标记。
        marks: Vec<String>,
        /// 最近一条经过的编号;办理时要写明看到的是哪一条。
        seq: i64,
    }
    /// 一页办件,新的在前。
    CasePage {
        /// 这一页的办件;条件很窄时可能少于一页。
        rows: Vec<CaseLine>,
        /// 下一页的 before;没有下一页没有。
        next: Option<i64>,
    }
    /// 一份材料。
    PaperLine {
        /// 材料名称。
        name: String,
        /// 状态。
        state: PaperWord,
        /// 容缺的理由。
        because: String,
    }
    /// 一件办件的详情。
    CaseFile {
        /// 与清单相同的内容。
        case: CaseLine,
        /// 来由:申请、代办、预警、线索、热线、主动发现。
        cause: String,
        /// 收件的日子。
        received: Date,
        /// 收件地的区划代码。
        taken_area: String,
        /// 按哪个流程办:手册里的文件。
        procedure: String,
        /// 流程按哪一天的规定。
        rules_day: Date,
        /// 已经登记的情形。
        told: Vec<String>,
        /// 办过的步骤。
        done: Vec<StepDone>,
        /// 在办步骤可以由哪些角色办。
        roles: Vec<String>,
        /// 在办步骤要几个人一起办。
        persons: u32,
        /// 在办步骤可以出的文书。
        gives: Vec<String>,
        /// 材料。
        papers: Vec<PaperLine>,
        /// 办这一步还缺的材料。
        missing: Vec<String>,
        /// 成员人数,含申请人。
        members: usize,
    }
    /// 办过的一步。
    StepDone {
        /// 步骤。
        step: String,
        /// 哪天开始。
        opened: Date,
        /// 哪天办完。
        day: Date,
        /// 出了什么。
        gave: String,
        /// 后来是不是又退回重办。
        undone: bool,
    }
    /// 一条经过。
    CaseEvent {
        /// 在这一件里的编号,从 1 起。
        seq: i64,
        /// 种类:submitted completed sent-back paused resumed circumstance transferred handed-over closed。
        kind: &'static str,
        /// 当时在办的步骤。
        step: String,
        /// 出的文书,或者事由、情形、地方、结果的名称。
        name: String,
        /// 决定或者办结的结果。
        outcome: Option<CaseOutcome>,
        /// 理由。
        because: String,
        /// 算在哪一天。
        day: Date,
        /// 写下的时刻。
        at: String,
        /// 谁办的(账号)。
        by: String,
    }
    /// 一件办件的经过,旧的在前。
    CaseTimeline {
        /// 办件编号。
        no: i64,
        /// 经过。
        rows: Vec<CaseEvent>,
    }
    /// 一个时限。
    CaseDeadline {
        /// 哪一种。
        kind: DeadlineKind,
        /// 到期前要办完的步骤。
        to: String,
        /// 从什么算起。
        since: String,
        /// 从哪天算起。
        from: Date,
        /// 几个。
        count: u32,
        /// 按什么数。
        unit: DeadlineUnit,
        /// 最后一天;缺工作日历算不出没有。
        due: Option<Date>,
        /// 跳过的节假日(周末不列)。
        skipped: Vec<Date>,
        /// 缺哪一年的工作日历。
        calendar_missing: Option<i64>,
        /// 哪天办完的;还没有办完没有。
        done: Option<Date>,
        /// 依据。
        cites: Vec<String>,
    }
    /// 一件办件的时限。
    CaseDeadlines {
        /// 办件编号。
        no: i64,
        /// 今天是哪天。
        today: Date,
        /// 时限,在办步骤的在前。
        rows: Vec<CaseDeadline>,
    }
}

forms! {
    /// 办完一步。
    CompletionForm {
        /// 看到的最近一条经过的编号;已经有更新的经过就答 409。
        seq: Number,
        /// 步骤,应是在办的那一步。
        step: Text<60>,
        /// 出了什么;流程要求的才写。
        gave: Option<Text<60>>,
        /// 一起办的人(账号)。
        others: Option<Vec<Text<32>>>,
        /// 说明,不写姓名和号码;终止办理的一步写事由表里的理由,后面可以加冒号写说明。
        because: Option<Text<200>>,
        /// 先查其余的人:有人没有签授权的,流程允许才行。
        rest_first: Option<bool>,
        /// 终止办理依据的条文;不写就用事由表里的。
        articles: Option<Text<200>>,
    }
    /// 登记或者撤销一种情形。
    CircumstanceForm {
        /// 看到的最近一条经过的编号。
        seq: Number,
        /// 情形,流程里有的。
        name: Text<60>,
        /// true 登记,false 撤销。
        holds: bool,
        /// 说明,不写姓名和号码。
        because: Option<Text<200>>,
    }
    /// 交材料。
    PapersForm {
        /// 看到的最近一条经过的编号。
        seq: Number,
        /// 材料。
        papers: Vec<PaperForm>,
    }
    /// 一份材料。
    PaperForm {
        /// 材料名称,流程里有的。
        name: Text<60>,
        /// 状态。
        state: PaperSent,
        /// 容缺的理由;不写姓名和号码。
        because: Option<Text<200>>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::CASE);
    let act = Need::Right(Right::CASE_HANDLE);
    let one = |operation: Operation| operation.part("no", "办件编号", Kind::Number);
    routes
        .gives(
            Operation::get("/api/v1/cases", see, "listCases")
                .about(TAG, "办件清单,新的在前")
                .field("state", "状态", Kind::OneOf(&["open", "closed"]))
                .field("programme", "救助项目的编号,如 dibao", Kind::Text(60))
                .field("area", "办理地的区划代码,含下面的", Kind::Area)
                .field("step", "在办的步骤", Kind::Text(60))
                .field("due_before", "最近的时限早于这一天", Kind::Day)
                .field("before", "上一页答的 next", Kind::Number)
                .field("limit", "一页几件,默认 50", Kind::Count(ROWS_MAX)),
            list,
        )
        .gives(
            one(Operation::get("/api/v1/cases/{no}", see, "getCase")).about(TAG, "一件办件"),
            file,
        )
        .gives(
            one(Operation::get(
                "/api/v1/cases/{no}/timeline",
                see,
                "getCaseTimeline",
            ))
            .about(TAG, "一件办件的经过"),
            timeline,
        )
        .gives(
            one(Operation::get(
                "/api/v1/cases/{no}/deadlines",
                see,
                "getCaseDeadlines",
            ))
            .about(TAG, "一件办件的时限,写明跳过的节假日"),
            deadlines,
        )
        .takes(
            one(Operation::post(
                "/api/v1/cases/{no}/completions",
                act,
                "completeStep",
            ))
            .about(TAG, "办完在办的一步;先后、角色、人数、回避、材料都按流程核"),
            complete,
        )
        .takes(
            one(Operation::post(
                "/api/v1/cases/{no}/circumstances",
                act,
                "tellCircumstance",
            ))
            .about(TAG, "登记或者撤销一种情形"),
            circumstance,
        )
        .takes(
            one(Operation::post(
                "/api/v1/cases/{no}/papers",
                act,
                "handInPapers",
            ))
            .about(TAG, "登记交来的材料"),
            papers,
        )
}

async fn list(call: Call) -> Told<Shown<CasePage>> {
    let desk = call.desk()?;
    let wrong = |error: CaseError| Problem::of(StatusCode::BAD_REQUEST, error.to_string());
    let area = call.field("area").map(|code| casework::area(&code));
    let filter = CaseFilter {
        state: call.field("state"),
        programme: call.field("programme"),
        area: area.transpose().map_err(wrong)?,
        step: call.field("step"),
        due_before: None,
    };
    let day = call.field("due_before").map(|text| listed::day(&text));
    let filter = CaseFilter {
        due_before: day.transpose().map_err(wrong)?,
        ..filter
    };
    let limit = call.field_number("limit").unwrap_or(ROWS);
    let at = (call.field_number("before"), limit);
    let (rows, next) = listed::listed(desk.access.office(), &desk.who, &filter, at).await?;
    Ok(Shown(CasePage {
        rows: rows.into_iter().map(line).collect(),
        next,
    }))
}

async fn file(call: Call) -> Told<Shown<CaseFile>> {
    let (desk, no) = (call.desk()?, CaseNo::new(call.number("no")));
    let (case, listed) = listed::seen(desk.access.office(), &desk.who, no).await?;
    Ok(Shown(whole(&case, listed)))
}

async fn timeline(call: Call) -> Told<Shown<CaseTimeline>> {
    let (desk, no) = (call.desk()?, CaseNo::new(call.number("no")));
    let (case, listed) = listed::seen(desk.access.office(), &desk.who, no).await?;
    let rows = listed::happened(&case).into_iter().map(event).collect();
    Ok(Shown(CaseTimeline {
        no: listed.no,
        rows,
    }))
}

async fn deadlines(call: Call) -> Told<Shown<CaseDeadlines>> {
    let (desk, no) = (call.desk()?, CaseNo::new(call.number("no")));
    let office = desk.access.office();
    let (case, listed) = listed::seen(office, &desk.who, no).await?;
    let rows = listed::deadlines(&case).into_iter().map(deadline);
    Ok(Shown(CaseDeadlines {
        no: listed.no,
        today: Date::of(office.clock().today()),
        rows: rows.collect(),
    }))
}

async fn complete(call: Call, sent: Sent<CompletionForm>) -> Told<Made<CaseFile>> {
    let form = sent.body;
    let desk = call.desk()?;
    let others: Vec<String> = form.others.into_iter().flatten().map(|o| o.0).collect();
    let (gave, because) = (said(form.gave), said(form.because));
    let articles = said(form.articles);
    let mut case = opened(desk, &call, form.seq).await?;
    let office = desk.access.office();
    let mut tx = office.begin().await?;
    let completion = Completion {
        step: &form.step.0,
        gave: &gave,
        others: &others,
        because: &because,
        unsigned: crate::pages::case::unsigned(form.rest_first.unwrap_or(false)),
        articles: &articles,
        ..Completion::default()
    };
    casework::complete(office, &mut tx, &desk.who, &mut case, completion).await?;
    office.end(tx).await?;
    made(desk, &case).await
}

async fn circumstance(call: Call, sent: Sent<CircumstanceForm>) -> Told<Made<CaseFile>> {
    let form = sent.body;
    let desk = call.desk()?;
    let because = said(form.because);
    let mut case = opened(desk, &call, form.seq).await?;
    let office = desk.access.office();
    let mut tx = office.begin().await?;
    let holds = match form.holds {
        true => Holds::Yes,
        false => Holds::No,
    };
    let told = (form.name.0.as_str(), holds);
    casework::circumstance(office, &mut tx, &desk.who, &mut case, told, &because).await?;
    office.end(tx).await?;
    made(desk, &case).await
}

async fn papers(call: Call, sent: Sent<PapersForm>) -> Told<Made<CaseFile>> {
    let form = sent.body;
    let desk = call.desk()?;
    let papers: Vec<Paper> = form.papers.into_iter().map(paper).collect();
    if papers.is_empty() {
        let said = "没有写明交了哪份材料";
        return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY, said).at("/papers"));
    }
    let mut case = opened(desk, &call, form.seq).await?;
    let office = desk.access.office();
    let mut tx = office.begin().await?;
    casework::hand_in(office, &mut tx, &desk.who, &mut case, &papers).await?;
    office.end(tx).await?;
    made(desk, &case).await
}

/// The case, if nothing happened to it since the sender looked.
async fn opened(desk: &Desk, call: &Call, seq: Number) -> Told<Case> {
    let no = CaseNo::new(call.number("no"));
    let case = casework::load(desk.access.office(), &desk.who, no).await?;
    match case.row.last_seq == seq.0 {
        true => Ok(case),
        false => {
            let said = format!(
                "办件 {no} 最近一条经过是第 {} 条,不是第 {} 条:已经有人办过,或者这次请求已经办好;请重新查看再办",
                case.row.last_seq, seq.0
            );
            Err(Problem::of(StatusCode::CONFLICT, said).at("/seq"))
        }
    }
}

async fn made(desk: &Desk, case: &Case) -> Told<Made<CaseFile>> {
    let line: Done<Listed> = listed::line(desk.access.office(), case).await;
    Ok(Made::New(whole(case, line?)))
}

/// A paper as it was sent.
pub(super) fn paper(form: PaperForm) -> Paper {
    Paper {
        name: form.name.0,
        state: match form.state.0 {
            "later" => PaperState::Later,
            _ => PaperState::Given,
        },
        because: said(form.because),
    }
}

/// A text that may be left out.
pub(super) fn said<const MAX: usize>(text: Option<Text<MAX>>) -> String {
    text.map_or_else(String::new, |text| text.0)
}

fn line(row: Listed) -> CaseLine {
    CaseLine {
        no: row.no,
        application: row.application,
        programme: row.programme,
        title: row.title,
        applicant: row.applicant,
        person: row.person,
        subject: row.subject,
        household: row.household,
        area: row.area,
        place: row.place,
        opened_at: row.opened_at,
        state: CaseState(row.state),
        outcome: row.outcome.map(CaseOutcome),
        step: row.step,
        since: Date::of(row.since),
        due: row.due.map(Date::of),
        calendar_missing: row.calendar_missing.map(i64::from),
        paused: row.paused,
        marks: row.marks,
        seq: row.seq,
    }
}

fn whole(case: &Case, listed: Listed) -> CaseFile {
    let content = &case.application.content;
    let step = case.open_step();
    let done = case.standing.done.iter().map(|done| StepDone {
        step: done.step.clone(),
        opened: Date::of(done.opened),
        day: Date::of(done.day),
        gave: done.gave.clone(),
        undone: done.undone,
    });
    let papers = case.papers.iter().map(|paper| PaperLine {
        name: paper.name.clone(),
        state: PaperWord(paper.state.word()),
        because: paper.because.clone(),
    });
    CaseFile {
        case: line(listed),
        cause: content.cause.name().to_owned(),
        received: Date::of(content.received_day),
        taken_area: content.taken_area.to_string(),
        procedure: case.procedure.path.clone(),
        rules_day: Date::of(case.row.content.rules_day),
        told: case.standing.told.iter().cloned().collect(),
        done: done.collect(),
        roles: step.map_or_else(Vec::new, |step| step.who.clone()),
        persons: step.map_or(0, |step| step.persons),
        gives: step.map_or_else(Vec::new, |step| step.gives.clone()),
        papers: papers.collect(),
        missing: case.missing(),
        members: content.members.len(),
    }
}

fn event(row: Happened) -> CaseEvent {
    CaseEvent {
        seq: row.seq,
        kind: row.kind,
        step: row.step,
        name: row.name,
        outcome: row.outcome.map(CaseOutcome),
        because: row.because,
        day: Date::of(row.day),
        at: row.at,
        by: row.by,
    }
}

fn deadline(row: Deadline) -> CaseDeadline {
    CaseDeadline {
        kind: DeadlineKind(row.kind),
        to: row.to,
        since: row.since,
        from: Date::of(row.from),
        count: row.count,
        unit: DeadlineUnit(row.unit),
        due: row.due.map(Date::of),
        skipped: row.skipped.into_iter().map(Date::of).collect(),
        calendar_missing: row.calendar_missing.map(i64::from),
        done: row.done.map(Date::of),
        cites: row.cites,
    }
}

//! 监测: the overview, warnings, and the state of the machine.

use office::access::Right;
use office::views::{Behind, ExplainLine, FactView, WarningFilter, WarningRow, WarningState};

use super::operation::{Call, Kind, Operation, Shown};
use super::problem::Told;
use super::shape::{choices, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "监测";

choices! {
    /// 预警办到哪里。
    WarningStateWord {
        "open" = "待处置",
        "assigned" = "已派单",
        "confirmed" = "核实属实",
        "refuted" = "不属实",
        "lapsed" = "已消除",
    }
}

shapes! {
    /// 一件要办的事。
    Todo {
        /// 什么事。
        title: String,
        /// 为什么要紧,怎么办。
        advice: String,
        /// 几件。
        count: u64,
        /// 单位。
        unit: String,
    }
    /// 一个数。
    FigureLine {
        /// 数的是什么。
        label: String,
        /// 数。
        value: String,
        /// 单位。
        unit: String,
        /// 附注。
        note: Option<String>,
    }
    /// 一个乡镇没有办完的预警。
    TownshipLine {
        /// 区划代码。
        code: String,
        /// 名称。
        name: String,
        /// 几条。
        warnings: u64,
    }
    /// 一个项目一个月的人数。
    ProgrammeMonthLine {
        /// 救助项目的编号。
        programme: String,
        /// 名称。
        title: String,
        /// 户还是人。
        unit: String,
        /// 月份。
        month: String,
        /// 在册。
        on_roll: u64,
        /// 规则判断符合。
        entitled: u64,
        /// 待查。
        unsettled: u64,
    }
    /// 总览,限于本人的辖区。
    OverviewFile {
        /// 月份。
        month: String,
        /// 判断过的月份,新的在前。
        months: Vec<String>,
        /// 要办的事,急的在前。
        todos: Vec<Todo>,
        /// 本月的数。
        figures: Vec<FigureLine>,
        /// 各乡镇的预警。
        townships: Vec<TownshipLine>,
        /// 各项目各月的人数。
        programmes: Vec<ProgrammeMonthLine>,
    }
    /// 一条预警。
    WarningLine {
        /// 预警编号。
        id: i64,
        /// 预警类型的编号。
        kind: String,
        /// 预警类型的名称。
        title: String,
        /// 办到哪里。
        state: WarningStateWord,
        /// 紧急程度,0 到 100。
        urgency: u8,
        /// 关于谁,遮盖。
        subject: String,
        /// 登记里的家庭编号;关于个人的没有。
        household: Option<i64>,
        /// 登记里的人员编号;关于家庭的没有。
        person: Option<i64>,
        /// 地方。
        place: String,
        /// 哪个项目。
        programme: Option<String>,
        /// 理由。
        reason: String,
        /// 涉及的钱。
        amount: Option<String>,
        /// 哪个月提出的。
        month: String,
    }
    /// 一页。
    WarningRows {
        /// 这一页的行。
        rows: Vec<WarningLine>,
        /// 一共几条。
        total: u64,
        /// 这一页前面有几条。
        before: u64,
        /// 下一页的 cursor。
        next: Option<String>,
        /// 上一页的 cursor。
        previous: Option<String>,
    }
    /// 一页预警,急的在前。
    WarningPage {
        /// 这一页。
        page: WarningRows,
    }
    /// 一步说明。
    ReasonLine {
        /// 种类:事实、参数、计算、条件、给付。
        kind: &'static str,
        /// 名称。
        name: String,
        /// 公式。
        formula: String,
        /// 代入数字的公式。
        with_numbers: String,
        /// 结果;？ 是不知道。
        result: String,
        /// 条款,或者事实的来源。
        article: String,
    }
    /// 一个事实。
    FactLine {
        /// 词典里的名称。
        name: String,
        /// 值和单位;不知道没有,不知道不是零也不是否。
        value: Option<String>,
        /// 来源,或者怎样才能知道。
        source: String,
        /// 关于哪个时段。
        period: String,
    }
    /// 来文里的一行。
    CauseLine {
        /// 哪种来文。
        feed: String,
        /// 来文批次。
        batch: i64,
        /// 第几行。
        row: u64,
        /// 这一行写的,遮盖。
        says: String,
    }
    /// 溯源的一步。
    TraceLine {
        /// 是什么。
        what: String,
        /// 记录编号,doudi trace 用的。
        record: String,
        /// 写的什么。
        says: String,
        /// 什么时候写的。
        at: String,
    }
    /// 一条预警的详情。
    WarningFile {
        /// 与清单相同的内容。
        row: WarningLine,
        /// 怎么办。
        advice: String,
        /// 提出它的规则。
        rule: String,
        /// 逐步的说明。
        lines: Vec<ReasonLine>,
        /// 依据的事实。
        facts: Vec<FactLine>,
        /// 引起它的来文行。
        causes: Vec<CauseLine>,
        /// 溯源。
        trace: Vec<TraceLine>,
    }
    /// 一项检查。
    HealthLine {
        /// 检查什么。
        name: String,
        /// 好不好:good calm notice urgent unknown。
        tone: String,
        /// 查到什么。
        found: String,
        /// 怎么办。
        advice: Option<String>,
    }
    /// 运行状况。
    Health {
        /// 程序的版本。
        version: String,
        /// 手册的摘要。
        rulebook: String,
        /// 逐项检查。
        checks: Vec<HealthLine>,
    }
}

const STATES: &[&str] = &["open", "assigned", "confirmed", "refuted", "lapsed"];

pub(super) fn add(routes: Routes) -> Routes {
    let see = |right| Need::Right(right);
    routes
        .gives(
            Operation::get("/api/v1/overview", see(Right::OVERVIEW), "getOverview")
                .about(TAG, "总览")
                .field("month", "月份,不写是最新的", Kind::Month)
                .also(404),
            overview,
        )
        .gives(
            Operation::get("/api/v1/warnings", see(Right::WARNING), "listWarnings")
                .about(TAG, "预警清单,急的在前,按键翻页")
                .field("township", "乡镇的区划代码", Kind::Area)
                .field("kind", "预警类型的编号", Kind::Text(60))
                .field("programme", "救助项目的编号", Kind::Text(60))
                .field("state", "办到哪里", Kind::OneOf(STATES))
                .field("month", "哪个月提出的", Kind::Month)
                .field("cursor", "上一次答的 next 或 previous", Kind::Text(200)),
            warnings,
        )
        .gives(
            Operation::get("/api/v1/warnings/{id}", see(Right::WARNING), "getWarning")
                .about(TAG, "一条预警,有逐步说明、起因和溯源")
                .part("id", "预警编号", Kind::Number),
            warning,
        )
        .gives(
            Operation::get("/api/v1/health", see(Right::HEALTH), "getHealth")
                .about("运行", "运行状况"),
            health,
        )
}

async fn overview(call: Call) -> Told<Shown<OverviewFile>> {
    let desk = call.desk()?;
    let view = desk.views.overview(&desk.who, call.field("month")).await?;
    let todos = view.todos.into_iter().map(|todo| Todo {
        title: todo.title,
        advice: todo.advice,
        count: todo.count.value,
        unit: todo.unit,
    });
    let figures = view.figures.into_iter().map(|figure| FigureLine {
        label: figure.label,
        value: figure.value,
        unit: figure.unit,
        note: figure.note,
    });
    let townships = view.townships.into_iter().map(|row| TownshipLine {
        code: row.code,
        name: row.name,
        warnings: row.count.value,
    });
    let programmes = view.programmes.iter().flat_map(|row| {
        row.months.iter().map(|month| ProgrammeMonthLine {
            programme: row.id.clone(),
            title: row.title.clone(),
            unit: row.unit.clone(),
            month: month.month.clone(),
            on_roll: month.on_roll.value,
            entitled: month.entitled.value,
            unsettled: month.unsettled.value,
        })
    });
    Ok(Shown(OverviewFile {
        programmes: programmes.collect(),
        month: view.month,
        months: view.months,
        todos: todos.collect(),
        figures: figures.collect(),
        townships: townships.collect(),
    }))
}

async fn warnings(call: Call) -> Told<Shown<WarningPage>> {
    let desk = call.desk()?;
    let filter = WarningFilter {
        township: call.field("township"),
        kind: call.field("kind"),
        programme: call.field("programme"),
        state: call
            .field("state")
            .and_then(|code| WarningState::from_code(&code)),
        month: call.field("month"),
        cursor: call.field("cursor"),
    };
    let page = desk.views.warnings(&desk.who, filter).await?.page;
    Ok(Shown(WarningPage {
        page: WarningRows {
            rows: page.rows.into_iter().map(warning_line).collect(),
            total: page.total,
            before: page.before,
            next: page.next,
            previous: page.previous,
        },
    }))
}

async fn warning(call: Call) -> Told<Shown<WarningFile>> {
    let desk = call.desk()?;
    let view = desk
        .views
        .warning(&desk.who, call.number("id"), false)
        .await?;
    let causes = view.causes.into_iter().map(|cause| CauseLine {
        feed: cause.feed,
        batch: cause.batch,
        row: cause.row,
        says: cause.says,
    });
    let trace = view.trace.into_iter().map(|step| TraceLine {
        what: step.what,
        record: step.record,
        says: step.says,
        at: step.at,
    });
    Ok(Shown(WarningFile {
        row: warning_line(view.row),
        advice: view.advice,
        rule: view.rule_title,
        lines: view.lines.into_iter().map(reason).collect(),
        facts: view.facts.into_iter().map(fact).collect(),
        causes: causes.collect(),
        trace: trace.collect(),
    }))
}

async fn health(call: Call) -> Told<Shown<Health>> {
    let desk = call.desk()?;
    let view = desk.views.health(&desk.who).await?;
    let checks = view.checks.into_iter().map(|check| HealthLine {
        name: check.name,
        tone: format!("{:?}", check.tone).to_ascii_lowercase(),
        found: check.found,
        advice: check.advice,
    });
    Ok(Shown(Health {
        version: view.version,
        rulebook: view.rulebook,
        checks: checks.collect(),
    }))
}

pub(super) fn household_of(about: &Behind) -> Option<i64> {
    match about {
        Behind::Household(id) => Some(*id),
        _other => None,
    }
}

pub(super) fn person_of(about: &Behind) -> Option<i64> {
    match about {
        Behind::Person(id) => Some(*id),
        _other => None,
    }
}

pub(super) fn warning_line(row: WarningRow) -> WarningLine {
    WarningLine {
        id: row.id,
        kind: row.kind.id,
        title: row.kind.title,
        state: WarningStateWord(row.state.code()),
        urgency: row.urgency,
        subject: row.subject,
        household: household_of(&row.about),
        person: person_of(&row.about),
        place: row.place,
        programme: row.programme,
        reason: row.reason,
        amount: row.amount,
        month: row.month,
    }
}

fn reason(line: ExplainLine) -> ReasonLine {
    ReasonLine {
        kind: line.kind.word(),
        name: line.name,
        formula: line.formula,
        with_numbers: line.with_numbers,
        result: line.result,
        article: line.article,
    }
}

pub(super) fn fact(fact: FactView) -> FactLine {
    FactLine {
        name: fact.name,
        value: fact.value,
        source: fact.source,
        period: fact.period,
    }
}

//! 政策: the programmes of the place on a day, its numbers with their documents, and questions in residents'
//! own words. A question goes in the body, so that it stands in no address and no log; nothing of it is kept.

use axum::http::StatusCode;
use office::access::Right;
use office::casework::listed;
use office::guide::Card;
use office::published;

use super::operation::{Call, Kind, Operation, Sent, Shown};
use super::problem::{Problem, Told};
use super::shape::{Date, Text, forms, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "政策";

shapes! {
    /// 一个救助项目。
    Programme {
        /// 编号。
        id: String,
        /// 名称。
        title: String,
        /// 这一天能不能在这里申请。
        applies: bool,
        /// 手册里的文件。
        path: String,
    }
    /// 某一天的救助项目。
    Programmes {
        /// 哪一天的规定。
        day: Date,
        /// 手册的版本;0 是随程序的。
        version: i64,
        /// 项目。
        rows: Vec<Programme>,
    }
    /// 分组的一项。
    ParameterKey {
        /// 按什么分。
        name: String,
        /// 哪一组。
        value: String,
    }
    /// 一个本地参数。
    Parameter {
        /// 用在手册的哪个文件。
        file: String,
        /// 名称。
        name: String,
        /// 限于哪个地方;全域的为空。
        area: String,
        /// 分组。
        keys: Vec<ParameterKey>,
        /// 值,按手册写的。
        value: String,
        /// 单位。
        unit: String,
        /// 从哪天起。
        from: Option<Date>,
        /// 到哪天止,含这一天。
        to: Option<Date>,
        /// 文件依据。
        source: String,
        /// 是示例值,不是哪个地方真的规定。
        example: bool,
    }
    /// 某一天有效的本地参数。
    Parameters {
        /// 哪一天。
        day: Date,
        /// 手册的版本;0 是随程序的。
        version: i64,
        /// 参数。
        rows: Vec<Parameter>,
    }
    /// 对上的一个项目。
    GuideAnswer {
        /// 救助项目的编号。
        id: String,
        /// 法律上的名称。
        title: String,
        /// 大家怎么叫。
        called: String,
        /// 要旨。
        gist: String,
        /// 条件,每条写明条款。
        terms: Vec<String>,
        /// 到哪里申请。
        apply: String,
        /// 带什么材料。
        papers: String,
        /// 多久办完。
        limits: Vec<String>,
    }
    /// 问政策的答复,对得上的在前。
    GuideAnswers {
        /// 项目;没有对得上的为空。
        rows: Vec<GuideAnswer>,
    }
}

forms! {
    /// 一个问题。
    QuestionForm {
        /// 用居民自己的话问。
        question: Text<200>,
    }
}

/// How many programmes answer a question.
const ANSWERS: usize = 7;

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::RULEBOOK);
    let day = |operation: Operation| operation.field("day", "哪一天,不写是今天", Kind::Day);
    routes
        .gives(
            day(Operation::get("/api/v1/programmes", see, "listProgrammes"))
                .about(TAG, "某一天的救助项目"),
            programmes,
        )
        .gives(
            day(Operation::get("/api/v1/parameters", see, "listParameters"))
                .about(TAG, "某一天有效的本地参数,写明文件依据和是不是示例值"),
            parameters,
        )
        .takes(
            Operation::post("/api/v1/guide", see, "askGuide")
                .about(TAG, "问政策:用居民的话问,答对得上的项目;不保存问题"),
            ask,
        )
}

fn day_of(call: &Call) -> Told<listed::Day> {
    let office = call.app.access.office();
    let wrong = |error: office::casework::CaseError| {
        Problem::of(StatusCode::BAD_REQUEST, error.to_string()).at("day")
    };
    match call.field("day") {
        None => Ok(office.clock().today()),
        Some(text) => listed::day(&text).map_err(wrong),
    }
}

async fn programmes(call: Call) -> Told<Shown<Programmes>> {
    let desk = call.desk()?;
    let (office, day) = (desk.access.office(), day_of(&call)?);
    let rows = published::programmes(office, &desk.who, day)?;
    let rows = rows.into_iter().map(|one| Programme {
        id: one.id,
        title: one.title,
        applies: one.applies,
        path: one.path,
    });
    Ok(Shown(Programmes {
        day: Date::of(day),
        version: office.version(),
        rows: rows.collect(),
    }))
}

async fn parameters(call: Call) -> Told<Shown<Parameters>> {
    let desk = call.desk()?;
    let (office, day) = (desk.access.office(), day_of(&call)?);
    let rows = published::parameters(office, &desk.who, day)?;
    let rows = rows.into_iter().map(|one| {
        let keys = one.keys.into_iter();
        Parameter {
            file: one.file,
            name: one.name,
            area: one.area,
            keys: keys
                .map(|(name, value)| ParameterKey { name, value })
                .collect(),
            value: one.value,
            unit: one.unit,
            from: one.from.map(Date::of),
            to: one.to.map(Date::of),
            source: one.source,
            example: one.example,
        }
    });
    Ok(Shown(Parameters {
        day: Date::of(day),
        version: office.version(),
        rows: rows.collect(),
    }))
}

async fn ask(call: Call, sent: Sent<QuestionForm>) -> Told<Shown<GuideAnswers>> {
    let desk = call.desk()?;
    let closed = || {
        Problem::of(
            StatusCode::SERVICE_UNAVAILABLE,
            "现在查不了政策,请过一会儿再试",
        )
    };
    let guide = desk.views.guide().ok_or_else(closed)?;
    let hits = guide.ask(&sent.body.question.0);
    let cards = hits.iter().filter_map(|hit| guide.card(&hit.id));
    Ok(Shown(GuideAnswers {
        rows: cards.take(ANSWERS).map(answer).collect(),
    }))
}

fn answer(card: &Card) -> GuideAnswer {
    let terms = card.terms.iter();
    GuideAnswer {
        id: card.id.clone(),
        title: card.title.clone(),
        called: card.called.clone(),
        gist: card.gist.clone(),
        terms: terms
            .map(|term| format!("{}({})", term.name, term.article))
            .collect(),
        apply: card.apply.clone(),
        papers: card.papers.clone(),
        limits: card.limits.clone(),
    }
}

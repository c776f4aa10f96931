//! 指标: the same figures as the page, with the same ones hidden.

use office::access::Right;
use office::views::{FigureState, FigureValue, IndicatorRow};

use super::operation::{Call, Kind, Operation, Shown};
use super::problem::Told;
use super::shape::{choices, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "指标";

choices! {
    /// 有没有数。
    FigureStateWord {
        "told" = "有数",
        "hidden" = "人太少,不公布",
        "no_source" = "没有数据来源",
        "not_applicable" = "没有可数的",
    }
}

shapes! {
    /// 一个数。
    FigureShown {
        /// 数,或者为什么没有。
        text: String,
        /// 有没有数。
        state: FigureStateWord,
        /// 分子。
        part: Option<String>,
        /// 分母。
        whole: Option<String>,
        /// 几个不知道。
        unknown: Option<u64>,
    }
    /// 一个指标。
    Indicator {
        /// 编号。
        id: String,
        /// 名称。
        name: String,
        /// 分子的口径。
        part: String,
        /// 分母的口径。
        whole: String,
        /// 单位。
        unit: String,
        /// 来源。
        source: String,
        /// 依据。
        basis: String,
        /// 全域的数。
        now: FigureShown,
        /// 本人辖区的数;辖区就是全域的没有。
        own: Option<FigureShown>,
        /// 上月。
        last_month: Option<FigureShown>,
        /// 去年同月。
        last_year: Option<FigureShown>,
    }
    /// 一个月的指标。
    Indicators {
        /// 月份。
        month: String,
        /// 少于几个的不公布。
        least: u64,
        /// 指标。
        rows: Vec<Indicator>,
    }
    /// 一个地方的数。
    AreaLine {
        /// 区划代码;不知道是哪里的为空。
        code: String,
        /// 名称。
        name: String,
        /// 是不是本人的辖区。
        own: bool,
        /// 数。
        value: FigureShown,
    }
    /// 一组人的数。
    GroupLine {
        /// 按什么分组。
        by: String,
        /// 哪一组。
        label: String,
        /// 数。
        value: FigureShown,
    }
    /// 一个指标,各地、各组。
    IndicatorAreas {
        /// 月份。
        month: String,
        /// 指标。
        indicator: Indicator,
        /// 各地。
        areas: Vec<AreaLine>,
        /// 各组。
        groups: Vec<GroupLine>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right(Right::OVERVIEW);
    let month = |operation: Operation| operation.field("month", "月份,不写是最新的", Kind::Month);
    routes
        .gives(
            month(Operation::get("/api/v1/indicators", see, "listIndicators"))
                .about(TAG, "一个月的指标;人太少的不公布,也推不出来")
                .also(404),
            list,
        )
        .gives(
            month(Operation::get(
                "/api/v1/indicators/{id}",
                see,
                "getIndicator",
            ))
            .about(TAG, "一个指标,各地、各组")
            .part("id", "指标编号", Kind::Text(120))
            .like("coverage.低保覆盖面"),
            one,
        )
}

async fn list(call: Call) -> Told<Shown<Indicators>> {
    let desk = call.desk()?;
    let view = desk
        .views
        .indicators(&desk.who, call.field("month"))
        .await?;
    let rows = view.files.into_iter().flat_map(|file| file.rows);
    Ok(Shown(Indicators {
        month: view.month,
        least: view.least,
        rows: rows.map(indicator).collect(),
    }))
}

async fn one(call: Call) -> Told<Shown<IndicatorAreas>> {
    let desk = call.desk()?;
    let (id, month) = (call.word("id"), call.field("month"));
    let view = desk.views.indicator(&desk.who, id, month).await?;
    let areas = view.areas.into_iter().map(|area| AreaLine {
        code: area.code,
        name: area.name,
        own: area.own,
        value: shown(area.value),
    });
    let groups = view.groups.into_iter().flat_map(|table| {
        let by = table.title;
        table.rows.into_iter().map(move |row| GroupLine {
            by: by.clone(),
            label: row.label,
            value: shown(row.value),
        })
    });
    Ok(Shown(IndicatorAreas {
        month: view.month,
        indicator: indicator(view.row),
        areas: areas.collect(),
        groups: groups.collect(),
    }))
}

fn shown(value: FigureValue) -> FigureShown {
    FigureShown {
        text: value.text,
        state: FigureStateWord(match value.state {
            FigureState::Told => "told",
            FigureState::Hidden => "hidden",
            FigureState::NoSource => "no_source",
            FigureState::NotApplicable => "not_applicable",
        }),
        part: value.part,
        whole: value.whole,
        unknown: value.unknown,
    }
}

fn indicator(row: IndicatorRow) -> Indicator {
    Indicator {
        id: row.id,
        name: row.name,
        part: row.words.part,
        whole: row.words.whole,
        unit: row.words.unit,
        source: row.words.source,
        basis: row.words.basis,
        now: shown(row.now),
        own: row.own.map(shown),
        last_month: row.last_month.map(shown),
        last_year: row.last_year.map(shown),
    }
}

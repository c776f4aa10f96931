//! The peers' parameter table as the rule language's: dated rows by area and class.

use super::input::Table;
use anyhow::{Context, Result};
use datafusion::arrow::datatypes::Int32Type;
use domain::Month;
use rules::params::COLUMNS;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How a number of the peers is written in a parameter table.
#[derive(Clone, Copy)]
enum Written {
    /// 分, as 元.
    Money,
    /// Hundredths, as a percentage.
    Percent,
    /// As it is.
    Whole,
}

/// The peers' column; our file, parameter and class; the unit.
const FILLED: [(&str, &str, &str, &str, Written, &str); 19] = [
    (
        "std_urban",
        "help",
        "保障标准",
        "城乡=城镇",
        Written::Money,
        "元/人月",
    ),
    (
        "std_rural",
        "help",
        "保障标准",
        "城乡=农村",
        Written::Money,
        "元/人月",
    ),
    (
        "median_income",
        "help",
        "收入中位数",
        "",
        Written::Money,
        "元/人月",
    ),
    ("edge_pct", "help", "边缘比例", "", Written::Percent, "比例"),
    (
        "wage_disregard_pct",
        "means",
        "工资扣除比例",
        "",
        Written::Percent,
        "比例",
    ),
    (
        "imputed_wage",
        "means",
        "估算工资",
        "",
        Written::Money,
        "元/月",
    ),
    (
        "deposit_months_dibao",
        "help",
        "低保存款月数",
        "",
        Written::Whole,
        "月",
    ),
    (
        "deposit_months_edge",
        "help",
        "边缘存款月数",
        "",
        Written::Whole,
        "月",
    ),
    (
        "area_cap",
        "help",
        "人均面积限额",
        "",
        Written::Whole,
        "平方米/人",
    ),
    (
        "rigid_ratio_pct",
        "help",
        "刚性比例",
        "",
        Written::Percent,
        "比例",
    ),
    (
        "med_floor",
        "means",
        "医疗起付",
        "",
        Written::Money,
        "元/月",
    ),
    ("edu_cap", "means", "教育封顶", "", Written::Money, "元/月"),
    (
        "tekun_pct",
        "help",
        "特困倍数",
        "",
        Written::Percent,
        "比例",
    ),
    ("care_full", "help", "全护理费", "", Written::Money, "元/月"),
    ("care_half", "help", "半护理费", "", Written::Money, "元/月"),
    (
        "top_elder_pct",
        "help",
        "老年增发比例",
        "",
        Written::Percent,
        "比例",
    ),
    (
        "top_minor_pct",
        "help",
        "未成年增发比例",
        "",
        Written::Percent,
        "比例",
    ),
    (
        "top_disabled_pct",
        "help",
        "重残增发比例",
        "",
        Written::Percent,
        "比例",
    ),
    (
        "min_amount",
        "help",
        "最低补助",
        "",
        Written::Money,
        "元/月",
    ),
];

/// The columns it needs.
pub fn columns() -> Vec<&'static str> {
    let mut columns = vec!["district", "month"];
    columns.extend(FILLED.iter().map(|row| row.0));
    columns
}

/// A parameter table; a number that stays the same over several months is one row.
pub fn table(params: &Table) -> Result<String> {
    let areas = params.numbers::<Int32Type>("district")?;
    let months = params.numbers::<Int32Type>("month")?;
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for (column, file, name, class, written, unit) in FILLED {
        let values = params.numbers::<Int32Type>(column)?;
        let mut of_area: BTreeMap<i32, Vec<(Month, i32)>> = BTreeMap::new();
        for ((area, month), value) in areas
            .values()
            .iter()
            .zip(months.values())
            .zip(values.values())
        {
            let list = of_area.entry(*area).or_default();
            list.push((super::month(*month)?, *value));
        }
        for (area, mut dated) in of_area {
            dated.sort_unstable();
            dated.dedup_by_key(|(_, value)| *value);
            let next = dated.iter().skip(1).map(|(month, _)| Some(*month));
            for ((from, value), next) in dated.iter().zip(next.chain([None])) {
                let to = next.map_or(String::new(), |next| next.prev().last().to_string());
                let value = written.write(*value);
                writeln!(
                    text,
                    "{file},{name},{area},{class},{},{to},{value},{unit},示例值,",
                    from.first()
                )
                .context("a line of the parameter table")?;
            }
        }
    }
    Ok(text)
}

impl Written {
    fn write(self, value: i32) -> String {
        match self {
            Self::Money => format!("{}.{:02}", value / 100, value % 100),
            Self::Percent => format!("{value}%"),
            Self::Whole => value.to_string(),
        }
    }
}

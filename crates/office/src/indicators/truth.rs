//! 和真相比: coverage, exclusion and inclusion errors where it is known who is poor: in an invented
//! county, whose truth files say what every household really has, hidden income and all.

use crate::error::{OfficeError, Result, at_path};
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::{Fen, Month};
use rules::value::{Ratio, Value};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// The line of each household, and whether the roll has it; both as the indicators yield them.
const LINE: &str = "poverty.贫困线";
const ON_ROLL: &str = "targeting.在册户";

/// Who is poor in truth and who is on the roll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Households of the truth that are in the record, with a line and a roll that are known.
    pub households: u64,
    /// Households of the truth nobody could compare.
    pub unmatched: u64,
    /// Poor by all they have.
    pub poor: u64,
    /// Poor and on the roll.
    pub poor_on_roll: u64,
    /// On the roll.
    pub on_roll: u64,
}

impl Truth {
    /// 覆盖率: of the poor, how many are on the roll.
    #[must_use]
    pub fn coverage(&self) -> Option<(u64, u64)> {
        (self.poor > 0).then_some((self.poor_on_roll, self.poor))
    }

    /// 漏保率: of the poor, how many are not.
    #[must_use]
    pub fn exclusion(&self) -> Option<(u64, u64)> {
        let left = self.poor.saturating_sub(self.poor_on_roll);
        (self.poor > 0).then_some((left, self.poor))
    }

    /// 错保率: of those on the roll, how many are not poor.
    #[must_use]
    pub fn inclusion(&self) -> Option<(u64, u64)> {
        let wrong = self.on_roll.saturating_sub(self.poor_on_roll);
        (self.on_roll > 0).then_some((wrong, self.on_roll))
    }
}

/// A household of the truth.
struct Real {
    number: String,
    per_head: Ratio,
}

/// Compares a month's roll with a folder of truth (`households.csv`). Income alone makes poor here;
/// what a household owns is not looked at.
///
/// # Errors
/// No register for the month, or a truth file that cannot be read.
pub async fn against_truth(office: &Office, month: Month, folder: &Path) -> Result<Truth> {
    let real = read(&folder.join("households.csv"), month)?;
    let data = MonthData::load(office, month).await?;
    let mut ids: HashMap<String, i64> = HashMap::new();
    let mut after = 0;
    loop {
        let page = store::households::list(&office.store, None, after, 50_000).await?;
        let Some(last) = page.last() else { break };
        after = last.id.get();
        ids.extend(page.into_iter().map(|h| (h.number, h.id.get())));
    }
    let mut out = Truth::default();
    for household in real {
        let known = || {
            let id = *ids.get(&household.number)?;
            let line = number(&data, LINE, id)?;
            let on_roll = number(&data, ON_ROLL, id)?;
            Some((line, on_roll > Ratio::ZERO))
        };
        let Some((line, on_roll)) = known() else {
            out.unmatched = out.unmatched.saturating_add(1);
            continue;
        };
        let poor = household.per_head < line;
        out.households = out.households.saturating_add(1);
        out.poor = out.poor.saturating_add(u64::from(poor));
        out.on_roll = out.on_roll.saturating_add(u64::from(on_roll));
        let both = u64::from(poor && on_roll);
        out.poor_on_roll = out.poor_on_roll.saturating_add(both);
    }
    Ok(out)
}

fn number(data: &MonthData, path: &str, id: i64) -> Option<Ratio> {
    let item = data.program.find(path)?;
    let table = data.judged.table_of(item)?;
    let row = table.ids().binary_search(&id).ok()?;
    match table.value(item, row)? {
        Value::Num(number) => Some(number),
        _ => None,
    }
}

/// The households of a month: what every feed knows of their income, and what nobody knows.
fn read(path: &Path, month: Month) -> Result<Vec<Real>> {
    let text = std::fs::read_to_string(path).map_err(at_path(path))?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let wrong = |what: &str| {
        OfficeError::FileRefused(format!(
            "{} {what};请用 doudi synth 写的真相",
            path.display()
        ))
    };
    let headers = reader.headers().map_err(|_| wrong("没有表头"))?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|h| h == name);
        found.ok_or_else(|| wrong(&format!("没有 {name} 一列")))
    };
    let columns = [
        column("household_no")?,
        column("month")?,
        column("per_capita_month_numerator_fen")?,
        column("per_capita_month_denominator")?,
        column("hidden_year")?,
    ];
    let mut out = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|_| wrong("有一行读不懂"))?;
        let [no, of, known, parts, hidden] = columns.map(|at| row.get(at).unwrap_or_default());
        if of != month.to_string() {
            continue;
        }
        let income = || {
            let known: i128 = known.parse().ok()?;
            let hidden = Fen::parse(hidden).ok()?.get();
            let sum = known.checked_add(i128::from(hidden))?;
            Ratio::new(sum, parts.parse().ok()?)
        };
        out.push(Real {
            number: no.to_owned(),
            per_head: income().ok_or_else(|| wrong("有一行不是数"))?,
        });
    }
    Ok(out)
}

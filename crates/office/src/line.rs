//! 定线: six ways to a candidate for the dibao line, from published figures, a basket or a survey.
//!
//! It proposes and never decides: nothing here writes to the record, the lake or the rulebook.

mod inputs;
pub mod methods;
mod shown;

use crate::error::Result;
use crate::monitoring::MonthData;
use crate::office::Office;
use crate::views::{LineAsk, LinePage};
use domain::Month;
use rules::value::{Ratio, Value};

pub(crate) use inputs::Inputs;

/// Incomes of a month's households as the rules recognise them, for the reach of a line.
#[derive(Clone, Debug, Default)]
pub struct Incomes {
    month: String,
    /// Income a head in 分, and heads; by rising income.
    known: Vec<(f64, u64)>,
    /// Persons whose income is not known.
    unknown: u64,
}

impl Incomes {
    /// The incomes of a judged month.
    pub(crate) fn of(data: &MonthData) -> Self {
        let words = crate::simulate::WORDS;
        let mut out = Self {
            month: data.month.to_string(),
            ..Self::default()
        };
        let table = |path: &str| {
            let item = data.program.find(path)?;
            Some((item, data.judged.table_of(item)?))
        };
        let (Some((heads, counted)), Some((income, means))) =
            (table(words.counted), table(words.per_head))
        else {
            return out;
        };
        for (row, id) in counted.ids().iter().enumerate() {
            let Some(Value::Num(heads)) = counted.value(heads, row) else {
                continue;
            };
            let heads = u64::try_from(heads.num().div_euclid(heads.den())).unwrap_or(0);
            let at = means.ids().binary_search(id).ok();
            match at.and_then(|at| means.value(income, at)) {
                Some(Value::Num(income)) if heads > 0 => out.known.push((float(income), heads)),
                _ => out.unknown = out.unknown.saturating_add(heads),
            }
        }
        out.known.sort_by(|a, b| a.0.total_cmp(&b.0));
        out
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "incomes stay far below 2^53, and a candidate line is told to the cent"
)]
fn float(n: Ratio) -> f64 {
    n.num() as f64 / n.den() as f64
}

/// The candidate lines; `incomes` say whom each would reach.
///
/// # Errors
/// The files of the rulebook cannot be read.
pub fn propose(office: &Office, incomes: Option<&Incomes>, ask: &LineAsk) -> Result<LinePage> {
    let (inputs, problems) = Inputs::read(&office.book, ask)?;
    Ok(shown::page(&inputs, problems, incomes))
}

/// The same on the people of a month.
///
/// # Errors
/// No register for the month; the files of the rulebook cannot be read.
pub async fn propose_on(office: &Office, month: Option<Month>, ask: &LineAsk) -> Result<LinePage> {
    let incomes = match month {
        None => None,
        Some(month) => Some(Incomes::of(&MonthData::load(office, month).await?)),
    };
    propose(office, incomes.as_ref(), ask)
}

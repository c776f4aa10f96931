//! 定线用的数: published figures, a basket and a survey, from the rulebook or from one's own files.

use crate::error::{OfficeError, Result};
use crate::views::{LineAsk, LineInput};
use rules::Rulebook;

/// The column a survey's food stands in.
const FOOD: &str = "食品";

/// What the methods read.
pub(crate) struct Inputs {
    /// The numbers, as shown.
    pub shown: Vec<LineInput>,
    numbers: Vec<(String, f64)>,
    /// Kind, name, quantity, unit, price, source.
    pub basket: Vec<BasketRow>,
    /// The survey, a head and month.
    pub survey: Survey,
    /// Where the survey comes from.
    pub survey_source: String,
}

/// A row of the basket.
pub(crate) struct BasketRow {
    /// Kind: 食品.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Quantity a head and month.
    pub quantity: f64,
    /// Its unit.
    pub unit: String,
    /// Price of one unit.
    pub price: f64,
    /// Whence the two numbers are.
    pub source: String,
}

/// A survey of households, all of it a head and month.
#[derive(Default)]
pub(crate) struct Survey {
    /// Incomes.
    pub incomes: Vec<f64>,
    /// Spending by kind.
    pub kinds: Vec<(String, Vec<f64>)>,
}

impl Survey {
    /// Food and all spending of each household.
    pub fn food(&self) -> Vec<(f64, f64)> {
        let food = self.kinds.iter().find(|(name, _)| name == FOOD);
        let Some((_, food)) = food else {
            return Vec::new();
        };
        let all = |at: usize| self.kinds.iter().filter_map(|(_, v)| v.get(at)).sum();
        food.iter()
            .enumerate()
            .map(|(at, food)| (*food, all(at)))
            .collect()
    }
}

impl Inputs {
    /// The rulebook's numbers with those asked for in their place; the second part says which of
    /// those could not be taken.
    pub fn read(book: &Rulebook, ask: &LineAsk) -> Result<(Self, Vec<String>)> {
        let text = |path: &str| {
            crate::rulebook::table(book, path).ok_or_else(|| {
                OfficeError::Other(format!("手册里没有 {path};请补上这个文件,或换回自带的手册"))
            })
        };
        let mut problems = Vec::new();
        let mut shown = Vec::new();
        let mut numbers = Vec::new();
        for row in rows(&text("line/inputs.csv")?, "line/inputs.csv")? {
            let [name, value, unit, source, note] = cells(&row);
            let asked = ask.numbers.iter().find(|(asked, _)| *asked == name);
            let asked = asked.filter(|(_, v)| !v.trim().is_empty() && v.trim() != value);
            let (value, source) = match asked {
                Some((_, v)) => (v.trim().to_owned(), "本次输入".to_owned()),
                None => (value, source),
            };
            match number(&value) {
                Some(n) => numbers.push((name.clone(), n)),
                None => problems.push(format!(
                    "“{name}”写的是 `{value}`,不是一个数;请写 2100 或 38%"
                )),
            }
            shown.push(LineInput {
                name,
                value,
                unit,
                source,
                note,
            });
        }
        for (name, _) in &ask.numbers {
            if !shown.iter().any(|input| input.name == *name) {
                let known: Vec<&str> = shown.iter().map(|i| i.name.as_str()).collect();
                problems.push(format!(
                    "没有名为 `{name}` 的数;可以改的是 {}",
                    known.join("、")
                ));
            }
        }
        let (basket, place) = match &ask.basket {
            Some(own) => (own.clone(), "您的菜篮子文件"),
            None => (text("line/basket.csv")?, "line/basket.csv"),
        };
        let (survey, source) = match &ask.households {
            Some(own) => (own.clone(), "您的住户文件"),
            None => (text("line/households.csv")?, "line/households.csv"),
        };
        let survey_source = match ask.households {
            Some(_) => source.to_owned(),
            None => "line/households.csv,编的 120 户,示例值".to_owned(),
        };
        let inputs = Self {
            shown,
            numbers,
            basket: read_basket(&basket, place)?,
            survey: read_survey(&survey, source)?,
            survey_source,
        };
        Ok((inputs, problems))
    }

    /// A number by its name; none where it was not given.
    pub fn number(&self, name: &str) -> Option<f64> {
        let found = self.numbers.iter().find(|(known, _)| known == name);
        found.map(|(_, n)| *n)
    }
}

/// `2100`, `2,100`, `38%`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().replace([',', ','], "");
    let (digits, scale) = match text.strip_suffix(['%', '%']) {
        Some(digits) => (digits.trim().to_owned(), 100.0),
        None => (text, 1.0),
    };
    let number: f64 = digits.parse().ok()?;
    number.is_finite().then_some(number / scale)
}

fn rows(text: &str, place: &str) -> Result<Vec<csv::StringRecord>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: std::result::Result<Vec<_>, _> = reader.records().collect();
    rows.map_err(|e| {
        OfficeError::FileRefused(format!("{place} 读不懂:{e};每一行的列数要和表头一样"))
    })
}

fn cells<const N: usize>(row: &csv::StringRecord) -> [String; N] {
    std::array::from_fn(|at| row.get(at).unwrap_or_default().trim().to_owned())
}

fn read_basket(text: &str, place: &str) -> Result<Vec<BasketRow>> {
    let mut out = Vec::new();
    for (line, row) in (2..).zip(rows(text, place)?) {
        let [kind, name, quantity, unit, price, source] = cells(&row);
        let take = |what: &str, text: &str| {
            number(text).ok_or_else(|| {
                OfficeError::FileRefused(format!(
                    "{place} 第 {line} 行的{what} `{text}` 不是一个数"
                ))
            })
        };
        out.push(BasketRow {
            quantity: take("每人每月用量", &quantity)?,
            price: take("单价", &price)?,
            kind,
            name,
            unit,
            source,
        });
    }
    Ok(out)
}

/// One row a household: persons, its income of a month, then what it spends a month on each kind.
fn read_survey(text: &str, place: &str) -> Result<Survey> {
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(plain.as_bytes());
    let headers = reader
        .headers()
        .map_err(|e| OfficeError::FileRefused(format!("{place}:{e}")))?;
    let names: Vec<String> = headers
        .iter()
        .skip(2)
        .map(|h| h.trim().to_owned())
        .collect();
    if !names.iter().any(|name| name == FOOD) {
        let said =
            format!("{place} 没有“{FOOD}”一列;第一列写人口,第二列写每月收入,后面每列一类支出");
        return Err(OfficeError::FileRefused(said));
    }
    let mut survey = Survey {
        incomes: Vec::new(),
        kinds: names.into_iter().map(|name| (name, Vec::new())).collect(),
    };
    for (line, row) in (2..).zip(rows(text, place)?) {
        let take = |at: usize| {
            let cell = row.get(at).unwrap_or_default();
            number(cell).ok_or_else(|| {
                let said = format!(
                    "{place} 第 {line} 行第 {} 列 `{cell}` 不是一个数",
                    at.saturating_add(1)
                );
                OfficeError::FileRefused(said)
            })
        };
        let persons = take(0)?;
        if persons <= 0.0 {
            let said = format!("{place} 第 {line} 行的人口要大于零");
            return Err(OfficeError::FileRefused(said));
        }
        survey.incomes.push(take(1)? / persons);
        for (at, (_, values)) in (2..).zip(&mut survey.kinds) {
            values.push(take(at)? / persons);
        }
    }
    Ok(survey)
}

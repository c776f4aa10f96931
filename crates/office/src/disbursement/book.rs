//! What the rulebook says about paying: which programmes, which batches, which checks with which
//! numbers, which bank. A locality's own `payments.md` takes the place of the general one.

mod once;
mod parts;

pub use once::{AtOnce, HelpFirst, Level};
pub use parts::PartRule;

use super::{Paid, PayError};
use domain::{Fen, Month};
use rules::Rulebook;
use rules::markdown::{Document, Table};
use std::collections::BTreeMap;

/// Where it stands, unless the place has its own.
const PATH: &str = "banks/payments.md";

/// Whether an entitlement is of a household or of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// 户.
    Household,
    /// 人.
    Person,
}

/// 项目.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// Its file in the rulebook; empty for a status that pays nothing.
    pub code: String,
    /// The kind of the roll.
    pub roll: String,
    /// Of whom its entitlements are.
    pub of: Of,
    /// What a hospital is told; empty where it is told nothing.
    pub medical: String,
}

/// Where the lines of a batch come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Entitlements that stand.
    Entitlements,
    /// Whoever a rule finds 符合 in the month, by the rule's file.
    Rule(String),
    /// The festivals of the month.
    Festival,
    /// Lines that came back.
    Returned,
    /// What is paid at once and waits for no month's batch.
    AtOnce,
}

/// 批次种类.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchKind {
    /// Its code.
    pub code: String,
    /// Its name.
    pub title: String,
    /// Which component of entitlements it pays.
    pub component: String,
    /// Where its lines come from.
    pub source: Source,
}

/// In batches of which kind it is made up for what paid months lacked, where no month to come brings it.
pub(super) const LACKED: &str = "arrears";

/// 节日慰问.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Festival {
    /// Its name.
    pub title: String,
    /// In which month of the year.
    pub month: u8,
    /// For whom, by programme.
    pub programmes: Vec<String>,
    /// How much.
    pub amount: Fen,
}

/// 核查.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its code.
    pub code: String,
    /// What is told.
    pub title: String,
    /// Its number or name, as written.
    pub value: String,
    /// Whether somebody may answer for what it found.
    pub may_confirm: bool,
}

/// A step of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its code.
    pub code: String,
    /// Its name.
    pub title: String,
    /// Whether it may end the recovery.
    pub ends: bool,
    /// Whether money comes back by it.
    pub money: bool,
}

/// 指标 of a fund's year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Fund and year.
    pub fund: String,
    /// How much.
    pub amount: Fen,
}

/// 停发上限: above both, a batch waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// A share of the lines of a batch, in hundredths of a percent; none for no limit.
    pub share: Option<u64>,
    /// Fewer lines are never too many.
    pub at_least: u64,
}

impl Stops {
    /// Whether so many lines of a batch are too many to be stopped unseen.
    #[must_use]
    pub fn too_many(self, stopped: u64, lines: u64) -> bool {
        let over = |share: u64| stopped.saturating_mul(10_000) > lines.saturating_mul(share);
        stopped >= self.at_least && stopped > 0 && self.share.is_some_and(over)
    }
}

/// A percentage with up to two decimals, in hundredths of a percent.
fn percent(text: &str) -> Option<u64> {
    let text = text.strip_suffix('%')?;
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part = match part.len() {
        1 => part.parse::<u64>().ok()?.checked_mul(10)?,
        2 => part.parse().ok()?,
        _ => return None,
    };
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(100)?.checked_add(part)
}

/// 发放办法 of a place.
#[derive(Clone, Debug, Default)]
pub struct PayBook {
    roll: BTreeMap<String, String>,
    /// 项目.
    pub programmes: Vec<Programme>,
    /// 批次种类.
    pub kinds: Vec<BatchKind>,
    /// 节日.
    pub festivals: Vec<Festival>,
    /// 即时发放.
    pub at_once: Vec<AtOnce>,
    /// 先行救助.
    pub help_first: Vec<HelpFirst>,
    /// 审批层级.
    pub levels: Vec<Level>,
    /// 金额组成.
    pub parts: Vec<PartRule>,
    /// 核查.
    pub checks: Vec<Check>,
    /// Steps of a recovery.
    pub steps: Vec<Step>,
    /// 指标.
    pub budgets: Vec<Budget>,
    /// Which bank, by the name of its description.
    pub bank: String,
    /// What the bank shows beside the money.
    pub remark: String,
    /// How much of a batch files of departments may stop without somebody who answers for it.
    pub stops: Stops,
    funds: BTreeMap<String, String>,
}

impl PayBook {
    /// Reads what holds in a place.
    ///
    /// # Errors
    /// A table or word that is missing or not understood; every mistake in one sentence.
    pub fn read(book: &Rulebook, locality: &str) -> Paid<Self> {
        let own = book.path_in(locality, "payments.md");
        let (path, document) = match (book.document(&own), book.document(PATH)) {
            (Some(document), _) => (own, document),
            (None, Some(document)) => (PATH.to_owned(), document),
            (None, None) => {
                let said = format!("规则手册里没有 {PATH},不能发放;请补上这份文件");
                return Err(PayError::Refused(said));
            }
        };
        let mut reader = Reader {
            path,
            tables: &document.tables,
            wrong: Vec::new(),
        };
        let roll = reader.rows("名册", ["用法", "来文列"]);
        let mut out = Self {
            roll: roll
                .into_iter()
                .map(|[usage, column]| (usage, column))
                .collect(),
            programmes: reader.programmes(),
            kinds: reader.kinds(),
            festivals: reader.festivals(),
            at_once: reader.at_once(),
            help_first: reader.help_first(),
            levels: reader.levels(),
            parts: reader.parts(),
            checks: reader.checks(),
            steps: reader.steps(),
            ..Self::default()
        };
        for [name, value] in reader.rows("设置", ["设置", "值"]) {
            match name.as_str() {
                "银行" => out.bank = value,
                "附言" => out.remark = value,
                "停发上限" => match percent(&value) {
                    Some(share) => out.stops.share = Some(share),
                    None => reader.say(format!("停发上限 `{value}` 读不懂,写成 0.5%")),
                },
                "停发起算" => match value.parse() {
                    Ok(lines) => out.stops.at_least = lines,
                    Err(_) => reader.say(format!("停发起算 `{value}` 应是几行,写整数")),
                },
                _ => reader.say(format!("设置 `{name}` 不认得")),
            }
        }
        out.funds = csv(book, locality, "funds.csv")
            .into_iter()
            .map(|[programme, fund]: [String; 2]| (programme, fund))
            .collect();
        for [fund, year, yuan] in csv(book, locality, "budgets.csv") {
            match Fen::parse(&yuan) {
                Ok(amount) => out.budgets.push(Budget {
                    fund: format!("{fund}/{year}"),
                    amount,
                }),
                Err(error) => reader.say(format!("budgets.csv 里 {fund} {year}:{error}")),
            }
        }
        if reader.wrong.is_empty() {
            Ok(out)
        } else {
            Err(PayError::Refused(reader.wrong.join(";")))
        }
    }

    /// A column of the roll by its use here.
    pub(super) fn roll(&self, usage: &str) -> Paid<&str> {
        let missing = || PayError::Refused(format!("{PATH} 的“名册”没有写 `{usage}` 是哪一列"));
        self.roll.get(usage).map(String::as_str).ok_or_else(missing)
    }

    /// The programme a kind of the roll pays.
    #[must_use]
    pub fn of_roll(&self, kind: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.roll == kind)
    }

    /// A programme by its file.
    #[must_use]
    pub fn programme(&self, code: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.code == code)
    }

    /// A kind of batch by its code.
    pub(super) fn kind(&self, code: &str) -> Paid<&BatchKind> {
        let known = || {
            let all: Vec<&str> = self.kinds.iter().map(|kind| kind.code.as_str()).collect();
            PayError::Refused(format!("没有批次种类 `{code}`;可以是 {}", all.join("、")))
        };
        self.kinds.iter().find(|k| k.code == code).ok_or_else(known)
    }

    /// A check, where the place wants it.
    #[must_use]
    pub fn check(&self, code: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.code == code)
    }

    /// The fund that pays a programme in a month's year.
    pub(super) fn fund(&self, programme: &str) -> Paid<&str> {
        let missing = || {
            let said = format!("funds.csv 没有写 `{programme}` 用哪项资金,请补一行");
            PayError::Refused(said)
        };
        self.funds
            .get(programme)
            .map(String::as_str)
            .ok_or_else(missing)
    }
}

/// Fund and year, as the ledger keeps them.
#[must_use]
pub fn fund_year(fund: &str, month: Month) -> String {
    format!("{fund}/{}", month.year())
}

/// The rows of a table of the place, cut to so many columns.
fn csv<const N: usize>(book: &Rulebook, locality: &str, name: &str) -> Vec<[String; N]> {
    let text = book.texts().get(&book.path_in(locality, name));
    let lines = text.into_iter().flat_map(|text| text.lines()).skip(1);
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut cells = rules::params::split(line).into_iter();
            std::array::from_fn(|_| cells.next().unwrap_or_default().trim().to_owned())
        })
        .collect()
}

/// The rows under a heading, cut to the columns asked for; a missing table or column is told.
pub(super) fn rows_of<const N: usize>(
    document: &Document,
    heading: &str,
    columns: [&str; N],
) -> Result<Vec<[String; N]>, String> {
    rows_in(&document.tables, heading, columns)
}

fn rows_in<const N: usize>(
    tables: &[Table],
    heading: &str,
    columns: [&str; N],
) -> Result<Vec<[String; N]>, String> {
    let Some(table) = tables.iter().find(|table| table.heading == heading) else {
        return Err(format!("没有“{heading}”一节的表"));
    };
    let place = |name: &str| table.header.iter().position(|cell| cell.text == name);
    let places = columns.map(place);
    if let Some((name, _)) = columns.iter().zip(places).find(|(_, at)| at.is_none()) {
        return Err(format!("“{heading}”的表没有“{name}”一列"));
    }
    let cell = |row: &[rules::markdown::Cell], at: Option<usize>| {
        at.and_then(|at| row.get(at))
            .map_or(String::new(), |cell| cell.text.clone())
    };
    let rows = table.rows.iter();
    Ok(rows.map(|row| places.map(|at| cell(row, at))).collect())
}

struct Reader<'a> {
    path: String,
    tables: &'a [Table],
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn say(&mut self, what: String) {
        self.wrong.push(format!("{}:{what}", self.path));
    }

    fn rows<const N: usize>(&mut self, heading: &str, columns: [&str; N]) -> Vec<[String; N]> {
        let rows = rows_in(self.tables, heading, columns);
        rows.unwrap_or_else(|wrong| {
            self.say(wrong);
            Vec::new()
        })
    }

    fn programmes(&mut self) -> Vec<Programme> {
        let mut out = Vec::new();
        for [code, roll, of, medical] in self.rows("项目", ["代号", "名册类型", "对象", "就医身份"])
        {
            let of = match of.as_str() {
                "户" => Of::Household,
                "人" => Of::Person,
                other => {
                    self.say(format!("项目 `{roll}` 的对象 `{other}` 应是户或者人"));
                    continue;
                }
            };
            out.push(Programme {
                code,
                roll,
                of,
                medical,
            });
        }
        out
    }

    fn kinds(&mut self) -> Vec<BatchKind> {
        let mut out = Vec::new();
        for [code, title, component, source] in self.rows("批次", ["代号", "种类", "组成", "来源"])
        {
            let source = match (source.as_str(), source.strip_prefix("规则 ")) {
                ("待遇", _) => Source::Entitlements,
                ("节日", _) => Source::Festival,
                ("退票", _) => Source::Returned,
                ("即时", _) => Source::AtOnce,
                (_, Some(file)) => Source::Rule(file.trim().to_owned()),
                (other, None) => {
                    self.say(format!("批次 `{code}` 的来源 `{other}` 不认得"));
                    continue;
                }
            };
            out.push(BatchKind {
                code,
                title,
                component,
                source,
            });
        }
        // A version signed before there was such a batch goes on without its row.
        if out.iter().all(|kind: &BatchKind| kind.code != LACKED) {
            out.push(BatchKind {
                code: LACKED.to_owned(),
                title: "变更补差".to_owned(),
                component: "变更补差".to_owned(),
                source: Source::AtOnce,
            });
        }
        out
    }

    fn festivals(&mut self) -> Vec<Festival> {
        let mut out = Vec::new();
        for [title, month, programmes, amount] in
            self.rows("节日", ["节日", "月份", "对象", "金额"])
        {
            let (Ok(month), Ok(amount)) = (month.parse(), Fen::parse(&amount)) else {
                self.say(format!("节日 `{title}` 的月份或者金额读不懂"));
                continue;
            };
            let programmes = programmes.split('、').map(|p| p.trim().to_owned());
            out.push(Festival {
                title,
                month,
                programmes: programmes.collect(),
                amount,
            });
        }
        out
    }

    fn checks(&mut self) -> Vec<Check> {
        let mut out = Vec::new();
        for [code, title, value, confirm] in self.rows("核查", ["代号", "核查", "值", "可以确认"])
        {
            let may_confirm = match confirm.as_str() {
                "是" => true,
                "否" => false,
                other => {
                    self.say(format!("核查 `{code}` 的“可以确认”`{other}` 应是是或者否"));
                    continue;
                }
            };
            if !super::checks::KNOWN.contains(&code.as_str()) {
                self.say(format!("核查 `{code}` 程序不会做"));
            }
            out.push(Check {
                code,
                title,
                value,
                may_confirm,
            });
        }
        out
    }

    fn steps(&mut self) -> Vec<Step> {
        let rows = self.rows("追回", ["代号", "步骤", "了结", "收款"]);
        rows.into_iter()
            .map(|[code, title, ends, money]| Step {
                code,
                title,
                ends: ends == "是",
                money: money == "是",
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_and_a_number_of_lines_are_both_passed_before_a_batch_waits() {
        let stops = Stops {
            share: percent("0.5%"),
            at_least: 10,
        };
        let check = |stopped, lines, waits| assert_eq!(stops.too_many(stopped, lines), waits);
        check(9, 100, false);
        check(10, 2_000, false);
        check(11, 2_000, true);
        check(10, 1_999, true);
        assert!(!Stops::default().too_many(100, 100), "no limit, no waiting");
        assert_eq!(percent("12.25%"), Some(1_225));
        assert_eq!((percent("半成"), percent("0.125%")), (None, None));
    }
}

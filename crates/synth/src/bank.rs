//! A bank that pays: reads the file it was sent as the description of the bank says, and answers with
//! the faults real banks make. Shares nothing with the program that will read the answer but the
//! description, which it reads by itself.

use crate::Error;
use crate::dice::{Dice, Stream};
use encoding_rs::Encoding;
use std::collections::{BTreeMap, BTreeSet};

/// What goes wrong at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BankFault {
    /// 退票: the account is closed, the name differs, or it is frozen.
    Returned,
    /// A line is left out.
    Missing,
    /// A line stands twice.
    Doubled,
    /// A line nobody sent.
    Unknown,
    /// Another amount than was sent.
    Amount,
    /// Another card than was sent.
    Card,
    /// A code nobody agreed on.
    Code,
    /// The file ends too early.
    Truncated,
    /// The answer is to another file.
    Digest,
}

impl BankFault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::Returned,
        Self::Missing,
        Self::Doubled,
        Self::Unknown,
        Self::Amount,
        Self::Card,
        Self::Code,
        Self::Truncated,
        Self::Digest,
    ];

    /// Its word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Missing => "missing",
            Self::Doubled => "doubled",
            Self::Unknown => "unknown",
            Self::Amount => "amount",
            Self::Card => "card",
            Self::Code => "code",
            Self::Truncated => "truncated",
            Self::Digest => "digest",
        }
    }

    /// The fault of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }
}

/// The bank's answer, and what was done wrong to which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankReply {
    /// Name of the file.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Lines that were answered wrongly or sent back, in order.
    pub planted: Vec<(u64, BankFault)>,
}

/// A row of the answer.
struct Row {
    line: String,
    card: String,
    amount: String,
    code: String,
    says: String,
}

/// Answers a file. `faults` says how many lines of each kind go wrong; which ones, the seed says.
///
/// # Errors
/// The description or the file cannot be read as one describes the other.
pub fn bank_answer(
    description: &str,
    sent: &[u8],
    seed: u64,
    faults: &[(BankFault, u64)],
) -> Result<BankReply, Error> {
    let book = Book::read(description)?;
    let (text, broken) = book.encoding.decode_without_bom_handling(sent);
    if broken {
        return Err(wrong("the file is not in the bank's encoding"));
    }
    let mut lines = text.lines();
    let head = book.cells("送盘汇总", lines.next().unwrap_or_default())?;
    let batch = head.get("批次").cloned().unwrap_or_default();
    let mut rows = Vec::new();
    for line in lines {
        let cells = book.cells("送盘明细", line)?;
        let cell = |name: &str| cells.get(name).cloned().unwrap_or_default();
        rows.push(Row {
            line: cell("行号"),
            card: cell("账号"),
            amount: cell("金额"),
            code: book.good.clone(),
            says: String::new(),
        });
    }
    let mut dice = Dice::new(seed, Stream::Faults, batch.parse().unwrap_or(0));
    let planted = plant(&book, &mut dice, &mut rows, faults);
    let has = |fault: BankFault| faults.iter().any(|(is, many)| *is == fault && *many > 0);
    let mut digest = head.get("摘要").cloned().unwrap_or_default();
    if has(BankFault::Digest) {
        digest = digest.chars().rev().collect();
    }
    let good = rows.iter().filter(|row| row.code == book.good);
    let (mut count, mut sum) = (0_u64, 0_u64);
    for row in good {
        count += 1;
        sum += book.fen(&row.amount).unwrap_or(0);
    }
    let head: BTreeMap<&str, String> = [
        ("批次", batch.clone()),
        ("笔数", rows.len().to_string()),
        ("成功笔数", count.to_string()),
        ("成功金额", book.amount(sum)),
        ("摘要", digest),
    ]
    .into();
    let mut out = book.line("回盘汇总", &head)?;
    let kept = if has(BankFault::Truncated) {
        rows.len() / 2
    } else {
        rows.len()
    };
    for row in rows.iter().take(kept) {
        let cells: BTreeMap<&str, String> = [
            ("行号", row.line.clone()),
            ("账号", row.card.clone()),
            ("金额", row.amount.clone()),
            ("结果码", row.code.clone()),
            ("说明", row.says.clone()),
        ]
        .into();
        out += &book.line("回盘明细", &cells)?;
    }
    let (bytes, _, unmapped) = book.encoding.encode(&out);
    if unmapped {
        return Err(wrong("the answer cannot be written in the bank's encoding"));
    }
    let number: u64 = batch.parse().unwrap_or(0);
    Ok(BankReply {
        name: book.reply.replace("{批次}", &format!("{number:08}")),
        bytes: bytes.into_owned(),
        planted,
    })
}

/// Does to some lines what banks do; each line suffers one fault only.
fn plant(
    book: &Book,
    dice: &mut Dice,
    rows: &mut Vec<Row>,
    faults: &[(BankFault, u64)],
) -> Vec<(u64, BankFault)> {
    let mut hit: BTreeSet<usize> = BTreeSet::new();
    let mut planted = Vec::new();
    let (mut gone, mut twice, mut strange) = (BTreeSet::new(), BTreeSet::new(), 0_u64);
    for (fault, many) in faults {
        let whole = matches!(fault, BankFault::Truncated | BankFault::Digest);
        let count = if whole { 0 } else { *many };
        for _ in 0..count {
            if *fault == BankFault::Unknown {
                strange += 1;
                continue;
            }
            if hit.len() >= rows.len() {
                break;
            }
            let mut at = dice.index(rows.len());
            while !hit.insert(at) {
                at = (at + 1) % rows.len().max(1);
            }
            let Some(row) = rows.get_mut(at) else {
                continue;
            };
            planted.push((row.line.parse().unwrap_or(0), *fault));
            match fault {
                BankFault::Returned => {
                    let pick = dice.index(book.bad.len());
                    if let Some((code, says)) = book.bad.get(pick) {
                        row.code.clone_from(code);
                        row.says.clone_from(says);
                    }
                }
                BankFault::Amount => {
                    let more = book.fen(&row.amount).unwrap_or(0) + 100;
                    row.amount = book.amount(more);
                }
                BankFault::Card => row.card = row.card.chars().rev().collect(),
                BankFault::Code => row.code = "9999X".to_owned(),
                BankFault::Missing => {
                    gone.insert(at);
                }
                BankFault::Doubled => {
                    twice.insert(at);
                }
                BankFault::Unknown | BankFault::Truncated | BankFault::Digest => {}
            }
        }
    }
    let last: u64 = rows
        .iter()
        .filter_map(|row| row.line.parse().ok())
        .max()
        .unwrap_or(0);
    let mut out = Vec::new();
    for (at, row) in rows.drain(..).enumerate() {
        if gone.contains(&at) {
            continue;
        }
        if twice.contains(&at) {
            out.push(Row {
                line: row.line.clone(),
                card: row.card.clone(),
                amount: row.amount.clone(),
                code: row.code.clone(),
                says: row.says.clone(),
            });
        }
        out.push(row);
    }
    for extra in 1..=strange {
        planted.push((last + extra, BankFault::Unknown));
        out.push(Row {
            line: (last + extra).to_string(),
            card: "6299000000000000000".to_owned(),
            amount: book.amount(100),
            code: book.good.clone(),
            says: String::new(),
        });
    }
    *rows = out;
    planted.sort_unstable();
    planted
}

/// The description of a bank, as far as a bank needs it.
struct Book {
    encoding: &'static Encoding,
    separator: char,
    newline: &'static str,
    in_fen: bool,
    reply: String,
    tables: BTreeMap<String, Vec<Vec<String>>>,
    good: String,
    bad: Vec<(String, String)>,
}

impl Book {
    fn read(text: &str) -> Result<Self, Error> {
        let tables = tables(text);
        let settings: BTreeMap<String, String> = tables
            .get("文件")
            .into_iter()
            .flatten()
            .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
            .collect();
        let get = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
        let encoding = Encoding::for_label(get("编码").as_bytes());
        let mut good = String::new();
        let mut bad = Vec::new();
        for row in tables.get("结果码").into_iter().flatten() {
            let cell = |at: usize| row.get(at).cloned().unwrap_or_default();
            if cell(1) == "成功" {
                good = cell(0);
            } else {
                bad.push((cell(0), cell(2)));
            }
        }
        Ok(Self {
            encoding: encoding.ok_or_else(|| wrong("the description names no encoding"))?,
            separator: match get("分隔符") {
                "竖线" => '|',
                "逗号" => ',',
                "制表符" => '\t',
                _ => return Err(wrong("the description names no separator")),
            },
            newline: if get("换行") == "LF" { "\n" } else { "\r\n" },
            in_fen: get("金额") == "分",
            reply: get("回盘文件名").to_owned(),
            tables,
            good,
            bad,
        })
    }

    fn columns(&self, heading: &str) -> Vec<&str> {
        let rows = self.tables.get(heading).into_iter().flatten();
        rows.filter_map(|row| row.get(1).map(String::as_str))
            .collect()
    }

    fn cells(&self, heading: &str, line: &str) -> Result<BTreeMap<&str, String>, Error> {
        let columns = self.columns(heading);
        let cells: Vec<&str> = line.trim_end_matches('\r').split(self.separator).collect();
        if columns.is_empty() || cells.len() != columns.len() {
            return Err(wrong("a line of the file has not the columns described"));
        }
        let cells = cells.into_iter().map(str::to_owned);
        Ok(columns.into_iter().zip(cells).collect())
    }

    fn line(&self, heading: &str, cells: &BTreeMap<&str, String>) -> Result<String, Error> {
        let mut words = Vec::new();
        for column in self.columns(heading) {
            let word = cells.get(column);
            words.push(word.ok_or_else(|| wrong("the answer has a column nobody knows"))?);
        }
        let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
        Ok(words.join(&self.separator.to_string()) + self.newline)
    }

    fn fen(&self, text: &str) -> Option<u64> {
        if self.in_fen {
            return text.parse().ok();
        }
        let (yuan, cents) = text.split_once('.')?;
        let cents = if cents.len() == 2 {
            cents.parse::<u64>().ok()?
        } else {
            return None;
        };
        yuan.parse::<u64>()
            .ok()?
            .checked_mul(100)?
            .checked_add(cents)
    }

    fn amount(&self, fen: u64) -> String {
        if self.in_fen {
            fen.to_string()
        } else {
            format!("{}.{:02}", fen / 100, fen % 100)
        }
    }
}

/// The rows of each table below its heading, the header and the ruler left out.
fn tables(text: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut out: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut heading = String::new();
    let mut seen = 0;
    for line in text.lines() {
        if let Some(title) = line.trim_start().strip_prefix('#') {
            heading = title.trim_start_matches('#').trim().to_owned();
            seen = 0;
        } else if let Some(inner) = line.trim().strip_prefix('|') {
            seen += 1;
            if seen > 2 {
                let inner = inner.strip_suffix('|').unwrap_or(inner);
                let cells = inner.split('|').map(|cell| cell.trim().to_owned());
                out.entry(heading.clone())
                    .or_default()
                    .push(cells.collect());
            }
        }
    }
    out
}

fn wrong(said: &str) -> Error {
    Error::Bank(said.to_owned())
}

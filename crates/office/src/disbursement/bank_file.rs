//! 银行文件: how a bank wants its file and what it answers, as the rulebook describes it. A character
//! the encoding has not is told with its line; nothing takes its place.

use super::book::rows_of;
use super::{Paid, PayError};
use domain::payment::{AnswerRow, Outcome};
use domain::{BankCard, Fen};
use encoding_rs::{EncoderResult, Encoding};
use rules::Rulebook;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use store::digest::hex;
use store::payments::OpenLine;
use store::tokens::Tokeniser;

/// How many lines with characters that cannot be written are told.
const TOLD_MAX: usize = 20;

/// How amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    Yuan,
    Fen,
}

/// 银行代发文件 as described.
#[derive(Clone, Debug)]
pub struct BankBook {
    encoding: &'static Encoding,
    separator: char,
    newline: &'static str,
    money: Money,
    name_pattern: String,
    name_chars_max: usize,
    head: Vec<String>,
    line: Vec<String>,
    answer_head: Vec<String>,
    answer_line: Vec<String>,
    outcomes: BTreeMap<String, (bool, String)>,
}

/// A file for the bank.
#[derive(Clone, PartialEq, Eq)]
pub struct BankFile {
    /// Its name.
    pub name: String,
    /// Its bytes: names and cards in full.
    pub bytes: Vec<u8>,
}

/// What the bank's file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Its rows.
    pub rows: Vec<AnswerRow>,
    /// The bank's code and word of each row.
    pub codes: Vec<(String, String)>,
}

impl BankBook {
    /// Reads the description of a bank.
    ///
    /// # Errors
    /// It is missing, or says what is not understood.
    pub fn read(book: &Rulebook, bank: &str) -> Paid<Self> {
        let path = format!("banks/{bank}.md");
        let wrong = |said: String| PayError::Refused(format!("{path}:{said}"));
        let document = book
            .document(&path)
            .ok_or_else(|| wrong("规则手册里没有这份银行说明".to_owned()))?;
        let said: BTreeMap<String, String> = rows_of(document, "文件", ["项", "值"])
            .map_err(wrong)?
            .into_iter()
            .map(|[name, value]| (name, value))
            .collect();
        let get = |name: &str| {
            said.get(name)
                .map(String::as_str)
                .ok_or_else(|| wrong(format!("“文件”没有写 `{name}`")))
        };
        let unknown = |name: &str, value: &str| wrong(format!("{name} `{value}` 不认得"));
        let encoding = get("编码")?;
        let separator = match get("分隔符")? {
            "竖线" => '|',
            "逗号" => ',',
            "制表符" => '\t',
            other => return Err(unknown("分隔符", other)),
        };
        let newline = match get("换行")? {
            "CRLF" => "\r\n",
            "LF" => "\n",
            other => return Err(unknown("换行", other)),
        };
        let money = match get("金额")? {
            "元两位小数" => Money::Yuan,
            "分" => Money::Fen,
            other => return Err(unknown("金额", other)),
        };
        let columns = |heading: &str| -> Paid<Vec<String>> {
            let rows = rows_of(document, heading, ["列"]).map_err(wrong)?;
            Ok(rows.into_iter().map(|[name]| name).collect())
        };
        let mut outcomes = BTreeMap::new();
        for [code, outcome, says] in
            rows_of(document, "结果码", ["结果码", "结果", "说明"]).map_err(wrong)?
        {
            let paid = match outcome.as_str() {
                "成功" => true,
                "退票" => false,
                other => return Err(unknown("结果", other)),
            };
            outcomes.insert(code, (paid, says));
        }
        Ok(Self {
            encoding: Encoding::for_label(encoding.as_bytes())
                .ok_or_else(|| unknown("编码", encoding))?,
            separator,
            newline,
            money,
            name_pattern: get("送盘文件名")?.to_owned(),
            name_chars_max: get("户名最长")?
                .parse()
                .map_err(|_| wrong("“户名最长”不是整数".to_owned()))?,
            head: columns("送盘汇总")?,
            line: columns("送盘明细")?,
            answer_head: columns("回盘汇总")?,
            answer_line: columns("回盘明细")?,
            outcomes,
        })
    }

    fn amount(&self, fen: Fen) -> String {
        match self.money {
            Money::Yuan => fen.to_plain(),
            Money::Fen => fen.get().to_string(),
        }
    }

    fn read_amount(&self, text: &str) -> Option<Fen> {
        match self.money {
            Money::Yuan => Fen::parse(text).ok(),
            Money::Fen => text.trim().parse().ok().map(Fen::new),
        }
    }

    /// The bank's file of a batch.
    ///
    /// # Errors
    /// Characters the encoding has not, or separators inside a name: told by line, masked.
    pub(super) fn write(&self, batch: i64, lines: &[OpenLine], remark: &str) -> Paid<BankFile> {
        let mut problems = Vec::new();
        let mut body = Vec::new();
        for line in lines {
            let mut text = String::new();
            for (at, column) in self.line.iter().enumerate() {
                if at > 0 {
                    text.push(self.separator);
                }
                match column.as_str() {
                    "行号" => write!(text, "{}", line.line_no).unwrap_or(()),
                    "账号" => text.push_str(&line.card),
                    "户名" => text.push_str(&line.name),
                    "金额" => text.push_str(&self.amount(line.amount)),
                    "附言" => text.push_str(remark),
                    other => return Err(column_unknown("送盘明细", other)),
                }
            }
            if line.name.contains(self.separator) || line.name.contains(['\r', '\n']) {
                problems.push(format!("第 {} 行户名里有分隔符或者换行", line.line_no));
            }
            if line.name.chars().count() > self.name_chars_max {
                let most = self.name_chars_max;
                problems.push(format!("第 {} 行户名超过 {most} 个字", line.line_no));
            }
            text.push_str(self.newline);
            if let Err(character) = self.encode(&text, &mut body) {
                let shown = u32::from(character);
                problems.push(format!(
                    "第 {} 行户名里的“{character}”(U+{shown:04X})写不进 {}",
                    line.line_no,
                    self.encoding.name()
                ));
            }
        }
        if !problems.is_empty() {
            let more = problems.len().saturating_sub(TOLD_MAX);
            problems.truncate(TOLD_MAX);
            let rest = if more > 0 {
                format!(";还有 {more} 处")
            } else {
                String::new()
            };
            return Err(PayError::Refused(format!(
                "整批没有交银行:{}{rest}。请与银行商定这些字的写法,登记后再交",
                problems.join(";")
            )));
        }
        let digest = hex(&<[u8; 32]>::from(Sha256::digest(&body)));
        let total = Fen::total(lines.iter().map(|line| line.amount))
            .ok_or_else(|| PayError::Refused("合计超出可以计算的范围".to_owned()))?;
        let mut head = Vec::new();
        for column in &self.head {
            head.push(match column.as_str() {
                "批次" => batch.to_string(),
                "笔数" => lines.len().to_string(),
                "总金额" => self.amount(total),
                "摘要" => digest.clone(),
                other => return Err(column_unknown("送盘汇总", other)),
            });
        }
        let head = head.join(&self.separator.to_string()) + self.newline;
        let mut bytes = Vec::new();
        if self.encode(&head, &mut bytes).is_err() {
            return Err(PayError::Refused("汇总行写不进约定的编码".to_owned()));
        }
        bytes.extend(body);
        let name = self.name_pattern.replace("{批次}", &format!("{batch:08}"));
        Ok(BankFile { name, bytes })
    }

    /// Appends a text in the bank's encoding; a character it has not is answered, nothing is put in its
    /// place. Some characters of the private use area come back as others, so the bytes are read back.
    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), char> {
        let mut encoder = self.encoding.new_encoder();
        let room = encoder
            .max_buffer_length_from_utf8_without_replacement(text.len())
            .unwrap_or(text.len().saturating_mul(4));
        let mut bytes = Vec::with_capacity(room);
        let (result, _) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        if let EncoderResult::Unmappable(character) = result {
            return Err(character);
        }
        let back = self.encoding.decode_without_bom_handling(&bytes).0;
        if back != text {
            let other = text.chars().zip(back.chars()).find(|(a, b)| a != b);
            return Err(other.map_or('\u{FFFD}', |(character, _)| character));
        }
        out.extend_from_slice(&bytes);
        Ok(())
    }

    /// A pasted text as the bank would have written it; a form turns line ends into its own.
    pub(super) fn bytes_of(&self, text: &str) -> Paid<Vec<u8>> {
        let mut out = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = format!("{}{}", line.trim_end_matches('\r'), self.newline);
            if self.encode(&line, &mut out).is_err() {
                let said = "贴进来的内容有约定编码里没有的字,不像是这家银行的文件";
                return Err(PayError::Refused(said.to_owned()));
            }
        }
        Ok(out)
    }

    /// What a file of the bank says about a batch it was sent.
    ///
    /// # Errors
    /// The file is of another batch, is cut off, does not echo what was sent, or does not add up; then
    /// nothing of it is taken.
    pub(super) fn read_answer(
        &self,
        batch: i64,
        sent_digest: &str,
        bytes: &[u8],
        make: &Tokeniser,
    ) -> Paid<Told> {
        let back = |said: &str| PayError::Refused(format!("整个回盘文件退回:{said}"));
        let (text, broken) = self.encoding.decode_without_bom_handling(bytes);
        if broken {
            return Err(back("编码不对,请银行按约定的编码重发"));
        }
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let head = self.cells(&self.answer_head, head);
        let head = head.ok_or_else(|| back("第一行不是约定的汇总行"))?;
        let word = |name: &str| head.get(name).copied().unwrap_or_default();
        if word("批次").trim_start_matches('0') != batch.to_string() {
            return Err(back(&format!("它写的是第 `{}` 批", word("批次"))));
        }
        if head.contains_key("摘要") && word("摘要") != sent_digest {
            return Err(back("摘要与送盘文件不一致,银行收到的不是我们送的那一份"));
        }
        let mut out = Told::default();
        let (mut good, mut sum) = (0_usize, Fen::ZERO);
        for (row, line) in (1_u32..).zip(lines.filter(|line| !line.trim().is_empty())) {
            let Some(cells) = self.cells(&self.answer_line, line) else {
                out.codes.push((String::new(), String::new()));
                out.rows.push(unreadable(row));
                continue;
            };
            let cell = |name: &str| cells.get(name).copied().unwrap_or_default().trim();
            let amount = self.read_amount(cell("金额"));
            let outcome = match self.outcomes.get(cell("结果码")) {
                Some((true, _)) => Some(Outcome::Paid),
                Some((false, _)) => Some(Outcome::Returned(cell("结果码").to_owned())),
                None => None,
            };
            if outcome == Some(Outcome::Paid) {
                good = good.saturating_add(1);
                sum = amount.and_then(|a| sum.checked_add(a)).unwrap_or(sum);
            }
            let card = BankCard::parse(cell("账号"));
            let plain = card
                .as_ref()
                .map_or(cell("账号"), |card| card.card.as_str());
            out.codes
                .push((cell("结果码").to_owned(), cell("说明").to_owned()));
            out.rows.push(AnswerRow {
                row,
                line: cell("行号").parse().ok(),
                amount,
                account: make.card(plain),
                outcome,
            });
        }
        if head.contains_key("笔数") && word("笔数") != out.rows.len().to_string() {
            return Err(back(&format!(
                "汇总行写 {} 笔,实有 {} 笔,文件不完整;请银行重发",
                word("笔数"),
                out.rows.len()
            )));
        }
        let said = (word("成功笔数"), self.read_amount(word("成功金额")));
        if head.contains_key("成功笔数") && (said.0 != good.to_string() || said.1 != Some(sum))
        {
            return Err(back("成功笔数、金额与明细合计不一致;请银行核对后重发"));
        }
        Ok(out)
    }

    /// The word of a code.
    pub(super) fn word(&self, code: &str) -> &str {
        self.outcomes
            .get(code)
            .map_or("", |(_, says)| says.as_str())
    }

    /// The cells of a line by their columns; none when there are more or fewer.
    fn cells<'a>(
        &'a self,
        columns: &'a [String],
        line: &'a str,
    ) -> Option<BTreeMap<&'a str, &'a str>> {
        let cells: Vec<&str> = line.trim_end_matches('\r').split(self.separator).collect();
        (cells.len() == columns.len())
            .then(|| columns.iter().map(String::as_str).zip(cells).collect())
    }
}

fn unreadable(row: u32) -> AnswerRow {
    AnswerRow {
        row,
        line: None,
        amount: None,
        account: [0; 16],
        outcome: None,
    }
}

fn column_unknown(heading: &str, column: &str) -> PayError {
    PayError::Refused(format!("银行说明的“{heading}”里 `{column}` 不是认得的列"))
}

/// The digest a file's first line carries: over the bytes of its lines.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let body = end.and_then(|end| bytes.get(end.saturating_add(1)..));
    hex(&<[u8; 32]>::from(Sha256::digest(body.unwrap_or_default())))
}

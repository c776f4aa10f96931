//! 回复: a department's file is taken whole or sent back whole, with every mistake by row and column. The
//! same file again changes nothing.

use super::book::VerifyBook;
use super::{found, note, own_source};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::exports::{self, Leaving, Mark};
use crate::intake::answers::{self, AnswerRow, Came};
use crate::intake::deliver::Held;
use crate::intake::workbook::FILLED_IN;
use crate::office::Office;
use crate::views::ViewError;
use domain::{Day, Month, PersonId};
use rules::eval::Evaluator;
use rules::feed::FeedPlan;
use rules::situation::{Moments, Situation};
use rules::value::Value;
use rust_xlsxwriter::{Workbook, XlsxError};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::verifications::{self, AnswerState, FileState, Mistake, NewAnswer, NewFile, Request};

/// Columns every table of answers has, by their names in the rules.
const REQUEST: &str = "请求编号";
const IS_FOUND: &str = "查得";
const AS_OF: &str = "查询日期";
/// The header a mistake about a person is told under.
const ID_HEADER: &str = "身份证号";

/// What became of a file of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// 文件编号.
    pub file: i64,
    /// Whether it was taken.
    pub state: FileState,
    /// Rows below the header.
    pub lines: i64,
    /// Mistakes; with one nothing was taken.
    pub mistakes: i64,
    /// Requests answered by it anew.
    pub answered: usize,
    /// The same bytes came before: nothing changed.
    pub repeated: bool,
}

/// Takes a file of answers from the disk.
///
/// # Errors
/// The right is missing, it is another department's source, no such batch, or the disk.
pub async fn import_file(
    office: &Office,
    who: &Acting,
    no: i64,
    source: &str,
    path: &Path,
) -> Done<Imported> {
    let name = path.file_name().map_or("", |n| n.to_str().unwrap_or(""));
    import(office, who, (no, source), (name, Came::File(path))).await
}

/// Takes a file of answers as it came from a form; what lay on the disk for its reading is removed.
///
/// # Errors
/// As [`import_file`]; it is empty, or no table.
pub async fn import_bytes(
    office: &Office,
    who: &Acting,
    (no, source): (i64, &str),
    (name, bytes): (&str, &[u8]),
) -> Done<Imported> {
    who.scope(Right::VERIFY_ANSWER)?;
    let held = Held::of(office, name, bytes)?;
    import_file(office, who, no, source, held.path()).await
}

/// Takes answers as they were pasted.
///
/// # Errors
/// As [`import_file`].
pub async fn import_text(
    office: &Office,
    who: &Acting,
    no: i64,
    source: &str,
    text: &str,
) -> Done<Imported> {
    import(office, who, (no, source), ("粘贴", Came::Pasted(text))).await
}

async fn import(
    office: &Office,
    who: &Acting,
    (no, source): (i64, &str),
    (name, came): (&str, Came<'_>),
) -> Done<Imported> {
    let scope = who.scope(Right::VERIFY_ANSWER)?;
    let book = super::book(office)?;
    own_source(office, who, &book, source).await?;
    let batch = found(office, &scope, no).await?;
    let requests = verifications::requests_to(&office.store, no, source).await?;
    let feed = book.feed(source)?;
    let month = Month::containing(batch.day);
    let read = answers::read(office, &book.program, feed, month, &came)?;
    let seen = verifications::file_by_digest(&office.store, no, source, read.digest).await?;
    if let Some(file) = seen {
        return Ok(Imported {
            file: file.no,
            state: file.state,
            lines: file.lines,
            mistakes: file.mistakes,
            answered: 0,
            repeated: true,
        });
    }
    let mut mistakes: Vec<Mistake> = read
        .refusals
        .into_iter()
        .map(|refusal| Mistake {
            line: i64::from(refusal.row_no),
            field: refusal.column,
            code: refusal.code,
            message: refusal.message,
            masked: refusal.masked,
        })
        .collect();
    let persons = persons_of(office, &read.rows).await?;
    let table = Table::new(feed);
    let days = (batch.day, office.clock.today());
    let whose = table.match_rows(&read.rows, &requests, &persons, days, &mut mistakes);
    mistakes.sort_by_key(|mistake| mistake.line);
    let made = match mistakes.is_empty() {
        true => table.answers(&book, &whose)?,
        false => Vec::new(),
    };
    let newest = verifications::answers_of(&office.store, no).await?;
    // What a source says again changes nothing.
    let made: Vec<NewAnswer> = made
        .into_iter()
        .filter(|new| {
            newest
                .get(&new.request)
                .is_none_or(|old| old.content != *new)
        })
        .collect();
    let file = NewFile {
        verification: no,
        source: source.to_owned(),
        file_name: name.to_owned(),
        digest: read.digest,
        lines: i64::try_from(read.lines).unwrap_or(i64::MAX),
        mistakes,
    };
    keep(office, who, file, &made).await
}

async fn keep(office: &Office, who: &Acting, file: NewFile, made: &[NewAnswer]) -> Done<Imported> {
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let number = verifications::add_file(&mut tx, &at, who.login(), &file).await?;
    verifications::take_answers(&mut tx, number, made).await?;
    let (state, act) = match file.mistakes.is_empty() {
        true => (FileState::Taken, "verification.import"),
        false => (FileState::SentBack, "verification.send-back"),
    };
    let says = format!("{} 第 {number} 号文件", file.source);
    note(&mut tx, office, who, act, file.verification, &says);
    office.end(tx).await?;
    Ok(Imported {
        file: number,
        state,
        lines: file.lines,
        mistakes: i64::try_from(file.mistakes.len()).unwrap_or(i64::MAX),
        answered: made.len(),
        repeated: false,
    })
}

/// Who the numbers of the rows are, by row.
async fn persons_of(office: &Office, rows: &[AnswerRow]) -> Done<HashMap<u32, PersonId>> {
    let tokeniser = Tokeniser::of(&office.store);
    let tokens: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.line, tokeniser.id_number(row.id.as_ref()?))))
        .collect();
    let all: Vec<_> = tokens.iter().map(|(_, token)| *token).collect();
    let found = look_up_many(&office.store, TokenField::IdNumber, &all).await?;
    let person = |(line, token): &(u32, store::tokens::Token)| {
        let persons = found.get(token)?;
        Some((*line, *persons.first()?))
    };
    Ok(tokens.iter().filter_map(person).collect())
}

fn mistake(line: u32, field: &str, code: &str, message: &str) -> Mistake {
    Mistake {
        line: i64::from(line),
        field: field.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        masked: String::new(),
    }
}

/// Where the columns every table has stand in a source's table.
struct Table<'f> {
    feed: &'f FeedPlan,
    request: Option<usize>,
    is_found: Option<usize>,
    as_of: Option<usize>,
}

/// The rows that answer a request.
struct Answering<'r> {
    found: bool,
    as_of: Day,
    rows: Vec<&'r AnswerRow>,
}

impl<'f> Table<'f> {
    fn new(feed: &'f FeedPlan) -> Self {
        let place = |name: &str| feed.columns.iter().position(|column| column.name == name);
        Self {
            feed,
            request: place(REQUEST),
            is_found: place(IS_FOUND),
            as_of: place(AS_OF),
        }
    }

    fn header(&self, place: Option<usize>) -> &str {
        let column = place.and_then(|place| self.feed.columns.get(place));
        let header = column.and_then(|column| column.headers.first());
        header.map_or("", String::as_str)
    }

    /// Ties rows to the requests of the batch: what was not asked, another person's row and an answer
    /// that contradicts itself are mistakes.
    fn match_rows<'r>(
        &self,
        rows: &'r [AnswerRow],
        requests: &[Request],
        persons: &HashMap<u32, PersonId>,
        (asked, today): (Day, Day),
        mistakes: &mut Vec<Mistake>,
    ) -> BTreeMap<i64, Answering<'r>> {
        let mut out: BTreeMap<i64, Answering<'r>> = BTreeMap::new();
        let value = |row: &AnswerRow, place: Option<usize>| {
            let value = place.and_then(|place| row.values.get(place));
            value.copied().unwrap_or(Value::Unknown)
        };
        // A number that cannot be read was told with its cell.
        for row in rows.iter().filter(|row| row.id.is_some()) {
            let number = match value(row, self.request) {
                Value::Num(n) if n.den() == 1 => i64::try_from(n.num()).ok(),
                _ => None,
            };
            let request = requests.iter().find(|r| Some(r.no) == number);
            let at = |field: &str, code: &str, said: &str| mistake(row.line, field, code, said);
            let Some(request) = request else {
                let said = "这个请求编号不在这一批对贵单位的请求里,请照请求表填";
                mistakes.push(at(self.header(self.request), "not-asked", said));
                continue;
            };
            if request.stopped_at.is_some() {
                let said = "本人已经撤回授权,这一条不再查,请删去这一行";
                mistakes.push(at(self.header(self.request), "withdrawn", said));
                continue;
            }
            if persons.get(&row.line) != Some(&request.person) {
                let said = "证件号不是这个请求编号的那个人,请核对是不是串了行";
                mistakes.push(at(ID_HEADER, "other-person", said));
                continue;
            }
            let (Value::Bool(found), Value::Day(as_of)) =
                (value(row, self.is_found), value(row, self.as_of))
            else {
                continue;
            };
            if as_of < asked || as_of > today {
                let said = format!("查询日期应在请求日 {asked} 和今天 {today} 之间");
                mistakes.push(at(self.header(self.as_of), "range", &said));
                continue;
            }
            let held = out.entry(request.no).or_insert(Answering {
                found,
                as_of,
                rows: Vec::new(),
            });
            if held.found != found || (!found && !held.rows.is_empty()) {
                let said = "同一个人又写“无”又写“有”,或者“无”写了两行,请只留一种";
                mistakes.push(at(self.header(self.is_found), "contradiction", said));
                continue;
            }
            held.as_of = held.as_of.max(as_of);
            held.rows.push(row);
        }
        out
    }

    /// The facts each answer gives, by the source's formulas: with 查无 the list is whole and empty.
    fn answers(
        &self,
        book: &VerifyBook,
        whose: &BTreeMap<i64, Answering<'_>>,
    ) -> Done<Vec<NewAnswer>> {
        let none = || CaseError::Refused(format!("来源 `{}` 的答复表没有写 行", self.feed.id));
        let relation = self.feed.rows.ok_or_else(none)?;
        let mut out = Vec::new();
        for (request, answering) in whose {
            let mut situation = Situation::new();
            let person = situation.add(self.feed.entity, 1);
            let list = situation.add_list(person, relation, true);
            for row in answering.rows.iter().filter(|_| answering.found) {
                let place = situation.add_row(list, None);
                for (column, value) in self.feed.columns.iter().zip(&row.values) {
                    if let Some(item) = column.item {
                        situation.set_in_row(list, place, item, *value);
                    }
                }
            }
            let moments = Moments::case(answering.as_of, None);
            let mut eval = Evaluator::new(&book.program, &situation, moments);
            let facts = self.feed.yields.iter().filter_map(|(fact, formula)| {
                let name = &book.program.item(*fact)?.name;
                let value = eval.value(*formula, person);
                Some((name.clone(), book.written(value, name)?))
            });
            let mut found: Vec<(String, String)> = facts.collect();
            found.sort();
            out.push(NewAnswer {
                request: *request,
                state: match answering.found {
                    true => AnswerState::Found,
                    false => AnswerState::None,
                },
                as_of: answering.as_of,
                found,
            });
        }
        Ok(out)
    }
}

/// 退回明细 of a file: every mistake with row and column, and the table to be filled in again.
///
/// # Errors
/// The right is missing, it is another department's, or there is no such file.
pub async fn mistakes_book(
    office: &Office,
    who: &Acting,
    no: i64,
    file: i64,
) -> Done<(String, Vec<u8>)> {
    let (held, mistakes) = mistakes_of(office, who, no, file).await?;
    let book = super::book(office)?;
    let header: Vec<String> = book
        .feed(&held.source)?
        .columns
        .iter()
        .map(|column| column.headers.first().cloned().unwrap_or_default())
        .collect();
    let leaving = Leaving {
        kind: "answer-errors",
        subject: file.to_string(),
        words: format!("第 {file} 号文件"),
        rows: mistakes.len(),
    };
    let mark = exports::leave(office, who, leaving).await?;
    let name = mark.named(&format!("核对答复退回明细-第{file}号文件"), "xlsx");
    let written = tokio::task::spawn_blocking(move || workbook(&header, &mistakes, &mark)).await;
    let bytes = written.map_err(|error| ViewError::Failed(error.to_string()))?;
    let bytes = bytes.map_err(|error| ViewError::Failed(error.to_string()))?;
    Ok((name, bytes))
}

pub(super) async fn mistakes_of(
    office: &Office,
    who: &Acting,
    no: i64,
    file: i64,
) -> Done<(verifications::AnswerFile, Vec<Mistake>)> {
    let scope = who.scope(Right::VERIFY_ANSWER)?;
    found(office, &scope, no).await?;
    let book = super::book(office)?;
    let missing = || CaseError::NotFound(format!("第 {no} 批没有第 {file} 号答复文件"));
    let held = verifications::file(&office.store, file).await?;
    let held = held.filter(|f| f.verification == no).ok_or_else(missing)?;
    own_source(office, who, &book, &held.source).await?;
    let mistakes = verifications::mistakes(&office.store, file).await?;
    Ok((held, mistakes))
}

fn workbook(header: &[String], mistakes: &[Mistake], mark: &Mark) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("退回明细")?;
    mark.foot(sheet);
    for (column, word) in (0_u16..).zip(["行", "列", "原值(已遮盖)", "退回原因"]) {
        sheet.set_column_width(column, 24.0)?;
        sheet.write_string(0, column, word)?;
    }
    for (at, mistake) in (1_u32..).zip(mistakes) {
        let line = mistake.line.to_string();
        let cells = [&line, &mistake.field, &mistake.masked, &mistake.message];
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string(at, column, cell.as_str())?;
        }
    }
    let sheet = book.add_worksheet();
    sheet.set_name(FILLED_IN)?;
    for (column, word) in (0_u16..).zip(header) {
        sheet.write_string(0, column, word.as_str())?;
    }
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}

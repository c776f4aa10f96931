//! 问政策: a resident's question in their own words, answered with the programmes it concerns, and
//! 我能申请什么: the fewest questions after which each programme is 可能符合, 不符合 or still wants
//! something. Who is entitled is said by the rules alone; nothing asked is kept or written down.

mod answers;
mod card;
mod check;
mod families;
mod findings;
mod questions;
mod search;
mod settle;
mod trial;
mod walk;
mod words;

pub use answers::{Answers, NOT_SURE, Slip};
pub use card::{Card, Pays, Term};
pub use check::{Asking, Field, Finding, Order, Standing, State};
pub use families::{Measured, Pages, measure};
pub use trial::{Hits, Missed, Tried, hits, tried};
pub use walk::{Record, Walk};

use card::Programmes;
use domain::Day;
use questions::Question;
use rules::{Program, Rulebook};
use search::{Index, Residents};
use std::sync::{Arc, Mutex, PoisonError};
use words::Pattern;

/// The residents' words.
const SYNONYMS: &str = "guide/synonyms.csv";
/// The programmes as residents know them.
const PROGRAMMES: &str = "guide/programmes.csv";
/// The tried questions.
const QUESTIONS: &str = "guide/questions.csv";

/// A programme that answers a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The programme's id.
    pub id: String,
    /// The residents' words that led to it, as the table writes them.
    pub because: Vec<String>,
    /// How well it fits; only for comparing answers to one question.
    pub score: f64,
}

/// 政策问答 of a place on a day.
pub struct Guide {
    program: Program,
    programmes: Programmes,
    index: Index,
    questions: Vec<Question>,
    area: String,
    day: Day,
}

impl Guide {
    /// Reads the tables and indexes the programmes a place has on a day.
    ///
    /// # Errors
    /// What is wrong with the tables, row by row.
    pub fn open(book: &Rulebook, locality: &str, day: Day) -> Result<Self, Vec<String>> {
        let program = book.program(locality, day).0;
        let mut problems = Vec::new();
        let programmes = Programmes::read(book, locality, &program, day, &mut problems);
        let index = index(book, &programmes, &mut problems);
        let questions = questions::read(book, &program, &mut problems);
        if problems.is_empty() {
            Ok(Self {
                program,
                programmes,
                index,
                questions,
                area: area(book, locality),
                day,
            })
        } else {
            Err(problems)
        }
    }

    /// The programmes a question concerns, best first.
    pub fn ask(&self, question: &str) -> Vec<Hit> {
        let found = self.index.find(question);
        let hit = |found: search::Found| {
            let programme = self.programmes.list.get(found.at)?;
            Some(Hit {
                id: programme.id.clone(),
                because: found.because,
                score: found.score,
            })
        };
        found.into_iter().filter_map(hit).collect()
    }

    /// What residents are told of a programme.
    pub fn card(&self, id: &str) -> Option<&Card> {
        self.programmes.list.iter().find(|p| p.id == id)
    }

    /// All programmes, in the order of the table.
    pub fn cards(&self) -> &[Card] {
        &self.programmes.list
    }

    /// The rules it answers by.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// The widest area a place has numbers for.
pub(crate) fn area(book: &Rulebook, locality: &str) -> String {
    let place = book.localities().iter().find(|l| l.id == locality);
    let areas = place.into_iter().flat_map(|l| &l.filled.rows);
    let named = areas.map(|row| row.area.as_str()).filter(|a| !a.is_empty());
    named.min_by_key(|a| a.len()).unwrap_or_default().to_owned()
}

/// The guide of the day, read once.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Option<Arc<Guide>>>);

impl Shelf {
    /// The guide of a day; none where the tables are wrong, which goes to the log.
    pub(crate) fn of(&self, book: &Rulebook, locality: &str, day: Day) -> Option<Arc<Guide>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guide) = held.as_ref().filter(|guide| guide.day == day) {
            return Some(Arc::clone(guide));
        }
        match Guide::open(book, locality, day) {
            Ok(guide) => {
                let guide = Arc::new(guide);
                *held = Some(Arc::clone(&guide));
                Some(guide)
            }
            Err(problems) => {
                let first = problems.first().map_or("", String::as_str);
                tracing::error!(count = problems.len(), first, "the guide cannot be read");
                None
            }
        }
    }
}

/// The rows of one of our tables, each with the number of its line.
fn rows(book: &Rulebook, path: &str, problems: &mut Vec<String>) -> Vec<(u64, Vec<String>)> {
    let Some(text) = book.texts().get(path) else {
        problems.push(format!("规则手册里没有 {path}"));
        return Vec::new();
    };
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut out = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let cells = record.iter().map(|c| c.trim().to_owned()).collect();
                out.push((line, cells));
            }
            Err(error) => problems.push(format!("{path}:{error}")),
        }
    }
    out
}

/// A cell, empty when the row is short.
fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", String::as_str)
}

fn index(book: &Rulebook, programmes: &Programmes, problems: &mut Vec<String>) -> Index {
    let mut residents = Vec::new();
    let mut empty = Vec::new();
    for (line, row) in rows(book, SYNONYMS, problems) {
        let written = cell(&row, 0);
        let Some(pattern) = Pattern::read(written) else {
            problems.push(format!(
                "{SYNONYMS} 第 {line} 行:`{written}` 不是词;写成 低保、房/屋+塌、{{钱}}+一个月、{{岁80}}"
            ));
            continue;
        };
        let ids: Vec<&str> = cell(&row, 1).split(';').map(str::trim).collect();
        if ids.concat().is_empty() {
            empty.extend(pattern.word().map(<[char]>::to_vec));
            continue;
        }
        for id in ids.iter().filter(|id| !programmes.known.contains(**id)) {
            problems.push(format!(
                "{SYNONYMS} 第 {line} 行:没有 `{id}` 这个项目;先在 {PROGRAMMES} 里写上"
            ));
        }
        // A place may not have a programme others have: then the word leads nowhere here.
        let place = |id: &&str| programmes.list.iter().position(|p| p.id == **id);
        residents.push(Residents {
            pattern,
            written: written.to_owned(),
            means: ids.iter().filter_map(place).collect(),
        });
    }
    // Longer empty words go first, so that no shorter one leaves half of them behind.
    empty.sort_by_key(|word: &Vec<char>| std::cmp::Reverse(word.len()));
    Index::build(&programmes.texts, residents, empty)
}

//! The rulebook as a whole: which files are in force where and when, and its own test cases.

mod based;
mod links;
mod place;
mod taken;

use crate::ast::Stmt;
use crate::check::{self, Instrument, Parsed};
use crate::markdown::Document;
use crate::params::{self, Filled};
use crate::plan::Program;
use crate::problem::{Problem, Severity};
use domain::Day;
pub(crate) use place::Place;
use std::collections::{BTreeMap, BTreeSet};

/// A text of the rulebook.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// Its path, with `/`: `policies/dibao.md`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A place's choice and numbers.
#[derive(Clone, Debug, Default)]
pub struct Locality {
    /// Its id: the folder's name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The ids of the files it takes, those of the place it stands on among them.
    pub adopts: Vec<String>,
    /// Those it names itself: their cases are run with its numbers.
    pub named: Vec<String>,
    /// The place it stands on (沿用): what that one takes it takes too, and a number or table it does not
    /// have itself is that one's.
    pub base: Option<String>,
    /// Files it replaces: national path → its own file's path.
    pub replaces: Vec<(String, String)>,
    /// Instruments of its own law.md, beside the national ones.
    pub law: Vec<Instrument>,
    /// Its numbers; those of the place it stands on are among them, each with its path and with its source
    /// saying so.
    pub filled: Filled,
}

/// All texts, read.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    texts: BTreeMap<String, String>,
    documents: BTreeMap<String, Document>,
    parsed: Vec<Parsed>,
    localities: Vec<Locality>,
    law: Vec<Instrument>,
    problems: Vec<Problem>,
}

impl Rulebook {
    /// Reads all texts. Findings of reading are kept and come first in `check`.
    pub fn read(texts: Vec<SourceText>) -> Self {
        let mut book = Self::default();
        for source in texts {
            let path = source.path.as_str();
            if let Some(place) = path
                .strip_suffix("/parameters.csv")
                .and_then(|p| p.strip_prefix("localities/"))
            {
                let (filled, problems) = params::read(path, &source.text);
                book.locality(place).filled = filled;
                book.problems.extend(problems);
            } else if path.ends_with(".md") {
                book.read_markdown(path, &source.text);
            }
            book.texts.insert(source.path, source.text);
        }
        book.parsed.sort_by(|a, b| a.path.cmp(&b.path));
        based::stand(&mut book.localities);
        book
    }

    /// The path of a table or text of a place: its own, else that of the place it stands on; its own
    /// where neither has one.
    pub fn path_in(&self, locality: &str, file: &str) -> String {
        let own = format!("localities/{locality}/{file}");
        if self.texts.contains_key(&own) {
            return own;
        }
        let base = self.base_of(locality);
        let base = base.map(|base| format!("localities/{base}/{file}"));
        base.filter(|path| self.texts.contains_key(path))
            .unwrap_or(own)
    }

    /// The place a place stands on (沿用), if any.
    pub fn base_of(&self, locality: &str) -> Option<&str> {
        let place = self.localities.iter().find(|l| l.id == locality)?;
        place.base.as_deref()
    }

    fn locality(&mut self, id: &str) -> &mut Locality {
        let at = self
            .localities
            .iter()
            .position(|l| l.id == id)
            .unwrap_or_else(|| {
                self.localities.push(Locality {
                    id: id.to_owned(),
                    ..Locality::default()
                });
                self.localities.len().saturating_sub(1)
            });
        // The place was found or just pushed.
        #[expect(
            clippy::indexing_slicing,
            reason = "the index was found or pushed above"
        )]
        &mut self.localities[at]
    }

    fn read_markdown(&mut self, path: &str, text: &str) {
        let (document, file, problems) = crate::parse::parse(text);
        let whole = problems.iter().all(|p| p.severity != Severity::Error);
        self.problems
            .extend(problems.into_iter().map(|p| p.at(path)));
        if path == "law.md" {
            self.law = instruments(&document);
        }
        if let Some(place) = path
            .strip_suffix("/law.md")
            .and_then(|p| p.strip_prefix("localities/"))
        {
            self.locality(place).law = instruments(&document);
        }
        if let Some(place) = path
            .strip_suffix("/locality.md")
            .and_then(|p| p.strip_prefix("localities/"))
        {
            let title = document.title.clone();
            let replaces = replacements(&file);
            let adopts = adoptions(&file);
            let base = based::named(&file);
            let locality = self.locality(place);
            locality.base = base;
            locality.title = title;
            locality.replaces = replaces;
            locality.named.clone_from(&adopts);
            locality.adopts = adopts;
        }
        let title = document.title.clone();
        self.parsed.push(Parsed::new(path, title, file, whole));
        self.documents.insert(path.to_owned(), document);
    }

    /// The texts by path.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// A text cut into blocks and tables.
    pub fn document(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// The parsed files.
    pub fn parsed(&self) -> &[Parsed] {
        &self.parsed
    }

    /// The localities.
    pub fn localities(&self) -> &[Locality] {
        &self.localities
    }

    /// law.md.
    pub fn law(&self) -> &[Instrument] {
        &self.law
    }

    /// A place's share of the rulebook.
    pub(crate) fn place(&self, locality: &str) -> Place<'_> {
        Place::of(self, locality)
    }

    /// The program of a place on a day. Its problems are those of linking, not of reading.
    pub fn program(&self, locality: &str, day: Day) -> (Program, Vec<Problem>) {
        check::build(&self.place(locality).source(day))
    }

    /// The paths whose cases run in a place: its own, and those it takes by name.
    pub fn tried_in(&self, locality: &str) -> BTreeSet<&str> {
        let none = Locality {
            id: locality.to_owned(),
            ..Locality::default()
        };
        let place = self.localities.iter().find(|l| l.id == locality);
        taken::tried(self, place.unwrap_or(&none))
    }

    /// Days on which the set of files in force changes, in order.
    pub fn turning_days(&self) -> Vec<Day> {
        let days = place::turning_days(self.parsed.iter());
        days.into_iter().collect()
    }

    /// All findings: of reading, then of every place on every day on which the files change.
    /// The same finding on several days is told once.
    pub fn check(&self) -> Vec<Problem> {
        let mut out = self.problems.clone();
        let places: Vec<String> = if self.localities.is_empty() {
            vec![String::new()]
        } else {
            self.localities.iter().map(|l| l.id.clone()).collect()
        };
        let places_of: Vec<&str> = places.iter().map(String::as_str).collect();
        out.extend(
            each(&places_of, |place| self.linked(place))
                .into_iter()
                .flatten(),
        );
        out.extend(crate::procedure::calendar(self).1);
        out.extend(self.unfilled(&places));
        out.extend(links::broken(self));
        out.extend(taken::by_nobody(self));
        once(out)
    }

    /// The findings that touch one place: of the files it uses, of its numbers, of the calendar. What
    /// is wrong elsewhere must not keep it from working.
    pub fn check_in(&self, locality: &str) -> Vec<Problem> {
        let none = Locality {
            id: locality.to_owned(),
            ..Locality::default()
        };
        let place = self.localities.iter().find(|l| l.id == locality);
        let used = taken::files(self, place.unwrap_or(&none));
        let own = format!("localities/{locality}/");
        let here = |p: &Problem| {
            used.contains(p.path.as_str())
                || p.path.starts_with(&own)
                || !p.path.starts_with("localities/") && !self.is_rule_file(&p.path)
        };
        let whole = self.problems.iter().cloned().chain(links::broken(self));
        let mut out: Vec<Problem> = whole.filter(here).collect();
        out.extend(self.linked(locality));
        out.extend(crate::procedure::calendar(self).1);
        out.extend(self.unfilled(&[locality.to_owned()]));
        once(out)
    }

    fn is_rule_file(&self, path: &str) -> bool {
        let mut files = self.parsed.iter();
        files.any(|p| p.path == path && p.head().is_some())
    }

    /// The findings of linking in a place, on every day on which its files change.
    fn linked(&self, locality: &str) -> Vec<Problem> {
        let place = self.place(locality);
        let around = crate::procedure::around(self);
        let mut days = place.turning_days();
        if days.is_empty() {
            days.extend(Day::new(2026, 7, 1));
        }
        let mut out = Vec::new();
        for day in days {
            let source = place.source(day);
            out.extend(check::build(&source).1);
            out.extend(check::procedures::build(&source, &around).1);
        }
        once(out)
    }

    /// Rows of parameters.csv that fill nothing: a name nobody reads.
    fn unfilled(&self, places: &[String]) -> Vec<Problem> {
        let mut known: BTreeSet<(String, String)> = crate::procedure::parameters(self);
        for parsed in &self.parsed {
            let Some(head) = parsed.head() else { continue };
            for statement in &parsed.file.statements {
                if let Stmt::Param(p) = &statement.kind {
                    known.insert((head.id.text.clone(), p.name.text.clone()));
                }
            }
        }
        let mut out = Vec::new();
        for locality in self.localities.iter().filter(|l| places.contains(&l.id)) {
            // A number of the place it stands on is told there.
            let own = locality.filled.rows.iter();
            for row in own.filter(|row| row.path == locality.filled.path) {
                if !known.contains(&(row.file.clone(), row.name.clone())) {
                    let said = format!(
                        "第 {} 行:文件 `{}` 里没有参数 `{}`",
                        row.number, row.file, row.name
                    );
                    let names = known
                        .iter()
                        .filter(|(f, _)| *f == row.file)
                        .map(|(_, n)| n.as_str());
                    let help = crate::problem::nearest(&row.name, names).map_or_else(
                        || "核对 文件 和 参数 两格".to_owned(),
                        |n| format!("是不是 `{n}`?"),
                    );
                    out.push(
                        Problem::error("param-unknown", row.span, said)
                            .help(help)
                            .at(&locality.filled.path),
                    );
                }
            }
        }
        out
    }
}

/// Each finding once, by its place.
fn once(mut found: Vec<Problem>) -> Vec<Problem> {
    let key = |p: &Problem| (p.path.clone(), p.span, p.code, p.message.clone());
    found.sort_by_cached_key(key);
    found.dedup_by_key(|p| key(p));
    found
}

/// Does the same for each, on as many threads as the machine has; answers in the order asked.
pub fn each<A: Sync, T: Send>(of: &[A], work: impl Fn(&A) -> T + Sync) -> Vec<T> {
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(one) = of.get(at) else { return done };
            done.push((at, work(one)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..hands.min(of.len()))
            .map(|_| scope.spawn(take))
            .collect();
        let mut all = take();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                // What went wrong there goes wrong here: a finding must not be lost.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, done)| done).collect()
}

/// Whether 替换 means a path: the file, with or without its ending, or one of the folder.
pub(crate) fn replaced(old: &str, path: &str) -> bool {
    let rest = path.strip_prefix(old);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".md" || rest.starts_with('/'))
}

fn instruments(document: &Document) -> Vec<Instrument> {
    let mut out = Vec::new();
    for table in &document.tables {
        let column = |name: &str| table.header.iter().position(|c| c.text == name);
        let (Some(name), Some(from)) = (column("名称"), column("起")) else {
            continue;
        };
        let (to, articles) = (column("止"), column("所依条款"));
        for row in &table.rows {
            let text =
                |at: Option<usize>| at.and_then(|i| row.get(i)).map_or("", |c| c.text.as_str());
            let Ok(day) = Day::parse(text(Some(from))) else {
                continue;
            };
            out.push(Instrument {
                name: text(Some(name)).to_owned(),
                from: day,
                to: Day::parse(text(to)).ok(),
                articles: text(articles)
                    .split(['、', ',', '\u{FF0C}', ' '])
                    .map(str::trim)
                    .filter(|a| !a.is_empty())
                    .map(str::to_owned)
                    .collect(),
            });
        }
    }
    out
}

fn adoptions(file: &crate::ast::File) -> Vec<String> {
    let words = file.statements.iter().filter_map(|s| match &s.kind {
        Stmt::Block(b) if b.keyword.text == "采用" => Some(&b.head),
        _ => None,
    });
    words
        .flatten()
        .map(|n| n.text.clone())
        .filter(|w| w != "," && w != "、")
        .collect()
}

fn replacements(file: &crate::ast::File) -> Vec<(String, String)> {
    file.statements
        .iter()
        .filter_map(|s| match &s.kind {
            Stmt::Block(b) if b.keyword.text == "替换" => {
                let old: String = b.head.iter().map(|n| n.text.as_str()).collect();
                let new: String = b
                    .clauses
                    .iter()
                    .filter(|(k, _)| k.text == "以")
                    .flat_map(|(_, w)| w.iter().map(|n| n.text.as_str()))
                    .collect();
                Some((old, new))
            }
            _ => None,
        })
        .collect()
}

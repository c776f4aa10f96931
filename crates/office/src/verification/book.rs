//! What the rulebook says about verification: the sources, their days, their tables and tolerances. The
//! table of answers is a 来文 in the rule language, read apart from the month's feeds.

use crate::casework::{CaseError, Done};
use crate::office::Office;
use rules::feed::FeedPlan;
use rules::markdown::Document;
use rules::plan::{Program, Type};
use rules::value::{Ratio, Value};
use rules::{Rulebook, Severity, SourceText};
use std::collections::BTreeMap;

/// Where the sources stand, unless the place has its own.
const SOURCES: &str = "verification/sources.md";
/// The block of a source's file that describes its answers.
/// The papers of a step that sends questions on their way.
pub(super) const STARTS: &str = "启动文书";
/// Procedures in which those who signed may be asked about while others have not.
pub(super) const REST_FIRST: &str = "可先查其余";
const BLOCK: &str = "```答复";

/// 来源.
#[derive(Clone, Debug)]
pub struct SourceRule {
    /// Its code.
    pub code: String,
    /// Its name.
    pub title: String,
    /// The department that answers.
    pub department: String,
    /// Working days in which it answers.
    pub answer_days: u32,
    /// Working days after that at which it is urged.
    pub urge_days: u32,
    /// Days for which an answer stands.
    pub recheck_days: u32,
    /// What is compared.
    pub items: Vec<ItemRule>,
}

/// 核对项目.
#[derive(Clone, Debug)]
pub struct ItemRule {
    /// The fact, by its name in the dictionary.
    pub fact: String,
    /// Up to how much declared and found count as the same.
    pub tolerance: Tolerance,
}

/// 容差.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// So much, in the machine's scale.
    Plain(Ratio),
    /// So large a share of what was declared.
    Share(Ratio),
}

/// What a column of the request table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Place,
    Request,
    Name,
    IdNumber,
    Consent,
    ConsentDay,
    Due,
}

/// 核对手册, read and checked.
pub struct VerifyBook {
    /// The sources, in order.
    pub sources: Vec<SourceRule>,
    /// Which office answers for a source, where it has an account here.
    pub offices: BTreeMap<String, String>,
    /// The version of the text people sign.
    pub consent_version: String,
    /// Days a consent stands.
    pub consent_days: u32,
    /// Working days in which a difference is explained.
    pub explain_days: u32,
    /// The papers a step of verification gives.
    pub papers: Vec<String>,
    /// The circumstance of a difference that stands.
    pub mismatch: String,
    /// How the printed number of a report begins.
    pub prefix: String,
    /// The most applications of one batch.
    pub most: usize,
    /// Procedures in which those who signed may be asked about while others have not.
    pub rest_first: Vec<String>,
    pub(super) template: Vec<(String, Content)>,
    /// The dictionary and the tables of answers.
    pub(super) program: Program,
}

impl VerifyBook {
    pub(super) fn read(office: &Office) -> Done<Self> {
        let book = office.book();
        let path = path_of(office);
        let none = || CaseError::Refused(format!("规则手册里没有 {path},不能核对"));
        let document = book.document(&path).ok_or_else(none)?;
        let program = program(office)?;
        let mut reader = Reader {
            path: path.clone(),
            wrong: Vec::new(),
        };
        let settings = reader.settings(document);
        let template = reader.template(document);
        let sources = reader.sources(book, document, &program);
        let text = settings.text("授权文本");
        let signed = book.texts().get(&text).map(String::as_bytes);
        let version = store::digest::hex(&store::digest::of_bytes(signed.unwrap_or_default()));
        if signed.is_none() {
            reader.say(format!("授权文本 `{text}` 不在手册里"));
        }
        let out = Self {
            sources,
            offices: offices(book, &office.locality),
            consent_version: version.chars().take(12).collect(),
            consent_days: settings.number("授权有效", &mut reader),
            explain_days: settings.number("说明期限", &mut reader),
            papers: listed(&settings.text("报告文书")),
            mismatch: settings.text("不符情形"),
            prefix: settings.text("报告编号"),
            most: usize::try_from(settings.number("一批最多", &mut reader)).unwrap_or(usize::MAX),
            rest_first: listed(&settings.text(REST_FIRST)),
            template,
            program,
        };
        match reader.wrong.is_empty() {
            true => Ok(out),
            false => Err(CaseError::Refused(reader.wrong.join(";"))),
        }
    }

    /// A source by its code.
    pub(super) fn source(&self, code: &str) -> Done<&SourceRule> {
        let none = || CaseError::NotFound(format!("手册里没有核对来源 `{code}`"));
        self.sources
            .iter()
            .find(|s| s.code == code)
            .ok_or_else(none)
    }

    /// A source's name; its code where the rulebook no longer has it.
    #[must_use]
    pub fn title(&self, code: &str) -> String {
        let known = self.sources.iter().find(|s| s.code == code);
        known.map_or_else(|| code.to_owned(), |s| s.title.clone())
    }

    /// The table of a source's answers.
    pub(super) fn feed(&self, code: &str) -> Done<&FeedPlan> {
        let none = || CaseError::NotFound(format!("手册里没有来源 `{code}` 的答复表"));
        let mut feeds = self.program.feeds.iter();
        feeds.find(|feed| feed.id == code).ok_or_else(none)
    }

    /// What kind of value a fact has.
    pub(super) fn type_of(&self, fact: &str) -> Option<Type> {
        let facts = &self.program.dict.facts;
        facts.iter().find(|f| f.name == fact).map(|f| f.ty)
    }

    /// A value as case tables write it; nothing for what is not known.
    pub(super) fn written(&self, value: Value, fact: &str) -> Option<String> {
        let ty = self.type_of(fact)?;
        match (value, ty) {
            (Value::Unknown, _) => None,
            (Value::Num(n), Type::Num(unit)) => Some(rules::show::plain(n, unit)),
            (value, ty) => Some(rules::show::value(value, ty, &self.program.dict)),
        }
    }

    /// A written value with its unit, as people read it.
    pub(super) fn shown(&self, text: &str, fact: &str) -> String {
        let Some(ty) = self.type_of(fact) else {
            return text.to_owned();
        };
        let read = rules::show::parse_cell(text, ty, &self.program.dict);
        read.map_or_else(
            |_| text.to_owned(),
            |value| rules::show::value(value, ty, &self.program.dict),
        )
    }

    /// A written value as the rules read it.
    pub(super) fn value(&self, text: &str, fact: &str) -> Value {
        let ty = self.type_of(fact);
        let read = ty.and_then(|ty| rules::show::parse_cell(text, ty, &self.program.dict).ok());
        read.unwrap_or(Value::Unknown)
    }
}

/// The dictionary with the tables of answers in the place of the month's feeds: the same language, and
/// no row of theirs in anybody's month.
fn program(office: &Office) -> Done<Program> {
    let own = format!("localities/{}/verification/", office.locality);
    let mut texts = Vec::new();
    for (path, text) in office.book().texts() {
        let name = path
            .strip_prefix("verification/")
            .or_else(|| path.strip_prefix(&own));
        match name {
            Some(name) if text.contains(BLOCK) => texts.push(SourceText {
                path: format!("feeds/{name}"),
                text: text.replace(BLOCK, "```规则"),
            }),
            None if path == "facts.md" || path == "law.md" => texts.push(SourceText {
                path: path.clone(),
                text: text.clone(),
            }),
            _ => {}
        }
    }
    let all: BTreeMap<String, String> = texts
        .iter()
        .map(|t| (t.path.clone(), t.text.clone()))
        .collect();
    let book = Rulebook::read(texts);
    let (program, problems) = book.program("", office.clock.today());
    let own = problems
        .iter()
        .find(|p| p.severity == Severity::Error && p.path.starts_with("feeds/"));
    match own {
        None => Ok(program),
        Some(problem) => {
            let text = all.get(&problem.path).map_or("", String::as_str);
            let said = format!("核对来源的答复表有错:{}", problem.show(text));
            Err(CaseError::Refused(said))
        }
    }
}

/// Which office answers for which source in a place.
fn offices(book: &Rulebook, locality: &str) -> BTreeMap<String, String> {
    let text = book
        .texts()
        .get(&book.path_in(locality, "verification.csv"));
    let lines = text.into_iter().flat_map(|text| text.lines()).skip(1);
    lines
        .filter_map(|line| {
            let mut cells = rules::params::split(line).into_iter();
            let pair = (cells.next()?, cells.next()?);
            Some((pair.0.trim().to_owned(), pair.1.trim().to_owned()))
        })
        .collect()
}

/// Names with 、 between.
/// The place's own rules, or those of all.
fn path_of(office: &Office) -> String {
    let own = office.book().path_in(&office.locality, SOURCES);
    match office.book().document(&own).is_some() {
        true => own,
        false => SOURCES.to_owned(),
    }
}

/// The words of one setting without reading the rest of the book; none where nobody wrote it down.
pub(super) fn words(office: &Office, name: &str) -> Vec<String> {
    let book = office.book();
    let path = path_of(office);
    let Some(document) = book.document(&path) else {
        return Vec::new();
    };
    let wrong = Vec::new();
    let settings = Reader { path, wrong }.settings(document);
    listed(&settings.text(name))
}

fn listed(text: &str) -> Vec<String> {
    let names = text.split('、').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

struct Settings(BTreeMap<String, String>);

impl Settings {
    fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn number(&self, name: &str, reader: &mut Reader) -> u32 {
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| {
            reader.say(format!("核对设置 `{name}` 的值 `{text}` 应是一个数"));
            0
        })
    }
}

struct Reader {
    path: String,
    wrong: Vec<String>,
}

impl Reader {
    fn say(&mut self, what: String) {
        self.wrong.push(format!("{}:{what}", self.path));
    }

    /// The rows under a heading, cut to the columns asked for.
    fn rows<const N: usize>(
        &mut self,
        document: &Document,
        heading: &str,
        columns: [&str; N],
    ) -> Vec<[String; N]> {
        let Some(table) = document.tables.iter().find(|t| t.heading == heading) else {
            self.say(format!("没有“{heading}”一节的表"));
            return Vec::new();
        };
        let places = columns.map(|name| table.header.iter().position(|cell| cell.text == name));
        if let Some((name, _)) = columns.iter().zip(places).find(|(_, at)| at.is_none()) {
            self.say(format!("“{heading}”的表没有“{name}”一列"));
            return Vec::new();
        }
        let rows = table.rows.iter().map(|row| {
            places.map(|at| {
                let cell = at.and_then(|at| row.get(at));
                cell.map_or(String::new(), |cell| cell.text.clone())
            })
        });
        rows.collect()
    }

    fn settings(&mut self, document: &Document) -> Settings {
        let rows = self.rows(document, "核对设置", ["设置", "值"]);
        Settings(
            rows.into_iter()
                .map(|[name, value]| (name, value))
                .collect(),
        )
    }

    fn template(&mut self, document: &Document) -> Vec<(String, Content)> {
        let mut out = Vec::new();
        for [column, content] in self.rows(document, "请求表", ["列", "内容"]) {
            let content = match content.as_str() {
                "序号" => Content::Place,
                "请求编号" => Content::Request,
                "姓名" => Content::Name,
                "证件号" => Content::IdNumber,
                "授权编号" => Content::Consent,
                "授权日期" => Content::ConsentDay,
                "答复期限" => Content::Due,
                other => {
                    self.say(format!("请求表的内容 `{other}` 不认得"));
                    continue;
                }
            };
            out.push((column, content));
        }
        out
    }

    fn sources(
        &mut self,
        book: &Rulebook,
        document: &Document,
        program: &Program,
    ) -> Vec<SourceRule> {
        let columns = ["代号", "来源", "部门", "答复", "催办", "再查"];
        let mut out = Vec::new();
        for [code, title, department, answer, urge, recheck] in self.rows(document, "来源", columns)
        {
            let mut days = |name: &str, text: &str| {
                text.parse().unwrap_or_else(|_| {
                    self.say(format!("来源 `{code}` 的{name} `{text}` 应是天数"));
                    0
                })
            };
            let (answer_days, urge_days, recheck_days) = (
                days("答复", &answer),
                days("催办", &urge),
                days("再查", &recheck),
            );
            if !program.feeds.iter().any(|feed| feed.id == code) {
                self.say(format!("来源 `{code}` 没有答复表 verification/{code}.md"));
                continue;
            }
            let own = book.document(&format!("verification/{code}.md"));
            let items = own.map_or_else(Vec::new, |own| self.items(own, program));
            out.push(SourceRule {
                code,
                title,
                department,
                answer_days,
                urge_days,
                recheck_days,
                items,
            });
        }
        out
    }

    fn items(&mut self, document: &Document, program: &Program) -> Vec<ItemRule> {
        let mut out = Vec::new();
        for [fact, text] in self.rows(document, "核对项目", ["事实", "容差"]) {
            let Some(known) = program.dict.facts.iter().find(|f| f.name == fact) else {
                self.say(format!("核对项目 `{fact}` 不在 facts.md 里"));
                continue;
            };
            let share = text.strip_suffix('%').and_then(|n| n.trim().parse().ok());
            let plain = || match known.ty {
                Type::Num(_) => match rules::show::parse_cell(&text, known.ty, &program.dict) {
                    Ok(Value::Num(n)) => Some(n),
                    Ok(_) | Err(_) => None,
                },
                Type::Bool | Type::Day | Type::Enum(_) | Type::Set(_) | Type::Area => {
                    (text == "0").then_some(Ratio::ZERO)
                }
            };
            let tolerance = match share {
                Some(n) => Ratio::new(n, 100).map(Tolerance::Share),
                None => plain().map(Tolerance::Plain),
            };
            match tolerance {
                Some(tolerance) => out.push(ItemRule { fact, tolerance }),
                None => self.say(format!("核对项目 `{fact}` 的容差 `{text}` 读不懂")),
            }
        }
        out
    }
}

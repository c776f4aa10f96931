//! 手册缺项: what a version that two persons signed under an older program lacks for this one.
//!
//! The version had no mistake when it was signed, and its texts are those that were signed; so whatever is
//! found wrong now, this program brought. It stays in force: what it says is judged by, what it cannot say
//! is refused where it is needed, and one line tells what is missing and how to sign it. Nothing is judged
//! by half a rule: a file that cannot be read whole is left out whole, with every file that reads it.

use crate::access::{AccessBook, Lack};
use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use rules::problem::line_column;
use rules::{Problem, Rulebook, Severity};
use std::collections::BTreeMap;
use std::path::Path;

/// A part this program needs and the version in force does not have, or not as this program reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The text it belongs in.
    pub path: String,
    /// What is missing, in words.
    pub what: String,
    /// What cannot be done until it is signed.
    pub effect: &'static str,
}

/// What is missing altogether, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which parts.
    pub found: String,
    /// How to sign them.
    pub advice: String,
}

/// A version as this program can use it.
pub(crate) struct Usable {
    /// The rules that can be read whole.
    pub book: Rulebook,
    /// The version as it was signed, where that is more.
    pub signed: Option<Rulebook>,
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// Whether everybody can be judged: no rule is left out.
    pub judges: bool,
}

impl Usable {
    /// A rulebook without mistakes.
    pub(crate) fn all_of(book: Rulebook) -> Self {
        Self {
            book,
            signed: None,
            gaps: Vec::new(),
            judges: true,
        }
    }
}

/// What becomes of a text in which something is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Left out; everybody can be judged without it.
    Beside(&'static str),
    /// Left out; nobody is judged for good until it can be read.
    Rule,
    /// Read as far as it goes: the reader of procedures leaves out those with a mistake by itself.
    Procedure,
    /// All others rest on it.
    Ground,
}

impl Part {
    fn of(book: &Rulebook, path: &str) -> Self {
        let parsed = book.parsed().iter().find(|parsed| parsed.path == path);
        let head = parsed.and_then(|parsed| parsed.head());
        match head.map(|head| head.keyword.text.as_str()) {
            Some("指标") => Self::Beside("这个文件里的指标先不算"),
            Some("来文") => Self::Beside("这种来文先不收"),
            Some(_) => Self::Rule,
            None if path.contains("procedures/") => Self::Procedure,
            None if path.contains("notices/") => Self::Beside("这种文书先不出"),
            None => Self::Ground,
        }
    }

    fn effect(self) -> &'static str {
        match self {
            Self::Beside(effect) => effect,
            Self::Rule | Self::Ground => "当月监测、签决定、编制发放先停",
            Self::Procedure => "按这个流程的办件先不能往下办",
        }
    }
}

/// What this program can use of a version that was signed.
pub(crate) fn usable(signed: Rulebook, place: &str) -> Usable {
    let mut book = signed.clone();
    let mut gaps: BTreeMap<String, Gap> = BTreeMap::new();
    let mut judges = true;
    // Each turn leaves out at least one text more.
    loop {
        let first = gaps.is_empty();
        let mut texts = book.texts().clone();
        let all = texts.len();
        for problem in errors(&book, place) {
            let part = Part::of(&book, &problem.path);
            // A row or a choice for a file that was left out is no lack of its own.
            if part == Part::Ground && !first {
                continue;
            }
            judges &= !matches!(part, Part::Rule | Part::Ground);
            if matches!(part, Part::Rule | Part::Beside(_)) {
                texts.remove(&problem.path);
            }
            let text = signed.texts().get(&problem.path).map_or("", String::as_str);
            gaps.entry(problem.path.clone())
                .or_insert_with(|| told(&problem, text, part));
        }
        if texts.len() == all {
            break;
        }
        let texts = texts.into_iter();
        let sources = texts.map(|(path, text)| rules::SourceText { path, text });
        book = Rulebook::read(sources.collect());
    }
    let whole = book.texts().len() == signed.texts().len();
    Usable {
        book,
        signed: (!whole).then_some(signed),
        gaps: gaps.into_values().collect(),
        judges,
    }
}

fn errors(book: &Rulebook, place: &str) -> impl Iterator<Item = Problem> {
    let problems = book.check_in(place).into_iter();
    problems.filter(|problem| problem.severity == Severity::Error)
}

fn told(problem: &Problem, text: &str, part: Part) -> Gap {
    let (line, _) = line_column(text, problem.span.start);
    let help = problem.help.as_deref();
    let help = help.map_or_else(String::new, |help| format!("({help})"));
    Gap {
        path: problem.path.clone(),
        what: format!("第 {line} 行:{}{help}", problem.message),
        effect: part.effect(),
    }
}

fn of_access(path: &str, lack: &Lack) -> Gap {
    let (what, effect) = match lack.right {
        Some(right) => (
            format!("“权限”缺 `{}`({})", right.code(), lack.title),
            "要这项权限的页面和命令先不能用",
        ),
        None => (format!("“设置”缺 `{}`", lack.title), "先按程序自带的值"),
    };
    Gap {
        path: path.to_owned(),
        what,
        effect,
    }
}

impl Office {
    /// 权限手册 of the place; of a version signed under an older program, what only this one knows is no
    /// mistake.
    pub(crate) fn access_book(&self) -> std::result::Result<AccessBook, Vec<String>> {
        match self.version() {
            0 => AccessBook::read(&self.book, &self.locality),
            _ => AccessBook::read_signed(&self.book, &self.locality),
        }
    }

    /// The version as it was signed: what a new one is made from.
    pub(crate) fn signed_book(&self) -> &Rulebook {
        self.signed.as_ref().unwrap_or(&self.book)
    }

    /// Every part the version in force lacks for this program.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut out = self.gaps.clone();
        if let Ok(access) = self.access_book() {
            let path = AccessBook::path(&self.book, &self.locality);
            out.extend(access.lacks().iter().map(|lack| of_access(&path, lack)));
        }
        out
    }

    /// What the version in force lacks for this program and how to sign it, in one line; none when nothing.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        let gaps = self.gaps();
        if gaps.is_empty() {
            return None;
        }
        let told = gaps
            .iter()
            .map(|gap| format!("{} {},{}", gap.path, gap.what, gap.effect));
        let told: Vec<String> = told.collect();
        Some(Missing {
            found: format!(
                "规则手册第 {} 版是用较旧的程序签的,缺 {} 处:{}。其余照签发的这一版办",
                self.version(),
                gaps.len(),
                told.join(";")
            ),
            advice: "运行 doudi rulebook missing --write 文件夹,核对写出来的文件,\
                     再用 doudi rulebook propose 提出、两人签发"
                .to_owned(),
        })
    }

    /// The words of the pages that have room for one line.
    #[must_use]
    pub fn missing_line(&self) -> Option<String> {
        let missing = self.missing()?;
        Some(format!("{}。补法:{}", missing.found, missing.advice))
    }

    /// Refuses what judges everybody or binds somebody while a rule of the version in force is left out.
    ///
    /// # Errors
    /// A rule is left out; says which, and what to do.
    pub(crate) fn may_judge(&self) -> Result<()> {
        match (self.judges, self.missing_line()) {
            (true, _) | (false, None) => Ok(()),
            (false, Some(said)) => Err(OfficeError::Outdated(said)),
        }
    }

    /// Writes what is missing as a proposal to be read and changed: the access rules of this place with the
    /// rows that are missing, every other text as the program has it. Answers the paths written.
    ///
    /// # Errors
    /// A file is there already, or cannot be written.
    pub fn write_missing(&self, folder: &Path) -> Result<Vec<String>> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for gap in &self.gaps {
            if let Some(own) = super::own(&gap.path) {
                texts.insert(gap.path.clone(), own);
            }
        }
        if let Ok(access) = self.access_book()
            && !access.lacks().is_empty()
        {
            let path = AccessBook::path(&self.book, &self.locality);
            let text = self.book.texts().get(&path).map_or("", String::as_str);
            texts.insert(path, crate::access::with_rows(text, access.lacks()));
        }
        let taken = texts.keys().find(|path| folder.join(path).exists());
        if let Some(taken) = taken {
            let said = format!(
                "`{}` 里已经有 {taken},没有写;请换一个空文件夹",
                folder.display()
            );
            return Err(OfficeError::NotFound(said));
        }
        for (path, text) in &texts {
            let file = folder.join(path);
            let parent = file.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(at_path(parent))?;
            std::fs::write(&file, text).map_err(at_path(&file))?;
        }
        Ok(texts.into_keys().collect())
    }
}

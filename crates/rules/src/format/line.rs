//! Which blank or line end stands before a word of a rule block.

use crate::lex::{Kind, Token};
use crate::parse::Mark;

/// What stands before a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A new line with this indent.
    Line(usize),
    /// So many blanks.
    Blanks(usize),
}

/// Clauses of typed blocks that stand apart by two blanks.
const APART: [&str; 16] = [
    "谁",
    "限",
    "材料",
    "给出",
    "下一步",
    "依据",
    "用于",
    "适用",
    "说明",
    "不同人",
    "抽查比例",
    "凭",
    "不计",
    "延至",
    "最多",
    "字段",
];
/// Statements whose words for people stand below them.
const MEASURES: [&str; 2] = ["比率", "分布"];
const HEADS: [&str; 5] = ["政策", "预警", "评估", "指标", "来文"];

/// What was last written on the line at hand.
#[derive(Default)]
pub(super) struct Line {
    /// The word that began the statement.
    keyword: String,
    /// Brackets open.
    open: Vec<&'static str>,
    last: Last,
    /// The last clause word of the statement.
    clause: String,
    /// Whether the statement's colon was passed.
    colon: bool,
    /// Whether a rounding follows: a comma outside brackets was passed.
    rounding: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Word(String),
    Number,
    Sign(&'static str),
    /// A sign that binds the number behind it.
    Tight,
    Note,
    Raw,
    Bar,
}

impl Line {
    pub(super) fn before_raw(&self) -> Gap {
        match self.last {
            Last::Note => Gap::Line(4),
            Last::Bar => Gap::Blanks(0),
            _ => Gap::Blanks(1),
        }
    }

    pub(super) fn after_raw(&mut self) {
        self.last = Last::Raw;
    }

    pub(super) fn after_note(&mut self) {
        self.last = Last::Note;
    }

    /// The gap before a token and its words; `None` when the layout leaves it out.
    pub(super) fn next(
        &self,
        token: &Token,
        mark: Option<Mark>,
        text: &str,
    ) -> Option<(Gap, String)> {
        let words = self.words(token, mark, text)?;
        let gap = match mark {
            Some(Mark::Statement) => Gap::Line(0),
            Some(Mark::Row) => Gap::Line(2),
            Some(Mark::Close) => Gap::Line(0),
            Some(Mark::Clause) => self.clause_gap(&words),
            _ if self.last == Last::Note => Gap::Line(4),
            Some(Mark::Word) => self.typed_gap(token, &words),
            Some(Mark::Tight) => Gap::Blanks(0),
            _ => self.gap(token, &words),
        };
        if mark.is_none() && self.joint(token) {
            return Some((Gap::Blanks(0), format!("、{words}")));
        }
        Some((gap, words))
    }

    fn words(&self, token: &Token, mark: Option<Mark>, text: &str) -> Option<String> {
        Some(match &token.kind {
            Kind::Word(w) | Kind::Number(w) | Kind::Date(w) => w.clone(),
            Kind::Percent(w) => format!("{w}%"),
            Kind::Sign(s) if mark == Some(Mark::Word) => (*s).to_owned(),
            Kind::Sign("、") if self.open.last() == Some(&"{") => ",".to_owned(),
            Kind::Sign("、" | ",") if self.keyword == "实体" => return None,
            Kind::Sign("、" | ",") if self.keyword == "枚举" => return None,
            Kind::Sign("、")
                if self.keyword == "参数" || HEADS.contains(&self.keyword.as_str()) =>
            {
                return None;
            }
            Kind::Sign(s) => (*s).to_owned(),
            _ => text.get(token.span.start..token.span.end)?.to_owned(),
        })
    }

    /// 依据 and 否则 share an indented line; 说明 and 派发 of a warning have one each.
    fn clause_gap(&self, words: &str) -> Gap {
        let after_note = self.last == Last::Note;
        match words {
            _ if after_note => Gap::Line(2),
            "否则" if self.clause == "依据" => Gap::Blanks(2),
            "依据" if self.clause == "否则" => Gap::Blanks(2),
            "说明" if self.keyword == "拒收" => Gap::Blanks(1),
            _ if self.keyword == "部门" => Gap::Blanks(2),
            "依据" | "出处" | "层级" if MEASURES.contains(&self.keyword.as_str()) => {
                // 来源, 层级 and 依据 share a line below 分子 and 分母.
                let first = ["", "分子", "分母"].contains(&self.clause.as_str());
                if first { Gap::Line(2) } else { Gap::Blanks(2) }
            }
            "依据" if self.keyword == "不并给" && self.clause.is_empty() => Gap::Blanks(2),
            "给" | "限" | "静默" | "紧急" if self.clause != "说明" && !self.clause.is_empty() => {
                Gap::Blanks(1)
            }
            _ => Gap::Line(2),
        }
    }

    fn typed_gap(&self, token: &Token, words: &str) -> Gap {
        let first = self.last == Last::Word(self.keyword.clone());
        match () {
            () if !token.spaced => Gap::Blanks(0),
            () if !first && APART.contains(&words) => Gap::Blanks(2),
            () => Gap::Blanks(1),
        }
    }

    fn gap(&self, token: &Token, words: &str) -> Gap {
        let inside = !self.open.is_empty();
        let head_date = matches!(token.kind, Kind::Date(_))
            && HEADS.contains(&self.keyword.as_str())
            && !matches!(self.last, Last::Word(ref w) if w == "起施行");
        if head_date {
            return Gap::Blanks(3);
        }
        let tight = match (&self.last, words) {
            (Last::Tight | Last::Bar, _) => true,
            (Last::Sign("(" | "[" | "{" | "." | "、"), _) => true,
            (_, ")" | "]" | "}" | "." | "、" | "|" | "｜") => true,
            (_, ",") => inside,
            (Last::Word(w), _) => self.rounds(w, token),
            _ => false,
        };
        Gap::Blanks(usize::from(!tight))
    }

    /// `四舍五入到分`, `四舍五入到 0.01 分值`: one word as far as it goes.
    fn rounds(&self, last: &str, token: &Token) -> bool {
        let Kind::Word(word) = &token.kind else {
            return false;
        };
        let how = ["四舍五入", "进", "舍"];
        let to = last == "到" || how.iter().any(|h| last.strip_suffix("到") == Some(h));
        self.rounding && (to || (how.contains(&last) && word == "到"))
    }

    /// Members of an enumeration without order stand with 、 between.
    fn joint(&self, token: &Token) -> bool {
        self.keyword == "枚举"
            && self.colon
            && matches!(token.kind, Kind::Word(_))
            && matches!(self.last, Last::Word(_))
    }

    pub(super) fn after(&mut self, token: &Token, mark: Option<Mark>, words: String) {
        if mark == Some(Mark::Statement) {
            *self = Self {
                keyword: words.clone(),
                ..Self::default()
            };
        }
        if mark == Some(Mark::Row) {
            self.rounding = false;
        }
        if mark == Some(Mark::Clause) {
            self.clause.clone_from(&words);
        }
        self.last = match token.kind {
            _ if mark == Some(Mark::Sign) => Last::Tight,
            Kind::Word(_) => Last::Word(words),
            Kind::Sign(sign) if mark == Some(Mark::Word) => Last::Sign(sign),
            Kind::Sign(sign) => {
                self.bracket(sign);
                Last::Sign(if words == "," { "," } else { sign })
            }
            Kind::Stray(_) => Last::Bar,
            _ => Last::Number,
        };
    }

    fn bracket(&mut self, sign: &'static str) {
        match sign {
            "(" | "[" | "{" => self.open.push(sign),
            ")" | "]" | "}" => {
                self.open.pop();
            }
            ":" => self.colon = true,
            "," => self.rounding |= self.open.is_empty(),
            _ => {}
        }
    }
}

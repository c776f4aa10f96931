//! Reads rule blocks into statements. Goes on after a mistake, so that all are told at once.

mod blocks;
mod expr;
mod measures;
mod statements;

use crate::ast::{File, Name, Path, Statement, Stmt};
use crate::lex::{self, Kind, Token};
use crate::markdown::{self, Document};
use crate::problem::{Problem, Span};

/// Words that begin a statement.
pub const STATEMENTS: [&str; 48] = [
    "政策",
    "预警",
    "评估",
    "指标",
    "来文",
    "引用",
    "输入",
    "参数",
    "计算",
    "归类",
    "分项",
    "条件",
    "给付",
    "给予",
    "不并给",
    "触发",
    "比率",
    "分布",
    "行",
    "归属",
    "认人",
    "性质",
    "实体",
    "不得使用",
    "枚举",
    "关系",
    "身份",
    "事实",
    "部门",
    "列",
    "拒收",
    "流程",
    "步骤",
    "遇有",
    "起发",
    "核查周期",
    "时限",
    "暂停",
    "公示",
    "文书",
    "表单",
    "项",
    "公开字段",
    "采用",
    "沿用",
    "替换",
    "签名",
    "单位",
];

/// How deep brackets and 若 may stand inside one another.
const DEPTH_MAX: usize = 64;
/// How many signs of arithmetic one formula may have.
const SIGNS_MAX: usize = 200;
/// How many tokens a block may have.
const TOKENS_MAX: usize = 50_000;
/// After so many findings a block is read no further.
const PROBLEMS_MAX: usize = 200;

/// Reads a whole rulebook text: its Markdown, then the statements of its blocks.
pub fn parse(text: &str) -> (Document, File, Vec<Problem>) {
    let (doc, mut problems) = markdown::read(text);
    let mut file = File::default();
    for block in &doc.blocks {
        let (statements, found) = parse_block(text, *block);
        file.statements.extend(statements);
        problems.extend(found);
    }
    (doc, file, problems)
}

/// Reads one block's statements.
pub fn parse_block(text: &str, span: Span) -> (Vec<Statement>, Vec<Problem>) {
    let tokens = lex::cut(text, span);
    if tokens.len() > TOKENS_MAX {
        let said = format!("规则块有 {} 个词,超过上限 {TOKENS_MAX}", tokens.len());
        return (
            vec![],
            vec![Problem::error("block-large", span, said).help("把它拆成几个文件")],
        );
    }
    let lookalikes: Vec<Problem> = tokens.iter().filter_map(lookalike).collect();
    let mut parser = Parser::new(text, tokens);
    let out = parser.block();
    parser.problems.extend(lookalikes);
    (out, parser.problems)
}

/// What the parser saw at a token; the formatter lays the text out by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A statement or a remark of its own begins.
    Statement,
    /// A row of 归类, 分项 or a dated value begins.
    Row,
    /// 依据, 否则, 说明 … begins.
    Clause,
    /// The `}` behind dated values.
    Close,
    /// No blank before it: the bracket of a call or a table.
    Tight,
    /// No blank behind it: a sign before a number.
    Sign,
    /// Words for people up to (not including) the token; kept as written.
    Raw(usize),
    /// Words of a typed block.
    Word,
}

/// Two names that look the same to a person must be the same: no Greek, Cyrillic or full-width
/// letter stands where a Latin one would be read.
fn lookalike(token: &Token) -> Option<Problem> {
    let Kind::Word(word) = &token.kind else {
        return None;
    };
    let other = word.chars().find(|c| {
        matches!(c, '\u{370}'..='\u{52F}' | '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}')
    })?;
    let said = format!(
        "`{word}` 里的 `{other}` 是 U+{:04X},看起来像另一个字",
        u32::from(other)
    );
    let help = "改成键盘上的半角字母、数字,或用汉字";
    Some(Problem::error("lookalike", token.span, said).help(help))
}

/// A block's tokens and what the parser saw at them, in order of the tokens.
pub(crate) type Layout = (Vec<Token>, Vec<(usize, Mark)>);

/// A block cut and marked. With problems it must not be laid out.
pub(crate) fn layout(text: &str, span: Span) -> (Layout, Vec<Problem>) {
    let mut parser = Parser::new(text, lex::cut(text, span));
    parser.block();
    ((parser.tokens, parser.marks), parser.problems)
}

/// Result of a piece: `None` after a problem was told.
type Got<T> = Option<T>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    problems: Vec<Problem>,
    depth: usize,
    marks: Vec<(usize, Mark)>,
    /// Signs of arithmetic in the formula at hand.
    signs: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: Vec<Token>) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            problems: vec![],
            depth: 0,
            marks: vec![],
            signs: 0,
        }
    }

    fn block(&mut self) -> Vec<Statement> {
        let mut out = Vec::new();
        loop {
            self.skip_lines();
            let start = self.here();
            match self.kind().clone() {
                Kind::End => return out,
                _ if self.problems.len() >= PROBLEMS_MAX => {
                    let said = format!("这一块已有 {PROBLEMS_MAX} 处读不懂,后面的没有再读");
                    let help = "先改前面的,再查一次";
                    self.problems
                        .push(Problem::error("too-many", start, said).help(help));
                    return out;
                }
                Kind::Note(words) => {
                    self.mark(Mark::Statement);
                    self.step();
                    out.push(Statement {
                        kind: Stmt::Note(words),
                        span: start,
                    });
                }
                Kind::Sign(";") => self.step(),
                _ => {
                    let before = self.at;
                    self.mark(Mark::Statement);
                    if let Some(kind) = self.statement() {
                        out.push(Statement {
                            kind,
                            span: start.to(self.last()),
                        });
                    } else {
                        self.recover(before);
                    }
                }
            }
        }
    }

    /// Tells the formatter what stands at the token at hand.
    fn mark(&mut self, mark: Mark) {
        self.marks.push((self.at, mark));
    }

    fn kind(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |t| &t.kind)
    }

    fn here(&self) -> Span {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(Span::default(), |t| t.span)
    }

    fn last(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(Span::default(), |t| t.span)
    }

    fn step(&mut self) {
        if self.at < self.tokens.len() {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Passes line ends and remarks that stand between the parts of one statement.
    fn skip_lines(&mut self) {
        while *self.kind() == Kind::Newline {
            self.step();
        }
    }

    /// The next token that is neither a line end nor a remark.
    fn peek_over_lines(&self) -> &Kind {
        self.tokens
            .iter()
            .skip(self.at)
            .map(|t| &t.kind)
            .find(|k| !matches!(k, Kind::Newline | Kind::Note(_)))
            .unwrap_or(&Kind::End)
    }

    fn skip_lines_and_notes(&mut self) {
        while matches!(self.kind(), Kind::Newline | Kind::Note(_)) {
            self.step();
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(w) if w == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(s) if *s == sign)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.step();
        }
        found
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.step();
        }
        found
    }

    /// The keyword on this or a following line, when only line ends stand before it.
    fn eat_word_over_lines(&mut self, words: &[&str]) -> Option<Name> {
        let found = matches!(self.peek_over_lines(), Kind::Word(w) if words.contains(&w.as_str()));
        if !found {
            return None;
        }
        self.skip_lines_and_notes();
        self.mark(Mark::Clause);
        self.name("")
    }

    fn fail<T>(&mut self, code: &'static str, message: String, help: &str) -> Got<T> {
        let span = self.spot();
        self.problems
            .push(Problem::error(code, span, message).help(help));
        None
    }

    /// Where something is missing: the token at hand; at an end, behind the last word.
    fn spot(&self) -> Span {
        if !matches!(self.kind(), Kind::Newline | Kind::End | Kind::Note(_)) {
            return self.here();
        }
        let before = self.tokens.iter().take(self.at).rev();
        before
            .map(|t| (&t.kind, t.span))
            .find(|(kind, _)| !matches!(kind, Kind::Newline | Kind::Note(_)))
            .map_or(self.here(), |(_, span)| Span::new(span.end, span.end))
    }

    fn found(&self) -> String {
        match self.kind() {
            Kind::End => "这一块的末尾".to_owned(),
            Kind::Newline => "行末".to_owned(),
            _ => {
                let span = self.here();
                format!("`{}`", self.text.get(span.start..span.end).unwrap_or(""))
            }
        }
    }

    fn name(&mut self, what: &str) -> Got<Name> {
        if let Kind::Word(word) = self.kind() {
            let name = Name {
                text: word.clone(),
                span: self.here(),
            };
            self.step();
            return Some(name);
        }
        let said = format!("这里应写{what},却是 {}", self.found());
        self.fail("name-missing", said, &format!("写上{what}"))
    }

    fn path(&mut self, what: &str) -> Got<Path> {
        let mut parts = vec![self.name(what)?];
        while self.is_sign(".") {
            self.step();
            parts.push(self.name("点号后面的名称")?);
        }
        Some(Path { parts })
    }

    fn sign(&mut self, sign: &'static str, after: &str) -> Got<()> {
        if self.eat_sign(sign) {
            return Some(());
        }
        let said = format!("{after}之后应写 `{sign}`,却是 {}", self.found());
        self.fail("sign-missing", said, &format!("补上 `{sign}`"))
    }

    fn word(&mut self, word: &'static str, after: &str) -> Got<()> {
        if self.eat_word(word) {
            return Some(());
        }
        let said = format!("{after}之后应写 `{word}`,却是 {}", self.found());
        self.fail("word-missing", said, &format!("补上 `{word}`"))
    }

    /// The raw words from here to the end of the line, a `;`, or one of the keywords.
    fn raw_until(&mut self, stops: &[&str]) -> Name {
        let start = self.here();
        let first = self.at;
        let mut end = start.start;
        loop {
            match self.kind() {
                Kind::Newline | Kind::End | Kind::Note(_) | Kind::Sign(";") => break,
                Kind::Word(w) if stops.contains(&w.as_str()) && self.spaced() => break,
                _ if self.swallows() => {
                    let said = format!("{} 起是另一句话,会被当成前面的文字", self.found());
                    let span = self.here();
                    self.problems
                        .push(Problem::error("line-two", span, said).help("在它前面换行"));
                    break;
                }
                _ => {
                    end = self.here().end;
                    self.step();
                }
            }
        }
        self.marks.push((first, Mark::Raw(self.at)));
        let span = Span::new(start.start, end.max(start.start));
        let text = self
            .text
            .get(span.start..span.end)
            .unwrap_or("")
            .trim()
            .to_owned();
        Name { text, span }
    }

    /// Whether a statement begins amid words for people: `… 否则 收入高 给付 甲 : 元`.
    fn swallows(&self) -> bool {
        let at = |n: usize| self.tokens.get(self.at.saturating_add(n)).map(|t| &t.kind);
        matches!(at(0), Some(Kind::Word(w)) if STATEMENTS.contains(&w.as_str()))
            && self.spaced()
            && matches!(at(1), Some(Kind::Word(_)))
            && matches!(at(2), Some(Kind::Sign(":")))
    }

    fn spaced(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|t| t.spaced)
    }

    /// After a problem: goes on at the next line that begins a statement.
    fn recover(&mut self, before: usize) {
        if self.at == before {
            self.step();
        }
        self.depth = 0;
        loop {
            match self.kind() {
                Kind::End => return,
                Kind::Newline => {
                    self.step();
                    if matches!(self.kind(), Kind::Word(w) if STATEMENTS.contains(&w.as_str())) {
                        return;
                    }
                }
                _ => self.step(),
            }
        }
    }

    fn deeper<T>(&mut self, piece: impl FnOnce(&mut Self) -> Got<T>) -> Got<T> {
        self.depth = self.depth.saturating_add(1);
        let got = if self.depth > DEPTH_MAX {
            let said = format!("算式套得太深,超过 {DEPTH_MAX} 层");
            self.fail("too-deep", said, "把里面的部分另写成一条 计算")
        } else {
            piece(self)
        };
        self.depth = self.depth.saturating_sub(1);
        got
    }
}

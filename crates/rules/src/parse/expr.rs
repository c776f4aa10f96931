//! Expressions: 或 binds loosest, then 且, 非, comparisons and 属于, + -, * /, a sign.

use super::{Got, Mark, Parser, SIGNS_MAX, STATEMENTS};
use crate::ast::{Ex, Expr, Name, SetText};
use crate::lex::Kind;
use crate::unit::Unit;

const AGGREGATES: [&str; 6] = ["合计", "人数", "条数", "任一", "全部", "已知合计"];
const FUNCTIONS: [&str; 12] = [
    "不低于",
    "不超过",
    "最大",
    "最小",
    "段内",
    "知道",
    "当时",
    "曾",
    "周岁",
    "天数",
    "满月数",
    "次月初",
];

impl Parser<'_> {
    /// An expression. A following line that begins with an operator goes on with it.
    pub(super) fn expr(&mut self) -> Got<Expr> {
        if self.depth == 0 {
            self.signs = 0;
        }
        self.deeper(Self::or)
    }

    fn operator(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let found = match self.peek_over_lines() {
            Kind::Sign(s) => signs.iter().find(|x| *x == s).copied(),
            _ => None,
        }?;
        self.skip_lines_and_notes();
        self.step();
        Some(found)
    }

    fn joint(&mut self, word: &str) -> bool {
        let found = matches!(self.peek_over_lines(), Kind::Word(w) if w == word);
        if found {
            self.skip_lines_and_notes();
            self.step();
        }
        found
    }

    fn or(&mut self) -> Got<Expr> {
        let first = self.and()?;
        let mut parts = vec![first];
        while self.joint("或") {
            parts.push(self.and()?);
        }
        self.joined(parts, true)
    }

    fn and(&mut self) -> Got<Expr> {
        let mut parts = vec![self.not()?];
        while self.joint("且") {
            parts.push(self.not()?);
        }
        self.joined(parts, false)
    }

    fn joined(&mut self, mut parts: Vec<Expr>, or: bool) -> Got<Expr> {
        if parts.len() == 1 {
            return parts.pop();
        }
        if or {
            let bare = |p: &&Expr| matches!(p.kind, Ex::And(_)) && !self.bracketed(p);
            if let Some(span) = parts.iter().find(bare).map(|p| p.span) {
                let said = "`且` 和 `或` 写在一起,先后不清".to_owned();
                self.problems.push(
                    crate::Problem::error("and-or", span, said)
                        .help("用括号括起先算的一边,如 (甲 且 乙) 或 丙"),
                );
            }
        }
        let first = parts.first().map(|p| p.span)?;
        let span = parts.last().map_or(first, |l| first.to(l.span));
        let kind = if or { Ex::Or(parts) } else { Ex::And(parts) };
        Some(Expr { kind, span })
    }

    /// A bracketed expression's span includes its brackets.
    fn bracketed(&self, expr: &Expr) -> bool {
        self.text
            .get(expr.span.start..)
            .is_some_and(|t| t.starts_with(['(', '（']))
            && self
                .text
                .get(..expr.span.end)
                .is_some_and(|t| t.ends_with([')', '）']))
    }

    fn not(&mut self) -> Got<Expr> {
        let start = self.here();
        if self.eat_word("非") {
            let inner = self.deeper(Self::not)?;
            let span = start.to(inner.span);
            return Some(Expr {
                kind: Ex::Not(Box::new(inner)),
                span,
            });
        }
        self.compare()
    }

    fn compare(&mut self) -> Got<Expr> {
        let left = self.sum()?;
        if self.joint("属于") {
            let set = self.set()?;
            let span = left.span.to(self.last());
            return Some(Expr {
                kind: Ex::In(Box::new(left), Box::new(set)),
                span,
            });
        }
        let Some(sign) = self.operator(&["<", "<=", "=", "≠", ">=", ">"]) else {
            return Some(left);
        };
        let right = self.sum()?;
        let span = left.span.to(right.span);
        if let Some(second) = self.operator(&["<", "<=", "=", "≠", ">=", ">"]) {
            let said = format!("一个比较后面又有 `{second}`");
            return self.fail(
                "compare-chain",
                said,
                "写成两个比较,用 且 连起来:a < b 且 b < c",
            );
        }
        Some(Expr {
            kind: Ex::Compare(sign, Box::new(left), Box::new(right)),
            span,
        })
    }

    fn sum(&mut self) -> Got<Expr> {
        let mut left = self.product()?;
        while let Some(sign) = self.operator(&["+", "-"]) {
            self.count_sign()?;
            let right = self.product()?;
            let span = left.span.to(right.span);
            left = Expr {
                kind: Ex::Arith(sign, Box::new(left), Box::new(right)),
                span,
            };
        }
        Some(left)
    }

    /// A chain of signs is a tree as deep as it is long.
    fn count_sign(&mut self) -> Got<()> {
        self.signs = self.signs.saturating_add(1);
        if self.signs <= SIGNS_MAX {
            return Some(());
        }
        let said = format!("一个算式里的加减乘除超过 {SIGNS_MAX} 个");
        self.fail("expr-long", said, "拆成几条 计算,或用 合计")
    }

    fn product(&mut self) -> Got<Expr> {
        let mut left = self.signed()?;
        while let Some(sign) = self.operator(&["*", "/"]) {
            self.count_sign()?;
            let right = self.signed()?;
            let span = left.span.to(right.span);
            left = Expr {
                kind: Ex::Arith(sign, Box::new(left), Box::new(right)),
                span,
            };
        }
        Some(left)
    }

    fn signed(&mut self) -> Got<Expr> {
        let start = self.here();
        if self.is_sign("-") {
            self.mark(Mark::Sign);
            self.step();
            let inner = self.deeper(Self::signed)?;
            let span = start.to(inner.span);
            return Some(Expr {
                kind: Ex::Negate(Box::new(inner)),
                span,
            });
        }
        self.atom()
    }

    fn atom(&mut self) -> Got<Expr> {
        self.skip_lines_and_notes();
        let span = self.here();
        match self.kind().clone() {
            Kind::Number(digits) => Some(self.number(digits, false)),
            Kind::Percent(digits) => Some(self.number(digits, true)),
            Kind::Date(text) => {
                self.step();
                Some(Expr {
                    kind: Ex::Date(Name { text, span }),
                    span,
                })
            }
            Kind::Sign("(") => {
                self.step();
                let inner = self.expr()?;
                self.skip_lines_and_notes();
                self.sign(")", "括号里的算式")?;
                Some(Expr {
                    kind: inner.kind,
                    span: span.to(self.last()),
                })
            }
            Kind::Word(word) if !self.begins_statement() => self.word_atom(&word),
            _ => {
                let said = format!("这里应写一个名称、数或括号,却是 {}", self.found());
                self.fail("expr-missing", said, "补上缺的一边,或删去多余的符号")
            }
        }
    }

    /// A statement word that begins a line is no name: the side before it is missing.
    fn begins_statement(&mut self) -> bool {
        let begins = matches!(self.kind(), Kind::Word(w) if STATEMENTS.contains(&w.as_str()));
        let before = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
        let found = begins && before.is_some_and(|t| t.kind == Kind::Newline);
        if found {
            // Told at the line that lacks it; reading goes on with the statement.
            self.at = self.at.saturating_sub(1);
        }
        found
    }

    fn number(&mut self, digits: String, percent: bool) -> Expr {
        let span = self.here();
        self.step();
        let unit = match self.kind() {
            Kind::Word(w) if !percent && Unit::parse(w).is_some() => {
                let name = Name {
                    text: w.clone(),
                    span: self.here(),
                };
                self.step();
                Some(name)
            }
            _ => None,
        };
        Expr {
            kind: Ex::Number(Name { text: digits, span }, unit, percent),
            span: span.to(self.last()),
        }
    }

    fn word_atom(&mut self, word: &str) -> Got<Expr> {
        let span = self.here();
        if word == "是" || word == "否" {
            self.step();
            return Some(Expr {
                kind: Ex::Truth(word == "是"),
                span,
            });
        }
        if word == "若" {
            return self.deeper(Self::choice);
        }
        let call = matches!(
            self.tokens.get(self.at.saturating_add(1)).map(|t| &t.kind),
            Some(Kind::Sign("("))
        );
        if call && AGGREGATES.contains(&word) {
            return self.deeper(Self::aggregate);
        }
        if call {
            return self.deeper(Self::call);
        }
        let path = self.path("名称")?;
        if self.is_sign("[") {
            self.mark(Mark::Tight);
            self.step();
            let mut keys = vec![self.expr()?];
            while self.eat_sign(",") {
                keys.push(self.expr()?);
            }
            self.sign("]", "查表的键")?;
            return Some(Expr {
                span: span.to(self.last()),
                kind: Ex::Table(path, keys),
            });
        }
        Some(Expr {
            span: path.span(),
            kind: Ex::Path(path),
        })
    }

    fn choice(&mut self) -> Got<Expr> {
        let span = self.here();
        self.step();
        let test = self.expr()?;
        self.skip_lines_and_notes();
        self.word("则", "若 的条件")?;
        let yes = self.expr()?;
        self.skip_lines_and_notes();
        self.word("否则", "则 的一边")?;
        let no = self.expr()?;
        let span = span.to(no.span);
        Some(Expr {
            kind: Ex::If(Box::new(test), Box::new(yes), Box::new(no)),
            span,
        })
    }

    fn aggregate(&mut self) -> Got<Expr> {
        let function = self.name("函数")?;
        self.mark(Mark::Tight);
        self.sign("(", "函数名")?;
        let over = self.expr()?;
        self.skip_lines_and_notes();
        let filter = if self.eat_sign(":") {
            Some(Box::new(self.expr()?))
        } else {
            None
        };
        self.skip_lines_and_notes();
        self.sign(")", "合计的内容")?;
        let span = function.span.to(self.last());
        Some(Expr {
            kind: Ex::Aggregate {
                function,
                over: Box::new(over),
                filter,
            },
            span,
        })
    }

    fn call(&mut self) -> Got<Expr> {
        let function = self.name("函数")?;
        if !FUNCTIONS.contains(&function.text.as_str()) {
            let near =
                crate::problem::nearest(&function.text, FUNCTIONS.into_iter().chain(AGGREGATES));
            let all = [&FUNCTIONS[..], &AGGREGATES[..]].concat().join("、");
            let help = near.map_or(format!("函数有:{all}"), |n| format!("是不是 `{n}`?"));
            self.problems.push(
                crate::Problem::error(
                    "function-unknown",
                    function.span,
                    format!("没有 `{}` 这个函数", function.text),
                )
                .help(help),
            );
            return None;
        }
        self.mark(Mark::Tight);
        self.sign("(", "函数名")?;
        let mut arguments = Vec::new();
        self.skip_lines_and_notes();
        while !self.is_sign(")") {
            arguments.push(self.expr()?);
            self.skip_lines_and_notes();
            if !self.eat_sign(",") {
                break;
            }
        }
        self.sign(")", "函数的内容")?;
        let span = function.span.to(self.last());
        Some(Expr {
            kind: Ex::Call(function, arguments),
            span,
        })
    }

    fn set(&mut self) -> Got<SetText> {
        self.skip_lines_and_notes();
        if self.eat_sign("{") {
            let mut members = vec![self.sum()?];
            while self.eat_sign(",") || self.eat_sign("、") {
                members.push(self.sum()?);
            }
            self.sign("}", "集合的成员")?;
            return Some(SetText::Members(members));
        }
        if self.is_word("近") {
            self.step();
            let count = self.set_count()?;
            let unit = self.name("月 或 天")?;
            return Some(SetText::Past(count, unit));
        }
        if matches!(self.kind(), Kind::Word(w) if ["本月", "上月", "本年"].contains(&w.as_str()))
        {
            return self.name("").map(SetText::Named);
        }
        self.path("集合").map(SetText::Path)
    }

    /// The number in 近 n 月: digits without their unit, or a name.
    fn set_count(&mut self) -> Got<Expr> {
        if let Kind::Number(text) = self.kind().clone() {
            let span = self.here();
            self.step();
            return Some(Expr {
                kind: Ex::Number(Name { text, span }, None, false),
                span,
            });
        }
        let path = self.path("月数或天数")?;
        Some(Expr {
            span: path.span(),
            kind: Ex::Path(path),
        })
    }
}

//! Cuts a rule block into words, numbers, dates and signs. Total: any text gives tokens.
//! Full-width signs and their ASCII forms are the same token.

use crate::problem::Span;

/// A kind of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword or a unit (`元/人月`).
    Word(String),
    /// `1180.00`, digits with at most one point.
    Number(String),
    /// `25%` as written, without the sign.
    Percent(String),
    /// `2026-07-01`.
    Date(String),
    /// An operator or a bracket, in its ASCII form.
    Sign(&'static str),
    /// End of a line.
    Newline,
    /// `注 …` to the end of its line.
    Note(String),
    /// A character that means nothing here.
    Stray(char),
    /// The end.
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub span: Span,
    /// Whether white space stands before it.
    pub spaced: bool,
}

const SIGNS: [(&str, &str); 44] = [
    ("<=", "<="),
    (">=", ">="),
    ("!=", "≠"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "≠"),
    ("＜", "<"),
    ("＞", ">"),
    ("＝", "="),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("＋", "+"),
    ("＊", "*"),
    ("×", "*"),
    ("÷", "/"),
    ("／", "/"),
    ("－", "-"),
    ("−", "-"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("（", "("),
    ("）", ")"),
    ("(", "("),
    (")", ")"),
    ("［", "["),
    ("］", "]"),
    ("[", "["),
    ("]", "]"),
    ("｛", "{"),
    ("｝", "}"),
    ("{", "{"),
    ("}", "}"),
    ("，", ","),
    (",", ","),
    ("：", ":"),
    (":", ":"),
    ("；", ";"),
    (";", ";"),
    ("→", "→"),
    ("、", "、"),
    ("…", "…"),
];

/// Cuts the piece of `text` inside `span`. The last token is `End`.
pub fn cut(text: &str, span: Span) -> Vec<Token> {
    let mut cursor = Cursor {
        text,
        at: span.start,
        end: span.end.min(text.len()),
    };
    let mut out = Vec::new();
    let mut spaced = true;
    while let Some(c) = cursor.peek() {
        let start = cursor.at;
        if c == '\n' {
            cursor.skip(c);
            out.push(Token {
                kind: Kind::Newline,
                span: Span::new(start, cursor.at),
                spaced,
            });
            spaced = true;
            continue;
        }
        if c.is_whitespace() {
            cursor.skip(c);
            spaced = true;
            continue;
        }
        let kind = cursor.token(c);
        out.push(Token {
            kind,
            span: Span::new(start, cursor.at),
            spaced,
        });
        spaced = false;
    }
    out.push(Token {
        kind: Kind::End,
        span: Span::new(cursor.end, cursor.end),
        spaced: true,
    });
    out
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, c: char) {
        self.at = self.at.saturating_add(c.len_utf8());
    }

    fn take(&mut self, len: usize) -> &'a str {
        let piece = self.rest().get(..len).unwrap_or("");
        self.at = self.at.saturating_add(len);
        piece
    }

    fn token(&mut self, c: char) -> Kind {
        if let Some(len) = date_length(self.rest()) {
            return Kind::Date(self.take(len).to_owned());
        }
        if c.is_ascii_digit() {
            return self.number();
        }
        if is_word(c) {
            return self.word();
        }
        if c == '.' {
            self.skip(c);
            return Kind::Sign(".");
        }
        let rest = self.rest();
        match SIGNS.iter().find(|(written, _)| rest.starts_with(written)) {
            Some((written, sign)) => {
                self.take(written.len());
                Kind::Sign(sign)
            }
            None => {
                self.skip(c);
                Kind::Stray(c)
            }
        }
    }

    fn number(&mut self) -> Kind {
        let rest = self.rest();
        let whole = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let tail = rest.get(whole..).unwrap_or("");
        let decimals = tail.strip_prefix('.').map_or(0, |t| {
            t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len())
        });
        let len = if decimals > 0 {
            whole.saturating_add(1).saturating_add(decimals)
        } else {
            whole
        };
        let digits = self.take(len).to_owned();
        match self.peek() {
            Some(c @ ('%' | '％')) => {
                self.skip(c);
                Kind::Percent(digits)
            }
            _ => Kind::Number(digits),
        }
    }

    fn word(&mut self) -> Kind {
        let rest = self.rest();
        let mut len = 0;
        let mut chars = rest.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, n)| *n);
            // A slash or a hyphen written tight between word characters belongs to the word:
            // a unit `元/人月`, a file name `medical-expense`.
            let joins = (c == '/' && next.is_some_and(is_word))
                || (c == '-'
                    && next.is_some_and(|n| n.is_ascii_alphabetic())
                    && rest.starts_with(|f: char| f.is_ascii_alphabetic()));
            if !(is_word(c) || joins) {
                break;
            }
            len = i.saturating_add(c.len_utf8());
        }
        let word = self.take(len);
        if word == "注" && self.peek().is_none_or(char::is_whitespace) {
            let rest = self.rest();
            let line = rest.find('\n').unwrap_or(rest.len());
            return Kind::Note(self.take(line).trim().to_owned());
        }
        Kind::Word(word.to_owned())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '·'
}

fn date_length(rest: &str) -> Option<usize> {
    let shape = "dddd-dd-dd";
    let fits = rest.len() >= shape.len()
        && rest.bytes().zip(shape.bytes()).all(|(b, s)| {
            if s == b'd' {
                b.is_ascii_digit()
            } else {
                b == s
            }
        });
    let ends = !rest
        .get(shape.len()..)?
        .starts_with(|c: char| c.is_ascii_digit());
    (fits && ends).then_some(shape.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let got: Vec<String> = cut(text, Span::new(0, text.len()))
            .into_iter()
            .map(|t| match t.kind {
                Kind::Word(w) => w,
                Kind::Number(n) => format!("#{n}"),
                Kind::Percent(n) => format!("%{n}"),
                Kind::Date(d) => format!("@{d}"),
                Kind::Sign(s) => s.to_owned(),
                Kind::Newline => "⏎".to_owned(),
                Kind::Note(n) => format!("注<{n}>"),
                Kind::Stray(c) => format!("!{c}"),
                Kind::End => String::new(),
            })
            .filter(|s| !s.is_empty())
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn full_width_and_ascii_signs_are_the_same() {
        check(
            "条件 a：（b ≤ c）",
            &["条件", "a", ":", "(", "b", "<=", "c", ")"],
        );
        check(
            "条件 a:(b <= c)",
            &["条件", "a", ":", "(", "b", "<=", "c", ")"],
        );
    }

    #[test]
    fn a_tight_slash_is_a_unit_and_a_spaced_one_divides() {
        check("x / 12 月/年", &["x", "/", "#12", "月/年"]);
        check("25% 2026-07-01 0.05", &["%25", "@2026-07-01", "#0.05"]);
    }

    #[test]
    fn a_remark_runs_to_the_end_of_its_line() {
        check("a 注 说;明\nb", &["a", "注<说;明>", "⏎", "b"]);
    }
}

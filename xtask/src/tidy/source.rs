//! A Rust file with its code, its string literals and its comments set apart.

/// One Rust file.
pub struct Source {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// The code, line by line as in the file; strings and comments are blank.
    pub code: Vec<String>,
    /// Every string literal with the line it starts on.
    pub literals: Vec<(usize, String)>,
}

impl Source {
    /// Sets the parts of a file apart.
    pub fn new(path: &str, text: &str) -> Self {
        let mut reader = Reader {
            rest: text.chars().peekable(),
            line: 1,
            code: String::new(),
            literals: Vec::new(),
        };
        reader.read();
        let code = reader.code.lines().map(str::to_owned).collect();
        Self {
            path: path.to_owned(),
            code,
            literals: reader.literals,
        }
    }

    /// The numbered lines of code that contain the words as a whole.
    pub fn lines_with<'a>(&'a self, words: &'a str) -> impl Iterator<Item = usize> + 'a {
        let numbered = self.code.iter().enumerate();
        numbered
            .filter(move |(_, line)| contains_word(line, words))
            .map(|(number, _)| number + 1)
    }

    /// Is it the source, not a test, of one of these crates?
    pub fn in_crates(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.path.starts_with(&format!("crates/{name}/src/")))
    }
}

/// Does the line contain the words, neither end in the middle of a longer name?
pub fn contains_word(line: &str, words: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(words).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + words.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    code: String,
    literals: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut name = String::new();
        while let Some(c) = self.next() {
            match c {
                '/' if self.rest.peek() == Some(&'/') => self.line_comment(),
                '/' if self.rest.peek() == Some(&'*') => self.block_comment(),
                '"' => self.string(),
                '#' if matches!(name.as_str(), "r" | "br" | "cr") => self.raw_string(),
                '\'' => self.character(),
                _ => self.code.push(c),
            }
            if c.is_alphanumeric() || c == '_' {
                name.push(c);
            } else {
                name.clear();
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn line_comment(&mut self) {
        while self.rest.peek().is_some_and(|c| *c != '\n') {
            self.rest.next();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 1;
        let mut last = self.next();
        last.take();
        while depth > 0 {
            let Some(c) = self.next() else { return };
            match (last, c) {
                (Some('/'), '*') => depth += 1,
                (Some('*'), '/') => depth -= 1,
                _ => {}
            }
            let pair = matches!((last, c), (Some('/'), '*') | (Some('*'), '/'));
            last = (!pair).then_some(c);
            if c == '\n' {
                self.code.push('\n');
            }
        }
    }

    fn string(&mut self) {
        // `r"…"` has no escapes; the `r` went into the code just before.
        let raw = self.code.ends_with('r')
            && !self
                .code
                .trim_end_matches(['r', 'b', 'c'])
                .ends_with(is_name);
        let (start, mut text) = (self.line, String::new());
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' if !raw => text.extend(self.next_escaped()),
                _ => text.push(c),
            }
        }
        self.keep(start, text);
    }

    fn next_escaped(&mut self) -> Option<char> {
        self.next()
            .map(|c| if c == 'n' || c == 't' { ' ' } else { c })
    }

    fn raw_string(&mut self) {
        let mut hashes = 1;
        while self.rest.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        if self.rest.next_if_eq(&'"').is_none() {
            // `r#type`: a name, not a string.
            self.code.push('#');
            return;
        }
        let (start, end) = (self.line, format!("\"{}", "#".repeat(hashes)));
        let mut text = String::new();
        while !text.ends_with(&end) {
            let Some(c) = self.next() else { break };
            text.push(c);
        }
        self.keep(start, text.trim_end_matches(end.as_str()).to_owned());
    }

    /// A character literal, or the mark of a lifetime or label.
    fn character(&mut self) {
        let mut ahead = self.rest.clone();
        let first = ahead.next();
        let literal = first == Some('\\') || ahead.next() == Some('\'');
        if !literal {
            self.code.push('\'');
            return;
        }
        let mut escaped = false;
        while let Some(c) = self.next() {
            if c == '\'' && !escaped {
                break;
            }
            escaped = c == '\\' && !escaped;
        }
        self.code.push_str("' '");
    }

    /// Keeps a literal, and its line breaks in the code so that numbers stay right.
    fn keep(&mut self, start: usize, text: String) {
        self.code.push_str("\"\"");
        self.code
            .extend(std::iter::repeat_n('\n', self.line - start));
        self.literals.push((start, text));
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, literals: &[(usize, &str)]) {
        let source = Source::new("x.rs", text);
        assert_eq!(source.code.join("\n"), code);
        let found: Vec<(usize, &str)> = source
            .literals
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(found, literals);
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        check("let a = \"f64\"; // f64", "let a = \"\"; ", &[(1, "f64")]);
        check("a /* f64 /* b */ \n c */ d", "a \n d", &[]);
        check("a(\"x\\\"y\", 'z')", "a(\"\", ' ')", &[(1, "x\"y")]);
        check("r#\"a \" b\"# + r#type", "r\"\" + r#type", &[(1, "a \" b")]);
        check("a(r\"\\\") + 1", "a(r\"\") + 1", &[(1, "\\")]);
        check(
            "fn f<'a>(x: &'a str) { '\\'' }",
            "fn f<'a>(x: &'a str) { ' ' }",
            &[],
        );
    }

    #[test]
    fn a_long_string_keeps_the_lines_after_it_in_place() {
        check(
            "a(\"one\ntwo\");\nb(\"three\")",
            "a(\"\"\n);\nb(\"\")",
            &[(1, "one\ntwo"), (3, "three")],
        );
    }
}

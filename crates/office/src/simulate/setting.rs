//! 改一个数: `低保标准@990101/城镇=850`, as the command line and the page write it.
//!
//! A number that is stated for several files (低保标准 for property and for income) is one number:
//! all its rows change together, and the report says which.

use domain::Day;
use rules::params::Row;
use rules::{Rulebook, Span};

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The rule file's id, where it is written.
    pub file: Option<String>,
    /// The parameter.
    pub name: String,
    /// The area's code, where it is written.
    pub area: Option<String>,
    /// Members of the keys, in any order.
    pub keys: Vec<String>,
    /// The value to try.
    pub value: String,
}

/// A number of the rulebook and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The text it stands in.
    pub path: String,
    /// The row of parameters.csv, or the value in the rule text.
    pub span: Span,
    /// Whether it is a whole row of parameters.csv.
    pub row: bool,
    /// The rule file's id.
    pub file: String,
    /// The parameter.
    pub name: String,
    /// Area and members of the keys: `990101 · 城镇`.
    pub of: String,
    /// The value as written.
    pub value: String,
    /// The unit as written; empty in a rule text, where it stands with the value.
    pub unit: String,
}

impl Setting {
    /// Reads `file.name@area/key=value`; file, area and keys may be left out.
    ///
    /// # Errors
    /// What is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` 应写成 参数=值,如 低保标准@990101/城镇=850");
        let text = text.replace('＝', "=");
        let (left, value) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (path, keys) = left.split_once('@').unwrap_or((left, ""));
        let (file, name) = match path.trim().split_once('.') {
            Some((file, name)) => (Some(file.trim().to_owned()), name.trim()),
            None => (None, path.trim()),
        };
        let value = value.trim().replace(['，', ','], "").replace('％', "%");
        if name.is_empty() || value.is_empty() {
            return Err(wrong());
        }
        let (mut area, mut members) = (None, Vec::new());
        for part in keys.split('/').map(str::trim).filter(|p| !p.is_empty()) {
            if part.chars().all(|c| c.is_ascii_digit()) {
                area = Some(part.to_owned());
            } else {
                let member = part.rsplit_once('=').map_or(part, |(_, member)| member);
                members.push(member.trim().to_owned());
            }
        }
        Ok(Self {
            file,
            name: name.to_owned(),
            area,
            keys: members,
            value,
        })
    }

    /// The numbers it changes.
    ///
    /// # Errors
    /// No such parameter, or none in force on the day for what is written.
    pub fn numbers(
        &self,
        book: &Rulebook,
        locality: &str,
        day: Day,
    ) -> Result<Vec<Number>, String> {
        let all = numbers(book, locality, day);
        let file = self.file.as_deref().map(|f| said_for(book, f, &self.name));
        let named: Vec<&Listed> = all.iter().filter(|n| n.number.name == self.name).collect();
        if named.is_empty() {
            let names = all.iter().map(|n| n.number.name.as_str());
            let hint = rules::problem::nearest(&self.name, names)
                .map_or(String::new(), |n| format!(";是不是 `{n}`?"));
            return Err(format!("没有参数 `{}`{hint}", self.name));
        }
        let meant = |n: &&&Listed| {
            file.as_ref().is_none_or(|f| *f == n.number.file)
                && self.area.as_ref().is_none_or(|a| *a == n.area)
                && self.keys.iter().all(|k| n.keys.contains(k))
        };
        let first: Vec<&Listed> = named.iter().copied().filter(|n| meant(&n)).collect();
        if first.is_empty() {
            let known: Vec<String> = named
                .iter()
                .map(|n| format!("{}.{}@{}", n.number.file, n.number.name, n.written()))
                .collect();
            return Err(format!(
                "参数 `{}` 在 {day} 没有这样的一格;有:{}",
                self.name,
                known.join("、")
            ));
        }
        let same = |n: &&Listed| {
            first.iter().any(|f| {
                f.area == n.area
                    && f.keys == n.keys
                    && f.number.value == n.number.value
                    && f.number.unit == n.number.unit
            })
        };
        let chosen = named.iter().copied().filter(same);
        Ok(chosen.map(|n| n.number.clone()).collect())
    }
}

/// A number with what it is stated for.
pub(crate) struct Listed {
    pub number: Number,
    pub area: String,
    pub keys: Vec<String>,
    pub from: Option<Day>,
    pub source: String,
}

impl Listed {
    /// Area and keys as a setting writes them.
    pub fn written(&self) -> String {
        let area = std::iter::once(self.area.as_str()).filter(|a| !a.is_empty());
        let parts: Vec<&str> = area.chain(self.keys.iter().map(String::as_str)).collect();
        parts.join("/")
    }
}

/// The numbers of a place in force on a day: its own, then those in the rule texts.
pub(crate) fn numbers(book: &Rulebook, locality: &str, day: Day) -> Vec<Listed> {
    let place = book.localities().iter().find(|l| l.id == locality);
    let rows = place.map_or(&[][..], |l| l.filled.rows.as_slice());
    let mut out: Vec<Listed> = rows
        .iter()
        .filter(|r| r.from.is_none_or(|f| f <= day) && r.to.is_none_or(|t| day <= t))
        .map(listed)
        .collect();
    // Of several rows that hold, the one that came into force last is the one that counts.
    let later = |a: &Listed, b: &Listed| {
        a.number.file == b.number.file
            && a.number.name == b.number.name
            && (&a.area, &a.keys) == (&b.area, &b.keys)
            && a.from < b.from
    };
    let stale: Vec<bool> = out
        .iter()
        .map(|a| out.iter().any(|b| later(a, b)))
        .collect();
    let mut stale = stale.into_iter();
    out.retain(|_| !stale.next().unwrap_or(false));
    out.extend(in_texts(book, locality, day));
    out
}

fn listed(row: &Row) -> Listed {
    let keys: Vec<String> = row.keys.iter().map(|(_, member)| member.clone()).collect();
    let area = std::iter::once(row.area.clone()).filter(|a| !a.is_empty());
    let of: Vec<String> = area.chain(keys.iter().cloned()).collect();
    Listed {
        number: Number {
            path: row.path.clone(),
            span: row.span,
            row: true,
            file: row.file.clone(),
            name: row.name.clone(),
            of: of.join(" · "),
            value: row.value.clone(),
            unit: row.unit.clone(),
        },
        area: row.area.clone(),
        keys,
        from: row.from,
        source: row.source.clone(),
    }
}

/// Dated values written in the rule texts.
fn in_texts(book: &Rulebook, locality: &str, day: Day) -> Vec<Listed> {
    let own = format!("localities/{locality}/");
    let mut out = Vec::new();
    for parsed in book.parsed() {
        let here = !parsed.path.starts_with("localities/") || parsed.path.starts_with(&own);
        let (Some(head), true) = (parsed.head(), here) else {
            continue;
        };
        let text = book.texts().get(&parsed.path).map_or("", String::as_str);
        for statement in &parsed.file.statements {
            let rules::ast::Stmt::Param(param) = &statement.kind else {
                continue;
            };
            let dated = param.values.iter().filter_map(|row| {
                let from = Day::parse(&row.from.text).ok()?;
                (from <= day).then_some((from, row))
            });
            let Some((from, row)) = dated.max_by_key(|(from, _)| *from) else {
                continue;
            };
            let span = row.value.span;
            out.push(Listed {
                number: Number {
                    path: parsed.path.clone(),
                    span,
                    row: false,
                    file: head.id.text.clone(),
                    name: param.name.text.clone(),
                    of: String::new(),
                    value: text
                        .get(span.start..span.end)
                        .unwrap_or_default()
                        .to_owned(),
                    unit: String::new(),
                },
                area: String::new(),
                keys: Vec::new(),
                from: Some(from),
                source: row
                    .source
                    .as_ref()
                    .map_or(String::new(), |s| s.text.clone()),
            });
        }
    }
    out
}

/// The file a parameter is stated for: `dibao.低保标准` is quoted from household_property.
fn said_for(book: &Rulebook, file: &str, name: &str) -> String {
    let quoted = book
        .parsed()
        .iter()
        .filter(|p| p.head().is_some_and(|h| h.id.text == file))
        .flat_map(|p| &p.file.statements)
        .find_map(|s| match &s.kind {
            rules::ast::Stmt::Use(path) => {
                let (last, before) = path.parts.split_last()?;
                let from = before.first()?;
                (last.text == name).then(|| from.text.clone())
            }
            _ => None,
        });
    quoted.unwrap_or_else(|| file.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = Setting::parse(text);
        let told = match read {
            Ok(s) => format!(
                "{} {} {} [{}] {}",
                s.file.unwrap_or_default(),
                s.name,
                s.area.unwrap_or_default(),
                s.keys.join(","),
                s.value
            ),
            Err(said) => said,
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_setting_names_file_area_and_keys_or_leaves_them_out() {
        check(
            "dibao.低保标准@990101/城镇=850",
            "dibao 低保标准 990101 [城镇] 850",
        );
        check("低保标准@城镇=1,260", " 低保标准  [城镇] 1260");
        check("档额@城乡=城镇/困难档=甲档=700", " 档额  [城镇,甲档] 700");
        check("补助办法＝分档", " 补助办法  [] 分档");
        check(
            "低保标准",
            "`低保标准` 应写成 参数=值,如 低保标准@990101/城镇=850",
        );
    }

    #[test]
    fn a_number_stated_for_two_files_is_one_number() {
        let book = crate::rulebook::read(None).unwrap();
        let day = Day::new(2026, 8, 1).unwrap();
        let found = |text: &str| {
            let numbers = Setting::parse(text).unwrap().numbers(&book, "demo", day);
            numbers.map(|all| {
                let mut files: Vec<String> = all
                    .into_iter()
                    .map(|n| format!("{}:{}", n.file, n.value))
                    .collect();
                files.sort();
                files.join(" ")
            })
        };
        let both = "household_property:820 personal_means:820";
        assert_eq!(found("dibao.低保标准@990101/城镇=850").unwrap(), both);
        assert_eq!(found("低保标准@城镇=850").unwrap(), both);
        assert!(found("低保标准@集镇=850").unwrap_err().contains("城镇"));
        assert!(
            found("低保标志=1")
                .unwrap_err()
                .contains("是不是 `低保标准`")
        );
    }
}

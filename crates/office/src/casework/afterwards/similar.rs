//! 类似的先例: what a conference settled before that is like the case at hand. What counts as like, and for how much,
//! is a table of the rulebook; nothing is decided by it.

use super::super::{Case, CaseError, Done, capsule::Found, load};
use super::conference::{Precedent, precedent};
use crate::access::Acting;
use crate::office::Office;
use std::collections::BTreeSet;
use store::conferences::{self, Item};

/// The table, beside the procedures and in a place's own folder.
const TABLE: &str = "precedents.csv";
/// Items that are compared, the newest first.
const READ_MAX: u32 = 500;
/// Cases that are read to compare with, of the items most alike by what they say.
const CASES_READ: usize = 20;

/// A precedent with what it has in common with the case.
#[derive(Clone, Debug)]
pub struct Similar {
    /// What was settled.
    pub precedent: Precedent,
    /// What is alike, in words.
    pub alike: String,
}

/// The table: what counts for how much.
#[derive(Debug, Default, PartialEq, Eq)]
struct Likeness {
    programme: u32,
    purpose: u32,
    told: u32,
    people: u32,
    words: (u32, Vec<String>),
    enough: u32,
    shown: usize,
}

impl Likeness {
    fn of(office: &Office) -> Done<Self> {
        let text = crate::rulebook::tables::text(office, TABLE);
        Self::parse(text.unwrap_or_default())
    }

    fn parse(text: &str) -> Done<Self> {
        let mut out = Self::default();
        for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
            let bad = || CaseError::Refused(format!("{TABLE} 有一行读不懂:{line}"));
            let cells = rules::params::split(line);
            let [name, points, words, ..] = cells.as_slice() else {
                return Err(bad());
            };
            let points: u32 = points.trim().parse().map_err(|_| bad())?;
            match name.trim() {
                "同一项目" => out.programme = points,
                "同一类办理" => out.purpose = points,
                "同样的情形" => out.told = points,
                "家庭人数相同" => out.people = points,
                "同样的词" => {
                    let words = words.split('、').map(|word| word.trim().to_owned());
                    out.words = (points, words.filter(|word| !word.is_empty()).collect());
                }
                "够几分" => out.enough = points,
                "最多列几条" => out.shown = usize::try_from(points).unwrap_or(usize::MAX),
                _ => return Err(bad()),
            }
        }
        Ok(out)
    }
}

/// What of a case is compared.
struct Features<'c> {
    programme: &'c str,
    case: Option<&'c Case>,
    /// What does not hold or is not known, or what the item says.
    words: String,
}

impl<'c> Features<'c> {
    /// Of something a meeting settled.
    fn of(item: &'c Item, case: Option<&'c Case>) -> Self {
        let content = &item.content;
        let words = [
            content.circumstances.as_str(),
            &content.question,
            &content.resolution,
        ];
        Self {
            programme: &content.programme,
            case,
            words: words.concat(),
        }
    }
}

impl Likeness {
    /// How much they have in common, and what.
    fn compare(&self, one: &Features<'_>, other: &Features<'_>) -> (u32, Vec<String>) {
        let mut points = 0_u32;
        let mut alike = Vec::new();
        let mut add = |much: u32, said: String| {
            if much > 0 {
                points = points.saturating_add(much);
                alike.push(said);
            }
        };
        if one.programme == other.programme {
            add(self.programme, "同一项目".to_owned());
        }
        if let (Some(one), Some(other)) = (one.case, other.case) {
            if one.procedure.purpose == other.procedure.purpose {
                add(self.purpose, "同一类办理".to_owned());
            }
            for told in one.standing.told.intersection(&other.standing.told) {
                add(self.told, format!("都是“{told}”"));
            }
            let people = |case: &Case| {
                let content = &case.application.content;
                let mut all: BTreeSet<_> = content.members.iter().map(|(id, _)| *id).collect();
                all.insert(content.applicant);
                all.len()
            };
            if people(one) == people(other) {
                add(self.people, format!("都是 {} 口人", people(one)));
            }
        }
        let (much, words) = &self.words;
        for word in words {
            if one.words.contains(word.as_str()) && other.words.contains(word.as_str()) {
                add(*much, format!("都涉及“{word}”"));
            }
        }
        (points, alike)
    }
}

/// What is wrong with a rulebook's tables of what is alike, each in one sentence.
#[must_use]
pub fn precedent_findings(book: &rules::Rulebook) -> Vec<String> {
    let texts = book.texts().iter();
    let tables = texts.filter(|(path, _)| path.rsplit('/').next() == Some(TABLE));
    let wrong = tables.filter_map(|(path, text)| {
        let why = Likeness::parse(text).err()?;
        Some(format!("{path}:{why}"))
    });
    wrong.collect()
}

/// What was settled before about cases like this one, the most alike first; of this case itself nothing, and of
/// another case only what this person could read in its file. It is advice: where the table cannot be read there is
/// none, and the check of the rulebook says why.
pub(in super::super) async fn similar(
    office: &Office,
    who: &Acting,
    (case, found): (&Case, Option<&Found>),
) -> Done<Vec<Similar>> {
    let table = Likeness::of(office).unwrap_or_default();
    if table.enough == 0 {
        return Ok(Vec::new());
    }
    let own = Features {
        programme: &case.row.content.programme,
        case: Some(case),
        words: open_words(case, found),
    };
    let items = conferences::search(&office.store, "", "", READ_MAX).await?;
    let items = items
        .into_iter()
        .filter(|(item, ..)| item.content.case != Some(case.no()));
    let mut by_words: Vec<(u32, Item, String)> = items
        .map(|(item, day, _)| {
            let points = table.compare(&own, &Features::of(&item, None)).0;
            (points, item, day.to_string())
        })
        .collect();
    by_words
        .sort_by_key(|(points, item, _)| (std::cmp::Reverse(*points), std::cmp::Reverse(item.no)));
    let mut all: Vec<(u32, Vec<String>, Item, String)> = Vec::new();
    let mut read = 0_usize;
    for (_, item, day) in by_words {
        let of = match item.content.case.filter(|_| read < CASES_READ) {
            Some(no) => {
                read = read.saturating_add(1);
                // Of a case that is not this reader's, or cannot be read, only what the meeting wrote down counts.
                load(office, who, no).await.ok()
            }
            None => None,
        };
        let (points, alike) = table.compare(&own, &Features::of(&item, of.as_ref()));
        if points >= table.enough {
            all.push((points, alike, item, day));
        }
    }
    all.sort_by_key(|(points, _, item, _)| {
        (std::cmp::Reverse(*points), std::cmp::Reverse(item.no))
    });
    let mut out = Vec::new();
    for (_, alike, item, day) in all.into_iter().take(table.shown) {
        out.push(Similar {
            precedent: precedent(office, who, (&item, day)).await?,
            alike: alike.join("、"),
        });
    }
    Ok(out)
}

/// What does not hold or is not known of a case, and what is told of it, in words.
fn open_words(case: &Case, found: Option<&Found>) -> String {
    let mut out: Vec<&str> = case.standing.told.iter().map(String::as_str).collect();
    if let Some(found) = found {
        for condition in found
            .conditions
            .iter()
            .filter(|one| one.holds != Some(true))
        {
            out.extend([condition.name.as_str(), condition.reason.as_str()]);
        }
        out.extend(found.missing.iter().map(String::as_str));
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Features, Likeness};

    fn check(text: &str, (one, other): (&str, &str), expected: Option<u32>) {
        let table = Likeness::parse(text).ok();
        let features = |words: &str| Features {
            programme: "dibao",
            case: None,
            words: words.to_owned(),
        };
        let points = table.map(|table| table.compare(&features(one), &features(other)).0);
        assert_eq!(points, expected, "{text}");
    }

    #[test]
    fn what_is_alike_counts_as_the_table_says_and_a_row_it_does_not_know_is_refused() {
        let head = "特征,分,词,说明\n";
        let table = format!("{head}同一项目,3,,\n同样的词,2,车、房,\n");
        check(&table, ("名下有车", "一辆报废的车"), Some(5));
        check(&table, ("名下有车", "名下有房"), Some(3));
        check(&format!("{head}同样的词,2,车,\n"), ("车", "房"), Some(0));
        check(&format!("{head}同一个姓,3,,\n"), ("", ""), None);
        check(&format!("{head}同一项目,很多,,\n"), ("", ""), None);
    }
}

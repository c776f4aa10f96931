//! What a statement does to a protected table, read from its text. A statement whose new rows are all in
//! its values is sealed before it runs; any other is asked for the rows it changed, which are sealed then.

use super::{Moved, Sealed, Seals};
use crate::error::{Result, StoreError};
use crate::sql::Table;
use crate::value::{Row, Value};
use std::collections::HashMap;

/// How a statement that writes to a protected table is run.
pub(crate) enum Way {
    /// Its rows are known: the text also names the seal, and each set of values gets one more.
    Known(String, Vec<Source>),
    /// It answers the rows it has changed, behind what it answers anyway.
    Asked(String, Verb),
}

/// Where the value of a column comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// A value given, counted from 0.
    Given(usize),
    /// It stands in the text, or is left out.
    Fixed(Value),
}

/// Whether rows are there afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Added or changed.
    Kept,
    /// Removed.
    Removed,
}

/// A statement on a protected table.
pub(crate) struct Write<'a> {
    pub(crate) table: &'a Sealed,
    pub(crate) way: Way,
}

impl Write<'_> {
    /// What is run.
    pub(crate) fn text(&self) -> String {
        match &self.way {
            Way::Known(text, _) | Way::Asked(text, _) => text.clone(),
        }
    }
}

impl Seals {
    /// How a statement is run; none when it only reads, or writes to a table without seals.
    pub(crate) fn of<'a>(&'a self, text: &str) -> Option<Write<'a>> {
        let (verb, name, rest) = written_table(text)?;
        let table = self.tables.get(name)?;
        let known = match verb {
            "insert" => known(table, text, rest),
            _ => None,
        };
        let way = known.unwrap_or_else(|| {
            let join = if words(text).any(|word| word == "returning") {
                ", "
            } else {
                " returning "
            };
            let after = match verb {
                "delete" => Verb::Removed,
                _ => Verb::Kept,
            };
            Way::Asked(format!("{text}{join}{}", table.list()), after)
        });
        Some(Write { table, way })
    }

    /// The seal of a row whose values are known before it is written.
    pub(crate) fn seal_known(&self, table: &Sealed, from: &[Source], given: &[Value]) -> Vec<u8> {
        const NULL: &Value = &Value::Null;
        let value = |source| match source {
            &Source::Given(place) => given.get(place).unwrap_or(NULL),
            Source::Fixed(value) => value,
        };
        self.seal(table, from.iter().map(value))
    }

    /// Counts a row that was written with its seal.
    pub(crate) fn count_known(&self, moved: &mut Moved, seal: &[u8]) {
        moved.add(self.share(seal));
    }

    /// Seals a row a statement has answered, and leaves of it what the statement answers anyway. The seal
    /// waits to be written; one that waits already is newer than the one that came with the row.
    pub(crate) fn take_answer(
        &self,
        table: &Sealed,
        verb: Verb,
        mut row: Row,
        moved: &mut Moved,
        waiting: &mut HashMap<Vec<Value>, Vec<u8>>,
    ) -> Result<Row> {
        let own = row
            .0
            .len()
            .saturating_sub(table.columns.len().saturating_add(1));
        let (values, stands) = super::opened(Row(row.0.split_off(own)))?;
        let key = table.key_of(&values);
        let old = waiting.remove(&key);
        if let Some(old) = old.as_ref().or(stands.as_ref()) {
            moved.remove(self.share(old));
        }
        if verb == Verb::Kept {
            let seal = self.seal(table, &values);
            moved.add(self.share(&seal));
            if stands.as_ref() != Some(&seal) {
                waiting.insert(key, seal);
            }
        }
        Ok(row)
    }

    /// The text that writes a seal into its row.
    pub(crate) fn set_text(&self, table: &str) -> Option<String> {
        self.tables.get(table).map(Sealed::set)
    }

    /// A protected table that is filled in bulk, and where its columns come from.
    pub(crate) fn bulk(&self, table: &Table) -> Result<Option<(&Sealed, Vec<Source>)>> {
        match self.tables.get(table.name) {
            Some(sealed) => Ok(Some((sealed, bulk(sealed, table)?))),
            None => Ok(None),
        }
    }
}

impl Sealed {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Where the columns of rows added in bulk come from.
pub(super) fn bulk(sealed: &Sealed, table: &Table) -> Result<Vec<Source>> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let given = (0..names.len()).map(Source::Given).collect();
    sources(sealed, &names, given).ok_or_else(|| StoreError::Database {
        reason: format!(
            "the rows of `{}` leave out a column with a default",
            table.name
        ),
    })
}

/// The verb, the table and the text behind it, of a statement that writes.
pub(super) fn written_table(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start();
    let (verb, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let rest = match verb {
        "update" => rest,
        "insert" => rest.strip_prefix("into")?.trim_start(),
        "delete" => rest.strip_prefix("from")?.trim_start(),
        _ => return None,
    };
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end)?;
    Some((verb, name, rest))
}

/// The words of a text, without what stands around them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// `(a, b) values ($1, 'x')`, and nothing behind it that changes a row already there.
fn known(table: &Sealed, text: &str, rest: &str) -> Option<Way> {
    let (names, rest) = bracketed(rest)?;
    let (items, behind) = bracketed(rest.trim_start().strip_prefix("values")?)?;
    if words(behind).any(|word| word == "update" || word == "returning") {
        return None;
    }
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let items: Option<Vec<Source>> = items.split(',').map(|item| source(item.trim())).collect();
    let items = items.filter(|items| items.len() == names.len())?;
    let next = items.iter().fold(0, |most, item| match item {
        Source::Given(place) => most.max(place.saturating_add(1)),
        Source::Fixed(_) => most,
    });
    // The seal takes the place behind the last value.
    let sources = sources(table, &names, items)?;
    let (before_names, _) = text.split_once('(')?;
    let (list, values) = text.get(before_names.len()..)?.split_once(')')?;
    let (before_close, _) = values.split_once(')')?;
    let behind_values = values.get(before_close.len()..)?;
    let seal = next.saturating_add(1);
    let sealed = format!("{before_names}{list}, seal){before_close}, ${seal}{behind_values}");
    Some(Way::Known(sealed, sources))
}

/// Where each column of a table comes from, in the table's order.
fn sources(table: &Sealed, names: &[&str], items: Vec<Source>) -> Option<Vec<Source>> {
    let told: Vec<(&str, Source)> = names.iter().copied().zip(items).collect();
    let of = |column: &super::Column| {
        let told = told.iter().find(|(name, _)| *name == column.name);
        match told {
            Some((_, source)) => Some(source.clone()),
            None if column.needed => None,
            None => Some(Source::Fixed(Value::Null)),
        }
    };
    let all: Option<Vec<Source>> = table.columns.iter().map(of).collect();
    let unknown = |name: &&str| table.columns.iter().all(|column| column.name != **name);
    all.filter(|_| !names.iter().any(unknown))
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (inside, behind) = text.trim_start().strip_prefix('(')?.split_once(')')?;
    (!inside.contains('(')).then_some((inside, behind))
}

fn source(item: &str) -> Option<Source> {
    if let Some(place) = item.strip_prefix('$') {
        return place
            .parse::<usize>()
            .ok()?
            .checked_sub(1)
            .map(Source::Given);
    }
    if item == "null" {
        return Some(Source::Fixed(Value::Null));
    }
    if let Ok(number) = item.parse::<i64>() {
        return Some(Source::Fixed(Value::Int(number)));
    }
    let inside = item.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inside.contains('\'')).then(|| Source::Fixed(Value::from(inside)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Keyed;
    use crate::seal::Column;
    use std::collections::BTreeMap;

    fn seals() -> Seals {
        let column = |name: &str, needed| Column {
            name: name.to_owned(),
            needed,
        };
        let table = Sealed {
            name: "door".to_owned(),
            columns: vec![
                column("area", true),
                column("number", true),
                column("shut", false),
            ],
            key: vec![1],
        };
        let key = || Keyed::new(&[7; 32]);
        Seals {
            tables: BTreeMap::from([("door".to_owned(), table)]),
            bare: Vec::new(),
            row: key(),
            add: key(),
            hide: key(),
            all: key(),
            state: key(),
        }
    }

    fn way(text: &str) -> String {
        match seals().of(text).map(|write| write.way) {
            None => "not sealed".to_owned(),
            Some(Way::Known(text, from)) => format!("{text} | {from:?}"),
            Some(Way::Asked(text, verb)) => format!("{text} | {verb:?}"),
        }
    }

    #[test]
    fn a_row_whose_values_are_all_given_is_sealed_before_it_is_written() {
        assert_eq!(
            way("insert into door (number, area) values ($1, 'x') on conflict (number) do nothing"),
            "insert into door (number, area, seal) values ($1, 'x', $2) on conflict (number) do nothing \
             | [Fixed(Text(\"x\")), Given(0), Fixed(Null)]"
        );
    }

    #[test]
    fn every_statement_says_at_its_beginning_what_it_does() {
        for text in crate::every::every_statement() {
            let reads = words(&text).next() == Some("select");
            assert!(reads || written_table(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_statement_whose_rows_are_not_in_its_values_is_asked_for_them() {
        let list = "\"area\", \"number\", \"shut\", seal";
        for (text, verb) in [
            ("update door set area = $1 where number > $2", "Kept"),
            ("delete from door where number = $1", "Removed"),
            (
                "insert into door (number, area) select number, area from gate",
                "Kept",
            ),
            (
                "insert into door (number, area) values ($1, lower($2))",
                "Kept",
            ),
            ("insert into door (number) values ($1)", "Kept"),
            (
                "insert into door (number, area) values ($1, $2) on conflict (number) do update set area = 'y'",
                "Kept",
            ),
        ] {
            assert_eq!(way(text), format!("{text} returning {list} | {verb}"));
        }
        let text = "update door set shut = 1 returning number";
        assert_eq!(way(text), format!("{text}, {list} | Kept"));
        assert_eq!(way("select number from door"), "not sealed");
        assert_eq!(way("update gate set area = $1"), "not sealed");
    }
}

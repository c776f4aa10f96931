//! Links feed rows to people. Never guesses: a doubtful pair becomes a task.
//!
//! This is the exact part: keyed tokens of the id number and of folded name + birth date + area are
//! equal or they are not, and no name or number is ever seen here. The probabilistic comparison of
//! names, which needs decrypted batches under a recorded purpose, is to stand beside it as a second
//! pass over what this one leaves `None`, with the same [`Link`] as its answer.

use crate::error::{EngineError, Result};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Int64Type;
use std::collections::HashMap;
use std::sync::Arc;

/// A keyed token of an identity.
pub type Token = [u8; 16];

/// The tokens of a feed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTokens {
    /// The row: batch × 2^32 + row.
    pub row_id: i64,
    /// Token of the id number; none when the row has no valid one.
    pub number: Option<Token>,
    /// Token of folded name, birth date and area.
    pub name: Option<Token>,
}

/// The tokens of a registered person; a person has as many entries as numbers and names carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTokens {
    /// The person.
    pub person_id: i64,
    /// Token of an id number.
    pub number: Option<Token>,
    /// Token of folded name, birth date and area.
    pub name: Option<Token>,
}

/// How sure a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkKind {
    /// 确定
    Certain,
    /// 存疑: somebody must find out who it is.
    Doubtful,
    /// 无
    None,
}

impl LinkKind {
    /// Its word in the lake.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Doubtful => "doubtful",
            Self::None => "none",
        }
    }
}

/// How one part of an identity compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same.
    Same,
    /// Another.
    Other,
    /// Not known on one side.
    Missing,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::Missing => "missing",
        }
    }
}

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The row.
    pub row_id: i64,
    /// The person; for a doubtful link the likeliest one.
    pub person_id: Option<i64>,
    /// How sure.
    pub kind: LinkKind,
    /// How the id numbers compare.
    pub number: Part,
    /// How name, birth date and area compare.
    pub name: Part,
    /// How many persons it could be.
    pub candidates: u32,
}

/// The tokens of everybody registered.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    by_number: HashMap<Token, Vec<i64>>,
    by_name: HashMap<Token, Vec<i64>>,
    names: HashMap<i64, Vec<Token>>,
    numbered: HashMap<i64, usize>,
}

impl Registry {
    /// From the token table.
    pub fn new(persons: impl IntoIterator<Item = PersonTokens>) -> Self {
        let mut it = Self::default();
        for person in persons {
            if let Some(number) = person.number {
                note(it.by_number.entry(number).or_default(), person.person_id);
                let count = it.numbered.entry(person.person_id).or_default();
                *count = count.saturating_add(1);
            }
            if let Some(name) = person.name {
                note(it.by_name.entry(name).or_default(), person.person_id);
                let names = it.names.entry(person.person_id).or_default();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        it
    }

    fn name_part(&self, person: i64, name: Option<Token>) -> Part {
        match (name, self.names.get(&person)) {
            (None, _) | (_, None) => Part::Missing,
            (Some(name), Some(known)) if known.contains(&name) => Part::Same,
            (Some(_), Some(_)) => Part::Other,
        }
    }

    fn number_part(&self, person: i64, number: Option<Token>) -> Part {
        match (number, self.numbered.contains_key(&person)) {
            (None, _) | (_, false) => Part::Missing,
            (Some(number), true) => {
                let same = self
                    .by_number
                    .get(&number)
                    .is_some_and(|ids| ids.contains(&person));
                if same { Part::Same } else { Part::Other }
            }
        }
    }
}

fn note(ids: &mut Vec<i64>, id: i64) {
    if !ids.contains(&id) {
        ids.push(id);
    }
}

/// Links rows to the persons of the registry, row by row in their order.
pub fn link(rows: &[RowTokens], registry: &Registry) -> Vec<Link> {
    rows.iter().map(|row| link_row(row, registry)).collect()
}

fn link_row(row: &RowTokens, registry: &Registry) -> Link {
    let found = |map: &HashMap<Token, Vec<i64>>, token: Option<Token>| {
        token.and_then(|t| map.get(&t)).cloned().unwrap_or_default()
    };
    let by_number = found(&registry.by_number, row.number);
    let by_name = found(&registry.by_name, row.name);
    let answer = |person: i64, kind: LinkKind, candidates: usize| Link {
        row_id: row.row_id,
        person_id: Some(person),
        kind,
        number: registry.number_part(person, row.number),
        name: registry.name_part(person, row.name),
        candidates: u32::try_from(candidates).unwrap_or(u32::MAX),
    };
    match (by_number.as_slice(), by_name.as_slice()) {
        ([], []) => Link {
            row_id: row.row_id,
            person_id: None,
            kind: LinkKind::None,
            number: Part::Missing,
            name: Part::Missing,
            candidates: 0,
        },
        // The number is somebody's, and the name does not speak against it.
        ([one], _) if registry.name_part(*one, row.name) != Part::Other => {
            answer(*one, LinkKind::Certain, 1)
        }
        // The number says one person, the name another or nobody known.
        ([one], others) => answer(*one, LinkKind::Doubtful, others.len().saturating_add(1)),
        // A number several persons carry: the one with the same name is the likeliest.
        ([first, ..], names) => {
            let likeliest = by_number
                .iter()
                .find(|id| names.contains(id))
                .unwrap_or(first);
            answer(*likeliest, LinkKind::Doubtful, by_number.len())
        }
        // Without a number of his own a name may be a namesake's.
        ([], [first, ..]) => answer(*first, LinkKind::Doubtful, by_name.len()),
    }
}

/// The tokens of rows as the lake holds them: `row_id`, `number_token`, `name_token`.
///
/// # Errors
/// A column missing or of another type.
pub fn tokens_of(batch: &RecordBatch) -> Result<Vec<RowTokens>> {
    let missing = |column: &str| EngineError::Column {
        column: column.to_owned(),
    };
    let column = |name: &str| batch.column_by_name(name).ok_or_else(|| missing(name));
    let ids = column("row_id")?
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(|| missing("row_id"))?;
    let numbers = column("number_token")?;
    let names = column("name_token")?;
    let token = |array: &ArrayRef, row: usize| -> Option<Token> {
        let tokens = array.as_fixed_size_binary_opt()?;
        if tokens.is_null(row) {
            None
        } else {
            Token::try_from(tokens.value(row)).ok()
        }
    };
    let rows = ids.values().iter().enumerate();
    Ok(rows
        .map(|(row, id)| RowTokens {
            row_id: *id,
            number: token(numbers, row),
            name: token(names, row),
        })
        .collect())
}

/// Links as a table of the lake.
///
/// # Errors
/// Never for links of one run.
pub fn batch_of(links: &[Link]) -> Result<RecordBatch> {
    let words = |of: fn(&Link) -> &'static str| -> ArrayRef {
        Arc::new(
            links
                .iter()
                .map(|link| Some(of(link)))
                .collect::<StringArray>(),
        )
    };
    let row_ids: Int64Array = links.iter().map(|link| Some(link.row_id)).collect();
    let person_ids: Int64Array = links.iter().map(|link| link.person_id).collect();
    let candidates: Int64Array = links
        .iter()
        .map(|link| Some(i64::from(link.candidates)))
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("row_id", Arc::new(row_ids)),
        ("person_id", Arc::new(person_ids)),
        ("kind", words(|link| link.kind.word())),
        ("number", words(|link| link.number.word())),
        ("name", words(|link| link.name.word())),
        ("candidates", Arc::new(candidates)),
    ];
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

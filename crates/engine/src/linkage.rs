//! Links feed rows to people. Never guesses: a doubtful pair becomes a task.
//!
//! This is the exact part: keyed tokens of the id number and of folded name + birth date + area are
//! equal or they are not, and no name or number is ever seen here. The probabilistic comparison of
//! names, which needs decrypted batches under a recorded purpose, is to stand beside it as a second
//! pass over what this one leaves `None`, with the same [`Link`] as its answer.
//!
//! | number | name + birth + area | answer |
//! |---|---|---|
//! | one person's | not against it, or not known | certain |
//! | one person's | another's, or nobody's | doubtful |
//! | several persons' | whatever | doubtful |
//! | missing, or nobody's | one person's or several | doubtful: it may be a namesake |
//! | missing, or nobody's | nobody's | none |

use std::collections::{BTreeSet, HashMap};

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

/// The tokens of everybody registered. Grows while a register is taken; never forgets.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    by_number: BTreeSet<(Token, i64)>,
    by_name: BTreeSet<(Token, i64)>,
    sides: HashMap<i64, Sides>,
}

/// What is known of a person at all.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    numbered: bool,
    named: bool,
}

impl Registry {
    /// From now on a number is this person's too.
    pub fn learn_number(&mut self, number: Token, person: i64) {
        self.by_number.insert((number, person));
        self.sides.entry(person).or_default().numbered = true;
    }

    /// From now on a name, birth date and area are this person's too.
    pub fn learn_name(&mut self, name: Token, person: i64) {
        self.by_name.insert((name, person));
        self.sides.entry(person).or_default().named = true;
    }

    /// Whose number it is, by person.
    pub fn of_number<'a>(&'a self, number: &Token) -> impl Iterator<Item = i64> + use<'a> {
        of(&self.by_number, number)
    }

    /// Whose name, birth date and area they are, by person.
    pub fn of_name<'a>(&'a self, name: &Token) -> impl Iterator<Item = i64> + use<'a> {
        of(&self.by_name, name)
    }

    /// Everybody a row may be, the likeliest first: the owners of its number, then of its name.
    #[must_use]
    pub fn candidates(&self, row: &RowTokens) -> Vec<i64> {
        let likeliest = link_row(row, self).person_id;
        let numbers = row.number.iter().flat_map(|t| self.of_number(t));
        let names = row.name.iter().flat_map(|t| self.of_name(t));
        let mut all: Vec<i64> = Vec::new();
        for person in likeliest.into_iter().chain(numbers).chain(names) {
            if !all.contains(&person) {
                all.push(person);
            }
        }
        all
    }

    /// How a row's name, birth date and area compare with a person's.
    #[must_use]
    pub fn name_part(&self, person: i64, name: Option<Token>) -> Part {
        let known = self.sides.get(&person).is_some_and(|s| s.named);
        part(&self.by_name, person, name, known)
    }

    /// How a row's number compares with a person's.
    #[must_use]
    pub fn number_part(&self, person: i64, number: Option<Token>) -> Part {
        let known = self.sides.get(&person).is_some_and(|s| s.numbered);
        part(&self.by_number, person, number, known)
    }
}

fn of<'a>(
    tokens: &'a BTreeSet<(Token, i64)>,
    token: &Token,
) -> impl Iterator<Item = i64> + use<'a> {
    let all = (*token, i64::MIN)..=(*token, i64::MAX);
    tokens.range(all).map(|(_, person)| *person)
}

fn part(tokens: &BTreeSet<(Token, i64)>, person: i64, token: Option<Token>, known: bool) -> Part {
    match token {
        Some(token) if known && tokens.contains(&(token, person)) => Part::Same,
        Some(_) if known => Part::Other,
        _ => Part::Missing,
    }
}

/// Links rows to the persons of the registry, row by row in their order. A row's answer depends on
/// no other row.
pub fn link(rows: &[RowTokens], registry: &Registry) -> Vec<Link> {
    rows.iter().map(|row| link_row(row, registry)).collect()
}

fn link_row(row: &RowTokens, registry: &Registry) -> Link {
    let by_number: Vec<i64> = row
        .number
        .iter()
        .flat_map(|t| registry.of_number(t))
        .collect();
    let name = row.name;
    let namesakes = || name.iter().flat_map(|t| registry.of_name(t));
    let answer = |person: i64, kind: LinkKind, candidates: usize| Link {
        row_id: row.row_id,
        person_id: Some(person),
        kind,
        number: registry.number_part(person, row.number),
        name: registry.name_part(person, name),
        candidates: u32::try_from(candidates).unwrap_or(u32::MAX),
    };
    match by_number.as_slice() {
        // The number is somebody's, and the name does not speak against it.
        [one] if registry.name_part(*one, name) != Part::Other => {
            answer(*one, LinkKind::Certain, 1)
        }
        // The number says one person, the name another or nobody known.
        [one] => answer(
            *one,
            LinkKind::Doubtful,
            namesakes().count().saturating_add(1),
        ),
        // A number several persons carry: the one with the same name is the likeliest.
        [first, ..] => {
            let named = namesakes().find(|id| by_number.contains(id));
            answer(named.unwrap_or(*first), LinkKind::Doubtful, by_number.len())
        }
        // Without a number of his own a name may be a namesake's.
        [] => match namesakes().next() {
            Some(first) => answer(first, LinkKind::Doubtful, namesakes().count()),
            None => Link {
                row_id: row.row_id,
                person_id: None,
                kind: LinkKind::None,
                number: Part::Missing,
                name: Part::Missing,
                candidates: 0,
            },
        },
    }
}

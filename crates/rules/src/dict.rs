//! The dictionary of facts.md: entities, enumerations, relations, statuses and facts.

use crate::plan::{EntityId, EnumId, RelId, Type};
use crate::problem::Span;
use crate::value::Ratio;

/// An enumeration; with `ordered`, members compare by their place.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its name; empty for one written in place as `{a, b}`.
    pub name: String,
    /// Its members in order.
    pub members: Vec<String>,
    /// Whether `<` was written between them.
    pub ordered: bool,
}

/// A relation from an owner to rows.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// Who owns the rows.
    pub owner: EntityId,
    /// The entity each row leads to; `None` for the rows of a feed.
    pub target: Option<EntityId>,
    /// The feed file whose 行 it is.
    pub feed: Option<String>,
    /// Columns of a feed's rows: name and type, in order.
    pub columns: Vec<(String, Type)>,
    /// The column that dates a row.
    pub date_column: Option<String>,
    /// The columns that together make a row one.
    pub key_columns: Vec<String>,
    /// The most rows one owner can have; bounds every sum.
    pub at_most: u32,
}

/// How carefully a fact is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    /// 一般
    Ordinary,
    /// 敏感
    Sensitive,
}

/// A fact of an entity.
#[derive(Clone, Debug)]
pub struct FactDef {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Least and greatest value in the machine's scale, for numbers.
    pub range: Option<(Ratio, Ratio)>,
    /// Whose fact it is.
    pub entity: EntityId,
    /// The feed ids (or 走访, 申请) it comes from.
    pub source: String,
    /// How carefully it is handled.
    pub sensitivity: Sensitivity,
    /// How long it is kept, in months; `None` for 长期.
    pub keep_months: Option<u32>,
    /// How a resident is asked for it; none for what only an office knows.
    pub ask: Option<Asking>,
    /// Where it is declared.
    pub span: Span,
}

/// 问: how a resident is asked for a fact they know themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The question.
    pub words: String,
    /// 说明: what helps to answer it.
    pub help: Option<String>,
}

/// A status given by policies or by a feed.
#[derive(Clone, Debug)]
pub struct StatusDef {
    /// Its name.
    pub name: String,
    /// Who holds it.
    pub entity: EntityId,
    /// Where it is declared.
    pub span: Span,
}

/// The dictionary.
#[derive(Clone, Debug, Default)]
pub struct Dict {
    /// Entities by name, in the order declared.
    pub entities: Vec<String>,
    /// Enumerations, in the order declared; those written in place follow.
    pub enums: Vec<Enumeration>,
    /// Relations, in the order declared; feeds' rows follow.
    pub relations: Vec<Relation>,
    /// Statuses.
    pub statuses: Vec<StatusDef>,
    /// Facts.
    pub facts: Vec<FactDef>,
}

fn place<T>(list: &[T], found: impl Fn(&T) -> bool) -> Option<u32> {
    u32::try_from(list.iter().position(found)?).ok()
}

impl Dict {
    /// An entity by name.
    pub fn entity(&self, name: &str) -> Option<EntityId> {
        place(&self.entities, |e| e == name).map(EntityId)
    }

    /// An entity's name.
    pub fn entity_name(&self, id: EntityId) -> &str {
        self.entities.get(id.at()).map_or("", String::as_str)
    }

    /// An enumeration by name.
    pub fn enumeration(&self, name: &str) -> Option<EnumId> {
        place(&self.enums, |e| e.name == name && !name.is_empty()).map(EnumId)
    }

    /// An enumeration.
    pub fn enum_of(&self, id: EnumId) -> Option<&Enumeration> {
        self.enums.get(id.at())
    }

    /// The place of a member in an enumeration.
    pub fn member(&self, id: EnumId, name: &str) -> Option<u16> {
        let at = self.enum_of(id)?.members.iter().position(|m| m == name)?;
        u16::try_from(at).ok()
    }

    /// The name of a member.
    pub fn member_name(&self, id: EnumId, member: u16) -> &str {
        self.enum_of(id)
            .and_then(|e| e.members.get(usize::from(member)))
            .map_or("？", String::as_str)
    }

    /// A relation by name.
    pub fn relation(&self, name: &str) -> Option<RelId> {
        place(&self.relations, |r| r.name == name).map(RelId)
    }

    /// A relation.
    pub fn relation_of(&self, id: RelId) -> Option<&Relation> {
        self.relations.get(id.at())
    }
}

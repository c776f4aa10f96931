//! The tables of one program for another: quantities are found again by their names.

use crate::error::Result;
use crate::frames::{Frames, RelationFrame};
use rules::Program;
use rules::plan::{Home, Item, ItemId, Type};
use std::collections::{BTreeMap, HashMap};

/// The tables under the numbers another program gives its quantities; none when the two do not
/// speak of the same entities, relations and facts, so that the tables must be built anew.
///
/// # Errors
/// Columns of different length: never for tables that ran before.
pub fn refit(frames: &Frames, from: &Program, to: &Program) -> Result<Option<Frames>> {
    if !same_world(from, to) {
        return Ok(None);
    }
    let by_name: HashMap<(&str, Home), ItemId> = (0..)
        .map(ItemId)
        .zip(&to.items)
        .map(|(id, item)| ((item.path.as_str(), item.home), id))
        .collect();
    let place = |id: ItemId| {
        let old = from.item(id)?;
        let new = *by_name.get(&(old.path.as_str(), old.home))?;
        let fits = |new: &Item| {
            same_type(from, to, old.ty, new.ty)
                && new.bounds.map(|b| b.den_min) == old.bounds.map(|b| b.den_min)
        };
        to.item(new).filter(|new| fits(new)).map(|_| new)
    };
    let mut out = Frames::default();
    for (entity, frame) in &frames.entities {
        let Some(frame) = frame.renumbered(&place) else {
            return Ok(None);
        };
        out.entities.insert(*entity, frame);
    }
    for (relation, frame) in &frames.relations {
        let mut fresh = RelationFrame::new(
            frame.owners().clone(),
            frame.targets().clone(),
            frame.complete().clone(),
        )?;
        for (item, column) in frame.columns() {
            let Some(item) = place(*item) else {
                return Ok(None);
            };
            fresh.set(item, column.clone());
        }
        out.relations.insert(*relation, fresh);
    }
    let statuses: Option<BTreeMap<_, _>> = frames
        .statuses
        .iter()
        .map(|(status, frame)| Some((place(*status)?, frame.clone())))
        .collect();
    let Some(statuses) = statuses else {
        return Ok(None);
    };
    out.statuses = statuses;
    Ok(Some(out))
}

/// Whether entities and relations are the same under the same numbers.
fn same_world(from: &Program, to: &Program) -> bool {
    let relations = |program: &Program| -> Vec<(String, _, _)> {
        let all = program.dict.relations.iter();
        all.map(|r| (r.name.clone(), r.owner, r.target)).collect()
    };
    from.dict.entities == to.dict.entities && relations(from) == relations(to)
}

/// Whether a column of the one type reads the same as the other.
fn same_type(from: &Program, to: &Program, old: Type, new: Type) -> bool {
    let members = |program: &Program, of| -> Option<Vec<String>> {
        Some(program.dict.enum_of(of)?.members.clone())
    };
    match (old, new) {
        (Type::Enum(a), Type::Enum(b)) | (Type::Set(a), Type::Set(b)) => {
            members(from, a) == members(to, b)
        }
        (old, new) => old == new,
    }
}

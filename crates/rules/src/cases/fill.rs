//! Puts the cells of a case's row where they belong: a fact, a parameter, a member's fact, what was
//! recorded.

use crate::plan::{Body, FilePlan, Home, ItemId, Program, RelId, Type};
use crate::show;
use crate::situation::{InstanceId, ListId, Situation};
use crate::value::Value;
use std::collections::HashMap;

/// Where a column's value goes.
pub(super) enum Target {
    Own(ItemId),
    Parameter(ItemId),
    Row(RelId, ItemId),
    RowPerson(RelId, ItemId),
    Household(ItemId),
    Area(ItemId),
}

pub(super) struct Filler<'a> {
    program: &'a Program,
    plan: &'a FilePlan,
    alias: HashMap<String, String>,
    area: String,
    pub(super) situation: Situation,
    pub(super) at: InstanceId,
    household: Option<InstanceId>,
    above: Option<InstanceId>,
    lists: HashMap<RelId, ListId>,
}

impl<'a> Filler<'a> {
    pub(super) fn new(
        program: &'a Program,
        plan: &'a FilePlan,
        alias: HashMap<String, String>,
        area: &str,
    ) -> Self {
        let mut situation = Situation::new();
        let at = situation.add(plan.entity, 0);
        situation.set_place(at, area, None);
        let mut filler = Self {
            program,
            plan,
            alias,
            area: area.to_owned(),
            situation,
            at,
            household: None,
            above: None,
            lists: HashMap::new(),
        };
        // A list that a case does not give is complete and empty.
        filler.empty_lists(at);
        filler
    }

    fn empty_lists(&mut self, at: InstanceId) {
        let Some(entity) = self.situation.instance(at).map(|i| i.entity) else {
            return;
        };
        for (place, relation) in self.program.dict.relations.iter().enumerate() {
            if let (true, Ok(id)) = (relation.owner == entity, u32::try_from(place)) {
                let list = self.situation.add_list(at, RelId(id), true);
                if at == self.at {
                    self.lists.insert(RelId(id), list);
                }
            }
        }
    }

    pub(super) fn fill(&mut self, header: &str, text: &str) -> Result<(), String> {
        if let Some((function, inner)) = history(header) {
            return self.history(function, inner, text);
        }
        if header == "城乡" {
            let e = self
                .program
                .dict
                .enumeration("城乡")
                .ok_or("facts.md 没有枚举 城乡")?;
            let Value::Sym(member) = self.parse(text, Type::Enum(e))? else {
                return Ok(());
            };
            let area = self.area.clone();
            self.situation.set_place(self.at, &area, Some(member));
            return Ok(());
        }
        match self.target(header).ok_or_else(|| self.unknown(header))? {
            Target::Own(id) => {
                let value = self.parse_item(id, text)?;
                self.situation.set(self.at, id, value);
            }
            Target::Parameter(id) => {
                let value = self.parse_item(id, text)?;
                self.situation.set_param(id, value);
            }
            Target::Household(id) => {
                let at = self.household()?;
                let value = self.parse_item(id, text)?;
                self.situation.set(at, id, value);
            }
            Target::Area(id) => {
                let at = self.above()?;
                let value = self.parse_item(id, text)?;
                self.situation.set(at, id, value);
            }
            Target::Row(rel, id) => self.rows(rel, id, text, false)?,
            Target::RowPerson(rel, id) => self.rows(rel, id, text, true)?,
        }
        Ok(())
    }

    fn unknown(&self, header: &str) -> String {
        let items = self.program.items.iter();
        let names = items.map(|i| {
            i.path
                .strip_prefix(&self.plan.id)
                .map_or(i.path.as_str(), |r| r.trim_start_matches('.'))
        });
        let near =
            crate::problem::nearest(header, names.chain(self.alias.keys().map(String::as_str)));
        let meant = near.map_or(String::new(), |n| format!(";是不是 `{n}`?"));
        format!("没有 `{header}` 这个量{meant}")
    }

    fn parse(&self, text: &str, ty: Type) -> Result<Value, String> {
        show::parse_cell(text, ty, &self.program.dict)
    }

    fn parse_item(&self, id: ItemId, text: &str) -> Result<Value, String> {
        let ty = self.program.item(id).map_or(Type::Bool, |i| i.ty);
        self.parse(text, ty)
    }

    fn history(&mut self, function: &str, inner: &str, text: &str) -> Result<(), String> {
        let name = inner.split([',', '\u{FF0C}']).next().unwrap_or("").trim();
        let id = match self.target(name) {
            Some(Target::Own(id)) => id,
            Some(Target::RowPerson(rel, id)) if function == "当时" => {
                return self.row_history(rel, id, text);
            }
            _ => return Err(format!("没有 `{name}` 这个量")),
        };
        let value = self.parse_item(id, text)?;
        match function {
            "曾" => self.situation.set_ever(self.at, id, value),
            _ => self.situation.record(self.at, id, None, None, value),
        }
        Ok(())
    }

    fn row_history(&mut self, rel: RelId, id: ItemId, text: &str) -> Result<(), String> {
        let list = *self.lists.get(&rel).ok_or("这个关系不属于这个文件的实体")?;
        let targets: Vec<_> = self
            .situation
            .list(list)
            .map_or(vec![], |l| l.rows.iter().filter_map(|r| r.target).collect());
        let cells: Vec<&str> = text.split([';', '\u{FF1B}']).map(str::trim).collect();
        if targets.len() != cells.len() {
            return Err(format!(
                "这一格有 {} 个值,名单有 {} 行;先写这个关系的别的列",
                cells.len(),
                targets.len()
            ));
        }
        for (at, cell) in targets.into_iter().zip(cells) {
            let value = self.parse_item(id, cell)?;
            self.situation.record(at, id, None, None, value);
        }
        Ok(())
    }

    fn target(&self, header: &str) -> Option<Target> {
        target(self.program, self.plan, &self.alias, header)
    }

    fn household(&mut self) -> Result<InstanceId, String> {
        if let Some(at) = self.household {
            return Ok(at);
        }
        let entity = self
            .program
            .dict
            .entity("家庭")
            .ok_or("facts.md 没有实体 家庭")?;
        let at = self.situation.add(entity, 0);
        let area = self.area.clone();
        self.situation.set_place(at, &area, None);
        self.situation.set_household(self.at, at);
        self.empty_lists(at);
        self.household = Some(at);
        Ok(at)
    }

    fn above(&mut self) -> Result<InstanceId, String> {
        if let Some(at) = self.above {
            return Ok(at);
        }
        let entity = self
            .program
            .dict
            .entity("地区")
            .ok_or("facts.md 没有实体 地区")?;
        let at = self.situation.add(entity, 0);
        let area = self.area.clone();
        self.situation.set_place(at, &area, None);
        self.situation.set_home_area(self.at, at);
        self.above = Some(at);
        Ok(at)
    }

    fn rows(&mut self, rel: RelId, id: ItemId, text: &str, of_target: bool) -> Result<(), String> {
        let list = *self.lists.get(&rel).ok_or("这个关系不属于这个文件的实体")?;
        let mut cells: Vec<&str> = text.split([';', '\u{FF1B}']).map(str::trim).collect();
        let open = cells
            .last()
            .is_some_and(|c| matches!(*c, "…" | "..." | "……"));
        if open {
            cells.pop();
            if let Some(l) = self.situation.list_mut(list) {
                l.complete = false;
            }
        }
        let have = self.situation.list(list).map_or(0, |l| l.rows.len());
        if have != 0 && have != cells.len() {
            return Err(format!(
                "这一格有 {} 个值,同一关系的别的列有 {have} 个",
                cells.len()
            ));
        }
        let target = self.program.dict.relation_of(rel).and_then(|r| r.target);
        for _ in have..cells.len() {
            let instance = target.map(|entity| {
                let at = self.situation.add(entity, 0);
                let area = self.area.clone();
                self.situation.set_place(at, &area, None);
                self.situation.set_household(at, self.at);
                self.empty_lists(at);
                at
            });
            self.situation.add_row(list, instance);
        }
        for (row, cell) in cells.iter().enumerate() {
            let value = self.parse_item(id, cell)?;
            let instance = self
                .situation
                .list(list)
                .and_then(|l| l.rows.get(row))
                .and_then(|r| r.target);
            match instance.filter(|_| of_target) {
                Some(at) => self.situation.set(at, id, value),
                None => self.situation.set_in_row(list, row, id, value),
            }
        }
        Ok(())
    }
}

/// `当时(特困, 上月末)` and `曾(…)` as column headers.
fn history(header: &str) -> Option<(&'static str, &str)> {
    ["当时", "曾"].into_iter().find_map(|function| {
        let inner = header
            .strip_prefix(function)?
            .trim()
            .strip_prefix(['(', '\u{FF08}'])?;
        Some((function, inner.trim_end_matches([')', '\u{FF09}'])))
    })
}

pub(super) fn target(
    program: &Program,
    plan: &FilePlan,
    alias: &HashMap<String, String>,
    header: &str,
) -> Option<Target> {
    let whole = |path: &str| program.find(path);
    let own = whole(&format!("{}.{header}", plan.id))
        .or_else(|| alias.get(header).and_then(|p| aliased(program, p)));
    let id = own.or_else(|| by_entity(program, plan.entity, header));
    if let Some(id) = id.or_else(|| {
        whole(header)
            .filter(|i| header.contains('.') && program.item(*i).is_some_and(|x| x.file.is_some()))
    }) {
        let item = program.item(id)?;
        let first = header.split('.').next().unwrap_or("");
        return Some(match (item.home, &item.body) {
            (_, Body::Param(_)) => Target::Parameter(id),
            (Home::Rows(rel), _) => Target::Row(rel, id),
            (Home::Entity(entity), _) if entity != plan.entity => {
                match program.dict.relation(first) {
                    Some(rel) => Target::RowPerson(rel, id),
                    None => Target::Own(id),
                }
            }
            _ => Target::Own(id),
        });
    }
    let (first, rest) = header.split_once('.')?;
    match first {
        "本户" => named(program, "家庭", rest).map(Target::Household),
        "本地" => named(program, "地区", rest).map(Target::Area),
        _ => {
            let rel = program.dict.relation(first)?;
            if let Some(column) = whole(header)
                .filter(|i| program.item(*i).is_some_and(|x| x.home == Home::Rows(rel)))
            {
                return Some(Target::Row(rel, column));
            }
            let entity = program.dict.relation_of(rel)?.target?;
            by_entity(program, entity, rest)
                .or_else(|| whole(rest))
                .map(|id| Target::RowPerson(rel, id))
        }
    }
}

/// An alias's item: `composition.成员.计入`, or `成员.file.x` → `file.x`.
fn aliased(program: &Program, path: &str) -> Option<ItemId> {
    program.find(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        program.dict.relation(first)?;
        program.find(rest)
    })
}

fn named(program: &Program, entity: &str, name: &str) -> Option<ItemId> {
    let entity = program.dict.entity(entity)?;
    by_entity(program, entity, name).or_else(|| program.find(name))
}

/// A fact or status of an entity by its name.
fn by_entity(program: &Program, entity: crate::plan::EntityId, name: &str) -> Option<ItemId> {
    let at = program
        .items
        .iter()
        .position(|i| i.file.is_none() && i.home == Home::Entity(entity) && i.name == name)?;
    u32::try_from(at).ok().map(ItemId)
}

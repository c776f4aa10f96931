//! Parameters: dated tables, looked up at 基准日 by area and keys.

use super::{Evaluator, NoteKind, Place};
use crate::plan::{Body, Expr, ExprKind, Home, ItemId, Param, ParamKey, ParamValue};
use crate::situation::InstanceId;
use crate::value::Value;
use domain::Day;

/// Key members of a parameter, without an allocation.
#[derive(Default)]
struct Keys {
    members: [Option<u16>; 8],
    len: usize,
}

impl Keys {
    /// Adds a key; none when its value is unknown.
    fn push(&mut self, value: Value) -> Option<()> {
        let member = match value {
            Value::Sym(member) => member,
            Value::Bool(answer) => u16::from(answer),
            _ => return None,
        };
        *self.members.get_mut(self.len)? = Some(member);
        self.len = self.len.checked_add(1)?;
        Some(())
    }

    fn as_slice(&self) -> &[Option<u16>] {
        self.members.get(..self.len).unwrap_or(&[])
    }
}

impl<'p> Evaluator<'p> {
    /// A parameter by its written keys.
    pub(super) fn param(&mut self, id: ItemId, written: &'p [Option<Expr>], place: Place) -> Value {
        if let Some(value) = self.given_param(id, place.owner) {
            return value;
        }
        let Some(keys) = self.written_keys(written, place) else {
            return Value::Unknown;
        };
        self.look_up(id, &keys, place.owner, self.moments.base)
    }

    /// A parameter whose keys were not written: they are the own facts of that name.
    pub(super) fn param_on(&mut self, id: ItemId, at: InstanceId, day: Day) -> Value {
        if let Some(value) = self.given_param(id, at) {
            return value;
        }
        let Some(keys) = self.own_keys(id, at) else {
            return Value::Unknown;
        };
        self.look_up(id, &keys, at, day)
    }

    /// A parameter given in place of the tables.
    fn given_param(&self, id: ItemId, at: InstanceId) -> Option<Value> {
        let given = self.situation.given_param(id);
        given.or_else(|| self.situation.given(at, id).map(|g| g.value))
    }

    /// The row of the table a parameter is read from, for telling its source.
    pub(crate) fn param_row(
        &mut self,
        id: ItemId,
        via: Option<&'p Expr>,
        at: InstanceId,
    ) -> Option<&'p ParamValue> {
        let keys = match via.map(|e| &e.kind) {
            Some(ExprKind::Param(_, written)) => self.written_keys(written, Place::own(at))?,
            _ => self.own_keys(id, at)?,
        };
        self.find(id, &keys, at, self.moments.base)
    }

    fn table(&self, id: ItemId) -> Option<&'p Param> {
        match &self.program.item(id)?.body {
            Body::Param(param) => Some(param),
            _ => None,
        }
    }

    fn written_keys(&mut self, written: &'p [Option<Expr>], place: Place) -> Option<Keys> {
        let mut keys = Keys::default();
        for key in written.iter().flatten() {
            keys.push(self.expr(key, place))?;
        }
        Some(keys)
    }

    fn own_keys(&mut self, id: ItemId, at: InstanceId) -> Option<Keys> {
        let program = self.program;
        let mut keys = Keys::default();
        for key in &self.table(id)?.keys {
            if let ParamKey::Enum(e) = key {
                keys.push(self.own_fact(&program.dict.enum_of(*e)?.name, at))?;
            }
        }
        Some(keys)
    }

    fn own_fact(&mut self, name: &str, at: InstanceId) -> Value {
        let Some(entity) = self.situation.instance(at).map(|i| i.entity) else {
            return Value::Unknown;
        };
        let found = self.program.items.iter().position(|i| {
            i.home == Home::Entity(entity) && matches!(i.body, Body::Fact) && i.name == name
        });
        match found.and_then(|at| u32::try_from(at).ok()) {
            Some(item) => self.item(ItemId(item), Place::own(at)),
            None => Value::Unknown,
        }
    }

    fn find(&self, id: ItemId, keys: &Keys, at: InstanceId, day: Day) -> Option<&'p ParamValue> {
        let area = self.situation.instance(at).map_or("", |i| i.area.as_str());
        self.table(id)?.lookup(area, keys.as_slice(), day)
    }

    fn look_up(&mut self, id: ItemId, keys: &Keys, at: InstanceId, day: Day) -> Value {
        match self.find(id, keys, at, day) {
            Some(found) => found.value,
            None => {
                self.note_on(id, at, NoteKind::NoParameter);
                Value::Unknown
            }
        }
    }
}

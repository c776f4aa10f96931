//! What a list changes of what is known, one code at a time. Pure: no record, no clock.
//!
//! A newer list renames and ends; an older one only adds what nobody told before. Nothing is
//! forgotten: the old name ends on the day of the list that tells the new one.

use super::list::Listed;
use domain::{Area, AreaCode, Day};
use std::cmp::Reverse;
use store::areas::{Edition, Known, Step};

/// The list being taken in, and those taken in before.
pub(super) struct About<'a> {
    pub day: Day,
    pub before: &'a [Edition],
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It was not known.
    Added(Vec<Step>),
    /// A new name, or days that were not known.
    Changed(Vec<Step>),
    /// Known as it is.
    Unchanged,
    /// A newer list said otherwise.
    Older,
    Refused(String),
}

impl About<'_> {
    /// Was a newer list of such places taken in?
    fn is_older(&self, code: &AreaCode) -> bool {
        let newer = self.before.iter().filter(|e| e.day > self.day);
        newer.into_iter().any(|e| e.covers(code))
    }

    /// The day by which the place was gone: a newer list of all such places that knew nothing of it.
    fn gone_by(&self, code: &AreaCode) -> Option<Day> {
        let newer = self.before.iter().filter(|e| e.day > self.day && e.whole);
        newer.filter(|e| e.covers(code)).map(|e| e.day).min()
    }

    /// Did an older list of all such places not have it yet?
    fn is_new(&self, code: &AreaCode) -> bool {
        let older = self.before.iter().filter(|e| e.day < self.day && e.whole);
        older.into_iter().any(|e| e.covers(code))
    }

    /// A place of the record that the list of all such places no longer has.
    pub fn ends(&self, known: &Known) -> Option<Step> {
        let older = known.edition.is_none_or(|e| e < self.day)
            && known.area.valid_from.is_none_or(|from| from < self.day);
        let stands = known.area.valid_to.is_none() && !self.is_older(&known.area.code);
        (stands && older).then_some(Step::End(known.id, self.day))
    }

    /// A row of a list of the places there are on its day.
    pub fn place(&self, known: &[Known], row: &Listed) -> Became {
        let Some(now) = known.iter().find(|k| k.area.valid_to.is_none()) else {
            return self.unknown_place(known, row);
        };
        let same_name = *now.area.name == *row.name;
        match (now.area.urban_rural, row.class) {
            (None, Some(class)) if same_name => {
                return Became::Changed(vec![Step::Class(now.id, class)]);
            }
            (Some(was), Some(class)) if was != class => {}
            _ if same_name => return Became::Unchanged,
            _ => {}
        }
        if self.is_older(&row.code) || now.edition.is_some_and(|e| e > self.day) {
            return Became::Older;
        }
        if now.edition == Some(self.day) {
            return Became::Refused(format!(
                "同一版本({})里这个代码已是「{}」",
                self.day, now.area.name
            ));
        }
        if now.area.valid_from.is_some_and(|from| from >= self.day) {
            return Became::Older;
        }
        let named = area(row, Some(self.day), None, now.area.urban_rural);
        Became::Changed(vec![Step::End(now.id, self.day), Step::Add(named)])
    }

    fn unknown_place(&self, known: &[Known], row: &Listed) -> Became {
        let ends = || known.iter().filter_map(|k| k.area.valid_to);
        if ends().any(|to| to > self.day) {
            return Became::Older;
        }
        let again = ends().next().is_some();
        let from = (again || self.is_new(&row.code)).then_some(self.day);
        let to = self.gone_by(&row.code);
        Became::Added(vec![Step::Add(area(row, from, to, None))])
    }

    /// The rows of one code in a list of years, each with what became of it.
    pub fn years<'r>(&self, known: &[Known], rows: &'r [Listed]) -> Vec<(&'r Listed, Became)> {
        let mut line = Timeline::of(known);
        // What is in force first, then the latest to end: where one begins, the one before it ended.
        let mut newest_first: Vec<&Listed> = rows.iter().collect();
        newest_first.sort_by_key(|row| (row.to.is_some(), Reverse(row.to)));
        newest_first
            .into_iter()
            .map(|row| (row, self.year(&mut line, row)))
            .collect()
    }

    fn year(&self, line: &mut Timeline, row: &Listed) -> Became {
        let stands = |a: &Area| {
            a.valid_to == row.to || (row.to.is_none() && a.valid_to.is_some_and(|to| to > self.day))
        };
        let same = |at: &At| *at.area.name == *row.name && stands(&at.area);
        if let Some(found) = line.0.iter().position(same) {
            line.said(found);
            return line.begin(found, row.from);
        }
        let mut steps = Vec::new();
        let mut to = row.to;
        if to.is_none() {
            to = self.gone_by(&row.code);
            if let Some(now) = line.0.iter_mut().find(|at| at.area.valid_to.is_none()) {
                match (now.edition, row.from) {
                    (Some(edition), _) if edition > self.day => {
                        to = Some(now.begin_by(edition, &mut steps));
                    }
                    (_, Some(from)) if now.area.valid_from.is_none_or(|f| f < from) => {
                        now.end(from, &mut steps);
                    }
                    _ => return Became::Refused(now.overlaps()),
                }
            }
        }
        let wanted = area(row, row.from, to, None);
        for other in line.0.iter_mut().filter(|at| at.meets(&wanted)) {
            // A list that came later says it is in force; when it began nobody had told.
            match (other.edition, other.area.valid_from, wanted.valid_to) {
                (Some(edition), None, Some(to)) if !other.said && edition >= to => {
                    other.begin_by(edition, &mut steps);
                }
                _ => return Became::Refused(other.overlaps()),
            }
        }
        let changed = !steps.is_empty();
        line.0.push(At {
            id: None,
            area: wanted.clone(),
            edition: Some(self.day),
            said: true,
        });
        steps.push(Step::Add(wanted));
        if changed {
            Became::Changed(steps)
        } else {
            Became::Added(steps)
        }
    }
}

fn area(
    row: &Listed,
    valid_from: Option<Day>,
    valid_to: Option<Day>,
    class: Option<domain::UrbanRural>,
) -> Area {
    Area {
        code: row.code,
        name: row.name.to_string(),
        level: row.code.level(),
        urban_rural: row.class.or(class),
        valid_from,
        valid_to,
    }
}

/// What one code stood for, as the list is worked in.
struct Timeline(Vec<At>);

struct At {
    id: Option<i64>,
    area: Area,
    edition: Option<Day>,
    /// The list being taken tells of it as well, so its days are the list's.
    said: bool,
}

impl Timeline {
    fn of(known: &[Known]) -> Self {
        let at = |k: &Known| At {
            id: Some(k.id),
            area: k.area.clone(),
            edition: k.edition,
            said: false,
        };
        Self(known.iter().map(at).collect())
    }

    fn said(&mut self, at: usize) {
        if let Some(me) = self.0.get_mut(at) {
            me.said = true;
        }
    }

    /// Sets the first day of a place where it was not known and nothing else stood there then.
    fn begin(&mut self, at: usize, from: Option<Day>) -> Became {
        let Some(me) = self.0.get(at) else {
            return Became::Unchanged;
        };
        let (Some(id), None, Some(first)) = (me.id, me.area.valid_from, from) else {
            return Became::Unchanged;
        };
        let wanted = Area {
            valid_from: from,
            ..me.area.clone()
        };
        let others = (0..).zip(&self.0).filter(|(n, _)| *n != at);
        if wanted.valid_to.is_some_and(|to| to <= first)
            || others.into_iter().any(|(_, other)| other.meets(&wanted))
        {
            return Became::Unchanged;
        }
        if let Some(me) = self.0.get_mut(at) {
            me.area = wanted;
        }
        Became::Changed(vec![Step::Begin(id, first)])
    }
}

impl At {
    /// Its first day, or this one where none is known.
    fn begin_by(&mut self, day: Day, steps: &mut Vec<Step>) -> Day {
        *self.area.valid_from.get_or_insert_with(|| {
            steps.extend(self.id.map(|id| Step::Begin(id, day)));
            day
        })
    }

    fn end(&mut self, day: Day, steps: &mut Vec<Step>) {
        self.area.valid_to = Some(day);
        steps.extend(self.id.map(|id| Step::End(id, day)));
    }

    fn meets(&self, other: &Area) -> bool {
        let before = |to: Option<Day>, from: Option<Day>| {
            // No first day is before everything, no last day after everything.
            to.zip(from).is_some_and(|(to, from)| to <= from)
        };
        !before(self.area.valid_to, other.valid_from)
            && !before(other.valid_to, self.area.valid_from)
    }

    fn overlaps(&self) -> String {
        format!(
            "与同一代码的「{}」({})年份重叠,请核对",
            self.area.name,
            super::span(&self.area)
        )
    }
}

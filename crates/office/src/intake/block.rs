//! Rows of a file that were read and not refused, some thousand at a time, column by column.

use super::cells::{self, Cell};
use super::digests::RowDigest;
use super::link::Links;
use super::row_id;
use domain::{Day, IdNumber};
use engine::{Lane, Plain, Shape, Words};
use rules::feed::{ColumnKind, FeedPlan};
use std::sync::Arc;

/// The columns of a feed, for all blocks of its file.
pub(crate) struct Layout {
    names: Vec<String>,
    kinds: Vec<ColumnKind>,
    /// Whether each row is a household's.
    pub of_households: bool,
}

impl Layout {
    pub(crate) fn new(feed: &FeedPlan, of_households: bool) -> Self {
        Self {
            names: feed.columns.iter().map(|c| c.name.clone()).collect(),
            kinds: feed.columns.iter().map(|c| c.kind).collect(),
            of_households,
        }
    }

    /// The place of a column.
    pub(crate) fn place(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| name == column)
    }

    /// The lake's columns of the rows themselves, without what stays home.
    pub(super) fn of_rows(&self) -> Vec<(String, Shape)> {
        let own = self.names.iter().zip(&self.kinds);
        let own = own.filter_map(|(name, kind)| Some((name.clone(), cells::shape(*kind)?)));
        std::iter::once(("row_id".to_owned(), Shape::Int))
            .chain(own)
            .collect()
    }

    /// The lake's columns that say whose the rows are.
    pub(super) fn of_links(&self) -> Vec<(String, Shape)> {
        let mut names = vec!["row_id", "person_id", "target_id"];
        names.extend(self.of_households.then_some("household_id"));
        let columns = names.into_iter().map(|name| (name.to_owned(), Shape::Int));
        columns.collect()
    }
}

/// Rows of a file.
pub(crate) struct Block {
    layout: Arc<Layout>,
    numbers: Vec<u32>,
    ids: Vec<Option<IdNumber>>,
    second_ids: Vec<Option<IdNumber>>,
    /// The holder's number as written, where it cannot be read.
    spoilt: Words,
    names: Words,
    keys: Words,
    /// Bank cards, which stay home.
    cards: Words,
    /// By the feed's columns; none for what stays home.
    lanes: Vec<Option<Lane>>,
    digests: Vec<RowDigest>,
}

/// What of a row belongs to no column of the lake.
#[derive(Default)]
pub(crate) struct Head<'a> {
    pub number: u32,
    pub id: Option<IdNumber>,
    pub second_id: Option<IdNumber>,
    pub spoilt: Option<&'a str>,
    pub name: Option<std::borrow::Cow<'a, str>>,
    pub card: Option<std::borrow::Cow<'a, str>>,
}

impl Block {
    /// No rows yet.
    pub(super) fn new(layout: &Arc<Layout>) -> Self {
        let lane = |kind: &ColumnKind| cells::shape(*kind).map(Lane::new);
        Self {
            layout: Arc::clone(layout),
            numbers: vec![],
            ids: vec![],
            second_ids: vec![],
            spoilt: Words::default(),
            names: Words::default(),
            keys: Words::default(),
            cards: Words::default(),
            lanes: layout.kinds.iter().map(lane).collect(),
            digests: vec![],
        }
    }

    /// The columns.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The row's number in the file, 1 for the first below the header.
    pub(crate) fn number(&self, at: usize) -> u32 {
        self.numbers.get(at).copied().unwrap_or(0)
    }

    /// The holder's number.
    pub(crate) fn id(&self, at: usize) -> Option<&IdNumber> {
        self.ids.get(at)?.as_ref()
    }

    /// A second person's number, for feeds that tie two.
    pub(crate) fn second_id(&self, at: usize) -> Option<&IdNumber> {
        self.second_ids.get(at)?.as_ref()
    }

    /// The holder's number as written, where it cannot be read: the row was told to its sender, and
    /// a person may still say whose it is.
    pub(crate) fn spoilt(&self, at: usize) -> Option<&str> {
        self.spoilt.get(at)
    }

    /// The name, as received.
    pub(crate) fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at)
    }

    /// The bank card a row tells, where its feed has one.
    pub(super) fn card(&self, at: usize) -> Option<&str> {
        self.cards.get(at)
    }

    /// 归属: what the row's owner is known by, where the feed says so.
    pub(crate) fn key(&self, at: usize) -> Option<&str> {
        self.keys.get(at)
    }

    /// A cell of text by the column's name.
    pub(crate) fn text_of(&self, column: &str, at: usize) -> Option<&str> {
        self.text_at(self.layout.place(column)?, at)
    }

    /// A cell of text by the column's place.
    pub(super) fn text_at(&self, place: usize, at: usize) -> Option<&str> {
        match self.lanes.get(place)?.as_ref()? {
            Lane::Text(words) => words.get(at),
            Lane::Int(_) | Lane::Day(_) | Lane::Bool(_) => None,
        }
    }

    /// A day by the column's name.
    pub(crate) fn day_of(&self, column: &str, at: usize) -> Option<Day> {
        match self.lanes.get(self.layout.place(column)?)?.as_ref()? {
            Lane::Day(days) => days.get(at).and_then(Day::from_epoch_days),
            Lane::Int(_) | Lane::Text(_) | Lane::Bool(_) => None,
        }
    }

    /// A cell that goes to the lake.
    pub(super) fn cell(&self, place: usize, at: usize) -> Cell<'_> {
        let cell = match self.lanes.get(place) {
            Some(Some(Lane::Int(lane))) => lane.get(at).map(Cell::Int),
            Some(Some(Lane::Day(lane))) => lane.get(at).map(Cell::Day),
            Some(Some(Lane::Bool(lane))) => lane.get(at).map(Cell::Bool),
            Some(Some(Lane::Text(lane))) => lane.get(at).map(|t| Cell::Text(t.into())),
            Some(None) | None => None,
        };
        cell.unwrap_or(Cell::Missing)
    }

    /// What a row says, digested.
    pub(super) fn digest(&self, at: usize) -> RowDigest {
        self.digests.get(at).copied().unwrap_or_default()
    }

    /// Puts a cell of the row under way in its column.
    pub(super) fn push_cell(&mut self, place: usize, cell: &Cell<'_>) {
        let Some(Some(lane)) = self.lanes.get_mut(place) else {
            return;
        };
        match (lane, cell) {
            (Lane::Int(lane), Cell::Int(n)) => lane.push(Some(*n)),
            (Lane::Day(lane), Cell::Day(d)) => lane.push(Some(*d)),
            (Lane::Bool(lane), Cell::Bool(b)) => lane.push(Some(*b)),
            (Lane::Text(lane), Cell::Text(t)) => lane.push(Some(t)),
            (lane, _) => lane.push_none(),
        }
    }

    /// Ends the row whose cells were put: it is taken.
    pub(super) fn take(&mut self, head: Head<'_>, key: Option<&str>, digest: RowDigest) {
        self.numbers.push(head.number);
        self.ids.push(head.id);
        self.second_ids.push(head.second_id);
        self.spoilt.push(head.spoilt);
        self.names.push(head.name.as_deref());
        self.keys.push(key);
        self.cards.push(head.card.as_deref());
        self.digests.push(digest);
    }

    /// Ends the row whose cells were put: it is not taken.
    pub(super) fn give_up(&mut self) {
        let rows = self.len();
        for lane in self.lanes.iter_mut().flatten() {
            lane.truncate(rows);
        }
    }

    /// Keeps the rows that are to be kept.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        engine::lanes::retain(&mut self.numbers, kept);
        engine::lanes::retain(&mut self.ids, kept);
        engine::lanes::retain(&mut self.second_ids, kept);
        engine::lanes::retain(&mut self.digests, kept);
        self.spoilt.retain(kept);
        self.names.retain(kept);
        self.keys.retain(kept);
        self.cards.retain(kept);
        for lane in self.lanes.iter_mut().flatten() {
            lane.retain(kept);
        }
    }

    /// The rows and whose they are, as the lake takes them.
    pub(super) fn into_lanes(self, batch_no: i64, links: &Links) -> (Vec<Lane>, Vec<Lane>) {
        let ids: Vec<Option<i64>> = self
            .numbers
            .iter()
            .map(|number| Some(row_id(batch_no, *number).get()))
            .collect();
        let ints = |values: &mut dyn Iterator<Item = Option<i64>>| {
            let mut lane = Plain::default();
            values.for_each(|value| lane.push(value));
            Lane::Int(lane)
        };
        let rows = std::iter::once(ints(&mut ids.iter().copied()))
            .chain(self.lanes.into_iter().flatten())
            .collect();
        let mut whose = vec![
            ints(&mut ids.iter().copied()),
            ints(&mut links.persons.iter().map(|p| p.map(|p| p.get()))),
            ints(&mut links.targets.iter().map(|p| p.map(|p| p.get()))),
        ];
        if self.layout.of_households {
            let homes = &mut links.households.iter().map(|h| h.map(|h| h.get()));
            whose.push(ints(homes));
        }
        (rows, whose)
    }
}

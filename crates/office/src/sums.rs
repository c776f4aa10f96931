//! 当月合计: whom the roll of a month has, whom the rules find, and what is paid where — what lists and charts
//! need. A month's run keeps them in the lake, under the same stamp as its figures, so that no page judges an
//! older month for a chart. They hold ids, places and sums; never a name.

use crate::access::Scope;
use crate::error::Result;
use crate::intake::unhex;
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::{AreaCode, Month};
use engine::arrow::array::Array;
use engine::{Column, EntityFrame, Sheet};
use rules::Program;
use rules::plan::{EntityId, FileId, FileKind, FilePlan, Home, ItemId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::manifest::LakeFile;

/// What the lake calls them.
const KIND: &str = "sums";
/// The county column of a file that is of no one county.
const ALL: &str = "000000";

/// The fact that says what the roll pays a person a month.
pub(crate) const PAID: &str = "在册月发放额";

/// What lists and charts need of a month.
pub(crate) struct Sums {
    pub month: Month,
    pub programmes: Vec<Programme>,
    /// What the roll pays, in 分, by person.
    pub paid: HashMap<i64, i64>,
    pub persons: u64,
    pub households: u64,
    /// Persons and households by area, villages and all above them.
    pub people: Arc<BTreeMap<AreaCode, [u64; 2]>>,
    /// Persons the roll pays, and the sum in 分, by area.
    paid_in: BTreeMap<AreaCode, [u64; 2]>,
}

/// One programme's standing in a month; ids rise.
pub(crate) struct Programme {
    pub id: String,
    pub title: String,
    pub path: String,
    pub of_households: bool,
    pub on_roll: Vec<i64>,
    pub entitled: Vec<i64>,
    pub unsettled: Vec<i64>,
    /// How many of each of the three lists live in an area, villages and all above them.
    living: BTreeMap<AreaCode, [u64; 3]>,
}

/// Sums over the places of a scope, or what is known of all where it is around everything.
fn inside<const N: usize>(
    scope: &Scope,
    by_place: &BTreeMap<AreaCode, [u64; N]>,
    all: [u64; N],
) -> [u64; N] {
    let Some(places) = scope.places() else {
        return all;
    };
    let mut sums = [0_u64; N];
    for here in places.iter().filter_map(|place| by_place.get(place)) {
        for (sum, more) in sums.iter_mut().zip(here) {
            *sum = sum.saturating_add(*more);
        }
    }
    sums
}

impl Programme {
    /// How many of the three lists live within a scope: on the roll, entitled, unsettled.
    pub fn counts(&self, scope: &Scope) -> [u64; 3] {
        let all = [&self.on_roll, &self.entitled, &self.unsettled];
        inside(scope, &self.living, all.map(|ids| count(ids.len())))
    }

    /// 户 or 人.
    pub fn unit(&self) -> &'static str {
        if self.of_households { "户" } else { "人" }
    }
}

impl Sums {
    /// Persons and households within a scope.
    pub fn people_in(&self, scope: &Scope) -> [u64; 2] {
        inside(scope, &self.people, [self.persons, self.households])
    }

    /// Persons the roll pays within a scope, and the sum in 分.
    pub fn paid_in(&self, scope: &Scope) -> [u64; 2] {
        let fen = self
            .paid
            .values()
            .filter_map(|fen| u64::try_from(*fen).ok());
        let all = [count(self.paid.len()), fen.fold(0, u64::saturating_add)];
        inside(scope, &self.paid_in, all)
    }

    pub fn programme(&self, id: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.id == id)
    }
}

/// Which policy proposes a status: the first in the order of the rules.
pub(crate) fn granting(program: &Program) -> HashMap<ItemId, FileId> {
    let mut out = HashMap::new();
    for (at, file) in (0..).map(FileId).zip(&program.files) {
        if file.kind == FileKind::Policy && file.verdict.is_some() {
            file.grants.iter().for_each(|g| {
                out.entry(g.status).or_insert(at);
            });
        }
    }
    out
}

/// Policies that propose a status nobody before them proposes: what officials call programmes.
pub(crate) fn programmes(program: &Program) -> Vec<(FileId, &FilePlan)> {
    let granting = granting(program);
    (0..)
        .map(FileId)
        .zip(&program.files)
        .filter(|(at, file)| {
            let own = || {
                file.grants
                    .iter()
                    .any(|g| granting.get(&g.status) == Some(at))
            };
            file.kind == FileKind::Policy && file.verdict.is_some() && own()
        })
        .collect()
}

/// Counts a judged month.
pub(crate) fn sums(data: &MonthData) -> Sums {
    let program = &data.program;
    let household = program.dict.entity("家庭");
    let person = program.dict.entity("个人");
    let size = |e: Option<EntityId>| {
        e.and_then(|e| data.frames.entities.get(&e))
            .map_or(0, EntityFrame::len)
    };
    let mut out = Sums {
        month: data.month,
        programmes: Vec::new(),
        paid: paid(data),
        persons: count(size(person)),
        households: count(size(household)),
        people: Arc::new(people(data)),
        paid_in: BTreeMap::new(),
    };
    let paid_people = out.paid.iter().filter_map(|(id, fen)| {
        let place = lives_at(data, person?, *id)?;
        Some((place, [1, u64::try_from(*fen).unwrap_or(0)]))
    });
    out.paid_in = domain::roll_up(paid_people);
    for (_, file) in programmes(program) {
        let Some(table) = data.judged.table(&file.id) else {
            continue;
        };
        let Some(verdicts) = table.verdicts() else {
            continue;
        };
        let ids = |want: Option<bool>| {
            let rows = table.ids().iter().zip(verdicts.iter());
            let mut found: Vec<i64> = rows
                .filter(|(_, v)| *v == want)
                .map(|(id, _)| *id)
                .collect();
            found.sort_unstable();
            found
        };
        let (on_roll, entitled, unsettled) = (on_roll(data, file), ids(Some(true)), ids(None));
        let lists = [
            (&on_roll, [1, 0, 0]),
            (&entitled, [0, 1, 0]),
            (&unsettled, [0, 0, 1]),
        ];
        let places = lists.into_iter().flat_map(|(ids, one)| {
            let entity = file.entity;
            let place = move |id: &i64| lives_at(data, entity, *id).map(|place| (place, one));
            ids.iter().filter_map(place)
        });
        out.programmes.push(Programme {
            living: domain::roll_up(places),
            id: file.id.clone(),
            title: file.title.clone(),
            path: file.path.clone(),
            of_households: Some(file.entity) == household,
            on_roll,
            entitled,
            unsettled,
        });
    }
    out
}

/// Where somebody or a household lives in the month.
pub(crate) fn lives_at(data: &MonthData, entity: EntityId, id: i64) -> Option<AreaCode> {
    let frame = data.frames.entities.get(&entity)?;
    let row = usize::try_from(frame.position(id)?).ok()?;
    let areas = frame.areas();
    let code = areas.is_valid(row).then(|| areas.value(row))?;
    AreaCode::parse(code).ok()
}

/// Whom the roll of the month has under a programme; a household when one of it is.
fn on_roll(data: &MonthData, file: &FilePlan) -> Vec<i64> {
    let mut out = BTreeSet::new();
    let day = data.month.last().epoch_days();
    let people = data
        .program
        .dict
        .entity("个人")
        .and_then(|e| data.frames.entities.get(&e));
    for grant in &file.grants {
        let Some(status) = data.frames.statuses.get(&grant.status) else {
            continue;
        };
        let held = status
            .periods()
            .filter(|(_, from, to)| *from <= day && to.is_none_or(|to| day <= to));
        for (holder, ..) in held {
            let of = data.program.item(grant.status).map(|i| i.home);
            if of == Some(Home::Entity(file.entity)) {
                out.insert(holder);
                continue;
            }
            let row = people
                .and_then(|p| p.position(holder))
                .and_then(|r| usize::try_from(r).ok());
            if let (Some(people), Some(row)) = (people, row)
                && people.households().is_valid(row)
            {
                out.insert(people.households().value(row));
            }
        }
    }
    out.into_iter().collect()
}

fn paid(data: &MonthData) -> HashMap<i64, i64> {
    let frame = data
        .program
        .dict
        .entity("个人")
        .and_then(|e| data.frames.entities.get(&e));
    let column = data.program.find(PAID).and_then(|item| frame?.column(item));
    let (Some(frame), Some(column)) = (frame, column) else {
        return HashMap::new();
    };
    let Some(amounts) = column
        .as_any()
        .downcast_ref::<engine::arrow::array::Int64Array>()
    else {
        return HashMap::new();
    };
    let pairs = frame.ids().values().iter().copied().zip(amounts.iter());
    pairs
        .filter_map(|(id, fen)| Some((id, fen?)))
        .filter(|(_, fen)| *fen != 0)
        .collect()
}

/// Persons and households of every place and of those above it.
fn people(data: &MonthData) -> BTreeMap<AreaCode, [u64; 2]> {
    let mut counted: HashMap<&str, [u64; 2]> = HashMap::new();
    for (entity, one) in [("个人", [1, 0]), ("家庭", [0, 1])] {
        let frame = data
            .program
            .dict
            .entity(entity)
            .and_then(|e| data.frames.entities.get(&e));
        let Some(frame) = frame else { continue };
        for code in frame.areas().iter().flatten() {
            let sums = counted.entry(code).or_default();
            for (sum, more) in sums.iter_mut().zip(one) {
                *sum = sum.saturating_add(more);
            }
        }
    }
    let by_place = counted.into_iter();
    domain::roll_up(
        by_place.filter_map(|(code, counts)| Some((AreaCode::parse(code).ok()?, counts))),
    )
}

fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Counts a judged month and writes the sums into the lake; the file for the manifest.
///
/// # Errors
/// The record; the disk.
pub(crate) async fn keep(office: &Office, data: &MonthData) -> Result<LakeFile> {
    let stamp = crate::indicators::stamp(office, data.month).await?;
    let sheet = sheet(&sums(data));
    let written = office.lake.write(KIND, data.month, ALL, &sheet)?;
    Ok(LakeFile {
        kind: KIND.to_owned(),
        month: data.month,
        county: ALL.to_owned(),
        path: written.path,
        rows: written.rows,
        digest: unhex(&written.sha256),
        cause: stamp,
    })
}

/// The sums a run kept of a month, where they still rest on the same rules and files.
///
/// # Errors
/// The record; a lake file that is missing.
pub(crate) async fn kept(office: &Office, month: Month) -> Result<Option<Sums>> {
    let stamp = crate::indicators::stamp(office, month).await?;
    let files = store::manifest::list(&office.store, KIND, month).await?;
    let Some(file) = files.iter().find(|file| file.cause == stamp) else {
        return Ok(None);
    };
    let sheet = office.lake.read(&file.path)?;
    Ok(read(&office.program_of(month), month, &sheet))
}

// One line says one thing: what, of which programme, of whom, where, and up to three numbers.
const ALL_OF: &str = "all";
const PEOPLE: &str = "people";
const PAYS: &str = "paid";
const PAID_IN: &str = "paid-in";
const PROGRAMME: &str = "programme";
const ON_ROLL: &str = "on-roll";
const ENTITLED: &str = "entitled";
const UNSETTLED: &str = "unsettled";
const LIVING: &str = "living";

#[derive(Default)]
struct Lines {
    what: Vec<Option<String>>,
    programme: Vec<Option<String>>,
    area: Vec<Option<String>>,
    id: Vec<Option<i64>>,
    numbers: [Vec<Option<i64>>; 3],
}

impl Lines {
    fn push(&mut self, what: &str, programme: Option<&str>, id: Option<i64>, numbers: &[i64]) {
        self.what.push(Some(what.to_owned()));
        self.programme.push(programme.map(str::to_owned));
        self.area.push(None);
        self.id.push(id);
        for (at, column) in self.numbers.iter_mut().enumerate() {
            column.push(numbers.get(at).copied());
        }
    }

    fn placed<const N: usize>(
        &mut self,
        what: &str,
        programme: Option<&str>,
        places: &BTreeMap<AreaCode, [u64; N]>,
    ) {
        for (area, sums) in places {
            self.push(what, programme, None, &sums.map(signed));
            if let Some(last) = self.area.last_mut() {
                *last = Some(area.full().to_owned());
            }
        }
    }
}

/// Counts and sums of 分 stay far below what a column holds.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn sheet(sums: &Sums) -> Sheet {
    let mut lines = Lines::default();
    let size = [sums.persons, sums.households].map(signed);
    lines.push(ALL_OF, None, None, &size);
    lines.placed(PEOPLE, None, &sums.people);
    lines.placed(PAID_IN, None, &sums.paid_in);
    let paid: BTreeMap<i64, i64> = sums.paid.iter().map(|(id, fen)| (*id, *fen)).collect();
    for (id, fen) in paid {
        lines.push(PAYS, None, Some(id), &[fen]);
    }
    for one in &sums.programmes {
        let name = Some(one.id.as_str());
        lines.push(PROGRAMME, name, None, &[]);
        lines.placed(LIVING, name, &one.living);
        for (what, ids) in [
            (ON_ROLL, &one.on_roll),
            (ENTITLED, &one.entitled),
            (UNSETTLED, &one.unsettled),
        ] {
            for id in ids {
                lines.push(what, name, Some(*id), &[]);
            }
        }
    }
    let Lines {
        what,
        programme,
        area,
        id,
        numbers: [a, b, c],
    } = lines;
    let texts = [("what", what), ("programme", programme), ("area", area)];
    let texts = texts.map(|(name, column)| (name.to_owned(), Column::Text(column)));
    let numbers = [("id", id), ("a", a), ("b", b), ("c", c)];
    let numbers = numbers.map(|(name, column)| (name.to_owned(), Column::Int(column)));
    Sheet {
        columns: texts.into_iter().chain(numbers).collect(),
    }
}

/// The sums of a table; none where it is not one of this program's.
fn read(program: &Program, month: Month, sheet: &Sheet) -> Option<Sums> {
    let texts = |name: &str| match sheet.column(name) {
        Some(Column::Text(texts)) => Some(texts.as_slice()),
        _ => None,
    };
    let (whats, names, areas) = (texts("what")?, texts("programme")?, texts("area")?);
    let (ids, numbers) = (sheet.ints("id"), ["a", "b", "c"].map(|n| sheet.ints(n)));
    let household = program.dict.entity("家庭");
    let mut out = Sums {
        month,
        programmes: Vec::new(),
        paid: HashMap::new(),
        persons: 0,
        households: 0,
        people: Arc::default(),
        paid_in: BTreeMap::new(),
    };
    let mut people: BTreeMap<AreaCode, [u64; 2]> = BTreeMap::new();
    for row in 0..sheet.len() {
        let what = whats.get(row)?.as_deref()?;
        let number = |at: usize| numbers.get(at)?.get(row).copied().flatten();
        let count = |at: usize| u64::try_from(number(at)?).ok();
        let area = || AreaCode::parse(areas.get(row)?.as_deref()?).ok();
        let id = || ids.get(row).copied().flatten();
        match what {
            ALL_OF => (out.persons, out.households) = (count(0)?, count(1)?),
            PEOPLE => {
                people.insert(area()?, [count(0)?, count(1)?]);
            }
            PAID_IN => {
                out.paid_in.insert(area()?, [count(0)?, count(1)?]);
            }
            PAYS => {
                out.paid.insert(id()?, number(0)?);
            }
            PROGRAMME => {
                let name = names.get(row)?.as_deref()?;
                let (_, file) = program.file(name)?;
                out.programmes.push(Programme {
                    id: file.id.clone(),
                    title: file.title.clone(),
                    path: file.path.clone(),
                    of_households: Some(file.entity) == household,
                    on_roll: Vec::new(),
                    entitled: Vec::new(),
                    unsettled: Vec::new(),
                    living: BTreeMap::new(),
                });
            }
            LIVING => {
                let of = out.programmes.last_mut()?;
                of.living.insert(area()?, [count(0)?, count(1)?, count(2)?]);
            }
            ON_ROLL => out.programmes.last_mut()?.on_roll.push(id()?),
            ENTITLED => out.programmes.last_mut()?.entitled.push(id()?),
            UNSETTLED => out.programmes.last_mut()?.unsettled.push(id()?),
            _ => return None,
        }
    }
    out.people = Arc::new(people);
    Some(out)
}

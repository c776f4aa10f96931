//! Judged months at hand: the newest ones whole, of all that were asked for the lists behind their
//! numbers. When another file has come, all are judged anew.

use super::facts::RowIndex;
use super::ledger::granting;
use super::{Desk, Told};
use crate::access::Scope;
use crate::monitoring::MonthData;
use crate::views::ViewError;
use domain::{AreaCode, Month};
use engine::arrow::array::Array;
use engine::{EntityFrame, JudgedTable};
use rules::Program;
use rules::plan::{EntityId, FileId, FileKind, FilePlan, Home, ItemId};
use rules::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// How many whole months are held: one shown, one compared with.
const WHOLE_MONTHS: usize = 2;

/// The fact that says what the roll pays a person a month.
const PAID: &str = "在册月发放额";

/// Judged months.
#[derive(Default)]
pub(super) struct Months {
    held: Mutex<Held>,
    /// One month is judged at a time, for the memory it takes; a month at hand waits for nobody.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Held {
    newest_batch: i64,
    whole: Vec<Arc<Judgement>>,
    sums: BTreeMap<Month, Arc<Sums>>,
}

/// A whole month.
pub(super) struct Judgement {
    pub data: Arc<MonthData>,
    pub sums: Arc<Sums>,
    pub index: OnceCell<RowIndex>,
    /// Persons and households by area, villages and all above them.
    pub people: Arc<BTreeMap<AreaCode, [u64; 2]>>,
}

/// What lists and charts need of a month.
pub(super) struct Sums {
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
pub(super) struct Programme {
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
        inside(
            scope,
            &self.living,
            all.map(|ids| super::paging::count(ids.len())),
        )
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
        let all = [
            super::paging::count(self.paid.len()),
            fen.fold(0, u64::saturating_add),
        ];
        inside(scope, &self.paid_in, all)
    }

    pub fn programme(&self, id: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.id == id)
    }
}

/// Whether a list by rising ids has one.
pub(super) fn has(ids: &[i64], id: i64) -> bool {
    ids.binary_search(&id).is_ok()
}

/// The rules in force today, else those of the clock's month.
pub(super) fn program_today(office: &crate::Office) -> Program {
    office.program(office.clock.today())
}

impl Desk {
    /// Months that can be shown, newest first.
    pub(super) async fn month_list(&self) -> Told<Vec<Month>> {
        let mut months = crate::monitoring::months(&self.office).await?;
        months.reverse();
        Ok(months)
    }

    /// The newest month, judged.
    pub(super) async fn newest(&self) -> Told<Arc<Judgement>> {
        self.judged(None).await
    }

    /// A month by its text, the newest without, judged.
    pub(super) async fn judged(&self, month: Option<&str>) -> Told<Arc<Judgement>> {
        let month = self.chosen(month).await?;
        self.judgement(month).await
    }

    /// The month a text names, the newest without.
    pub(super) async fn chosen(&self, month: Option<&str>) -> Told<Month> {
        let months = self.month_list().await?;
        match month {
            None => months.first().copied().ok_or_else(|| {
                ViewError::NotAnswerable(
                    "还没有任何月份的户籍登记来文;先导入来文,再看这一页".to_owned(),
                )
            }),
            Some(text) => {
                let wanted = Month::parse(text).ok().filter(|m| months.contains(m));
                wanted.ok_or_else(|| {
                    ViewError::NotFound(format!(
                        "`{text}` 没有户籍登记来文,没有当月判断;请换一个月份"
                    ))
                })
            }
        }
    }

    /// A month that was judged before and is still held.
    pub(super) async fn judgement_at_hand(&self, month: Month) -> Told<Option<Arc<Judgement>>> {
        let newest_batch = self.newest_batch().await?;
        Ok(self.months.at_hand(newest_batch, month).await)
    }

    /// A month, judged whole.
    pub(super) async fn judgement(&self, month: Month) -> Told<Arc<Judgement>> {
        let newest_batch = self.newest_batch().await?;
        if let Some(found) = self.months.at_hand(newest_batch, month).await {
            return Ok(found);
        }
        let _turn = self.months.turn.lock().await;
        if let Some(found) = self.months.at_hand(newest_batch, month).await {
            return Ok(found);
        }
        let data = MonthData::for_pages(&self.office, month).await?;
        let judgement = Arc::new(Judgement::new(data));
        let mut held = self.months.held.lock().await;
        held.renew(newest_batch);
        if held.newest_batch != newest_batch {
            // Another file came meanwhile; the next one who asks has it judged in.
            return Ok(judgement);
        }
        held.sums.insert(month, Arc::clone(&judgement.sums));
        held.whole.push(Arc::clone(&judgement));
        if held.whole.len() > WHOLE_MONTHS {
            // The newest month is asked for most; of the others the one that came first goes.
            let newest = held.whole.iter().map(|j| j.data.month).max();
            if let Some(at) = held.whole.iter().position(|j| Some(j.data.month) != newest) {
                held.whole.remove(at);
            }
        }
        Ok(judgement)
    }

    /// What lists and charts need of a month; judges it when it was not asked for before.
    pub(super) async fn sums(&self, month: Month) -> Told<Arc<Sums>> {
        let newest_batch = self.newest_batch().await?;
        if let Some(found) = self.months.sums_at_hand(newest_batch, month).await {
            return Ok(found);
        }
        let _turn = self.months.turn.lock().await;
        if let Some(found) = self.months.sums_at_hand(newest_batch, month).await {
            return Ok(found);
        }
        // A chart needs the sums only: the whole month is let go again at once.
        let data = MonthData::for_pages(&self.office, month).await?;
        let sums = Arc::new(sums(&data));
        let mut held = self.months.held.lock().await;
        held.renew(newest_batch);
        if held.newest_batch == newest_batch {
            held.sums.insert(month, Arc::clone(&sums));
        }
        Ok(sums)
    }

    pub(super) async fn newest_batch(&self) -> Told<i64> {
        let batches = store::batches::list(&self.office.store, None, i64::MAX, 1).await?;
        let answers = store::doubts::newest_answer(&self.office.store).await?;
        // A run may have found more in the office's own record than the one before.
        let runs = store::runs::list(&self.office.store, i64::MAX, 1).await?;
        let answers = answers.saturating_add(runs.first().map_or(0, |run| run.run_no));
        Ok(batches
            .first()
            .map_or(0, |b| b.batch_no.saturating_add(answers)))
    }
}

impl Months {
    async fn at_hand(&self, newest_batch: i64, month: Month) -> Option<Arc<Judgement>> {
        let mut held = self.held.lock().await;
        held.renew(newest_batch);
        held.whole.iter().find(|j| j.data.month == month).cloned()
    }

    async fn sums_at_hand(&self, newest_batch: i64, month: Month) -> Option<Arc<Sums>> {
        let mut held = self.held.lock().await;
        held.renew(newest_batch);
        held.sums.get(&month).cloned()
    }
}

impl Held {
    fn renew(&mut self, newest_batch: i64) {
        // Files only come: a smaller number was read before a larger one.
        if self.newest_batch < newest_batch {
            self.newest_batch = newest_batch;
            self.whole.clear();
            self.sums.clear();
        }
    }
}

impl Judgement {
    fn new(mut data: MonthData) -> Self {
        // What the feeds' own formulas said stands in the facts by now.
        data.feeds = engine::Judged::default();
        let sums = Arc::new(sums(&data));
        let people = Arc::clone(&sums.people);
        Self {
            data: Arc::new(data),
            sums,
            index: OnceCell::new(),
            people,
        }
    }

    pub fn entity(&self, name: &str) -> Option<EntityId> {
        self.data.program.dict.entity(name)
    }

    pub fn frame(&self, name: &str) -> Option<&EntityFrame> {
        self.data.frames.entities.get(&self.entity(name)?)
    }

    /// The area of a person or household, twelve digits.
    pub fn area_of(&self, entity: &str, id: i64) -> Option<AreaCode> {
        lives_at(&self.data, self.entity(entity)?, id)
    }

    /// Members of a household in the month, in the order of the record.
    pub fn members(&self, household: i64) -> Vec<i64> {
        targets(&self.data, "成员", household)
    }

    /// What a policy says of one of its entity.
    pub fn answer(&self, file: &str, id: i64) -> Option<(usize, &JudgedTable, Option<bool>)> {
        let table = self.data.judged.table(file)?;
        let row = table.ids().binary_search(&id).ok()?;
        let verdict = match table.named(engine::judged::VERDICT, row)? {
            Value::Bool(answer) => Some(answer),
            _ => None,
        };
        Some((row, table, verdict))
    }

    /// What a policy gives one of its entity a month, when it is known.
    pub fn benefit(&self, file: &FilePlan, id: i64) -> Option<String> {
        let (row, table, verdict) = self.answer(&file.id, id)?;
        if verdict != Some(true) {
            return None;
        }
        let program = &self.data.program;
        let told = |item: ItemId| {
            let ty = program.item(item)?.ty;
            let value = table.value(item, row)?;
            value
                .is_known()
                .then(|| rules::show::value(value, ty, &program.dict))
        };
        let all: Vec<String> = file
            .benefits
            .iter()
            .filter_map(|(item, _)| told(*item))
            .collect();
        (!all.is_empty()).then(|| all.join("、"))
    }
}

/// Whom the rows of a relation lead to.
pub(super) fn targets(data: &MonthData, relation: &str, owner: i64) -> Vec<i64> {
    let found = data
        .program
        .dict
        .relation(relation)
        .and_then(|r| data.frames.relations.get(&r));
    let Some(frame) = found else {
        return Vec::new();
    };
    let owners = frame.owners().values();
    let start = owners.partition_point(|o| *o < owner);
    let end = owners.partition_point(|o| *o <= owner);
    let targets = frame.targets();
    (start..end)
        .filter(|row| targets.is_valid(*row))
        .map(|row| targets.value(row))
        .collect()
}

/// Policies that propose a status nobody before them proposes: what officials call programmes.
pub(super) fn programmes(program: &Program) -> Vec<(FileId, &FilePlan)> {
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

fn sums(data: &MonthData) -> Sums {
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
        persons: super::paging::count(size(person)),
        households: super::paging::count(size(household)),
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
fn lives_at(data: &MonthData, entity: EntityId, id: i64) -> Option<AreaCode> {
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

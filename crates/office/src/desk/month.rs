//! Judged months at hand: the newest ones whole, of all that were asked for the lists behind their
//! numbers. When another file has come, all are judged anew.

use super::facts::RowIndex;
use super::{Desk, Told};
use crate::monitoring::MonthData;
use crate::sums::{Sums, lives_at, sums};
use crate::views::ViewError;
use domain::{AreaCode, Month};
use engine::arrow::array::Array;
use engine::{EntityFrame, JudgedTable};
use rules::Program;
use rules::plan::{EntityId, FilePlan, ItemId};
use rules::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// How many whole months are held: one shown, one compared with.
const WHOLE_MONTHS: usize = 2;

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
        // A chart needs the sums only: those the run kept, else the whole month is judged and let go at once.
        let sums = match crate::sums::kept(&self.office, month).await? {
            Some(kept) => kept,
            None => sums(&MonthData::for_pages(&self.office, month).await?),
        };
        let sums = Arc::new(sums);
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

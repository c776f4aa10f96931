//! 派任务: a task is added, or joins the open one at the same door, which is then as pressing as the more pressing of the
//! two. What an open one says already is not said again: a run of a month raises the same tasks each time.

use super::{NewTask, TaskEvent, add_events};
use crate::areas::day_value;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Sql, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::Value;
use domain::{HouseholdId, PersonId, TaskId, WorkerId};

/// Adds a task; at a door that has one it makes that more pressing, and answers nothing where that is so already.
macro_rules! raise {
    () => {
        "insert into task (task_id, kind, household_id, person_id, area, worker_id, due,
            urgency, state, cause_kind, cause_id, summary, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, $12) returning task_id"
    };
    ($place:literal) => {
        concat!(
            "insert into task (task_id, kind, household_id, person_id, area, worker_id, due,
                urgency, state, cause_kind, cause_id, summary, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, $12)
             on conflict ",
            $place,
            " do update set
                urgency = case when excluded.urgency > task.urgency then excluded.urgency
                    else task.urgency end,
                due = case when task.due is null or excluded.due < task.due then excluded.due
                    else task.due end
             where excluded.urgency > task.urgency or excluded.due < task.due
                or (task.due is null and excluded.due is not null)
             returning task_id"
        )
    };
}

statements! {
    RAISE_AT_DOOR = raise!("(kind, household_id) where state = 'open' and household_id is not null");
    RAISE_FOR_PERSON = raise!("(kind, person_id)
        where state = 'open' and household_id is null and person_id is not null");
    RAISE = raise!();
    OPEN_AT_DOOR = "select task_id from task where state = 'open' and kind = $1 and household_id = $2";
    OPEN_FOR_PERSON = "select task_id from task
        where state = 'open' and kind = $1 and household_id is null and person_id = $2";
    LINK = "insert into task_warning (task_id, warning_id) values ($1, $2)
        on conflict (task_id, warning_id) do nothing";
}

/// What became of tasks to be raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    /// Their numbers, in the order given.
    pub ids: Vec<TaskId>,
    /// How many are new.
    pub raised: u64,
    /// How many joined an open one and told it something new: a warning, a greater urgency, an earlier day.
    pub joined: u64,
}

/// Raises tasks; one whose door or person has an open task of its kind joins that, which is then as urgent and due
/// as soon as the more pressing of the two.
pub async fn raise_many(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    tasks: &[NewTask],
) -> Result<Raised> {
    let first = tx.take_numbers("task", tasks.len()).await?;
    let numbers: Vec<i64> = (first..).zip(tasks).map(|(number, _)| number).collect();
    let mut found: Vec<Option<i64>> = vec![None; tasks.len()];
    for (statement, _) in WAYS {
        let sets = of_way(tasks, statement)
            .filter_map(|(place, task)| Some((place, task.values(*numbers.get(place)?, at))));
        ask(tx, statement, sets.collect(), &mut found).await?;
    }
    // Nothing is answered for one that is as pressing as that already.
    let pressed: Vec<bool> = found.iter().map(Option::is_some).collect();
    for (statement, open) in WAYS {
        let Some(open) = open else { continue };
        let sets = of_way(tasks, statement)
            .filter(|(place, _)| pressed.get(*place) == Some(&false))
            .map(|(place, task)| (place, task.door()));
        ask(tx, open, sets.collect(), &mut found).await?;
    }
    let ids: Vec<i64> = found
        .into_iter()
        .map(|id| id.ok_or(StoreError::WriteBroken))
        .collect::<Result<_>>()?;
    let told = linked(tx, &ids, tasks).await?;
    let mut raised = Raised::default();
    let mut events = Vec::new();
    for (place, (number, id)) in numbers.iter().zip(&ids).enumerate() {
        raised.ids.push(TaskId::new(*id));
        let is_news = |all: &[bool]| all.get(place) == Some(&true);
        if id == number {
            raised.raised = raised.raised.saturating_add(1);
            events.push((*id, TaskEvent::Raised, String::new()));
        } else if is_news(&pressed) || is_news(&told) {
            raised.joined = raised.joined.saturating_add(1);
            events.push((*id, TaskEvent::Joined, String::new()));
        }
    }
    add_events(tx, at, actor, events).await?;
    Ok(raised)
}

/// How a task is raised, and how the open one it would join is found.
const WAYS: [(Sql, Option<Sql>); 3] = [
    (RAISE_AT_DOOR, Some(OPEN_AT_DOOR)),
    (RAISE_FOR_PERSON, Some(OPEN_FOR_PERSON)),
    (RAISE, None),
];

fn of_way(tasks: &[NewTask], statement: Sql) -> impl Iterator<Item = (usize, &NewTask)> {
    let all = tasks.iter().enumerate();
    all.filter(move |(_, task)| task.statement().0 == statement.0)
}

/// The number a statement answers for each, at its place.
async fn ask(
    tx: &JournalTx,
    statement: Sql,
    sets: Vec<(usize, Vec<Value>)>,
    found: &mut [Option<i64>],
) -> Result<()> {
    let (places, sets): (Vec<usize>, Vec<Vec<Value>>) = sets.into_iter().unzip();
    for (place, rows) in places.into_iter().zip(tx.rows_each(statement, sets).await?) {
        if let (Some(slot), Some(row)) = (found.get_mut(place), rows.first()) {
            *slot = Some(row.int(0)?);
        }
    }
    Ok(())
}

/// Links each task with the warnings it is to answer; whether there was one it did not have.
async fn linked(tx: &JournalTx, ids: &[i64], tasks: &[NewTask]) -> Result<Vec<bool>> {
    let all = ids.iter().zip(tasks).enumerate();
    let links = all.flat_map(|(place, (id, task))| {
        let of = task.warnings.iter();
        of.map(move |warning| (place, vec![(*id).into(), warning.get().into()]))
    });
    let (places, sets): (Vec<usize>, Vec<Vec<Value>>) = links.unzip();
    let mut told = vec![false; tasks.len()];
    for (place, new) in places.into_iter().zip(tx.execute_each(LINK, sets).await?) {
        if let Some(slot) = told.get_mut(place) {
            *slot |= new > 0;
        }
    }
    Ok(told)
}

impl NewTask {
    /// Which open task it would join: of its door, of its person, or none.
    fn statement(&self) -> Sql {
        match (self.household, self.person) {
            (Some(_), _) => RAISE_AT_DOOR,
            (None, Some(_)) => RAISE_FOR_PERSON,
            (None, None) => RAISE,
        }
    }

    /// Its kind and its door, or its person.
    fn door(&self) -> Vec<Value> {
        let person = self.person.map(PersonId::get);
        let door = self.household.map(HouseholdId::get).or(person);
        vec![self.kind.as_str().into(), door.into()]
    }

    fn values(&self, id: i64, at: &At) -> Vec<Value> {
        vec![
            id.into(),
            self.kind.as_str().into(),
            self.household.map(HouseholdId::get).into(),
            self.person.map(PersonId::get).into(),
            self.area.full().into(),
            self.worker.map(WorkerId::get).into(),
            day_value(self.due),
            self.urgency.into(),
            self.cause_kind.as_str().into(),
            self.cause_id.into(),
            self.summary.as_str().into(),
            at.into(),
        ]
    }
}

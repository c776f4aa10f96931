//! 预警: who may need a visit, or is paid in doubt. At most one is open per rule and entity; what
//! is seen again next month is the same warning, not a new one.

use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count, words};
use domain::{AreaCode, AreaLevel, Fen, HouseholdId, Month, PersonId, WarningId};

statements! {
    // The new number is used only when there is none open; else the open one is seen again.
    OPEN = "insert into warning (warning_id, rule, entity_kind, entity_id, household_id, person_id,
            area, month, amount, urgency, text, explanation, state, first_raised, last_seen,
            closed_why)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open', $13, $13, '')
        on conflict (rule, entity_kind, entity_id) where state = 'open' do update set
            household_id = excluded.household_id, person_id = excluded.person_id,
            area = excluded.area, month = excluded.month, amount = excluded.amount,
            urgency = excluded.urgency, text = excluded.text,
            explanation = excluded.explanation, last_seen = excluded.last_seen
        returning warning_id";
    CLOSE = "update warning set state = 'closed', closed_at = $1, closed_why = $2
        where warning_id = $3 and state = 'open' returning month, amount";
    FIND = "select warning_id, rule, entity_kind, entity_id, household_id, person_id, area, month,
            amount, urgency, text, explanation, state, first_raised, last_seen, closed_at, closed_why
        from warning where warning_id = $1";
    // Every filter is a range, so that one text serves all and each can use an index.
    LIST = "select warning_id, rule, entity_kind, entity_id, household_id, person_id, area, month,
            amount, urgency, text, explanation, state, first_raised, last_seen, closed_at, closed_why
        from warning
        where state = $1 and area >= $2 and area < $3 and rule >= $4 and rule <= $5
          and urgency >= $6
          and (urgency < $7 or (urgency = $7 and warning_id > $8))
        order by urgency desc, warning_id limit $9";
    DOORS = "select distinct household_id from warning
        where state = 'open'
          and household_id in (select household_id from entitlement where area >= $1 and area < $2)
        order by household_id";
    LIST_HOUSEHOLD = "select warning_id, rule, entity_kind, entity_id, household_id, person_id,
            area, month, amount, urgency, text, explanation, state, first_raised, last_seen,
            closed_at, closed_why
        from warning where household_id = $1 order by state desc, urgency desc, warning_id";
    LIST_PERSON = "select warning_id, rule, entity_kind, entity_id, household_id, person_id,
            area, month, amount, urgency, text, explanation, state, first_raised, last_seen,
            closed_at, closed_why
        from warning where person_id = $1 order by state desc, urgency desc, warning_id";
    LIST_KEYS = "select warning_id, rule, entity_kind, entity_id, last_seen from warning
        where state = 'open' order by warning_id";
    COUNT = "select count(*) from warning
        where state = $1 and area >= $2 and area < $3 and rule >= $4 and rule <= $5
          and urgency >= $6";
    // Nobody has been named for them yet.
    COUNT_WAITING = "select w.rule, count(*) from warning w
        where w.state = 'open' and w.area >= $1 and w.area < $2
          and not exists (select 1 from task_warning l join task t on t.task_id = l.task_id
              where l.warning_id = w.warning_id and t.state = 'open' and t.worker_id is not null)
        group by w.rule order by w.rule";
    COUNT_BY_TOWNSHIP = "select rule, substr(area, 1, 9), count(*), coalesce(cast(sum(amount) as bigint), 0)
        from warning where state = $1 and area >= $2 and area < $3
        group by rule, substr(area, 1, 9) order by rule, substr(area, 1, 9)";
    MARKS = "select (select coalesce(max(warning_id), 0) from warning),
        (select coalesce(max(event_no), 0) from warning_event),
        (select coalesce(max(task_id), 0) from task),
        (select coalesce(max(event_no), 0) from task_event),
        (select coalesce(max(batch_no), 0) from feed_batch),
        (select count(*) from area), (select count(valid_to) from area)";
    LIST_EVENTS = "select at, event, month, amount, why from warning_event
        where warning_id = $1 order by event_no";
}

const EVENTS: Table = Table {
    name: "warning_event",
    columns: &[
        ("event_no", Kind::Int),
        ("warning_id", Kind::Int),
        ("at", Kind::Text),
        ("event", Kind::Text),
        ("month", Kind::Text),
        ("amount", Kind::Int),
        ("why", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[EVENTS];

words! {
    /// Whether a warning still asks for something.
    WarningState {
        /// 待处置.
        Open = "open",
        /// 已处置.
        Closed = "closed",
    }
}

words! {
    /// What a warning is about.
    Entity {
        /// 家庭.
        Household = "household",
        /// 个人.
        Person = "person",
        /// 地区.
        Area = "area",
    }
}

words! {
    /// What happened to a warning.
    WarningEvent {
        /// Raised for the first time.
        Raised = "raised",
        /// Found again.
        SeenAgain = "seen-again",
        /// Closed.
        Closed = "closed",
    }
}

/// A warning as screening finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWarning {
    /// Name of the rule in the rulebook.
    pub rule: String,
    /// What it is about.
    pub entity: Entity,
    /// Its number: of the household, the person, or the area's code.
    pub entity_id: i64,
    /// The household concerned.
    pub household: Option<HouseholdId>,
    /// The person concerned.
    pub person: Option<PersonId>,
    /// Where.
    pub area: AreaCode,
    /// The month it was found for.
    pub month: Month,
    /// The amount it speaks of.
    pub amount: Option<Fen>,
    /// How urgent, by the rulebook; the greater the sooner.
    pub urgency: i64,
    /// One sentence for officials, without a full name or number.
    pub text: String,
    /// The steps behind it, as JSON.
    pub explanation: String,
}

/// 预警: one warning as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 预警编号.
    pub id: WarningId,
    /// What it says.
    pub content: NewWarning,
    /// Whether it still asks for something.
    pub state: WarningState,
    /// When it was raised.
    pub first_raised: At,
    /// When it was last found.
    pub last_seen: At,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// Why it was closed.
    pub closed_why: String,
}

/// One thing that happened to a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// When.
    pub at: At,
    /// What.
    pub event: WarningEvent,
    /// The month it was found for.
    pub month: Month,
    /// The amount then.
    pub amount: Option<Fen>,
    /// Why.
    pub why: String,
}

/// Which warnings to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Open or closed.
    pub state: WarningState,
    /// The place and all inside it; none for everywhere.
    pub area: Option<AreaCode>,
    /// One rule; none for all.
    pub rule: Option<String>,
    /// At least this urgent.
    pub urgency_min: i64,
}

impl Filter {
    /// The open warnings of a place.
    #[must_use]
    pub fn open_in(area: Option<AreaCode>) -> Self {
        Self {
            state: WarningState::Open,
            area,
            rule: None,
            urgency_min: i64::MIN,
        }
    }

    /// Whether a warning is one of those it lists.
    #[must_use]
    pub fn takes(&self, warning: &Warning) -> bool {
        let content = &warning.content;
        warning.state == self.state
            && content.urgency >= self.urgency_min
            && self.rule.as_ref().is_none_or(|rule| *rule == content.rule)
            && self
                .area
                .as_ref()
                .is_none_or(|area| area.contains(&content.area))
    }

    fn values(&self) -> Vec<Value> {
        let (from, below) = range(self.area.as_ref());
        let (least, most) = match &self.rule {
            Some(rule) => (rule.clone(), rule.clone()),
            None => (String::new(), char::MAX.to_string()),
        };
        vec![
            self.state.into(),
            from,
            below,
            least.into(),
            most.into(),
            self.urgency_min.into(),
        ]
    }
}

/// Where a page of warnings ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// Urgency of the last one shown.
    pub urgency: i64,
    /// Number of the last one shown.
    pub id: WarningId,
}

/// What became of warnings found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Their numbers, in the order given.
    pub ids: Vec<WarningId>,
    /// How many were not open before.
    pub raised: u64,
    /// How many were open already.
    pub seen_again: u64,
}

/// Warnings of one rule in one township.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TownshipCount {
    /// Name of the rule.
    pub rule: String,
    /// The township.
    pub township: AreaCode,
    /// How many.
    pub count: u64,
    /// Sum of their amounts.
    pub amount: Fen,
}

/// Raises warnings; one that is open already is brought up to date.
pub async fn open_many(tx: &mut JournalTx, at: &At, found: &[NewWarning]) -> Result<Opened> {
    let first = tx.take_numbers("warning", found.len()).await?;
    let first_event = tx.take_numbers("warning_event", found.len()).await?;
    let sets = (first..)
        .zip(found)
        .map(|(id, new)| new.values(id, at))
        .collect();
    let answers = tx.rows_each(OPEN, sets).await?;
    let mut opened = Opened::default();
    let mut events = Vec::with_capacity(found.len());
    for (((number, event_no), new), rows) in (first..).zip(first_event..).zip(found).zip(answers) {
        let id = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
        let event = if id == number {
            opened.raised = opened.raised.saturating_add(1);
            WarningEvent::Raised
        } else {
            opened.seen_again = opened.seen_again.saturating_add(1);
            WarningEvent::SeenAgain
        };
        opened.ids.push(WarningId::new(id));
        events.push(event_row(
            event_no, id, at, event, new.month, new.amount, "",
        ));
    }
    tx.insert(EVENTS, events).await?;
    Ok(opened)
}

/// Closes warnings for a reason; one that is closed already stays as it is. Answers how many.
pub async fn close_many(tx: &mut JournalTx, at: &At, ids: &[WarningId], why: &str) -> Result<u64> {
    let first_event = tx.take_numbers("warning_event", ids.len()).await?;
    let sets = ids
        .iter()
        .map(|id| vec![at.into(), why.into(), id.get().into()])
        .collect();
    let mut events = Vec::new();
    for ((event_no, id), rows) in (first_event..)
        .zip(ids)
        .zip(tx.rows_each(CLOSE, sets).await?)
    {
        if let Some(row) = rows.first() {
            let amount = row.int_opt(1)?.map(Fen::new);
            let (month, event) = (row.month(0)?, WarningEvent::Closed);
            events.push(event_row(event_no, id.get(), at, event, month, amount, why));
        }
    }
    let closed = u64::try_from(events.len()).unwrap_or(u64::MAX);
    tx.insert(EVENTS, events).await?;
    Ok(closed)
}

/// One warning.
pub async fn find(on: &impl Reads, id: WarningId) -> Result<Option<Warning>> {
    on.rows(FIND, vec![id.get().into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// Warnings, the most urgent first, after the last one shown.
pub async fn list(
    on: &impl Reads,
    filter: &Filter,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Warning>> {
    let (urgency, id) = after.map_or((i64::MAX, 0), |after| (after.urgency, after.id.get()));
    let mut values = filter.values();
    values.extend([urgency.into(), id.into(), limit.into()]);
    on.rows(LIST, values).await?.iter().map(from_row).collect()
}

/// The warnings of a household, open ones first.
pub async fn of_household(on: &impl Reads, household: HouseholdId) -> Result<Vec<Warning>> {
    let rows = on
        .rows(LIST_HOUSEHOLD, vec![household.get().into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The warnings of a person, open ones first.
pub async fn of_person(on: &impl Reads, person: PersonId) -> Result<Vec<Warning>> {
    let rows = on.rows(LIST_PERSON, vec![person.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// An open warning by what makes it one of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpenKey {
    /// Name of the rule.
    pub rule: String,
    /// What it is about.
    pub entity: Entity,
    /// Its number.
    pub entity_id: i64,
}

/// Every open warning by its key, to close those no longer found.
pub async fn list_open_keys(on: &impl Reads) -> Result<Vec<(OpenKey, WarningId)>> {
    let rows = on.rows(LIST_KEYS, vec![]).await?;
    rows.iter()
        .map(|row| {
            let key = OpenKey {
                rule: row.text(1)?,
                entity: row.word(2, Entity::from_word)?,
                entity_id: row.int(3)?,
            };
            Ok((key, WarningId::new(row.int(0)?)))
        })
        .collect()
}

/// The households that get something in a place and about which a warning is open.
pub async fn open_doors(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<HouseholdId>> {
    let (from, below) = range(area);
    let rows = on.rows(DOORS, vec![from, below]).await?;
    let read = |row: &Row| Ok(HouseholdId::new(row.int(0)?));
    rows.iter().map(read).collect()
}

/// How many warnings a list has in all.
pub async fn count_all(on: &impl Reads, filter: &Filter) -> Result<u64> {
    let rows = on.rows(COUNT, filter.values()).await?;
    rows.first().map_or(Ok(0), |row| Ok(count(row.int(0)?)))
}

/// Open warnings of a place and all inside it for which nobody has been named yet, by rule.
pub async fn count_waiting(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<(String, u64)>> {
    let (from, below) = range(area);
    let rows = on.rows(COUNT_WAITING, vec![from, below]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, count(row.int(1)?))))
        .collect()
}

/// Warnings by rule and township.
pub async fn count_by_township(
    on: &impl Reads,
    state: WarningState,
    area: Option<&AreaCode>,
) -> Result<Vec<TownshipCount>> {
    let (from, below) = range(area);
    let rows = on
        .rows(COUNT_BY_TOWNSHIP, vec![state.into(), from, below])
        .await?;
    rows.iter()
        .map(|row| {
            let code = row.area(1)?;
            Ok(TownshipCount {
                rule: row.text(0)?,
                township: code.at(AreaLevel::Township).unwrap_or(code),
                count: count(row.int(2)?),
                amount: Fen::new(row.int(3)?),
            })
        })
        .collect()
}

/// How far warnings, tasks, files and places have come: while it stays the same, so do their lists. Each of
/// them is closed or handed on only together with an event.
pub async fn marks(on: &impl Reads) -> Result<Vec<i64>> {
    let rows = on.rows(MARKS, vec![]).await?;
    let row = rows.first().ok_or(StoreError::Closed)?;
    (0..7).map(|place| row.int(place)).collect()
}

/// What happened to a warning, oldest first.
pub async fn list_events(on: &impl Reads, id: WarningId) -> Result<Vec<PastEvent>> {
    let rows = on.rows(LIST_EVENTS, vec![id.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(PastEvent {
                at: row.at(0)?,
                event: row.word(1, WarningEvent::from_word)?,
                month: row.month(2)?,
                amount: row.int_opt(3)?.map(Fen::new),
                why: row.text(4)?,
            })
        })
        .collect()
}

impl NewWarning {
    fn values(&self, id: i64, at: &At) -> Vec<Value> {
        vec![
            id.into(),
            self.rule.as_str().into(),
            self.entity.into(),
            self.entity_id.into(),
            self.household.map(HouseholdId::get).into(),
            self.person.map(PersonId::get).into(),
            self.area.full().into(),
            self.month.to_string().into(),
            self.amount.map(Fen::get).into(),
            self.urgency.into(),
            self.text.as_str().into(),
            self.explanation.as_str().into(),
            at.into(),
        ]
    }
}

fn event_row(
    event_no: i64,
    warning: i64,
    at: &At,
    event: WarningEvent,
    month: Month,
    amount: Option<Fen>,
    why: &str,
) -> Vec<Value> {
    vec![
        event_no.into(),
        warning.into(),
        at.into(),
        event.into(),
        month.to_string().into(),
        amount.map(Fen::get).into(),
        why.into(),
    ]
}

pub(crate) fn from_row(row: &Row) -> Result<Warning> {
    Ok(Warning {
        id: WarningId::new(row.int(0)?),
        content: NewWarning {
            rule: row.text(1)?,
            entity: row.word(2, Entity::from_word)?,
            entity_id: row.int(3)?,
            household: row.int_opt(4)?.map(HouseholdId::new),
            person: row.int_opt(5)?.map(PersonId::new),
            area: row.area(6)?,
            month: row.month(7)?,
            amount: row.int_opt(8)?.map(Fen::new),
            urgency: row.int(9)?,
            text: row.text(10)?,
            explanation: row.text(11)?,
        },
        state: row.word(12, WarningState::from_word)?,
        first_raised: row.at(13)?,
        last_seen: row.at(14)?,
        closed_at: row.at_opt(15)?,
        closed_why: row.text(16)?,
    })
}

//! 处置率: of the warnings raised in some days, how many were dealt with and how, counted in the database place
//! by place and rule by rule. It knows no rate and no period; the caller says both.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::{Row, Value, count, words};
use crate::warnings::{Warning, from_row};
use domain::{AreaCode, AreaLevel};

// What became of a warning is told by how the reason of its closing begins.
statements! {
    BY_TOWNSHIP = "select substr(area, 1, 9), rule,
            case when state = 'open' then 'open' when closed_why like $7 then 'confirmed'
                when closed_why like $8 then 'refuted' else 'lapsed' end,
            count(*),
            cast(sum(case when state = 'open' and first_raised < $9 then 1 else 0 end) as bigint)
        from warning
        where first_raised >= $1 and first_raised < $2 and area >= $3 and area < $4
          and rule >= $5 and rule <= $6
        group by 1, 2, 3 order by 1, 2, 3";
    BY_VILLAGE = "select area, rule,
            case when state = 'open' then 'open' when closed_why like $7 then 'confirmed'
                when closed_why like $8 then 'refuted' else 'lapsed' end,
            count(*),
            cast(sum(case when state = 'open' and first_raised < $9 then 1 else 0 end) as bigint)
        from warning
        where first_raised >= $1 and first_raised < $2 and area >= $3 and area < $4
          and rule >= $5 and rule <= $6
        group by 1, 2, 3 order by 1, 2, 3";
    // The ends asked for stand one beside the other; one that is not asked for is an empty word.
    LIST = "select warning_id, rule, entity_kind, entity_id, household_id, person_id, area, month,
            amount, urgency, text, explanation, state, first_raised, last_seen, closed_at, closed_why
        from warning
        where first_raised >= $1 and first_raised < $2 and area >= $3 and area < $4
          and rule >= $5 and rule <= $6 and first_raised < $9
          and case when state = 'open' then 'open' when closed_why like $7 then 'confirmed'
                when closed_why like $8 then 'refuted' else 'lapsed' end in ($10, $11, $12, $13)
        order by warning_id limit $14 offset $15";
}

words! {
    /// What became of a warning.
    Outcome {
        /// Nothing yet.
        Open = "open",
        /// 核实属实.
        Confirmed = "confirmed",
        /// 不属实.
        Refuted = "refuted",
        /// 条件消失.
        Lapsed = "lapsed",
    }
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Open, Self::Confirmed, Self::Refuted, Self::Lapsed];
}

/// The place a count or list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Everywhere.
    Anywhere,
    /// A place and all inside it.
    Place(AreaCode),
    /// Those of a place that stand in none below it.
    Only(AreaCode),
}

/// Which warnings are counted.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Raised at this moment or later.
    pub from: At,
    /// Raised before this moment.
    pub before: At,
    /// Still open, and raised before this moment: too long.
    pub late_before: At,
    /// Where.
    pub within: Within,
    /// One rule; none for all.
    pub rule: Option<String>,
    /// How the reason begins of one that was confirmed, and of one that was refuted.
    pub begins: [String; 2],
}

/// Warnings of one rule with one end in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The place.
    pub area: AreaCode,
    /// Name of the rule.
    pub rule: String,
    /// What became of them.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// How many of them are open for too long.
    pub late: u64,
}

impl Asked {
    fn values(&self) -> Vec<Value> {
        let (from, below) = match &self.within {
            Within::Anywhere => range(None),
            Within::Place(place) => range(Some(place)),
            Within::Only(place) => (place.full().into(), format!("{}:", place.full()).into()),
        };
        let (least, most) = match &self.rule {
            Some(rule) => (rule.clone(), rule.clone()),
            None => (String::new(), char::MAX.to_string()),
        };
        let [confirmed, refuted] = self.begins.each_ref().map(|word| format!("{word}%"));
        vec![
            (&self.from).into(),
            (&self.before).into(),
            from,
            below,
            least.into(),
            most.into(),
            confirmed.into(),
            refuted.into(),
            (&self.late_before).into(),
        ]
    }
}

/// Counts township by township, or village by village.
///
/// # Errors
/// The record cannot be read.
pub async fn count_by(on: &impl Reads, asked: &Asked, level: AreaLevel) -> Result<Vec<Counted>> {
    let statement = match level {
        AreaLevel::Village => BY_VILLAGE,
        _ => BY_TOWNSHIP,
    };
    let rows = on.rows(statement, asked.values()).await?;
    let read = |row: &Row| {
        Ok(Counted {
            area: row.area(0)?,
            rule: row.text(1)?,
            outcome: row.word(2, Outcome::from_word)?,
            count: count(row.int(3)?),
            late: count(row.int(4)?),
        })
    };
    rows.iter().map(read).collect()
}

/// Those with one of some ends, by number: so many, after so many.
///
/// # Errors
/// The record cannot be read.
pub async fn list(
    on: &impl Reads,
    asked: &Asked,
    ends: &[Outcome],
    (limit, skipped): (u32, i64),
) -> Result<Vec<Warning>> {
    let mut values = asked.values();
    let word = |end: Outcome| if ends.contains(&end) { end.word() } else { "" };
    values.extend(Outcome::ALL.map(|end| Value::from(word(end))));
    values.extend([limit.into(), skipped.into()]);
    let rows = on.rows(LIST, values).await?;
    rows.iter().map(from_row).collect()
}

//! 补以前月份的两本账: what a decision says is due for months that have their payment already, and what they had beside it.
//! What a month lacks is worked out from both each time: a payment that is voided leaves nothing behind. Rows are added
//! and never changed.

use crate::at::At;
use crate::entitlements::{Cause, Subject};
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{Fen, Month};

// Whether the payment `b` brings what it was drawn up with; what was granted by itself has none. A line set apart may be
// taken back while its batch is worked on. One that came back is issued again as it was, but not once help has ended.
macro_rules! brings {
    () => {
        "(b.line_id is null or (b.state <> 'void'
            and (b.state <> 'apart' or exists (select 1 from payment_batch p where p.batch_no = b.batch_no
                and p.state in ('preparing', 'draft', 'checked', 'approved')))
            and (b.state <> 'returned'
                or exists (select 1 from entitlement h where h.entitlement_id = b.entitlement_id
                    and (h.to_month is null or b.month < h.to_month))
                or exists (select 1 from payment_line n where n.entitlement_id = b.entitlement_id
                    and n.month = b.month and n.attempt > 1
                      and n.state not in ('apart', 'void', 'returned')))))"
    };
}

// What the month `m` had beside its own payment.
macro_rules! beside {
    () => {
        concat!(
            "coalesce((select cast(sum(r.amount) as bigint) from arrears r
                left join payment_line b on b.line_id = r.line_id
                where r.entitlement_id = m.entitlement_id and r.month = m.month and ",
            brings!(),
            "), 0)"
        )
    };
}

// Only the newest row of the month `m` counts.
macro_rules! newest {
    () => {
        "m.due_no = (select max(n.due_no) from month_due n
            where n.entitlement_id = m.entitlement_id and n.month = m.month)"
    };
}

// The first of the lines of the month of `l`: what is issued again brings what the first brought.
macro_rules! first_line {
    () => {
        "(case when l.attempt = 1 then l.line_id else (select f.line_id from payment_line f
            where f.entitlement_id = l.entitlement_id and f.month = l.month
              and f.attempt = 1 and f.state not in ('apart', 'void')) end)"
    };
}
pub(crate) use first_line;

// Of each named month its newest row, less what its own payment was without what that brought for other months, and less
// what it had beside. A month whose payment was voided lacks nothing: it is drawn anew.
macro_rules! lacking {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from (select m.entitlement_id, m.month, m.amount
                    - (l.amount - coalesce((select cast(sum(o.amount) as bigint) from arrears o
                        where o.line_id = l.line_id), 0))
                    - ",
            beside!(),
            " as lacks
                from month_due m
                join payment_line l on l.entitlement_id = m.entitlement_id and l.month = m.month
                    and l.attempt = 1 and l.state not in ('apart', 'void')
                where ",
            newest!(),
            ") x
            join entitlement e on e.entitlement_id = x.entitlement_id ",
            $rest
        )
    };
}

statements! {
    ADD_DUE = "insert into month_due (due_no, entitlement_id, month, amount, cause_kind, cause_id, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    ADD = "insert into arrears (arrears_no, entitlement_id, month, amount, line_id, grant_id, recovery_id, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    NAMED = "select distinct m.entitlement_id, m.month from month_due m
        join entitlement e on e.entitlement_id = m.entitlement_id
        where e.programme = $1 and e.component = $2 and e.subject_kind = $3 and e.subject_id = $4 and m.month >= $5
        order by m.entitlement_id, m.month";
    DUE_OF = "select amount, cause_kind, cause_id from month_due where entitlement_id = $1 and month = $2
        order by due_no desc limit 1";
    CAUSES_OF = "select cause_kind, cause_id from month_due where entitlement_id = $1 and month = $2
        order by due_no desc";
    OF_SUBJECT = lacking!(
        "x.entitlement_id, x.month, x.lacks",
        "where e.programme = $1 and e.component = $2 and e.subject_kind = $3 and e.subject_id = $4 and x.lacks > 0
        order by x.month, x.entitlement_id"
    );
    // With the help of the same people that is given in a month: its payment brings it.
    IN_MONTH = lacking!(
        "x.entitlement_id, x.month, x.lacks, d.entitlement_id",
        "join entitlement d on d.programme = e.programme and d.component = e.component
            and d.subject_kind = e.subject_kind and d.subject_id = e.subject_id
            and d.from_month <= $1 and (d.to_month is null or $1 < d.to_month)
        where e.component = $2 and x.lacks > 0 order by d.entitlement_id, x.month, x.entitlement_id"
    );
    // With nobody's help that is given in a month or later.
    LEFT_OVER = lacking!(
        "x.entitlement_id, x.month, x.lacks",
        "where e.component = $1 and x.lacks > 0 and not exists (select 1 from entitlement d
            where d.programme = e.programme and d.component = e.component
              and d.subject_kind = e.subject_kind and d.subject_id = e.subject_id
              and (d.to_month is null or $2 < d.to_month))
        order by x.entitlement_id, x.month"
    );
    // What is still due of months whose payment is drawn up again.
    DUE_IN = concat!(
        "select m.entitlement_id, m.amount - ",
        beside!(),
        " from month_due m join entitlement e on e.entitlement_id = m.entitlement_id
        where m.month = $1 and e.component = $2 and ",
        newest!()
    );
    BESIDE = concat!(
        "select r.entitlement_id, r.month, r.amount, r.line_id, r.grant_id, r.recovery_id,
            case when ",
        brings!(),
        " then 1 else 0 end
        from arrears r
        join entitlement e on e.entitlement_id = r.entitlement_id
        left join payment_line b on b.line_id = r.line_id
        where e.programme = $1 and e.component = $2 and e.subject_kind = $3 and e.subject_id = $4
        order by r.arrears_no"
    );
    OF_BATCH = concat!(
        "select l.line_no, cast(sum(r.amount) as bigint) from payment_line l
        join arrears r on r.line_id = ",
        first_line!(),
        " where l.batch_no = $1 group by l.line_no order by l.line_no"
    );
    OF_LINE = concat!(
        "select r.entitlement_id, r.month, r.amount, r.line_id, r.grant_id, r.recovery_id
        from payment_line l join arrears r on r.line_id = ",
        first_line!(),
        " where l.line_id = $1 order by r.month, r.arrears_no"
    );
}

/// By which way a month had something beside its own payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a later payment: that line.
    Line(i64),
    /// By a grant of its own: that entitlement.
    Grant(i64),
    /// It came back on this recovery and is due after all: less than nothing.
    Recovery(i64),
}

/// What a month of an entitlement had beside its own payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Whose month.
    pub entitlement: i64,
    /// Which.
    pub month: Month,
    /// How much; below nothing for what came back.
    pub amount: Fen,
    /// How.
    pub way: Way,
}

/// Waits until nobody else is drawing up what months lack, so that two batches do not bring the same.
///
/// # Errors
/// The record.
pub async fn alone(tx: &JournalTx) -> Result<()> {
    tx.take_numbers("arrears", 0).await?;
    Ok(())
}

/// What a month that has its payment lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Whose month.
    pub entitlement: i64,
    /// Which.
    pub month: Month,
    /// How much, more than nothing.
    pub amount: Fen,
}

/// Says what is due for months of entitlements that have their payment already, so much each.
///
/// # Errors
/// The record.
pub async fn say_due(
    tx: &mut JournalTx,
    at: &At,
    months: &[(i64, Month)],
    amount: Fen,
    cause: &Cause,
) -> Result<()> {
    let first = tx.take_numbers("month_due", months.len()).await?;
    for (no, (entitlement, month)) in (first..).zip(months) {
        let columns = [
            ("due_no", Value::from(no)),
            ("entitlement_id", (*entitlement).into()),
            ("month", month.to_string().into()),
            ("amount", amount.get().into()),
            ("cause_kind", cause.kind.as_str().into()),
            ("cause_id", cause.id.as_str().into()),
            ("at", at.into()),
        ];
        add(tx, ADD_DUE, "month_due", &columns).await?;
    }
    Ok(())
}

/// Keeps what months had beside their own payment.
///
/// # Errors
/// The record.
pub async fn keep(tx: &mut JournalTx, at: &At, all: &[Beside]) -> Result<()> {
    let first = tx.take_numbers("arrears", all.len()).await?;
    for (no, one) in (first..).zip(all) {
        let (line, grant, recovery) = match one.way {
            Way::Line(id) => (Some(id), None, None),
            Way::Grant(id) => (None, Some(id), None),
            Way::Recovery(id) => (None, None, Some(id)),
        };
        let columns = [
            ("arrears_no", Value::from(no)),
            ("entitlement_id", one.entitlement.into()),
            ("month", one.month.to_string().into()),
            ("amount", one.amount.get().into()),
            ("line_id", line.into()),
            ("grant_id", grant.into()),
            ("recovery_id", recovery.into()),
            ("at", at.into()),
        ];
        add(tx, ADD, "arrears", &columns).await?;
    }
    Ok(())
}

/// The months of somebody's help from one on of which something was said to be due, with their entitlement.
///
/// # Errors
/// The record.
pub async fn named(
    on: &impl Reads,
    what: (&str, &str),
    subject: Subject,
    from: Month,
) -> Result<Vec<(i64, Month)>> {
    let mut values = subject_values(what, subject);
    values.push(from.to_string().into());
    let rows = on.rows(NAMED, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.month(1)?)))
        .collect()
}

/// How much was said last to be due for a month, and by what.
///
/// # Errors
/// The record.
pub async fn due_of(
    on: &impl Reads,
    (entitlement, month): (i64, Month),
) -> Result<Option<(Fen, Cause)>> {
    let values = vec![entitlement.into(), month.to_string().into()];
    let rows = on.rows(DUE_OF, values).await?;
    let read = |row: &Row| {
        Ok((
            Fen::new(row.int(0)?),
            Cause::new(row.text(1)?, row.text(2)?),
        ))
    };
    rows.first().map(read).transpose()
}

/// What said how much is due for a month, the last first.
///
/// # Errors
/// The record.
pub async fn causes_of(on: &impl Reads, (entitlement, month): (i64, Month)) -> Result<Vec<Cause>> {
    let values = vec![entitlement.into(), month.to_string().into()];
    let rows = on.rows(CAUSES_OF, values).await?;
    let read = |row: &Row| Ok(Cause::new(row.text(0)?, row.text(1)?));
    rows.iter().map(read).collect()
}

/// What the months of somebody's help lack, the oldest first.
///
/// # Errors
/// The record.
pub async fn of_subject(
    on: &impl Reads,
    (programme, component): (&str, &str),
    subject: Subject,
) -> Result<Vec<Lack>> {
    let values = subject_values((programme, component), subject);
    let rows = on.rows(OF_SUBJECT, values).await?;
    rows.iter().map(lack).collect()
}

/// What earlier months lack of everybody who is given a component in a month, with the entitlement they are given it by.
///
/// # Errors
/// The record.
pub async fn in_month(on: &impl Reads, month: Month, component: &str) -> Result<Vec<(i64, Lack)>> {
    let values = vec![month.to_string().into(), component.into()];
    let rows = on.rows(IN_MONTH, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(3)?, lack(row)?)))
        .collect()
}

/// What months lack of everybody who is given nothing of a component any more from a month on.
///
/// # Errors
/// The record.
pub async fn left_over(on: &impl Reads, component: &str, this: Month) -> Result<Vec<Lack>> {
    let values = vec![component.into(), this.to_string().into()];
    let rows = on.rows(LEFT_OVER, values).await?;
    rows.iter().map(lack).collect()
}

/// What is said to be due of a month by itself and was not had beside its payment: entitlement and how much.
///
/// # Errors
/// The record.
pub async fn due_in(on: &impl Reads, month: Month, component: &str) -> Result<Vec<(i64, Fen)>> {
    let values = vec![month.to_string().into(), component.into()];
    let rows = on.rows(DUE_IN, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, Fen::new(row.int(1)?))))
        .collect()
}

/// What the months of somebody's help had beside their own payments, in the order it was written; each with whether its
/// payment stands.
///
/// # Errors
/// The record.
pub async fn beside(
    on: &impl Reads,
    (programme, component): (&str, &str),
    subject: Subject,
) -> Result<Vec<(Beside, bool)>> {
    let values = subject_values((programme, component), subject);
    let rows = on.rows(BESIDE, values).await?;
    rows.iter()
        .map(|row| Ok((from_row(row)?, row.int(6)? == 1)))
        .collect()
}

/// How much each line of a batch brought for earlier months in all: its place, and the sum.
///
/// # Errors
/// The record.
pub async fn of_batch(on: &impl Reads, batch: i64) -> Result<Vec<(i64, Fen)>> {
    let rows = on.rows(OF_BATCH, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, Fen::new(row.int(1)?))))
        .collect()
}

/// What lines brought for earlier months, for each in the order of the months.
///
/// # Errors
/// The record.
pub async fn of_lines(on: &impl Reads, lines: &[i64]) -> Result<Vec<Vec<Beside>>> {
    let sets = lines.iter().map(|id| vec![(*id).into()]).collect();
    let answers = on.rows_each(OF_LINE, sets).await?;
    answers
        .iter()
        .map(|rows| rows.iter().map(from_row).collect())
        .collect()
}

fn subject_values((programme, component): (&str, &str), subject: Subject) -> Vec<Value> {
    vec![
        programme.into(),
        component.into(),
        subject.kind.into(),
        subject.id.into(),
    ]
}

fn lack(row: &Row) -> Result<Lack> {
    Ok(Lack {
        entitlement: row.int(0)?,
        month: row.month(1)?,
        amount: Fen::new(row.int(2)?),
    })
}

fn from_row(row: &Row) -> Result<Beside> {
    let way = match (row.int_opt(3)?, row.int_opt(4)?) {
        (Some(line), _) => Way::Line(line),
        (None, Some(grant)) => Way::Grant(grant),
        (None, None) => Way::Recovery(row.int(5)?),
    };
    Ok(Beside {
        entitlement: row.int(0)?,
        month: row.month(1)?,
        amount: Fen::new(row.int(2)?),
        way,
    })
}

//! A batch's lines with names and cards in full, for the bank's file and the roster alone. Who opens
//! them and why is durable before anything is opened.

use crate::bank_accounts;
use crate::error::{Result, StoreError};
use crate::identity::Grant;
use crate::open::Store;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::Row;
use domain::Fen;
use domain::payment::LineState;

statements! {
    OPENED = "select l.line_no, l.amount, l.area, l.programme, a.account_id, a.card, a.token,
            i.identity_id, i.name, i.id_number, l.household_id, l.state
        from payment_line l
        join bank_account a on a.account_id = l.account_id
        join identity i on i.identity_id = l.identity_id
        where l.batch_no = $1 and l.line_no > $2
          and l.state in ('batched', 'sent', 'paid', 'returned', 'unknown')
        order by l.line_no limit $3";
}

const AT_ONCE: u32 = 20_000;

/// A line in full. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenLine {
    /// Its place in the batch.
    pub line_no: u32,
    /// How much.
    pub amount: Fen,
    /// Where, by code.
    pub area: String,
    /// 项目.
    pub programme: String,
    /// 家庭编号.
    pub household: i64,
    /// How far it has come.
    pub state: LineState,
    /// 银行卡号.
    pub card: String,
    /// 户名.
    pub name: String,
    /// 身份证号.
    pub id_number: Option<String>,
}

impl std::fmt::Debug for OpenLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenLine({}, **)", self.line_no)
    }
}

/// Opens the lines of a sealed batch, in order, after the entry that says so is durable.
pub async fn open_lines(store: &Store, grant: &Grant, batch: i64) -> Result<Vec<OpenLine>> {
    let act = crate::audit::Act::new(&grant.at, &grant.actor, "identity.reveal")
        .on("payment-batch", batch)
        .because(&grant.purpose)
        .under(&grant.authority)
        .carrying(format!(
            "{{\"channel\":\"{}\",\"fields\":[\"name\",\"id-number\",\"card\"],\"batch\":{batch}}}",
            grant.channel.replace(['"', '\\'], "'")
        ));
    store.record_alone(act).await?;
    let ring = store.key_ring();
    let mut out = Vec::new();
    loop {
        let after = out.last().map_or(0, |line: &OpenLine| line.line_no);
        let values = vec![batch.into(), after.into(), AT_ONCE.into()];
        let rows = store.rows(OPENED, values).await?;
        if rows.is_empty() {
            return Ok(out);
        }
        let ring = ring.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let seals = Seals {
                card: ring.0.column("bank_account", "card"),
                name: ring.0.column("identity", "name"),
                number: ring.0.column("identity", "id_number"),
            };
            rows.iter()
                .map(|row| seals.open(row))
                .collect::<Result<Vec<OpenLine>>>()
        });
        out.extend(opened.await.map_err(|_| StoreError::Closed)??);
    }
}

struct Seals {
    card: crate::keys::ColumnSeal,
    name: crate::keys::ColumnSeal,
    number: crate::keys::ColumnSeal,
}

impl Seals {
    fn open(&self, row: &Row) -> Result<OpenLine> {
        let identity = row.int(7)?;
        let text = |seal: &crate::keys::ColumnSeal, at: usize| {
            let sealed = row.bytes_opt(at)?;
            sealed
                .map(|value| seal.open_text(identity, &value))
                .transpose()
        };
        Ok(OpenLine {
            line_no: super::small(row.int(0)?)?,
            amount: Fen::new(row.int(1)?),
            area: row.text(2)?,
            programme: row.text(3)?,
            household: row.int(10)?,
            state: row.word(11, LineState::from_code)?,
            card: bank_accounts::open(&self.card, row, 4, 5)?,
            name: text(&self.name, 8)?.unwrap_or_default(),
            id_number: text(&self.number, 9)?,
        })
    }
}

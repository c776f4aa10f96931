//! 情形: cases of which a circumstance holds.

use crate::areas::range;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use domain::{AreaCode, CaseNo};

statements! {
    TOLD = "select e.case_no, e.outcome from case_events e join cases c on c.case_no = e.case_no
        where e.kind = 'circumstance' and e.name = $1 and c.area >= $2 and c.area < $3
          and e.seq = (select max(f.seq) from case_events f
            where f.case_no = e.case_no and f.kind = 'circumstance' and f.name = $1)
        order by e.case_no desc";
}

/// The cases of a place and all inside it of which a circumstance was told last, newest first, each with the word that
/// says it no longer holds; empty where it does.
pub async fn of_circumstance(
    on: &impl Reads,
    name: &str,
    area: Option<&AreaCode>,
) -> Result<Vec<(CaseNo, String)>> {
    let (from, below) = range(area);
    let rows = on.rows(TOLD, vec![name.into(), from, below]).await?;
    rows.iter()
        .map(|row| Ok((CaseNo::new(row.int(0)?), row.text(1)?)))
        .collect()
}

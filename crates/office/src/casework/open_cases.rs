//! 在办: every open case within somebody's places with what it waits for, read once for whoever counts or lists them.

use super::Done;
use crate::access::Scope;
use crate::office::Office;
use domain::CaseNo;
use std::collections::BTreeMap;
use store::cases::{self, CaseRow, Wait};

/// Open cases that are read at a time.
const CASES_READ: u32 = 1_000;

/// Hands over each open case with its open steps, by number; a case whose step no role may do comes with none.
///
/// # Errors
/// The record, or what `take` answers.
pub(super) async fn each_open(
    office: &Office,
    scope: &Scope,
    mut take: impl FnMut(&CaseRow, &[Wait]) -> Done<()>,
) -> Done<()> {
    let start = scope.start();
    let mut waits: BTreeMap<CaseNo, Vec<Wait>> = BTreeMap::new();
    for (case, wait) in cases::all_waits(&office.store, start.as_ref()).await? {
        waits.entry(case).or_default().push(wait);
    }
    let mut after = 0;
    loop {
        let rows = cases::list_open(&office.store, start.as_ref(), after, CASES_READ).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.no.get();
        for row in rows.iter().filter(|row| scope.contains(&row.current.area)) {
            take(row, waits.get(&row.no).map_or(&[][..], Vec::as_slice))?;
        }
    }
}

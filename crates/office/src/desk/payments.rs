//! 与规则对照: what a batch pays beside what the rules of the month give. Shown, never used: the amount
//! paid is that of the decision or the roll.

use super::{Desk, Told};
use crate::disbursement::{GapRow, RuleGaps, all_lines_of};
use crate::views::ViewError;
use domain::Fen;
use engine::payable::{Paid, Pay};
use std::collections::HashMap;
use store::entitlements::{self, Entitlement};

/// How many differences are listed.
const GAPS_SHOWN: usize = 100;

pub(super) async fn gaps(desk: &Desk, no: i64) -> Told<RuleGaps> {
    let office = &desk.office;
    let (batch, lines) = all_lines_of(office, no).await?;
    let months = desk.month_list().await?;
    // The rules of the newest month up to the batch's: a batch is drawn up before its month's files come.
    let month = months
        .into_iter()
        .find(|month| *month <= batch.content.month);
    let month = month.ok_or_else(|| {
        ViewError::NotAnswerable("还没有这个月或更早的户籍登记来文,不能与规则对照".to_owned())
    })?;
    let judgement = desk.judgement(month).await?;
    let data = &judgement.data;
    let pays = engine::payable::payable(&data.program, &data.judged, &data.frames, month.last());
    let mut known: HashMap<i64, Entitlement> = HashMap::new();
    let mut after = 0;
    loop {
        let store = &office.store;
        let page = entitlements::in_force(store, batch.content.month, after, 50_000).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        known.extend(page.into_iter().map(|one| (one.id, one)));
    }
    let mut out = RuleGaps {
        month: month.to_string(),
        ..RuleGaps::default()
    };
    for line in &lines {
        let content = &line.content;
        let Some(entitlement) = known.get(&content.entitlement) else {
            continue;
        };
        let Some(pay) = pays
            .iter()
            .find(|p| p.file_id == content.programme && p.monthly)
        else {
            continue;
        };
        out.compared = out.compared.saturating_add(1);
        let given = pay.of(entitlement.subject.id);
        if given.and_then(|given| given.paid) == Some(content.amount.get()) {
            continue;
        }
        out.count = out.count.saturating_add(1);
        if out.rows.len() < GAPS_SHOWN {
            out.rows.push(GapRow {
                line: content.line_no,
                household: content.household.get(),
                programme: pay.title.clone(),
                paid: content.amount.to_string(),
                rules: said(pay, given),
            });
        }
    }
    Ok(out)
}

fn said(pay: &Pay, given: Option<&Paid>) -> String {
    match given {
        None if pay.pending > 0 => "不符合,或者待查".to_owned(),
        None => "不符合".to_owned(),
        Some(given) => given.paid.map_or_else(
            || "符合,金额还不能确定".to_owned(),
            |fen| format!("{} 元", Fen::new(fen)),
        ),
    }
}

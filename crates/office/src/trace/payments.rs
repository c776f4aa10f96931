//! From a line of money back to what it rests on: its batch and the persons who held it, its entitlement,
//! and the row of the roll or the decision that gave it.

use super::decisions::{of_after, of_decision, once};
use super::{Step, acted, not_there, of_row, row_id};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::Month;
use store::entitlements::{self, Cause};
use store::payments::{self, Line};
use store::users::UserId;

/// Walks back from `payment:1/14`, the 14th line of batch 1.
pub(super) async fn of_line(office: &Office, text: &str) -> Result<Vec<Step>> {
    let unknown = || {
        OfficeError::NotFound(format!(
            "`payment:{text}` 应写成 payment:1/14,就是第 1 批第 14 行"
        ))
    };
    let (batch, line) = text.split_once('/').ok_or_else(unknown)?;
    let batch: i64 = batch.parse().map_err(|_| unknown())?;
    let line: u32 = line.parse().map_err(|_| unknown())?;
    let id = payments::line_id(batch, line).ok_or_else(unknown)?;
    let mut steps = Vec::new();
    let mut next = Some(id);
    // A line issued again leads to the one that came back.
    while let Some(id) = next {
        let found = payments::find_line(&office.store, id).await?;
        let found = found.ok_or_else(|| not_there("发放行", text))?;
        steps.push(line_step(&found));
        steps.push(batch_step(office, found.batch).await?);
        next = found.content.reissue_of;
        if next.is_none() {
            let of = (found.content.entitlement, found.content.month);
            steps.extend(of_entitlement(office, of).await?);
            steps.extend(of_arrears(office, id).await?);
        }
    }
    Ok(once(steps))
}

/// What a line brought for earlier months, and what said that it was due.
async fn of_arrears(office: &Office, line: i64) -> Result<Vec<Step>> {
    let brought = store::arrears::of_lines(&office.store, &[line]).await?;
    let mut steps = Vec::new();
    for one in brought.into_iter().flatten() {
        let of = (one.entitlement, one.month);
        let Some((due, cause)) = store::arrears::due_of(&office.store, of).await? else {
            continue;
        };
        steps.push(Step {
            what: "补以前月份",
            record: format!("entitlement:{}", one.entitlement),
            says: format!(
                "其中 {} 元补 {} 少发的:那个月应发 {due} 元",
                one.amount, one.month
            ),
            where_: String::new(),
            cause: format!("{}:{}", cause.kind, cause.id),
        });
        steps.extend(of_cause(office, &cause, one.month).await?);
    }
    Ok(steps)
}

fn line_step(line: &Line) -> Step {
    let content = &line.content;
    let again = content
        .reissue_of
        .map(|id| format!(" payment:{}/{}", id >> 32, id & i64::from(u32::MAX)));
    Step {
        what: "发放行",
        record: format!("payment:{}/{}", line.batch, content.line_no),
        says: format!(
            "{} {} {} 元,{},第 {} 次",
            content.month,
            content.programme,
            content.amount,
            line.state.word(),
            content.attempt
        ),
        where_: format!("家庭 {},收款人 {}", content.household, content.payee),
        cause: format!(
            "entitlement:{}{}",
            content.entitlement,
            again.unwrap_or_default()
        ),
    }
}

async fn batch_step(office: &Office, no: i64) -> Result<Step> {
    let batch = payments::find(&office.store, no).await?;
    let batch = batch.ok_or_else(|| not_there("发放批次", no))?;
    let digest = batch.digest.map(|digest| store::digest::hex(&digest));
    let short: String = digest.unwrap_or_default().chars().take(12).collect();
    let mut hands = format!("编制 {}", login(office, batch.content.prepared_by).await?);
    for (what, hand) in [
        ("核查", &batch.checked),
        ("批准", &batch.approved),
        ("交银行", &batch.released),
    ] {
        if let Some(hand) = hand {
            hands.push_str(&format!(",{what} {}", login(office, hand.user).await?));
        }
    }
    Ok(Step {
        what: "发放批次",
        record: format!("payment-batch:{no}"),
        says: format!(
            "{} {} {} 行 {} 元,{};{hands};封存摘要 {short}",
            batch.content.month,
            batch.content.kind,
            batch.lines,
            batch.amount,
            batch.state.word()
        ),
        where_: acted(office, "payment-batch", no).await?,
        cause: String::new(),
    })
}

async fn login(office: &Office, user: UserId) -> Result<String> {
    let known = store::users::get(&office.store, user).await?;
    Ok(known.map_or_else(|| user.to_string(), |known| known.login))
}

/// What the help of a month rests on: what gave it, and what changed it up to that month.
async fn of_entitlement(office: &Office, (id, month): (i64, Month)) -> Result<Vec<Step>> {
    let found = entitlements::find(&office.store, id).await?;
    let found = found.ok_or_else(|| not_there("待遇", id))?;
    let mut amounts = entitlements::amounts(&office.store, id).await?;
    amounts.retain(|change| change.from <= month);
    let said: Vec<String> = amounts
        .iter()
        .map(|change| format!("{} 起 {} 元", change.from, change.amount))
        .collect();
    let mut steps = vec![Step {
        what: "待遇",
        record: format!("entitlement:{id}"),
        says: format!("{} {}:{}", found.programme, found.component, said.join(",")),
        where_: acted(office, "entitlement", id).await?,
        cause: format!("{}:{}", found.cause.kind, found.cause.id),
    }];
    let mut causes: Vec<&Cause> = vec![&found.cause];
    causes.extend(
        amounts
            .iter()
            .map(|change| &change.cause)
            .filter(|cause| **cause != found.cause),
    );
    for cause in causes {
        steps.extend(of_cause(office, cause, month).await?);
    }
    Ok(steps)
}

/// What gave or changed money.
async fn of_cause(office: &Office, cause: &Cause, month: Month) -> Result<Vec<Step>> {
    if cause.kind == "row"
        && let Some(row) = row_id(&cause.id)
    {
        let mut rows = of_row(office, row).await?;
        // What the row led to in other ways is no cause of the money.
        rows.retain(|step| step.what != "预警");
        return Ok(rows);
    }
    match (cause.kind.as_str(), cause.id.parse::<i64>()) {
        ("decision", Ok(decision)) => of_decision(office, decision).await,
        ("after-decision", Ok(after)) => of_after(office, after).await,
        ("entitlement", Ok(other)) => Box::pin(of_entitlement(office, (other, month))).await,
        _ => Ok(vec![Step {
            what: "依据",
            record: format!("{}:{}", cause.kind, cause.id),
            says: word(&cause.kind).to_owned(),
            where_: String::new(),
            cause: String::new(),
        }]),
    }
}

fn word(kind: &str) -> &'static str {
    match kind {
        "decision" => "审核确认决定",
        "rule" => "当月规则算出",
        "act" => "经办人写明的理由",
        "crisis" => "紧急通道:到期救助自动延长",
        _ => "记录",
    }
}

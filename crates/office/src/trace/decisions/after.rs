//! From a later decision — change, gradual exit, stop, recovery — back to what it rests on: what the family was
//! told and said, how it was handed over, and the same grounds as a first decision.

use super::{case_step, grounds, once, plain, rule_step, signed, told_month};
use crate::casework::afterwards::kind_name;
use crate::casework::capsule::Capsule;
use crate::casework::{self, Case, way_word};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use crate::trace::{Step, acted, not_there};
use domain::{Day, Month};
use store::hearings::{self, HeardAnswer};
use store::reviews::{self, AfterDecision, AfterState};

/// Walks back from `after-decision:1`.
pub(in crate::trace) async fn of_after(office: &Office, no: i64) -> Result<Vec<Step>> {
    let found = reviews::find(&office.store, no).await?;
    let decision = found.ok_or_else(|| not_there("处理决定", no))?;
    let content = &decision.content;
    let case = casework::read(office, &office.store, content.case).await;
    let case = case.map_err(plain)?;
    let case = case.ok_or_else(|| not_there("办件", content.case))?;
    let mut steps = vec![decision_step(office, &decision).await?];
    // Where no rule could be asked, nothing is sealed.
    let sealed = match content.capsule.as_str() {
        "" => None,
        text => Some(Capsule::read(text).map_err(plain)?),
    };
    let program = match &sealed {
        None => office.rules_on(content.day),
        Some(sealed) => {
            let day = Day::parse(&sealed.rules_day);
            let day =
                day.map_err(|error| OfficeError::Other(format!("处理决定封存的规则日:{error}")))?;
            office.rules_on(day)
        }
    };
    steps.extend(sealed.iter().map(|sealed| rule_step(&program, sealed)));
    steps.push(case_step(&case));
    steps.extend(heard_steps(office, &case, &decision).await?);
    if let Some(sealed) = &sealed {
        let month = told_month(sealed).unwrap_or(Month::containing(content.day));
        steps.extend(grounds(office, &program, &case, (sealed, month)).await?);
    }
    Ok(once(steps))
}

async fn decision_step(office: &Office, decision: &AfterDecision) -> Result<Step> {
    let content = &decision.content;
    let after = content.after.map(|fen| format!(" 改为 {fen} 元"));
    let from = content.from.map(|month| format!(",{month} 起"));
    let last = content.last.map(|month| format!(",发到 {month}"));
    let state = match decision.state {
        AfterState::Signed => ",没有送达",
        AfterState::Effective => "",
        AfterState::Replaced => ",已被代替",
    };
    let digest = store::digest::hex(&store::digest::of_bytes(content.capsule.as_bytes()));
    let short: String = digest.chars().take(12).collect();
    let heard = match &content.heard {
        Ok(no) => format!(" hearing:{no}"),
        Err(_) => String::new(),
    };
    Ok(Step {
        what: "处理决定",
        record: format!("after-decision:{}", decision.no),
        says: format!(
            "{} {},每月 {} 元{}{}{}{state};{} 签署,查核 {};封存摘要 {short}",
            content.day,
            kind_name(content.kind),
            content.before,
            after.unwrap_or_default(),
            from.unwrap_or_default(),
            last.unwrap_or_default(),
            content.decider,
            content.looked_by
        ),
        where_: acted(office, "after-decision", decision.no).await?,
        cause: format!(
            "case:{} entitlement:{}{heard}",
            content.case, content.entitlement
        ),
    })
}

/// What the family was told and said, and how the decision came to them. Their words are not told.
async fn heard_steps(office: &Office, case: &Case, decision: &AfterDecision) -> Result<Vec<Step>> {
    let store = &office.store;
    let mut out = Vec::new();
    for told in hearings::notices(store, case.no()).await? {
        out.push(Step {
            what: "告知",
            record: format!("hearing-notice:{}", told.no),
            says: format!(
                "{} {}告知,可以在 {} 以前提意见",
                told.content.told,
                way_word(told.content.way),
                told.content.until
            ),
            where_: acted(office, "hearing-notice", told.no).await?,
            cause: format!("case:{}", case.no()),
        });
    }
    for heard in hearings::hearings(store, case.no()).await? {
        let answer = match heard.content.answer {
            HeardAnswer::Agrees => "同意",
            HeardAnswer::Objects => "不同意",
            HeardAnswer::Silent => "没有提出",
        };
        out.push(Step {
            what: "听取意见",
            record: format!("hearing:{}", heard.no),
            says: format!("{} {answer},{} 记录", heard.content.day, heard.content.by),
            where_: acted(office, "hearing", heard.no).await?,
            cause: format!("hearing-notice:{}", heard.content.notice.0),
        });
    }
    if let Some(effect) = &decision.effect {
        let from = effect.from.map(|month| format!(",从 {month} 起执行"));
        out.push(Step {
            what: "送达",
            record: String::new(),
            says: format!(
                "{} {},{}{}",
                effect.day,
                way_word(effect.way),
                signed(&effect.receiver),
                from.unwrap_or_default()
            ),
            where_: format!("{} 送达", effect.by),
            cause: format!("after-decision:{}", decision.no),
        });
    }
    Ok(out)
}

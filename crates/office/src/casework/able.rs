//! 谁能办: whether an account could do the open step with somebody or after them, and whether a case may go
//! without what protects others. Asked before anything is written.

use super::{Case, CaseError, Completion, Done, fields, worklist};
use crate::access::Acting;
use crate::office::Office;
use domain::{Day, age_in_years};
use store::JournalTx;

/// What the step gives and who did it with this person are what the procedure and the accounts say.
pub(super) async fn together(
    office: &Office,
    tx: &JournalTx,
    who: &Acting,
    case: &Case,
    done: &Completion<'_>,
) -> Done<()> {
    let Some(step) = case.open_step().filter(|step| step.name == done.step) else {
        return Ok(());
    };
    if !done.gave.is_empty() && !step.gives.iter().any(|gives| gives == done.gave) {
        let said = format!(
            "“{}”给出的是{},没有“{}”",
            step.name,
            step.gives.join("、"),
            done.gave
        );
        return Err(CaseError::Refused(said));
    }
    for other in done.others {
        if other == who.login() {
            let said = format!("“{}”要两个人办;另一位不能填您自己", step.name);
            return Err(CaseError::Refused(said));
        }
        is_able(office, tx, who, case, other).await?;
    }
    Ok(())
}

/// Refuses an account that could not do the open step.
pub(super) async fn is_able(
    office: &Office,
    tx: &JournalTx,
    who: &Acting,
    case: &Case,
    login: &str,
) -> Done<()> {
    if worklist::could(office, tx, who, case, login).await? {
        return Ok(());
    }
    let step = case.open_step();
    let said = format!(
        "账号 `{login}` 办不了“{}”:要用在用的账号,有{}这样的角色,辖区包括这里,又不用回避",
        step.map_or("", |step| step.name.as_str()),
        step.map_or_else(String::new, |step| step.who.join("、"))
    );
    Err(CaseError::Refused(said))
}

/// Nobody is spared a notice in whose case a grown-up stands; one whose birth date is not known counts as one.
pub(super) async fn of_children_only(
    office: &Office,
    tx: &JournalTx,
    case: &Case,
    name: &str,
) -> Done<()> {
    let content = &case.application.content;
    let mut ids: Vec<_> = content.members.iter().map(|(person, _)| *person).collect();
    ids.push(content.applicant);
    ids.sort_unstable();
    ids.dedup();
    let today = office.clock.today();
    let years = fields::grown_up_years(&office.book);
    let is_child = |birth: Day| years.is_some_and(|years| age_in_years(birth, today) < years);
    let people = store::persons::get_many(tx, &ids).await?;
    let children = people.iter().filter(|one| one.birth.is_some_and(is_child));
    if children.count() == ids.len() {
        return Ok(());
    }
    let said = format!("不能登记“{name}”:这一件里有成年人,或者有人的出生日期没有登记,照样公示");
    Err(CaseError::Refused(said))
}

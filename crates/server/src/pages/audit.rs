//! 审计日志: who did what, when and why, newest first; of everybody, of one account, of one household.

use askama::Template;
use office::access::JournalPage;
use office::views::ViewError;

use crate::desk::{Answered, Desk};
use crate::links::with_field;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    actor: String,
    household: String,
    next: Option<String>,
    view: JournalPage,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let number = |name: &str| match desk.fields.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(Some).map_err(|_| {
            let said = format!("`{text}` 不是编号,请填数字");
            desk.refuse(ViewError::NotAnswerable(said))
        }),
    };
    let (household, before) = (number("household")?, number("before")?);
    let actor = desk.fields.get("actor").unwrap_or_default();
    let view = desk
        .access
        .journal(&desk.who, Some(&actor), household, before)
        .await
        .map_err(|error| desk.refuse(error))?;
    let household = household.map_or_else(String::new, |id| id.to_string());
    let mut list = "/audit".to_owned();
    for (name, value) in [("actor", &actor), ("household", &household)] {
        if !value.is_empty() {
            list = with_field(&list, name, value);
        }
    }
    let next = view
        .next
        .map(|seq| with_field(&list, "before", &seq.to_string()));
    desk.show(&AuditPage {
        shell: desk.shell("审计日志", Some(Menu::Audit)),
        actor,
        household,
        next,
        view,
    })
}

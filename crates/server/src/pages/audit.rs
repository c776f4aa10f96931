//! 审计日志: who did what, when and why, newest first; of everybody, of one account, household or person; and
//! whether what the record holds is what was written.

use askama::Template;
use office::access::{JournalPage, RowsChecked};
use office::views::ViewError;

use crate::desk::{Answered, Desk};
use crate::links::with_field;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    actor: String,
    household: String,
    person: String,
    next: Option<String>,
    view: JournalPage,
}

#[derive(Template)]
#[template(path = "audit_check.html")]
struct CheckPage {
    shell: Shell,
    view: RowsChecked,
}

/// Looks at the chain and at every row, and says what is not as the program wrote it.
pub(crate) async fn check(desk: Desk) -> Answered {
    let view = desk.access.check_rows(&desk.who).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let mut shell = desk.shell("逐行核对", Some(Menu::Audit));
    "/audit".clone_into(&mut shell.here);
    desk.show(&CheckPage { shell, view })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    // A field of a form that was left empty asks for nothing.
    let given = |name: &str| desk.fields.get(name).filter(|text| !text.is_empty());
    let number = |name: &str| match given(name) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(Some).map_err(|_| {
            let said = format!("`{text}` 不是编号,请填数字");
            desk.refuse(ViewError::NotAnswerable(said))
        }),
    };
    let (household, before) = (number("household")?, number("before")?);
    let person = number("person")?;
    let actor = desk.fields.get("actor").unwrap_or_default();
    let (access, who) = (&desk.access, &desk.who);
    let view = match person {
        Some(person) => access.journal_of_person(who, person, before).await,
        None => access.journal(who, Some(&actor), household, before).await,
    };
    let view = view.map_err(|error| desk.refuse(error))?;
    let [household, person] =
        [household, person].map(|id| id.map_or_else(String::new, |id| id.to_string()));
    let mut list = "/audit".to_owned();
    let filters = [
        ("actor", &actor),
        ("household", &household),
        ("person", &person),
    ];
    for (name, value) in filters {
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
        person,
        next,
        view,
    })
}

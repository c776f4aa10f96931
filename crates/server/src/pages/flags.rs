//! 疑点 and 调阅: what an audit looks at first, each number with its list, and one case read-only.

use askama::Template;
use axum::extract::Path;
use office::casework::audited::{self, AuditedCase};
use office::casework::case_no;
use office::casework::flags::{self, FlagView};

use crate::desk::{Answered, Desk};
use crate::links::with_field;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "flags.html")]
struct FlagsPage {
    shell: Shell,
    view: FlagView,
}

#[derive(Template)]
#[template(path = "audited.html")]
struct AuditedPage {
    shell: Shell,
    view: AuditedCase,
}

/// The list of a kind.
fn list(code: &str) -> String {
    with_field("/audit/flags", "kind", code)
}

/// The looks of an account on a day.
fn looks(code: &str, (login, day): &(String, String)) -> String {
    with_field(&with_field(&list(code), "by", login), "day", day)
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let word = |name: &str| desk.fields.get(name).unwrap_or_default();
    let (kind, by, day) = (word("kind"), word("by"), word("day"));
    let view = flags::flags(&desk.access, &desk.who, (&kind, &by, &day)).await;
    desk.show(&FlagsPage {
        shell: desk.shell("疑点", Some(Menu::Flags)),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

pub(crate) async fn case(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = case_no(&no).map_err(|error| desk.refuse(error.into()))?;
    let view = audited::audited(&desk.access, &desk.who, no).await;
    desk.show(&AuditedPage {
        shell: desk.shell(format!("调阅办件 № {no}"), Some(Menu::Flags)),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

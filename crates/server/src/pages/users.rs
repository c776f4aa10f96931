//! 用户与机构: who works here, in which roles, for which places.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::{
    AccessError, AccountRow, By, Done, EndingRow, EndingState, NewAccount, NewOffice, OfficeRow,
    OneTimePassword, Right, Role, SignInError,
};

use super::sign_in::raw;
use crate::desk::{Answered, Desk, Porch};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    shell: Shell,
    manages: bool,
    grants: bool,
    /// Whether the password must be typed again before anything can be changed.
    must_confirm: bool,
    accounts: Vec<AccountRow>,
    offices: Vec<OfficeRow>,
    roles: Vec<Role>,
    /// Declared relations that are to end, for another person to confirm.
    endings: Vec<EndingRow>,
    /// Names of places to choose from.
    places: Vec<String>,
    password: Option<(String, String)>,
    problem: Option<String>,
    /// What the rulebook in force lacks for this program.
    missing: Option<String>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, None, None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    password: Option<(String, String)>,
    problem: Option<String>,
) -> Result<UsersPage, crate::desk::Refusal> {
    let seen = desk.access.accounts(By::Official(&desk.who)).await;
    let fresh = desk.who.is_fresh();
    let (accounts, offices) = seen.map_err(|error| desk.refuse(error.into()))?;
    let endings = desk.access.endings(&desk.who).await;
    let endings = endings.map_err(|error| desk.refuse(error.into()))?;
    let places = desk.access.place_names(By::Official(&desk.who)).await;
    Ok(UsersPage {
        shell: desk.shell("用户与机构", Some(Menu::Users)),
        manages: fresh && desk.who.may(Right::USER_MANAGE),
        grants: fresh && desk.who.may(Right::ROLE_GRANT),
        must_confirm: !fresh
            && (desk.who.may(Right::USER_MANAGE) || desk.who.may(Right::ROLE_GRANT)),
        accounts,
        offices,
        roles: desk.access.book().roles().to_vec(),
        endings,
        places: places.map_err(|error| desk.refuse(error.into()))?,
        password,
        problem,
        missing: desk.access.office().missing_line(),
    })
}

/// Back to the list, or the list with what is wrong on top.
async fn after(desk: &Desk, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to("/admin/users").into_response()),
        Err(error) => again(desk, error).await,
    }
}

/// The list with a password that is told once, or with what is wrong.
async fn told(desk: &Desk, login: String, done: Done<OneTimePassword>) -> Answered {
    match done {
        Ok(password) => {
            let told = (login, password.tell().to_owned());
            let page = page(desk, Some(told), None).await?;
            desk.show(&page)
        }
        Err(error) => again(desk, error).await,
    }
}

async fn again(desk: &Desk, error: AccessError) -> Answered {
    match error {
        AccessError::Confirm | AccessError::Refused(_) | AccessError::NotFound(_) => {
            let page = page(desk, None, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        AccessError::Denied(_) | AccessError::Office(_) => Err(desk.refuse(error.into())),
    }
}

/// The password once more, before accounts are changed.
pub(crate) async fn confirm(desk: Desk, porch: Porch, body: String) -> Answered {
    let word = raw(&body, "password");
    let confirmed = desk
        .access
        .confirm(&desk.visitor, &word, &porch.origin)
        .await;
    match confirmed {
        Ok(()) => Ok(Redirect::to("/admin/users").into_response()),
        Err(SignInError::Office(cause)) => Err(desk.refuse(cause.into())),
        Err(error) => {
            let page = page(&desk, None, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
    }
}

pub(crate) async fn add(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let new = NewAccount {
        login: fields.get("login").unwrap_or_default(),
        name: fields.get("name").unwrap_or_default(),
        organisation: fields.get("organisation").unwrap_or_default(),
    };
    let made = desk.access.add_account(By::Official(&desk.who), &new).await;
    told(&desk, new.login, made).await
}

pub(crate) async fn add_office(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let new = NewOffice {
        code: fields.get("code").unwrap_or_default(),
        name: fields.get("name").unwrap_or_default(),
        area: fields.get("area").unwrap_or_default(),
        parent: fields.get("parent"),
    };
    let made = desk.access.add_office(By::Official(&desk.who), &new).await;
    after(&desk, made).await
}

pub(crate) async fn set_state(desk: Desk, Path(login): Path<String>, body: String) -> Answered {
    let by = By::Official(&desk.who);
    let done = match Fields::read(&body).get("state").as_deref() {
        Some("active") => desk.access.enable(by, &login).await,
        Some("disabled") => desk.access.disable(by, &login).await,
        _ => Err(AccessError::Refused("请选启用或者停用".to_owned())),
    };
    after(&desk, done).await
}

pub(crate) async fn reset(desk: Desk, Path(login): Path<String>) -> Answered {
    let done = desk.access.reset(By::Official(&desk.who), &login).await;
    told(&desk, login, done).await
}

pub(crate) async fn grant(desk: Desk, Path(login): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let until = fields.get("until");
    let by = By::Official(&desk.who);
    let done = desk
        .access
        .grant_until(
            by,
            &login,
            &word("role"),
            &word("area"),
            until,
            &word("reason"),
        )
        .await;
    after(&desk, done).await
}

pub(crate) async fn revoke(
    desk: Desk,
    Path((login, grant)): Path<(String, String)>,
    body: String,
) -> Answered {
    let grant = desk.id(&grant, "角色授予")?;
    let why = Fields::read(&body).get("reason").unwrap_or_default();
    let by = By::Official(&desk.who);
    let done = desk.access.revoke(by, &login, grant, &why).await;
    after(&desk, done).await
}

/// Confirms that a declared relation no longer holds, or does not.
pub(crate) async fn end_relation(desk: Desk, Path(ending): Path<String>, body: String) -> Answered {
    let no = desk.id(&ending, "终止备案")?;
    let fields = Fields::read(&body);
    let why = fields.get("reason").unwrap_or_default();
    let state = match fields.get("act").as_deref() {
        Some("confirm") => Ok(EndingState::Confirmed),
        Some("keep") => Ok(EndingState::Refused),
        _ => Err(AccessError::Refused("请选确认终止或者不同意".to_owned())),
    };
    let done = match state {
        Ok(state) => desk.access.settle_end(&desk.who, no, (state, &why)).await,
        Err(error) => Err(error),
    };
    after(&desk, done).await
}

//! 接口令牌: accounts of programs, and the tokens they carry. A token's secret is on the page once.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::{AccessError, By, NewAccount, NewToken, OfficeRow, Right, TokenRow};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    shell: Shell,
    /// Whether accounts of programs may be made now.
    manages: bool,
    /// Whether tokens may be made and taken back now.
    grants: bool,
    /// Whether the password must be typed again first.
    must_confirm: bool,
    tokens: Vec<TokenRow>,
    offices: Vec<OfficeRow>,
    /// Rights that may be chosen: code and name.
    rights: Vec<(String, String)>,
    /// A token just made.
    secret: Option<String>,
    problem: Option<String>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, None, None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    secret: Option<String>,
    problem: Option<String>,
) -> Result<TokensPage, Refusal> {
    let by = By::Official(&desk.who);
    let refuse = |error: AccessError| desk.refuse(error.into());
    let tokens = desk.access.tokens(by).await.map_err(refuse)?;
    let (_, offices) = desk.access.accounts(by).await.map_err(refuse)?;
    let fresh = desk.who.is_fresh();
    let (manages, grants) = (
        desk.who.may(Right::USER_MANAGE),
        desk.who.may(Right::ROLE_GRANT),
    );
    let rules = desk.access.book().rules();
    Ok(TokensPage {
        shell: desk.shell("接口令牌", Some(Menu::Users)),
        manages: fresh && manages,
        grants: fresh && grants,
        must_confirm: !fresh && (manages || grants),
        tokens,
        offices,
        rights: rules
            .map(|rule| (rule.right.code().to_owned(), rule.title.clone()))
            .collect(),
        secret,
        problem,
    })
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

/// Makes a program's account.
pub(crate) async fn add_account(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let new = NewAccount {
        login: fields.get("login").unwrap_or_default(),
        name: fields.get("name").unwrap_or_default(),
        organisation: fields.get("organisation").unwrap_or_default(),
    };
    match desk.access.add_service(By::Official(&desk.who), &new).await {
        Ok(()) => Ok(Redirect::to("/admin/tokens").into_response()),
        Err(error) => again(&desk, error).await,
    }
}

/// Makes a token, and shows it once.
pub(crate) async fn add(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let days = fields.get("days").map(|days| days.parse::<u32>());
    let new = NewToken {
        login: word("login"),
        label: word("label"),
        rights: fields.all("right"),
        area: word("area"),
        // A number that is none is as far too many days.
        days: days.map(|days| days.unwrap_or(u32::MAX)),
        because: word("because"),
    };
    match desk.access.make_token(By::Official(&desk.who), &new).await {
        Ok(made) => {
            let page = page(&desk, Some(made.secret.text()), None).await?;
            desk.show(&page)
        }
        Err(error) => again(&desk, error).await,
    }
}

/// Takes a token back.
pub(crate) async fn end(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "令牌")?;
    let why = Fields::read(&body).get("reason").unwrap_or_default();
    let by = By::Official(&desk.who);
    match desk.access.end_token(by, no, &why).await {
        Ok(()) => Ok(Redirect::to("/admin/tokens").into_response()),
        Err(error) => again(&desk, error).await,
    }
}

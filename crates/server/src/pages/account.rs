//! 我的账号: password, second factor, one's own sessions, tokens for programs, and whom one must not
//! work on.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use office::access::{AccessError, Binding, Named, RecusalRow, SessionRow, Stage};

use super::sign_in::{raw, with_session};
use crate::desk::{Answered, Desk, Porch};
use crate::links::Fields;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    shell: Shell,
    login: String,
    name: String,
    roles: String,
    token: Option<String>,
    problem: Option<String>,
    said: Option<&'static str>,
    relations: Vec<Named>,
    recusals: Vec<RecusalRow>,
    sessions: Vec<SessionRow>,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    shell: Shell,
    first: bool,
    least: usize,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactorPage {
    shell: Shell,
    binding: Binding,
    problem: Option<String>,
}

/// What the page of one's account says besides what it always shows.
#[derive(Default)]
struct Besides {
    token: Option<String>,
    problem: Option<String>,
    said: Option<&'static str>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let said = match desk.fields.get("done").as_deref() {
        Some("password") => Some("口令改好了,别处的登录都已结束。"),
        Some("second-factor") => Some("动态口令绑好了,下次登录要用它。"),
        Some("ended") => Some("会话已经结束。"),
        Some("recusal-end") => Some("已经申请终止,等安全保密管理员确认;确认以前照旧回避。"),
        Some("recusal") => Some("已经登记。名册上有这个人的,您不能再看、再办他那一户。"),
        _ => None,
    };
    let page = page(
        &desk,
        Besides {
            said,
            ..Besides::default()
        },
    )
    .await?;
    desk.show(&page)
}

async fn page(desk: &Desk, besides: Besides) -> Result<AccountPage, crate::desk::Refusal> {
    let failed = |error: AccessError| desk.refuse(error.into());
    let sessions = desk.access.sessions(&desk.visitor).await.map_err(failed)?;
    let recusals = desk.access.recusals(&desk.visitor).await.map_err(failed)?;
    Ok(AccountPage {
        shell: desk.shell("我的账号", None),
        login: desk.who.login().to_owned(),
        name: desk.who.name().to_owned(),
        roles: desk.who.role_titles().join("、"),
        token: besides.token,
        problem: besides.problem,
        said: besides.said,
        relations: desk.access.book().relations().to_vec(),
        recusals,
        sessions,
    })
}

/// The page again with what is wrong, or the answer for what is not the form's fault.
async fn again(desk: &Desk, error: AccessError) -> Answered {
    match error {
        AccessError::Refused(said) | AccessError::NotFound(said) => {
            let problem = Some(said);
            let page = page(
                desk,
                Besides {
                    problem,
                    ..Besides::default()
                },
            )
            .await?;
            desk.show_again(&page)
        }
        AccessError::Denied(_) | AccessError::Confirm | AccessError::Office(_) => {
            Err(desk.refuse(error.into()))
        }
    }
}

pub(crate) async fn password(desk: Desk) -> Answered {
    desk.show(&password_page(&desk, None))
}

fn password_page(desk: &Desk, problem: Option<String>) -> PasswordPage {
    PasswordPage {
        shell: desk.shell("改口令", None),
        first: desk.visitor.stage == Stage::Password,
        least: desk.access.book().settings().password_chars,
        problem,
    }
}

pub(crate) async fn change_password(desk: Desk, porch: Porch, body: String) -> Answered {
    let (old, new) = (raw(&body, "old"), raw(&body, "new"));
    if new != raw(&body, "again") {
        let said = "两次输入的新口令不一样,请重新输入".to_owned();
        return desk.show_again(&password_page(&desk, Some(said)));
    }
    let changed = desk
        .access
        .change_password(&desk.visitor, &old, &new, &porch.label)
        .await;
    match changed {
        Ok(begun) => {
            let place = Redirect::to("/account?done=password").into_response();
            Ok(with_session(&porch, &begun, place))
        }
        Err(AccessError::Refused(said)) => desk.show_again(&password_page(&desk, Some(said))),
        Err(error) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn second_factor(desk: Desk) -> Answered {
    let page = second_factor_page(&desk, None).await?;
    desk.show(&page)
}

async fn second_factor_page(
    desk: &Desk,
    problem: Option<String>,
) -> Result<SecondFactorPage, crate::desk::Refusal> {
    let offered = desk.access.offer_second_factor(&desk.visitor).await;
    Ok(SecondFactorPage {
        shell: desk.shell("绑定动态口令", None),
        binding: offered.map_err(|error| desk.refuse(error.into()))?,
        problem,
    })
}

pub(crate) async fn bind(desk: Desk, porch: Porch, body: String) -> Answered {
    let code = Fields::read(&body).get("code").unwrap_or_default();
    let bound = desk
        .access
        .bind_second_factor(&desk.visitor, &code, &porch.label)
        .await;
    match bound {
        Ok(begun) => {
            let place = Redirect::to("/account?done=second-factor").into_response();
            Ok(with_session(&porch, &begun, place))
        }
        Err(AccessError::Refused(said)) => {
            let page = second_factor_page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn end_one(desk: Desk, Path(session): Path<String>) -> Answered {
    let session = desk.id(&session, "会话")?;
    match desk.access.end_session(&desk.visitor, session).await {
        Ok(()) => Ok(back("ended")),
        Err(error) => again(&desk, error).await,
    }
}

pub(crate) async fn end_all(desk: Desk) -> Answered {
    let ended = desk.access.end_all_sessions(&desk.visitor).await;
    ended.map_err(|error| desk.refuse(error.into()))?;
    Ok(Redirect::to("/sign-in").into_response())
}

pub(crate) async fn program_token(desk: Desk, body: String) -> Answered {
    let name = Fields::read(&body).get("name").unwrap_or_default();
    match desk.access.program_token(&desk.visitor, &name).await {
        Ok(begun) => {
            let token = Some(begun.secret.text());
            let page = page(
                &desk,
                Besides {
                    token,
                    ..Besides::default()
                },
            )
            .await?;
            desk.show(&page)
        }
        Err(error) => again(&desk, error).await,
    }
}

pub(crate) async fn declare(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let number = fields.get("number").unwrap_or_default();
    let relation = fields.get("relation").unwrap_or_default();
    match desk.access.declare(&desk.visitor, &number, &relation).await {
        Ok(()) => Ok(back("recusal")),
        Err(error) => again(&desk, error).await,
    }
}

pub(crate) async fn end_relation(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "近亲属备案")?;
    let fields = Fields::read(&body);
    let (day, why) = (fields.get("day"), fields.get("reason"));
    let said = (day.unwrap_or_default(), why.unwrap_or_default());
    match desk
        .access
        .ask_end(&desk.visitor, id, (&said.0, &said.1))
        .await
    {
        Ok(()) => Ok(back("recusal-end")),
        Err(error) => again(&desk, error).await,
    }
}

fn back(done: &str) -> Response {
    Redirect::to(&format!("/account?done={done}")).into_response()
}

//! `token`: accounts and tokens of programs, by whoever holds the data folder and its keys. While the pages are
//! served the same is done on the page 接口令牌.

use super::users::told;
use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::access::{Access, By, NewAccount, NewToken, TokenRow};
use office::{Office, Watch};
use serde_json::{Value, json};
use std::sync::Arc;

const EXAMPLE: &str = "\
例:让交换平台读办件、交核对答复
  doudi token account exchange --name 数据交换平台 --office mzj --role 核对员 --area 990101
  doudi token create exchange --label 交换平台 --right case.view --right verification.answer \\
        --area 990101 --days 30 --why 部门答复自动回传
  doudi token list
  doudi token revoke 12 --why 换了平台

令牌只在屏幕上显示这一次。权限写 access/access.md 里的代号,不能超出账号的角色;地区不能超出角色的辖区。
正在 doudi serve 时,请在“用户与机构”的“接口令牌”里办,收回后下一次请求就不能用。";

/// Tokens.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Token {
    /// 建接口账号,可以同时授予一个角色;没有口令,谁也不能用它登录网页
    #[command(after_help = EXAMPLE)]
    Account(Account),
    /// 发一个令牌;只显示这一次
    #[command(after_help = EXAMPLE)]
    Create(Create),
    /// 列出发过的令牌
    List(List),
    /// 收回一个令牌
    Revoke(Revoke),
}

/// A program's account.
#[derive(clap::Args)]
pub struct Account {
    /// 账号:字母、数字和 . - _
    login: String,
    /// 系统的名称
    #[arg(long)]
    name: String,
    /// 机构代码
    #[arg(long)]
    office: String,
    /// 同时授予的角色,如 核对员
    #[arg(long, requires = "area")]
    role: Option<String>,
    /// 这个角色的辖区代码
    #[arg(long)]
    area: Option<String>,
    #[command(flatten)]
    folder: Folder,
}

/// A token to be made.
#[derive(clap::Args)]
pub struct Create {
    /// 接口账号
    login: String,
    /// 给哪个程序用
    #[arg(long)]
    label: String,
    /// 权限的代号,可以写几次
    #[arg(long = "right", value_name = "CODE", required = true)]
    rights: Vec<String>,
    /// 限于哪个地区
    #[arg(long)]
    area: String,
    /// 几天失效;不写按 access/access.md 的“接口令牌”
    #[arg(long)]
    days: Option<u32>,
    /// 用途
    #[arg(long)]
    why: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// What to list.
#[derive(clap::Args)]
pub struct List {
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// A token to be taken back.
#[derive(clap::Args)]
pub struct Revoke {
    /// 令牌编号;见 doudi token list
    no: i64,
    /// 理由
    #[arg(long, default_value = "")]
    why: String,
    #[command(flatten)]
    folder: Folder,
}

/// Does what is asked, and lets the folder go.
pub async fn run(what: Token) -> Result<Ended> {
    let folder = match &what {
        Token::Account(args) => &args.folder,
        Token::Create(args) => &args.folder,
        Token::List(args) => &args.folder,
        Token::Revoke(args) => &args.folder,
    };
    let office = Arc::new(folder.open().await?);
    let done = act(&office, &what).await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    done
}

async fn act(office: &Arc<Office>, what: &Token) -> Result<Ended> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let by = By::Machine;
    match what {
        Token::Account(args) => {
            let new = NewAccount {
                login: args.login.clone(),
                name: args.name.clone(),
                organisation: args.office.clone(),
            };
            told(access.add_service(by, &new).await)?;
            if let (Some(role), Some(area)) = (&args.role, &args.area) {
                let given = access
                    .grant(by, &args.login, role, area, None, "建接口账号")
                    .await;
                told(given)?;
            }
            say::line(format!("接口账号 {} 已经建好", args.login));
        }
        Token::Create(args) => {
            let new = NewToken {
                login: args.login.clone(),
                label: args.label.clone(),
                rights: args.rights.clone(),
                area: args.area.clone(),
                days: args.days,
                because: args.why.clone(),
            };
            let made = told(access.make_token(by, &new).await)?;
            let secret = made.secret.text();
            match args.json {
                true => say::json(&json!({ "token": secret, "seconds": made.seconds })),
                false => say::line(format!(
                    "令牌(只显示这一次,{} 天后失效):{secret}",
                    made.seconds / 86_400
                )),
            }
        }
        Token::List(args) => list(&told(access.tokens(by).await)?, args.json),
        Token::Revoke(args) => {
            told(access.end_token(by, args.no, &args.why).await)?;
            say::line(format!("令牌 {} 已经收回", args.no));
        }
    }
    Ok(Ended::Good)
}

fn list(rows: &[TokenRow], for_programs: bool) {
    if for_programs {
        let rows: Vec<Value> = rows.iter().map(value).collect();
        say::json(&json!({ "tokens": rows }));
        return;
    }
    for row in rows {
        say::line(format!(
            "{}  {}  {}  {}  {} 起 {} 止  {}",
            row.no, row.login, row.label, row.area, row.started, row.expires, row.state
        ));
        say::line(format!(
            "    {}  {}({})",
            row.rights.join(" "),
            row.because,
            row.made_by
        ));
    }
    let holds = rows.iter().filter(|row| row.holds).count();
    say::line(format!("{} 个令牌,{holds} 个有效", rows.len()));
}

fn value(row: &TokenRow) -> Value {
    json!({
        "no": row.no,
        "login": row.login,
        "label": row.label,
        "rights": row.rights,
        "area": row.area,
        "because": row.because,
        "made_by": row.made_by,
        "started": row.started,
        "expires": row.expires,
        "state": row.state,
        "holds": row.holds,
    })
}

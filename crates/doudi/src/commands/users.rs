//! `user`: accounts and their roles, by whoever holds the data folder and its keys. The first
//! administrators are made here; afterwards they work on the page 用户与机构.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::access::{Access, AccessError, AccountRow, By, Done, NewAccount, NewOffice};
use office::{Office, Watch};
use serde_json::{Value, json};
use std::sync::Arc;

const EXAMPLE: &str = "\
例:第一次安装,建一个机构和三员
  doudi user office mzj --name 民政局 --area 990101
  doudi user add admin    --name 赵管理 --office mzj --role 系统管理员     --area 990101
  doudi user add secadmin --name 钱保密 --office mzj --role 安全保密管理员 --area 990101
  doudi user add auditor  --name 孙审计 --office mzj --role 安全审计员     --area 990101

一次性口令只在屏幕上显示这一次;首次登录要改口令、绑动态口令。
谁能做什么,写在手册的 access/access.md;不能兼任的角色会被拒绝。";

/// Accounts.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum User {
    /// 建账号,可以同时授予一个角色;打印一次性口令
    #[command(after_help = EXAMPLE)]
    Add(Add),
    /// 列出账号和角色
    List(List),
    /// 停用账号,正在登录的立刻退出
    Disable(One),
    /// 重新启用账号
    Enable(One),
    /// 重置口令,解开动态口令;打印一次性口令
    Reset(One),
    /// 授予角色
    Grant(Grant),
    /// 收回角色;编号见 doudi user list
    Revoke(Revoke),
    /// 建机构
    Office(OfficeArgs),
}

/// An account to be made.
#[derive(clap::Args)]
pub struct Add {
    /// 账号:字母、数字和 . - _
    login: String,
    /// 姓名
    #[arg(long)]
    name: String,
    /// 机构代码
    #[arg(long)]
    office: String,
    /// 同时授予的角色,如 窗口经办
    #[arg(long, requires = "area")]
    role: Option<String>,
    /// 这个角色的辖区代码
    #[arg(long)]
    area: Option<String>,
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

/// One account.
#[derive(clap::Args)]
pub struct One {
    /// 账号
    login: String,
    #[command(flatten)]
    folder: Folder,
}

/// A role to be given.
#[derive(clap::Args)]
pub struct Grant {
    /// 账号
    login: String,
    /// 角色,如 窗口经办
    #[arg(long)]
    role: String,
    /// 辖区代码
    #[arg(long)]
    area: String,
    /// 最后一天,如 2027-08-31;不写就一直有效
    #[arg(long)]
    until: Option<String>,
    /// 理由
    #[arg(long, default_value = "")]
    why: String,
    #[command(flatten)]
    folder: Folder,
}

/// A role to be taken back.
#[derive(clap::Args)]
pub struct Revoke {
    /// 账号
    login: String,
    /// 授予编号
    grant: i64,
    /// 理由
    #[arg(long, default_value = "")]
    why: String,
    #[command(flatten)]
    folder: Folder,
}

/// An organisation to be made.
#[derive(clap::Args)]
pub struct OfficeArgs {
    /// 代码:字母、数字和 . - _
    code: String,
    /// 名称
    #[arg(long)]
    name: String,
    /// 地区代码;级别跟着地区
    #[arg(long)]
    area: String,
    /// 上级机构代码
    #[arg(long)]
    parent: Option<String>,
    #[command(flatten)]
    folder: Folder,
}

/// Does what is asked, and lets the folder go.
pub async fn run(what: User) -> Result<Ended> {
    let folder = match &what {
        User::Add(args) => &args.folder,
        User::List(args) => &args.folder,
        User::Disable(args) | User::Enable(args) | User::Reset(args) => &args.folder,
        User::Grant(args) => &args.folder,
        User::Revoke(args) => &args.folder,
        User::Office(args) => &args.folder,
    };
    let office = Arc::new(folder.open_or_make().await?);
    let done = act(&office, &what).await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    done
}

async fn act(office: &Arc<Office>, what: &User) -> Result<Ended> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let by = By::Machine;
    match what {
        User::Add(args) => {
            let new = NewAccount {
                login: args.login.clone(),
                name: args.name.clone(),
                organisation: args.office.clone(),
            };
            let password = told(access.add_account(by, &new).await)?;
            if let (Some(role), Some(area)) = (&args.role, &args.area) {
                let given = access
                    .grant(by, &args.login, role, area, None, "建账号")
                    .await;
                told(given)?;
            }
            once(&args.login, password.tell());
        }
        User::List(args) => list(&access, args.json).await?,
        User::Disable(args) => told(access.disable(by, &args.login).await)?,
        User::Enable(args) => told(access.enable(by, &args.login).await)?,
        User::Reset(args) => {
            let password = told(access.reset(by, &args.login).await)?;
            once(&args.login, password.tell());
        }
        User::Grant(args) => {
            let until = args.until.clone();
            let (role, area) = (&args.role, &args.area);
            let given = access.grant_until(by, &args.login, role, area, until, &args.why);
            told(given.await)?;
        }
        User::Revoke(args) => {
            told(access.revoke(by, &args.login, args.grant, &args.why).await)?;
        }
        User::Office(args) => {
            let new = NewOffice {
                code: args.code.clone(),
                name: args.name.clone(),
                area: args.area.clone(),
                parent: args.parent.clone(),
            };
            told(access.add_office(by, &new).await)?;
        }
    }
    Ok(Ended::Good)
}

fn once(login: &str, password: &str) {
    say::line(format!(
        "账号 {login} 的一次性口令(只显示这一次):{password}"
    ));
}

async fn list(access: &Access, for_programs: bool) -> Result<()> {
    let (accounts, offices) = told(access.accounts(By::Machine).await)?;
    if for_programs {
        let offices: Vec<Value> = offices
            .iter()
            .map(|o| json!({ "code": o.code, "name": o.name, "level": o.level, "area": o.area }))
            .collect();
        let accounts: Vec<Value> = accounts.iter().map(value).collect();
        say::json(&json!({ "offices": offices, "accounts": accounts }));
        return Ok(());
    }
    for row in &accounts {
        let factor = if row.second_factor {
            ""
        } else {
            ",未绑动态口令"
        };
        say::line(format!(
            "{}  {}  {}  {}{factor}",
            row.login, row.name, row.organisation, row.state
        ));
        for role in &row.roles {
            let now = if role.holds { "" } else { "(现在不生效)" };
            say::line(format!(
                "    {} {} {} {}{now}",
                role.id, role.role, role.area, role.when
            ));
        }
    }
    say::line(format!(
        "{} 个账号,{} 个机构",
        accounts.len(),
        offices.len()
    ));
    Ok(())
}

fn value(row: &AccountRow) -> Value {
    let role = |role: &office::access::GrantRow| json!({ "grant": role.id, "role": role.role, "area": role.area, "holds": role.holds });
    json!({
        "login": row.login,
        "name": row.name,
        "office": row.organisation,
        "active": row.active,
        "second_factor": row.second_factor,
        "roles": row.roles.iter().map(role).collect::<Vec<Value>>(),
    })
}

/// What the rules refuse is the input's fault, not the machine's.
pub fn told<T>(done: Done<T>) -> Result<T> {
    done.map_err(|error| match error {
        AccessError::Office(cause) => cause.into(),
        AccessError::Refused(said) | AccessError::NotFound(said) => RefusedInput(said).into(),
        AccessError::Denied(_) | AccessError::Confirm => RefusedInput(error.to_string()).into(),
    })
}

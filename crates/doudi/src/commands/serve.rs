//! `serve`: the pages, on this machine, or behind a proxy that speaks TLS.

use crate::ended::{Ended, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::{Context, Result};
use office::Watch;
use office::access::Access;
use office::desk::Desk;
use server::{Front, House};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

/// Where the pages are.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi serve                       http://127.0.0.1:8642\n  doudi serve --data small --port 8700\n  doudi serve --listen 10.0.0.5 --public https://jiuzhu.example.gov.cn\n\n要登录才能看;账号用 doudi user add 建。\n对外提供页面时,前面放一个做 TLS 的代理,用 --public 写明对外地址;来访地址取代理写在\nX-Forwarded-For 里的最后一个。"
)]
pub struct Args {
    #[command(flatten)]
    door: Door,
    #[command(flatten)]
    folder: Folder,
}

/// The door the pages stand behind.
#[derive(clap::Args, Clone, Debug)]
pub struct Door {
    /// 端口;0 由系统挑一个
    #[arg(long, default_value_t = 8642)]
    port: u16,
    /// 监听的地址;不是本机地址时要有 --public 和账号
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// 对外地址:前面的代理在这个地址上做 TLS
    #[arg(long, value_name = "https://…")]
    public: Option<String>,
}

impl Door {
    fn address(&self) -> SocketAddr {
        SocketAddr::from((self.listen, self.port))
    }

    fn front(&self) -> Result<Option<Front>> {
        let read = |address: &String| {
            let wrong = || {
                WrongUse(format!(
                    "对外地址 `{address}` 要像 https://jiuzhu.example.gov.cn"
                ))
            };
            Front::parse(address).ok_or_else(wrong)
        };
        Ok(self.public.as_ref().map(read).transpose()?)
    }

    /// Fails with words when somebody else listens there.
    pub fn must_be_free(&self) -> Result<()> {
        let taken = || {
            format!(
                "端口 {} 正被别的程序使用;请换一个,如 --port 8790",
                self.port
            )
        };
        TcpListener::bind(self.address())
            .with_context(taken)
            .map(drop)
    }
}

/// Opens the folder and serves.
pub async fn run(args: Args) -> Result<Ended> {
    serve(&args.folder, &args.door).await
}

/// Serves the pages of a folder until told to stop.
pub async fn serve(folder: &Folder, door: &Door) -> Result<Ended> {
    let front = door.front()?;
    let office = Arc::new(folder.open().await?);
    let step = Step::begin("准备页面");
    let access = Access::open(Arc::clone(&office), Watch::Machine)?;
    let views = Desk::open_for_pages(Arc::clone(&office)).await?;
    let (accounts, simple) = (access.count().await?, access.is_simple().await?);
    step.done("好了");
    let house = House {
        views,
        access,
        front,
    };
    server::serve(house, door.address(), |taken| {
        match &door.public {
            Some(address) => {
                say::line(format!("在 {taken} 等代理转来 {address}  (按 Ctrl-C 停止)"))
            }
            None => say::line(format!("请打开 http://{taken}  (按 Ctrl-C 停止)")),
        }
        if accounts == 0 {
            say::line("还没有账号,谁也登录不了:停下来用 doudi user add 建账号。");
        }
        if simple {
            say::line("注意:演示数据,账号从简,不用动态口令(手册 access/access.md 的设置)。");
        }
    })
    .await?;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    Ok(Ended::Good)
}

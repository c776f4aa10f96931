//! `serve`: the pages, on this machine only.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::{Context, Result};
use office::desk::Desk;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

/// Where the pages are.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi serve                       http://127.0.0.1:8642\n  doudi serve --data small --port 8700\n\n这一版还没有账号,所以只在本机提供页面,谁能用这台机器谁就能看。"
)]
pub struct Args {
    #[command(flatten)]
    door: Door,
    #[command(flatten)]
    folder: Folder,
}

/// The door the pages stand behind.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Door {
    /// 端口;0 由系统挑一个
    #[arg(long, default_value_t = 8642)]
    port: u16,
}

impl Door {
    fn address(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Fails with words when somebody else listens there.
    pub fn must_be_free(self) -> Result<()> {
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
    serve(&args.folder, args.door).await
}

/// Serves the pages of a folder until told to stop.
pub async fn serve(folder: &Folder, door: Door) -> Result<Ended> {
    let office = Arc::new(folder.open().await?);
    let step = Step::begin("准备页面");
    let views = Desk::open_for_pages(Arc::clone(&office)).await?;
    step.done("好了");
    server::serve(views, door.address(), |taken| {
        say::line(format!("请打开 http://{taken}  (按 Ctrl-C 停止)"));
        say::line("这一版还没有账号:页面只给本机看。");
    })
    .await?;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    Ok(Ended::Good)
}

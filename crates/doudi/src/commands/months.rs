//! Under way.

use crate::ended::Ended;
use crate::folder::Folder;
use anyhow::Result;

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

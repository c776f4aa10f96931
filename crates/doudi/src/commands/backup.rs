//! `backup` and `restore`: a copy of the whole office, and an office made of one.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use office::backup::{self, Ask, Holds};
use office::{Database, Office, Setting};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Where to.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi backup /backup/2026-09-14                             服务开着、有人在办也能做\n  doudi backup /backup/2026-09-14 --keys /安全的地方/doudi.keys  密钥另放一处\n  doudi restore /backup/2026-09-14 --keys /安全的地方/doudi.keys --data 新文件夹\n\n备份里有数据库(同一时刻的)、数据湖、规则手册各版、照片(仍是密文)、审计链存证;不含密钥,也不含交银行的\n文件(用时可以重写)。没有密钥文件,备份里的姓名和证件号谁也打不开,您自己也打不开:密钥要另外保管,不能丢。\n记录在 PostgreSQL 里的,用 PostgreSQL 自己的工具备份,这个命令会写出来怎么做。"
)]
pub struct BackUp {
    /// 备份到这个文件夹;要是空的,或者还没有
    target: PathBuf,
    /// 密钥文件另外抄一份到这里;不能在备份文件夹里
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// 记录在 PostgreSQL 里的:已经照写出来的步骤用 pg_dump 备份到这个文件夹,看过以后记入审计链
    #[arg(long, conflicts_with = "keys")]
    confirm: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// From what.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi restore /backup/2026-09-14 --keys /安全的地方/doudi.keys --data 新文件夹\n\n先逐个文件和清单比对,一个字节不同就不恢复,并说是哪一个;恢复好了从头重算审计链。"
)]
pub struct Restore {
    /// doudi backup 做出来的文件夹
    backup: PathBuf,
    /// 做备份时的密钥文件
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Backs up.
pub async fn back_up(args: BackUp) -> Result<Ended> {
    let setting = args.folder.setting()?;
    if let Database::Postgres { .. } = setting.database {
        if args.confirm {
            return confirmed(setting, &args).await;
        }
        return Err(RefusedInput(by_postgres(&args.target, &setting.folder)).into());
    }
    if args.confirm {
        let said =
            "--confirm 只用于 PostgreSQL;记录在数据文件夹里的,doudi backup 自己备份、自己登记";
        return Err(RefusedInput(said.to_owned()).into());
    }
    let ask = Ask {
        data: setting.folder,
        target: args.target.clone(),
        keys: args.keys.clone(),
        clock: setting.clock,
    };
    let step = Mutex::new(Step::begin("备份"));
    let tell = |what: &str, done, all| {
        if let Ok(step) = step.lock() {
            step.at(done, all, what);
        }
    };
    // Blocks this thread only: nothing else runs in the command.
    let holds = tokio::task::block_in_place(|| backup::back_up(&ask, &tell))?;
    if let Ok(step) = step.into_inner() {
        step.done(&amount(&holds));
    }
    // The copy is whole whatever becomes of the entry about it.
    let noted = match Office::open(args.folder.setting()?).await {
        Ok(office) => {
            let noted = backup::note(&office, &holds).await;
            office.close().await;
            noted
        }
        Err(error) => Err(error),
    };
    if let Err(error) = noted {
        say::aside(format!("备份是好的,但是没有记入审计链:{error}"));
    }
    let keys = match &args.keys {
        Some(keys) => format!("密钥抄在 {},请和备份分开保管", keys.display()),
        None => "密钥文件 doudi.keys 不在备份里:请另外抄一份,分开保管;没有它,姓名和证件号打不开"
            .to_owned(),
    };
    if args.json {
        say::json(&told(&holds, "keys", &json!(args.keys)));
        return Ok(Ended::Good);
    }
    say::line(format!("备份好了:{}", args.target.display()));
    show(&holds);
    say::line(keys);
    Ok(Ended::Good)
}

/// Writes down what the operator copied with PostgreSQL's own tools.
async fn confirmed(setting: Setting, args: &BackUp) -> Result<Ended> {
    let office = Office::open(setting).await?;
    let done = backup::confirm(&office, &args.target).await;
    office.close().await;
    let (bytes, sha256) = done?;
    if args.json {
        say::json(&json!({ "bytes": bytes, "sha256": sha256 }));
        return Ok(Ended::Good);
    }
    say::line(format!(
        "已记入审计链:{} {} 字节,SHA-256 {sha256}",
        args.target.join(backup::DUMP).display(),
        say::count(bytes)
    ));
    say::line("请再用 pg_restore --list 看一遍,并定期恢复到另一个库试一试");
    Ok(Ended::Good)
}

/// Restores.
pub async fn restore(args: Restore) -> Result<Ended> {
    let setting = args.folder.setting()?;
    if let Database::Postgres { .. } = setting.database {
        let said = "记录要放进 PostgreSQL 的,先 createdb 建一个空库,再用 pg_restore --exit-on-error --single-transaction \
                    --no-owner --dbname=新库的地址 doudi.dump,然后把备份的 lake、rulebooks、photos、audit-heads.txt 和密钥文件放进新的数据文件夹";
        return Err(RefusedInput(said.to_owned()).into());
    }
    let data = setting.folder.clone();
    let step = Mutex::new(Step::begin("恢复"));
    let tell = |what: &str, done, all| {
        if let Ok(step) = step.lock() {
            step.at(done, all, what);
        }
    };
    let restored = backup::restore(&args.backup, &args.keys, setting, &tell).await?;
    if let Ok(step) = step.into_inner() {
        step.done(&amount(&restored.holds));
    }
    if args.json {
        say::json(&told(&restored.holds, "breaks", &json!(restored.breaks)));
        return Ok(Ended::with(!restored.breaks.is_empty()));
    }
    say::line(format!("恢复好了:{}", data.display()));
    show(&restored.holds);
    for found in &restored.breaks {
        say::line(found);
    }
    let chain = match restored.breaks.len() {
        0 => "首尾相接".to_owned(),
        wrong => format!("{wrong} 处不对;请报告审计人员"),
    };
    say::line(format!(
        "审计链 {} 条,{chain}",
        say::count(restored.entries)
    ));
    Ok(Ended::with(!restored.breaks.is_empty()))
}

fn amount(holds: &Holds) -> String {
    let files = u64::try_from(holds.files()).unwrap_or(u64::MAX);
    format!(
        "{} 个文件 {} 字节",
        say::count(files),
        say::count(holds.bytes())
    )
}

fn show(holds: &Holds) {
    let tables = u64::try_from(holds.tables.len()).unwrap_or(u64::MAX);
    say::line(format!(
        "{},{} 张表 {} 行,结构第 {} 版,程序 {},{} 的时候",
        amount(holds),
        say::count(tables),
        say::count(holds.rows()),
        holds.schema,
        holds.program,
        holds.made
    ));
    say::line(format!("链头 {}", holds.head));
}

fn told(holds: &Holds, name: &str, more: &serde_json::Value) -> serde_json::Value {
    json!({
        "made": holds.made, "program": holds.program, "schema": holds.schema, "head": holds.head,
        "tables": holds.tables, "files": holds.files(), "bytes": holds.bytes(), name: more,
    })
}

/// What to type where the record is PostgreSQL's: its own snapshot is the only honest one.
fn by_postgres(target: &Path, data: &Path) -> String {
    let (target, data) = (target.display(), data.display());
    format!(
        "记录在 PostgreSQL 里,同一时刻的整库备份只有它自己的工具做得到。什么也没有做;请按顺序运行:\n  \
         mkdir -m 700 '{target}'\n  \
         cp -p '{data}/audit-heads.txt' '{target}/'\n  \
         pg_dump --format=custom --no-owner --file='{target}/doudi.dump' \"$DOUDI_POSTGRES\"\n  \
         for d in lake rulebooks photos; do [ -d '{data}'/$d ] && cp -rp '{data}'/$d '{target}/'; done\n\
         密钥文件 '{data}/doudi.keys' 另外保管。先抄存证、再备份库、最后抄文件,这样恢复出来的才对得上。\n做完以后运行 doudi backup '{target}' --confirm,记入审计链"
    )
}

//! `demo`: an invented county from nothing to pages: its departments' files, three months, warnings.

use super::serve::Door;
use super::{import, months, serve, synth, users, verify};
use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::{DEMO_PLACE, DemoMark, Folder};
use crate::say;
use anyhow::{Context, Result};
use office::access::Access;
use office::{Office, Watch, monitoring};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The invented bank of the demo, in the rulebook.
const BANK: &str = "banks/demo.md";
/// Lines it sends back.
const RETURNED: u64 = 2;

/// Which county to make.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi demo                               十万人的一个县,页面在 http://127.0.0.1:8642\n  doudi demo --persons 2000 --data small   小一点,快一点\n  doudi demo --persons 2000 --data hz --locality hangzhou   同样的人,按杭州市的做法判断\n\n人和事都是编的。时钟停在 2026-09-14 09:00;来文是 2026 年 6 月到 8 月的。\n做到一半停下,再运行一次会接着做;做完了的文件夹直接打开页面。"
)]
pub struct Args {
    /// 常住人口
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// 分在几个县;不写就是每 12 万人一个县
    #[arg(long, value_name = "N")]
    counties: Option<u64>,
    /// 按哪个地方的规则判断:手册 localities/ 下的文件夹名,如 hangzhou;人和事仍是编的
    #[arg(long, value_name = "NAME", default_value = DEMO_PLACE)]
    locality: String,
    /// 随机种子
    #[arg(long, default_value_t = 990_101)]
    seed: u64,
    /// 数据文件夹
    #[arg(long, value_name = "DIR", default_value = "doudi-data")]
    data: PathBuf,
    /// 时钟停在这一刻(北京时间)
    #[arg(long, value_name = "MOMENT", default_value = "2026-09-14T09:00")]
    now: String,
    /// 删掉这个演示文件夹,重新来过
    #[arg(long)]
    rebuild: bool,
    /// 做完就退出,不打开页面
    #[arg(long)]
    no_serve: bool,
    #[command(flatten)]
    door: Door,
}

/// Makes the county unless it is there, and opens the pages.
pub async fn run(args: Args) -> Result<Ended> {
    // A port that is taken is told before the work, not after it.
    if !args.no_serve {
        args.door.must_be_free()?;
    }
    let mark = DemoMark {
        persons: args.persons,
        counties: args.counties,
        seed: args.seed,
        now: args.now.clone(),
        locality: args.locality.clone(),
        complete: false,
    };
    let folder = Folder::at(args.data.clone(), args.now.clone(), args.locality.clone());
    if args.rebuild {
        clear(&folder).await?;
    }
    if ready(&args.data, &mark)? {
        let office = Arc::new(folder.open_or_make().await?);
        let made = accounts(&office, &mark.now).await;
        if let Some(office) = Arc::into_inner(office) {
            office.close().await;
        }
        made?;
    } else {
        make(&folder, &mark).await?;
    }
    if args.no_serve {
        say::line(format!(
            "做好了;打开页面:doudi serve --data {}",
            args.data.display()
        ));
        return Ok(Ended::Good);
    }
    serve::serve(&folder, &args.door).await
}

/// Whether the folder holds this very county, complete.
fn ready(data: &Path, wanted: &DemoMark) -> Result<bool> {
    let Some(found) = DemoMark::read(data) else {
        let empty = std::fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
        if empty {
            return Ok(false);
        }
        let said = format!(
            "`{}` 里已有别的数据,不是演示;请用 --data 换一个文件夹",
            data.display()
        );
        return Err(RefusedInput(said).into());
    };
    let same = DemoMark {
        complete: wanted.complete,
        ..found.clone()
    } == *wanted;
    if !same {
        let said = format!(
            "`{}` 里是另一个演示({} 人,种子 {},时钟 {},地方 {});加 --rebuild 重做,或用 --data 换一个文件夹",
            data.display(),
            found.persons,
            found.seed,
            found.now,
            found.locality
        );
        return Err(RefusedInput(said).into());
    }
    Ok(found.complete)
}

/// Generates, receives, judges month by month. Killed anywhere, it goes on where it was.
async fn make(folder: &Folder, mark: &DemoMark) -> Result<()> {
    mark.write(&folder.data)?;
    let county = folder.data.join("county");
    let mut config = ::synth::Config::new(county.clone());
    config.persons = mark.persons;
    config.counties = mark.counties;
    config.seed = mark.seed;
    synth::generate(&config)?;
    let mut setting = folder.setting()?;
    // Moved by hand while the past of the demo's cases is made.
    setting.clock = setting.clock.by_hand();
    let office = Arc::new(Office::open(setting).await?);
    let made = async {
        office.load_areas(&county.join("areas.csv")).await?;
        ::synth::local(&county.join("feeds"), &mark.locality, mark.seed)?;
        import::receive_folder(&office, &county.join("feeds")).await?;
        for month in monitoring::months(&office).await? {
            months::run_month(&office, month).await?;
        }
        accounts(&office, &mark.now).await?;
        money(&office, mark).await?;
        cases(&office, &mark.now).await?;
        decided(&office, &mark.now, &county.join("feeds")).await?;
        afterwards(&office, &mark.now).await?;
        verify::demo(&office, &mark.now, &county.join("feeds")).await?;
        resident(&office).await?;
        channels(&office, &mark.now).await?;
        published(&office, &mark.now).await
    }
    .await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    made?;
    DemoMark {
        complete: true,
        ..mark.clone()
    }
    .write(&folder.data)
}

/// Since when the demo's officials have their roles: before the first of its cases.
const HIRED: &str = "2026-08-03T09:00";

/// Makes an account for every role and tells the passwords, once.
async fn accounts(office: &Arc<Office>, now: &str) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    office.clock().set(HIRED);
    let made = access.make_demo_accounts().await;
    office.clock().set(now);
    let made = users::told(made)?;
    if made.is_empty() {
        return Ok(());
    }
    say::line("");
    say::line("演示账号,口令只显示这一次(忘了用 doudi user reset 账号 --data 文件夹):");
    for account in &made {
        say::line(format!(
            "  {:<11} {}  {} {}",
            account.login,
            account.password.tell(),
            account.role,
            account.area
        ));
    }
    if access.is_simple().await? {
        say::line("演示账号从简:不用动态口令,首次登录不用改口令。这只对 99 开头的虚构地区有效,");
        say::line("由手册 access/access.md 的“演示账号从简”决定。");
    }
    say::line("");
    Ok(())
}

/// Makes a resident with an open case, and tells how to sign in as one.
async fn resident(office: &Arc<Office>) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    if let Some(case) = office::portal::demo::fill(&access).await? {
        say::line(format!(
            "演示居民 zhang:在 /my/sign-in 用手机号 {} 取验证码,验证码在 /outbox 里看;他有办件 № {case}。",
            office::portal::demo::PHONE
        ));
    }
    Ok(())
}

/// Makes cases with a past, so that everybody has something to do.
async fn cases(office: &Arc<Office>, now: &str) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let made = office::casework::demo::fill(&access, now).await?;
    say::line(format!(
        "演示办件 {made} 件,分在各个步骤;打开页面后看“我的待办”。"
    ));
    Ok(())
}

/// When the departments looked into their files for the cases that are decided.
const LOOKED: &str = "2026-08-26";

/// Makes cases on notice, waiting for the county and decided.
async fn decided(office: &Arc<Office>, now: &str, feeds: &Path) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let made = office::casework::decided_demo::fill(&access, now, |source, header, request| {
        verify::departments((feeds, LOOKED), source, header, request)
    })
    .await?;
    say::line(format!(
        "演示公示和决定 {made} 件:有的在公示,有的等县里审核,有的已决定;公示页是 /notice。"
    ));
    Ok(())
}

/// Opens the reviews that are due, with a change, a gradual exit, a channel and a meeting beside them.
async fn afterwards(office: &Arc<Office>, now: &str) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let made = office::casework::afterwards::demo::fill(&access, now).await?;
    say::line(format!(
        "演示定期核查 {made} 件已经列入;打开页面后看“后续”。"
    ));
    Ok(())
}

/// Takes tickets in by every channel.
async fn channels(office: &Arc<Office>, now: &str) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let made = office::channels::demo::fill(&access, now).await?;
    say::line(format!(
        "演示工单 {made} 张,从窗口、大厅、热线、网站、公告栏来;打开页面后看“工单”,不登录的在 /report 反映。"
    ));
    Ok(())
}

/// Publishes the month, so that there is something to read without signing in.
async fn published(office: &Arc<Office>, now: &str) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    if let Some(month) = office::publication::demo(&access, now).await? {
        say::line(format!(
            "演示公布了 {month} 的数;不登录的看 /figures,大屏是 /screen。"
        ));
    }
    Ok(())
}

/// Opens the roll's accounts and pays a month, some of which the bank sends back.
async fn money(office: &Arc<Office>, mark: &DemoMark) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let bank = |sent: &Path| {
        let description = office.book().texts().get(BANK)?;
        let sent = std::fs::read(sent).ok()?;
        let faults = [(::synth::BankFault::Returned, RETURNED)];
        let reply = ::synth::bank_answer(description, &sent, mark.seed, &faults).ok()?;
        Some((reply.name, reply.bytes))
    };
    let made = office::disbursement::demo::fill(&access, &mark.now, bank).await?;
    say::line(format!(
        "演示发放第 {} 批,银行退回 {} 行,补发批次等核查;打开页面后看“发放”。",
        made.paid, made.returned
    ));
    Ok(())
}

/// Removes a demo folder, and nothing but a demo folder.
async fn clear(folder: &Folder) -> Result<()> {
    if !folder.data.exists() {
        return Ok(());
    }
    if DemoMark::read(&folder.data).is_none() {
        let said = format!("`{}` 不是演示文件夹,不删", folder.data.display());
        return Err(WrongUse(said).into());
    }
    // Opening takes the folder's lock, so that a running program never loses its data.
    folder.open_or_make().await?.close().await;
    std::fs::remove_dir_all(&folder.data).with_context(|| folder.data.display().to_string())
}

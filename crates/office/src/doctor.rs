//! 体检: whether record, chain, lake, keys, rulebook and calendar are as they should be. Repairs
//! nothing; says what to do.

use crate::error::Result;
use crate::office::Office;
use domain::Day;
use rules::Severity;
use store::batches::{self, BatchState};

/// How many batches are looked at for files that wait.
const BATCHES_LOOKED_AT: u32 = 1_000;
/// Working days a deadline may be away; the calendar must reach that far.
const WORKDAYS_AHEAD: u32 = 30;

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What, in an official's word.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty when there is nothing to do.
    pub advice: String,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            good: true,
            found: found.into(),
            advice: String::new(),
        }
    }

    fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            good: false,
            found: found.into(),
            advice: advice.into(),
        }
    }
}

/// Every open case is what its events lead to, every closed one ended as they say.
async fn cases(office: &Office) -> Result<Check> {
    const NAME: &str = "办件";
    let (found, count) = crate::casework::unsound(office).await?;
    Ok(match found.first() {
        None => Check::good(NAME, format!("在办 {count} 件,清单与经过都对得上")),
        Some(first) => Check::bad(
            NAME,
            format!("{} 件对不上,第一件:{first}", found.len()),
            "不要手工改记录;把这一页交给系统管理员",
        ),
    })
}

/// The ledger sums to zero, batches are what they were sealed as.
async fn money(office: &Office) -> Result<Check> {
    const NAME: &str = "资金";
    let found = match crate::disbursement::verify(office).await {
        Ok(found) => found,
        Err(crate::disbursement::PayError::Office(error)) => return Err(error),
        Err(other) => vec![other.to_string()],
    };
    let Some(first) = found.first() else {
        return Ok(Check::good(NAME, "总账合计为零,批次、行和摘要都对得上"));
    };
    let said = format!("{} 处对不上,第一处:{first}", found.len());
    let advice = "停止发放,保留现场,用备份核对后再继续";
    Ok(Check::bad(NAME, said, advice))
}

/// Every photo's file is there and is what came.
async fn photos(office: &Office) -> Result<Check> {
    const NAME: &str = "照片";
    let (found, looked) = crate::photos::unsound(office).await?;
    Ok(match found.first() {
        None => Check::good(NAME, format!("{looked} 份照片和扫描件都在,都没有改动")),
        Some(first) => Check::bad(
            NAME,
            format!("{} 份有问题,第一处:{first}", found.len()),
            "从备份取回数据目录里的 photos 文件夹;取回以后再运行一次 doctor",
        ),
    })
}

/// Whether letters can be written as PDF. Without a font they are printed from the page: nothing is broken.
fn font() -> Check {
    const NAME: &str = "文书字体";
    match crate::pdf::font() {
        Some(path) => Check::good(NAME, format!("文书的 PDF 用 {path}")),
        None => Check {
            name: NAME,
            good: true,
            found: "没有装中文字体;文书可以用网页打印,写不成 PDF".to_owned(),
            advice: "要 PDF 就安装 fonts-noto-cjk(Debian、Ubuntu:apt-get install fonts-noto-cjk)"
                .to_owned(),
        },
    }
}

/// Examines the office.
///
/// # Errors
/// The record cannot be read at all.
pub async fn examine(office: &Office) -> Result<Vec<Check>> {
    Ok(vec![
        record(office).await?,
        chain(office).await?,
        rows(office).await?,
        keys(office).await?,
        lake(office).await?,
        feeds(office).await?,
        keeping(office).await?,
        areas(office).await?,
        cases(office).await?,
        money(office).await?,
        photos(office).await?,
        rulebook(office),
        font(),
        missing(office),
        accounts(office).await?,
        calendar(office),
    ])
}

/// Examines the machine the office stands on.
#[must_use]
pub fn machine(office: &Office) -> Vec<Check> {
    Vec::from_iter(crate::space::check(office))
}

async fn record(office: &Office) -> Result<Check> {
    const NAME: &str = "记录";
    let findings = store::doctor::examine(&office.store).await?;
    let persons = store::persons::count(&office.store).await?;
    let households = store::households::count(&office.store, None).await?;
    if findings.is_empty() {
        return Ok(Check::good(
            NAME,
            format!("{persons} 人,{households} 户,各表与其历史相符"),
        ));
    }
    let said: Vec<String> = findings
        .iter()
        .map(|f| format!("{} {} 处", f.what, f.count))
        .collect();
    Ok(Check::bad(
        NAME,
        said.join(";"),
        "先停止写入,保留现场,与最近一次备份比对",
    ))
}

async fn chain(office: &Office) -> Result<Check> {
    const NAME: &str = "审计链";
    let verdict = crate::audit::verify(office).await?;
    let Some(first) = verdict.breaks.first() else {
        return Ok(Check::good(
            NAME,
            format!("{} 条,首尾相接", verdict.entries),
        ));
    };
    let found = format!(
        "{} 条里有 {} 处不对,第一处在第 {} 条:{}",
        verdict.entries,
        verdict.breaks.len(),
        first.seq,
        first.kind.name()
    );
    Ok(Check::bad(
        NAME,
        found,
        "运行 doudi audit verify 看全部,并报告审计人员",
    ))
}

async fn rows(office: &Office) -> Result<Check> {
    const NAME: &str = "逐行核对";
    let tables = crate::audit::rows(office).await?;
    let Some(first) = tables.findings.first() else {
        return Ok(Check::good(
            NAME,
            format!(
                "{} 张表 {} 行,都是程序写下的样子",
                tables.tables, tables.rows
            ),
        ));
    };
    let found = format!(
        "{} 处不符,第一处:{}",
        tables.findings.len(),
        crate::audit::said(first)
    );
    Ok(Check::bad(
        NAME,
        found,
        "停止写入,运行 doudi audit verify 看全部,并报告审计人员",
    ))
}

/// A sealed identity can be opened as far as a mask needs it.
async fn keys(office: &Office) -> Result<Check> {
    const NAME: &str = "密钥";
    let some: Vec<_> = store::persons::list(&office.store, 0, 10)
        .await?
        .iter()
        .map(|p| p.id)
        .collect();
    match store::identity::masked(&office.store, &some).await {
        Ok(_) if some.is_empty() => Ok(Check::good(NAME, "密钥文件在,还没有身份信息")),
        Ok(_) => Ok(Check::good(NAME, "身份信息打得开")),
        Err(e) => Ok(Check::bad(
            NAME,
            e.to_string(),
            "把本数据库的密钥文件放回数据文件夹",
        )),
    }
}

async fn lake(office: &Office) -> Result<Check> {
    const NAME: &str = "数据湖";
    let files = store::manifest::list_all(&office.store).await?;
    let root = office.lake.root().to_owned();
    let all = files.len();
    let worked = tokio::task::spawn_blocking(move || {
        let broken = files.iter().filter(|f| {
            let bytes = std::fs::read(root.join(&f.path));
            bytes.map_or(true, |b| store::digest::of_bytes(&b) != f.digest)
        });
        broken.map(|f| f.path.clone()).collect::<Vec<_>>()
    });
    let broken = worked
        .await
        .unwrap_or_else(|e| vec![format!("没有查完:{e}")]);
    Ok(match broken.first() {
        None => Check::good(NAME, format!("{all} 个文件,内容与清单相符")),
        Some(first) => {
            let found = format!("{all} 个文件里有 {} 个缺失或被改,如 {first}", broken.len());
            Check::bad(NAME, found, "从备份取回这些文件;文件以内容命名,取回即可用")
        }
    })
}

async fn feeds(office: &Office) -> Result<Check> {
    const NAME: &str = "来文";
    let batches = batches::list(&office.store, None, i64::MAX, BATCHES_LOOKED_AT).await?;
    let of = |state| batches.iter().filter(|b| b.state == state).count();
    let (waiting, staged) = (of(BatchState::Waiting), of(BatchState::Staged));
    let doubts = batches::count_doubts(&office.store).await?;
    let found = format!(
        "{} 批,待确认 {waiting} 批,待认人 {doubts} 行",
        batches.len()
    );
    if staged > 0 {
        return Ok(Check::bad(
            NAME,
            format!("{found},有 {staged} 批只收了一半"),
            "再次导入同样的文件,它会接着做完",
        ));
    }
    Ok(if waiting > 0 {
        Check {
            advice: "核实变动是真的,再用 doudi import --confirm 入库".to_owned(),
            ..Check::good(NAME, found)
        }
    } else {
        Check::good(NAME, found)
    })
}

async fn areas(office: &Office) -> Result<Check> {
    const NAME: &str = "区划";
    let levels = store::areas::count(&office.store, office.clock.today()).await?;
    let count: u64 = levels.iter().map(|(_, places)| places).sum();
    Ok(match office.home().await? {
        Some(home) => Check::good(
            NAME,
            format!("{}({}),{count} 个地方", home.name, home.code.as_str()),
        ),
        None if count > 0 => Check::good(NAME, format!("{count} 个地方,还没有本地的家庭")),
        None => Check::bad(NAME, "一个地方也没有", "用 doudi areas import 导入区划名单"),
    })
}

/// Whether somebody could sign in, and by rules that hold.
async fn accounts(office: &Office) -> Result<Check> {
    const NAME: &str = "账号";
    let book = office.access_book();
    if let Err(wrong) = book {
        let first = wrong.into_iter().next().unwrap_or_default();
        return Ok(Check::bad(
            NAME,
            first,
            "改正 access/access.md;改好以前谁也不能登录",
        ));
    }
    let users = store::users::list(&office.store).await?;
    if users.is_empty() {
        return Ok(Check {
            advice: "用 doudi user add 建账号,才能打开页面".to_owned(),
            ..Check::good(NAME, "还没有账号")
        });
    }
    let bare = users.iter().filter(|u| u.totp_at.is_none()).count();
    Ok(Check::good(
        NAME,
        format!("{} 个账号,{bare} 个未绑动态口令", users.len()),
    ))
}

fn rulebook(office: &Office) -> Check {
    const NAME: &str = "规则手册";
    // Errors keep the office from opening at all, so only reminders are left to tell.
    let problems = office.book.check();
    let reminders = problems
        .iter()
        .filter(|p| p.severity == Severity::Warning)
        .count();
    let files = office.book.texts().len();
    Check::good(
        NAME,
        format!(
            "{files} 个文件,地方 {},没有错误,{reminders} 处提醒",
            office.locality
        ),
    )
}

/// What a version signed under an older program lacks for this one.
fn missing(office: &Office) -> Check {
    const NAME: &str = "手册缺项";
    match office.missing() {
        None => Check::good(NAME, "没有"),
        Some(said) => Check::bad(NAME, said.found, said.advice),
    }
}

async fn keeping(office: &Office) -> Result<Check> {
    const NAME: &str = "保存期限";
    Ok(match crate::keeping::overdue(office).await {
        Ok(0) => Check::good(NAME, "没有到期而没有销毁的"),
        Ok(files) => Check::bad(
            NAME,
            format!("{files} 个文件过了期限和等的天数还没有销毁"),
            "运行 doudi keeping --now;doudi serve 每天会自己过一遍",
        ),
        Err(why) => Check::bad(NAME, why.to_string(), "补上规则手册 access/keeping.md"),
    })
}

fn calendar(office: &Office) -> Check {
    const NAME: &str = "工作日历";
    let today = office.clock.today();
    let reached =
        crate::calendar::read(&office.book).map(|c| c.add_workdays(today, WORKDAYS_AHEAD));
    match reached {
        Ok(Ok((day, _))) => Check::good(
            NAME,
            format!("今天 {today},{WORKDAYS_AHEAD} 个工作日后是 {day}"),
        ),
        Ok(Err(none)) => Check::bad(NAME, none.to_string(), missing_year(today)),
        Err(e) => Check::bad(NAME, e.to_string(), "改正 calendars/ 里的文件"),
    }
}

fn missing_year(today: Day) -> String {
    format!(
        "放假安排公布后,用 doudi calendar import 或者在 /admin/calendar 导入;今天是 {today},缺的那年里的期限一概不猜"
    )
}

//! `rulebook`: versions of the rulebook from the terminal. Whoever proposes or signs signs in with account
//! and password, as on the pages: two persons are two persons here too.

use super::signed_in::{Desk, Who};
use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use office::rulebook::{
    self as changing, ChangeError, DayFigures, FileChange, PreviewRow, Proposal, Review, VersionRow,
};
use office::simulate::{GroupRow, yuan_of};
use serde_json::{Value, json};
use std::path::PathBuf;

const EXAMPLE: &str = "\
例:改一个数,两个人签
  doudi rulebook propose 改动/ --why \"渝民发〔2026〕12 号\" --user chen
  doudi rulebook diff  1                看改了什么、从哪天起
  doudi rulebook check 1                看有什么挡着
  doudi rulebook preview 1 --user chen  用最近判断过的月份试:谁得到、谁失去、多花多少
  doudi rulebook approve 1 --user zhou  影响大的、往回改的,先由另一个人批准影响预览
  doudi rulebook sign  1 --user chen
  doudi rulebook sign  1 --user chen2   第二个人签了就生效
  doudi rulebook list
  doudi rulebook missing --write 缺项/   程序升级以后,把签发的一版缺的写成改动

改动是一个文件夹、一个 zip 或一个文件,里面只放改了的文件,文件夹和手册里的一样。
口令从环境变量 DOUDI_PASSWORD 读,没有就从标准输入读一行;要动态口令的账号再加 --code。
在页面上签的,服务不停,随即换上;用命令签的,从下次打开数据文件夹起用。已经判断过的月份保留原来的结果。";

/// Versions.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Rulebook {
    /// 提出一版
    Propose(Propose),
    /// 查一版:有没有东西挡着
    Check(One),
    /// 一版和现在运行的一版差在哪里
    Diff(One),
    /// 试一版会影响谁,记下来;签之前要有
    Preview(Signing),
    /// 批准一版的影响预览;不能是提出的人
    Approve(Signing),
    /// 签一版;第二个人签了就生效
    Sign(Signing),
    /// 撤回还没有生效的一版
    Withdraw(Withdraw),
    /// 列出各版
    List(List),
    /// 程序升级以后,签发的一版缺什么;可以写成改动再提出
    Missing(Missing),
}

/// A proposal.
#[derive(clap::Args)]
pub struct Propose {
    /// 改动:文件夹、zip 或一个文件
    #[arg(required_unless_present = "remove")]
    changes: Option<PathBuf>,
    /// 为什么改:文件、文号或会议
    #[arg(long)]
    why: String,
    /// 版本号;不写就是下一个
    #[arg(long, value_name = "NO")]
    number: Option<i64>,
    /// 删掉手册里的这个文件,可以写几次
    #[arg(long, value_name = "PATH")]
    remove: Vec<String>,
    #[command(flatten)]
    who: Who,
}

/// A version to look at.
#[derive(clap::Args)]
pub struct One {
    /// 版本号
    no: i64,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// A version to be signed.
#[derive(clap::Args)]
pub struct Signing {
    /// 版本号
    no: i64,
    #[command(flatten)]
    who: Who,
}

/// A version to be withdrawn.
#[derive(clap::Args)]
pub struct Withdraw {
    /// 版本号
    no: i64,
    /// 为什么撤回
    #[arg(long)]
    why: String,
    #[command(flatten)]
    who: Who,
}

/// All versions.
#[derive(clap::Args)]
pub struct List {
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// What the version in force lacks for this program.
#[derive(clap::Args)]
pub struct Missing {
    /// 把缺的写进这个文件夹,核对以后可以直接提出
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Tells what is missing and writes it down; finding something is a finding.
async fn missing(args: Missing) -> Result<Ended> {
    let office = args.folder.open().await?;
    let gaps = office.gaps();
    let written = match &args.write {
        Some(folder) => office.write_missing(folder),
        None => Ok(Vec::new()),
    };
    office.close().await;
    let written = written?;
    if args.json {
        let all: Vec<Value> = gaps
            .iter()
            .map(|gap| json!({ "path": gap.path, "what": gap.what, "effect": gap.effect }))
            .collect();
        say::json(&json!({ "missing": all, "written": written }));
        return Ok(Ended::with(!gaps.is_empty()));
    }
    for gap in &gaps {
        say::line(format!("{} {};{}", gap.path, gap.what, gap.effect));
    }
    if gaps.is_empty() {
        say::line("不缺");
    }
    for path in &written {
        say::line(format!("写了 {path}"));
    }
    if !written.is_empty() {
        say::line(
            "权限手册是本地的,只加了缺的行;其他文件是程序自带的写法,本地改过的地方请先改回去,再用 doudi rulebook propose 提出",
        );
    }
    Ok(Ended::with(!gaps.is_empty()))
}

/// Does what is asked, and lets the folder go.
pub async fn run(what: Rulebook) -> Result<Ended> {
    match what {
        Rulebook::Propose(args) => propose(args).await,
        Rulebook::Check(args) => look(args, Shown::Findings).await,
        Rulebook::Diff(args) => look(args, Shown::Changes).await,
        Rulebook::Preview(args) => {
            let desk = Desk::signed_in(&args.who, "doudi rulebook").await?;
            let step = Step::begin("预览");
            let done = changing::preview(&desk.office, &desk.who, args.no, |what| step.with(what));
            let done = done.await;
            let preview = desk.close(done, mended).await?;
            step.done(&preview.share_words);
            previewed(args.who.json, &preview);
            Ok(Ended::with(waits(&preview)))
        }
        Rulebook::Approve(args) => {
            let desk = Desk::signed_in(&args.who, "doudi rulebook").await?;
            let done = changing::approve(&desk.office, &desk.who, args.no, None).await;
            let preview = desk.close(done, mended).await?;
            previewed(args.who.json, &preview);
            Ok(Ended::Good)
        }
        Rulebook::Sign(args) => {
            let desk = Desk::signed_in(&args.who, "doudi rulebook").await?;
            let done = changing::sign(&desk.office, &desk.who, args.no).await;
            let row = desk.close(done, mended).await?;
            told(args.who.json, &row, None);
            Ok(Ended::Good)
        }
        Rulebook::Withdraw(args) => {
            let desk = Desk::signed_in(&args.who, "doudi rulebook").await?;
            let done = changing::withdraw(&desk.office, &desk.who, args.no, &args.why).await;
            let row = desk.close(done, mended).await?;
            told(args.who.json, &row, None);
            Ok(Ended::Good)
        }
        Rulebook::Missing(args) => missing(args).await,
        Rulebook::List(args) => {
            let desk = Desk::at_the_machine(&args.folder).await?;
            let rows = changing::list(&desk.office, &desk.who).await;
            let rows = desk.close(rows, mended).await?;
            if args.json {
                say::json(&json!({ "versions": rows.iter().map(value).collect::<Vec<_>>() }));
            } else if rows.is_empty() {
                say::line("还没有提出过改动;现在运行的是程序自带的手册");
            } else {
                rows.iter().for_each(line);
            }
            Ok(Ended::Good)
        }
    }
}

/// Which errors are the person's to mend.
pub(super) fn mended(error: ChangeError) -> anyhow::Error {
    match error {
        ChangeError::Office(error) => error.into(),
        ChangeError::Denied(_) | ChangeError::Refused(_) | ChangeError::NotFound(_) => {
            RefusedInput(error.to_string()).into()
        }
    }
}

async fn propose(args: Propose) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi rulebook").await?;
    let texts = match &args.changes {
        Some(path) => changing::open(path, desk.office.book().texts()),
        None => Ok(Vec::new()),
    };
    let done = match texts {
        Ok(texts) => {
            let proposal = Proposal {
                texts,
                remove: args.remove,
                because: args.why,
                no: args.number,
            };
            changing::propose(&desk.office, &desk.who, proposal).await
        }
        Err(refused) => Err(sent_back(&refused)),
    };
    proposed(desk, done, args.who.json).await
}

/// Everything for which a proposal goes back.
pub(super) fn sent_back(refused: &[impl ToString]) -> ChangeError {
    let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let said = format!("整份改动退回,什么也没有改:\n{}", said.join("\n"));
    ChangeError::Refused(said)
}

/// Tells what came of a proposal, and lets the folder go.
pub(super) async fn proposed(
    desk: Desk,
    done: Result<(VersionRow, Review), ChangeError>,
    json: bool,
) -> Result<Ended> {
    let (row, review) = desk.close(done, mended).await?;
    told(json, &row, Some((&review, Shown::Findings)));
    Ok(Ended::with(!review.blockers.is_empty()))
}

async fn look(args: One, shown: Shown) -> Result<Ended> {
    let desk = Desk::at_the_machine(&args.folder).await?;
    let done = changing::check(&desk.office, &desk.who, args.no).await;
    let (row, review) = desk.close(done, mended).await?;
    told(args.json, &row, Some((&review, shown)));
    Ok(Ended::with(!review.blockers.is_empty()))
}

/// Whether a preview must still be approved.
fn waits(preview: &PreviewRow) -> bool {
    preview.needs.is_some() && preview.approved.is_none()
}

/// Rows of a table told on the terminal; the page has all.
const ROWS_TOLD: usize = 20;

fn previewed(json: bool, preview: &PreviewRow) {
    if json {
        say::json(&json!({ "version": preview.version, "preview": preview.no,
            "digest": preview.digest, "figures_digest": preview.figures_digest,
            "month": preview.month, "on_roll": preview.share.0, "turned": preview.share.1,
            "needs": preview.needs, "made": preview.made, "approved": preview.approved,
            "figures": preview.figures }));
        return;
    }
    say::line(format!(
        "第 {} 版 · {} 的名册 · {}有一项救助的答案会变 · {} 预览",
        preview.version, preview.month, preview.share_words, preview.made
    ));
    for day in &preview.figures.days {
        day_told(day);
    }
    say::line(format!(
        "正在办的 {} 件;受理日在变化那天或以后、按这一版办的 {} 件",
        preview.figures.open_cases, preview.figures.cases_reached
    ));
    match (&preview.needs, &preview.approved) {
        (_, Some(hand)) => say::line(format!("批准 {hand}")),
        (Some(why), None) => say::line(format!("要由提出的人以外的一个人批准:{why}")),
        (None, None) => say::line("不用批准,可以签"),
    }
}

fn signed(before: i64, after: i64) -> String {
    let change = yuan_of(after.saturating_sub(before));
    if after > before {
        format!("+{change}")
    } else {
        change
    }
}

fn day_told(day: &DayFigures) {
    let c = day.counts;
    say::line(format!(
        "{} 起 · 每月支出 {} → {} {} · 得到更多 {} 户(新得到 {}),失去或减少 {} 户(不再得到 {}) · 在册 {} 户里答案会变的 {} 户",
        day.day,
        yuan_of(day.cost_before),
        yuan_of(day.cost_after),
        signed(day.cost_before, day.cost_after),
        c.gain,
        c.enter,
        c.lose,
        c.leave,
        day.on_roll,
        day.turned
    ));
    for p in day.programmes.iter().filter(|p| p.enter > 0 || p.leave > 0) {
        say::line(format!(
            "  {}  {} → {} {} · +{} -{}(在册 {})",
            p.title, p.entitled_before, p.entitled_after, p.unit, p.enter, p.leave, p.leave_on_roll
        ));
    }
    groups("乡镇", &day.areas);
    for group in &day.groups {
        groups(&group.title, &group.rows);
    }
}

fn groups(title: &str, rows: &[GroupRow]) {
    let changed = rows.iter().filter(|row| row.gain > 0 || row.lose > 0);
    let mut changed = changed.take(ROWS_TOLD).peekable();
    if changed.peek().is_some() {
        say::line(format!("  按{title}  得到 失去 · 每月支出变化"));
    }
    for row in changed {
        let change = signed(row.before, row.after);
        say::line(format!(
            "    {}  {} {} · {change}",
            row.name, row.gain, row.lose
        ));
    }
}

/// What of a review is told.
#[derive(Clone, Copy)]
enum Shown {
    Findings,
    Changes,
}

fn told(json: bool, row: &VersionRow, review: Option<(&Review, Shown)>) {
    if json {
        let mut all = value(row);
        if let (Some((review, _)), Some(map)) = (review, all.as_object_mut()) {
            map.insert("blockers".to_owned(), json!(review.blockers));
            map.insert("reminders".to_owned(), json!(review.reminders));
            map.insert("retroactive".to_owned(), json!(review.retroactive));
            map.insert("cases".to_owned(), json!(review.cases));
            let changes: Vec<Value> = review.changes.iter().map(change).collect();
            map.insert("changes".to_owned(), json!(changes));
        }
        say::json(&all);
        return;
    }
    line(row);
    let Some((review, shown)) = review else {
        return;
    };
    for change in &review.changes {
        say::line(format!("{} {}", change.fate.word(), change.path));
        if matches!(shown, Shown::Changes) {
            differences(change);
        }
    }
    for said in &review.reminders {
        say::line(format!("提醒 {said}"));
    }
    for said in &review.blockers {
        say::line(format!("挡住 {said}"));
    }
    let ready = if review.blockers.is_empty() {
        "没有挡着的,可以签"
    } else {
        "有挡着的,不能签;现在运行的一版没有动"
    };
    say::line(format!(
        "{} 个文件,{} 个案例跑过;{ready}",
        review.files, review.cases
    ));
}

fn differences(change: &FileChange) {
    for one in &change.differences {
        say::line(format!("  {} {}", one.kind, one.what));
        for (sign, text) in [("-", &one.was), ("+", &one.is)] {
            for row in text.lines() {
                say::line(format!("    {sign} {}", row.trim_end()));
            }
        }
    }
}

fn line(row: &VersionRow) {
    let running = if row.running { " ← 现在运行" } else { "" };
    say::line(format!(
        "第 {} 版 {}{running} · {} · {} · 提出 {}",
        row.no, row.state, row.since, row.because, row.proposed
    ));
    for (at, signed) in row.signed.iter().enumerate() {
        let which = if at == 0 { "第一签" } else { "第二签" };
        say::line(format!("  {which} {signed}"));
    }
    if !row.ended_why.is_empty() {
        say::line(format!("  撤回:{}", row.ended_why));
    }
}

fn value(row: &VersionRow) -> Value {
    json!({ "no": row.no, "state": row.state, "running": row.running, "digest": row.digest,
        "base": row.base, "since": row.since, "because": row.because, "proposed": row.proposed,
        "signed": row.signed, "ended_why": row.ended_why })
}

fn change(change: &FileChange) -> Value {
    let all = change.differences.iter();
    let all: Vec<Value> = all
        .map(|d| json!({ "kind": d.kind, "what": d.what, "was": d.was, "is": d.is }))
        .collect();
    json!({ "path": change.path, "fate": change.fate.word(), "differences": all })
}

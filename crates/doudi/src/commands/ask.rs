//! `ask`: answers a resident's question, or tries all questions of the rulebook.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::{Result, anyhow};
use office::guide::{self, Card, Guide, Hits, Pages};
use serde_json::json;

/// What to ask.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi ask 我妈瘫在床上,残疾证一级,有没有护理的钱\n  doudi ask \"冬天暖气费交不起\" --json | jq '.answers[0].apply'\n  doudi ask --questions            试手册里的一百二十句问话\n\n手册的表有错误时退出码为 1。"
)]
pub struct Args {
    /// 居民的问话,用自己的话说
    #[arg(required_unless_present_any = ["questions", "measure"])]
    question: Vec<String>,
    /// 试手册里的全部问句,报告答对多少、答错哪些
    #[arg(long)]
    questions: bool,
    /// 答几个项目
    #[arg(long, default_value_t = 3, value_name = "N")]
    most: usize,
    /// 拿数据文件夹里的这么多户,数一数“我能申请什么”要问几页
    #[arg(long, value_name = "N", conflicts_with = "questions")]
    measure: Option<usize>,
    /// 量哪个月;不写就是最新的一个月
    #[arg(long, value_name = "YYYY-MM", requires = "measure")]
    month: Option<String>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Answers.
pub async fn run(args: &Args) -> Result<Ended> {
    if let Some(families) = args.measure {
        return measure(args, families).await;
    }
    let setting = args.folder.setting()?;
    let book = office::rulebook::read(setting.rulebook.as_deref())?;
    let guide = match Guide::open(&book, &setting.locality, setting.clock.today()) {
        Ok(guide) => guide,
        Err(problems) => {
            problems.iter().for_each(say::line);
            return Ok(Ended::with(true));
        }
    };
    if args.questions {
        let questions = guide::tried(&book).map_err(|p| anyhow!(p.join("\n")))?;
        let (held, tuned): (Vec<_>, Vec<_>) = questions.iter().partition(|q| q.held_out);
        let all = guide::hits(&guide, &questions);
        let parts = [
            ("全部", all.clone()),
            ("改词用的", guide::hits(&guide, tuned)),
            ("留出不动的", guide::hits(&guide, held)),
        ];
        report(args, &all, &parts);
        return Ok(Ended::with(false));
    }
    let question = args.question.join(" ");
    let hits = guide.ask(&question);
    let cards: Vec<&Card> = hits
        .iter()
        .take(args.most)
        .filter_map(|h| guide.card(&h.id))
        .collect();
    if args.json {
        say::json(&json!({ "question": question, "answers": cards }));
    } else if cards.is_empty() {
        say::line("没有找到对得上的项目。请换个说法,或者打电话、到乡镇(街道)窗口问。");
    } else {
        cards.iter().for_each(|card| show(card));
        say::line("以上只是查询,能不能得到以审核为准。");
    }
    Ok(Ended::with(false))
}

/// Walks families of the record through the questions and tells how many pages it took.
async fn measure(args: &Args, families: usize) -> Result<Ended> {
    let office = args.folder.open().await?;
    let newest = office::monitoring::months(&office).await?.pop();
    let month = match &args.month {
        Some(text) => super::months::parse(text)?,
        None => newest.ok_or_else(|| RefusedInput("还没有任何月份的户籍登记来文".to_owned()))?,
    };
    let measured = guide::measure(&office, month, families).await;
    office.close().await;
    let found = measured?;
    if args.json {
        say::json(&json!(found));
        return Ok(Ended::Good);
    }
    let told = |name: &str, pages: &Pages| {
        say::line(format!(
            "{name}:平均 {} 页,九成的人家不超过 {} 页,最多 {} 页",
            hundredths(pages.mean_hundredths),
            pages.p90,
            pages.most
        ));
        let after: Vec<String> = pages
            .decided_hundredths
            .iter()
            .map(|n| hundredths(*n))
            .collect();
        say::line(format!("  每答一页以后看出的项目:{}", after.join(" ")));
    };
    say::line(format!(
        "{month},{} 户,{} 个项目;题目一共 {} 页,勾选的合成一页",
        found.families, found.programmes, found.table
    ));
    told("先问最能定的", &found.deciding);
    told("按表里的次序问", &found.in_order);
    let wrong: Vec<String> = found
        .wrongly_refused
        .iter()
        .map(|(id, said)| format!("{id} {} 次({})", said.len(), said.join("|")))
        .collect();
    say::line(format!(
        "认定说符合的 {} 次里,自查说可能符合 {} 次;自查说不符合的:{}",
        found.entitled,
        found.told,
        if wrong.is_empty() {
            "没有".to_owned()
        } else {
            wrong.join("、")
        }
    ));
    Ok(Ended::Good)
}

fn hundredths(n: usize) -> String {
    format!("{}.{:02}", n / 100, n % 100)
}

fn show(card: &Card) {
    say::line(format!("【{}】{}", card.called, card.title));
    say::line(format!("  说的是  {}", card.gist));
    let terms: Vec<&str> = card.terms.iter().map(|t| t.name.as_str()).collect();
    say::line(format!("  要符合  {}", terms.join("、")));
    say::line(format!("  依据    {}", card.articles.join("、")));
    for pays in &card.pays {
        let example = if pays.example { ",示例值" } else { "" };
        let said = format!("{} {}({}{example})", pays.name, pays.amount, pays.source);
        say::line(format!("  给多少  {said}"));
    }
    say::line(format!("  去哪里  {}", card.apply));
    if !card.papers.is_empty() {
        say::line(format!("  带什么  {}", card.papers));
    }
    for limit in &card.limits {
        say::line(format!("  多久    {limit}"));
    }
    say::line("");
}

fn report(args: &Args, all: &Hits, parts: &[(&str, Hits)]) {
    if args.json {
        let parts: serde_json::Map<_, _> = parts
            .iter()
            .map(|(name, hits)| ((*name).to_owned(), json!(hits)))
            .collect();
        say::json(&json!(parts));
        return;
    }
    for missed in &all.missed {
        let kept = if missed.in_three {
            "在前三"
        } else {
            "不在前三"
        };
        say::line(format!(
            "{} {}  应答 {},答成 {}({kept})",
            missed.number,
            missed.text,
            missed.expected.join("、"),
            missed.answered.join("、")
        ));
    }
    for (name, hits) in parts {
        say::line(format!(
            "{name}:{} 句,第一个就对 {} 句,前三个里有 {} 句",
            hits.tried, hits.first, hits.three
        ));
    }
}

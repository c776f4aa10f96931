//! `explain`: a case of the rulebook, or what the rules say of a household, step by step.

use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::Watch;
use office::access::Access;
use office::desk::Desk;
use office::views::{Mark, ProgrammeResult};
use rules::Rulebook;
use std::sync::Arc;

/// What to explain.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi explain dibao                       列出 policies/dibao.md 的案例\n  doudi explain dibao 补差八百六十元整      一步一步算给你看\n  doudi explain --household 42 --month 2026-08"
)]
pub struct Args {
    /// 规则文件:policies/dibao.md,或简写 dibao
    #[arg(value_name = "FILE", conflicts_with = "household")]
    file: Option<String>,
    /// 案例名;不写就列出全部
    #[arg(value_name = "案例名")]
    case: Option<String>,
    /// 一户的编号
    #[arg(long, value_name = "ID")]
    household: Option<i64>,
    /// 哪个月;不写就是最近判断过的
    #[arg(long, value_name = "YYYY-MM", requires = "household")]
    month: Option<String>,
    /// 给程序读;只用于一户
    #[arg(long, requires = "household")]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Explains a case, or a household.
pub async fn run(args: Args) -> Result<Ended> {
    match (&args.file, args.household) {
        (Some(file), _) => explain_case(&args, file),
        (None, Some(household)) => explain_household(&args, household).await,
        (None, None) => {
            Err(WrongUse("要解释什么?写规则文件和案例名,或者 --household 编号".to_owned()).into())
        }
    }
}

fn explain_case(args: &Args, file: &str) -> Result<Ended> {
    let book = office::rulebook::read(args.folder.rulebook.as_deref())?;
    let path = path_of(&book, file)?;
    let Some(name) = &args.case else {
        let names = rules::cases::names(&book, &path);
        say::line(format!("{path} 有 {} 个案例:", names.len()));
        names.iter().for_each(|n| say::line(format!("  {n}")));
        return Ok(Ended::Good);
    };
    let case = rules::cases::find(&book, &args.folder.place(), &path, name)
        .map_err(|said| near(&book, &path, name, said))?;
    say::line(case.explain());
    Ok(Ended::Good)
}

/// The rule file a short name means: a general policy before a procedure or another general file, and these before a
/// place's own.
fn path_of(book: &Rulebook, name: &str) -> Result<String> {
    let stem = name.trim_end_matches(".md");
    let means = |path: &str| {
        let path = path.trim_end_matches(".md");
        path == stem || path.rsplit('/').next().is_some_and(|last| last == stem)
    };
    let rank = |path: &str| {
        let own = path.trim_end_matches(".md") == stem;
        // A policy and its procedure may share a name; one with cases is meant.
        let told = rules::cases::names(book, path).is_empty();
        (
            !own,
            told,
            path.starts_with("localities/"),
            !path.starts_with("policies/"),
        )
    };
    let all = book.parsed().iter().map(|p| p.path.as_str());
    let mut all: Vec<_> = all
        .filter(|path| means(path))
        .map(|path| (rank(path), path))
        .collect();
    all.sort_unstable();
    let mut found = all.into_iter();
    let Some((best, first)) = found.next() else {
        let stems = book
            .parsed()
            .iter()
            .filter_map(|p| p.path.trim_end_matches(".md").rsplit('/').next());
        let hint = rules::problem::nearest(stem, stems)
            .map_or(String::new(), |n| format!(";是不是 `{n}`?"));
        return Err(RefusedInput(format!("手册里没有规则文件 `{name}`{hint}")).into());
    };
    if let Some((_, second)) = found.next().filter(|(rank, _)| *rank == best) {
        return Err(RefusedInput(format!(
            "`{name}` 可以是 `{first}` 或 `{second}`;请写全路径"
        ))
        .into());
    }
    Ok(first.to_owned())
}

fn near(book: &Rulebook, path: &str, name: &str, said: String) -> RefusedInput {
    let names = rules::cases::names(book, path);
    let hint = rules::problem::nearest(name, names.iter().map(String::as_str))
        .map_or(String::new(), |n| format!(";是不是 `{n}`?"));
    RefusedInput(format!("{said}{hint}"))
}

/// What every programme says of a household and its members, with names masked.
async fn explain_household(args: &Args, household: i64) -> Result<Ended> {
    let office = Arc::new(args.folder.open().await?);
    let who = Access::open(Arc::clone(&office), Watch::Machine)?
        .machine()
        .await?;
    let views = Desk::open(office).await?;
    let file = views.household(&who, household, args.month.clone()).await;
    let file = file.map_err(|e| RefusedInput(e.to_string()))?;
    if args.json {
        say::line(serde_json::to_string_pretty(&file)?);
        return Ok(Ended::Good);
    }
    say::line(format!(
        "{} {} {} {} {}",
        file.number, file.head, file.place, file.urban_rural, file.month
    ));
    for member in &file.members {
        say::line(format!(
            "  {} {} {} {} {}",
            member.relation, member.name, member.sex, member.age, member.counted.reason
        ));
    }
    file.results.iter().for_each(show);
    Ok(Ended::Good)
}

fn show(result: &ProgrammeResult) {
    say::line("");
    let benefit = result.benefit.as_deref().unwrap_or("");
    say::line(
        format!(
            "{}({}) {} {benefit}",
            result.title,
            result.subject,
            result.verdict.word()
        )
        .trim_end(),
    );
    result
        .reasons
        .iter()
        .for_each(|r| say::line(format!("  不符合:{r}")));
    result
        .ask
        .iter()
        .for_each(|a| say::line(format!("  待查:{a}")));
    for line in &result.lines {
        let mark = match line.mark {
            Some(Mark::Holds) => "✓ ",
            Some(Mark::Fails) => "✗ ",
            Some(Mark::Unknown) => "？ ",
            None => "",
        };
        let mut said = format!(
            "  {mark}{} {} = {}",
            line.kind.word(),
            line.name,
            line.result
        );
        if !line.with_numbers.is_empty() {
            said.push_str(&format!("  ← {}", line.with_numbers));
        }
        if let Some(distance) = &line.distance {
            said.push_str(&format!("  {}", distance.text));
        }
        if !line.article.is_empty() {
            said.push_str(&format!("  [{}]", line.article));
        }
        say::line(said);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_the_general_policy_with_cases_and_a_path_is_itself() {
        let book = office::rulebook::read(None).unwrap();
        // As README writes it.
        let path = path_of(&book, "dibao").unwrap();
        assert_eq!(path, "policies/dibao.md");
        let names = rules::cases::names(&book, &path);
        assert!(names.iter().any(|name| name == "补差八百六十元整"));
        let own = "localities/zhejiang/procedures/dibao";
        assert_eq!(path_of(&book, own).unwrap(), format!("{own}.md"));
        let refused = path_of(&book, "dibaoo").unwrap_err().to_string();
        assert!(refused.contains("是不是 `dibao`"), "{refused}");
    }
}

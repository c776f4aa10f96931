//! `format`: the one layout of a rulebook's texts.

use crate::ended::Ended;
use crate::say;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// What to lay out.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi format rulebook             哪些文件不是统一的排版\n  doudi format rulebook --write     把它们排好\n\n只动规则块和表格的空白,不动内容;有错误的文件不动,请先 doudi check。\n有没排好的文件(没有 --write)或者有错误的文件时退出码为 1。"
)]
pub struct Args {
    /// 规则手册的文件夹
    rulebook: PathBuf,
    /// 写回文件;不写这一项只列出来
    #[arg(long)]
    write: bool,
}

/// Lists or lays out what is not in the one layout.
pub fn run(args: &Args) -> Result<Ended> {
    let book = office::rulebook::read(Some(&args.rulebook))?;
    let (mut other, mut broken) = (0_u64, 0_u64);
    for (path, text) in book
        .texts()
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
    {
        match rules::format::format(text) {
            Err(problems) => {
                broken = broken.saturating_add(1);
                say::line(format!("{path}:有 {} 处错误,没有动", problems.len()));
            }
            Ok(laid_out) if laid_out == *text => {}
            Ok(laid_out) => {
                other = other.saturating_add(1);
                say::line(path);
                if args.write {
                    replace(&args.rulebook.join(path), &laid_out)?;
                }
            }
        }
    }
    let did = if args.write {
        "排好了"
    } else {
        "不是统一的排版"
    };
    say::line(format!(
        "{} 个文件{did};{} 个有错误",
        say::count(other),
        say::count(broken)
    ));
    Ok(Ended::with(broken > 0 || (other > 0 && !args.write)))
}

/// Whole or not at all: whoever edits the file meanwhile never reads half of it.
fn replace(path: &std::path::Path, text: &str) -> Result<()> {
    let beside = path.with_extension("md.new");
    let told = || format!("写不了 {}", path.display());
    std::fs::write(&beside, text).with_context(told)?;
    std::fs::rename(&beside, path).with_context(told)
}

//! Doudi 兜底: the binary. Every command calls an office function and shows what it answers.
//!
//! Nothing is decided here: no rule, no sum, no query. What a command found is told on stdout, what
//! it is doing on stderr, and how it ended by the exit code (see `ended.rs`).

mod commands;
mod ended;
mod folder;
mod progress;
mod say;
mod words;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use commands::{
    areas, audit, check, demo, doctor, explain, import, months, serve, simulate, synth, trace,
    users, workbook,
};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// 兜底:把各部门的数据连成人,逐人逐户按政策判断,告诉经办人谁需要帮助、依据是什么。
#[derive(Parser)]
#[command(version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = ended::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 演示:合成一个县,导入三个月来文,逐月监测,打开页面
    Demo(demo::Args),
    /// 合成一个县和各部门的来文,真相另存
    Synth(synth::Args),
    /// 导入部门来文:一个文件,或一个文件夹
    Import(import::Args),
    /// 对一个月做监测:判断所有人,提出预警和任务
    RunMonth(months::Args),
    /// 检查规则手册,列出所有问题
    Check(check::Args),
    /// 一步一步解释一个案例,或者一户的判断
    Explain(explain::Args),
    /// 从一条预警走回部门来文的那一行
    Trace(trace::Args),
    /// 试算:改一个数或换规则文件,看花多少钱、谁得谁失、哪里有悬崖;只算不存
    Simulate(Box<simulate::Args>),
    /// 体检:数据、密钥、手册、日历是不是都好
    Doctor(doctor::Args),
    /// 区划:导入名单,查一个地方
    #[command(subcommand)]
    Areas(areas::Areas),
    /// 审计链
    #[command(subcommand)]
    Audit(audit::Audit),
    /// 账号和角色
    #[command(subcommand)]
    User(users::User),
    /// 打开页面(本机;放在做 TLS 的代理后面也可以对外)
    Serve(serve::Args),
    /// 把工作簿的第一张表写成 CSV;由本程序自己在受限的子进程里调用
    #[command(hide = true)]
    ReadWorkbook(workbook::Args),
}

fn main() -> ExitCode {
    let matches = words::in_chinese(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // The child that opens a workbook lives within little memory: no runtime, no log.
    if let Command::ReadWorkbook(args) = cli.command {
        return workbook::run(&args);
    }
    let filter = EnvFilter::try_from_env("DOUDI_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return ended::failed(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(ended) => ended.into(),
        Err(error) => ended::failed(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<ended::Ended> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Synth(args) => synth::run(&args),
        Command::Import(args) => import::run(args).await,
        Command::RunMonth(args) => months::run(args).await,
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(args).await,
        Command::Trace(args) => trace::run(args).await,
        Command::Simulate(args) => simulate::run(*args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Areas(what) => areas::run(what).await,
        Command::Audit(audit::Audit::Verify(args)) => audit::run(args).await,
        Command::User(what) => users::run(what).await,
        Command::Serve(args) => serve::run(args).await,
        Command::ReadWorkbook(args) => Ok(workbook::ended(&args)),
    }
}

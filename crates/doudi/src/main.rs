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
    areas, ask, audit, backup, bank_sim, calendar, cases, check, demo, doctor, explain, exports,
    format, import, indicators, keeping, keys, line, months, parameters, pay, replay, rulebook,
    sample, serve, simulate, synth, token, trace, users, verify, workbook,
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
    /// 排版:把规则块和表格排成统一的样子
    Format(format::Args),
    /// 年度调标:数写成工作簿,填好的收回来成为一版改动
    #[command(subcommand)]
    Parameters(parameters::Parameters),
    /// 工作日历:有哪些年份,导入一年的放假安排
    #[command(subcommand)]
    Calendar(calendar::Calendar),
    /// 导出:导出过什么,一份流出去的名单是谁导的
    #[command(subcommand)]
    Exports(exports::Exports),
    /// 保存期限:什么留到什么时候,什么到期销毁
    Keeping(keeping::Args),
    /// 规则版本:提出、查、看差别、两人签发、生效
    #[command(subcommand)]
    Rulebook(rulebook::Rulebook),
    /// 问政策:用居民自己的话问,答出对得上的救助
    Ask(ask::Args),
    /// 一步一步解释一个案例,或者一户的判断
    Explain(explain::Args),
    /// 从一条预警走回部门来文的那一行
    Trace(trace::Args),
    /// 试算:改一个数或换规则文件,看花多少钱、谁得谁失、哪里有悬崖;只算不存
    Simulate(Box<simulate::Args>),
    /// 指标:一个月的每一个数,各地、各组,口径和来源
    Indicators(indicators::Args),
    /// 定线:六种办法的低保标准候选线;只提方案,不作决定
    Line(line::Args),
    /// 体检:数据、密钥、手册、日历是不是都好
    Doctor(doctor::Args),
    /// 区划:导入名单,查一个地方
    #[command(subcommand)]
    Areas(areas::Areas),
    /// 审计链
    #[command(subcommand)]
    Audit(audit::Audit),
    /// 备份:有人在办也能做;密钥另外保管
    Backup(backup::BackUp),
    /// 恢复:用备份做一个新的数据文件夹,逐个文件核对
    Restore(backup::Restore),
    /// 密钥:换一把新的
    #[command(subcommand)]
    Keys(keys::Keys),
    /// 发放:开账、编制、核查、批准、封存、交银行、回盘
    #[command(subcommand)]
    Pay(pay::Pay),
    /// 信息核对:批次、导出请求表、交答复、看报告
    #[command(subcommand)]
    Verify(verify::Verify),
    /// 演示用的银行:按送盘文件回盘,可以带上银行常出的错
    BankSim(bank_sim::Args),
    /// 办件:列出来,或者看一件办到哪一步
    Case(cases::Args),
    /// 重演一个决定:用封存的事实和规则重算,再与今天的规则比
    Replay(replay::Args),
    /// 抽查:按公开的种子,看一个月抽中哪些办件
    Sample(sample::Args),
    /// 账号和角色
    #[command(subcommand)]
    User(users::User),
    /// 接口令牌:发给别的系统,限定权限和地区,到期失效
    #[command(subcommand)]
    Token(token::Token),
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

/// A file that may grow no further is then an error of the write, told like a full disk, and not the end of
/// the program in the middle of it.
#[cfg(unix)]
fn outlive_a_size_limit() {
    const FILE_TOO_LARGE: i32 = 25;
    let kind = tokio::signal::unix::SignalKind::from_raw(FILE_TOO_LARGE);
    if let Err(error) = tokio::signal::unix::signal(kind) {
        tracing::warn!(%error, "a limit on the size of files would end the program");
    }
}

async fn run(command: Command) -> anyhow::Result<ended::Ended> {
    #[cfg(unix)]
    outlive_a_size_limit();
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Synth(args) => synth::run(&args),
        Command::Import(args) => import::run(args).await,
        Command::RunMonth(args) => months::run(args).await,
        Command::Check(args) => check::run(&args),
        Command::Format(args) => format::run(&args),
        Command::Parameters(what) => parameters::run(what).await,
        Command::Calendar(what) => calendar::run(what).await,
        Command::Exports(what) => exports::run(what).await,
        Command::Keeping(args) => keeping::run(args).await,
        Command::Rulebook(what) => rulebook::run(what).await,
        Command::Ask(args) => ask::run(&args).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Trace(args) => trace::run(args).await,
        Command::Simulate(args) => simulate::run(*args).await,
        Command::Indicators(args) => indicators::run(args).await,
        Command::Line(args) => line::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Areas(what) => areas::run(what).await,
        Command::Audit(audit::Audit::Verify(args)) => audit::run(args).await,
        Command::Keys(keys::Keys::Rotate(args)) => keys::run(args).await,
        Command::Backup(args) => backup::back_up(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Pay(what) => pay::run(what).await,
        Command::Verify(what) => verify::run(what).await,
        Command::BankSim(args) => bank_sim::run(&args),
        Command::Case(args) => cases::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Sample(args) => sample::run(args).await,
        Command::User(what) => users::run(what).await,
        Command::Token(what) => token::run(what).await,
        Command::Serve(args) => serve::run(args).await,
        Command::ReadWorkbook(args) => Ok(workbook::ended(&args)),
    }
}

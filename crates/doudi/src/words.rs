//! The command line's own words in Chinese, where clap would say them in English.

use clap::{Arg, ArgAction, Command};

const TEMPLATE: &str = "{about-with-newline}\n用法: {usage}\n\n{all-args}{after-help}";

/// Gives a command and all below it Chinese headings.
pub fn in_chinese(command: Command) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help("显示帮助");
    let named = command.get_name().to_owned();
    let command = command
        .help_template(TEMPLATE)
        .next_help_heading("选项")
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .arg(help.help_heading("选项"))
        .mut_args(|arg| {
            let heading = if arg.is_positional() {
                "参数"
            } else {
                "选项"
            };
            arg.help_heading(heading)
        })
        .mut_subcommands(in_chinese);
    if named != "doudi" {
        return command;
    }
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help("显示版本");
    command
        .disable_version_flag(true)
        .arg(version.help_heading("选项"))
}

//! How a command ends: the exit code a script reads.

use office::OfficeError;
use std::process::ExitCode;

/// Told at the end of `doudi --help`.
pub const HELP: &str = "\
退出码:
  0  做完了,没有要说的
  1  做完了,有发现:手册有错、案例不符、有行被退回、链不完整
  2  命令用错了
  3  输入被退回,什么都没有改:文件、月份或记录不能用
  4  做不下去:文件夹正被使用、端口被占、磁盘写不进

DOUDI_LOG=info 可以看到它在做什么(写在 stderr,从不写姓名和证件号)。";

/// How a command that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Done, nothing to say.
    Good,
    /// Done, and somebody should read what was found.
    Findings,
    /// What was given cannot be used; nothing was changed.
    Refused,
}

impl Ended {
    /// Findings when there are any.
    pub fn with(findings: bool) -> Self {
        if findings { Self::Findings } else { Self::Good }
    }
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Good => Self::SUCCESS,
            Ended::Findings => Self::from(1),
            Ended::Refused => Self::from(3),
        }
    }
}

/// The command was used in a way it cannot be: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// What was given cannot be used: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RefusedInput(pub String);

/// Tells why a command could not do its work, and the code for it.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    crate::say::aside(format!("{error:#}"));
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<WrongUse>() {
        return 2;
    }
    if error.is::<RefusedInput>() {
        return 3;
    }
    match error.downcast_ref::<OfficeError>() {
        Some(
            OfficeError::FileRefused(_)
            | OfficeError::FeedUnknown(_)
            | OfficeError::NoRegister(_)
            | OfficeError::NotFound(_)
            | OfficeError::Outdated(_)
            | OfficeError::Rulebook { .. },
        ) => 3,
        Some(
            OfficeError::Store(_)
            | OfficeError::Engine(_)
            | OfficeError::File { .. }
            | OfficeError::Storage(_)
            | OfficeError::Other(_),
        )
        | None => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: impl Into<anyhow::Error>, expected: u8) {
        assert_eq!(code(&error.into()), expected);
    }

    #[test]
    fn a_script_learns_from_the_code_whose_turn_it_is() {
        check(WrongUse("要么给文件,要么给户".to_owned()), 2);
        check(RefusedInput("没有这个案例".to_owned()), 3);
        check(OfficeError::FileRefused("文件是空的".to_owned()), 3);
        check(OfficeError::Other("磁盘".to_owned()), 4);
        check(std::io::Error::other("磁盘"), 4);
    }
}

//! 事由: the lists from which a reason is chosen, from the rulebook's `procedures/reasons.csv`; a place may
//! have its own.

use super::{CaseError, Done};
use crate::office::Office;

/// The file, beside the procedures and in a place's own folder.
const FILE: &str = "reasons.csv";

/// What a reason is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// 退回
    SendBack,
    /// 终止办理
    Ending,
    /// 撤回
    Withdrawal,
    /// 转办
    Transfer,
}

impl For {
    /// Its word in the list.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SendBack => "退回",
            Self::Ending => "终止办理",
            Self::Withdrawal => "撤回",
            Self::Transfer => "转办",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is chosen.
    pub title: String,
    /// What it means.
    pub gist: String,
}

/// The reasons for something, in the order of the list.
#[must_use]
pub fn reasons(office: &Office, what: For) -> Vec<Reason> {
    let texts = office.book.texts();
    let own = office.book.path_in(&office.locality, FILE);
    let text = texts
        .get(&own)
        .or_else(|| texts.get(&format!("procedures/{FILE}")));
    let lines = text.into_iter().flat_map(|text| text.lines()).skip(1);
    lines
        .filter_map(|line| {
            let mut cells = rules::params::split(line).into_iter();
            let (of, title, gist) = (cells.next()?, cells.next()?, cells.next());
            (of.trim() == what.word()).then(|| Reason {
                title: title.trim().to_owned(),
                gist: gist.unwrap_or_default().trim().to_owned(),
            })
        })
        .collect()
}

/// A chosen reason with what was written to it, as one text; one that is not listed is refused.
///
/// # Errors
/// The reason is not on the list.
pub fn because(office: &Office, what: For, title: &str, said: &str) -> Done<String> {
    let listed = reasons(office, what)
        .iter()
        .any(|reason| reason.title == title.trim());
    if !listed {
        let word = what.word();
        return Err(CaseError::Refused(format!("{word}要从事由表里选一条理由")));
    }
    Ok(match said.trim() {
        "" => title.trim().to_owned(),
        said => format!("{}:{said}", title.trim()),
    })
}

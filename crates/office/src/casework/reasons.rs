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
    /// 线索了结
    Clue,
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
            Self::Clue => "线索了结",
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
    /// On which articles it usually rests; empty where it has to be said each time.
    pub articles: String,
}

/// The reasons for something, in the order of the list.
#[must_use]
pub fn reasons(office: &Office, what: For) -> Vec<Reason> {
    crate::rulebook::tables::rows(office, FILE)
        .filter_map(|row| {
            let mut cells = row.into_iter();
            let (of, title, gist) = (cells.next()?, cells.next()?, cells.next());
            let word = |cell: Option<String>| cell.unwrap_or_default().trim().to_owned();
            (of.trim() == what.word()).then(|| Reason {
                title: title.trim().to_owned(),
                gist: word(gist),
                articles: word(cells.next()),
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

/// Articles of one ending, in a column of the record.
#[derive(serde::Serialize, serde::Deserialize)]
struct Rests {
    articles: Vec<String>,
}

/// The articles an ending rests on, as the record keeps them beside its reason: those that were written, else
/// those of the list.
///
/// # Errors
/// The reason is not of the list, or neither names an article.
pub(super) fn rests_on(office: &Office, because: &str, written: &str) -> Done<String> {
    let all = reasons(office, For::Ending);
    let chosen = because.split(':').next().unwrap_or_default().trim();
    let chosen = all.iter().find(|reason| reason.title == chosen);
    let chosen = chosen.ok_or_else(|| {
        let titles: Vec<&str> = all.iter().map(|reason| reason.title.as_str()).collect();
        CaseError::Refused(format!(
            "终止办理要从事由表里选一条理由,申请人收到的通知书要写明它:{}",
            titles.join("、")
        ))
    })?;
    let text = match written.trim() {
        "" => chosen.articles.as_str(),
        written => written,
    };
    let parts = text.split(['、', ';', '\n']).map(str::trim);
    let articles: Vec<String> = parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    if articles.is_empty() {
        let said = format!(
            "“{}”没有写明依据;请填依据的文件和条款,如 最低生活保障审核确认办法 第二十九条",
            chosen.title
        );
        return Err(CaseError::Refused(said));
    }
    let kept = serde_json::to_string(&Rests { articles });
    kept.map_err(|error| CaseError::Office(crate::OfficeError::Other(error.to_string())))
}

/// The articles out of the record; none where it keeps none.
pub(super) fn articles_of(detail: &str) -> Vec<String> {
    serde_json::from_str::<Rests>(detail).map_or_else(|_| Vec::new(), |rests| rests.articles)
}

//! 导出: every list that leaves as a file goes through one door. It is written down before its first byte, with its
//! number, its rows and who takes it; the file bears the number; and what is in full, long, or more than somebody may
//! take alone in a day leaves only when another person agreed. Which list is which stands in `access/exports.md`.

mod asked;
mod book;
pub mod demo;
mod mark;
mod shown;

pub use asked::{give_up, rule, say};
pub use mark::{Found, whose};
pub use shown::{AskRow, ExportRow, ExportsView, shown};

pub(crate) use mark::Mark;

use crate::access::Acting;
use crate::casework::{CaseError, Done};
use crate::office::Office;
use book::{ExportBook, Second};
use store::Act;
use store::exports::{self as kept, NewExport, Wanted};

/// What is about to leave.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    /// Its code in the rulebook.
    pub kind: &'static str,
    /// What of that kind, so that the same is known again; no name and no number of anybody.
    pub subject: String,
    /// What of that kind, in words; empty where the kind says all.
    pub words: String,
    /// How many rows.
    pub rows: usize,
}

/// Checks what `access/exports.md` says for a place, so that a version that cannot be read is not signed.
///
/// # Errors
/// A table is missing, or a value is none.
pub(crate) fn read(from: (&rules::Rulebook, &str)) -> Done<()> {
    ExportBook::read(from).map(|_| ())
}

/// How often an account may turn a list's page or look something up in a day.
///
/// # Errors
/// The rulebook does not say.
pub(crate) fn turns_a_day(office: &Office, is_program: bool) -> Done<u32> {
    let book = ExportBook::of(office)?;
    Ok(if is_program { book.calls } else { book.turns })
}

/// More rows than this on a day are a doubt.
pub(crate) fn rows_in_doubt(office: &Office) -> Done<u64> {
    Ok(ExportBook::of(office)?.doubtful)
}

/// Lets something leave: the record has it before anything of it is read in full. Answers what the file is to bear.
///
/// # Errors
/// [`CaseError::Forbidden`] where another person has to agree first: then it waits on the page 导出 for a purpose.
pub(crate) async fn leave(office: &Office, who: &Acting, leaving: Leaving) -> Done<Mark> {
    let book = ExportBook::of(office)?;
    let kind = book.kind(leaving.kind)?;
    let title = match leaving.words.as_str() {
        "" => kind.title.clone(),
        words => format!("{}({words})", kind.title),
    };
    let rows = u64::try_from(leaving.rows).unwrap_or(u64::MAX);
    let wanted = Wanted {
        kind: leaving.kind.to_owned(),
        subject: leaving.subject,
        title,
        rows,
        by: who.login().to_owned(),
    };
    let (at, day) = (office.clock.at(), office.clock.today());
    let mut tx = office.begin().await?;
    kept::alone(&tx).await?;
    let why = match kind.second {
        Second::Never | Second::Procedure => None,
        Second::Always | Second::Over => {
            let taken = kept::rows_alone(&tx, who.login(), day).await?;
            book.why(kind, rows, taken)
        }
    };
    let (mut ask, mut stopped) = (None, None);
    if let Some(why) = why {
        let agreed = kept::agreed(&tx, &wanted, &at).await?;
        match agreed {
            Some(agreed) if rows <= agreed.wanted.rows => ask = Some(agreed.no),
            Some(agreed) => {
                let more = format!("现在有 {rows} 行,比别人同意的 {} 行多", agreed.wanted.rows);
                stopped = Some(more);
            }
            None => stopped = Some(why),
        }
    }
    if let Some(why) = stopped {
        let (no, _) = kept::ask(&mut tx, &at, &wanted, &why).await?;
        let act = Act::new(&at, who.login(), "export.stop").on("export-ask", no);
        tx.record(act.because(format!("{} {rows} 行:{why}", wanted.title)));
        office.end(tx).await?;
        let title = wanted.title;
        return Err(CaseError::Forbidden(format!(
            "“{title}”还不能导出:{why},要另一人同意;已经列在“导出”页,请到那里写明用途、提出申请"
        )));
    }
    let alone = matches!(kind.second, Second::Always | Second::Over) && ask.is_none();
    let new = NewExport {
        wanted,
        channel: who.channel().word(),
        day,
        ask,
        is_alone: alone,
    };
    let no = kept::take(&mut tx, &at, &new).await?;
    let act = Act::new(&at, who.login(), "export.take").on("export", no);
    tx.record(act.because(format!("{} {rows} 行", new.wanted.title)));
    office.end(tx).await?;
    Ok(Mark::new(
        no,
        &new.wanted,
        &office.clock.minute(),
        kind.is_plain,
    ))
}

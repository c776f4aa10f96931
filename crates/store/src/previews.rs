//! 影响预览: what a proposed version of the rulebook would do to the people of a month, kept as it was worked
//! out, and who approved it. Figures only: no household and no person stands in it.

use crate::at::At;
use crate::digest::of_bytes;
use crate::error::{Result, StoreError};
use crate::rulebooks::Signature;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, count, counted};
use domain::Month;

statements! {
    // Only of a version with exactly these texts.
    ADD = "insert into rulebook_preview (preview_no, version_no, digest, month, days, on_roll, turned,
            figures, figures_digest, made_by, made_at)
        select $1, version_no, digest, $2, $3, $4, $5, $6, $7, $8, $9
        from rulebook_version where version_no = $10 and digest = $11
            and state in ('draft', 'waiting')";
    OF_VERSION = "select preview_no, version_no, digest, month, days, on_roll, turned, figures,
            figures_digest, made_by, made_at, approved_by, approved_person, approved_at
        from rulebook_preview where version_no = $1 order by preview_no desc limit $2";
    // Approved is what was read: the newest preview of the version, with exactly these figures; and not
    // by whoever proposed it.
    APPROVE = "update rulebook_preview
        set approved_by = $1, approved_person = $2, approved_at = $3
        where preview_no = $4 and figures_digest = $5 and approved_by is null
          and not exists (select 1 from rulebook_preview later
              where later.version_no = rulebook_preview.version_no
                and later.preview_no > rulebook_preview.preview_no)
          and exists (select 1 from rulebook_version version
              where version.version_no = rulebook_preview.version_no
                and version.state in ('draft', 'waiting') and version.proposed_by <> $1)";
}

/// A preview to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPreview {
    /// Of which version.
    pub version: i64,
    /// The digest of its texts.
    pub digest: [u8; 32],
    /// On whose people.
    pub month: Month,
    /// From which days it was tried, with 、 between.
    pub days: String,
    /// Doors with somebody on the roll.
    pub on_roll: u64,
    /// Of these, for how many some programme is answered otherwise.
    pub turned: u64,
    /// All figures, as JSON; no household and no person is named.
    pub figures: String,
    /// By whom.
    pub made_by: UserId,
    /// When.
    pub made_at: At,
}

/// 影响预览, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its number.
    pub no: i64,
    /// What was worked out.
    pub content: NewPreview,
    /// The digest of its figures.
    pub figures_digest: [u8; 32],
    /// Who answers for having read it.
    pub approved: Option<Signature>,
}

/// Keeps a preview; answers its number.
pub async fn add(tx: &mut JournalTx, new: &NewPreview) -> Result<i64> {
    let no = tx.take_numbers("rulebook_preview", 1).await?;
    let values = vec![
        no.into(),
        new.month.to_string().into(),
        new.days.as_str().into(),
        counted(new.on_roll, "在册户数")?.into(),
        counted(new.turned, "翻转户数")?.into(),
        new.figures.as_str().into(),
        of_bytes(new.figures.as_bytes()).into(),
        new.made_by.get().into(),
        (&new.made_at).into(),
        new.version.into(),
        new.digest.into(),
    ];
    match tx.execute(ADD, values).await? {
        1 => Ok(no),
        _ => Err(StoreError::NotThere {
            what: "规则版本",
            id: new.version,
        }),
    }
}

/// The previews of a version, newest first.
pub async fn of_version(on: &impl Reads, version: i64, limit: u32) -> Result<Vec<Preview>> {
    let rows = on
        .rows(OF_VERSION, vec![version.into(), limit.into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// Approves the newest preview of a version, if its figures are those with this digest.
pub async fn approve(
    tx: &mut JournalTx,
    no: i64,
    figures_digest: [u8; 32],
    hand: &Signature,
) -> Result<()> {
    let values = vec![
        hand.user.get().into(),
        hand.person.into(),
        (&hand.at).into(),
        no.into(),
        figures_digest.into(),
    ];
    match tx.execute(APPROVE, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待批准的影响预览",
            id: no,
        }),
    }
}

fn from_row(row: &Row) -> Result<Preview> {
    let approved = match (row.int_opt(11)?, row.int_opt(12)?, row.at_opt(13)?) {
        (Some(user), Some(person), Some(at)) => Some(Signature {
            user: UserId::new(user),
            person,
            at,
        }),
        _ => None,
    };
    Ok(Preview {
        no: row.int(0)?,
        content: NewPreview {
            version: row.int(1)?,
            digest: row.array(2)?,
            month: row.month(3)?,
            days: row.text(4)?,
            on_roll: count(row.int(5)?),
            turned: count(row.int(6)?),
            figures: row.text(7)?,
            made_by: UserId::new(row.int(9)?),
            made_at: row.at(10)?,
        },
        figures_digest: row.array(8)?,
        approved,
    })
}

//! Drafts and what was sent of them: one draft that is open, one submission of a form however often it is
//! sent, members nobody is sure of, and the links by which grown-up members sign.

use super::{opened, put, put_again};
use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sessions::Token;
use crate::sql::{Sql, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{ApplicationNo, AreaCode, Day, PersonId};

statements! {
    ADD_DRAFT = "insert into drafts (draft_no, owner_kind, owner, form_key, content, state, at, saved_at)
        values ($1, $2, $3, $4, $5, 'open', $6, $6)";
    DRAFTS_OF = "select draft_no, owner_kind, owner, form_key, content, at, saved_at from drafts
        where owner_kind = $1 and owner = $2 and state = 'open' order by draft_no desc";
    OLD_DRAFTS = "select draft_no, owner_kind, owner, form_key, content, at, saved_at from drafts
        where state = 'open' and saved_at < $1 order by draft_no limit $2";
    FIND_DRAFT = "select draft_no, owner_kind, owner, form_key, content, at, saved_at from drafts
        where draft_no = $1 and state = 'open'";
    SAVED = "update drafts set saved_at = $1 where draft_no = $2 and state = 'open'";
    END_DRAFT = "update drafts set state = $1, saved_at = $2 where draft_no = $3 and state = 'open'";
    ADD_SUBMISSION = "insert into submissions (submission_no, form_key, resident_no, content, area, state,
            application_no, at, day, settled_at, settled_by, because)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '') on conflict (form_key) do nothing";
    BY_KEY = "select submission_no, form_key, resident_no, content, area, state, application_no, at, day,
            because, settled_by
        from submissions where form_key = $1";
    FIND_SUBMISSION = "select submission_no, form_key, resident_no, content, area, state, application_no,
            at, day, because, settled_by
        from submissions where submission_no = $1";
    SUBMISSIONS_OF = "select submission_no, form_key, resident_no, content, area, state, application_no,
            at, day, because, settled_by
        from submissions where resident_no = $1 order by submission_no desc";
    SUBMISSIONS_IN = "select submission_no, form_key, resident_no, content, area, state, application_no,
            at, day, because, settled_by
        from submissions where state = 'waiting' and area >= $1 and area < $2
        order by submission_no limit $3";
    SUBMISSIONS_REFUSED = "select submission_no, form_key, resident_no, content, area, state, application_no,
            at, day, because, settled_by
        from submissions where state = 'refused' and area >= $1 and area < $2
        order by submission_no desc limit $3";
    OF_APPLICATION = "select submission_no, form_key, resident_no, content, area, state, application_no,
            at, day, because, settled_by
        from submissions where application_no = $1 order by submission_no";
    SETTLE = "update submissions set state = $1, application_no = $2, settled_at = $3, settled_by = $4,
            because = $5
        where submission_no = $6 and state = 'waiting'";
    ADD_DOUBT = "insert into submission_doubts (doubt_no, application_no, area, content, state, at,
            settled_by, because)
        values ($1, $2, $3, $4, 'open', $5, '', '')";
    DOUBTS_IN = "select doubt_no, application_no, area, content, at from submission_doubts
        where state = 'open' and area >= $1 and area < $2 order by doubt_no limit $3";
    SETTLE_DOUBT = "update submission_doubts set state = 'settled', settled_at = $1, settled_by = $2,
            because = $3
        where doubt_no = $4 and state = 'open'";
    ADD_INVITE = "insert into consent_invites (invite_no, token, application_no, person_id, at,
            expires_at, tries)
        values ($1, $2, $3, $4, $5, $6, 0)";
    FIND_INVITE = "select invite_no, application_no, person_id, expires_at, tries, used_at, at
        from consent_invites where token = $1";
    INVITES_OF = "select invite_no, application_no, person_id, expires_at, tries, used_at, at
        from consent_invites where application_no = $1 order by invite_no";
    TRY_INVITE = "update consent_invites set tries = tries + 1
        where invite_no = $1 and used_at is null and tries < $2";
    RENEW_INVITE = "update consent_invites set token = $1, at = $2, expires_at = $3, tries = 0
        where invite_no = $4 and used_at is null";
    USE_INVITE = "update consent_invites set used_at = $1 where invite_no = $2 and used_at is null";
}

words! {
    /// Who fills a draft in.
    Owner {
        /// The resident.
        Resident = "resident",
        /// An official, for somebody.
        Worker = "worker",
    }
}

/// 草稿. Has no printable form.
#[derive(Clone)]
pub struct Draft {
    /// Its number.
    pub no: i64,
    /// Who fills it in.
    pub owner: (Owner, String),
    /// The word that makes it one form.
    pub form_key: String,
    /// As the office wrote it.
    pub content: String,
    /// When it was begun.
    pub at: At,
    /// When it was last kept.
    pub saved_at: At,
    sealed: i64,
}

async fn read_draft(on: &impl Reads, row: &Row) -> Result<Draft> {
    let sealed = row.int(4)?;
    Ok(Draft {
        no: row.int(0)?,
        owner: (row.word(1, Owner::from_word)?, row.text(2)?),
        form_key: row.text(3)?,
        content: opened(on, sealed).await?,
        at: row.at(5)?,
        saved_at: row.at(6)?,
        sealed,
    })
}

/// Begins a draft; answers its number.
pub async fn open_draft(
    tx: &mut JournalTx,
    at: &At,
    (kind, owner): (Owner, &str),
    form_key: &str,
    content: &str,
) -> Result<i64> {
    let sealed = put(tx, content).await?;
    let no = tx.take_numbers("draft", 1).await?;
    let values = vec![
        no.into(),
        kind.into(),
        owner.into(),
        form_key.into(),
        sealed.into(),
        at.into(),
    ];
    tx.execute(ADD_DRAFT, values).await?;
    Ok(no)
}

/// The open drafts of somebody, newest first.
pub async fn drafts_of(on: &impl Reads, (kind, owner): (Owner, &str)) -> Result<Vec<Draft>> {
    let mut out = Vec::new();
    for row in on.rows(DRAFTS_OF, vec![kind.into(), owner.into()]).await? {
        out.push(read_draft(on, &row).await?);
    }
    Ok(out)
}

/// Open drafts of anybody that were last kept before a moment.
pub async fn old_drafts(on: &impl Reads, before: &At, limit: u32) -> Result<Vec<Draft>> {
    let mut out = Vec::new();
    for row in on
        .rows(OLD_DRAFTS, vec![before.into(), limit.into()])
        .await?
    {
        out.push(read_draft(on, &row).await?);
    }
    Ok(out)
}

/// An open draft.
pub async fn draft(on: &impl Reads, no: i64) -> Result<Option<Draft>> {
    match on.rows(FIND_DRAFT, vec![no.into()]).await?.first() {
        Some(row) => read_draft(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// Keeps a draft as it is now.
pub async fn save_draft(tx: &mut JournalTx, at: &At, draft: &Draft, content: &str) -> Result<()> {
    put_again(tx, draft.sealed, content).await?;
    match tx.execute(SAVED, vec![at.into(), draft.no.into()]).await? {
        1 => Ok(()),
        _ => Err(gone(draft.no)),
    }
}

fn gone(id: i64) -> StoreError {
    StoreError::NotThere {
        what: "没有交出的草稿",
        id,
    }
}

/// Ends a draft that is not sent; what stood in it is no longer there.
pub async fn drop_draft(tx: &mut JournalTx, at: &At, draft: &Draft) -> Result<()> {
    end_draft(tx, at, draft, "dropped").await
}

async fn end_draft(tx: &mut JournalTx, at: &At, draft: &Draft, state: &str) -> Result<()> {
    put_again(tx, draft.sealed, "").await?;
    let values = vec![state.into(), at.into(), draft.no.into()];
    match tx.execute(END_DRAFT, values).await? {
        1 => Ok(()),
        _ => Err(gone(draft.no)),
    }
}

words! {
    /// What became of a submission.
    SubmissionState {
        /// 等窗口核对身份.
        Waiting = "waiting",
        /// 已收件.
        Taken = "taken",
        /// 退回.
        Refused = "refused",
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The word that makes it one form.
    pub form_key: String,
    /// By whom; none for an official in somebody's name.
    pub resident: Option<i64>,
    /// Where it is handled.
    pub area: AreaCode,
    /// The application it became; none while it waits.
    pub application: Option<ApplicationNo>,
    /// When.
    pub at: At,
    /// The same, as a day of the calendar.
    pub day: Day,
    /// The official who sent or took it; empty while a resident's own waits.
    pub by: String,
}

/// 网上申请. Has no printable form.
#[derive(Clone)]
pub struct Submission {
    /// 回执编号.
    pub no: i64,
    /// What it is.
    pub new: NewSubmission,
    /// As the office wrote it.
    pub content: String,
    /// What became of it.
    pub state: SubmissionState,
    /// Why it was sent back.
    pub because: String,
}

/// What became of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A new one.
    New(i64),
    /// The same form was sent before.
    Before(i64),
}

async fn read_submission(on: &impl Reads, row: &Row) -> Result<Submission> {
    Ok(Submission {
        no: row.int(0)?,
        new: NewSubmission {
            form_key: row.text(1)?,
            resident: row.int_opt(2)?,
            area: row.area(4)?,
            application: row.int_opt(6)?.map(ApplicationNo::new),
            at: row.at(7)?,
            day: row.day(8)?,
            by: row.text(10)?,
        },
        content: opened(on, row.int(3)?).await?,
        state: row.word(5, SubmissionState::from_word)?,
        because: row.text(9)?,
    })
}

/// Sends a draft; the same form again is the same submission.
pub async fn send(
    tx: &mut JournalTx,
    draft: &Draft,
    new: &NewSubmission,
    content: &str,
) -> Result<Sent> {
    let known = tx.rows(BY_KEY, vec![new.form_key.as_str().into()]).await?;
    if let Some(row) = known.first() {
        return Ok(Sent::Before(row.int(0)?));
    }
    let sealed = put(tx, content).await?;
    let no = tx.take_numbers("submission", 1).await?;
    let state = match new.application {
        Some(_) => SubmissionState::Taken,
        None => SubmissionState::Waiting,
    };
    let values = vec![
        no.into(),
        new.form_key.as_str().into(),
        new.resident.into(),
        sealed.into(),
        new.area.full().into(),
        state.into(),
        new.application.map(ApplicationNo::get).into(),
        (&new.at).into(),
        new.day.to_string().into(),
        new.application.map(|_| new.at.as_str()).into(),
        new.by.as_str().into(),
    ];
    if tx.execute(ADD_SUBMISSION, values).await? == 0 {
        let rows = tx.rows(BY_KEY, vec![new.form_key.as_str().into()]).await?;
        let row = rows.first().ok_or(StoreError::WriteBroken)?;
        return Ok(Sent::Before(row.int(0)?));
    }
    end_draft(tx, &new.at, draft, "sent").await?;
    Ok(Sent::New(no))
}

/// A submission.
pub async fn find_submission(on: &impl Reads, no: i64) -> Result<Option<Submission>> {
    match on.rows(FIND_SUBMISSION, vec![no.into()]).await?.first() {
        Some(row) => read_submission(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// The submission of a form.
pub async fn submission_by_key(on: &impl Reads, form_key: &str) -> Result<Option<Submission>> {
    match on.rows(BY_KEY, vec![form_key.into()]).await?.first() {
        Some(row) => read_submission(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// The submissions of an account, newest first.
pub async fn submissions_of(on: &impl Reads, resident: i64) -> Result<Vec<Submission>> {
    let mut out = Vec::new();
    for row in on.rows(SUBMISSIONS_OF, vec![resident.into()]).await? {
        out.push(read_submission(on, &row).await?);
    }
    Ok(out)
}

/// Those of an application.
pub async fn of_application(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Submission>> {
    let mut out = Vec::new();
    for row in on.rows(OF_APPLICATION, vec![no.get().into()]).await? {
        out.push(read_submission(on, &row).await?);
    }
    Ok(out)
}

/// Those that wait in a place and all inside it, the first come first.
pub async fn submissions_in(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Submission>> {
    submissions_listed(on, SUBMISSIONS_IN, (area, limit)).await
}

/// Those that were sent back in a place and all inside it, the newest first.
pub async fn submissions_refused(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Submission>> {
    submissions_listed(on, SUBMISSIONS_REFUSED, (area, limit)).await
}

async fn submissions_listed(
    on: &impl Reads,
    question: Sql,
    (area, limit): (Option<&AreaCode>, u32),
) -> Result<Vec<Submission>> {
    let (from, below) = range(area);
    let mut out = Vec::new();
    for row in on.rows(question, vec![from, below, limit.into()]).await? {
        out.push(read_submission(on, &row).await?);
    }
    Ok(out)
}

/// Settles a submission that waits: the application it became, or why it is sent back.
pub async fn settle_submission(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    (application, because): (Option<ApplicationNo>, &str),
) -> Result<()> {
    let state = match application {
        Some(_) => SubmissionState::Taken,
        None => SubmissionState::Refused,
    };
    let values = vec![
        state.into(),
        application.map(ApplicationNo::get).into(),
        at.into(),
        by.into(),
        because.into(),
        no.into(),
    ];
    match tx.execute(SETTLE, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待核对的网上申请",
            id: no,
        }),
    }
}

/// A member nobody is sure of. Has no printable form.
#[derive(Clone)]
pub struct Doubt {
    /// Its number.
    pub no: i64,
    /// Of which application.
    pub application: ApplicationNo,
    /// Where it is handled.
    pub area: AreaCode,
    /// As the office wrote it.
    pub content: String,
    /// When.
    pub at: At,
}

/// Keeps a member for the window to look at.
pub async fn add_doubt(
    tx: &mut JournalTx,
    at: &At,
    (application, area): (ApplicationNo, &AreaCode),
    content: &str,
) -> Result<i64> {
    let sealed = put(tx, content).await?;
    let no = tx.take_numbers("submission-doubt", 1).await?;
    let values = vec![
        no.into(),
        application.get().into(),
        area.full().into(),
        sealed.into(),
        at.into(),
    ];
    tx.execute(ADD_DOUBT, values).await?;
    Ok(no)
}

/// Members that wait to be looked at in a place and all inside it.
pub async fn doubts(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Doubt>> {
    let (from, below) = range(area);
    let mut out = Vec::new();
    for row in on.rows(DOUBTS_IN, vec![from, below, limit.into()]).await? {
        out.push(Doubt {
            no: row.int(0)?,
            application: ApplicationNo::new(row.int(1)?),
            area: row.area(2)?,
            content: opened(on, row.int(3)?).await?,
            at: row.at(4)?,
        });
    }
    Ok(out)
}

/// Somebody looked at a member.
pub async fn settle_doubt(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    because: &str,
) -> Result<()> {
    let values = vec![at.into(), by.into(), because.into(), no.into()];
    match tx.execute(SETTLE_DOUBT, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待核对的成员",
            id: no,
        }),
    }
}

/// A link by which a member signs.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Its number.
    pub no: i64,
    /// For which application.
    pub application: ApplicationNo,
    /// Who signs.
    pub person: PersonId,
    /// Until when.
    pub expires_at: At,
    /// How often it was tried.
    pub tries: i64,
    /// Whether it was used.
    pub used: bool,
    /// When it was sent last.
    pub at: At,
}

/// Makes a link; its secret is for the member alone.
pub async fn invite(
    tx: &mut JournalTx,
    (application, person): (ApplicationNo, PersonId),
    at: &At,
    expires_at: &At,
) -> Result<Token> {
    let no = tx.take_numbers("consent-invite", 1).await?;
    let token = Token::random()?;
    let values = vec![
        no.into(),
        token.digest().into(),
        application.get().into(),
        person.get().into(),
        at.into(),
        expires_at.into(),
    ];
    tx.execute(ADD_INVITE, values).await?;
    Ok(token)
}

fn read_invite(row: &Row) -> Result<Invite> {
    Ok(Invite {
        no: row.int(0)?,
        application: ApplicationNo::new(row.int(1)?),
        person: PersonId::new(row.int(2)?),
        expires_at: row.at(3)?,
        tries: row.int(4)?,
        used: row.at_opt(5)?.is_some(),
        at: row.at(6)?,
    })
}

/// Gives a link that was not used another secret; the old one is good for nothing from now on.
pub async fn renew_invite(
    tx: &mut JournalTx,
    no: i64,
    at: &At,
    expires_at: &At,
) -> Result<Option<Token>> {
    let token = Token::random()?;
    let values = vec![
        token.digest().into(),
        at.into(),
        expires_at.into(),
        no.into(),
    ];
    let renewed = tx.execute(RENEW_INVITE, values).await? == 1;
    Ok(renewed.then_some(token))
}

/// The link of a secret.
pub async fn invite_by_token(on: &impl Reads, token: &Token) -> Result<Option<Invite>> {
    let rows = on.rows(FIND_INVITE, vec![token.digest().into()]).await?;
    rows.first().map(read_invite).transpose()
}

/// The links of an application, oldest first.
pub async fn invites_of(on: &impl Reads, application: ApplicationNo) -> Result<Vec<Invite>> {
    let rows = on.rows(INVITES_OF, vec![application.get().into()]).await?;
    rows.iter().map(read_invite).collect()
}

/// Counts a try of a link; false when it was used or tried too often, and nothing may be tried.
pub async fn try_invite(tx: &mut JournalTx, no: i64, most: i64) -> Result<bool> {
    let values = vec![no.into(), most.into()];
    Ok(tx.execute(TRY_INVITE, values).await? == 1)
}

/// Uses a link up; false when it was used.
pub async fn use_invite(tx: &mut JournalTx, at: &At, no: i64) -> Result<bool> {
    Ok(tx.execute(USE_INVITE, vec![at.into(), no.into()]).await? == 1)
}

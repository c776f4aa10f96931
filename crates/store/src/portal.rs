//! 居民: accounts found by a telephone, one-time codes, sessions of their own kind, drafts, and messages.
//!
//! What a resident wrote stands under seal in one table; the others point at it. Nothing here knows an
//! official's account, and no session of a resident is one of an official.

mod matters;
mod reopened;
mod sending;

pub(crate) use matters::STATEMENTS as MATTER_STATEMENTS;
pub use matters::{
    Correction, CorrectionKind, CorrectionState, Grade, Help, HelpState, NewCorrection, NewHelp,
    Rating, add_complaint, answer_correction, answer_help, answer_rating, ask_correction,
    bad_ratings_in, complaint_of_case, correction, corrections, corrections_in, find_help, helps,
    helps_since, invite_rating, rate, rating_by_token, rating_of_case, seek_help,
};
pub(crate) use reopened::STATEMENTS as REOPENED_STATEMENTS;
pub use reopened::{Reopened, Reopening, corrections_refused, reopen, reopenings};
pub(crate) use sending::STATEMENTS as SENDING_STATEMENTS;
pub use sending::{
    Doubt, Draft, Invite, NewSubmission, Owner, Sent, Submission, SubmissionState, add_doubt,
    doubts, draft, drafts_of, drop_draft, find_submission, invite, invite_by_token, invites_of,
    of_application, old_drafts, open_draft, renew_invite, save_draft, send, settle_doubt,
    settle_submission, submission_by_key, submissions_in, submissions_of, submissions_refused,
    try_invite, use_invite,
};

use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::keys::ColumnSeal;
use crate::sessions::{Mark, Token};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, PersonId};

statements! {
    ADD_SEAL = "insert into portal_sealed (seal_no, key_id, content) values ($1, $2, $3)";
    SET_SEAL = "update portal_sealed set key_id = $1, content = $2 where seal_no = $3";
    OPEN_SEAL = "select content from portal_sealed where seal_no = $1";
    OLD_SEALS = "select seal_no, content from portal_sealed where key_id < $1 order by seal_no limit $2";
    LEFT_SEALS = "select count(*) from portal_sealed where key_id < $1";
    ADD_RESIDENT = "insert into residents (resident_no, phone_token, phone, bound_by, generation, at)
        values ($1, $2, $3, '', 1, $4)";
    FIND_RESIDENT = "select resident_no, phone, claim, claimed_at, person_id, bound_at, bound_by,
            generation, at, closed_at
        from residents where resident_no = $1";
    FIND_BY_PHONE = "select resident_no, phone, claim, claimed_at, person_id, bound_at, bound_by,
            generation, at, closed_at
        from residents where phone_token = $1 and closed_at is null";
    FIND_BY_PERSON = "select resident_no, phone, claim, claimed_at, person_id, bound_at, bound_by,
            generation, at, closed_at
        from residents where person_id = $1";
    WAITING = "select resident_no, phone, claim, claimed_at, person_id, bound_at, bound_by,
            generation, at, closed_at
        from residents
        where person_id is null and closed_at is null and claim is not null
            and claim_area >= $1 and claim_area < $2
        order by claimed_at, resident_no limit $3";
    CLAIM = "update residents set claim = $1, claimed_at = $2, claim_area = $3
        where resident_no = $4 and person_id is null and closed_at is null";
    UNCLAIM = "update residents set claim = null, claimed_at = null, claim_area = null
        where resident_no = $1 and person_id is null and claim = $2";
    BIND = "update residents set person_id = $1, bound_at = $2, bound_by = $3
        where resident_no = $4 and person_id is null and closed_at is null";
    RAISE_GENERATION = "update residents set generation = generation + 1 where resident_no = $1";
    CLOSE = "update residents set person_id = null, bound_at = null, closed_at = $1,
            generation = generation + 1
        where resident_no = $2 and closed_at is null";
    PHONE_TOKEN = "select phone_token from residents where resident_no = $1";
    ADD_CODE = "insert into resident_codes (code_no, phone_token, purpose, digest, origin, at, expires_at,
            tries)
        values ($1, $2, $3, $4, $5, $6, $7, 0)";
    NEWEST_CODE = "select code_no, digest, expires_at, tries, used_at from resident_codes
        where phone_token = $1 and purpose = $2 order by code_no desc limit 1";
    TRY_CODE = "update resident_codes set tries = tries + 1
        where code_no = $1 and tries < $2 and used_at is null";
    USE_CODE = "update resident_codes set used_at = $1 where code_no = $2 and used_at is null";
    COUNT_CODES = "select count(*) from resident_codes where phone_token = $1 and at > $2";
    COUNT_CODES_ALL = "select count(*) from resident_codes where at > $1";
    COUNT_CODES_FROM = "select count(*) from resident_codes where origin = $1 and at > $2";
    ADD_SESSION = "insert into resident_sessions (session_no, token, resident_no, generation,
            started_at, expires_at)
        values ($1, $2, $3, $4, $5, $6)";
    FIND_SESSION = "select session_no, resident_no, generation, started_at, expires_at, ended_at
        from resident_sessions where token = $1";
    END_SESSION = "update resident_sessions set ended_at = $1
        where session_no = $2 and ended_at is null";
    ADD_MESSAGE = "insert into outbox (message_no, kind, phone, body, at) values ($1, $2, $3, $4, $5)";
    MESSAGES = "select message_no, kind, phone, body, at from outbox
        order by message_no desc limit $1";
}

/// The place of sealed texts.
fn seal(on: &impl Reads) -> ColumnSeal {
    on.key_ring().0.column("portal_sealed", "content")
}

/// Puts a text under seal; answers where it stands.
pub(crate) async fn put(tx: &mut JournalTx, text: &str) -> Result<i64> {
    let no = tx.take_numbers("portal-seal", 1).await?;
    let key = i64::from(tx.key_ring().0.newest());
    let content = seal(tx).seal(no, text.as_bytes())?;
    tx.execute(ADD_SEAL, vec![no.into(), key.into(), content.into()])
        .await?;
    Ok(no)
}

/// Writes another text under a seal.
pub(crate) async fn put_again(tx: &mut JournalTx, no: i64, text: &str) -> Result<()> {
    let key = i64::from(tx.key_ring().0.newest());
    let content = seal(tx).seal(no, text.as_bytes())?;
    tx.execute(SET_SEAL, vec![key.into(), content.into(), no.into()])
        .await?;
    Ok(())
}

/// The text under a seal.
pub(crate) async fn opened(on: &impl Reads, no: i64) -> Result<String> {
    let rows = on.rows(OPEN_SEAL, vec![no.into()]).await?;
    let row = rows.first().ok_or(StoreError::NotThere {
        what: "封存内容",
        id: no,
    })?;
    seal(on).open_text(no, &row.bytes(0)?)
}

/// Seals up to so many texts under older keys anew; answers how many.
pub(crate) async fn seal_anew(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seal = seal(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD_SEALS, old).await? {
        let no = row.int(0)?;
        let plain = seal.open(no, &row.bytes(1)?)?;
        sets.push(vec![
            newest.into(),
            seal.seal(no, &plain)?.into(),
            no.into(),
        ]);
    }
    Ok(tx.execute_each(SET_SEAL, sets).await?.iter().sum())
}

/// A keyed digest of a telephone.
pub type PhoneToken = [u8; 16];

words! {
    /// What a one-time code is for.
    CodeFor {
        /// Coming in.
        SignIn = "sign-in",
        /// Letting an official send an application in one's name.
        Assist = "assist",
        /// Showing at the window that this telephone is in one's hand.
        Claim = "claim",
        /// Signing for oneself through a link.
        Sign = "sign",
    }
}

/// 居民账户.
#[derive(Clone, Debug)]
pub struct Resident {
    /// 账户编号.
    pub no: i64,
    /// Where the telephone stands.
    phone: i64,
    /// Where what somebody says of themselves stands.
    claim: Option<i64>,
    /// When it was said.
    pub claimed_at: Option<At>,
    /// Whose account it is.
    pub person: Option<PersonId>,
    /// Since when that is certain.
    pub bound_at: Option<At>,
    /// Who made it certain.
    pub bound_by: String,
    /// Sessions of another generation do not hold.
    pub generation: i64,
    /// When it was opened.
    pub at: At,
    /// When it was closed; nobody comes in by it any more.
    pub closed_at: Option<At>,
}

fn resident(row: &Row) -> Result<Resident> {
    Ok(Resident {
        no: row.int(0)?,
        phone: row.int(1)?,
        claim: row.int_opt(2)?,
        claimed_at: row.at_opt(3)?,
        person: row.int_opt(4)?.map(PersonId::new),
        bound_at: row.at_opt(5)?,
        bound_by: row.text(6)?,
        generation: row.int(7)?,
        at: row.at(8)?,
        closed_at: row.at_opt(9)?,
    })
}

impl Resident {
    /// The telephone in full, for a message or a comparison inside the record.
    pub async fn phone(&self, on: &impl Reads) -> Result<String> {
        opened(on, self.phone).await
    }

    /// What somebody says of themselves, as the office wrote it.
    pub async fn claim(&self, on: &impl Reads) -> Result<Option<String>> {
        match self.claim {
            Some(no) => opened(on, no).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The account of a telephone.
pub async fn by_phone(on: &impl Reads, token: PhoneToken) -> Result<Option<Resident>> {
    one(on.rows(FIND_BY_PHONE, vec![token.into()]).await?)
}

/// The account of a person.
pub async fn by_person(on: &impl Reads, person: PersonId) -> Result<Option<Resident>> {
    one(on.rows(FIND_BY_PERSON, vec![person.get().into()]).await?)
}

/// An account.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Resident>> {
    one(on.rows(FIND_RESIDENT, vec![no.into()]).await?)
}

fn one(rows: Vec<Row>) -> Result<Option<Resident>> {
    rows.first().map(resident).transpose()
}

/// Accounts of a place and all inside it that wait for somebody to see their papers, the first come first.
pub async fn waiting(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Resident>> {
    let (from, below) = range(area);
    let rows = on.rows(WAITING, vec![from, below, limit.into()]).await?;
    rows.iter().map(resident).collect()
}

/// The keyed digest of an account's telephone.
pub async fn phone_token(on: &impl Reads, no: i64) -> Result<Option<PhoneToken>> {
    let rows = on.rows(PHONE_TOKEN, vec![no.into()]).await?;
    rows.first().map(|row| row.array(0)).transpose()
}

/// Opens an account for a telephone that has none.
pub async fn open(tx: &mut JournalTx, at: &At, token: PhoneToken, phone: &str) -> Result<i64> {
    let phone = put(tx, phone).await?;
    let no = tx.take_numbers("resident", 1).await?;
    let values = vec![no.into(), token.into(), phone.into(), at.into()];
    tx.execute(ADD_RESIDENT, values).await?;
    Ok(no)
}

/// Keeps what somebody says of themselves, and where, until an official sees their papers.
pub async fn claim(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    (text, area): (&str, &AreaCode),
) -> Result<()> {
    let sealed = put(tx, text).await?;
    let values = vec![sealed.into(), at.into(), area.full().into(), no.into()];
    changed(tx.execute(CLAIM, values).await?, no)
}

/// What somebody said of themselves is not so and goes, with its text: they may say it again.
pub async fn unclaim(tx: &mut JournalTx, known: &Resident) -> Result<()> {
    let seal = known.claim.unwrap_or_default();
    let values = vec![known.no.into(), seal.into()];
    changed(tx.execute(UNCLAIM, values).await?, known.no)?;
    put_again(tx, seal, "").await
}

/// Binds an account to a person, once.
pub async fn bind(tx: &mut JournalTx, at: &At, by: &str, no: i64, person: PersonId) -> Result<()> {
    let values = vec![person.get().into(), at.into(), by.into(), no.into()];
    changed(tx.execute(BIND, values).await?, no)
}

/// Closes an account: it is nobody's, its sessions end, and its telephone may open a new one.
pub async fn close(tx: &mut JournalTx, at: &At, no: i64) -> Result<()> {
    match tx.execute(CLOSE, vec![at.into(), no.into()]).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "在用的账户",
            id: no,
        }),
    }
}

fn changed(rows: u64, id: i64) -> Result<()> {
    match rows {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待核对的账户",
            id,
        }),
    }
}

/// A one-time code that was given out.
#[derive(Clone, Debug)]
pub struct Code {
    /// Its number.
    pub no: i64,
    /// Its digest.
    pub digest: [u8; 32],
    /// Until when it is good.
    pub expires_at: At,
    /// How often it was tried.
    pub tries: i64,
    /// Whether it was used.
    pub used: bool,
}

/// The keyed digest of a code under its number.
#[must_use]
pub fn code_digest(on: &impl Reads, no: i64, code: &str) -> [u8; 32] {
    let key = on.key_ring().0.token_key("resident-code", "portal");
    key.digest(&[&no.to_be_bytes(), code.as_bytes()])
}

/// Gives a code out.
pub async fn add_code(
    tx: &mut JournalTx,
    (token, what): (PhoneToken, CodeFor),
    code: &str,
    origin: Mark,
    (at, expires_at): (&At, &At),
) -> Result<()> {
    let no = tx.take_numbers("resident-code", 1).await?;
    let values = vec![
        no.into(),
        token.into(),
        what.into(),
        code_digest(tx, no, code).into(),
        origin.into(),
        at.into(),
        expires_at.into(),
    ];
    tx.execute(ADD_CODE, values).await?;
    Ok(())
}

/// The newest code of a telephone.
pub async fn newest_code(
    on: &impl Reads,
    token: PhoneToken,
    what: CodeFor,
) -> Result<Option<Code>> {
    let rows = on
        .rows(NEWEST_CODE, vec![token.into(), what.into()])
        .await?;
    let read = |row: &Row| {
        Ok(Code {
            no: row.int(0)?,
            digest: row.array(1)?,
            expires_at: row.at(2)?,
            tries: row.int(3)?,
            used: row.at_opt(4)?.is_some(),
        })
    };
    rows.first().map(read).transpose()
}

/// Counts a try of a code; false when it was used or tried too often. Of those who come at once each waits for
/// the one before, so ask this first and look at the code only then.
pub async fn try_code(tx: &mut JournalTx, no: i64, most: i64) -> Result<bool> {
    Ok(tx.execute(TRY_CODE, vec![no.into(), most.into()]).await? == 1)
}

/// Uses a code up; false when somebody else was quicker.
pub async fn use_code(tx: &mut JournalTx, at: &At, no: i64) -> Result<bool> {
    Ok(tx.execute(USE_CODE, vec![at.into(), no.into()]).await? == 1)
}

/// How many codes a telephone and a place were given since a moment.
pub async fn codes_since(
    on: &impl Reads,
    token: PhoneToken,
    origin: Mark,
    since: &At,
) -> Result<(i64, i64)> {
    let phone = on
        .rows(COUNT_CODES, vec![token.into(), since.into()])
        .await?;
    let place = on
        .rows(COUNT_CODES_FROM, vec![origin.into(), since.into()])
        .await?;
    let count = |rows: &[Row]| rows.first().map_or(Ok(0), |row| row.int(0));
    Ok((count(&phone)?, count(&place)?))
}

/// How many codes were given to anybody since a moment.
pub async fn all_codes_since(on: &impl Reads, since: &At) -> Result<i64> {
    let rows = on.rows(COUNT_CODES_ALL, vec![since.into()]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// A resident's session.
#[derive(Clone, Debug)]
pub struct ResidentSession {
    /// Its number.
    pub no: i64,
    /// Whose.
    pub resident: i64,
    /// The generation it was begun in.
    pub generation: i64,
    /// When it began.
    pub started_at: At,
    /// When it ends at the latest.
    pub expires_at: At,
    /// When it was ended.
    pub ended_at: Option<At>,
}

/// Begins a session; its secret is its holder's alone.
pub async fn begin(
    tx: &mut JournalTx,
    (resident, generation): (i64, i64),
    at: &At,
    expires_at: &At,
) -> Result<Token> {
    let no = tx.take_numbers("resident-session", 1).await?;
    let token = Token::random()?;
    let values = vec![
        no.into(),
        token.digest().into(),
        resident.into(),
        generation.into(),
        at.into(),
        expires_at.into(),
    ];
    tx.execute(ADD_SESSION, values).await?;
    Ok(token)
}

/// The session of a secret, ended or not.
pub async fn session(on: &impl Reads, token: &Token) -> Result<Option<ResidentSession>> {
    let rows = on.rows(FIND_SESSION, vec![token.digest().into()]).await?;
    let read = |row: &Row| {
        Ok(ResidentSession {
            no: row.int(0)?,
            resident: row.int(1)?,
            generation: row.int(2)?,
            started_at: row.at(3)?,
            expires_at: row.at(4)?,
            ended_at: row.at_opt(5)?,
        })
    };
    rows.first().map(read).transpose()
}

/// Ends one session.
pub async fn end(tx: &mut JournalTx, at: &At, session: i64) -> Result<()> {
    tx.execute(END_SESSION, vec![at.into(), session.into()])
        .await?;
    Ok(())
}

/// Ends every session of an account.
pub async fn end_all(tx: &mut JournalTx, resident: i64) -> Result<()> {
    tx.execute(RAISE_GENERATION, vec![resident.into()]).await?;
    Ok(())
}

/// A message to a telephone. Has no printable form.
#[derive(Clone)]
pub struct Message {
    /// Its number.
    pub no: i64,
    /// What kind of message.
    pub kind: String,
    /// To which telephone.
    pub phone: String,
    /// What it says.
    pub body: String,
    /// When.
    pub at: At,
}

/// Puts a message out for the gateway.
pub async fn post(
    tx: &mut JournalTx,
    at: &At,
    kind: &str,
    (phone, body): (&str, &str),
) -> Result<()> {
    let no = tx.take_numbers("message", 1).await?;
    let (phone, body) = (put(tx, phone).await?, put(tx, body).await?);
    let values = vec![no.into(), kind.into(), phone.into(), body.into(), at.into()];
    tx.execute(ADD_MESSAGE, values).await?;
    Ok(())
}

/// The newest messages, in full: for the gateway.
pub async fn messages(on: &impl Reads, limit: u32) -> Result<Vec<Message>> {
    let mut out = Vec::new();
    for row in on.rows(MESSAGES, vec![limit.into()]).await? {
        out.push(Message {
            no: row.int(0)?,
            kind: row.text(1)?,
            phone: opened(on, row.int(2)?).await?,
            body: opened(on, row.int(3)?).await?,
            at: row.at(4)?,
        });
    }
    Ok(out)
}

/// Whether somebody of the register bears exactly this name, whatever its characters look like.
pub async fn is_called(on: &impl Reads, person: PersonId, name: &str) -> Result<bool> {
    let known = crate::identity::opened_within(on, person).await?.name;
    let key = domain::names::match_key(name.trim());
    Ok(known.is_some_and(|known| domain::names::match_key(&known) == key))
}

/// A person's own telephone, for a message to that person alone: that of the account that was bound to them, or
/// the register's where it is nobody else's.
pub async fn own_phone(on: &impl Reads, person: PersonId) -> Result<Option<String>> {
    if let Some(account) = by_person(on, person).await? {
        return account.phone(on).await.map(Some);
    }
    let known = crate::identity::opened_within(on, person).await?.phone;
    let Some(phone) = known else {
        return Ok(None);
    };
    let token = crate::tokens::Tokeniser::of(on).phone(&phone);
    let field = crate::tokens::TokenField::Phone;
    let found = crate::tokens::look_up_many(on, field, &[token]).await?;
    let alone = found.get(&token).is_some_and(|list| *list == [person]);
    Ok(alone.then_some(phone))
}

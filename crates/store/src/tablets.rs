//! 平板: what a session took along to the doors, what came back from it, each change once, and who went along.
//!
//! The word that opens what lies on a tablet is never kept: it is worked out from the record's keys, and only
//! while nobody ended the package.

use crate::at::At;
use crate::digest::{hex, unhex};
use crate::error::Result;
use crate::keys;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, Value, words};
use domain::PersonId;

statements! {
    TAKE = "insert into tablet_packages (package_no, token, user_id, session_id, generation, at, until_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    TAKE_VISIT = "insert into tablet_visits (package_no, visit_no) values ($1, $2)";
    HOLDS = "select p.package_no, p.user_id, p.until_at from tablet_packages p
        join session s on s.session_id = p.session_id
        join office_user u on u.user_id = p.user_id
        where p.token = $1 and s.ended_at is null and u.state = 'active'
          and u.generation = p.generation";
    HAS_VISIT = "select visit_no from tablet_visits where package_no = $1 and visit_no = $2";
    OF_PACKAGE = "select visit_no from tablet_visits where package_no = $1 order by visit_no";
    CHANGE = "select outcome, answer_no, value from visit_changes where package_no = $1 and change_key = $2";
    OWN = "select seq from visit_changes where package_no = $1 and answer_no = $2";
    LATER = "select max(seq) from visit_changes
        where package_no = $1 and visit_no = $2 and fact = $3 and coalesce(person_id, 0) = $4
          and outcome in ('kept', 'same')";
    ADD_CHANGE = "insert into visit_changes (package_no, change_key, visit_no, seq, person_id, fact, value, base,
            outcome, answer_no, said_at, said_now, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    CONFIRM = "insert into visit_confirmations (visit_no, login, answer_no, at, digest)
        values ($1, $2, $3, $4, $5)";
    CONFIRMED = "select login, answer_no, at from visit_confirmations where visit_no = $1
        order by at, answer_no, login";
    MINE = "select visit_no from visits
        where state = 'open' and (actor = $1
          or visit_no in (select visit_no from visit_answers where actor = $1)
          or visit_no in (select visit_no from visit_confirmations where login = $1))
        order by visit_no limit $2";
}

words! {
    /// What became of a change.
    ChangeOutcome {
        /// Kept as an answer.
        Kept = "kept",
        /// The same stands there already.
        Same = "same",
        /// The same tablet has said something later.
        Older = "older",
        /// Something else stands there; somebody has to choose.
        Differs = "differs",
        /// It could not be taken.
        Refused = "refused",
    }
}

/// The word only a tablet has for its package. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageToken([u8; 32]);

impl std::fmt::Debug for PackageToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PackageToken(**)")
    }
}

impl PackageToken {
    /// Reads one as [`PackageToken::text`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = unhex(text)?.try_into().ok()?;
        (hex(&bytes) == text).then_some(Self(bytes))
    }

    /// What the tablet is given, 64 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        hex(&self.0)
    }

    fn digest(&self) -> [u8; 32] {
        let start = crate::digest::Parts::of("doudi/tablet/1");
        start.bytes(&self.0).finish()
    }
}

/// A package to be taken along.
#[derive(Clone, Debug)]
pub struct NewPackage<'a> {
    /// Whose.
    pub user: UserId,
    /// In which session.
    pub session: i64,
    /// Until when it may be filled in.
    pub until: At,
    /// Which visits.
    pub visits: &'a [i64],
}

/// A package nobody ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its number.
    pub no: i64,
    /// Whose it is.
    pub user: UserId,
    /// Until when.
    pub until: At,
}

/// A change as a tablet brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChange<'a> {
    /// The package.
    pub package: i64,
    /// The tablet's own word for it.
    pub key: &'a str,
    /// The visit.
    pub visit: i64,
    /// Its order on the tablet.
    pub seq: i64,
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact.
    pub fact: &'a str,
    /// The value.
    pub value: &'a str,
    /// The answer it stands on.
    pub base: i64,
    /// What became of it.
    pub outcome: ChangeOutcome,
    /// The answer it was kept as.
    pub answer: Option<i64>,
    /// When the tablet's clock says it was written.
    pub said_at: &'a str,
    /// What the tablet's clock said when it was sent.
    pub said_now: &'a str,
}

/// Who went along, and up to which answer they stand for what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Their account.
    pub login: String,
    /// The newest answer they saw.
    pub answer: i64,
    /// When.
    pub at: At,
}

/// Takes visits along; answers the package's number and the word for it.
pub async fn take(
    tx: &mut JournalTx,
    at: &At,
    new: &NewPackage<'_>,
) -> Result<(i64, PackageToken)> {
    let no = tx.take_numbers("tablet_package", 1).await?;
    let token = PackageToken(keys::random()?);
    let user = crate::users::get(tx, new.user).await?;
    let values = vec![
        no.into(),
        token.digest().into(),
        new.user.get().into(),
        new.session.into(),
        user.map_or(0, |user| user.generation).into(),
        at.into(),
        (&new.until).into(),
    ];
    tx.execute(TAKE, values).await?;
    let visits = new.visits.iter();
    let sets = visits.map(|visit| vec![no.into(), (*visit).into()]);
    tx.execute_each(TAKE_VISIT, sets.collect()).await?;
    Ok((no, token))
}

/// A package, while its session was not ended and its account stays as it was; its time may be over.
pub async fn holding(on: &impl Reads, token: &PackageToken) -> Result<Option<Package>> {
    let rows = on.rows(HOLDS, vec![token.digest().into()]).await?;
    rows.first()
        .map(|row| {
            Ok(Package {
                no: row.int(0)?,
                user: UserId::new(row.int(1)?),
                until: row.at(2)?,
            })
        })
        .transpose()
}

/// What the key of a tablet's drafts is derived from, 64 hexadecimal digits: worked out anew each time.
#[must_use]
pub fn secret(on: &impl Reads, package: i64) -> String {
    let key = on.key_ring().0.token_key("tablet", "drafts");
    hex(&key.digest(&[&package.to_be_bytes()]))
}

/// Whether a visit was taken along in a package.
pub async fn has(on: &impl Reads, package: i64, visit: i64) -> Result<bool> {
    let values = vec![package.into(), visit.into()];
    Ok(!on.rows(HAS_VISIT, values).await?.is_empty())
}

/// The visits of a package.
pub async fn visits(on: &impl Reads, package: i64) -> Result<Vec<i64>> {
    let rows = on.rows(OF_PACKAGE, vec![package.into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// The visits that go on and that somebody began, answered in or confirmed.
pub async fn open_of(on: &impl Reads, login: &str, limit: u32) -> Result<Vec<i64>> {
    let rows = on.rows(MINE, vec![login.into(), limit.into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// A change that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub outcome: ChangeOutcome,
    /// The answer it was kept as.
    pub answer: Option<i64>,
    /// The value it brought.
    pub value: String,
}

/// A change of a package by the tablet's own word for it.
pub async fn change(on: &impl Reads, package: i64, key: &str) -> Result<Option<Change>> {
    let rows = on.rows(CHANGE, vec![package.into(), key.into()]).await?;
    let read = |row: &Row| {
        Ok(Change {
            outcome: row.word(0, ChangeOutcome::from_word)?,
            answer: row.int_opt(1)?,
            value: row.text(2)?,
        })
    };
    rows.first().map(read).transpose()
}

/// Whether an answer came from this package.
pub async fn is_own(on: &impl Reads, package: i64, answer: i64) -> Result<bool> {
    let rows = on.rows(OWN, vec![package.into(), answer.into()]).await?;
    Ok(!rows.is_empty())
}

/// The order of the newest change of a tablet to a question that counted; 0 for none.
pub async fn newest_seq(
    on: &impl Reads,
    (package, visit): (i64, i64),
    person: Option<PersonId>,
    fact: &str,
) -> Result<i64> {
    let values = vec![
        package.into(),
        visit.into(),
        fact.into(),
        person.map_or(0, PersonId::get).into(),
    ];
    let rows = on.rows(LATER, values).await?;
    let newest = rows.first().map(|row| row.int_opt(0)).transpose()?;
    Ok(newest.flatten().unwrap_or(0))
}

/// Writes down what became of a change.
pub async fn add_change(tx: &mut JournalTx, at: &At, new: &NewChange<'_>) -> Result<()> {
    let columns = [
        ("package_no", Value::from(new.package)),
        ("change_key", new.key.into()),
        ("visit_no", new.visit.into()),
        ("seq", new.seq.into()),
        ("person_id", new.person.map(PersonId::get).into()),
        ("fact", new.fact.into()),
        ("value", new.value.into()),
        ("base", new.base.into()),
        ("outcome", new.outcome.into()),
        ("answer_no", new.answer.into()),
        ("said_at", new.said_at.into()),
        ("said_now", new.said_now.into()),
        ("at", at.into()),
    ];
    add(tx, ADD_CHANGE, "visit_changes", &columns).await
}

/// Somebody stands for what was seen, up to an answer.
pub async fn confirm(
    tx: &mut JournalTx,
    at: &At,
    visit: i64,
    login: &str,
    answer: i64,
) -> Result<()> {
    let columns = [
        ("visit_no", Value::from(visit)),
        ("login", login.into()),
        ("answer_no", answer.into()),
        ("at", at.into()),
    ];
    add(tx, CONFIRM, "visit_confirmations", &columns).await
}

/// Who stands for a visit, oldest first.
pub async fn confirmations(on: &impl Reads, visit: i64) -> Result<Vec<Confirmation>> {
    let rows = on.rows(CONFIRMED, vec![visit.into()]).await?;
    let read = |row: &Row| {
        Ok(Confirmation {
            login: row.text(0)?,
            answer: row.int(1)?,
            at: row.at(2)?,
        })
    };
    rows.iter().map(read).collect()
}

//! 登录: a code to a telephone. Whether an account exists is never told: every number is sent a code, and
//! every wrong code is answered alike.

use super::book::PortalBook;
use super::{Resident, mobile};
use crate::access::{Access, Secret};
use crate::casework::{CaseError, Done};
use crate::error::OfficeError;
use jiff::Timestamp;
use store::portal::{self, CodeFor};
use store::tokens::Tokeniser;
use store::{Act, At};

/// Seconds in which codes are counted.
const COUNT_SECONDS: i64 = 3_600;
/// Numbers a code is one of.
const CODES: u64 = 1_000_000;

/// Why somebody was not let in; tells nothing of whether an account exists.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// It is no mobile telephone.
    #[error("手机号应是 11 位数字,请核对后再填")]
    NotAPhone,
    /// The code is wrong, used, or too old.
    #[error("验证码不对,或者已经过时;请核对短信,或者重新取一次")]
    Refused,
    /// Too many codes were asked for.
    #[error("取验证码太多次了,请过一个小时再试,或者到窗口办")]
    TooMany,
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] CaseError),
}

impl From<PortalError> for CaseError {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::Office(error) => error,
            said => Self::Refused(said.to_string()),
        }
    }
}

impl From<store::StoreError> for PortalError {
    fn from(error: store::StoreError) -> Self {
        Self::Office(CaseError::Office(OfficeError::Store(error)))
    }
}

/// Sends a code to a telephone, whoever's it is.
///
/// # Errors
/// It is no telephone, too many were asked for, or the record cannot be written.
pub async fn ask_code(access: &Access, phone: &str, origin: &str) -> Result<(), PortalError> {
    give_code(access, (phone, CodeFor::SignIn), origin, "登录验证码").await
}

/// Sends a code for something.
pub(super) async fn give_code(
    access: &Access,
    (phone, what): (&str, CodeFor),
    origin: &str,
    said: &str,
) -> Result<(), PortalError> {
    let office = access.office();
    let book = PortalBook::of(office)?;
    let phone = mobile(phone).ok_or(PortalError::NotAPhone)?;
    let store = &office.store;
    let token = Tokeniser::of(store).phone(&phone);
    let mark = store::sessions::origin_mark(store, origin);
    let watch = access.watch();
    let since = watch.at(COUNT_SECONDS.saturating_neg());
    let (each, here) = portal::codes_since(store, token, mark, &since).await?;
    let all = portal::all_codes_since(store, &since).await?;
    if all >= book.codes_all {
        tracing::error!(
            all,
            "no more codes this hour: too many were asked for in all"
        );
    }
    if each >= book.codes_each || here >= book.codes_here || all >= book.codes_all {
        return Err(PortalError::TooMany);
    }
    let code = random_code()?;
    // One that is read out at the window must not say that nobody ever asks for it.
    let care = match what {
        CodeFor::SignIn | CodeFor::Sign => "不要告诉别人;工作人员不会向您要验证码",
        CodeFor::Assist | CodeFor::Claim => "只告诉当面的工作人员;不是当面问的,不要给",
    };
    let body = format!(
        "{said} {code},{} 分钟内有效。{care}。",
        book.code_seconds.div_euclid(60)
    );
    let (at, expires) = (watch.at(0), watch.at(book.code_seconds));
    let mut tx = store.write().await?;
    portal::add_code(&mut tx, (token, what), &code, mark, (&at, &expires)).await?;
    portal::post(&mut tx, &office.clock.at(), "code", (&phone, &body)).await?;
    tx.record(Act::new(&office.clock.at(), "unknown", "resident.code"));
    tx.commit().await?;
    Ok(())
}

fn random_code() -> Result<String, PortalError> {
    let text = Secret::random()?.form_word();
    let digits = text.get(..15).unwrap_or_default();
    let number = u64::from_str_radix(digits, 16).unwrap_or_default();
    Ok(format!("{:06}", number % CODES))
}

/// Uses a code up; false when it is wrong, used, tried too often or too old.
pub(super) async fn right_code(
    access: &Access,
    (phone, what): (&str, CodeFor),
    code: &str,
) -> Result<bool, PortalError> {
    let office = access.office();
    let book = PortalBook::of(office)?;
    let store = &office.store;
    let token = Tokeniser::of(store).phone(phone);
    let mut tx = store.write().await?;
    let at = access.watch().at(0);
    let known = portal::newest_code(&tx, token, what).await?;
    // The try is counted before the code is looked at: however many come at once, no more than the tries look.
    let counted = match &known {
        Some(known) => portal::try_code(&mut tx, known.no, book.code_tries).await?,
        None => false,
    };
    let good = known.as_ref().is_some_and(|known| {
        let digest = portal::code_digest(&tx, known.no, code.trim());
        let fresh = counted && at < known.expires_at;
        same(&digest, &known.digest) & fresh
    });
    let used = match (&known, good) {
        (Some(known), true) => portal::use_code(&mut tx, &at, known.no).await?,
        _ => false,
    };
    let act = if used {
        "resident.code-good"
    } else {
        "resident.code-refused"
    };
    tx.record(Act::new(&office.clock.at(), "unknown", act));
    tx.commit().await?;
    Ok(used)
}

/// Compares in a time that does not tell where the first difference is.
fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Lets somebody in who knows the code sent to their telephone; opens an account the first time. Answers
/// the secret of the session and how many seconds it lasts.
///
/// # Errors
/// The code is wrong, or the record cannot be written.
pub async fn enter(access: &Access, phone: &str, code: &str) -> Result<(Secret, i64), PortalError> {
    let office = access.office();
    let phone = mobile(phone).ok_or(PortalError::NotAPhone)?;
    if !right_code(access, (&phone, CodeFor::SignIn), code).await? {
        return Err(PortalError::Refused);
    }
    let book = PortalBook::of(office)?;
    let store = &office.store;
    let token = Tokeniser::of(store).phone(&phone);
    let mut tx = store.write().await?;
    let at = office.clock.at();
    let (no, generation) = match portal::by_phone(&tx, token).await? {
        Some(known) => (known.no, known.generation),
        None => (portal::open(&mut tx, &at, token, &phone).await?, 1),
    };
    let watch = access.watch();
    let (begins, ends) = (watch.at(0), watch.at(book.session_seconds));
    let secret = portal::begin(&mut tx, (no, generation), &begins, &ends).await?;
    let act = Act::new(&at, crate::access::actor(no), "resident.sign-in");
    tx.record(act.on("resident", no));
    tx.commit().await?;
    Ok((secret, book.session_seconds))
}

/// Whose session a secret is; none when it has ended, for whatever reason.
///
/// # Errors
/// The record cannot be read.
pub async fn of_secret(access: &Access, secret: &str) -> Done<Option<Resident>> {
    let Some(token) = Secret::parse(secret) else {
        return Ok(None);
    };
    let store = &access.office().store;
    let Some(session) = portal::session(store, &token).await? else {
        return Ok(None);
    };
    let now = access.watch().now();
    let over = |at: &At| at.as_str().parse::<Timestamp>().is_ok_and(|at| now >= at);
    if session.ended_at.is_some() || over(&session.expires_at) {
        return Ok(None);
    }
    let Some(known) = portal::find(store, session.resident).await? else {
        return Ok(None);
    };
    if known.generation != session.generation {
        return Ok(None);
    }
    Ok(Some(Resident {
        no: known.no,
        session: session.no,
        person: known.person,
        claimed: known.claimed_at.is_some(),
        form_word: token.form_word(),
    }))
}

/// Ends a session.
///
/// # Errors
/// The record cannot be written.
pub async fn leave(access: &Access, who: &Resident) -> Done<()> {
    let office = access.office();
    let mut tx = office.store.write().await?;
    portal::end(&mut tx, &access.watch().at(0), who.session).await?;
    let act = Act::new(&office.clock.at(), who.actor(), "resident.sign-out");
    tx.record(act.on("resident", who.no));
    tx.commit().await?;
    Ok(())
}

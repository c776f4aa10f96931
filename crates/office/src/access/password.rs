//! 口令: argon2id, one salt each. Comparing takes the same time whether or not the account is there.

use super::book::AccessBook;
use crate::error::{OfficeError, Result};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Longest password taken: more is no safer and costs time.
const PASSWORD_BYTES_MAX: usize = 256;
/// How many passwords are compared at once: each takes some megabytes.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Letters and digits nobody mistakes for another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password nobody chose: four groups of four, 80 random bits.
pub(super) fn random() -> Result<String> {
    let token = store::sessions::Token::random()?;
    let bytes = token.text();
    let mut letters = String::new();
    for (at, pair) in bytes.as_bytes().chunks(2).take(16).enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            letters.push('-');
        }
        let value = std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| usize::from_str_radix(pair, 16).ok())
            .unwrap_or(0);
        let letter = LETTERS.get(value.rem_euclid(LETTERS.len()));
        letters.extend(letter.map(|letter| char::from(*letter)));
    }
    Ok(letters)
}

/// What is wrong with a password somebody chose; nothing when it may be used.
pub(super) fn wrong(book: &AccessBook, login: &str, password: &str) -> Option<String> {
    let least = book.settings().password_chars;
    if password.chars().count() < least {
        return Some(format!(
            "口令太短,至少 {least} 个字;可以用一句自己记得住的话"
        ));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Some("口令太长,请少于 80 个字".to_owned());
    }
    let plain = password.to_lowercase();
    if plain.contains(&login.to_lowercase()) {
        return Some("口令里不要有账号名".to_owned());
    }
    let distinct: std::collections::BTreeSet<char> = plain.chars().collect();
    if book.is_weak(password) || distinct.len() < 4 {
        return Some("这个口令太常见,一猜就中;请换一个".to_owned());
    }
    None
}

/// The digest to be kept.
pub(super) async fn digest(password: String) -> Result<String> {
    work(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .ok()
    })
    .await?
    .ok_or_else(|| OfficeError::Other("口令没有存成,请重试".to_owned()))
}

/// Whether a password is the one a digest was made from; without a digest the same work is done.
pub(super) async fn matches(password: String, kept: Option<String>) -> Result<bool> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    work(move || {
        let argon = Argon2::default();
        match kept.as_deref().map(PasswordHash::new) {
            Some(Ok(kept)) => argon.verify_password(password.as_bytes(), &kept).is_ok(),
            Some(Err(_)) | None => {
                // The work is what counts: nobody learns from the time whether the account exists.
                let _same_work = argon.hash_password(password.as_bytes());
                false
            }
        }
    })
    .await
}

async fn work<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let broken = |_| OfficeError::Other("口令没有比对完,请重试".to_owned());
    let _turn = TURNS
        .acquire()
        .await
        .map_err(|_| OfficeError::Other("口令没有比对完,请重试".to_owned()))?;
    tokio::task::spawn_blocking(what).await.map_err(broken)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    #[test]
    fn a_password_that_is_short_common_or_holds_the_login_is_told() {
        let book = AccessBook::read(&crate::rulebook::read(None).unwrap(), "demo").unwrap();
        let check = |password: &str, word: &str| {
            let said = wrong(&book, "wang", password).unwrap_or_default();
            assert!(said.contains(word), "{password}: {said}");
        };
        check("短口令", "太短");
        check("Password1234", "太常见");
        check("ababababababab", "太常见");
        check("my name is Wang!", "账号名");
        check(&"长".repeat(90), "太长");
        assert_eq!(
            wrong(&book, "wang", "云岭乡三月的桃花开得早"),
            Some("口令太短,至少 12 个字;可以用一句自己记得住的话".to_owned())
        );
        assert_eq!(wrong(&book, "wang", "云岭乡三月的桃花开得真早"), None);
    }

    #[test]
    fn passwords_nobody_chose_are_all_different_and_long_enough() {
        let book = AccessBook::read(&crate::rulebook::read(None).unwrap(), "demo").unwrap();
        let some: std::collections::BTreeSet<String> = (0..50).map(|_| random().unwrap()).collect();
        assert_eq!(some.len(), 50);
        assert!(
            some.iter()
                .all(|p| p.len() == 19 && wrong(&book, "admin", p).is_none())
        );
    }

    #[tokio::test]
    async fn only_the_password_itself_matches_its_digest() {
        let kept = digest("云岭乡三月的桃花开得真早".to_owned()).await.unwrap();
        assert!(kept.starts_with("$argon2id$"));
        let is = |word: &str, kept: Option<String>| matches(word.to_owned(), kept);
        assert!(
            is("云岭乡三月的桃花开得真早", Some(kept.clone()))
                .await
                .unwrap()
        );
        assert!(!is("云岭乡三月的桃花开得真晚", Some(kept)).await.unwrap());
        assert!(!is("云岭乡三月的桃花开得真早", None).await.unwrap());
    }
}

//! 动态口令: six digits that change every half minute (RFC 6238), from a secret in the holder's phone.

use crate::error::{OfficeError, Result};
use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};

/// What the phone's list calls us.
const ISSUER: &str = "Doudi";

/// The 160 bits both sides keep.
pub(super) fn new_secret() -> Result<Vec<u8>> {
    let text = store::sessions::Token::random()?.text();
    let bytes = text.as_bytes().chunks(2).take(20);
    Ok(bytes
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect())
}

fn totp(secret: &[u8]) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .build()
        .map_err(|_| OfficeError::Other("动态口令的密钥损坏,请让安全保密管理员重置".to_owned()))
}

/// The step a code stands for: that of a moment, or the one before or after it.
pub(super) fn step(secret: &[u8], code: &str, at: Timestamp) -> Result<Option<i64>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let found = totp(secret)?.check(&digits, seconds);
    Ok(found.and_then(|step| i64::try_from(step).ok()))
}

/// The code of a moment, as the holder's phone would show it.
///
/// # Errors
/// The secret is none.
pub fn code_at(secret: &str, at: Timestamp) -> Result<String> {
    let bytes = Secret::try_from_base32(secret.replace(' ', ""))
        .map_err(|_| OfficeError::Other("动态口令的密钥不对".to_owned()))?;
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    Ok(totp(bytes.as_bytes())?.generate(seconds).to_string())
}

/// The secret as it is typed into a phone, in groups of four.
pub(super) fn shown(secret: &[u8]) -> String {
    let text = Secret::new(secret.into()).to_base32();
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    groups.join(" ")
}

/// The address a phone's program opens.
pub(super) fn address(secret: &[u8], login: &str) -> String {
    let text = Secret::new(secret.into()).to_base32();
    format!("otpauth://totp/{ISSUER}:{login}?secret={text}&issuer={ISSUER}")
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = shown(b"12345678901234567890");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&secret, at(second)).unwrap(), code);
        }
    }

    #[test]
    fn a_code_holds_for_its_own_half_minute_and_its_neighbours() {
        let secret = b"12345678901234567890";
        let step_at = |second| step(secret, "081 804", at(second)).unwrap();
        assert_eq!(step_at(1_111_111_109), Some(37_037_036));
        assert_eq!(step_at(1_111_111_109 + 30), Some(37_037_036));
        assert_eq!(step_at(1_111_111_109 + 90), None);
        assert_eq!(step(secret, "", at(59)).unwrap(), None);
        assert_eq!(step(secret, "28708２", at(59)).unwrap(), None);
    }

    #[test]
    fn every_secret_is_its_own() {
        assert_ne!(new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(new_secret().unwrap().len(), 20);
    }
}

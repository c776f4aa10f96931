//! Identity numbers, credit codes, cards and plates with their check digits, computed here and not
//! by `domain`. Every number lies under the fictional province 99 or the fictional card prefix 6299.

use std::collections::HashMap;

use crate::calendar::{DayNo, civil};
use crate::people::Sex;

/// An 18-character identity number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IdNo([u8; 18]);

impl IdNo {
    /// The number as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Which office's six digits a number begins with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Prefix {
    /// The county itself.
    County,
    /// An abolished code of the county, valid for those born before the merger.
    Abolished,
    /// Another county of the fictional province.
    Elsewhere,
}

/// Gives every person an own number: a counter per office, birthday and sex.
pub(crate) struct Issuer {
    county: i32,
    next: HashMap<(Prefix, DayNo, bool), u32>,
}

impl Issuer {
    /// An issuer for the county with this six-digit code.
    pub(crate) fn new(county: i32) -> Self {
        Self {
            county,
            next: HashMap::new(),
        }
    }

    /// Moves on to the next county; its counters start again.
    pub(crate) fn enter(&mut self, county: i32) {
        self.county = county;
        self.next.retain(|key, _| key.0 != Prefix::County);
    }

    /// A new number, and the birthday it holds (the next day when a day is full).
    pub(crate) fn issue(&mut self, prefix: Prefix, birth: DayNo, sex: Sex) -> (IdNo, DayNo) {
        let mut birth = birth;
        loop {
            let used = self
                .next
                .entry((prefix, birth, sex == Sex::Male))
                .or_insert(0);
            if *used < 497 {
                // The 17th digit is odd for men; 996 to 999 stay free for centenarians.
                // 211 is prime to 497, so scattered orders stay apart.
                let scattered = (*used * 211 + birth.unsigned_abs() * 89) % 497;
                let order = scattered * 2 + if sex == Sex::Male { 1 } else { 2 };
                *used += 1;
                let (y, m, d) = civil(birth);
                let area = match prefix {
                    Prefix::County => self.county,
                    Prefix::Abolished => 990_190,
                    Prefix::Elsewhere => 990_199,
                };
                let body = format!("{area:06}{y:04}{m:02}{d:02}{order:03}");
                return (with_check(&body), birth);
            }
            birth += 1;
        }
    }
}

/// Completes 17 digits with the check character of GB 11643.
fn with_check(body: &str) -> IdNo {
    let mut out = [b'0'; 18];
    for (to, from) in out.iter_mut().zip(body.bytes()) {
        *to = from;
    }
    if let Some(last) = out.last_mut() {
        *last = id_check(body);
    }
    IdNo(out)
}

/// The check character of GB 11643 (ISO 7064 MOD 11-2) for 17 digits.
pub(crate) fn id_check(body: &str) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b.wrapping_sub(b'0')) * w)
        .sum();
    let at = usize::try_from(sum % 11).unwrap_or(0);
    b"10X98765432".get(at).copied().unwrap_or(b'0')
}

/// A unified social credit code (GB 32100) of the fictional county: `kind` is 91 for a company,
/// 92 for a self-employed person, 93 for a cooperative, 12 for an institution.
pub(crate) fn credit_code(kind: u32, county: i32, no: u64) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    let organisation = format!("M{:07}", no % 10_000_000);
    let check = organisation_check(&organisation);
    let body = format!("{kind:02}{county:06}{organisation}{check}");
    let sum: usize = body
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| ALPHABET.iter().position(|a| *a == b).unwrap_or(0) * w)
        .sum();
    let last = ALPHABET.get((31 - sum % 31) % 31).copied().unwrap_or(b'0');
    format!("{body}{}", char::from(last))
}

/// The check character of an organisation code (GB 11714) of eight characters.
fn organisation_check(code: &str) -> char {
    let value = |b: u8| {
        if b.is_ascii_digit() {
            u32::from(b - b'0')
        } else {
            u32::from(b.saturating_sub(b'A')) + 10
        }
    };
    let sum: u32 = code
        .bytes()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(b, w)| value(b) * w)
        .sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        n => char::from_digit(n, 10).unwrap_or('0'),
    }
}

/// A 19-digit bank card with the fictional prefix 6299 and a valid Luhn digit.
pub(crate) fn bank_card(no: u64) -> String {
    let body = format!("6299{no:014}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b.wrapping_sub(b'0'));
            let doubled = if i % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// The number plate of vehicle number `no`: the fictional province sign 示, a letter, five more.
pub(crate) fn plate(no: u64) -> String {
    const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    const ALL: &[u8; 34] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    // Multiplying by a number prime to 24 and 34 scatters neighbours and keeps plates apart.
    let mut left = no.wrapping_mul(15_485_863) % (24 * 34u64.pow(5));
    let mut at = |alphabet: &[u8]| {
        let size = u64::try_from(alphabet.len()).unwrap_or(1);
        let sign = usize::try_from(left % size)
            .ok()
            .and_then(|i| alphabet.get(i));
        left /= size;
        char::from(sign.copied().unwrap_or(b'0'))
    };
    let letter = at(LETTERS);
    let rest: String = (0..5).map(|_| at(ALL)).collect();
    format!("示{letter}{rest}")
}

/// A real-estate unit number of 28 characters: township, parcel sign and number, building and flat.
pub(crate) fn estate_unit(township: &str, no: u64) -> String {
    let (high, low) = (no / 100_000 % 100_000_000, no % 100_000);
    format!("{township}001JC{low:05}F{high:08}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_agree_with_the_published_test_vectors() {
        assert_eq!(id_check("11010519491231002"), b'X');
        assert_eq!(id_check("99010119800229001"), b'1');
        assert_eq!(id_check("99010119800229002"), b'X');
        assert_eq!(organisation_check("M000100Y"), '4');
        assert_eq!(bank_card(1), "6299000000000000010");
        assert_eq!(credit_code(91, 990_101, 1).len(), 18);
        assert_eq!(estate_unit("990101001", 12_345_678).len(), 28);
    }
}

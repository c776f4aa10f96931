//! Digests of rows: whether a row was there before, and what a file holds whatever the order.

use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// SHA-256 of what a row says.
pub(crate) type RowDigest = [u8; 32];

/// What of a digest is kept to know it again: two bytes name the shelf, seven stand on it. With
/// eight million rows, one file in a hundred million has a row that is taken for another.
const KEPT: usize = 7;
type Kept = [u8; KEPT];

/// How many digests wait before they are put on the shelves.
const WAITING_MAX: usize = 1 << 18;
const SHELVES: usize = 1 << 16;

/// The digests of the rows so far, in seven bytes each.
pub(crate) struct Seen {
    /// Shelf by shelf, in order.
    shelved: Vec<Kept>,
    /// Where each shelf ends.
    ends: Vec<usize>,
    waiting: HashSet<(u16, Kept)>,
    waiting_max: usize,
}

impl Seen {
    /// Nothing seen.
    pub(crate) fn new() -> Self {
        Self::with_waiting(WAITING_MAX)
    }

    fn with_waiting(waiting_max: usize) -> Self {
        Self {
            shelved: Vec::new(),
            ends: vec![0; SHELVES],
            waiting: HashSet::new(),
            waiting_max,
        }
    }

    /// Takes a digest in; whether it is new.
    pub(crate) fn insert(&mut self, digest: &RowDigest) -> bool {
        let (shelf, kept) = parts(digest);
        let (from, to) = self.bounds(shelf.into());
        let stands = self.shelved.get(from..to).unwrap_or(&[]);
        if stands.binary_search(&kept).is_ok() || !self.waiting.insert((shelf, kept)) {
            return false;
        }
        if self.waiting.len() >= self.waiting_max {
            self.shelve();
        }
        true
    }

    fn bounds(&self, shelf: usize) -> (usize, usize) {
        let end = |shelf: usize| self.ends.get(shelf).copied().unwrap_or(0);
        (shelf.checked_sub(1).map_or(0, end), end(shelf))
    }

    /// Puts what waits in its place, from the last shelf to the first, without a second list.
    fn shelve(&mut self) {
        let mut coming: Vec<(u16, Kept)> = self.waiting.drain().collect();
        coming.sort_unstable();
        let grown = self.shelved.len().saturating_add(coming.len());
        let mut from = self.shelved.len();
        self.shelved.reserve_exact(coming.len());
        self.shelved.resize(grown, [0; KEPT]);
        let mut to = grown;
        for shelf in (0..SHELVES).rev() {
            let (begin, _) = self.bounds(shelf);
            if let Some(end) = self.ends.get_mut(shelf) {
                *end = to;
            }
            loop {
                let next = coming.last().filter(|(s, _)| usize::from(*s) == shelf);
                let old = from
                    .checked_sub(1)
                    .filter(|at| *at >= begin)
                    .and_then(|at| self.shelved.get(at).copied());
                let put = match (old, next.map(|(_, kept)| *kept)) {
                    (None, None) => break,
                    (Some(old), Some(new)) if new > old => {
                        coming.pop();
                        new
                    }
                    (Some(old), _) => {
                        from = from.saturating_sub(1);
                        old
                    }
                    (None, Some(new)) => {
                        coming.pop();
                        new
                    }
                };
                to = to.saturating_sub(1);
                if let Some(place) = self.shelved.get_mut(to) {
                    *place = put;
                }
            }
        }
    }
}

fn parts(digest: &RowDigest) -> (u16, Kept) {
    let [a, b, c, d, e, f, g, h, i, ..] = *digest;
    (u16::from_be_bytes([a, b]), [c, d, e, f, g, h, i])
}

/// The sum of digests: of the same rows in any order it is the same, and no row's is lost in it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    parts: [u64; 4],
    rows: u64,
}

impl Sum {
    /// Adds a digest.
    pub(crate) fn add(&mut self, digest: &RowDigest) {
        let mut carry = false;
        for (part, bytes) in self.parts.iter_mut().zip(digest.chunks_exact(8)) {
            let more = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            let (sum, first) = part.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*part, carry) = (sum, first || second);
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// Adds the digest of a text.
    pub(crate) fn add_text(&mut self, text: &str) {
        self.add(&Sha256::digest(text).into());
    }

    /// SHA-256 of how many digests there are and of their sum.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update(self.rows.to_le_bytes());
        for part in self.parts {
            sha.update(part.to_le_bytes());
        }
        sha.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u32) -> RowDigest {
        Sha256::digest(number.to_le_bytes()).into()
    }

    /// Goes through numbers that look random, and compares with a plain set at each step.
    fn check(waiting_max: usize, steps: u32, below: u64) {
        let (mut seen, mut plain) = (Seen::with_waiting(waiting_max), HashSet::new());
        let mut dice = 20_260_914_u64;
        for _ in 0..steps {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = u32::try_from((dice >> 33) % below).unwrap_or(0);
            assert_eq!(seen.insert(&digest(number)), plain.insert(number));
        }
        assert!(plain.len() > waiting_max * 2, "nothing was ever shelved");
    }

    #[test]
    fn what_was_seen_is_known_again_whether_it_waits_or_stands_on_a_shelf() {
        check(1, 300, 200);
        check(7, 2_000, 400);
        check(5_000, 40_000, 20_000);
    }

    #[test]
    fn the_sum_is_of_the_rows_and_their_number_and_not_of_their_order() {
        let sum = |numbers: &[u32]| {
            let mut sum = Sum::default();
            numbers.iter().for_each(|n| sum.add(&digest(*n)));
            sum.digest()
        };
        assert_eq!(sum(&[1, 2, 3]), sum(&[3, 1, 2]));
        assert_ne!(sum(&[1, 2, 3]), sum(&[1, 2, 3, 3]));
        assert_ne!(sum(&[1, 2]), sum(&[1, 3]));
        assert_ne!(sum(&[]), [0; 32]);
    }
}

//! 姓名查找: finds persons by name, or by the first letters of its sounds, in the memory of the running
//! program only.
//!
//! Names are sealed, and an index kept with them would tell how often each of them stands there. So the
//! program opens every name once, keeps of it the first letters and two digests under a key of this start,
//! and forgets it. Nothing of this is ever written, and no name leaves this module.

use crate::error::{Result, StoreError};
use crate::identity;
use crate::open::Store;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::Row;
use domain::{AreaCode, PersonId, names};
use pinyin::ToPinyin as _;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

/// Persons read at once.
const ROWS_AT_ONCE: u32 = 20_000;
/// Letters of a name that count; a longer one is found by its beginning.
const LETTERS_MAX: usize = 12;
/// Fewer than two characters would list the county.
const LETTERS_MIN: usize = 2;
/// Bits of a letter: `a` is 1, and what has no sound is 27.
const BITS: u32 = 5;
const SOUNDLESS: u64 = 27;

statements! {
    MARKS = "select (select coalesce(max(identity_id), 0) from identity),
        (select coalesce(max(change_no), 0) from person_change)";
    PAGE = "select i.identity_id, i.person_id, i.name, p.area from identity i
        join person p on p.person_id = i.person_id
        where i.person_id > $1 and i.identity_id =
            (select max(j.identity_id) from identity j where j.person_id = i.person_id)
        order by i.person_id limit $2";
    TOUCHED = "select person_id from identity where identity_id > $1
        union select person_id from person_change where change_no > $2 and field = 'area'";
    ONE = "select i.identity_id, i.person_id, i.name, p.area from identity i
        join person p on p.person_id = i.person_id
        where i.person_id = $1 order by i.identity_id desc limit 1";
}

/// Surnames whose sound is not the usual one of their character, or which have two.
const SURNAMES: &[(char, &str)] = &[
    ('单', "s"),
    ('解', "x"),
    ('仇', "q"),
    ('区', "o"),
    ('查', "z"),
    ('曾', "z"),
    ('盖', "g"),
    ('朴', "p"),
    ('种', "c"),
    ('重', "cz"),
    ('繁', "p"),
    ('黑', "h"),
    ('折', "s"),
    ('召', "s"),
    ('员', "y"),
    ('缪', "m"),
    ('冼', "x"),
    ('洗', "x"),
    ('覃', "qt"),
    ('乐', "yl"),
    ('尉', "wy"),
    ('长', "zc"),
    ('万', "wm"),
    ('沈', "s"),
    ('能', "n"),
    ('卜', "b"),
    ('秘', "b"),
    ('祭', "z"),
    ('郇', "xh"),
    ('隗', "wk"),
    ('晟', "cs"),
    ('盛', "s"),
];

/// What is kept of a person's name.
struct Kept {
    person: PersonId,
    area: Option<AreaCode>,
    /// Digest of the whole folded name.
    whole: u64,
    /// Digest of its first two characters.
    beginning: u64,
}

/// Persons by name. Has no printable form.
#[derive(Default)]
pub struct NameIndex {
    key: RandomState,
    kept: Vec<Kept>,
    places: HashMap<i64, u32>,
    /// First letters and place in `kept`, in order.
    order: Vec<(u64, u32)>,
    /// How far the record had grown when it was last read.
    marks: (i64, i64),
}

/// A name on its way from its seal to its letters.
struct Opened {
    person: PersonId,
    area: Option<AreaCode>,
    letters: Vec<u64>,
    whole: u64,
    beginning: u64,
}

impl NameIndex {
    /// Reads what was written since the last time; the first time everything.
    pub async fn refresh(&mut self, store: &Store) -> Result<()> {
        let rows = store.rows(MARKS, vec![]).await?;
        let row = rows.first().ok_or(StoreError::Closed)?;
        let marks = (row.int(0)?, row.int(1)?);
        if marks == self.marks {
            return Ok(());
        }
        if self.kept.is_empty() {
            self.read_all(store).await?;
        } else {
            self.read_touched(store).await?;
        }
        self.order.sort_unstable();
        self.marks = marks;
        Ok(())
    }

    async fn read_all(&mut self, store: &Store) -> Result<()> {
        let mut after = 0_i64;
        loop {
            let page = vec![after.into(), ROWS_AT_ONCE.into()];
            let rows = store.rows(PAGE, page).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.int(1)?;
            self.take(store, rows).await?;
        }
    }

    async fn read_touched(&mut self, store: &Store) -> Result<()> {
        let (identity, change) = self.marks;
        let touched = vec![identity.into(), change.into()];
        let rows = store.rows(TOUCHED, touched).await?;
        let persons: Result<Vec<i64>> = rows.iter().map(|row| row.int(0)).collect();
        let persons = persons?;
        let old: BTreeSet<u32> = persons
            .iter()
            .filter_map(|p| self.places.get(p).copied())
            .collect();
        self.order.retain(|(_, place)| !old.contains(place));
        let sets = persons.into_iter().map(|p| vec![p.into()]).collect();
        let rows = store.rows_each(ONE, sets).await?;
        self.take(store, rows.into_iter().flatten().collect()).await
    }

    /// Opens the names of rows and keeps what finds them.
    async fn take(&mut self, store: &Store, rows: Vec<Row>) -> Result<()> {
        let seal = identity::name_seal(store);
        let key = self.key.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let open = |row: &Row| -> Result<Option<Opened>> {
                let Some(sealed) = row.bytes_opt(2)? else {
                    return Ok(None);
                };
                let name = seal.open_text(row.int(0)?, &sealed)?;
                let folded: Vec<char> = names::match_key(&name).chars().collect();
                Ok(Some(Opened {
                    person: PersonId::new(row.int(1)?),
                    area: row.area_opt(3)?,
                    letters: letters(&folded),
                    whole: key.hash_one(folded.as_slice()),
                    beginning: key.hash_one(folded.get(..LETTERS_MIN).unwrap_or_default()),
                }))
            };
            rows.iter().map(open).collect::<Result<Vec<_>>>()
        });
        let opened = worked.await.map_err(|_| StoreError::Closed)??;
        for one in opened.into_iter().flatten() {
            self.keep(one)?;
        }
        Ok(())
    }

    fn keep(&mut self, opened: Opened) -> Result<()> {
        let kept = Kept {
            person: opened.person,
            area: opened.area,
            whole: opened.whole,
            beginning: opened.beginning,
        };
        let next = u32::try_from(self.kept.len());
        let next = next.map_err(|_| StoreError::TooLarge { what: "人数" })?;
        let place = *self.places.entry(opened.person.get()).or_insert(next);
        match usize::try_from(place)
            .ok()
            .and_then(|at| self.kept.get_mut(at))
        {
            Some(old) => *old = kept,
            None => self.kept.push(kept),
        }
        self.order
            .extend(opened.letters.into_iter().map(|letters| (letters, place)));
        Ok(())
    }

    /// Whom some words find where the caller may look, by the first letters; nothing when the words are
    /// neither a name nor the first letters of one, or too few.
    ///
    /// A name is written in full, or its first two characters; letters from the first on.
    #[must_use]
    pub fn find(&self, words: &str, inside: impl Fn(Option<AreaCode>) -> bool) -> Vec<PersonId> {
        let folded: Vec<char> = names::match_key(words).chars().collect();
        if folded.len() < LETTERS_MIN || folded.iter().any(|c| !c.is_alphabetic()) {
            return Vec::new();
        }
        let by_letters = folded.iter().all(char::is_ascii_alphabetic);
        let wanted = (!by_letters).then(|| self.key.hash_one(folded.as_slice()));
        let two = folded.len() == LETTERS_MIN;
        let fits = |kept: &Kept| {
            wanted.is_none_or(|digest| kept.whole == digest || (two && kept.beginning == digest))
        };
        let Some(first) = letters(&folded).first().copied() else {
            return Vec::new();
        };
        let from = self.order.partition_point(|(letters, _)| *letters < first);
        let until = first.saturating_add(width(folded.len().min(LETTERS_MAX)));
        let mut found = Vec::new();
        for (letters, place) in self.order.iter().skip(from) {
            if *letters >= until {
                break;
            }
            let kept = usize::try_from(*place)
                .ok()
                .and_then(|at| self.kept.get(at));
            if let Some(kept) = kept.filter(|kept| fits(kept) && inside(kept.area)) {
                found.push(kept.person);
            }
        }
        // A surname with two sounds stands in the order twice.
        let mut seen = BTreeSet::new();
        found.retain(|person| seen.insert(*person));
        found
    }
}

/// How many numbers begin with the same so many letters.
fn width(letters: usize) -> u64 {
    let left = u32::try_from(LETTERS_MAX.saturating_sub(letters)).unwrap_or(0);
    1_u64
        .checked_shl(left.saturating_mul(BITS))
        .unwrap_or(u64::MAX)
}

/// The first letters of a name's sounds as a number that sorts like them: more than one where its surname
/// has more than one sound, the usual one of the character first.
fn letters(folded: &[char]) -> Vec<u64> {
    let Some((surname, given)) = folded.split_first() else {
        return Vec::new();
    };
    let usual = letter(*surname);
    let mut firsts = vec![usual];
    let others = SURNAMES.iter().find(|(c, _)| c == surname);
    firsts.extend(
        others
            .into_iter()
            .flat_map(|(_, all)| all.chars().map(letter)),
    );
    let mut seen = BTreeSet::new();
    firsts.retain(|letter| seen.insert(*letter));
    let rest = |first: u64| {
        let all = std::iter::once(first).chain(given.iter().copied().map(letter));
        let places = (0..LETTERS_MAX).rev().zip(all);
        places.fold(0_u64, |sum, (place, letter)| {
            let bits = u32::try_from(place).unwrap_or(0).saturating_mul(BITS);
            sum | letter.checked_shl(bits).unwrap_or(0)
        })
    };
    firsts.into_iter().map(rest).collect()
}

fn letter(c: char) -> u64 {
    let sound = match c.to_pinyin() {
        Some(sound) => sound.plain().chars().next(),
        None => Some(c),
    };
    let small = sound.map(|c| c.to_ascii_lowercase());
    match small.filter(char::is_ascii_lowercase) {
        Some(c) => u64::from(u32::from(c).saturating_sub(u32::from('a'))).saturating_add(1),
        None => SOUNDLESS,
    }
}

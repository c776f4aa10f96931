//! 合并: what becomes of one answer that was written while others wrote. Pure: nothing is read or kept here.
//!
//! An answer is kept when its writer saw what it replaces. Else both are told, and somebody chooses. Of one
//! tablet its own later word counts, in whatever order its words arrive.

use store::visits::Answer;

/// Where an answer was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written<'a> {
    /// On a whole form, which sends every field, touched or not: what stood there when it was opened.
    OnForm(Option<&'a Answer>),
    /// On a tablet, which sends what was touched: its order there, the order of that tablet's newest word to this
    /// question that counted, and whether what stands now is that tablet's own word.
    OnTablet {
        seq: i64,
        newest_seq: i64,
        own: bool,
    },
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// It is kept, after the answer of this number.
    Keep(i64),
    /// It says what stands there already.
    Same(&'a Answer),
    /// Nobody touched this field of an older form: the newer answer stays.
    Untouched,
    /// The same tablet has said something later.
    Older,
    /// Something else stands there that its writer did not see.
    Differs(&'a Answer),
}

/// Judges an answer against the newest one there is.
pub(super) fn judge<'a>(
    newest: Option<&'a Answer>,
    (value, base): (&str, i64),
    written: Written<'_>,
) -> Verdict<'a> {
    if let Written::OnTablet {
        seq, newest_seq, ..
    } = written
        && seq <= newest_seq
    {
        return Verdict::Older;
    }
    let Some(now) = newest else {
        return Verdict::Keep(0);
    };
    if now.content.value == value {
        return Verdict::Same(now);
    }
    let seen = now.no == base || matches!(written, Written::OnTablet { own: true, .. });
    match written {
        _ if seen => Verdict::Keep(now.no),
        Written::OnForm(Some(stood)) if stood.content.value == value => Verdict::Untouched,
        Written::OnForm(_) | Written::OnTablet { .. } => Verdict::Differs(now),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use store::At;
    use store::visits::NewAnswer;

    /// What the record keeps of one question, as `visits::tablet` keeps it.
    #[derive(Default)]
    struct Record {
        answers: Vec<Answer>,
        /// By tablet and key: the answer a change was kept as, and its order.
        changes: BTreeMap<(usize, usize), (i64, bool, Option<i64>)>,
    }

    #[derive(Clone, Debug)]
    struct Change {
        tablet: usize,
        key: usize,
        seq: i64,
        value: String,
        base: i64,
    }

    /// What the tablet is told.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Told {
        Stands,
        Later,
        Choose { theirs: String, base: i64 },
    }

    impl Record {
        fn newest(&self) -> Option<&Answer> {
            self.answers.last()
        }

        fn receive(&mut self, change: &Change) -> Told {
            let key = (change.tablet, change.key);
            if let Some((_, true, _)) = self.changes.get(&key) {
                return Told::Stands;
            }
            let of_tablet = self
                .changes
                .iter()
                .filter(|((t, _), _)| *t == change.tablet);
            let counted = of_tablet.clone().filter(|(_, (_, counts, _))| *counts);
            let newest_seq = counted.map(|(_, (seq, ..))| *seq).max().unwrap_or(0);
            let newest = self.newest().cloned();
            let own = newest.as_ref().is_some_and(|now| {
                let mut all = of_tablet.clone();
                all.any(|(_, (_, _, answer))| *answer == Some(now.no))
            });
            let written = Written::OnTablet {
                seq: change.seq,
                newest_seq,
                own,
            };
            match judge(newest.as_ref(), (&change.value, change.base), written) {
                Verdict::Keep(base) => {
                    let no = i64::try_from(self.answers.len()).unwrap() + 1;
                    self.answers.push(Answer {
                        no,
                        content: NewAnswer {
                            person: None,
                            fact: "住房安全".to_owned(),
                            value: change.value.clone(),
                            base,
                        },
                        at: At::parse("2026-09-01T09:00:00+08:00").unwrap(),
                        actor: format!("tablet{}", change.tablet),
                    });
                    self.changes.insert(key, (change.seq, true, Some(no)));
                    Told::Stands
                }
                Verdict::Same(_) => {
                    self.changes.insert(key, (change.seq, true, None));
                    Told::Stands
                }
                Verdict::Older => Told::Later,
                Verdict::Differs(now) => Told::Choose {
                    theirs: now.content.value.clone(),
                    base: now.no,
                },
                Verdict::Untouched => unreachable!("a tablet sends what was touched"),
            }
        }
    }

    /// Two tablets write offline, each from what it took along; their changes arrive in any order, some twice.
    fn run(writes: &[(usize, u8)], arrivals: &[prop::sample::Index], choices: &[bool]) {
        let mut record = Record::default();
        let mut changes: Vec<Change> = Vec::new();
        for (at, (tablet, value)) in writes.iter().enumerate() {
            changes.push(Change {
                tablet: *tablet,
                key: at,
                seq: i64::try_from(at).unwrap() + 1,
                value: value.to_string(),
                base: 0,
            });
        }
        let mut order: Vec<usize> = arrivals
            .iter()
            .map(|one| one.index(changes.len()))
            .collect();
        order.extend(0..changes.len());
        let mut open: BTreeMap<usize, (String, i64)> = BTreeMap::new();
        for at in &order {
            let before = record.answers.len();
            let change = &changes[*at];
            match record.receive(change) {
                Told::Choose { theirs, base } => {
                    // Told, and nothing was written over.
                    assert_eq!(record.answers.len(), before);
                    assert_ne!(theirs, change.value);
                    open.insert(*at, (theirs, base));
                }
                Told::Stands => {
                    open.remove(at);
                }
                // The same tablet said more since, and that was taken or told.
                Told::Later => {
                    let later = changes.iter().enumerate().any(|(other, one)| {
                        one.tablet == change.tablet
                            && one.seq > change.seq
                            && order.contains(&other)
                    });
                    assert!(later, "{change:?} is older than nothing");
                    open.remove(at);
                }
            }
        }
        // No change is lost in silence: it stands or stood in the record, was told as a conflict, or its own
        // tablet said something later.
        for (at, change) in changes.iter().enumerate() {
            let stood = record
                .answers
                .iter()
                .any(|a| a.content.value == change.value);
            let later = changes
                .iter()
                .any(|one| one.tablet == change.tablet && one.seq > change.seq);
            assert!(
                stood || later || open.contains_key(&at),
                "{change:?} is lost"
            );
        }
        // Each answer stands on the one before it, and a tablet writes only over what it saw or wrote.
        for (at, answer) in record.answers.iter().enumerate() {
            assert_eq!(answer.content.base, i64::try_from(at).unwrap());
            if at > 0 {
                assert_eq!(record.answers[at - 1].actor, answer.actor);
            }
        }
        converge(&mut record, &changes, open, choices);
    }

    /// Whoever is told of two answers chooses; then both tablets read the same and nothing is open.
    fn converge(
        record: &mut Record,
        changes: &[Change],
        open: BTreeMap<usize, (String, i64)>,
        choices: &[bool],
    ) {
        let mut seq = i64::try_from(changes.len()).unwrap() + 1;
        for (turn, (at, _)) in open.into_iter().enumerate() {
            // Who chooses the other's sends nothing.
            if !choices[turn % choices.len()] {
                continue;
            }
            let change = &changes[at];
            let mut mine = Change {
                key: 1000 + turn,
                seq,
                ..change.clone()
            };
            seq += 1;
            // What stands may have changed since it was told: told anew, chosen anew.
            for _ in 0..3 {
                match record.receive(&mine) {
                    Told::Choose { base, .. } => mine.base = base,
                    Told::Stands | Told::Later => break,
                }
            }
            assert_eq!(record.newest().unwrap().content.value, mine.value);
        }
        let stands = record.newest().unwrap().clone();
        let before = record.answers.len();
        for change in changes {
            let told = record.receive(change);
            assert!(matches!(
                told,
                Told::Stands | Told::Later | Told::Choose { .. }
            ));
        }
        assert_eq!(
            record.answers.len(),
            before,
            "the same again changed something"
        );
        assert_eq!(record.newest(), Some(&stands));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn two_tablets_in_any_order_and_twice_lose_nothing_in_silence(
            writes in prop::collection::vec((0_usize..2, 0_u8..4), 1..8),
            arrivals in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
            choices in prop::collection::vec(any::<bool>(), 1..4),
        ) {
            run(&writes, &arrivals, &choices);
        }
    }
}

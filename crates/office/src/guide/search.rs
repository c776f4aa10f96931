//! 全文检索: a small index in memory. Some forty programmes with a page of text each need no search
//! engine: Chinese text is cut into pairs of characters, ranked by BM25, and residents' own words
//! come from a table an official can edit.

use super::words::{Asked, Pattern, plain, sounds};
use std::collections::HashMap;

/// Longest question that is read, in characters.
const QUESTION_LETTERS_MAX: usize = 200;
/// How quickly a word stops counting when it comes again and again.
const SATURATION: f64 = 1.2;
/// How much a long text is held against its words.
const LENGTH_SHARE: f64 = 0.5;
/// What a residents' word counts against the words of the text.
const RESIDENTS_SHARE: f64 = 6.0;
/// What further residents' words add to the best one.
const FURTHER_SHARE: f64 = 0.35;
/// What a pair of characters found by its sound alone counts.
const SOUND_SHARE: f64 = 0.3;

/// A text to be found, in parts that count differently.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// Each part and what a word in it counts.
    pub parts: Vec<(String, u32)>,
}

/// A row of the residents' words.
#[derive(Clone, Debug)]
pub(super) struct Residents {
    /// The word.
    pub pattern: Pattern,
    /// As it stands in the table.
    pub written: String,
    /// The texts it means.
    pub means: Vec<usize>,
}

/// A text that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its place.
    pub at: usize,
    /// How well it fits.
    pub score: f64,
    /// The residents' words that led to it.
    pub because: Vec<String>,
}

/// The index.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// For each pair of characters, where it stands and how much it counts there.
    places: HashMap<[char; 2], Vec<(usize, f64)>>,
    /// Pairs by their sound.
    by_sound: HashMap<[String; 2], Vec<[char; 2]>>,
    lengths: Vec<f64>,
    average: f64,
    residents: Vec<Residents>,
    empty: Vec<Vec<char>>,
}

fn number(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::from(u32::MAX), f64::from)
}

fn pairs(text: &[char]) -> impl Iterator<Item = [char; 2]> + '_ {
    text.windows(2)
        .filter_map(|w| <[char; 2]>::try_from(w).ok())
}

impl Index {
    /// Indexes texts; `empty` are words that say nothing in a question.
    pub(super) fn build(texts: &[Text], residents: Vec<Residents>, empty: Vec<Vec<char>>) -> Self {
        let mut index = Self {
            residents,
            empty,
            ..Self::default()
        };
        for (at, text) in texts.iter().enumerate() {
            let mut counts: HashMap<[char; 2], f64> = HashMap::new();
            let mut length = 0.0;
            for (part, weight) in &text.parts {
                for pair in pairs(&plain(part)) {
                    *counts.entry(pair).or_default() += f64::from(*weight);
                    length += 1.0;
                }
            }
            for (pair, count) in counts {
                index.places.entry(pair).or_default().push((at, count));
            }
            index.lengths.push(length);
        }
        index.average = index.lengths.iter().sum::<f64>() / number(texts.len()).max(1.0);
        for pair in index.places.keys() {
            if let Ok(sound) = <[String; 2]>::try_from(sounds(pair)) {
                index.by_sound.entry(sound).or_default().push(*pair);
            }
        }
        index
    }

    /// The texts that fit a question, best first; those that fit not at all are left out.
    pub(super) fn find(&self, question: &str) -> Vec<Found> {
        let asked = Asked::read(question, QUESTION_LETTERS_MAX);
        let mut found: Vec<Found> = (0..self.lengths.len())
            .map(|at| Found {
                at,
                score: 0.0,
                because: Vec::new(),
            })
            .collect();
        self.by_residents(&asked, &mut found);
        self.by_text(asked.without(&self.empty), &mut found);
        found.retain(|f| f.score > 0.0);
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
        found
    }

    fn by_residents(&self, asked: &Asked, found: &mut [Found]) {
        let mut fits: Vec<Vec<(f64, &str)>> = vec![Vec::new(); found.len()];
        for row in &self.residents {
            let Some(fit) = row.pattern.fit(asked) else {
                continue;
            };
            // A word that means one programme says more than one that may mean three.
            for (place, at) in row.means.iter().enumerate() {
                let share = 1.0 / (1.0 + 0.15 * number(place));
                if let Some(of) = fits.get_mut(*at) {
                    of.push((fit * share, &row.written));
                }
            }
        }
        for (one, mut of) in found.iter_mut().zip(fits) {
            of.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (place, (fit, written)) in of.into_iter().enumerate() {
                let share = if place == 0 { 1.0 } else { FURTHER_SHARE };
                one.score += RESIDENTS_SHARE * share * fit;
                one.because.push(written.to_owned());
            }
        }
    }

    fn by_text(&self, asked: Asked, found: &mut [Found]) {
        let sounds = asked.sounds.windows(2);
        for (pair, sound) in pairs(&asked.text).zip(sounds) {
            if let Some(places) = self.places.get(&pair) {
                self.add(places, 1.0, found);
                continue;
            }
            let alike = <[String; 2]>::try_from(sound.to_vec()).ok();
            for other in alike.iter().filter_map(|s| self.by_sound.get(s)).flatten() {
                if let Some(places) = self.places.get(other) {
                    self.add(places, SOUND_SHARE, found);
                }
            }
        }
    }

    fn add(&self, places: &[(usize, f64)], share: f64, found: &mut [Found]) {
        let (all, with) = (number(self.lengths.len()), number(places.len()));
        let rare = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
        for (at, count) in places {
            let length = self.lengths.get(*at).copied().unwrap_or(self.average);
            let long = 1.0 - LENGTH_SHARE + LENGTH_SHARE * length / self.average.max(1.0);
            let often = count * (SATURATION + 1.0) / (count + SATURATION * long);
            if let Some(one) = found.get_mut(*at) {
                one.score += share * rare * often;
            }
        }
    }
}

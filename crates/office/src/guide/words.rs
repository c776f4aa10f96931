//! A resident's question as the guide reads it: plain characters, their sounds, the ages and sums of
//! money in it. It knows no programme.

use pinyin::ToPinyin as _;

/// A question, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// What was typed, without signs and blanks, in small letters.
    pub text: Vec<char>,
    /// The sound of each character; a character without one stands for itself.
    pub sounds: Vec<String>,
    /// Ages named in it, in years.
    pub ages: Vec<u64>,
    /// Whether a sum of money is named.
    pub money: bool,
}

/// How one part of a residents' word may appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Written so, or sounding so.
    Word(Vec<char>, Vec<String>),
    /// Any sum of money.
    Money,
    /// An age from so many years on.
    AgeFrom(u64),
}

/// 词: parts that must all be there, each in one of several ways, and parts that must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    with: Vec<Vec<Part>>,
    without: Vec<Vec<Part>>,
}

/// A word that was typed wrong by its sound counts for less than one typed right.
const SOUND_SHARE: f64 = 0.6;
/// A shorter word than this is never looked for by its sound: too many sound alike.
const SOUND_LETTERS_MIN: usize = 2;
/// Nobody is older; a larger number is no age.
const AGE_MAX: u64 = 120;
/// A smaller number without a word of money beside it is no sum of money.
const SUM_MIN: u64 = 100;

/// The characters that carry meaning: no signs, no blanks, small letters, no full-width forms.
pub(super) fn plain(text: &str) -> Vec<char> {
    let narrow = |c: char| match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide.saturating_sub(0xFEE0)).unwrap_or(c),
        _ => c,
    };
    text.chars()
        .map(narrow)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The sound of each character, without its tone: people type by sound and pick the wrong sign.
pub(super) fn sounds(text: &[char]) -> Vec<String> {
    let sound = |c: &char| {
        c.to_pinyin()
            .map_or_else(|| c.to_string(), |sound| sound.plain().to_owned())
    };
    text.iter().map(sound).collect()
}

impl Asked {
    /// Reads a question; of a very long one, the beginning.
    pub(super) fn read(question: &str, letters_max: usize) -> Self {
        let mut text = plain(question);
        text.truncate(letters_max);
        let (ages, money) = numbers(&text);
        Self {
            sounds: sounds(&text),
            text,
            ages,
            money,
        }
    }

    /// The same without the words that say nothing.
    pub(super) fn without(mut self, empty: &[Vec<char>]) -> Self {
        for word in empty {
            while let Some(at) = position(&self.text, word) {
                self.text.drain(at..at.saturating_add(word.len()));
                self.sounds.drain(at..at.saturating_add(word.len()));
            }
        }
        self
    }
}

fn position<T: PartialEq>(text: &[T], word: &[T]) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    text.windows(word.len()).position(|window| window == word)
}

impl Pattern {
    /// Reads `房/屋+塌/倒`, `{钱}+一个月`, `{岁80}`, `低保+!低保户`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut out = Self {
            with: Vec::new(),
            without: Vec::new(),
        };
        for part in text.split('+') {
            let (into, part) = match part.strip_prefix('!') {
                Some(part) => (&mut out.without, part),
                None => (&mut out.with, part),
            };
            let ways: Vec<Part> = part.split('/').filter_map(Part::read).collect();
            if ways.is_empty() {
                return None;
            }
            into.push(ways);
        }
        (!out.with.is_empty()).then_some(out)
    }

    /// How well a question fits: more for more and longer parts; none when one is missing.
    pub(super) fn fit(&self, asked: &Asked) -> Option<f64> {
        let there = |way: &Part| way.fit(asked).is_some();
        if self.without.iter().flatten().any(there) {
            return None;
        }
        let mut total = 0.0;
        for ways in &self.with {
            let best = ways
                .iter()
                .filter_map(|way| way.fit(asked))
                .max_by(f64::total_cmp)?;
            total += best;
        }
        Some(total)
    }

    /// The word as it stands, when it is one word.
    pub(super) fn word(&self) -> Option<&[char]> {
        match self.with.as_slice() {
            [ways] => match ways.as_slice() {
                [Part::Word(word, _)] => Some(word),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Part {
    fn read(text: &str) -> Option<Self> {
        if text == "{钱}" {
            return Some(Self::Money);
        }
        if let Some(age) = text.strip_prefix("{岁").and_then(|t| t.strip_suffix('}')) {
            return age.parse().ok().map(Self::AgeFrom);
        }
        let word = plain(text);
        (!word.is_empty()).then(|| {
            let sounds = sounds(&word);
            Self::Word(word, sounds)
        })
    }

    fn fit(&self, asked: &Asked) -> Option<f64> {
        match self {
            Self::Money => asked.money.then_some(1.0),
            Self::AgeFrom(least) => asked.ages.iter().any(|age| age >= least).then_some(1.5),
            Self::Word(word, sounds) => {
                let letters = u32::try_from(word.len()).map_or(1.0, f64::from);
                if position(&asked.text, word).is_some() {
                    Some(letters.sqrt())
                } else if word.len() >= SOUND_LETTERS_MIN
                    && position(&asked.sounds, sounds).is_some()
                {
                    Some(letters.sqrt() * SOUND_SHARE)
                } else {
                    None
                }
            }
        }
    }
}

/// The ages named, and whether a sum of money is.
fn numbers(text: &[char]) -> (Vec<u64>, bool) {
    let mut ages = Vec::new();
    let mut money = false;
    let mut at: usize = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let Some((value, letters)) = number(rest) else {
            at = at.saturating_add(1);
            continue;
        };
        let after = rest.get(letters).copied().unwrap_or(' ');
        at = at.saturating_add(letters);
        if matches!(after, '块' | '元' | '万' | '千') || value >= SUM_MIN {
            money = true;
        } else if is_age(value, letters, after) {
            ages.push(value);
        }
    }
    (ages, money)
}

/// 七十二岁, and what can only be years of life: 今年七十二了.
fn is_age(value: u64, letters: usize, after: char) -> bool {
    let bare = [' ', '了', '多', '几', '的', '干', '没', '一', '农'];
    let alone = letters > 1 && (20..=AGE_MAX).contains(&value) && bare.contains(&after);
    alone || ['岁', '周'].contains(&after)
}

fn digit(c: char) -> Option<u64> {
    let at = "零一二三四五六七八九".chars().position(|d| d == c);
    match c {
        '〇' => Some(0),
        '两' | '俩' => Some(2),
        _ => at
            .and_then(|at| u64::try_from(at).ok())
            .or_else(|| c.to_digit(10).map(u64::from)),
    }
}

fn power(c: char) -> Option<u64> {
    match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1_000),
        '万' => Some(10_000),
        _ => None,
    }
}

/// The number at the beginning and its letters: 八百, 一千五, 72, 六万.
fn number(text: &[char]) -> Option<(u64, usize)> {
    let (mut total, mut section, mut last): (u64, u64, u64) = (0, 0, 0);
    let (mut seen, mut unit): (Option<u64>, u64) = (None, 1);
    let mut letters: usize = 0;
    for c in text {
        if let Some(value) = digit(*c) {
            // Arabic digits follow one another; Chinese ones stand alone before a unit.
            let run = seen.unwrap_or(0).checked_mul(10)?.checked_add(value)?;
            seen = Some(if c.is_ascii_digit() { run } else { value });
        } else if let Some(of) = power(*c) {
            if letters == 0 && of != 10 {
                return None;
            }
            let count = seen.take().unwrap_or(1);
            if of == 10_000 {
                let whole =
                    section.checked_add(if section > 0 && count == 1 { 0 } else { count })?;
                total = total.checked_add(whole.checked_mul(of)?)?;
                section = 0;
            } else {
                section = section.checked_add(count.checked_mul(of)?)?;
            }
            unit = of;
            last = of;
        } else {
            break;
        }
        letters = letters.saturating_add(1);
    }
    if letters == 0 {
        return None;
    }
    // 一千五 is 1500: a last digit counts tens of the unit before it.
    let tail = match seen {
        Some(value) if last >= 100 && value < 10 => value.checked_mul(unit.checked_div(10)?)?,
        Some(value) => value,
        None => 0,
    };
    let value = total.checked_add(section)?.checked_add(tail)?;
    Some((value, letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, expected: &str) {
        let asked = Asked::read(question, 200);
        let ages: Vec<String> = asked.ages.iter().map(u64::to_string).collect();
        let money = if asked.money { " 钱" } else { "" };
        assert_eq!(format!("{}{money}", ages.join(" ")), expected);
    }

    #[test]
    fn ages_and_sums_are_found_as_people_say_them() {
        check("今年七十二了干不动", "72");
        check("奶奶91岁", "91");
        check("一个月八百怎么活", " 钱");
        check("一家三口每月一千五", " 钱");
        check("花了六万", " 钱");
        check("一家五口挤二十平", "");
    }

    #[test]
    fn a_wrong_sign_with_the_right_sound_fits_less() {
        let pattern = Pattern::read("低保").map(|p| {
            let fit = |text: &str| p.fit(&Asked::read(text, 200));
            (fit("低保"), fit("底保"), fit("房子"))
        });
        let (right, wrong, none) = pattern.unwrap_or_default();
        assert!(right > wrong && wrong.is_some() && none.is_none());
    }

    #[test]
    fn all_parts_must_be_there_in_one_of_their_ways() {
        let pattern = Pattern::read("房/屋+塌/倒");
        let fits = |text: &str| {
            pattern
                .as_ref()
                .is_some_and(|p| p.fit(&Asked::read(text, 200)).is_some())
        };
        assert!(fits("屋子昨晚倒了"));
        assert!(!fits("房子漏雨"));
    }

    #[test]
    fn a_part_that_must_not_be_there_keeps_the_word_from_fitting() {
        let pattern = Pattern::read("低保+!低保户");
        let fits = |text: &str| {
            pattern
                .as_ref()
                .is_some_and(|p| p.fit(&Asked::read(text, 200)).is_some())
        };
        assert!(fits("怎么办低保"));
        assert!(!fits("低保户的孩子上学"));
    }
}

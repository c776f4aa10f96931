//! Names: the common surnames by frequency, one- and two-character given names, rare characters,
//! and names of minorities with the middle dot.

use crate::dice::Dice;
use crate::people::Sex;

const SURNAMES: &str = include_str!("../assets/surnames.csv");
const COMPOUND: &str = include_str!("../assets/compound_surnames.csv");
const GIVEN: &str = include_str!("../assets/given_names.csv");
const EDGE_CASES: &str = include_str!("../assets/name_edge_cases.csv");

/// Given names used with a middle dot, from the edge cases and common transcriptions.
const DOTTED_MALE: [&str; 12] = [
    "买买提",
    "艾力",
    "玉素甫",
    "阿布都热合曼",
    "吐尔逊",
    "艾合买提",
    "伊敏",
    "卡德尔",
    "库尔班",
    "依明",
    "木合塔尔",
    "亚森",
];
const DOTTED_FEMALE: [&str; 10] = [
    "阿依古丽",
    "古丽巴哈尔",
    "热依汗",
    "帕提古丽",
    "阿孜古丽",
    "再努尔",
    "麦尔哈巴",
    "米日古丽",
    "阿瓦古丽",
    "古海尔",
];
const TIBETAN: [&str; 8] = [
    "诺布次仁",
    "扎西顿珠",
    "洛桑",
    "次仁卓玛",
    "丹增",
    "白玛央金",
    "格桑梅朵",
    "索朗",
];

/// The middle dot GB 2312 and the identity card use.
pub(crate) const DOT: char = '·';

/// The pool names are drawn from.
pub(crate) struct Names {
    surnames: Vec<(u32, &'static str)>,
    compound: Vec<&'static str>,
    chars: [Vec<&'static str>; 2],
    full: [Vec<&'static str>; 2],
    rare: Vec<char>,
}

fn of_sex<'a>(pair: &'a [Vec<&'static str>; 2], sex: Sex) -> &'a [&'static str] {
    let [male, female] = pair;
    if sex == Sex::Male { male } else { female }
}

impl Names {
    /// Reads the pool.
    pub(crate) fn load() -> Self {
        let mut names = Self {
            surnames: Vec::new(),
            compound: COMPOUND
                .lines()
                .skip(1)
                .filter_map(|l| l.split(',').next())
                .collect(),
            chars: [Vec::new(), Vec::new()],
            full: [Vec::new(), Vec::new()],
            rare: Vec::new(),
        };
        for line in SURNAMES.lines().skip(1) {
            if let Some((name, weight)) = line.split_once(',') {
                // "7.170" percent becomes the weight 71700; four decimals are given at the most.
                let digits = weight.replace('.', "");
                let decimals = weight
                    .len()
                    .saturating_sub(weight.find('.').unwrap_or(0) + 1);
                let scale = 10u32.pow(u32::try_from(4usize.saturating_sub(decimals)).unwrap_or(0));
                names
                    .surnames
                    .push((digits.parse().unwrap_or(1u32) * scale, name));
            }
        }
        for line in GIVEN.lines().skip(1) {
            let mut cells = line.split(',');
            if let (Some(given), Some(sex), Some(kind)) = (cells.next(), cells.next(), cells.next())
            {
                let [male, female] = if kind == "full" {
                    &mut names.full
                } else {
                    &mut names.chars
                };
                if sex == "M" {
                    male.push(given)
                } else {
                    female.push(given)
                }
            }
        }
        for line in EDGE_CASES.lines().skip(1) {
            let mut cells = line.split(',');
            if let (Some(name), Some("生僻字")) = (cells.next(), cells.next()) {
                // The Unified Ideographs block is common; the extensions are what we look for.
                let outside = |c: &char| !('\u{4e00}'..='\u{9fa5}').contains(c) || *c == '䶮';
                names.rare.extend(name.chars().filter(outside));
            }
        }
        names.rare.push('叕');
        names
    }

    /// A surname.
    pub(crate) fn surname(&self, dice: &mut Dice) -> &'static str {
        if dice.ppm(3_000) {
            dice.pick(&self.compound)
        } else {
            dice.weighted(&self.surnames, "王")
        }
    }

    /// A given name for a Han-style full name.
    fn given(&self, dice: &mut Dice, sex: Sex) -> String {
        if dice.ppm(20_000) {
            let at = dice.index(self.rare.len());
            let rare = self.rare.get(at).copied().unwrap_or('叕');
            let other = dice.pick(of_sex(&self.chars, sex));
            return if dice.percent(30) {
                rare.to_string()
            } else {
                format!("{rare}{other}")
            };
        }
        match dice.below(100) {
            0..30 => dice.pick(of_sex(&self.full, sex)).to_owned(),
            30..42 => dice.pick(of_sex(&self.chars, sex)).to_owned(),
            _ => {
                let first = dice.pick(of_sex(&self.chars, sex));
                format!("{first}{}", dice.pick(of_sex(&self.chars, sex)))
            }
        }
    }

    /// A full name of someone of this people; `father` is the father's or an invented line's name.
    pub(crate) fn full_name(
        &self,
        dice: &mut Dice,
        sex: Sex,
        ethnic: &str,
        surname: &str,
        father: &str,
    ) -> String {
        match ethnic {
            "维吾尔族" | "哈萨克族" => {
                let own = match sex {
                    Sex::Male => dice.pick(&DOTTED_MALE),
                    Sex::Female => dice.pick(&DOTTED_FEMALE),
                };
                let line = father.split(DOT).next().filter(|f| !f.is_empty());
                let of = line.unwrap_or_else(|| dice.pick(&DOTTED_MALE)).to_owned();
                format!("{own}{DOT}{of}")
            }
            "藏族" => dice.pick(&TIBETAN).to_owned(),
            _ => format!("{surname}{}", self.given(dice, sex)),
        }
    }
}

/// The people someone belongs to; nine in ten are Han.
pub(crate) fn ethnic(dice: &mut Dice) -> &'static str {
    dice.weighted(
        &[
            (911, "汉族"),
            (14, "壮族"),
            (11, "回族"),
            (11, "满族"),
            (8, "苗族"),
            (8, "土家族"),
            (8, "维吾尔族"),
            (7, "彝族"),
            (5, "蒙古族"),
            (5, "藏族"),
            (3, "布依族"),
            (3, "侗族"),
            (2, "瑶族"),
            (2, "朝鲜族"),
            (2, "哈萨克族"),
        ],
        "汉族",
    )
}

//! 字段: what a notice or letter may name, and its value. The list of the rulebook says which field is of a
//! person and which may be public; what is about to be shown is read once more for numbers of people.

use super::capsule::Found;
use super::{Case, CaseError, Done};
use crate::error::OfficeError;
use domain::{AreaCode, AreaLevel};
use rules::Rulebook;
use std::collections::BTreeMap;
use store::Reads;

const PATH: &str = "notices/fields.md";
/// Ages the law names for whoever handles a case.
const AGES: &str = "procedures/ages.csv";
const GROWN_UP: &str = "成年";
/// The place's own words: who decides, whom to call.
const OWN: &str = "letters.csv";
const YES: &str = "是";

/// Which fields may be used for what.
pub(super) struct Allowed {
    rows: Vec<[String; 5]>,
    /// 字段 and 规则里的量.
    worked_out: Vec<[String; 2]>,
}

impl Allowed {
    pub(super) fn read(book: &Rulebook) -> Self {
        let text = book.texts().get(PATH).map_or("", String::as_str);
        Self {
            rows: rows(text),
            worked_out: rows(text),
        }
    }

    /// Fills the fields that are a quantity of the rules with what a judgement found of it.
    pub(super) fn worked_out(&self, found: &Found, out: &mut BTreeMap<String, String>) {
        for [field, quantity] in &self.worked_out {
            let lines = found.lines.iter().filter(|line| line.name == *quantity);
            let known = lines
                .map(|line| &line.result)
                .find(|value| !value.is_empty() && *value != rules::show::UNKNOWN);
            if let Some(value) = known {
                out.insert(field.clone(), value.clone());
            }
        }
    }

    /// Whether it is a quantity of the rules.
    pub(super) fn is_worked_out(&self, name: &str) -> bool {
        self.worked_out.iter().any(|[field, _]| field == name)
    }

    fn says(&self, name: &str, column: usize) -> bool {
        let row = self.rows.iter().find(|row| row[0] == name);
        row.and_then(|row| row.get(column))
            .is_some_and(|cell| cell == YES)
    }

    /// Whether it tells something of a person; a field not listed does.
    pub(super) fn is_personal(&self, name: &str) -> bool {
        let listed = self.rows.iter().any(|row| row[0] == name);
        !listed || self.says(name, 2)
    }

    /// Whether it may be public.
    pub(super) fn is_public(&self, name: &str) -> bool {
        self.says(name, 3)
    }

    /// Whether it may stand in a letter.
    pub(super) fn is_for_letters(&self, name: &str) -> bool {
        self.says(name, 4)
    }
}

/// The rows of a table of so many columns.
fn rows<const N: usize>(text: &str) -> Vec<[String; N]> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|line| {
        let cells = line.trim_matches('|').split('|');
        let cells = cells.map(|cell| cell.trim().to_owned());
        <[String; N]>::try_from(cells.collect::<Vec<_>>()).ok()
    });
    cells.collect()
}

/// From which age on somebody is grown up; none when the rulebook does not say.
pub(super) fn grown_up_years(book: &Rulebook) -> Option<i32> {
    let text = book.texts().get(AGES)?;
    let mut rows = text.lines().skip(1).map(rules::params::split);
    let row = rows.find(|row| row.first().is_some_and(|name| name == GROWN_UP))?;
    row.get(1)?.trim().parse().ok()
}

/// The words of the place for its letters: 决定机关, 复议机关, 咨询电话 …
pub(super) struct Office(BTreeMap<String, String>);

impl Office {
    /// Those of the nearest area upward.
    pub(super) fn of(office: &crate::Office, area: &AreaCode) -> Self {
        let path = office.book.path_in(&office.locality, OWN);
        let text = office.book.texts().get(&path).map_or("", String::as_str);
        let mut best: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for row in text.lines().skip(1).map(rules::params::split) {
            let [name, code, value, ..] = row.as_slice() else {
                continue;
            };
            let near = best
                .get(name)
                .is_none_or(|(length, _)| *length < code.len());
            if area.full().starts_with(code.as_str()) && near {
                best.insert(name.clone(), (code.len(), value.clone()));
            }
        }
        Self(best.into_iter().map(|(k, (_, v))| (k, v)).collect())
    }

    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}

/// What every letter of a case may need, names masked.
pub(super) async fn of_case(
    office: &crate::Office,
    on: &impl Reads,
    case: &Case,
) -> Done<BTreeMap<String, String>> {
    let content = &case.application.content;
    let masked = store::identity::masked(on, &[content.applicant]).await?;
    let name = masked.into_values().next().and_then(|masked| masked.name);
    let mut members: Vec<_> = content.members.iter().map(|(person, _)| *person).collect();
    members.push(content.applicant);
    members.sort_unstable();
    members.dedup();
    let program = office.rules_on(case.row.content.rules_day);
    let title = program.file(&case.row.content.programme);
    let title = title.map_or(case.procedure.title.as_str(), |(_, plan)| &plan.title);
    let mut out = BTreeMap::new();
    let mut say = |name: &str, value: String| {
        out.insert(name.to_owned(), value);
    };
    say(
        "申请人姓名",
        name.unwrap_or_else(|| "姓名未登记".to_owned()),
    );
    for (name, masked) in super::guardians::masked(on, case).await? {
        say(&name, masked);
    }
    say("家庭成员数", format!("{} 人", members.len()));
    say("救助项目", title.to_owned());
    say("办件编号", case.no().to_string());
    if let Some(accepted) = case.clock.law.first() {
        say("受理日期", accepted.from.to_string());
        if let Ok(due) = &accepted.due {
            say("办结期限", due.day.to_string());
            let skipped: Vec<String> = due.skipped.iter().map(ToString::to_string).collect();
            say(
                "跳过的假日",
                match skipped.is_empty() {
                    true => "没有".to_owned(),
                    false => skipped.join("、"),
                },
            );
        }
    }
    Ok(out)
}

/// The township and village of a place, in words.
pub(super) async fn place(office: &crate::Office, place: &AreaCode) -> Done<String> {
    let today = office.clock.today();
    let mut names = Vec::new();
    let mut at = Some(*place);
    while let Some(here) = at.filter(|here| here.level() >= AreaLevel::Township) {
        if let Some(area) = store::areas::find(&office.store, &here, today).await? {
            names.push(area.name);
        }
        at = here.parent();
    }
    names.reverse();
    Ok(match names.is_empty() {
        true => place.as_str().to_owned(),
        false => names.concat(),
    })
}

/// Refuses what holds so many digits together as only numbers of people and cards have, however they are
/// written: with blanks, with strokes, in full width or in Chinese.
pub(super) fn no_leak(shown: &[(String, String)]) -> Done<()> {
    for (name, value) in shown {
        if leaks(value) {
            let said = format!("“{name}”里好像有证件号、电话或者卡号,没有公示;请核对来源");
            return Err(CaseError::Refused(said));
        }
    }
    Ok(())
}

/// Refuses free text in which a number of a person, a card or a phone stands: it would lie in the clear.
pub(crate) fn without_numbers(text: &str) -> Done<()> {
    match leaks(text) {
        true => {
            let said = "文字里好像有证件号、手机号或者卡号;请去掉号码再提交,号码只填在专门的栏里";
            Err(CaseError::Refused(said.to_owned()))
        }
        false => Ok(()),
    }
}

/// Whether a text holds a number of a person, card or phone.
#[must_use]
pub fn leaks(text: &str) -> bool {
    /// Digits in a row that no amount, count or day has.
    const DIGITS_MAX: usize = 10;
    const CHINESE: &str = "〇一二三四五六七八九";
    let digit = |c: char| match c {
        '0'..='9' => true,
        '\u{ff10}'..='\u{ff19}' | '零' => true,
        c => CHINESE.contains(c),
    };
    // Blanks, strokes and points never end a number; anything else does.
    let between = |c: char| {
        c.is_whitespace()
            || "-_.,·*/()、。".contains(c)
            || matches!(c, '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
            || matches!(
                c,
                '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff0d}' | '\u{ff0e}'
            )
    };
    let mut run = 0_usize;
    for c in text.chars() {
        if digit(c) {
            run = run.saturating_add(1);
        } else if !between(c) {
            run = 0;
        }
        if run > DIGITS_MAX {
            return true;
        }
    }
    false
}

/// Fields as the record keeps them.
pub(super) fn kept(shown: &[(String, String)]) -> Done<String> {
    let text = serde_json::to_string(shown);
    text.map_err(|error| CaseError::Office(OfficeError::Other(error.to_string())))
}

/// Fields out of the record.
pub(super) fn read(kept: &str) -> Vec<(String, String)> {
    serde_json::from_str(kept).unwrap_or_default()
}

//! The numbers of sign-in, cell by cell: each within what it may be.

use super::PATH;
use std::collections::BTreeMap;

/// The settings' cells, each taken once.
pub(super) struct Values {
    pub(super) rows: BTreeMap<String, String>,
    pub(super) wrong: Vec<String>,
}

impl Values {
    fn take(&mut self, name: &str) -> String {
        self.rows.remove(name).unwrap_or_else(|| {
            self.wrong.push(format!("{PATH}:“设置”里没有 `{name}`"));
            String::new()
        })
    }

    pub(super) fn number<T>(&mut self, name: &str, within: std::ops::RangeInclusive<T>) -> T
    where
        T: std::str::FromStr + PartialOrd + std::fmt::Display + Default,
    {
        let text = self.take(name);
        match text.parse::<T>() {
            Ok(number) if within.contains(&number) => number,
            _ => {
                self.wrong.push(format!(
                    "{PATH}:设置 `{name}` 的值 `{text}` 应是 {} 到 {} 的整数",
                    within.start(),
                    within.end()
                ));
                T::default()
            }
        }
    }

    /// A length of time, told in units of so many seconds.
    pub(super) fn seconds(
        &mut self,
        name: &str,
        unit: i64,
        within: std::ops::RangeInclusive<i64>,
    ) -> i64 {
        self.number(name, within).saturating_mul(unit)
    }

    pub(super) fn choice(&mut self, name: &str, yes: &str, no: &str) -> bool {
        let text = self.take(name);
        if text != yes && text != no {
            self.wrong.push(format!(
                "{PATH}:设置 `{name}` 的值 `{text}` 应是 {yes} 或者 {no}"
            ));
        }
        text == yes
    }
}

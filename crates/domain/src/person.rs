//! 人员: what the arithmetic of a life needs. Name and number are identity and live in the store.

use crate::{Day, PersonId, Sex, age_in_years};

/// 人员, as far as every part of the office may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Person {
    /// 人员编号
    pub id: PersonId,
    /// 性别; none while unknown.
    pub sex: Option<Sex>,
    /// 出生日期; none while unknown.
    pub birth: Option<Day>,
    /// 死亡日期; none while alive or unknown.
    pub death: Option<Day>,
}

impl Person {
    /// 周岁 on that day; unknown without a birth day, none before birth.
    #[must_use]
    pub fn age_on(&self, day: Day) -> Option<i32> {
        let birth = self.birth.filter(|birth| *birth <= day)?;
        Some(age_in_years(birth, day))
    }

    /// Was the person alive on that day, as far as is known? The day of death is still a day of life.
    #[must_use]
    pub fn alive_on(&self, day: Day) -> bool {
        self.birth.is_none_or(|birth| birth <= day) && self.death.is_none_or(|death| day <= death)
    }
}

//! 家庭: who lives together, since when, and who of them counts.
//!
//! An assistance household is neither the registration book nor the address. Who must count is law and stands in
//! the rulebook; here only what was found is kept, with its reason, and contradictions are named.

use std::fmt;

use crate::{Day, HouseholdId, Person, PersonId, Span, text};

/// 与户主关系 (GB/T 4761, first digit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// 户主
    Head,
    /// 配偶
    Spouse,
    /// 子女
    Child,
    /// 孙子女
    Grandchild,
    /// 父母
    Parent,
    /// 祖父母
    Grandparent,
    /// 兄弟姐妹
    Sibling,
    /// 其他
    Other,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 8] = [
        Self::Head,
        Self::Spouse,
        Self::Child,
        Self::Grandchild,
        Self::Parent,
        Self::Grandparent,
        Self::Sibling,
        Self::Other,
    ];

    /// What officials write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "户主",
            Self::Spouse => "配偶",
            Self::Child => "子女",
            Self::Grandchild => "孙子女",
            Self::Parent => "父母",
            Self::Grandparent => "祖父母",
            Self::Sibling => "兄弟姐妹",
            Self::Other => "其他",
        }
    }

    /// The relation written in a cell.
    #[must_use]
    pub fn parse(cell: &str) -> Option<Self> {
        let word = text::without_blanks(cell);
        Self::ALL
            .into_iter()
            .find(|relation| relation.name() == word)
    }
}

/// 是否计入: whether a member counts among those living together, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// 计入
    Counted,
    /// 不计入, with the reason the procedure gave.
    NotCounted {
        /// 不计入原因
        reason: String,
    },
}

/// 家庭成员: one person in one household for a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Membership {
    /// 家庭编号
    pub household: HouseholdId,
    /// 人员编号
    pub person: PersonId,
    /// 与户主关系
    pub relation: Relation,
    /// From which day, until which.
    pub span: Span,
    /// 是否计入
    pub standing: Standing,
}

impl Membership {
    /// Does the person count in this household on that day?
    #[must_use]
    pub fn counts_on(&self, day: Day) -> bool {
        self.span.contains(day) && self.standing == Standing::Counted
    }
}

/// 家庭 with everybody who ever belonged to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    id: HouseholdId,
    memberships: Vec<Membership>,
}

/// A contradiction in who belongs where; each becomes a task, none is cut to fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HouseholdProblem {
    /// The person counts in two households on the same day.
    CountedTwice {
        /// Who.
        person: PersonId,
        /// In one household.
        one: HouseholdId,
        /// And in the other.
        other: HouseholdId,
        /// From this day on.
        from: Day,
    },
    /// The membership starts before birth or goes on after death.
    OutsideLife {
        /// Who.
        person: PersonId,
        /// In which household.
        household: HouseholdId,
    },
    /// Not exactly one head on that day.
    Heads {
        /// In which household.
        household: HouseholdId,
        /// On which day.
        day: Day,
        /// How many there are.
        found: usize,
    },
    /// A member is left out without a reason.
    NoReason {
        /// Who.
        person: PersonId,
        /// In which household.
        household: HouseholdId,
    },
}

impl fmt::Display for HouseholdProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CountedTwice {
                person,
                one,
                other,
                from,
            } => {
                write!(
                    f,
                    "人员{person}自{from}起同时计入家庭{one}和家庭{other},请先核实共同生活情况"
                )
            }
            Self::OutsideLife { person, household } => {
                write!(
                    f,
                    "人员{person}在家庭{household}的起止日期早于出生或晚于死亡,请核实"
                )
            }
            Self::Heads {
                household,
                day,
                found,
            } => {
                write!(f, "家庭{household}在{day}有{found}名户主,应为1名")
            }
            Self::NoReason { person, household } => {
                write!(f, "人员{person}不计入家庭{household},但没有写明原因")
            }
        }
    }
}

impl Household {
    /// The household with its memberships; those of other households are not taken.
    #[must_use]
    pub fn new(id: HouseholdId, memberships: impl IntoIterator<Item = Membership>) -> Self {
        let mut memberships: Vec<Membership> = memberships
            .into_iter()
            .filter(|m| m.household == id)
            .collect();
        memberships.sort();
        Self { id, memberships }
    }

    /// 家庭编号.
    #[must_use]
    pub const fn id(&self) -> HouseholdId {
        self.id
    }

    /// Everybody who ever belonged to it.
    #[must_use]
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }

    /// Who belongs to it on that day, counted or not.
    pub fn members_on(&self, day: Day) -> impl Iterator<Item = &Membership> {
        self.memberships
            .iter()
            .filter(move |m| m.span.contains(day))
    }

    /// 共同生活的家庭成员: who counts on that day.
    pub fn counted_on(&self, day: Day) -> impl Iterator<Item = PersonId> {
        self.memberships
            .iter()
            .filter(move |m| m.counts_on(day))
            .map(|m| m.person)
    }

    /// Who belongs to it on that day without counting, and why.
    pub fn not_counted_on(&self, day: Day) -> impl Iterator<Item = (PersonId, &str)> {
        self.members_on(day).filter_map(|m| match &m.standing {
            Standing::Counted => None,
            Standing::NotCounted { reason } => Some((m.person, reason.as_str())),
        })
    }

    /// 户主 on that day; none unless there is exactly one.
    #[must_use]
    pub fn head_on(&self, day: Day) -> Option<PersonId> {
        let mut heads = self
            .members_on(day)
            .filter(|m| m.relation == Relation::Head);
        let head = heads.next()?;
        heads.next().is_none().then_some(head.person)
    }

    /// What is contradictory within this household on that day.
    #[must_use]
    pub fn problems_on(&self, day: Day) -> Vec<HouseholdProblem> {
        let household = self.id;
        let found = self
            .members_on(day)
            .filter(|m| m.relation == Relation::Head)
            .count();
        let heads = (found != 1).then_some(HouseholdProblem::Heads {
            household,
            day,
            found,
        });
        let silent = self
            .not_counted_on(day)
            .filter(|(_, reason)| text::trimmed(reason).is_empty());
        heads
            .into_iter()
            .chain(silent.map(|(person, _)| HouseholdProblem::NoReason { person, household }))
            .collect()
    }
}

/// Everybody who counts in two households at once, with the first day of it.
#[must_use]
pub fn counted_twice(memberships: &[Membership]) -> Vec<HouseholdProblem> {
    let mut counted: Vec<&Membership> = memberships
        .iter()
        .filter(|m| m.standing == Standing::Counted)
        .collect();
    counted.sort_by_key(|m| (m.person, m.span, m.household));
    let mut problems = Vec::new();
    for (place, one) in counted.iter().enumerate() {
        let later = counted
            .iter()
            .skip(place + 1)
            .take_while(|other| other.person == one.person);
        for other in later.filter(|m| m.household != one.household && m.span.overlaps(one.span)) {
            problems.push(HouseholdProblem::CountedTwice {
                person: one.person,
                one: one.household,
                other: other.household,
                from: one.span.from().max(other.span.from()),
            });
        }
    }
    problems
}

/// Memberships of this person that start before birth or go on after the day of death.
#[must_use]
pub fn outside_life(person: &Person, memberships: &[Membership]) -> Vec<HouseholdProblem> {
    let outside = |span: Span| {
        let after = |death: Day| {
            span.to()
                .is_none_or(|to| to.add_days(-1).is_none_or(|last| last > death))
        };
        person.birth.is_some_and(|birth| span.from() < birth) || person.death.is_some_and(after)
    };
    let own = memberships
        .iter()
        .filter(|m| m.person == person.id && outside(m.span));
    own.map(|m| HouseholdProblem::OutsideLife {
        person: person.id,
        household: m.household,
    })
    .collect()
}

//! The seven structures a family can have.

use super::{Builder, Parents, Role};
use crate::calendar::{DayNo, first_of, last_of};
use crate::people::Sex;

impl Builder<'_> {
    /// Children of a mother of this age; returns how many were added.
    fn children(&mut self, mother_age: i32, parents: Parents, home: usize, relation: &'static str) {
        let table: &[(u32, i64)] = if self.urban {
            &[(13, 0), (55, 1), (29, 2), (3, 3)]
        } else {
            &[(8, 0), (34, 1), (44, 2), (14, 3)]
        };
        let wanted = self.dice.weighted(table, 1);
        let mut age = mother_age - self.dice.small(20, 31);
        for _ in 0..wanted {
            if age < 0 {
                return;
            }
            let twins = self.dice.ppm(11_000);
            let birth = self.birthday(age);
            for _ in 0..=i32::from(twins) {
                let sex = self.any_sex();
                self.child(sex, age, birth, parents, home, relation);
            }
            age -= self.dice.small(2, 5);
        }
    }

    /// Adds one child, unless grown and gone to a family of its own.
    fn child(
        &mut self,
        sex: Sex,
        age: i32,
        birth: DayNo,
        parents: Parents,
        home: usize,
        relation: &'static str,
    ) {
        let leaves = match age {
            ..22 => 0,
            22..27 => 35,
            27..32 => 75,
            _ => 92,
        };
        if !self.dice.percent(leaves) {
            let role = Role {
                home: Some(home),
                relation,
                marital: "未婚",
            };
            self.add_born(sex, birth, role, parents);
        }
    }

    /// A couple, their children, perhaps his parents.
    pub(super) fn core(&mut self) {
        let home = self.household();
        let age = self.dice.weighted(&crate::figures::ANCHOR_AGES, 40) + self.dice.small(0, 4);
        let head = Role {
            home: Some(home),
            relation: "户主",
            marital: "已婚",
        };
        let husband = self.add(Sex::Male, age, head, Parents::default());
        let wife_age = (age - self.dice.small(-2, 5)).max(21);
        let role = Role {
            relation: "配偶",
            ..head
        };
        let wife = self.add(Sex::Female, wife_age, role, Parents::default());
        self.marry(husband, wife);
        let parents = Parents {
            father: Some(husband),
            mother: Some(wife),
        };
        self.children(wife_age, parents, home, "子女");
        self.newborn(wife_age, parents, home);
        if self.dice.ppm(crate::figures::PARENTS_WITH_SON_PPM) {
            self.parents_of(husband, age, home);
        }
    }

    /// A child born within the observed months.
    fn newborn(&mut self, mother_age: i32, parents: Parents, home: usize) {
        if !(20..=40).contains(&mother_age) {
            return;
        }
        let (first, last) = (self.world.first_month(), self.world.last_month());
        let month = (first..=last).find(|_| self.dice.ppm(crate::figures::BIRTH_PPM_MONTH));
        if let Some(month) = month {
            let birth = self.dice.small(first_of(month), last_of(month));
            let sex = self.any_sex();
            let role = Role {
                home: Some(home),
                relation: "子女",
                marital: "未婚",
            };
            self.add_born(sex, birth, role, parents);
        }
    }

    /// The husband's parents, in the same book or in their own; siblings live elsewhere.
    fn parents_of(&mut self, son: usize, age: i32, home: usize) {
        let together = self.dice.percent(if self.urban { 25 } else { 45 });
        let father_age = age + self.dice.small(22, 31);
        let mother_age = father_age - self.dice.small(-2, 5);
        let father_lives = self.survives(father_age, 0);
        let mother_lives = self.survives(mother_age, 5);
        if !father_lives && !mother_lives {
            return;
        }
        let at = if together { home } else { self.household() };
        let marital = if father_lives && mother_lives {
            "已婚"
        } else {
            "丧偶"
        };
        let word = |first: bool| match (together, first) {
            (true, _) => "父母",
            (false, true) => "户主",
            (false, false) => "配偶",
        };
        let mut link = Parents::default();
        if father_lives {
            let role = Role {
                home: Some(at),
                relation: word(true),
                marital,
            };
            link.father = Some(self.add(Sex::Male, father_age, role, Parents::default()));
        }
        if mother_lives {
            let role = Role {
                home: Some(at),
                relation: word(!father_lives),
                marital,
            };
            link.mother = Some(self.add(Sex::Female, mother_age, role, Parents::default()));
        }
        if let (Some(f), Some(m)) = (link.father, link.mother) {
            self.marry(f, m);
        }
        if let Some(p) = self.family.people.get_mut(son) {
            p.father = link.father;
            p.mother = link.mother;
        }
        self.kin_elsewhere(link, age);
    }

    /// Whether someone of this age is still alive; women live longer by `bonus` points.
    fn survives(&mut self, age: i32, bonus: u32) -> bool {
        let rate = match age {
            ..55 => 96,
            55..65 => 91,
            65..70 => 84,
            70..75 => 72,
            75..80 => 55,
            80..85 => 33,
            85..90 => 14,
            _ => 3,
        };
        self.dice.percent(rate + bonus)
    }

    /// Brothers and sisters registered in another county: kin the register does not show.
    fn kin_elsewhere(&mut self, parents: Parents, around: i32) {
        for _ in 0..self.dice.weighted(&[(45, 0), (38, 1), (17, 2)], 0) {
            let sex = self.any_sex();
            let age = (around + self.dice.small(-6, 6)).max(18);
            let role = Role {
                home: None,
                relation: "",
                marital: "已婚",
            };
            self.add(sex, age, role, parents);
        }
    }

    /// An old couple or a widowed elder in an own book; the children live in another county.
    pub(super) fn elders(&mut self) {
        let home = self.household();
        let age = self.dice.weighted(
            &[
                (24, 60),
                (30, 65),
                (22, 70),
                (13, 75),
                (7, 80),
                (3, 85),
                (1, 90),
            ],
            65,
        ) + self.dice.small(0, 4);
        let other_age = age - self.dice.small(-2, 5);
        let both = self.survives(age, 0) && self.survives(other_age, 5);
        let first = if both || self.dice.percent(32) {
            Sex::Male
        } else {
            Sex::Female
        };
        let marital = if both { "已婚" } else { "丧偶" };
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital,
        };
        let one = self.add(first, age, role, Parents::default());
        let mut link = match first {
            Sex::Male => Parents {
                father: Some(one),
                mother: None,
            },
            Sex::Female => Parents {
                father: None,
                mother: Some(one),
            },
        };
        if both {
            let role = Role {
                relation: "配偶",
                ..role
            };
            let wife = self.add(Sex::Female, other_age, role, Parents::default());
            self.marry(one, wife);
            link.mother = Some(wife);
        }
        for _ in 0..self.dice.weighted(&[(30, 1), (45, 2), (25, 3)], 1) {
            let sex = self.any_sex();
            let child_age = (age - self.dice.small(22, 32)).max(18);
            let role = Role {
                home: None,
                relation: "",
                marital: "已婚",
            };
            self.add(sex, child_age, role, link);
        }
    }

    /// Nobody to support, nobody to be supported by: old, or disabled, or an orphan.
    pub(super) fn alone(&mut self) {
        let home = self.household();
        let age = self.dice.weighted(&[(84, 62), (13, 38), (3, 8)], 62) + self.dice.small(0, 20);
        let sex = if self.dice.percent(82) {
            Sex::Male
        } else {
            Sex::Female
        };
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital: "未婚",
        };
        self.add(sex, age.max(0), role, Parents::default());
    }

    /// A man who never married, perhaps with his mother or a brother.
    pub(super) fn bachelor(&mut self) {
        let home = self.household();
        let age = self.dice.small(36, 63);
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital: "未婚",
        };
        let son = self.add(Sex::Male, age, role, Parents::default());
        if self.dice.percent(55) {
            let mother_age = age + self.dice.small(21, 30);
            if self.survives(mother_age, 8) {
                let role = Role {
                    home: Some(home),
                    relation: "父母",
                    marital: "丧偶",
                };
                let mother = self.add(Sex::Female, mother_age, role, Parents::default());
                if let Some(p) = self.family.people.get_mut(son) {
                    p.mother = Some(mother);
                }
            }
        } else if self.dice.percent(50) {
            let role = Role {
                relation: "兄弟姐妹",
                ..role
            };
            let brother_age = age + self.dice.small(-8, 8);
            self.add(Sex::Male, brother_age, role, Parents::default());
        }
    }

    /// One parent with children.
    pub(super) fn single_parent(&mut self) {
        let home = self.household();
        let age = self.dice.small(26, 48);
        let sex = if self.dice.percent(60) {
            Sex::Female
        } else {
            Sex::Male
        };
        let marital = if self.dice.percent(70) {
            "离婚"
        } else {
            "丧偶"
        };
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital,
        };
        let one = self.add(sex, age, role, Parents::default());
        let link = match sex {
            Sex::Male => Parents {
                father: Some(one),
                mother: None,
            },
            Sex::Female => Parents {
                father: None,
                mother: Some(one),
            },
        };
        let before = self.family.people.len();
        self.children(age, link, home, "子女");
        if self.family.people.len() == before {
            let child = self.any_sex();
            let child_age = (age - self.dice.small(22, 28)).clamp(0, 17);
            let role = Role {
                home: Some(home),
                relation: "子女",
                marital: "未婚",
            };
            self.add(child, child_age, role, link);
        }
        if self.dice.percent(25) && sex == Sex::Male {
            self.parents_of(one, age, home);
        }
    }

    /// Grandparents and grandchildren at home; the parents are in the same book but work away,
    /// or are dead or gone.
    pub(super) fn skip_generation(&mut self) {
        let home = self.household();
        let child_age = self.dice.small(3, 16);
        let parent_age = child_age + self.dice.small(21, 30);
        let old_age = parent_age + self.dice.small(21, 28);
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital: "已婚",
        };
        let old = self.add(Sex::Male, old_age, role, Parents::default());
        let wife_role = Role {
            relation: "配偶",
            ..role
        };
        let wife_age = old_age - self.dice.small(0, 4);
        let wife = self.add(Sex::Female, wife_age, wife_role, Parents::default());
        self.marry(old, wife);
        let old_pair = Parents {
            father: Some(old),
            mother: Some(wife),
        };
        let mut link = Parents::default();
        if self.dice.percent(96) {
            let role = Role {
                home: Some(home),
                relation: "子女",
                marital: "已婚",
            };
            let father = self.add(Sex::Male, parent_age, role, old_pair);
            link.father = Some(father);
            let role = Role {
                home: Some(home),
                relation: "其他",
                marital: "已婚",
            };
            let mother = self.add(Sex::Female, parent_age, role, Parents::default());
            self.marry(father, mother);
            link.mother = Some(mother);
            for at in [father, mother] {
                if let Some(p) = self.family.people.get_mut(at) {
                    p.away = true;
                }
            }
        }
        let role = Role {
            home: Some(home),
            relation: "孙子女",
            marital: "未婚",
        };
        for n in 0..self.dice.weighted(&[(55, 1), (45, 2)], 1) {
            let sex = self.any_sex();
            let at = self.add(sex, (child_age - n * 2).max(0), role, link);
            if link.father.is_none()
                && let Some(p) = self.family.people.get_mut(at)
            {
                p.situations.push("unsupported-child");
            }
        }
    }

    /// A young adult with an own book; now and then somebody's namesake.
    pub(super) fn youth(&mut self) {
        let home = self.household();
        let sex = self.any_sex();
        let role = Role {
            home: Some(home),
            relation: "户主",
            marital: "未婚",
        };
        if self.dice.ppm(3_000)
            && let Some((name, birth, sex)) = self.world.namesake.take()
        {
            let at = self.add_born(sex, birth, role, Parents::default());
            if let Some(p) = self.family.people.get_mut(at) {
                p.name = name;
                p.ethnic = "汉族";
                p.situations.push("namesake");
            }
            return;
        }
        let age = self
            .dice
            .weighted(&[(30, 22), (30, 26), (20, 30), (12, 36), (8, 44)], 26);
        let age = age + self.dice.small(0, 5);
        let at = self.add(sex, age, role, Parents::default());
        if let Some(p) = self.family.person(at).filter(|p| p.ethnic == "汉族") {
            self.world.namesake = Some((p.name.clone(), p.birth, p.sex));
        }
    }
}

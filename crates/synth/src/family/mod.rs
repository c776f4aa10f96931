//! Builds families: couples, children, three generations, elders alone, single parents,
//! grandparents raising children, men who never married, and kin registered elsewhere.

mod kinds;

use crate::areas::Areas;
use crate::calendar::{DayNo, MonthNo, civil, day, first_of};
use crate::dice::Dice;
use crate::names::{Names, ethnic};
use crate::numbers::{Issuer, Prefix};
use crate::people::{Family, Health, Household, Kept, Kind, Person, Sex};

/// What all families share while a county is generated.
pub(crate) struct World {
    /// Name pool.
    pub(crate) names: Names,
    /// Townships and villages.
    pub(crate) areas: Areas,
    /// Identity numbers.
    pub(crate) issuer: Issuer,
    /// The months observed.
    pub(crate) months: Vec<MonthNo>,
    /// Next truth number of a person.
    pub(crate) next_person: u64,
    /// Next household number.
    pub(crate) next_household: u64,
    /// Name, birthday and sex of someone another person will share by coincidence.
    pub(crate) namesake: Option<(String, DayNo, Sex)>,
}

impl World {
    /// The first observed month.
    pub(crate) fn first_month(&self) -> MonthNo {
        self.months.first().copied().unwrap_or(2026 * 12 + 5)
    }

    /// The last observed month.
    pub(crate) fn last_month(&self) -> MonthNo {
        self.months.last().copied().unwrap_or(2026 * 12 + 5)
    }

    /// The day ages are meant for: the first of the first month.
    pub(crate) fn today(&self) -> DayNo {
        first_of(self.first_month())
    }
}

/// A family under construction.
pub(crate) struct Builder<'a> {
    world: &'a mut World,
    dice: &'a mut Dice,
    family: Family,
    surname: &'static str,
    ethnic: &'static str,
    urban: bool,
}

/// Where and as what a person is added.
#[derive(Clone, Copy)]
struct Role {
    home: Option<usize>,
    relation: &'static str,
    marital: &'static str,
}

/// The parents a child is added to.
#[derive(Clone, Copy, Default)]
struct Parents {
    father: Option<usize>,
    mother: Option<usize>,
}

/// Generates the structure of one family: who, how old, related how, in which household book.
pub(crate) fn build(world: &mut World, dice: &mut Dice, county: i32) -> Family {
    let urban = dice.ppm(crate::figures::URBAN_FAMILIES_PPM);
    let kind = if urban {
        dice.weighted(&crate::figures::URBAN_KINDS, Kind::Core)
    } else {
        dice.weighted(&crate::figures::RURAL_KINDS, Kind::Core)
    };
    let surname = world.names.surname(dice);
    let people = ethnic(dice);
    let family = Family {
        kind,
        county,
        people: Vec::new(),
        households: Vec::new(),
    };
    let mut b = Builder {
        world,
        dice,
        family,
        surname,
        ethnic: people,
        urban,
    };
    match kind {
        Kind::Core => b.core(),
        Kind::Elders => b.elders(),
        Kind::Alone => b.alone(),
        Kind::Bachelor => b.bachelor(),
        Kind::SingleParent => b.single_parent(),
        Kind::SkipGeneration => b.skip_generation(),
        Kind::Youth => b.youth(),
    }
    b.set_residence();
    b.family
}

impl Builder<'_> {
    /// Opens a household book and returns its position.
    fn household(&mut self) -> usize {
        let village = self.dice.pick(self.world.areas.of_zone(self.urban));
        let no = self.world.next_household;
        self.world.next_household += 1;
        self.family.households.push(Household {
            no,
            head: self.family.people.len(),
            village,
            urban: self.urban,
            target_yuan: 0.0,
            vehicles: Vec::new(),
            estates: Vec::new(),
            firms: Vec::new(),
            watch: None,
            housed: None,
            relief: Vec::new(),
        });
        self.family.households.len() - 1
    }

    /// A birthday of someone of this age.
    fn birthday(&mut self, age: i32) -> DayNo {
        let (y, m, d) = civil(self.world.today());
        let from = day(y - age - 1, m, d.min(28)) + 1;
        self.dice.small(from, from + 364)
    }

    /// Adds a person and returns the position.
    fn add(&mut self, sex: Sex, age: i32, role: Role, parents: Parents) -> usize {
        let birth = self.birthday(age);
        self.add_born(sex, birth, role, parents)
    }

    fn add_born(&mut self, sex: Sex, birth: DayNo, role: Role, parents: Parents) -> usize {
        let prefix = match role.home {
            None => Prefix::Elsewhere,
            Some(_) if self.dice.ppm(30_000) => Prefix::Elsewhere,
            Some(_) if birth < day(1985, 1, 1) && self.dice.ppm(40_000) => Prefix::Abolished,
            Some(_) => Prefix::County,
        };
        let (id, birth) = self.world.issuer.issue(prefix, birth, sex);
        let father = parents
            .father
            .and_then(|f| self.family.person(f))
            .map(|p| p.name.clone());
        let married_in = role.relation == "配偶" || (sex == Sex::Female && role.marital != "未婚");
        let surname = if married_in && parents.father.is_none() {
            self.world.names.surname(self.dice)
        } else {
            self.surname
        };
        let line = father.unwrap_or_default();
        let name = self
            .world
            .names
            .full_name(self.dice, sex, self.ethnic, surname, &line);
        let no = self.world.next_person;
        self.world.next_person += 1;
        self.family.people.push(Person {
            no,
            id,
            name,
            sex,
            birth,
            ethnic: self.ethnic,
            home: role.home,
            relation: role.relation,
            marital: role.marital,
            away: false,
            incomer: false,
            father: parents.father,
            mother: parents.mother,
            spouse: None,
            death: None,
            moved_out: None,
            joined: None,
            jobs: Vec::new(),
            pension: None,
            business_fen: 0,
            property_fen: 0,
            subsidy_fen: 0,
            hidden_fen: 0,
            card: None,
            school: None,
            health: Health::Well,
            bills: Vec::new(),
            deposit_fen: 0,
            grants: Vec::new(),
            needs: Vec::new(),
            aids: Vec::new(),
            kept: Kept::default(),
            situations: Vec::new(),
        });
        self.family.people.len() - 1
    }

    fn marry(&mut self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(p) = self.family.people.get_mut(one) {
                p.spouse = Some(other);
                p.marital = "已婚";
            }
        }
    }

    fn any_sex(&mut self) -> Sex {
        // 105 boys to 100 girls.
        if self.dice.below(205) < 105 {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// Who lives elsewhere than registered.
    fn set_residence(&mut self) {
        let today = self.world.today();
        let incomers = self.dice.ppm(25_000);
        let (first, last) = (self.world.first_month(), self.world.last_month());
        let joined = (last > first && self.dice.ppm(crate::figures::ARRIVING_PPM))
            .then(|| self.dice.small(first + 1, last));
        for p in &mut self.family.people {
            let age = p.age(today);
            let leaves = match (self.urban, age) {
                (false, 18..50) => 260_000,
                (true, 18..40) => 80_000,
                _ => 4_000,
            };
            p.away = p.away || (p.home.is_some() && self.dice.ppm(leaves));
            p.incomer = incomers && p.home.is_some();
            p.joined = joined.filter(|m| p.birth < first_of(*m));
            if p.incomer {
                p.away = false;
            }
        }
    }
}

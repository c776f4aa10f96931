//! Every number the county is made from, in one place: published figures with their row in
//! domain/figures.md, and modelling choices marked as such. None of them is a rule of assistance;
//! the rules stand in the rulebook and know nothing of this file.

use crate::people::Kind;

/// Persons in one county at the most, before the next county code is begun.
pub(crate) const COUNTY_PERSONS: u64 = 120_000;

/// Persons in one county at the most when the number of counties is asked for: the largest district of
/// China, Pudong, has somewhat fewer, and a birthday still has numbers enough.
pub(crate) const LARGE_COUNTY_PERSONS: u64 = 6_000_000;

/// Families drawn urban. Modelling: the county is 60 % rural by persons.
pub(crate) const URBAN_FAMILIES_PPM: u32 = 420_000;

/// Structure of rural families, weights. Modelling, tuned to the age shares of figures.md §7.
pub(crate) const RURAL_KINDS: [(u32, Kind); 7] = [
    (560, Kind::Core),
    (218, Kind::Elders),
    (18, Kind::Alone),
    (74, Kind::Bachelor),
    (35, Kind::SingleParent),
    (35, Kind::SkipGeneration),
    (63, Kind::Youth),
];

/// Structure of urban families, weights. Modelling, as above.
pub(crate) const URBAN_KINDS: [(u32, Kind); 7] = [
    (590, Kind::Core),
    (238, Kind::Elders),
    (2, Kind::Alone),
    (10, Kind::Bachelor),
    (40, Kind::SingleParent),
    (6, Kind::SkipGeneration),
    (114, Kind::Youth),
];

/// Age of the husband of a core family: weight and first of five years.
pub(crate) const ANCHOR_AGES: [(u32, i32); 7] = [
    (8, 25),
    (15, 30),
    (18, 35),
    (16, 40),
    (16, 45),
    (16, 50),
    (11, 55),
];

/// Core families in whose home or book the husband's parents are. Modelling.
pub(crate) const PARENTS_WITH_SON_PPM: u32 = 420_000;

/// Mean yearly income per person, yuan (figures.md §7: NBS25), before hardship shifts.
pub(crate) const RURAL_INCOME_YUAN: f64 = 24_456.0;
/// Urban mean yearly income per person, yuan (figures.md §7: NBS25).
pub(crate) const URBAN_INCOME_YUAN: f64 = 56_502.0;
/// Spread of log income. Modelling: puts about as many under the line as the roll has.
pub(crate) const INCOME_SIGMA: f64 = 0.53;
/// Correction of the mean for the hardship shifts, so that the published means come out.
pub(crate) const INCOME_LIFT: f64 = 1.10;

/// The line the past officials of this county used, yuan a month; an example, not a rule.
pub(crate) const PAST_LINE_RURAL_YUAN: i64 = 660;
/// The same for urban households.
pub(crate) const PAST_LINE_URBAN_YUAN: i64 = 800;

/// Deaths a year per million by age from (figures.md §7: 8.04 ‰ in all; the shape is modelling).
pub(crate) const DEATHS_PPM: [(i32, u32); 7] = [
    (90, 230_000),
    (80, 103_000),
    (70, 38_000),
    (60, 13_500),
    (40, 3_200),
    (1, 450),
    (0, 4_500),
];

/// Births a month per million wives of 20 to 40 (figures.md §7: 792 births to 140,489).
pub(crate) const BIRTH_PPM_MONTH: u32 = 5_150;

/// Families moving into the county within the observed months. Modelling.
pub(crate) const ARRIVING_PPM: u32 = 2_500;

/// Disability cards per million under 16, at 16 to 59, from 60 (about 2.7 % of all).
pub(crate) const CARDS_PPM: [u32; 3] = [9_000, 21_000, 55_000];

/// Categories 1 视力 … 7 多重, hundredths of a percent (figures.md §6: DS06).
pub(crate) const CARD_CATEGORIES: [(u32, u8); 7] = [
    (1_486, 1),
    (2_416, 2),
    (153, 3),
    (2_907, 4),
    (668, 5),
    (740, 6),
    (1_630, 7),
];

/// Grades of card holders. Modelling: the care subsidy reaches 1.18 % of the population.
pub(crate) const CARD_GRADES: [(u32, u8); 4] = [(17, 1), (32, 2), (24, 3), (27, 4)];

/// Mean inpatient bill of residents, yuan (figures.md §8: MED23).
pub(crate) const RESIDENT_BILL_YUAN: f64 = 7_674.0;
/// Mean inpatient bill of employees, yuan (figures.md §8: MED23).
pub(crate) const EMPLOYEE_BILL_YUAN: f64 = 12_175.0;
/// Hospital stays a year per million residents (figures.md §8: 20.7 %).
pub(crate) const RESIDENT_STAYS_PPM: u32 = 207_000;
/// Stays a year per million working employees (figures.md §8: 11.93 %).
pub(crate) const WORKER_STAYS_PPM: u32 = 119_300;
/// Stays a year per million retired employees (figures.md §8: 49.02 %).
pub(crate) const RETIRED_STAYS_PPM: u32 = 490_200;

/// How the past official went wrong and what changed since, per million of those concerned.
pub(crate) mod official {
    /// Cost of working the official deducted from a wage, at the most, fen a month.
    pub(crate) const WORKING_COST_FEN: i64 = 15_000;
    /// Entitled households never found: nobody applied.
    pub(crate) const NEVER_APPLIED_PPM: u32 = 120_000;
    /// Households up to 40 % over the line admitted because income was not seen.
    pub(crate) const INCOME_NOT_SEEN_PPM: u32 = 35_000;
    /// On the roll, and since then a car was bought.
    pub(crate) const NEW_CAR_PPM: u32 = 18_000;
    /// On the roll, and since then somebody found work.
    pub(crate) const NEW_JOB_PPM: u32 = 30_000;
    /// On the roll, and since then a house and money were inherited.
    pub(crate) const INHERITED_PPM: u32 = 16_000;
    /// Rows of a dead person never closed.
    pub(crate) const DEAD_STILL_PAID_PPM: u32 = 300_000;
    /// Persons on the roll a second time under another household number.
    pub(crate) const DUPLICATED_PPM: u32 = 3_000;
    /// Severely disabled or seriously ill in an edge household taken alone.
    pub(crate) const SINGLE_PERSON_PPM: u32 = 750_000;
    /// Severely disabled adults without income of their own, in a household up to three times the
    /// line, taken as a household of one.
    pub(crate) const DISABLED_ALONE_PPM: u32 = 850_000;
    /// Edge households on the edge roll (figures.md §4: 15 % of the dibao stock).
    pub(crate) const EDGE_PPM: u32 = 85_000;
    /// Entitled to tekun and on the roll.
    pub(crate) const TEKUN_PPM: u32 = 930_000;
    /// Entitled to a disability subsidy and receiving it.
    pub(crate) const SUBSIDY_PPM: u32 = 960_000;
    /// Households with ruinous bills recognised as rigid-expenditure households.
    pub(crate) const RIGID_PPM: u32 = 60_000;
    /// Overlooked households admitted in a month of the observed time.
    pub(crate) const ADMITTED_LATER_PPM: u32 = 20_000;
}

/// Needs beside money and the medical aid. All modelling choices, per million of those concerned;
/// chosen so that every figure of access, attainment and quality lies well between none and all.
pub(crate) mod services {
    use crate::people::Service;

    /// Needs were registered up to so many months before the first month.
    pub(crate) const MONTHS_BEFORE: i32 = 18;
    /// 助餐: tekun of 60 and more.
    pub(crate) const MEALS_TEKUN: u32 = 450_000;
    /// 助餐: others of 75 and more.
    pub(crate) const MEALS_OLD: u32 = 90_000;
    /// 居家照护: cards of grade 1 and 2.
    pub(crate) const HOME_CARE_DISABLED: u32 = 280_000;
    /// 居家照护: others of 80 and more.
    pub(crate) const HOME_CARE_OLD: u32 = 120_000;
    /// 康复训练: physical, intellectual, mental or several disabilities.
    pub(crate) const REHABILITATION: u32 = 180_000;
    /// 心理疏导: the seriously ill.
    pub(crate) const COUNSELLING_ILL: u32 = 150_000;
    /// 心理疏导: children of one parent.
    pub(crate) const COUNSELLING_CHILD: u32 = 80_000;
    /// 课业辅导: pupils raised by their grandparents.
    pub(crate) const TUTORING_LEFT_BEHIND: u32 = 300_000;
    /// 课业辅导: pupils of dibao and edge households.
    pub(crate) const TUTORING_POOR: u32 = 220_000;
    /// 就业指导: out of work in dibao and edge households.
    pub(crate) const JOB_ADVICE: u32 = 200_000;
    /// 社会融入: card holders of working age.
    pub(crate) const INCLUSION: u32 = 90_000;
    /// Registered needs that were assessed.
    pub(crate) const ASSESSED: u32 = 820_000;
    /// Needs met where the village has the service.
    pub(crate) const GOT_NEARBY: u32 = 680_000;
    /// Needs met where it has not: somebody comes to the door.
    pub(crate) const GOT_ELSEWHERE: u32 = 140_000;
    /// Needs referred to another where the village has the service.
    pub(crate) const REFERRED: u32 = 200_000;
    /// Needs referred where it has not.
    pub(crate) const REFERRED_WITHOUT: u32 = 550_000;
    /// Referrals that are settled.
    pub(crate) const REFERRAL_SETTLED: u32 = 720_000;
    /// Needs taken back.
    pub(crate) const WITHDRAWN: u32 = 40_000;
    /// Payments of the medical aid settled with the insurance in one run.
    pub(crate) const ONE_STOP: u32 = 840_000;
    /// Percent paid of what is left within the catalogue, by the past officials of this county.
    pub(crate) const PERCENT_TEKUN: i64 = 90;
    /// The same for dibao.
    pub(crate) const PERCENT_DIBAO: i64 = 70;
    /// The same for edge and rigid-expenditure households.
    pub(crate) const PERCENT_EDGE: i64 = 60;
    /// What those two bear first of each bill.
    pub(crate) const EDGE_DEDUCTIBLE_FEN: i64 = 100_000;

    impl Service {
        /// Villages that have it, in town and in the country.
        pub(crate) fn near_ppm(self) -> (u32, u32) {
            match self {
                Self::Meals => (820_000, 450_000),
                Self::HomeCare => (700_000, 350_000),
                Self::Rehabilitation => (550_000, 250_000),
                Self::Counselling => (600_000, 200_000),
                Self::Tutoring => (750_000, 400_000),
                Self::JobAdvice => (850_000, 500_000),
                Self::Inclusion => (600_000, 300_000),
            }
        }

        /// Given by a trained person.
        pub(crate) fn professional_ppm(self) -> u32 {
            match self {
                Self::Meals => 100_000,
                Self::HomeCare => 550_000,
                Self::Rehabilitation => 850_000,
                Self::Counselling => 800_000,
                Self::Tutoring => 500_000,
                Self::JobAdvice => 650_000,
                Self::Inclusion => 450_000,
            }
        }

        /// Its place in the list.
        pub(crate) fn place(self) -> u64 {
            match self {
                Self::Meals => 1,
                Self::HomeCare => 2,
                Self::Rehabilitation => 3,
                Self::Counselling => 4,
                Self::Tutoring => 5,
                Self::JobAdvice => 6,
                Self::Inclusion => 7,
            }
        }
    }
}

/// What the insurance, labour, care, agriculture and housing offices keep, and temporary relief. All modelling
/// choices but the share insured (figures.md §8: 95 %) and the yearly cases of relief (§10: 0.53 to 0.98 %),
/// per million of those concerned; chosen so that each programme has some who have it, some who miss it and
/// some who have had it.
pub(crate) mod programmes {
    /// In the resident insurance, of those not insured as employees.
    pub(crate) const INSURED: u32 = 950_000;
    /// Entitled to a subsidised premium on the first of January and given it.
    pub(crate) const PREMIUM_SUBSIDISED: u32 = 930_000;
    /// The premium somebody pays, fen a year; an example, not a rule.
    pub(crate) const PREMIUM_FEN: i64 = 40_000;
    /// What the past officials paid of it for dibao, fen.
    pub(crate) const PREMIUM_DIBAO_FEN: i64 = 24_000;
    /// The same for edge households.
    pub(crate) const PREMIUM_EDGE_FEN: i64 = 16_000;
    /// Wage earners of 16 to 59 the labour office has registered.
    pub(crate) const JOBS_REGISTERED: u32 = 780_000;
    /// Out of work and registered, in households on a roll.
    pub(crate) const JOBLESS_POOR: u32 = 300_000;
    /// Out of work and registered, elsewhere.
    pub(crate) const JOBLESS_OTHERS: u32 = 50_000;
    /// Registered jobless the office calls hard to place when 50, severely disabled or on a roll.
    pub(crate) const HARD_TO_PLACE: u32 = 550_000;
    /// Low wages that are those of a public-welfare post.
    pub(crate) const ON_A_POST: u32 = 120_000;
    /// The wage up to which it may be one, fen a month.
    pub(crate) const POST_WAGE_FEN: i64 = 260_000;
    /// Those who had a term before.
    pub(crate) const TERM_BEFORE: u32 = 100_000;
    /// Assessed: of 60 and more; of 80 and more; with a card of grade 1 or 2.
    pub(crate) const ASSESSED: [u32; 3] = [60_000, 200_000, 500_000];
    /// Moderately disabled or worse who pay for care at home.
    pub(crate) const CARE_AT_HOME: u32 = 350_000;
    /// Those who live in an institution.
    pub(crate) const IN_INSTITUTION: u32 = 120_000;
    /// Rural households below [`WATCH_YUAN`] the agriculture office has identified.
    pub(crate) const WATCHED_POOR: u32 = 90_000;
    /// Rural households with a serious illness it has identified.
    pub(crate) const WATCHED_ILL: u32 = 60_000;
    /// Income per head and year it looks at; an example, not a rule.
    pub(crate) const WATCH_YUAN: i64 = 10_500;
    /// Watched households whose risk is removed within three years.
    pub(crate) const RISK_REMOVED: u32 = 500_000;
    /// Urban households on a roll with public housing or a rent subsidy.
    pub(crate) const HOUSED_POOR: u32 = 220_000;
    /// Other urban households below three times the line with one.
    pub(crate) const HOUSED_OTHERS: u32 = 25_000;
    /// Rural households on a roll whose house was repaired.
    pub(crate) const REPAIRED: u32 = 170_000;
    /// Temporary relief a month: households on no roll, on a roll, and with an illness that began lately.
    pub(crate) const RELIEF: [u32; 3] = [1_000, 4_000, 12_000];
    /// Relief paid in two parts.
    pub(crate) const IN_TWO_PARTS: u32 = 70_000;
    /// Small sudden needs helped first, papers after.
    pub(crate) const AT_ONCE: u32 = 500_000;
}

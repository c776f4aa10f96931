//! The nouns of the synthetic county: persons, their households, and the family that holds both.
//! A family is the unit of generation: everybody who is kin to each other and known to the county.

use crate::calendar::{DayNo, MonthNo, age, first_of, last_of};
use crate::numbers::IdNo;

/// Sex as the register writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

impl Sex {
    /// The register's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
        }
    }
}

/// A death, and when the police learned of it.
#[derive(Clone, Copy)]
pub(crate) struct Death {
    /// The day of death.
    pub(crate) day: DayNo,
    /// The day it was registered; weeks or months later for some.
    pub(crate) registered: DayNo,
    /// True when the crematorium reported it first.
    pub(crate) cremation: bool,
}

/// A disability card.
#[derive(Clone, Copy)]
pub(crate) struct Card {
    /// 1 视力 … 7 多重.
    pub(crate) category: u8,
    /// 1 (most severe) to 4, until `regraded`.
    pub(crate) grade: u8,
    /// A new grade from a month on.
    pub(crate) regraded: Option<(MonthNo, u8)>,
    /// When it was issued.
    pub(crate) issued: DayNo,
    /// False when cancelled.
    pub(crate) valid: bool,
}

impl Card {
    /// The grade in force in a month.
    pub(crate) fn grade_in(&self, month: MonthNo) -> u8 {
        match self.regraded {
            Some((from, grade)) if month >= from => grade,
            _ => self.grade,
        }
    }

    /// Valid and issued before a month.
    pub(crate) fn known_in(&self, month: MonthNo) -> bool {
        self.valid && self.issued < first_of(month)
    }

    /// Whether the single-person test of dibao calls this severe: grade 1 or 2, or grade 3
    /// intellectual or mental.
    pub(crate) fn is_severe(&self) -> bool {
        self.valid && (self.grade <= 2 || (self.grade == 3 && matches!(self.category, 5 | 6)))
    }
}

/// A job known to the social-insurance office, from a month up to before another.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    /// Number of the employer.
    pub(crate) employer: u64,
    /// Declared monthly wage.
    pub(crate) wage_fen: i64,
    /// First month.
    pub(crate) from: MonthNo,
    /// First month no more worked.
    pub(crate) to: MonthNo,
    /// Pays into the housing fund.
    pub(crate) fund: bool,
}

/// A pension in payment.
#[derive(Clone, Copy)]
pub(crate) struct Pension {
    /// True for a former employee, false for the resident scheme.
    pub(crate) employee: bool,
    /// Paid each month.
    pub(crate) monthly_fen: i64,
    /// The centrally set basic part of a resident pension.
    pub(crate) basic_fen: i64,
}

/// A pupil or student.
#[derive(Clone, Copy)]
pub(crate) struct School {
    /// 学前 … 研究生.
    pub(crate) stage: &'static str,
    /// Number of the school.
    pub(crate) no: u32,
    /// Lives at school.
    pub(crate) boards: bool,
    /// What the family pays in a school year.
    pub(crate) fee_fen: i64,
    /// What a public school of the kind charges.
    pub(crate) public_fee_fen: i64,
}

/// How ill someone is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing lasting.
    Well,
    /// A chronic disease.
    Chronic,
    /// A serious illness since a month.
    Serious(MonthNo),
}

/// One stay or visit settled by the medical insurance.
#[derive(Clone, Copy)]
pub(crate) struct Bill {
    /// Day of settlement.
    pub(crate) day: DayNo,
    /// True for a hospital stay.
    pub(crate) inpatient: bool,
    /// 重病 慢性病 普通.
    pub(crate) illness: &'static str,
    /// The whole bill.
    pub(crate) total_fen: i64,
    /// The part within the catalogue.
    pub(crate) covered_fen: i64,
    /// Paid by the basic fund.
    pub(crate) basic_fen: i64,
    /// Paid by the serious-illness insurance.
    pub(crate) major_fen: i64,
}

/// What kind of help a roll row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aid {
    /// 低保
    Dibao,
    /// 特困
    Tekun,
    /// 低保边缘
    Edge,
    /// 刚性支出
    Rigid,
    /// 残疾人生活补贴
    DisabledLiving,
    /// 残疾人护理补贴
    DisabledCare,
}

impl Aid {
    /// The roll's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dibao => "低保",
            Self::Tekun => "特困",
            Self::Edge => "低保边缘",
            Self::Rigid => "刚性支出",
            Self::DisabledLiving => "残疾人生活补贴",
            Self::DisabledCare => "残疾人护理补贴",
        }
    }
}

/// One person's place on the roll.
#[derive(Clone, Copy)]
pub(crate) struct Grant {
    /// Which help.
    pub(crate) aid: Aid,
    /// The household number it is paid under; not always the register's.
    pub(crate) household: u64,
    /// First month paid.
    pub(crate) from: MonthNo,
    /// First month no more paid.
    pub(crate) to: Option<MonthNo>,
    /// Paid each month.
    pub(crate) monthly_fen: i64,
    /// 集中 or 分散 for tekun, empty otherwise.
    pub(crate) form: &'static str,
}

/// A service of the list somebody may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    /// 助餐
    Meals,
    /// 居家照护
    HomeCare,
    /// 康复训练
    Rehabilitation,
    /// 心理疏导
    Counselling,
    /// 课业辅导
    Tutoring,
    /// 就业指导
    JobAdvice,
    /// 社会融入
    Inclusion,
}

impl Service {
    /// The word of the service list.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Meals => "助餐",
            Self::HomeCare => "居家照护",
            Self::Rehabilitation => "康复训练",
            Self::Counselling => "心理疏导",
            Self::Tutoring => "课业辅导",
            Self::JobAdvice => "就业指导",
            Self::Inclusion => "社会融入",
        }
    }
}

/// A registered need and what came of it.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    /// What is needed.
    pub(crate) service: Service,
    /// When it was registered.
    pub(crate) registered: DayNo,
    /// When it was taken back.
    pub(crate) withdrawn: Option<DayNo>,
    /// When somebody assessed it.
    pub(crate) assessed: Option<DayNo>,
    /// Whether the village has it.
    pub(crate) nearby: bool,
    /// When the service was first had.
    pub(crate) obtained: Option<DayNo>,
    /// Whether a trained person gives it.
    pub(crate) professional: bool,
    /// When it was referred to another.
    pub(crate) referred: Option<DayNo>,
    /// When the referral was settled.
    pub(crate) settled: Option<DayNo>,
}

/// A payment of the medical aid.
#[derive(Clone, Copy)]
pub(crate) struct MedicalAid {
    /// Day of payment.
    pub(crate) day: DayNo,
    /// For a hospital stay.
    pub(crate) inpatient: bool,
    /// 人员类别.
    pub(crate) class: &'static str,
    /// Amount.
    pub(crate) paid_fen: i64,
    /// Settled with the insurance in one run.
    pub(crate) one_stop: bool,
}

/// What the insurance, labour and care offices keep of somebody.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kept {
    /// Paid into the resident medical insurance this year; the premium was subsidised for who was on a roll.
    pub(crate) insured: Option<Premium>,
    /// Registered with the labour office.
    pub(crate) labour: Option<Registration>,
    /// Assessed by the elder-care office.
    pub(crate) care: Option<Care>,
}

/// Whether the premium of the resident medical insurance was subsidised for those entitled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Premium {
    /// As entitled on the first of January.
    Subsidised,
    /// Paid in full although entitled, or not entitled.
    Full,
}

/// A registration with the labour office.
#[derive(Clone, Copy)]
pub(crate) struct Registration {
    /// Day of registration.
    pub(crate) day: DayNo,
    /// 就业困难人员.
    pub(crate) hard: bool,
    /// On a public-welfare post since this day.
    pub(crate) post: Option<DayNo>,
    /// Terms on such posts that are over.
    pub(crate) terms: u32,
}

/// An assessment of an old person's abilities and what care costs a month.
#[derive(Clone, Copy)]
pub(crate) struct Care {
    /// 无 轻度 中度 重度 完全.
    pub(crate) level: &'static str,
    /// Bill for care at home, fen a month.
    pub(crate) home_fen: i64,
    /// Bill of an institution, fen a month.
    pub(crate) institution_fen: i64,
}

/// A household the agriculture office watches.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    /// 脱贫不稳定户 边缘易致贫户 突发严重困难户.
    pub(crate) kind: &'static str,
    /// When it was identified.
    pub(crate) since: DayNo,
    /// When the risk was removed, perhaps after the observed time.
    pub(crate) cleared: Option<DayNo>,
    /// Was poor before 2021.
    pub(crate) was_poor: bool,
    /// What is done.
    pub(crate) measure: &'static str,
}

/// Public housing, a rent subsidy, or a house repaired once.
#[derive(Clone, Copy)]
pub(crate) struct Housed {
    /// 公租房 租赁补贴; nothing for a repaired house.
    pub(crate) form: Option<&'static str>,
    /// First day.
    pub(crate) from: DayNo,
    /// Last day.
    pub(crate) to: Option<DayNo>,
}

/// A payment of temporary relief to the head of a household.
#[derive(Clone, Copy)]
pub(crate) struct Relief {
    /// Number of the grant within the household; parts share it.
    pub(crate) grant: u32,
    /// 火灾 交通事故 意外伤害 突发重病 其他突发 支出过大.
    pub(crate) cause: &'static str,
    /// Day of payment.
    pub(crate) day: DayNo,
    /// Amount.
    pub(crate) paid_fen: i64,
    /// Helped first, papers after.
    pub(crate) at_once: bool,
}

/// A person. Links to kin are positions in [`Family::people`].
pub(crate) struct Person {
    /// Truth number, unique over the whole county set.
    pub(crate) no: u64,
    /// Number as issued.
    pub(crate) id: IdNo,
    /// True name.
    pub(crate) name: String,
    /// Sex.
    pub(crate) sex: Sex,
    /// Birthday.
    pub(crate) birth: DayNo,
    /// 民族.
    pub(crate) ethnic: &'static str,
    /// Position of the household; `None` for kin registered in another county.
    pub(crate) home: Option<usize>,
    /// Relation to the head, the register's word.
    pub(crate) relation: &'static str,
    /// 未婚 已婚 丧偶 离婚.
    pub(crate) marital: &'static str,
    /// Registered in the county but living outside it.
    pub(crate) away: bool,
    /// Registered in another county but living here.
    pub(crate) incomer: bool,
    /// Position of the father.
    pub(crate) father: Option<usize>,
    /// Position of the mother.
    pub(crate) mother: Option<usize>,
    /// Position of the spouse.
    pub(crate) spouse: Option<usize>,
    /// Death, if within the observed time.
    pub(crate) death: Option<Death>,
    /// Moved out of the county in this month.
    pub(crate) moved_out: Option<MonthNo>,
    /// Moved into the county in this month.
    pub(crate) joined: Option<MonthNo>,
    /// Jobs, oldest first.
    pub(crate) jobs: Vec<Job>,
    /// Pension.
    pub(crate) pension: Option<Pension>,
    /// Net business or farm income of the year.
    pub(crate) business_fen: i64,
    /// Net property income of the year.
    pub(crate) property_fen: i64,
    /// Farm subsidies of the year.
    pub(crate) subsidy_fen: i64,
    /// Earned and known to nobody, a year.
    pub(crate) hidden_fen: i64,
    /// Disability card.
    pub(crate) card: Option<Card>,
    /// School.
    pub(crate) school: Option<School>,
    /// Health.
    pub(crate) health: Health,
    /// Settled bills.
    pub(crate) bills: Vec<Bill>,
    /// Deposits; shown by the bank only when asked.
    pub(crate) deposit_fen: i64,
    /// Places on the roll.
    pub(crate) grants: Vec<Grant>,
    /// What is needed beside money.
    pub(crate) needs: Vec<Need>,
    /// What the medical aid paid.
    pub(crate) aids: Vec<MedicalAid>,
    /// What other departments keep.
    pub(crate) kept: Kept,
    /// What was planted on this person, for the truth file.
    pub(crate) situations: Vec<&'static str>,
}

impl Person {
    /// Age in full years on a day.
    pub(crate) fn age(&self, at: DayNo) -> i32 {
        age(self.birth, at)
    }

    /// Born and not dead at the end of a month.
    pub(crate) fn lives_in(&self, month: MonthNo) -> bool {
        let end = last_of(month);
        self.birth <= end && self.death.is_none_or(|d| d.day > end)
    }

    /// Has ever been registered here up to a month.
    pub(crate) fn is_here(&self, month: MonthNo) -> bool {
        self.home.is_some() && self.joined.is_none_or(|m| m <= month)
    }

    /// Lives and is still registered here at the end of a month.
    pub(crate) fn counts_in(&self, month: MonthNo) -> bool {
        self.is_here(month) && self.lives_in(month) && self.moved_out.is_none_or(|m| month < m)
    }

    /// The job held in a month.
    pub(crate) fn job_in(&self, month: MonthNo) -> Option<&Job> {
        self.jobs.iter().find(|j| j.from <= month && month < j.to)
    }

    /// A full-time student past school age.
    pub(crate) fn studies(&self) -> bool {
        self.school.is_some()
    }

    /// Holds this aid in a month, as the roll has it.
    pub(crate) fn holds(&self, aid: Aid, month: MonthNo) -> bool {
        self.grants
            .iter()
            .any(|g| g.aid == aid && g.from <= month && g.to.is_none_or(|to| month < to))
    }
}

/// A vehicle of a household.
pub(crate) struct Vehicle {
    /// Position of the owner.
    pub(crate) owner: usize,
    /// Number, for the plate.
    pub(crate) plate: String,
    /// 小型汽车 大型货车 摩托车 残疾人专用车 农用车.
    pub(crate) kind: &'static str,
    /// Day of registration.
    pub(crate) registered: DayNo,
    /// Value.
    pub(crate) value_fen: i64,
    /// 正常 / 注销 / 报废.
    pub(crate) state: &'static str,
}

/// A house, shop or parking space.
pub(crate) struct Estate {
    /// Positions of the owners; each has a row of its own.
    pub(crate) owners: Vec<usize>,
    /// Unit number.
    pub(crate) unit: String,
    /// Hundredths of a square metre.
    pub(crate) area_centi: i64,
    /// 住宅 商业 车位.
    pub(crate) usage: &'static str,
    /// Day of registration.
    pub(crate) registered: DayNo,
}

/// A company, self-employed business or cooperative.
pub(crate) struct Firm {
    /// Position of the legal representative.
    pub(crate) owner: usize,
    /// Credit code.
    pub(crate) code: String,
    /// Name.
    pub(crate) name: String,
    /// 企业 个体工商户 合作社.
    pub(crate) kind: &'static str,
    /// Registered capital.
    pub(crate) capital_fen: i64,
    /// 存续 / 注销 / 吊销.
    pub(crate) state: &'static str,
    /// Day of founding.
    pub(crate) founded: DayNo,
}

/// A household book.
pub(crate) struct Household {
    /// Number, shown as H0000123.
    pub(crate) no: u64,
    /// Position of the head.
    pub(crate) head: usize,
    /// Position of the village in the county's list.
    pub(crate) village: usize,
    /// Registered as urban.
    pub(crate) urban: bool,
    /// Per-capita yearly income the family was drawn with, yuan.
    pub(crate) target_yuan: f64,
    /// Vehicles.
    pub(crate) vehicles: Vec<Vehicle>,
    /// Real estate.
    pub(crate) estates: Vec<Estate>,
    /// Businesses.
    pub(crate) firms: Vec<Firm>,
    /// Watched by the agriculture office.
    pub(crate) watch: Option<Watch>,
    /// Helped by the housing office.
    pub(crate) housed: Option<Housed>,
    /// Temporary relief, in order.
    pub(crate) relief: Vec<Relief>,
}

/// What the family was built as; the official's judgement of support depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A couple with or without children, perhaps with parents.
    Core,
    /// Elders whose children are registered elsewhere.
    Elders,
    /// Somebody without work ability, income or kin: entitled to tekun.
    Alone,
    /// A man who never married, perhaps with an old parent.
    Bachelor,
    /// One parent with children.
    SingleParent,
    /// Grandparents raising children.
    SkipGeneration,
    /// A young adult with an own book.
    Youth,
}

/// A family: some households, their people, and kin elsewhere.
pub(crate) struct Family {
    /// What it was built as.
    pub(crate) kind: Kind,
    /// Six-digit code of the county.
    pub(crate) county: i32,
    /// Everybody.
    pub(crate) people: Vec<Person>,
    /// Household books.
    pub(crate) households: Vec<Household>,
}

impl Family {
    /// The people of one household, with their positions, living or not.
    pub(crate) fn members(&self, home: usize) -> impl Iterator<Item = (usize, &Person)> {
        self.people
            .iter()
            .enumerate()
            .filter(move |(_, p)| p.home == Some(home))
    }

    /// A person by position.
    pub(crate) fn person(&self, at: usize) -> Option<&Person> {
        self.people.get(at)
    }

    /// Whether a household is urban.
    pub(crate) fn is_urban(&self, home: Option<usize>) -> bool {
        home.and_then(|h| self.households.get(h))
            .is_some_and(|h| h.urban)
    }
}

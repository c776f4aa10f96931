//! The feeds: who sends them, their headers, their encodings; and the order of writing.

mod money;
mod people;
mod programmes;
mod services;
mod things;

use crate::calendar::MonthNo;
use crate::dice::Dice;
use crate::error::Error;
use crate::family::World;
use crate::people::{Family, Household, Person};
use crate::sink::{Col, Row, Sink};

pub(crate) use things::price_index;

/// How a department writes its files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    /// UTF-8, line feeds.
    Utf8,
    /// UTF-8 with a byte order mark, as Excel saves it.
    Utf8Bom,
    /// GB18030, as older systems save it.
    Gb18030,
    /// A workbook.
    Workbook,
}

/// A feed.
pub(crate) struct FeedSpec {
    /// File name without ending.
    pub(crate) id: &'static str,
    /// Name of the feed.
    pub(crate) name: &'static str,
    /// Encoding.
    pub(crate) coding: Coding,
    /// Headers and what they hold.
    pub(crate) columns: &'static [(&'static str, Col)],
}

use Col::{Date, Id, Money, Name, Text};

/// Positions in [`FEEDS`].
pub(crate) mod at {
    pub(crate) const REGISTER: usize = 0;
    pub(crate) const KINSHIP: usize = 1;
    pub(crate) const DEATHS: usize = 2;
    pub(crate) const DISABILITY: usize = 3;
    pub(crate) const SOCIAL_INSURANCE: usize = 4;
    pub(crate) const PENSIONS: usize = 5;
    pub(crate) const INCOME_OTHER: usize = 6;
    pub(crate) const VEHICLES: usize = 7;
    pub(crate) const PROPERTY: usize = 8;
    pub(crate) const BUSINESS: usize = 9;
    pub(crate) const MEDICAL: usize = 10;
    pub(crate) const SCHOOL: usize = 11;
    pub(crate) const HOUSING_FUND: usize = 12;
    pub(crate) const BANK: usize = 13;
    pub(crate) const ROLL: usize = 14;
    pub(crate) const PRICES: usize = 15;
    pub(crate) const NEEDS: usize = 16;
    pub(crate) const MEDICAL_AID: usize = 17;
    pub(crate) const INSURED: usize = 18;
    pub(crate) const EMPLOYMENT: usize = 19;
    pub(crate) const ELDER_CARE: usize = 20;
    pub(crate) const AT_RISK: usize = 21;
    pub(crate) const HOUSING: usize = 22;
    pub(crate) const RELIEF: usize = 23;
}

/// Every feed, in the order of [`at`].
pub(crate) static FEEDS: [FeedSpec; 24] = [
    FeedSpec {
        id: "register",
        name: "户籍登记",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("性别", Text),
            ("出生日期", Date),
            ("民族", Text),
            ("户号", Text),
            ("与户主关系", Text),
            ("户籍地区", Text),
            ("居住地区", Text),
            ("城乡", Text),
            ("婚姻状况", Text),
            ("登记状态", Text),
            ("变动日期", Text),
        ],
    },
    FeedSpec {
        id: "kinship",
        name: "亲属关系",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("亲属身份证号", Text),
            ("亲属姓名", Text),
            ("关系", Text),
        ],
    },
    FeedSpec {
        id: "deaths",
        name: "死亡登记",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("死亡日期", Date),
            ("登记日期", Text),
            ("来源", Text),
        ],
    },
    FeedSpec {
        id: "disability",
        name: "残疾人证",
        coding: Coding::Gb18030,
        columns: &[
            ("残疾人证号", Id),
            ("姓名", Name),
            ("残疾类别", Text),
            ("残疾等级", Text),
            ("发证日期", Date),
            ("有效期止", Text),
            ("证件状态", Text),
        ],
    },
    FeedSpec {
        id: "social-insurance",
        name: "社保缴费与工资",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("单位名称", Text),
            ("统一社会信用代码", Text),
            ("险种", Text),
            ("参保月份", Text),
            ("缴费基数", Text),
            ("申报工资", Money),
        ],
    },
    FeedSpec {
        id: "pensions",
        name: "养老金发放",
        coding: Coding::Utf8Bom,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("待遇类型", Text),
            ("发放月份", Text),
            ("月发放额", Money),
            ("其中基础养老金", Text),
        ],
    },
    FeedSpec {
        id: "income-other",
        name: "经营财产转移收入",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("所属年度", Text),
            ("经营净收入", Money),
            ("财产净收入", Text),
            ("惠农补贴", Text),
        ],
    },
    FeedSpec {
        id: "vehicles",
        name: "机动车登记",
        coding: Coding::Workbook,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("车牌号", Text),
            ("车辆类型", Text),
            ("登记日期", Date),
            ("估值", Money),
            ("状态", Text),
        ],
    },
    FeedSpec {
        id: "property",
        name: "不动产登记",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("不动产单元号", Text),
            ("建筑面积", Text),
            ("用途", Text),
            ("共有人数", Text),
            ("登记日期", Date),
        ],
    },
    FeedSpec {
        id: "business",
        name: "市场主体登记",
        coding: Coding::Utf8Bom,
        columns: &[
            ("统一社会信用代码", Text),
            ("名称", Text),
            ("类型", Text),
            ("身份证号", Id),
            ("姓名", Name),
            ("注册资本", Money),
            ("状态", Text),
            ("成立日期", Date),
        ],
    },
    FeedSpec {
        id: "medical-expense",
        name: "医疗费用结算",
        coding: Coding::Gb18030,
        columns: &[
            ("结算单号", Text),
            ("身份证号", Id),
            ("姓名", Name),
            ("就医类型", Text),
            ("病种", Text),
            ("结算日", Date),
            ("总费用", Money),
            ("政策内费用", Text),
            ("统筹支付", Text),
            ("大病支付", Text),
            ("个人自付", Text),
        ],
    },
    FeedSpec {
        id: "school",
        name: "学籍",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("学校名称", Text),
            ("学段", Text),
            ("在读状态", Text),
            ("是否寄宿", Text),
            ("学年学费", Money),
            ("公办收费", Text),
        ],
    },
    FeedSpec {
        id: "housing-fund",
        name: "住房公积金",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("单位名称", Text),
            ("缴存月份", Text),
            ("缴存基数", Money),
            ("月缴存额", Text),
            ("账户余额", Text),
        ],
    },
    FeedSpec {
        id: "bank-balance",
        name: "银行存款查询",
        coding: Coding::Utf8Bom,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("查询编号", Text),
            ("查询日期", Date),
            ("余额合计", Money),
        ],
    },
    FeedSpec {
        id: "roll",
        name: "在册救助对象",
        coding: Coding::Utf8Bom,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("户编号", Text),
            ("救助类型", Text),
            ("与户主关系", Text),
            ("起始月份", Text),
            ("终止月份", Text),
            ("月发放额", Money),
            ("银行卡号", Text),
            ("地区", Text),
            ("城乡", Text),
            ("供养形式", Text),
        ],
    },
    FeedSpec {
        id: "price-index",
        name: "价格指数",
        coding: Coding::Utf8,
        columns: &[
            ("地区", Text),
            ("月份", Text),
            ("消费价格同比", Text),
            ("食品价格同比", Text),
        ],
    },
    FeedSpec {
        id: "service-needs",
        name: "服务需求和服务记录",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("服务项目", Text),
            ("登记日期", Date),
            ("撤销日期", Text),
            ("评估日期", Text),
            ("附近有供给", Text),
            ("获得服务日期", Text),
            ("专业人员提供", Text),
            ("转介日期", Text),
            ("转介办结日期", Text),
        ],
    },
    FeedSpec {
        id: "medical-aid-paid",
        name: "医疗救助支付",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("支付单号", Text),
            ("支付日期", Date),
            ("救助方式", Text),
            ("人员类别", Text),
            ("救助金额", Money),
            ("结算方式", Text),
        ],
    },
    FeedSpec {
        id: "insured",
        name: "居民医保参保",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("参保年度", Text),
            ("个人缴费标准", Money),
            ("已资助金额", Text),
        ],
    },
    FeedSpec {
        id: "employment",
        name: "就业失业登记",
        coding: Coding::Utf8Bom,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("登记编号", Text),
            ("登记日期", Date),
            ("是否就业", Text),
            ("是否登记失业", Text),
            ("是否就业困难人员", Text),
            ("是否在公益性岗位", Text),
            ("公益性岗位起始日期", Text),
            ("公益性岗位已满期次数", Text),
        ],
    },
    FeedSpec {
        id: "elder-care",
        name: "老年人能力评估和养老服务",
        coding: Coding::Utf8,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("服务月份", Text),
            ("能力等级", Text),
            ("居家服务费", Money),
            ("机构服务费", Text),
        ],
    },
    FeedSpec {
        id: "at-risk-list",
        name: "防止返贫致贫对象名册",
        coding: Coding::Gb18030,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("户编号", Text),
            ("监测类型", Text),
            ("识别日期", Date),
            ("风险消除日期", Text),
            ("是否脱贫人口", Text),
            ("帮扶措施", Text),
        ],
    },
    FeedSpec {
        id: "public-housing",
        name: "住房保障和危房改造",
        coding: Coding::Workbook,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("保障编号", Text),
            ("保障方式", Text),
            ("是否危房改造", Text),
            ("开始日期", Date),
            ("结束日期", Text),
        ],
    },
    FeedSpec {
        id: "temporary-relief-paid",
        name: "临时救助发放台账",
        coding: Coding::Utf8Bom,
        columns: &[
            ("身份证号", Id),
            ("姓名", Name),
            ("救助编号", Text),
            ("救助事由", Text),
            ("发放日期", Date),
            ("发放金额", Money),
            ("是否先行救助", Text),
        ],
    },
];

/// What a feed is written with: the month and the files.
pub(crate) struct Pen<'a> {
    /// Areas and the observed months.
    pub(crate) world: &'a World,
    /// The files.
    pub(crate) sink: &'a mut Sink,
    /// Chance of damage.
    pub(crate) dice: &'a mut Dice,
    /// The row being written.
    pub(crate) row: &'a mut Row,
    /// Position of the month.
    pub(crate) at: usize,
    /// The month.
    pub(crate) month: MonthNo,
}

impl Pen<'_> {
    /// Whether this is the first month, when lists come whole.
    fn is_first(&self) -> bool {
        self.at == 0
    }

    /// Begins a row with number and name.
    fn of(&mut self, p: &Person) -> &mut Row {
        self.row.start().text(p.id.as_str()).text(&p.name)
    }

    /// Writes the row.
    fn put(&mut self, feed: usize, person: u64) -> Result<(), Error> {
        self.sink.put(self.at, feed, self.row, person, self.dice)
    }
}

/// Writes everything the departments know of a family in a month.
pub(crate) fn write(pen: &mut Pen<'_>, family: &Family) -> Result<(), Error> {
    for p in &family.people {
        let Some(h) = p.home.and_then(|home| family.households.get(home)) else {
            continue;
        };
        if !p.is_here(pen.month) {
            continue;
        }
        people::register(pen, family, h, p)?;
        people::deaths(pen, p)?;
        people::disability(pen, p)?;
        people::school(pen, h, p)?;
        people::medical(pen, p)?;
        money::social_insurance(pen, family, p)?;
        money::pensions(pen, p)?;
        money::income_other(pen, p)?;
        money::housing_fund(pen, family, p)?;
        things::roll(pen, family, h, p)?;
    }
    people::kinship(pen, family)?;
    for h in &family.households {
        if !family
            .person(h.head)
            .is_some_and(|head| head.is_here(pen.month))
        {
            continue;
        }
        things::vehicles(pen, family, h)?;
        things::property(pen, family, h)?;
        things::business(pen, family, h)?;
        money::bank(pen, family, h)?;
    }
    Ok(())
}

/// Writes what the service platform and the medical aid know of a family in a month.
pub(crate) fn write_services(pen: &mut Pen<'_>, family: &Family) -> Result<(), Error> {
    let month = pen.month;
    for p in family.people.iter().filter(|p| p.is_here(month)) {
        services::needs(pen, p)?;
        services::medical_aid(pen, p)?;
    }
    Ok(())
}

/// Writes what the other departments keep of their programmes for a family in a month.
pub(crate) fn write_programmes(pen: &mut Pen<'_>, family: &Family) -> Result<(), Error> {
    let month = pen.month;
    for p in family.people.iter().filter(|p| p.is_here(month)) {
        let Some(h) = p.home.and_then(|home| family.households.get(home)) else {
            continue;
        };
        programmes::insured(pen, p)?;
        programmes::employment(pen, p)?;
        programmes::care(pen, p)?;
        programmes::watched(pen, h, p)?;
        programmes::housed(pen, h, p)?;
    }
    for h in &family.households {
        programmes::relief(pen, family, h)?;
    }
    Ok(())
}

/// A household number as the register writes it.
pub(crate) fn household_no(no: u64) -> String {
    format!("H{no:07}")
}

/// 城镇 or 农村.
fn zone(h: &Household) -> &'static str {
    if h.urban { "城镇" } else { "农村" }
}

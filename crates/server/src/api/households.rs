//! 家庭和名册: a household's file, and who is on the roll of a programme; names, numbers and cards masked.

use office::access::Right;
use office::views::{MemberView, ProgrammeFilter, ProgrammeResult, RollEntry, Standing, Verdict};

use super::monitoring::{FactLine, WarningLine, fact, household_of, person_of, warning_line};
use super::operation::{Call, Kind, Operation, Shown};
use super::problem::Told;
use super::shape::{choices, shapes};
use crate::routes::{Need, Routes};

const TAG: &str = "监测";
/// Which part of a roll.
const STANDINGS: &[&str] = &["on-roll", "entitled", "unsettled"];

choices! {
    /// 规则的判断。
    VerdictWord { "met" = "符合", "not_met" = "不符合", "unsettled" = "待查", }
}

shapes! {
    /// 一名成员。
    Member {
        /// 登记里的人员编号。
        id: i64,
        /// 姓名,遮盖。
        name: String,
        /// 身份证号,遮盖。
        number: String,
        /// 性别。
        sex: String,
        /// 年龄。
        age: String,
        /// 与户主的关系。
        relation: String,
        /// 计入不计入家庭的理由。
        counted: String,
        /// 这个人的事实。
        facts: Vec<FactLine>,
    }
    /// 一个项目的判断。
    Judged {
        /// 救助项目的编号。
        programme: String,
        /// 名称。
        title: String,
        /// 判断谁:家庭,或者成员(遮盖)。
        subject: String,
        /// 判断的成员:登记里的人员编号;家庭的没有。
        person: Option<i64>,
        /// 判断。
        verdict: VerdictWord,
        /// 在不在册。
        on_roll: bool,
        /// 规则给多少。
        benefit: Option<String>,
        /// 不符合的每一条理由。
        reasons: Vec<String>,
        /// 还要问什么。
        ask: Vec<String>,
    }
    /// 名册上的一行。
    RollLine {
        /// 项目。
        title: String,
        /// 谁的,遮盖。
        subject: String,
        /// 起止。
        period: String,
        /// 每月多少。
        amount: String,
        /// 卡号,遮盖。
        card: String,
    }
    /// 家庭档案,遮盖;打开已记入审计链。
    HouseholdView {
        /// 家庭编号。
        id: i64,
        /// 户号。
        number: String,
        /// 户主,遮盖。
        head: String,
        /// 地方。
        place: String,
        /// 城镇还是农村。
        urban_rural: String,
        /// 月份。
        month: String,
        /// 成员。
        members: Vec<Member>,
        /// 家庭的事实。
        facts: Vec<FactLine>,
        /// 各项目的判断。
        results: Vec<Judged>,
        /// 名册。
        roll: Vec<RollLine>,
        /// 预警,新的在前。
        warnings: Vec<WarningLine>,
    }
    /// 名册里的一户或者一人。
    StandingLine {
        /// 谁,遮盖。
        subject: String,
        /// 登记里的家庭编号;个人的没有。
        household: Option<i64>,
        /// 登记里的人员编号;家庭的没有。
        person: Option<i64>,
        /// 地方。
        place: String,
        /// 这个月的判断。
        verdict: VerdictWord,
        /// 规则给多少。
        benefit: Option<String>,
        /// 名册发多少。
        paid: Option<String>,
        /// 从哪个月起在册。
        since: Option<String>,
    }
    /// 一页名册。
    RollPage {
        /// 救助项目的编号。
        programme: String,
        /// 名称。
        title: String,
        /// 月份。
        month: Option<String>,
        /// 户还是人。
        unit: String,
        /// 这一页的行。
        rows: Vec<StandingLine>,
        /// 一共几行。
        total: u64,
        /// 下一页的 cursor。
        next: Option<String>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    let see = Need::Right;
    routes
        .gives(
            Operation::get(
                "/api/v1/households/{id}",
                see(Right::HOUSEHOLD),
                "getHousehold",
            )
            .about(TAG, "家庭档案,遮盖")
            .part("id", "家庭编号", Kind::Number)
            .field("month", "月份,不写是最新的", Kind::Month),
            household,
        )
        .gives(
            Operation::get("/api/v1/roll/{programme}", see(Right::ROLL), "listRoll")
                .about(TAG, "一个项目的名册,或者符合、待查的,遮盖")
                .part("programme", "救助项目的编号", Kind::Text(60))
                .like("dibao")
                .field("standing", "哪一部分,不写是在册的", Kind::OneOf(STANDINGS))
                .field("month", "月份,不写是最新的", Kind::Month)
                .field("township", "乡镇的区划代码", Kind::Area)
                .field("cursor", "上一次答的 next", Kind::Text(200)),
            roll,
        )
}

async fn household(call: Call) -> Told<Shown<HouseholdView>> {
    let desk = call.desk()?;
    let (id, month) = (call.number("id"), call.field("month"));
    let view = desk.views.household(&desk.who, id, month).await?;
    Ok(Shown(HouseholdView {
        id: view.id,
        number: view.number,
        head: view.head,
        place: view.place,
        urban_rural: view.urban_rural,
        month: view.month,
        members: view.members.into_iter().map(member).collect(),
        facts: view.facts.into_iter().map(fact).collect(),
        results: view.results.into_iter().map(result).collect(),
        roll: view.roll.into_iter().map(roll_line).collect(),
        warnings: view.warnings.into_iter().map(warning_line).collect(),
    }))
}

async fn roll(call: Call) -> Told<Shown<RollPage>> {
    let desk = call.desk()?;
    let standing = call.field("standing");
    let standing = standing.and_then(|code| Standing::from_code(&code));
    let filter = ProgrammeFilter {
        programme: call.word("programme"),
        month: call.field("month"),
        standing: standing.unwrap_or_default(),
        township: call.field("township"),
        cursor: call.field("cursor"),
    };
    let view = desk.views.programme(&desk.who, filter).await?;
    let rows = view.page.rows.into_iter().map(|row| StandingLine {
        subject: row.subject,
        household: household_of(&row.about),
        person: person_of(&row.about),
        place: row.place,
        verdict: verdict(row.verdict),
        benefit: row.benefit,
        paid: row.paid,
        since: row.since,
    });
    Ok(Shown(RollPage {
        programme: view.filter.programme,
        title: view.title,
        month: view.filter.month,
        unit: view.unit,
        rows: rows.collect(),
        total: view.page.total,
        next: view.page.next,
    }))
}

fn member(member: MemberView) -> Member {
    Member {
        id: member.id,
        name: member.name,
        number: member.number,
        sex: member.sex,
        age: member.age,
        relation: member.relation,
        counted: member.counted.reason,
        facts: member.facts.into_iter().map(fact).collect(),
    }
}

fn verdict(verdict: Verdict) -> VerdictWord {
    VerdictWord(match verdict {
        Verdict::Met => "met",
        Verdict::NotMet => "not_met",
        Verdict::Unsettled => "unsettled",
    })
}

fn result(result: ProgrammeResult) -> Judged {
    Judged {
        programme: result.id,
        title: result.title,
        subject: result.subject,
        person: result.person,
        verdict: verdict(result.verdict),
        on_roll: result.on_roll,
        benefit: result.benefit,
        reasons: result.reasons,
        ask: result.ask,
    }
}

fn roll_line(entry: RollEntry) -> RollLine {
    RollLine {
        title: entry.title,
        subject: entry.subject,
        period: entry.period,
        amount: entry.amount,
        card: entry.card,
    }
}

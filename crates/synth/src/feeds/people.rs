//! Register, kin, deaths, disability cards, schools and hospitals.

use super::{Pen, at, household_no, zone};
use crate::areas::ELSEWHERE;
use crate::calendar::{first_of, last_of, month_of};
use crate::error::Error;
use crate::people::{Bill, Family, Household, Person};

/// Whether the register knows a person in this month: newborns may come a month late.
fn registered(pen: &Pen<'_>, p: &Person) -> bool {
    let late = i32::from(p.no % 10 < 3 && p.birth >= pen.world.today());
    month_of(p.birth) + late <= pen.month
}

/// 户籍登记: everyone.
pub(super) fn register(
    pen: &mut Pen<'_>,
    family: &Family,
    h: &Household,
    p: &Person,
) -> Result<(), Error> {
    if !registered(pen, p) {
        return Ok(());
    }
    let end = last_of(pen.month);
    let here = pen.world.areas.code(family.county, h.village);
    let (state, changed) = match (p.death, p.moved_out) {
        (Some(d), _) if d.registered <= end => ("死亡注销", Some(d.registered)),
        (_, Some(m)) if m <= pen.month => ("迁出", Some(first_of(m) + 9)),
        _ => ("在册", p.joined.map(|m| first_of(m) + 11)),
    };
    let month = pen.month;
    let row = pen.of(p);
    row.text(p.sex.word())
        .day(p.birth)
        .text(p.ethnic)
        .text(&household_no(h.no));
    row.text(p.relation);
    row.text(if p.incomer { ELSEWHERE } else { &here });
    let left = p.moved_out.is_some_and(|m| m <= month);
    row.text(if p.away || left { ELSEWHERE } else { &here });
    row.text(zone(h))
        .text(if p.no.is_multiple_of(211) {
            "未说明"
        } else {
            p.marital
        })
        .text(state);
    match changed {
        Some(day) => row.day(day),
        None => row.text(""),
    };
    pen.put(at::REGISTER, p.no)
}

/// 死亡登记: what was reported this month, by the police and by the crematorium.
pub(super) fn deaths(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let Some(d) = p.death else { return Ok(()) };
    let cremated = d.day + 2 + i32::from(p.no.is_multiple_of(5)) * 4;
    let reports = [
        ("殡葬火化", cremated, d.cremation),
        ("公安注销", d.registered, true),
    ];
    for (source, reported, happened) in reports {
        if happened && month_of(reported) == pen.month {
            pen.of(p).day(d.day).day(reported).text(source);
            pen.put(at::DEATHS, p.no)?;
        }
    }
    Ok(())
}

const CATEGORIES: [&str; 8] = ["", "视力", "听力", "言语", "肢体", "智力", "精神", "多重"];
const GRADES: [&str; 5] = ["", "一级", "二级", "三级", "四级"];

/// 残疾人证: every card.
pub(super) fn disability(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let Some(card) = p.card.filter(|c| c.issued <= last_of(pen.month)) else {
        return Ok(());
    };
    let grade = card.grade_in(pen.month);
    let issued = match card.regraded {
        Some((from, _)) if from <= pen.month => first_of(from) + 4,
        _ => card.issued,
    };
    let gone = p.death.is_some_and(|d| d.registered < first_of(pen.month)) && p.no % 10 < 6;
    let state = if card.valid && !gone {
        "有效"
    } else {
        "注销"
    };
    let number = format!("{}{}{grade}", p.id.as_str(), card.category);
    let category = CATEGORIES
        .get(usize::from(card.category))
        .copied()
        .unwrap_or_default();
    let level = GRADES.get(usize::from(grade)).copied().unwrap_or_default();
    pen.row
        .start()
        .text(&number)
        .text(&p.name)
        .text(category)
        .text(level);
    pen.row.day(issued).day(issued + 3_652).text(state);
    pen.put(at::DISABILITY, p.no)
}

const SCHOOLS: [&str; 9] = [
    "第一", "第二", "第三", "实验", "中心", "育才", "光明", "希望", "新华",
];

/// 学籍: the whole list in the first month and each September.
pub(super) fn school(pen: &mut Pen<'_>, h: &Household, p: &Person) -> Result<(), Error> {
    let Some(s) = p.school else { return Ok(()) };
    if !(pen.is_first() || pen.month.rem_euclid(12) == 8) || !p.counts_in(pen.month) {
        return Ok(());
    }
    let which = SCHOOLS
        .get(usize::try_from(s.no).unwrap_or(0))
        .copied()
        .unwrap_or("第一");
    let place = pen.world.areas.short_name(h.village);
    let name = match s.stage {
        "学前" => format!("示例县{place}幼儿园"),
        "小学" => format!("示例县{which}小学"),
        "初中" | "高中" => format!("示例县{which}中学"),
        "大专" => format!("示例省{which}职业技术学院"),
        _ => format!("示例省{which}大学"),
    };
    let row = pen.of(p).text(&name).text(s.stage);
    row.text(if p.no.is_multiple_of(220) {
        "休学"
    } else {
        "在读"
    });
    row.text(if s.boards { "是" } else { "否" })
        .yuan(s.fee_fen)
        .yuan(s.public_fee_fen);
    pen.put(at::SCHOOL, p.no)
}

/// 医疗费用结算: the month's settlements; in the first month those of a whole year.
pub(super) fn medical(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let from = if pen.is_first() {
        pen.month - 11
    } else {
        pen.month
    };
    for (n, b) in p.bills.iter().enumerate() {
        if (from..=pen.month).contains(&month_of(b.day)) {
            settlement(pen, p, n, b)?;
        }
    }
    Ok(())
}

fn settlement(pen: &mut Pen<'_>, p: &Person, n: usize, b: &Bill) -> Result<(), Error> {
    let number = format!("JS{:08}{n:03}", p.no);
    let kind = match (b.inpatient, b.illness) {
        (true, _) => "住院",
        (false, "慢性病") => "门诊慢特病",
        (false, _) => "门诊",
    };
    let own = b.total_fen - b.basic_fen - b.major_fen;
    pen.row
        .start()
        .text(&number)
        .text(p.id.as_str())
        .text(&p.name)
        .text(kind)
        .text(b.illness);
    pen.row
        .day(b.day)
        .yuan(b.total_fen)
        .yuan(b.covered_fen)
        .yuan(b.basic_fen);
    pen.row.yuan(b.major_fen).yuan(own);
    pen.put(at::MEDICAL, p.no)
}

/// 亲属关系: kin of elders, minors and disabled adults; later months bring changes only.
pub(super) fn kinship(pen: &mut Pen<'_>, family: &Family) -> Result<(), Error> {
    for (own, p) in family.people.iter().enumerate() {
        if !p.is_here(pen.month) || !registered(pen, p) {
            continue;
        }
        let (before, now) = (p.age(first_of(pen.month) - 1), p.age(last_of(pen.month)));
        let wanted = !(18..60).contains(&now) || p.card.is_some();
        let fresh = month_of(p.birth) == pen.month
            || p.joined == Some(pen.month)
            || (before < 60 && now >= 60);
        if !wanted || !(pen.is_first() || fresh) {
            continue;
        }
        for at in [p.father, p.mother].into_iter().flatten() {
            relative(pen, p, family.person(at), "父母")?;
        }
        if let Some(at) = p.spouse {
            relative(pen, p, family.person(at), "配偶")?;
        }
        for child in family
            .people
            .iter()
            .filter(|c| c.father == Some(own) || c.mother == Some(own))
        {
            if child.birth <= last_of(pen.month) {
                relative(pen, p, Some(child), "子女")?;
            }
        }
    }
    Ok(())
}

fn relative(pen: &mut Pen<'_>, p: &Person, kin: Option<&Person>, role: &str) -> Result<(), Error> {
    let Some(kin) = kin else { return Ok(()) };
    pen.of(p).text(kin.id.as_str()).text(&kin.name).text(role);
    pen.put(at::KINSHIP, p.no)
}

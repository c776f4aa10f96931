//! Wages, pensions, other income, housing fund and bank balances.

use super::{Pen, at};
use crate::calendar::{first_of, month_text};
use crate::error::Error;
use crate::numbers::credit_code;
use crate::people::{Aid, Family, Household, Job, Person};

const TRADES: [&str; 8] = [
    "建材",
    "服装",
    "电子",
    "食品",
    "物流",
    "机械",
    "农业开发",
    "建筑劳务",
];

fn employer(family: &Family, job: &Job) -> (String, String) {
    let trade = usize::try_from(job.employer % 8)
        .ok()
        .and_then(|t| TRADES.get(t));
    let name = format!(
        "示例县第{:04}{}有限公司",
        job.employer,
        trade.copied().unwrap_or("建材")
    );
    // Employers are numbered from nine million up, apart from the firms of residents.
    (
        name,
        credit_code(91, family.county, 9_000_000 + job.employer),
    )
}

/// 社保缴费与工资: one row per employed person and month.
pub(super) fn social_insurance(
    pen: &mut Pen<'_>,
    family: &Family,
    p: &Person,
) -> Result<(), Error> {
    let Some(job) = p
        .job_in(pen.month)
        .filter(|_| p.moved_out.is_none_or(|m| pen.month < m))
    else {
        return Ok(());
    };
    let (name, code) = employer(family, job);
    let base = job.wage_fen.clamp(394_000, 1_970_000);
    let month = pen.month;
    let row = pen
        .of(p)
        .text(&name)
        .text(&code)
        .text("企业职工基本养老保险");
    row.month(month).yuan(base).yuan(job.wage_fen);
    pen.put(at::SOCIAL_INSURANCE, p.no)
}

/// 养老金发放: stops when the death is registered, not when it happens.
pub(super) fn pensions(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let Some(pension) = p.pension else {
        return Ok(());
    };
    let known_dead = p.death.is_some_and(|d| d.registered < first_of(pen.month));
    if known_dead || p.moved_out.is_some_and(|m| m <= pen.month) {
        return Ok(());
    }
    let month = pen.month;
    let row = pen
        .of(p)
        .text(if pension.employee { "职工" } else { "居民" });
    row.month(month)
        .yuan(pension.monthly_fen)
        .yuan(pension.basic_fen);
    pen.put(at::PENSIONS, p.no)
}

/// 经营财产转移收入: last year's, whole in the first month and each January.
pub(super) fn income_other(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let any = p.business_fen != 0 || p.property_fen != 0 || p.subsidy_fen != 0;
    // Whole or not at all: a person without a row in a delivery counts as having nothing.
    let due = pen.is_first() || pen.month.rem_euclid(12) == 0;
    if !any || !due || !p.counts_in(pen.month) {
        return Ok(());
    }
    let year = (pen.month.div_euclid(12) - 1).to_string();
    let row = pen.of(p).text(&year).yuan(p.business_fen);
    row.yuan(p.property_fen).yuan(p.subsidy_fen);
    pen.put(at::INCOME_OTHER, p.no)
}

/// 住房公积金.
pub(super) fn housing_fund(pen: &mut Pen<'_>, family: &Family, p: &Person) -> Result<(), Error> {
    let Some(job) = p.job_in(pen.month).filter(|j| j.fund) else {
        return Ok(());
    };
    let (name, _) = employer(family, job);
    let monthly = job.wage_fen / 1_000 * 240;
    let balance = monthly * i64::from((pen.month - job.from).clamp(0, 60) + 1);
    let month = pen.month;
    let row = pen.of(p).text(&name).month(month).yuan(job.wage_fen);
    row.yuan(monthly).yuan(balance);
    pen.put(at::HOUSING_FUND, p.no)
}

/// 银行存款查询: asked for households on the roll and a few applicants.
pub(super) fn bank(pen: &mut Pen<'_>, family: &Family, h: &Household) -> Result<(), Error> {
    let members = || {
        family.people.iter().filter(|p| {
            p.home
                .and_then(|home| family.households.get(home))
                .is_some_and(|own| own.no == h.no)
        })
    };
    let asked = members().any(|p| {
        p.grants.iter().any(|g| {
            let means = matches!(g.aid, Aid::Dibao | Aid::Tekun | Aid::Edge | Aid::Rigid);
            let when = if pen.is_first() {
                g.from <= pen.month
            } else {
                g.from == pen.month
            };
            means && when
        })
    });
    let applies = pen.is_first() && h.no.is_multiple_of(400);
    if !asked && !applies {
        return Ok(());
    }
    let number = format!("CX{}{:07}", month_text(pen.month).replace('-', ""), h.no);
    let month = pen.month;
    for p in members().filter(|p| p.counts_in(month) && p.age(first_of(month)) >= 18) {
        let day = first_of(month) + i32::try_from(p.no % 20).unwrap_or(0);
        pen.of(p).text(&number).day(day).yuan(p.deposit_fen);
        pen.put(at::BANK, p.no)?;
    }
    Ok(())
}

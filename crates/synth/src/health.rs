//! Disability cards, illness, and the bills the medical insurance settles.

use crate::calendar::{DayNo, MonthNo, first_of, last_of, month_of};
use crate::dice::{Dice, fen, yuan};
use crate::family::World;
use crate::figures;
use crate::people::{Bill, Card, Family, Health, Kind, Person};

/// Gives cards and illnesses to everybody in the family.
pub(crate) fn befall(world: &World, dice: &mut Dice, family: &mut Family) {
    let today = world.today();
    let (first, last) = (world.first_month(), world.last_month());
    let kind = family.kind;
    for p in family
        .people
        .iter_mut()
        .filter(|p| p.home.is_some() && p.birth <= today)
    {
        let age = p.age(today);
        let [young, adult, old] = figures::CARDS_PPM;
        let rate = match age {
            ..16 => young,
            16..60 => adult,
            _ => old,
        };
        // Somebody of working age alone is entitled to tekun only when unable to work.
        let must = kind == Kind::Alone && (16..60).contains(&age);
        let more = if kind == Kind::Bachelor { 3 } else { 1 };
        if must || dice.ppm(rate * more) {
            p.card = Some(card(dice, p, (today, last_of(last)), must));
        }
        p.health = health(dice, age, first, last);
    }
}

/// A card, most often issued before today, a few within the observed months.
fn card(dice: &mut Dice, p: &Person, (today, end): (DayNo, DayNo), unable: bool) -> Card {
    let category = dice.weighted(&figures::CARD_CATEGORIES, 4);
    let grade = dice.weighted(&figures::CARD_GRADES, 4);
    let oldest = today
        .saturating_sub(3_500)
        .max(p.birth + 200)
        .min(today - 1);
    let category = if unable {
        dice.weighted(&[(4, 4), (3, 5), (3, 6)], 4)
    } else {
        category
    };
    let issued = if dice.ppm(20_000) && !unable {
        dice.small(today, end)
    } else {
        dice.small(oldest, today - 1)
    };
    Card {
        category,
        grade: if unable { grade.min(2) } else { grade },
        regraded: None,
        issued,
        valid: !dice.ppm(15_000) || unable,
    }
}

fn health(dice: &mut Dice, age: i32, first: MonthNo, last: MonthNo) -> Health {
    let serious = match age {
        ..40 => 2_500,
        40..60 => 10_000,
        _ => 24_000,
    };
    let chronic = match age {
        ..40 => 15_000,
        40..60 => 110_000,
        _ => 330_000,
    };
    if dice.ppm(serious) {
        // Some fall ill only within the observed months: the cost spike a warning looks for.
        Health::Serious(dice.small(first - 30, last))
    } else if dice.ppm(chronic) {
        Health::Chronic
    } else {
        Health::Well
    }
}

/// Settles everybody's bills from twelve months before the first month to the last.
pub(crate) fn settle(world: &World, dice: &mut Dice, family: &mut Family) {
    let (first, last) = (world.first_month() - 11, world.last_month());
    for p in family.people.iter_mut().filter(|p| p.home.is_some()) {
        for month in first..=last {
            if p.birth > last_of(month) || p.death.is_some_and(|d| d.day < first_of(month)) {
                continue;
            }
            bills_of_month(dice, p, month);
        }
    }
}

fn bills_of_month(dice: &mut Dice, p: &mut Person, month: MonthNo) {
    let retired = p.pension.is_some_and(|x| x.employee);
    let employee = retired || p.job_in(month).is_some_and(|j| j.fund);
    let age = p.age(first_of(month));
    let base = match (employee, retired) {
        (true, true) => figures::RETIRED_STAYS_PPM,
        (true, false) => figures::WORKER_STAYS_PPM,
        (false, _) => figures::RESIDENT_STAYS_PPM,
    };
    let by_age = match age {
        ..5 => 120,
        5..45 => 45,
        45..60 => 90,
        _ => 215,
    };
    // Serious illness brings stays of its own; the base rate is lowered for them.
    let rate = if employee { base } else { base / 100 * by_age };
    let serious = matches!(p.health, Health::Serious(from) if from <= month);
    let mean = if employee {
        figures::EMPLOYEE_BILL_YUAN
    } else {
        figures::RESIDENT_BILL_YUAN
    };
    if serious && dice.ppm(230_000) {
        let bill = bill(dice, p, month, true, "重病", mean * 2.55);
        p.bills.push(bill);
    } else if dice.ppm(rate / if employee { 13 } else { 11 }) {
        let illness = if p.health == Health::Chronic {
            "慢性病"
        } else {
            "普通"
        };
        let bill = bill(dice, p, month, true, illness, mean * 0.83);
        p.bills.push(bill);
    }
    let (visit, illness) = match p.health {
        Health::Chronic => (200_000, "慢性病"),
        _ => (9_000, "普通"),
    };
    if dice.ppm(visit) {
        let bill = bill(dice, p, month, false, illness, 310.0);
        p.bills.push(bill);
    }
}

fn bill(
    dice: &mut Dice,
    p: &Person,
    month: MonthNo,
    inpatient: bool,
    illness: &'static str,
    mean: f64,
) -> Bill {
    let total_fen = fen(dice.lognormal(mean, 1.05).clamp(12.0, 900_000.0));
    let total = yuan(total_fen);
    let covered_fen = fen(total * dice.between(0.80, 0.97));
    let covered = yuan(covered_fen);
    let deductible = if inpatient { 400.0 } else { 0.0 };
    let share = if inpatient {
        dice.between(0.63, 0.81)
    } else {
        0.55
    };
    let basic_fen = fen((covered - deductible).max(0.0) * share);
    // The serious-illness insurance takes over what a year leaves above 15,000 yuan.
    let year: i64 = p.bills.iter().map(|b| b.covered_fen - b.basic_fen).sum();
    let before = (yuan(year) - 15_000.0).max(0.0);
    let after = (yuan(year + covered_fen - basic_fen) - 15_000.0).max(0.0);
    let major_fen = fen((after - before) * 0.6).clamp(0, covered_fen - basic_fen);
    let end = p
        .death
        .map_or(last_of(month), |d| d.day.min(last_of(month)));
    let start = first_of(month).max(p.birth).min(end);
    Bill {
        day: dice.small(start, end),
        inpatient,
        illness,
        total_fen,
        covered_fen,
        basic_fen,
        major_fen,
    }
}

/// What someone paid out of the own pocket within the twelve months before a month's end.
pub(crate) fn own_cost(p: &Person, month: MonthNo) -> i64 {
    p.bills
        .iter()
        .filter(|b| (month - 11..=month).contains(&month_of(b.day)))
        .map(|b| b.total_fen - b.basic_fen - b.major_fen)
        .sum()
}

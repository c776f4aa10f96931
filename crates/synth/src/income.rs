//! What a household lives on: wages, farms and shops, pensions, land rent, subsidies.
//! A per-capita income is drawn for the household, then shared out to those who can earn it.

use crate::calendar::MonthNo;
use crate::dice::{Dice, fen, whole_yuan, yuan};
use crate::family::World;
use crate::figures;
use crate::people::{Family, Health, Job, Kind, Pension, School, Sex};

/// Never ends.
pub(crate) const OPEN: MonthNo = MonthNo::MAX;

/// The basic part of a resident pension here, yuan a month. Modelling.
const BASIC_PENSION_YUAN: f64 = 163.0;

/// The line of the past officials for this household, yuan a year per person.
pub(crate) fn past_line_year(urban: bool) -> f64 {
    let month = if urban {
        figures::PAST_LINE_URBAN_YUAN
    } else {
        figures::PAST_LINE_RURAL_YUAN
    };
    yuan(month * 12 * 100)
}

/// What decides how likely a household is poor.
#[derive(Default)]
struct Traits {
    people: u32,
    severe: bool,
    disabled: bool,
    ill: bool,
    children: u32,
}

/// Sends the young to school and gives every household its income.
pub(crate) fn provide(world: &World, dice: &mut Dice, family: &mut Family) {
    enrol(world, dice, family);
    for home in 0..family.households.len() {
        let traits = traits(world, family, home);
        if traits.people == 0 {
            continue;
        }
        let urban = family.is_urban(Some(home));
        let target = draw(dice, family.kind, urban, &traits);
        if let Some(h) = family.households.get_mut(home) {
            h.target_yuan = target;
        }
        share_out(world, dice, family, home, target * f64::from(traits.people));
    }
}

fn traits(world: &World, family: &Family, home: usize) -> Traits {
    let today = world.today();
    let mut t = Traits::default();
    for (_, p) in family.members(home).filter(|(_, p)| p.birth <= today) {
        t.people += 1;
        t.severe |= p.card.is_some_and(|c| c.is_severe());
        t.disabled |= p.card.is_some();
        t.ill |= matches!(p.health, Health::Serious(_));
        t.children += u32::from(p.age(today) < 16);
    }
    t
}

/// Draws the yearly income per person.
fn draw(dice: &mut Dice, kind: Kind, urban: bool, t: &Traits) -> f64 {
    let line = past_line_year(urban);
    if kind == Kind::Alone {
        return line * dice.between(0.1, 0.5);
    }
    let mut destitute: u32 = if urban { 300 } else { 17_500 };
    let scale = if urban { 1 } else { 8 };
    if t.severe {
        destitute += 48_000 * scale;
    } else if t.disabled {
        destitute += 22_000 * scale;
    }
    if t.ill {
        destitute += 5_000 * scale;
    }
    match kind {
        Kind::Bachelor => destitute += 26_000 * scale,
        Kind::SingleParent | Kind::SkipGeneration => destitute += 15_000 * scale,
        Kind::Elders if t.people == 1 => destitute += 600 * scale,
        Kind::Core | Kind::Elders | Kind::Alone | Kind::Youth => {}
    }
    if urban {
        destitute /= 2;
    }
    // Small households are poorer: a dibao household has 1.8 persons, others 2.6. Not so the
    // old: they are a quarter of the rural roll, hardly more than of all residents.
    let (share, size) = match t.people {
        1 if kind == Kind::Elders => (105, 0.98),
        2 if kind == Kind::Elders => (90, 1.0),
        1 => (230, 0.82),
        2 => (130, 0.94),
        3 => (72, 1.0),
        _ => (38, 1.09),
    };
    if dice.ppm(destitute / 100 * share) {
        return if dice.percent(35) {
            0.0
        } else {
            line * dice.between(0.02, 0.95)
        };
    }
    let mean = if urban {
        figures::URBAN_INCOME_YUAN
    } else {
        figures::RURAL_INCOME_YUAN
    };
    let mut shift = size;
    if t.severe {
        shift *= 0.55;
    } else if t.disabled {
        shift *= 0.78;
    }
    if t.ill {
        shift *= 0.8;
    }
    if t.children >= 3 {
        shift *= 0.85;
    }
    if kind == Kind::SingleParent {
        shift *= 0.8;
    }
    dice.lognormal(mean * figures::INCOME_LIFT * shift, figures::INCOME_SIGMA)
}

fn enrol(world: &World, dice: &mut Dice, family: &mut Family) {
    let today = world.today();
    for p in family
        .people
        .iter_mut()
        .filter(|p| p.home.is_some() && p.birth <= today)
    {
        let (stage, rate, cost) = match p.age(today) {
            3..6 => ("学前", 88, 3_800),
            6..12 => ("小学", 99, 300),
            12..15 => ("初中", 99, 400),
            15..18 => ("高中", 90, 1_900),
            18..21 => ("大专", 28, 5_600),
            21..23 => ("本科", 38, 5_000),
            23..26 => ("研究生", 3, 8_000),
            _ => continue,
        };
        let stage = if stage == "大专" && dice.percent(50) {
            "本科"
        } else {
            stage
        };
        let severe = p.card.is_some_and(|c| c.is_severe());
        if p.marital != "未婚" || severe || !dice.percent(rate) {
            continue;
        }
        let private = dice.percent(if stage == "学前" { 45 } else { 8 });
        let fee = if private { cost * 3 } else { cost };
        let tertiary = matches!(stage, "大专" | "本科" | "研究生");
        p.away |= tertiary && dice.percent(92);
        p.school = Some(School {
            stage,
            no: u32::try_from(dice.below(9)).unwrap_or(0),
            boards: tertiary || (stage == "高中" && dice.percent(55)),
            fee_fen: fee * 100,
            public_fee_fen: cost * 100,
        });
    }
}

/// What the yearly sum still allows to be given out.
struct Purse {
    left: f64,
}

fn share_out(world: &World, dice: &mut Dice, family: &mut Family, home: usize, total: f64) {
    let today = world.today();
    let urban = family.is_urban(Some(home));
    let kind = family.kind;
    let mut purse = Purse { left: total };
    let head = family.households.get(home).map(|h| h.head);
    let earners: Vec<usize> = family
        .members(home)
        .filter(|(_, p)| {
            let age = p.age(today);
            let top = if urban { 60 } else { 70 };
            (18..top).contains(&age)
                && kind != Kind::Alone
                && !p.studies()
                && !p.card.is_some_and(|c| c.is_severe())
                && !matches!(p.health, Health::Serious(_))
        })
        .map(|(at, _)| at)
        .collect();
    let elders = family
        .members(home)
        .filter(|(_, p)| p.birth <= today && p.age(today) >= 60)
        .count();
    pensions(
        world,
        dice,
        family,
        home,
        &mut purse,
        (elders, earners.is_empty()),
    );
    if !urban && dice.percent(85) {
        let subsidy = fen(f64::from(dice.small(2, 9)) * 105.0);
        if let Some(p) = head.and_then(|h| family.people.get_mut(h)) {
            p.subsidy_fen = subsidy;
        }
        purse.left -= yuan(subsidy);
    }
    if earners.is_empty() {
        // Land rent, collective dividends and interest: all the feeds could show of it.
        if let Some(p) = head
            .and_then(|h| family.people.get_mut(h))
            .filter(|_| purse.left > 200.0)
        {
            p.property_fen = whole_yuan(purse.left);
        }
        return;
    }
    work(world, dice, family, &earners, purse.left, urban);
}

fn pensions(
    world: &World,
    dice: &mut Dice,
    family: &mut Family,
    home: usize,
    purse: &mut Purse,
    (elders, nobody_earns): (usize, bool),
) {
    let today = world.today();
    let urban = family.is_urban(Some(home));
    let share = purse.left / 12.0 / f64::from(u32::try_from(elders.max(1)).unwrap_or(1));
    for p in family
        .people
        .iter_mut()
        .filter(|p| p.home == Some(home) && p.birth <= today)
    {
        let early = p.sex == Sex::Female && urban && p.age(today) >= 55;
        if p.age(today) < 60 && !early {
            continue;
        }
        let formal = if urban { 72 } else { 8 };
        let employee = share > 1_500.0 && (nobody_earns && share > 2_000.0 || dice.percent(formal));
        if p.age(today) < 60 && !employee {
            continue;
        }
        let monthly = if employee {
            let part = if nobody_earns {
                dice.between(0.8, 0.98)
            } else {
                dice.between(0.35, 0.7)
            };
            whole_yuan((share * part).clamp(1_300.0, 9_000.0))
        } else {
            let top = if nobody_earns && share > 400.0 {
                260.0
            } else {
                60.0
            };
            fen((BASIC_PENSION_YUAN + dice.between(0.0, top)).round())
        };
        p.pension = Some(Pension {
            employee,
            monthly_fen: monthly,
            basic_fen: if employee { 0 } else { fen(BASIC_PENSION_YUAN) },
        });
        purse.left -= yuan(monthly * 12);
    }
}

fn work(
    world: &World,
    dice: &mut Dice,
    family: &mut Family,
    earners: &[usize],
    sum: f64,
    urban: bool,
) {
    if sum < 300.0 {
        return;
    }
    let first = world.first_month();
    let parts: Vec<f64> = earners.iter().map(|_| dice.between(0.5, 1.5)).collect();
    let whole: f64 = parts.iter().sum();
    for (at, part) in earners.iter().zip(parts) {
        let year = sum * part / whole;
        let today = world.today();
        let Some(p) = family.people.get_mut(*at) else {
            continue;
        };
        let odds = if urban { 86 } else { 64 };
        let employed = year >= 9_600.0 && p.age(today) < 60 && dice.percent(odds);
        if !employed {
            p.business_fen = whole_yuan(year);
            continue;
        }
        let wage_fen = fen((year / 120.0).round() * 10.0);
        if dice.ppm(25_000) {
            // Paid by hand and declared nowhere: only a visit can find it.
            p.hidden_fen = wage_fen * 12;
            p.situations.push("hidden-wage");
            continue;
        }
        p.jobs.push(Job {
            employer: dice.below(2_000),
            wage_fen,
            from: first - dice.small(13, 150),
            to: OPEN,
            fund: wage_fen > 300_000 && dice.percent(if urban { 60 } else { 25 }),
        });
    }
}

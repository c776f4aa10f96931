//! The past official: decides the roll on what was known before the first month, with errors at
//! stated rates, and is slow to close what has ended. Not the rules of the product.

use crate::calendar::{DayNo, MonthNo, month_of};
use crate::dice::{Dice, fen, yuan};
use crate::family::World;
use crate::figures::official as rates;
use crate::health::own_cost;
use crate::income::{OPEN, past_line_year};
use crate::numbers::estate_unit;
use crate::people::{Aid, Estate, Family, Grant, Health, Job, Kind, Person};

/// The roll was decided on the situation of so many months before the first.
const KNOWN_MONTHS_AGO: MonthNo = 13;

/// What the official sees of one household before the first month.
struct View {
    home: usize,
    no: u64,
    people: Vec<usize>,
    urban: bool,
    income_year: f64,
    per_head: f64,
    property_fails: bool,
}

/// Puts the family on the roll, or not.
pub(crate) fn decide(world: &World, dice: &mut Dice, family: &mut Family) {
    let before = world.first_month() - KNOWN_MONTHS_AGO;
    for home in 0..family.households.len() {
        let Some(view) = look(family, home, before) else {
            continue;
        };
        if family.kind == Kind::Alone {
            tekun(world, dice, family, &view);
        } else {
            household(world, dice, family, &view);
        }
        disability(world, dice, family, &view);
    }
}

/// A member's yearly income as the departments know it in a month, fen.
pub(crate) fn known_income(p: &Person, month: MonthNo) -> i64 {
    let wage = p.job_in(month).map_or(0, |j| j.wage_fen * 12);
    let pension = p.pension.map_or(0, |x| x.monthly_fen * 12);
    wage + pension + p.business_fen + p.property_fen + p.subsidy_fen
}

/// The same less the cost of working, as the official reckoned it.
fn counted_income(p: &Person, month: MonthNo) -> i64 {
    let cost = p
        .job_in(month)
        .map_or(0, |j| (j.wage_fen / 10).min(rates::WORKING_COST_FEN) * 12);
    known_income(p, month) - cost
}

fn look(family: &Family, home: usize, month: MonthNo) -> Option<View> {
    let h = family.households.get(home)?;
    let people: Vec<usize> = family
        .members(home)
        .filter(|(_, p)| p.counts_in(month))
        .map(|(at, _)| at)
        .collect();
    if people.is_empty() {
        return None;
    }
    let income: i64 = people
        .iter()
        .filter_map(|at| family.person(*at))
        .map(|p| counted_income(p, month))
        .sum();
    let heads = f64::from(u32::try_from(people.len()).unwrap_or(1));
    let homes = h.estates.iter().filter(|e| e.usage == "住宅").count();
    let car = h
        .vehicles
        .iter()
        .any(|v| matches!(v.kind, "小型汽车" | "大型货车") && v.state == "正常");
    let shop = h.estates.iter().any(|e| e.usage == "商业");
    let deposits: i64 = people
        .iter()
        .filter_map(|at| family.person(*at))
        .map(|p| p.deposit_fen)
        .sum();
    let rich = yuan(deposits) > past_line_year(h.urban) * 2.0 * heads;
    let firm = h
        .firms
        .iter()
        .any(|f| f.kind == "企业" && f.state == "存续");
    Some(View {
        home,
        no: h.no,
        urban: h.urban,
        income_year: yuan(income),
        per_head: yuan(income) / heads,
        people,
        property_fails: homes > 1 || car || firm || shop || rich,
    })
}

fn started(dice: &mut Dice, world: &World) -> MonthNo {
    world.first_month() - dice.small(KNOWN_MONTHS_AGO, 80)
}

fn grant(p: &mut Person, aid: Aid, household: u64, from: MonthNo, monthly_fen: i64) {
    p.grants.push(Grant {
        aid,
        household,
        from,
        to: None,
        monthly_fen,
        form: "",
    });
}

fn tekun(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let line = past_line_year(view.urban) / 12.0;
    for at in &view.people {
        let Some(p) = family.people.get_mut(*at) else {
            continue;
        };
        if !dice.ppm(rates::TEKUN_PPM) {
            p.situations.push("tekun-never-applied");
            continue;
        }
        let from = started(dice, world);
        let form = if dice.percent(18) { "集中" } else { "分散" };
        let care = dice.weighted(&[(62, 190.0), (24, 320.0), (14, 480.0)], 190.0);
        let monthly_fen = fen((line * 1.3 + care).round());
        p.grants.push(Grant {
            aid: Aid::Tekun,
            household: view.no,
            from,
            to: None,
            monthly_fen,
            form,
        });
    }
}

fn household(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let line = past_line_year(view.urban);
    if view.property_fails {
        return;
    }
    if view.per_head < line {
        if dice.ppm(rates::NEVER_APPLIED_PPM) {
            overlooked(world, dice, family, view);
        } else {
            admit(world, dice, family, view, view.per_head);
            aftermath(world, dice, family, view);
        }
        return;
    }
    if view.per_head < line * 1.4 && dice.ppm(rates::INCOME_NOT_SEEN_PPM) {
        let seen = view.per_head * dice.between(0.35, 0.7);
        admit(world, dice, family, view, seen.min(line * 0.95));
        tell(family, view, "income-not-seen");
        return;
    }
    if view.per_head < line * 1.5 {
        near_the_line(world, dice, family, view);
        return;
    }
    if view.per_head < line * 3.0 && disabled_alone(world, dice, family, view) {
        return;
    }
    rigid(world, dice, family, view);
}

/// A severely disabled adult without work may be a household of one: only the own income counts.
fn disabled_alone(world: &World, dice: &mut Dice, family: &mut Family, view: &View) -> bool {
    let month = world.first_month() - KNOWN_MONTHS_AGO;
    let line = past_line_year(view.urban);
    let mut taken = false;
    for at in &view.people {
        let Some(p) = family.people.get_mut(*at) else {
            continue;
        };
        let adult = p.age(world.today()) >= 18
            && p.card.is_some_and(|c| c.is_severe() && c.known_in(month));
        let own = yuan(known_income(p, month));
        if adult && own < line && dice.ppm(rates::DISABLED_ALONE_PPM) {
            let from = started(dice, world);
            let amount = amount(dice, view.urban, own);
            grant(p, Aid::Dibao, view.no, from, amount);
            p.situations.push("single-person-dibao");
            taken = true;
        }
    }
    taken
}

fn tell(family: &mut Family, view: &View, what: &'static str) {
    for at in &view.people {
        if let Some(p) = family.people.get_mut(*at) {
            p.situations.push(what);
        }
    }
}

/// Entitled and not on the roll; a few are found within the observed months.
fn overlooked(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    tell(family, view, "never-applied");
    let found = world
        .months
        .iter()
        .skip(1)
        .find(|_| dice.ppm(rates::ADMITTED_LATER_PPM));
    if let Some(month) = found {
        let amount = amount(dice, view.urban, view.per_head);
        for at in &view.people {
            if let Some(p) = family.people.get_mut(*at) {
                grant(p, Aid::Dibao, view.no, *month, amount);
            }
        }
    }
}

/// What is paid per person-month: the difference to the line, at least a token sum, with the
/// top-ups that make published averages 50 to 85 % of the line (figures.md §2).
fn amount(dice: &mut Dice, urban: bool, per_head: f64) -> i64 {
    let line = past_line_year(urban) / 12.0;
    let gap = (line - per_head / 12.0).clamp(20.0, line);
    let top_up = dice.weighted(&[(40, 0.0), (25, 0.10), (25, 0.20), (10, 0.30)], 0.0);
    fen((gap + line * top_up).min(line * 1.3).round())
}

fn admit(world: &World, dice: &mut Dice, family: &mut Family, view: &View, per_head: f64) {
    let from = started(dice, world);
    let amount = amount(dice, view.urban, per_head);
    for at in &view.people {
        let Some(p) = family.people.get_mut(*at) else {
            continue;
        };
        grant(p, Aid::Dibao, view.no, from, amount);
        if dice.ppm(rates::DUPLICATED_PPM) {
            // Still counted in the family the person married out of, under its number.
            let other = view.no.saturating_sub(1).max(1);
            grant(p, Aid::Dibao, other, from - dice.small(1, 12), amount);
            p.situations.push("duplicated-over-two-households");
        }
    }
}

/// What changed since the household was admitted and was not told.
fn aftermath(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let today = world.today();
    if dice.ppm(rates::NEW_CAR_PPM) {
        let owner = adult(dice, family, view, today);
        if let Some(h) = family.households.get_mut(view.home) {
            let mut car =
                crate::assets::vehicle(dice, owner, view.no * 8 + 6, "小型汽车", today, 74_000.0);
            car.registered = today - dice.small(1, 300);
            car.state = "正常";
            h.vehicles.push(car);
        }
        tell(family, view, "new-car");
    } else if dice.ppm(rates::NEW_JOB_PPM) {
        let at = adult(dice, family, view, today);
        let from = world.first_month() - dice.small(-1, 14);
        let wage_fen = fen(f64::from(dice.small(24, 58)) * 100.0);
        let job = Job {
            employer: dice.below(2_000),
            wage_fen,
            from,
            to: OPEN,
            fund: false,
        };
        if let Some(p) = family.people.get_mut(at).filter(|p| p.age(today) < 60) {
            p.jobs.push(job);
            tell(family, view, "new-job");
        }
    } else if dice.ppm(rates::INHERITED_PPM) {
        let owner = adult(dice, family, view, today);
        let township = format!("{}001", family.county);
        if let Some(h) = family.households.get_mut(view.home) {
            for (n, usage) in [(6, "住宅"), (7, "商业")] {
                h.estates.push(Estate {
                    owners: vec![owner],
                    unit: estate_unit(&township, view.no * 8 + n),
                    area_centi: dice.int(6_000, 12_000),
                    usage,
                    registered: today - dice.small(5, 320),
                });
            }
        }
        if let Some(p) = family.people.get_mut(owner) {
            p.deposit_fen += fen(f64::from(dice.small(90, 260)) * 1_000.0);
        }
        tell(family, view, "inheritance");
    }
}

fn adult(dice: &mut Dice, family: &Family, view: &View, today: DayNo) -> usize {
    let able: Vec<usize> = view
        .people
        .iter()
        .copied()
        .filter(|at| {
            family
                .person(*at)
                .is_some_and(|p| (20..60).contains(&p.age(today)))
        })
        .collect();
    if able.is_empty() {
        dice.pick(&view.people)
    } else {
        dice.pick(&able)
    }
}

/// Just above the line: the severely disabled and the seriously ill may be taken alone, and some
/// households are on the edge roll, larger ones first.
fn near_the_line(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let before = world.first_month() - 1;
    let alone: Vec<usize> = view
        .people
        .iter()
        .copied()
        .filter(|at| {
            family.person(*at).is_some_and(|p| {
                p.card.is_some_and(|c| c.is_severe() && c.known_in(before))
                    || matches!(p.health, Health::Serious(from) if from <= before)
            })
        })
        .collect();
    let mut taken = false;
    for at in alone {
        if !dice.ppm(rates::SINGLE_PERSON_PPM) {
            continue;
        }
        let from = started(dice, world);
        let amount = amount(dice, view.urban, past_line_year(view.urban) * 0.5);
        if let Some(p) = family.people.get_mut(at) {
            grant(p, Aid::Dibao, view.no, from, amount);
            p.situations.push("single-person-dibao");
            taken = true;
        }
    }
    let size = u32::try_from(view.people.len()).unwrap_or(1);
    let rate = match size {
        1 => 0,
        2 => rates::EDGE_PPM / 20,
        _ => rates::EDGE_PPM * size / 3,
    };
    if taken || dice.ppm(rate) {
        let from = started(dice, world);
        for at in &view.people {
            if let Some(p) = family.people.get_mut(*at).filter(|p| p.grants.is_empty()) {
                grant(p, Aid::Edge, view.no, from, 0);
            }
        }
    }
}

/// Bills above 60 % of the income of a household that is not poor by income.
fn rigid(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let before = world.first_month() - 1;
    let cost: i64 = view
        .people
        .iter()
        .filter_map(|at| family.person(*at))
        .map(|p| own_cost(p, before))
        .sum();
    if yuan(cost) < view.income_year * 0.6 || !dice.ppm(rates::RIGID_PPM * 8) {
        return;
    }
    let from = world.first_month() - dice.small(1, 10);
    for at in &view.people {
        if let Some(p) = family.people.get_mut(*at) {
            p.grants.push(Grant {
                aid: Aid::Rigid,
                household: view.no,
                from,
                to: Some(from + 12),
                monthly_fen: 0,
                form: "",
            });
        }
    }
}

fn disability(world: &World, dice: &mut Dice, family: &mut Family, view: &View) {
    let before = world.first_month() - KNOWN_MONTHS_AGO;
    for at in &view.people {
        let Some(p) = family.people.get_mut(*at) else {
            continue;
        };
        let Some(card) = p.card.filter(|c| c.known_in(before)) else {
            continue;
        };
        let tekun = p.holds(Aid::Tekun, before);
        let living = p.holds(Aid::Dibao, before) || (p.holds(Aid::Edge, before) && card.grade <= 2);
        if living && dice.ppm(rates::SUBSIDY_PPM) {
            let from = started(dice, world);
            grant(p, Aid::DisabledLiving, view.no, from, 11_000);
        }
        if card.grade <= 2 && !tekun && dice.ppm(rates::SUBSIDY_PPM) {
            let from = started(dice, world);
            grant(
                p,
                Aid::DisabledCare,
                view.no,
                from,
                if card.grade == 1 { 12_500 } else { 11_000 },
            );
        }
    }
}

/// Closes the rows of those who died or moved away, late or never.
pub(crate) fn close(dice: &mut Dice, family: &mut Family) {
    for p in &mut family.people {
        let (end, never) = match (p.death, p.moved_out) {
            (Some(d), _) => (month_of(d.day), dice.ppm(rates::DEAD_STILL_PAID_PPM)),
            (None, Some(m)) => (m, false),
            (None, None) => continue,
        };
        if p.grants.is_empty() {
            continue;
        }
        if never {
            p.situations.push("dead-still-paid");
            continue;
        }
        let delay = dice.weighted(&[(35, 1), (35, 2), (20, 3), (10, 4)], 1);
        for g in &mut p.grants {
            g.to = Some(g.to.unwrap_or(OPEN).min(end + delay));
        }
    }
}

//! What happens to people from a year before the first month to the last: deaths, removals,
//! jobs lost and found, cars bought, disability grades changed, jobs that pay more.

use crate::assets::vehicle;
use crate::calendar::{MonthNo, first_of, last_of};
use crate::dice::{Dice, fen};
use crate::family::World;
use crate::figures;
use crate::income::OPEN;
use crate::people::{Death, Family, Health, Job, Person};

/// Deaths and removals; they come before anything is decided about a family.
pub(crate) fn fate(world: &World, dice: &mut Dice, family: &mut Family) {
    let (first, last) = (world.first_month() - 12, world.last_month());
    for p in family.people.iter_mut().filter(|p| p.home.is_some()) {
        for month in first..=last {
            if p.birth > first_of(month) {
                continue;
            }
            let frail = p.card.is_some_and(|c| c.grade == 1)
                || matches!(p.health, Health::Serious(from) if from <= month);
            let rate = death_rate(p.age(first_of(month))) / 12;
            if dice.ppm(if frail { rate * 3 } else { rate }) {
                p.death = Some(death(dice, month));
                break;
            }
            if month >= world.first_month() && dice.ppm(300) && p.relation != "户主" {
                p.moved_out = Some(month);
                break;
            }
        }
    }
    widow(world, family);
}

fn death_rate(age: i32) -> u32 {
    figures::DEATHS_PPM
        .iter()
        .find(|(from, _)| age >= *from)
        .map_or(0, |(_, rate)| *rate)
}

fn death(dice: &mut Dice, month: MonthNo) -> Death {
    let day = dice.small(first_of(month), last_of(month));
    let late = match dice.below(100) {
        0..70 => dice.small(1, 20),
        70..92 => dice.small(20, 75),
        _ => dice.small(75, 240),
    };
    Death {
        day,
        registered: day + late,
        cremation: dice.percent(42),
    }
}

/// The spouse of someone who died before the first month is written as widowed.
fn widow(world: &World, family: &mut Family) {
    let today = world.today();
    let gone: Vec<usize> = family
        .people
        .iter()
        .filter(|p| p.death.is_some_and(|d| d.registered < today))
        .filter_map(|p| p.spouse)
        .collect();
    for at in gone {
        if let Some(p) = family.people.get_mut(at) {
            p.marital = "丧偶";
        }
    }
}

/// Changes of work, property and disability within the observed months.
pub(crate) fn changes(world: &World, dice: &mut Dice, family: &mut Family) {
    let (first, last) = (world.first_month(), world.last_month());
    for p in family.people.iter_mut().filter(|p| p.home.is_some()) {
        work(dice, p, first - 6, last);
        if let Some(card) = p.card.as_mut().filter(|c| c.valid) {
            let month = dice.small(first - 8, last);
            if dice.ppm(40_000) {
                let grade = dice.weighted(&figures::CARD_GRADES, 3);
                if grade != card.grade {
                    card.regraded = Some((month, grade));
                    p.situations.push("regraded");
                }
            }
        }
    }
    for home in 0..family.households.len() {
        let buys = (first..=last).find(|_| dice.ppm(1_500));
        let poor = family
            .households
            .get(home)
            .is_none_or(|h| h.target_yuan < 12_000.0);
        let driver = family
            .members(home)
            .find(|(_, p)| (20..65).contains(&p.age(world.today())))
            .map(|(at, _)| at);
        if let (Some(month), Some(driver), false) = (buys, driver, poor) {
            let no = family.households.get(home).map_or(0, |h| h.no * 8 + 7);
            let mut car = vehicle(dice, driver, no, "小型汽车", world.today(), 88_000.0);
            car.registered = dice.small(first_of(month), last_of(month));
            car.state = "正常";
            if let Some(h) = family.households.get_mut(home) {
                h.vehicles.push(car);
            }
        }
    }
}

/// Ends jobs of the dead, loses some, finds some again.
fn work(dice: &mut Dice, p: &mut Person, from: MonthNo, last: MonthNo) {
    let end = p.death.map(|d| crate::calendar::month_of(d.day) + 1);
    let mut found = None;
    let mut lost = false;
    for job in &mut p.jobs {
        if let Some(month) = (from.max(job.from + 1)..=last).find(|_| dice.ppm(7_000)) {
            job.to = month;
            lost = true;
            if dice.percent(45) {
                let wage_fen = fen((crate::dice::yuan(job.wage_fen) * 0.09).round() * 10.0);
                let start = month + dice.small(1, 5);
                found = Some(Job {
                    employer: dice.below(2_000),
                    wage_fen,
                    from: start,
                    to: OPEN,
                    fund: false,
                });
            }
        }
        if let Some(end) = end {
            job.to = job.to.min(end);
        }
    }
    if lost {
        p.situations.push("job-lost");
    }
    if let Some(job) = found.filter(|j| end.is_none_or(|e| j.from < e)) {
        p.jobs.push(job);
    }
}

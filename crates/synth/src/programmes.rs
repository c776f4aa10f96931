//! What the other departments keep of their programmes: premiums, labour registrations, assessments of the old,
//! households watched in the country, housing, temporary relief. From an own stream of chance, so that nothing
//! else of the county depends on it. Who has what follows from the truth; rates are modelling choices.

use crate::calendar::{DayNo, MonthNo, first_of, last_of};
use crate::dice::{Dice, Stream, yuan};
use crate::family::World;
use crate::figures::programmes as rates;
use crate::income::past_line_year;
use crate::people::{
    Aid, Care, Family, Health, Housed, Household, Kind, Person, Premium, Registration, Relief,
    Watch,
};
use crate::truth::means;

/// Aids that are the roll of a household.
const ON_ROLL: [Aid; 4] = [Aid::Dibao, Aid::Edge, Aid::Rigid, Aid::Tekun];

/// Gives a family what the other departments keep of it.
pub(crate) fn keep(world: &World, seed: u64, number: u64, family: &mut Family) {
    let dice = &mut Dice::new(seed, Stream::Programmes, number);
    for p in family.people.iter_mut().filter(|p| p.home.is_some()) {
        p.kept.insured = insured(world, dice, p);
        p.kept.labour = labour(world, dice, p);
        p.kept.care = care(world, dice, p);
    }
    for home in 0..family.households.len() {
        let watch = watched(world, dice, family, home);
        let housed = housed(world, dice, family, home);
        let relief = relief(world, dice, family, home);
        if let Some(h) = family.households.get_mut(home) {
            h.watch = watch;
            h.housed = housed;
            h.relief = relief;
        }
    }
}

/// In the resident insurance, with or without the subsidy; employees have their own.
fn insured(world: &World, dice: &mut Dice, p: &Person) -> Option<Premium> {
    let employee = p.job_in(world.first_month()).is_some() || p.pension.is_some_and(|x| x.employee);
    if employee || !dice.ppm(rates::INSURED) {
        return None;
    }
    Some(if dice.ppm(rates::PREMIUM_SUBSIDISED) {
        Premium::Subsidised
    } else {
        Premium::Full
    })
}

/// What somebody's premium was subsidised with in a year: as entitled on its first of January.
pub(crate) fn subsidy_fen(p: &Person, month: MonthNo) -> i64 {
    let january = month - month.rem_euclid(12);
    if p.kept.insured != Some(Premium::Subsidised) {
        return 0;
    }
    let entitled = [
        (Aid::Tekun, rates::PREMIUM_FEN),
        (Aid::Dibao, rates::PREMIUM_DIBAO_FEN),
        (Aid::Edge, rates::PREMIUM_EDGE_FEN),
    ];
    let first = entitled.iter().find(|(aid, _)| p.holds(*aid, january));
    first.map_or(0, |(_, fen)| *fen)
}

/// Registered with the labour office; low wages are now and then those of a public-welfare post.
fn labour(world: &World, dice: &mut Dice, p: &Person) -> Option<Registration> {
    let (today, first) = (world.today(), world.first_month());
    let age = p.age(today);
    if !(16..60).contains(&age) || p.studies() {
        return None;
    }
    let on_roll = ON_ROLL.iter().any(|aid| p.holds(*aid, first));
    let severe = p.card.is_some_and(|c| c.valid && c.grade <= 2);
    let terms = u32::from(dice.ppm(rates::TERM_BEFORE));
    let Some(job) = p.job_in(first) else {
        let known = if on_roll {
            rates::JOBLESS_POOR
        } else {
            rates::JOBLESS_OTHERS
        };
        let registered = dice.ppm(known);
        let hard = (on_roll || severe || age >= 50) && dice.ppm(rates::HARD_TO_PLACE);
        let day = dice.small(first_of(first - 20), first_of(first) - 1);
        return registered.then_some(Registration {
            day,
            hard,
            post: None,
            terms: if hard { terms } else { 0 },
        });
    };
    if !dice.ppm(rates::JOBS_REGISTERED) {
        return None;
    }
    let welfare = job.wage_fen <= rates::POST_WAGE_FEN && (on_roll || severe || age >= 50);
    let post = (welfare && dice.ppm(rates::ON_A_POST))
        .then(|| dice.small(first_of(first - 35), first_of(first) - 1))
        .map(|day| day.max(first_of(job.from)));
    let day = post.unwrap_or_else(|| first_of(job.from.max(first - 60)) + 9);
    Some(Registration {
        day,
        hard: post.is_some(),
        post,
        terms: if post.is_some() { terms } else { 0 },
    })
}

/// Assessed by the elder-care office, and what care costs.
fn care(world: &World, dice: &mut Dice, p: &Person) -> Option<Care> {
    let age = p.age(world.today());
    let severe = p.card.is_some_and(|c| c.valid && c.grade <= 2);
    let [usual, old, disabled] = rates::ASSESSED;
    let rate = match (age, severe) {
        (..60, _) => return None,
        (_, true) => disabled,
        (80.., _) => old,
        _ => usual,
    };
    if !dice.ppm(rate) {
        return None;
    }
    let level = if severe {
        dice.weighted(
            &[(10, "轻度"), (30, "中度"), (40, "重度"), (20, "完全")],
            "中度",
        )
    } else {
        dice.weighted(
            &[
                (15, "无"),
                (40, "轻度"),
                (28, "中度"),
                (12, "重度"),
                (5, "完全"),
            ],
            "轻度",
        )
    };
    let dependent = matches!(level, "中度" | "重度" | "完全");
    let housed = p.grants.iter().any(|g| g.form == "集中");
    let institution = dependent && (housed || dice.ppm(rates::IN_INSTITUTION));
    let at_home = dependent && !institution && dice.ppm(rates::CARE_AT_HOME);
    let bill = |dice: &mut Dice, lo, hi| dice.int(lo, hi) * 10_000;
    Some(Care {
        level,
        home_fen: if at_home { bill(dice, 3, 16) } else { 0 },
        institution_fen: if institution { bill(dice, 15, 35) } else { 0 },
    })
}

/// Whether a living member of a household holds one of the aids in a month.
fn holds(family: &Family, home: usize, aids: &[Aid], month: MonthNo) -> bool {
    let mut members = family.members(home).filter(|(_, p)| p.counts_in(month));
    members.any(|(_, p)| aids.iter().any(|aid| p.holds(*aid, month)))
}

/// Watched by the agriculture office: poor in the country, or struck by an illness.
fn watched(world: &World, dice: &mut Dice, family: &Family, home: usize) -> Option<Watch> {
    let first = world.first_month();
    let m = means(family, home, first);
    if family.is_urban(Some(home)) || family.kind == Kind::Alone || m.members == 0 {
        return None;
    }
    let ill = family
        .members(home)
        .any(|(_, p)| matches!(p.health, Health::Serious(from) if from <= first));
    let poor = m.known() < rates::WATCH_YUAN * 100 * m.members;
    let (by_illness, by_income) = (
        ill && dice.ppm(rates::WATCHED_ILL),
        poor && dice.ppm(rates::WATCHED_POOR),
    );
    if !by_illness && !by_income {
        return None;
    }
    let was_poor = dice.percent(if by_illness { 25 } else { 40 });
    let kind = match (by_illness, was_poor) {
        (true, _) => "突发严重困难户",
        (false, true) => "脱贫不稳定户",
        (false, false) => "边缘易致贫户",
    };
    let since = dice.small(first_of(first - 48), last_of(world.last_month()));
    let cleared = dice
        .ppm(rates::RISK_REMOVED)
        .then(|| since + dice.small(180, 1_080));
    let measure = dice.weighted(
        &[
            (3, "产业帮扶"),
            (3, "就业帮扶"),
            (2, "健康帮扶"),
            (2, "综合保障"),
        ],
        "综合保障",
    );
    Some(Watch {
        kind,
        since,
        cleared,
        was_poor,
        measure,
    })
}

/// Public housing or a rent subsidy in town, a house repaired once in the country.
fn housed(world: &World, dice: &mut Dice, family: &Family, home: usize) -> Option<Housed> {
    let first = world.first_month();
    let on_roll = holds(family, home, &ON_ROLL, first);
    let h = family.households.get(home)?;
    if !h.urban {
        let repaired = on_roll && dice.ppm(rates::REPAIRED);
        let months_ago = dice.small(18, 140);
        return repaired.then(|| Housed {
            form: None,
            from: first_of(first - months_ago) + 14,
            to: None,
        });
    }
    let low = h.target_yuan < past_line_year(true) * 3.0;
    let rate = match (on_roll, low) {
        (true, _) => rates::HOUSED_POOR,
        (false, true) => rates::HOUSED_OTHERS,
        (false, false) => 0,
    };
    let has = dice.ppm(rate);
    let form = dice.weighted(&[(6, "公租房"), (4, "租赁补贴")], "公租房");
    let from = first_of(first - dice.small(2, 60));
    let to = dice
        .percent(12)
        .then(|| dice.small(from, last_of(world.last_month())));
    has.then_some(Housed {
        form: Some(form),
        from,
        to,
    })
}

/// Temporary relief of the two years before the end of the first month, and after it.
fn relief(world: &World, dice: &mut Dice, family: &Family, home: usize) -> Vec<Relief> {
    let Some(head) = family
        .households
        .get(home)
        .and_then(|h: &Household| family.person(h.head))
    else {
        return Vec::new();
    };
    let mut paid = Vec::new();
    let mut grant = 0;
    let [usual, poor, ill] = rates::RELIEF;
    for month in world.first_month() - 23..=world.last_month() {
        let struck = family.members(home).any(
            |(_, p)| matches!(p.health, Health::Serious(from) if (from..from + 6).contains(&month)),
        );
        let rate = match (struck, holds(family, home, &ON_ROLL, month)) {
            (true, _) => ill,
            (_, true) => poor,
            _ => usual,
        };
        if !dice.ppm(rate) || !head.counts_in(month) || head.age(first_of(month)) < 18 {
            continue;
        }
        grant += 1;
        let by_illness = struck && dice.percent(85);
        let cause = if by_illness {
            "突发重病"
        } else {
            dice.weighted(
                &[
                    (30, "突发重病"),
                    (16, "意外伤害"),
                    (11, "交通事故"),
                    (5, "火灾"),
                    (14, "其他突发"),
                    (24, "支出过大"),
                ],
                "其他突发",
            )
        };
        parts(dice, (grant, cause), month, &mut paid);
    }
    // A second part may come after a later grant.
    paid.sort_by_key(|r| (r.day, r.grant));
    paid
}

/// One grant, at once or in two parts.
fn parts(
    dice: &mut Dice,
    (grant, cause): (u32, &'static str),
    month: MonthNo,
    paid: &mut Vec<Relief>,
) {
    let paid_fen = dice.int(4, 40) * 10_000;
    let small = yuan(paid_fen) <= 1_000.0 && cause != "支出过大";
    let at_once = small && dice.ppm(rates::AT_ONCE);
    let day: DayNo = dice.small(first_of(month), last_of(month));
    let twice = !at_once && dice.ppm(rates::IN_TWO_PARTS);
    let part = |day, paid_fen| Relief {
        grant,
        cause,
        day,
        paid_fen,
        at_once,
    };
    if twice {
        paid.push(part(day, paid_fen / 2));
        paid.push(part(day + 30, paid_fen - paid_fen / 2));
    } else {
        paid.push(part(day, paid_fen));
    }
}

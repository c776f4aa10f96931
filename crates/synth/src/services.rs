//! What people need beside money, what of it they got, and what the medical aid paid: from an own
//! stream of chance, so that nothing else of the county depends on it. Rates are modelling choices.

use crate::calendar::{DayNo, MonthNo, first_of, last_of, month_of};
use crate::dice::{Dice, Stream};
use crate::family::World;
use crate::figures::services as rates;
use crate::people::{Aid, Bill, Family, Health, Kind, MedicalAid, Need, Person, Service};

/// 服务项目 anybody of this county may need, with who may.
const SERVICES: [Service; 7] = [
    Service::Meals,
    Service::HomeCare,
    Service::Rehabilitation,
    Service::Counselling,
    Service::Tutoring,
    Service::JobAdvice,
    Service::Inclusion,
];

/// Gives the people of a family their needs and the aid paid for their bills.
pub(crate) fn serve(world: &World, seed: u64, number: u64, family: &mut Family) {
    let dice = &mut Dice::new(seed, Stream::Services, number);
    for at in 0..family.people.len() {
        let (needs, aids) = {
            let Some(p) = family.person(at) else {
                continue;
            };
            let Some(h) = p.home.and_then(|home| family.households.get(home)) else {
                continue;
            };
            let supply = Supply {
                seed,
                county: family.county,
                village: h.village,
                urban: h.urban,
            };
            let needs: Vec<Need> = SERVICES
                .into_iter()
                .filter_map(|service| need(world, dice, family.kind, p, (service, &supply)))
                .collect();
            let aids: Vec<MedicalAid> = p
                .bills
                .iter()
                .filter_map(|bill| aid(world, dice, p, bill))
                .collect();
            (needs, aids)
        };
        if let Some(p) = family.people.get_mut(at) {
            p.needs = needs;
            p.aids = aids;
        }
    }
}

/// What can be had in a village; everybody there finds the same.
struct Supply {
    seed: u64,
    county: i32,
    village: usize,
    urban: bool,
}

impl Supply {
    fn has(&self, service: Service) -> bool {
        let (in_town, in_country) = service.near_ppm();
        let village = u64::try_from(self.village).unwrap_or(0);
        let county = u64::try_from(self.county).unwrap_or(0);
        // Numbers no family has.
        let place = (1 << 62) + (county * 4_096 + village) * 16 + service.place();
        let dice = &mut Dice::new(self.seed, Stream::Services, place);
        dice.ppm(if self.urban { in_town } else { in_country })
    }
}

/// Whether somebody is one of those who may need a service, so many of a million.
fn wanted_ppm(world: &World, kind: Kind, p: &Person, service: Service) -> u32 {
    let today = world.today();
    let age = p.age(today);
    let card = p.card.filter(|c| c.valid);
    let tekun = p.grants.iter().any(|g| g.aid == Aid::Tekun);
    let poor = p
        .grants
        .iter()
        .any(|g| matches!(g.aid, Aid::Dibao | Aid::Edge));
    let working = p.job_in(world.first_month()).is_some();
    match service {
        Service::Meals if tekun && age >= 60 => rates::MEALS_TEKUN,
        Service::Meals if age >= 75 => rates::MEALS_OLD,
        Service::HomeCare if card.is_some_and(|c| c.grade <= 2) => rates::HOME_CARE_DISABLED,
        Service::HomeCare if age >= 80 => rates::HOME_CARE_OLD,
        Service::Rehabilitation if card.is_some_and(|c| matches!(c.category, 4..=7)) => {
            rates::REHABILITATION
        }
        Service::Counselling if matches!(p.health, Health::Serious(_)) => rates::COUNSELLING_ILL,
        Service::Counselling if kind == Kind::SingleParent && age < 18 => rates::COUNSELLING_CHILD,
        Service::Tutoring if p.school.is_some_and(|s| matches!(s.stage, "小学" | "初中")) => {
            match (poor, kind == Kind::SkipGeneration) {
                (_, true) => rates::TUTORING_LEFT_BEHIND,
                (true, false) => rates::TUTORING_POOR,
                (false, false) => 0,
            }
        }
        Service::JobAdvice if poor && (18..60).contains(&age) && !working && !p.studies() => {
            rates::JOB_ADVICE
        }
        Service::Inclusion if card.is_some() && (18..60).contains(&age) => rates::INCLUSION,
        _ => 0,
    }
}

fn need(
    world: &World,
    dice: &mut Dice,
    kind: Kind,
    p: &Person,
    (service, supply): (Service, &Supply),
) -> Option<Need> {
    let rate = wanted_ppm(world, kind, p, service);
    if rate == 0 || !dice.ppm(rate) {
        return None;
    }
    let (first, last) = (world.first_month(), world.last_month());
    let registered = dice
        .small(first_of(first - rates::MONTHS_BEFORE), last_of(last))
        .max(p.birth + 1);
    let assessed = dice
        .ppm(rates::ASSESSED)
        .then(|| registered + dice.small(2, 25));
    let nearby = supply.has(service);
    let got = dice.ppm(if nearby {
        rates::GOT_NEARBY
    } else {
        rates::GOT_ELSEWHERE
    });
    let obtained = got.then(|| assessed.unwrap_or(registered) + dice.small(5, 60));
    let referred = dice
        .ppm(if nearby {
            rates::REFERRED
        } else {
            rates::REFERRED_WITHOUT
        })
        .then(|| assessed.unwrap_or(registered) + dice.small(1, 20));
    let settled = referred
        .filter(|_| dice.ppm(rates::REFERRAL_SETTLED))
        .map(|day| day + dice.small(5, 45));
    let professional = dice.ppm(service.professional_ppm());
    let withdrawn = dice
        .ppm(rates::WITHDRAWN)
        .then(|| registered + dice.small(30, 300));
    Some(Need {
        service,
        registered,
        withdrawn,
        assessed,
        nearby,
        obtained,
        professional,
        referred,
        settled,
    })
}

/// What the medical aid paid for a bill: of what the insurance left within the catalogue, as the past
/// officials of this county did it.
fn aid(world: &World, dice: &mut Dice, p: &Person, bill: &Bill) -> Option<MedicalAid> {
    let month = month_of(bill.day);
    let (class, percent, deductible_fen) = class(p, month)?;
    let left = (bill.covered_fen - bill.basic_fen - bill.major_fen - deductible_fen).max(0);
    let paid_fen = left / 100 * percent;
    let one_stop = dice.ppm(rates::ONE_STOP);
    let day = bill.day + if one_stop { 0 } else { dice.small(20, 75) };
    if paid_fen == 0 || day > last_of(world.last_month()) {
        return None;
    }
    Some(MedicalAid {
        day,
        inpatient: bill.inpatient,
        class,
        paid_fen,
        one_stop,
    })
}

fn class(p: &Person, month: MonthNo) -> Option<(&'static str, i64, i64)> {
    let held = |aid| p.holds(aid, month);
    let edge = rates::EDGE_DEDUCTIBLE_FEN;
    [
        (Aid::Tekun, ("特困级", rates::PERCENT_TEKUN, 0)),
        (Aid::Dibao, ("低保级", rates::PERCENT_DIBAO, 0)),
        (Aid::Edge, ("低边级", rates::PERCENT_EDGE, edge)),
        (Aid::Rigid, ("刚性支出级", rates::PERCENT_EDGE, edge)),
    ]
    .into_iter()
    .find(|(aid, _)| held(*aid))
    .map(|(_, class)| class)
}

impl Need {
    /// A day, when it has come by the end of a month.
    pub(crate) fn by(day: Option<DayNo>, month: MonthNo) -> Option<DayNo> {
        day.filter(|day| *day <= last_of(month))
    }
}

//! Houses, vehicles, businesses and deposits, richer where income is.

use crate::calendar::DayNo;
use crate::dice::{Dice, fen};
use crate::family::World;
use crate::income::past_line_year;
use crate::numbers::{credit_code, estate_unit, plate};
use crate::people::{Estate, Family, Firm, Vehicle};

/// Gives every household what it owns.
pub(crate) fn endow(world: &World, dice: &mut Dice, family: &mut Family) {
    let today = world.today();
    for home in 0..family.households.len() {
        let Some(h) = family.households.get(home) else {
            continue;
        };
        let (head, urban, income, first_no) = (h.head, h.urban, h.target_yuan, h.no * 8);
        let poor = income < past_line_year(urban) * 1.5;
        let adults: Vec<usize> = family
            .members(home)
            .filter(|(_, p)| p.age(today) >= 18)
            .map(|(at, _)| at)
            .collect();
        if adults.is_empty() {
            continue;
        }
        let spouse = family.person(head).and_then(|p| p.spouse);
        let couple: Vec<usize> = std::iter::once(head)
            .chain(spouse.filter(|at| adults.contains(at)))
            .collect();
        let township = world.areas.code(family.county, h.village);
        let owner = Owner {
            head,
            adults: &adults,
            couple: &couple,
            urban,
            poor,
            income,
            today,
            first_no,
        };
        let estates = estates(dice, &owner, township.get(..9).unwrap_or_default());
        let mut vehicles = vehicles(dice, &owner);
        if let Some(at) = disabled_driver(dice, family, &adults) {
            vehicles.push(vehicle(
                dice,
                at,
                first_no + 5,
                "残疾人专用车",
                today,
                9_000.0,
            ));
        }
        let firms = firms(world, dice, &owner, family, home);
        if let Some(h) = family.households.get_mut(home) {
            h.estates = estates;
            h.vehicles = vehicles;
            h.firms = firms;
        }
        deposits(
            dice,
            family,
            &adults,
            if poor { 2_200.0 } else { income * 0.7 },
        );
    }
}

/// Whose assets, and how well off they are.
struct Owner<'a> {
    head: usize,
    adults: &'a [usize],
    /// The head, and the spouse when in the same book: they own the home together.
    couple: &'a [usize],
    urban: bool,
    poor: bool,
    income: f64,
    today: DayNo,
    /// Plates and unit numbers of this household begin here; eight are free.
    first_no: u64,
}

fn estates(dice: &mut Dice, o: &Owner<'_>, township: &str) -> Vec<Estate> {
    let mut out = Vec::new();
    let mut add = |dice: &mut Dice, usage: &'static str, lo: i64, hi: i64| {
        out.push(Estate {
            owners: if usage == "住宅" {
                o.couple.to_vec()
            } else {
                vec![o.head]
            },
            unit: estate_unit(township, o.first_no + u64::try_from(out.len()).unwrap_or(0)),
            area_centi: dice.int(lo * 100, hi * 100),
            usage,
            registered: o.today - dice.small(200, 7_000),
        });
    };
    let (first, second, shop, parking) = match (o.urban, o.poor) {
        (true, false) => (860_000, 130_000, 20_000, 90_000),
        (true, true) => (650_000, 8_000, 500, 1_000),
        (false, false) => (960_000, 70_000, 6_000, 6_000),
        (false, true) => (940_000, 6_000, 500, 0),
    };
    if dice.ppm(first) {
        if o.urban {
            add(dice, "住宅", 48, 140)
        } else {
            add(dice, "住宅", 70, 180)
        }
    }
    if dice.ppm(second) {
        add(dice, "住宅", 60, 130);
    }
    if dice.ppm(shop) {
        add(dice, "商业", 18, 160);
    }
    if dice.ppm(parking) {
        add(dice, "车位", 12, 14);
    }
    out
}

fn vehicles(dice: &mut Dice, o: &Owner<'_>) -> Vec<Vehicle> {
    let mut out = Vec::new();
    let owner = dice.pick(o.adults);
    let car = match o.income {
        ..12_000.0 => 45_000,
        ..24_000.0 => 200_000,
        ..60_000.0 => 430_000,
        _ => 620_000,
    };
    let car = if o.poor { 22_000 } else { car };
    if dice.ppm(car) {
        let value = dice.lognormal(62_000.0, 0.55).clamp(4_000.0, 900_000.0);
        out.push(vehicle(dice, owner, o.first_no, "小型汽车", o.today, value));
    }
    if !o.urban && dice.ppm(150_000) {
        out.push(vehicle(
            dice,
            owner,
            o.first_no + 1,
            "摩托车",
            o.today,
            3_200.0,
        ));
    }
    if !o.urban && dice.ppm(if o.poor { 25_000 } else { 60_000 }) {
        out.push(vehicle(
            dice,
            owner,
            o.first_no + 2,
            "农用车",
            o.today,
            11_000.0,
        ));
    }
    if dice.ppm(if o.poor { 300 } else { 6_000 }) {
        out.push(vehicle(
            dice,
            owner,
            o.first_no + 3,
            "大型货车",
            o.today,
            128_000.0,
        ));
    }
    out
}

/// One vehicle of a kind, with the plate of number `no`.
pub(crate) fn vehicle(
    dice: &mut Dice,
    owner: usize,
    no: u64,
    kind: &'static str,
    today: DayNo,
    value: f64,
) -> Vehicle {
    Vehicle {
        owner,
        plate: plate(no),
        kind,
        registered: today - dice.small(60, 4_000),
        value_fen: fen((value * dice.between(0.7, 1.1) / 100.0).round() * 100.0),
        state: dice.weighted(&[(95, "正常"), (3, "注销"), (2, "报废")], "正常"),
    }
}

fn disabled_driver(dice: &mut Dice, family: &Family, adults: &[usize]) -> Option<usize> {
    let physical = |at: &usize| {
        family
            .person(*at)
            .and_then(|p| p.card)
            .is_some_and(|c| c.category == 4 && c.valid)
    };
    adults
        .iter()
        .copied()
        .find(physical)
        .filter(|_| dice.ppm(50_000))
}

const TRADES: [&str; 10] = [
    "小吃店",
    "便利店",
    "农资店",
    "理发店",
    "五金店",
    "服装店",
    "养殖场",
    "修理部",
    "水果店",
    "诊所",
];

fn firms(world: &World, dice: &mut Dice, o: &Owner<'_>, family: &Family, home: usize) -> Vec<Firm> {
    let (shop, company, cooperative) = match (o.poor, o.urban) {
        (true, _) => (4_000, 500, 400),
        (false, true) => (50_000, 16_000, 0),
        (false, false) => (32_000, 5_000, 4_000),
    };
    let mut out = Vec::new();
    let village = family.households.get(home).map_or(0, |h| h.village);
    let place = world.areas.short_name(village);
    for (rate, kind, prefix, capital) in [
        (shop, "个体工商户", 92, 30_000.0),
        (company, "企业", 91, 900_000.0),
        (cooperative, "合作社", 93, 500_000.0),
    ] {
        if !dice.ppm(rate) {
            continue;
        }
        let owner = dice.pick(o.adults);
        let no = family.person(owner).map_or(0, |p| p.no);
        let surname = family
            .person(owner)
            .and_then(|p| p.name.chars().next())
            .unwrap_or('王');
        let name = match kind {
            "企业" => format!("示例县{place}{surname}氏商贸有限公司"),
            "合作社" => format!("示例县{place}种植专业合作社"),
            _ => format!("{place}{surname}记{}", dice.pick(&TRADES)),
        };
        out.push(Firm {
            owner,
            code: credit_code(prefix, family.county, no),
            name,
            kind,
            capital_fen: fen((capital * dice.between(0.2, 1.8) / 10_000.0).ceil() * 10_000.0),
            state: dice.weighted(&[(88, "存续"), (9, "注销"), (3, "吊销")], "存续"),
            founded: o.today - dice.small(100, 5_500),
        });
    }
    out
}

fn deposits(dice: &mut Dice, family: &mut Family, adults: &[usize], mean: f64) {
    for at in adults {
        if let Some(p) = family.people.get_mut(*at) {
            p.deposit_fen = fen(dice.lognormal(mean.max(600.0), 1.1).clamp(0.0, 3_000_000.0));
        }
    }
}

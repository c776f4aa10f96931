//! Vehicles, real estate, businesses, the roll, and the price index.

use super::{Pen, at, household_no, zone};
use crate::areas::county_code;
use crate::calendar::{last_of, month_text};
use crate::error::Error;
use crate::numbers::bank_card;
use crate::people::{Family, Household, Person};

/// 机动车登记.
pub(super) fn vehicles(pen: &mut Pen<'_>, family: &Family, h: &Household) -> Result<(), Error> {
    let end = last_of(pen.month);
    for v in h.vehicles.iter().filter(|v| v.registered <= end) {
        let Some(p) = family.person(v.owner) else {
            continue;
        };
        pen.of(p)
            .text(&v.plate)
            .text(v.kind)
            .day(v.registered)
            .yuan(v.value_fen)
            .text(v.state);
        pen.put(at::VEHICLES, p.no)?;
    }
    Ok(())
}

/// 不动产登记: a row for each owner.
pub(super) fn property(pen: &mut Pen<'_>, family: &Family, h: &Household) -> Result<(), Error> {
    let end = last_of(pen.month);
    for e in h.estates.iter().filter(|e| e.registered <= end) {
        for p in e.owners.iter().filter_map(|at| family.person(*at)) {
            pen.of(p).text(&e.unit).yuan(e.area_centi).text(e.usage);
            pen.row.text(&e.owners.len().to_string()).day(e.registered);
            pen.put(at::PROPERTY, p.no)?;
        }
    }
    Ok(())
}

/// 市场主体登记.
pub(super) fn business(pen: &mut Pen<'_>, family: &Family, h: &Household) -> Result<(), Error> {
    let end = last_of(pen.month);
    for f in h.firms.iter().filter(|f| f.founded <= end) {
        let Some(p) = family.person(f.owner) else {
            continue;
        };
        pen.row
            .start()
            .text(&f.code)
            .text(&f.name)
            .text(f.kind)
            .text(p.id.as_str())
            .text(&p.name);
        pen.row.yuan(f.capital_fen).text(f.state).day(f.founded);
        pen.put(at::BUSINESS, p.no)?;
    }
    Ok(())
}

/// 在册救助对象: a row per person and kind; a closed row is shown once with its last month.
pub(super) fn roll(
    pen: &mut Pen<'_>,
    family: &Family,
    h: &Household,
    p: &Person,
) -> Result<(), Error> {
    let area = pen.world.areas.code(family.county, h.village);
    let payee = family.person(h.head).map_or(p.no, |head| head.no);
    for g in &p.grants {
        if g.from > pen.month || g.to.is_some_and(|to| to < pen.month) {
            continue;
        }
        let month = pen.month;
        let row = pen
            .of(p)
            .text(&household_no(g.household))
            .text(g.aid.word())
            .text(p.relation);
        row.month(g.from);
        match g.to.filter(|to| *to <= month) {
            Some(to) => row.month(to - 1),
            None => row.text(""),
        };
        row.yuan(g.monthly_fen)
            .text(&bank_card(payee))
            .text(&area)
            .text(zone(h))
            .text(g.form);
        pen.put(at::ROLL, p.no)?;
    }
    Ok(())
}

/// 价格指数: a row per county; July 2026 crosses the usual trigger of 3.5 and 6 percent.
pub(crate) fn price_index(pen: &mut Pen<'_>, counties: u64) -> Result<(), Error> {
    let month = pen.month;
    let wave = (month * 7).rem_euclid(11);
    let (all, food) = if month == 2026 * 12 + 6 {
        (36, 64)
    } else {
        (14 + wave, 22 + 2 * wave)
    };
    for k in 0..counties {
        pen.row
            .start()
            .text(&county_code(k).to_string())
            .text(&month_text(month));
        pen.row.text(&format!("{}.{}", all / 10, all % 10));
        pen.row.text(&format!("{}.{}", food / 10, food % 10));
        pen.put(at::PRICES, 0)?;
    }
    Ok(())
}

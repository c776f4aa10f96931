//! Premiums, labour registrations, assessments of the old, watched households, housing, temporary relief.

use super::{Pen, at, household_no};
use crate::calendar::{first_of, last_of, month_of};
use crate::error::Error;
use crate::figures::programmes::PREMIUM_FEN;
use crate::people::{Family, Household, Person};
use crate::programmes::subsidy_fen;

fn yes(answer: bool) -> &'static str {
    if answer { "是" } else { "否" }
}

/// 居民医保参保: this year's list, whole in the first month and each January.
pub(super) fn insured(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let due = pen.is_first() || pen.month.rem_euclid(12) == 0;
    if !due || p.kept.insured.is_none() || !p.counts_in(pen.month) {
        return Ok(());
    }
    let month = pen.month;
    let row = pen.of(p).text(&month.div_euclid(12).to_string());
    row.yuan(PREMIUM_FEN).yuan(subsidy_fen(p, month));
    pen.put(at::INSURED, p.no)
}

/// 就业失业登记: the whole list each month. Who has lost the job is registered as out of work.
pub(super) fn employment(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let month = pen.month;
    let Some(r) = p.kept.labour.filter(|r| r.day <= last_of(month)) else {
        return Ok(());
    };
    if !p.counts_in(month) {
        return Ok(());
    }
    let works = p.job_in(month).is_some();
    let post = r.post.filter(|_| works);
    let row = pen.of(p).text(&format!("JY{:08}", p.no)).day(r.day);
    row.text(yes(works))
        .text(yes(!works))
        .text(yes(r.hard))
        .text(yes(post.is_some()))
        .maybe(post)
        .text(&r.terms.to_string());
    pen.put(at::EMPLOYMENT, p.no)
}

/// 老年人能力评估和养老服务: everybody assessed, with the month's bills.
pub(super) fn care(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let Some(c) = p.kept.care.filter(|_| p.counts_in(pen.month)) else {
        return Ok(());
    };
    let month = pen.month;
    let row = pen.of(p).month(month).text(c.level);
    row.yuan(c.home_fen).yuan(c.institution_fen);
    pen.put(at::ELDER_CARE, p.no)
}

/// 防止返贫致贫对象名册: every member of a watched household, also after its risk was removed.
pub(super) fn watched(pen: &mut Pen<'_>, h: &Household, p: &Person) -> Result<(), Error> {
    let end = last_of(pen.month);
    let Some(w) = h.watch.filter(|w| w.since <= end) else {
        return Ok(());
    };
    if !p.counts_in(pen.month) {
        return Ok(());
    }
    let number = household_no(h.no).replacen('H', "JC", 1);
    let row = pen.of(p).text(&number).text(w.kind).day(w.since);
    row.maybe(w.cleared.filter(|day| *day <= end))
        .text(yes(w.was_poor))
        .text(w.measure);
    pen.put(at::AT_RISK, p.no)
}

/// 住房保障和危房改造: every member of a helped household.
pub(super) fn housed(pen: &mut Pen<'_>, h: &Household, p: &Person) -> Result<(), Error> {
    let end = last_of(pen.month);
    let Some(a) = h.housed.filter(|a| a.from <= end) else {
        return Ok(());
    };
    if !p.counts_in(pen.month) || p.birth > a.to.unwrap_or(end) {
        return Ok(());
    }
    let number = household_no(h.no).replacen('H', "ZF", 1);
    let row = pen.of(p).text(&number).text(a.form.unwrap_or("无"));
    row.text(yes(a.form.is_none()))
        .day(a.from)
        .maybe(a.to.filter(|day| *day <= end));
    pen.put(at::HOUSING, p.no)
}

/// 临时救助发放台账: the month's payments; in the first month those of two years.
pub(super) fn relief(pen: &mut Pen<'_>, family: &Family, h: &Household) -> Result<(), Error> {
    let from = if pen.is_first() {
        first_of(pen.month - 23)
    } else {
        first_of(pen.month)
    };
    let month = pen.month;
    let Some(head) = family.person(h.head) else {
        return Ok(());
    };
    for r in &h.relief {
        if r.day < from || month_of(r.day) > month {
            continue;
        }
        let number = format!("LS{:07}{:03}", h.no, r.grant);
        let row = pen.of(head).text(&number).text(r.cause).day(r.day);
        row.yuan(r.paid_fen).text(yes(r.at_once));
        pen.put(at::RELIEF, head.no)?;
    }
    Ok(())
}

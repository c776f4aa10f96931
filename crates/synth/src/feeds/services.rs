//! Needs and services, and what the medical aid paid.

use super::{Pen, at};
use crate::calendar::{last_of, month_of};
use crate::error::Error;
use crate::people::{Need, Person};

/// 服务需求和服务记录: the whole list each month, as it stood on its last day.
pub(super) fn needs(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    if !p.counts_in(pen.month) {
        return Ok(());
    }
    let month = pen.month;
    for need in p.needs.iter().filter(|n| n.registered <= last_of(month)) {
        let obtained = Need::by(need.obtained, month);
        let row = pen.of(p).text(need.service.word()).day(need.registered);
        row.maybe(Need::by(need.withdrawn, month))
            .maybe(Need::by(need.assessed, month))
            .text(yes(need.nearby))
            .maybe(obtained);
        row.text(obtained.map_or("", |_| yes(need.professional)))
            .maybe(Need::by(need.referred, month))
            .maybe(Need::by(need.settled, month));
        pen.put(at::NEEDS, p.no)?;
    }
    Ok(())
}

/// 医疗救助支付: the month's payments; in the first month those since January.
pub(super) fn medical_aid(pen: &mut Pen<'_>, p: &Person) -> Result<(), Error> {
    let from = if pen.is_first() {
        pen.month - pen.month.rem_euclid(12)
    } else {
        pen.month
    };
    for (n, paid) in p.aids.iter().enumerate() {
        if !(from..=pen.month).contains(&month_of(paid.day)) {
            continue;
        }
        let number = format!("JZ{:08}{n:03}", p.no);
        let row = pen.of(p).text(&number).day(paid.day);
        row.text(if paid.inpatient {
            "住院救助"
        } else {
            "门诊救助"
        })
        .text(paid.class)
        .yuan(paid.paid_fen)
        .text(if paid.one_stop {
            "一站式结算"
        } else {
            "事后报销"
        });
        pen.put(at::MEDICAL_AID, p.no)?;
    }
    Ok(())
}

fn yes(answer: bool) -> &'static str {
    if answer { "是" } else { "否" }
}

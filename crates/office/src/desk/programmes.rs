//! 名册: whom a programme's number of a month counts.

use super::ledger::{Record, inside};
use super::month::Judgement;
use super::names::{Names, about};
use super::paging::{choice, count, page, yuan};
use super::{Desk, Told};
use crate::access::Scope;
use crate::sums::Programme;
use crate::views::{
    Behind, ProgrammeFilter, ProgrammeList, Standing, StandingRow, Verdict, ViewError,
};
use rules::Ratio;
use std::collections::HashMap;
use std::sync::Arc;

const ROWS_ON_PAGE: usize = 50;

pub(super) async fn list(
    desk: &Desk,
    scope: &Scope,
    mut filter: ProgrammeFilter,
) -> Told<ProgrammeList> {
    let record = desk.record().await?;
    let judgement = desk.judged(filter.month.as_deref()).await?;
    let sums = Arc::clone(&judgement.sums);
    if filter.programme.is_empty() {
        filter.programme = sums
            .programmes
            .first()
            .map_or(String::new(), |p| p.id.clone());
    }
    filter.month = Some(sums.month.to_string());
    let missing = || {
        ViewError::NotFound(format!(
            "{} 没有名为 `{}` 的救助;请在筛选栏里重新选择",
            sums.month, filter.programme
        ))
    };
    let programme = sums.programme(&filter.programme).ok_or_else(missing)?;
    let ids = match filter.standing {
        Standing::OnRoll => &programme.on_roll,
        Standing::Entitled => &programme.entitled,
        Standing::Unsettled => &programme.unsettled,
    };
    let ids = within(
        scope,
        &judgement,
        programme,
        ids,
        filter.township.as_deref(),
    );
    let start = match filter.cursor.as_deref().map(str::parse::<i64>) {
        None => 0,
        Some(Ok(last)) => ids.partition_point(|id| *id <= last),
        Some(Err(_)) => {
            return Err(ViewError::NotAnswerable(
                "页码不对,请从第一页看起".to_owned(),
            ));
        }
    };
    let shown: Vec<i64> = ids.iter().skip(start).take(ROWS_ON_PAGE).copied().collect();
    let people = Subjects::of(desk, programme, &shown).await?;
    let page = page(&ids, start, ROWS_ON_PAGE, i64::to_string, |id| {
        row(&record, &judgement, programme, *id, &people)
    });
    let months = desk.month_list().await?;
    Ok(ProgrammeList {
        title: programme.title.clone(),
        rule: Behind::Rule(programme.path.clone()),
        unit: programme.unit().to_owned(),
        programmes: sums
            .programmes
            .iter()
            .map(|p| choice(&p.id, &p.title))
            .collect(),
        months: months
            .iter()
            .map(|m| choice(m.to_string(), m.to_string()))
            .collect(),
        townships: record
            .townships(scope)
            .map(|a| choice(a.code.full(), &a.name))
            .collect(),
        page,
        filter,
    })
}

fn entity(programme: &Programme) -> &'static str {
    if programme.of_households {
        "家庭"
    } else {
        "个人"
    }
}

fn within(
    scope: &Scope,
    judgement: &Judgement,
    programme: &Programme,
    ids: &[i64],
    township: Option<&str>,
) -> Vec<i64> {
    let everywhere = scope.places().is_none();
    let lives = |id: &i64| {
        if everywhere && township.is_none() {
            return true;
        }
        let area = judgement.area_of(entity(programme), *id);
        scope.holds(area) && (township.is_none() || area.is_some_and(|a| inside(township, &a)))
    };
    ids.iter().copied().filter(lives).collect()
}

/// The people of a page, masked.
struct Subjects {
    heads: HashMap<i64, String>,
    names: Names,
}

impl Subjects {
    async fn of(desk: &Desk, programme: &Programme, ids: &[i64]) -> Told<Self> {
        let (households, persons): (&[i64], &[i64]) = if programme.of_households {
            (ids, &[])
        } else {
            (&[], ids)
        };
        Ok(Self {
            heads: desk.heads(households).await?,
            names: desk.names(persons).await?,
        })
    }
}

fn row(
    record: &Record,
    judgement: &Judgement,
    programme: &Programme,
    id: i64,
    people: &Subjects,
) -> StandingRow {
    let members = if programme.of_households {
        judgement.members(id)
    } else {
        vec![id]
    };
    let subject = if programme.of_households {
        people
            .heads
            .get(&id)
            .map_or_else(|| "没有成员".to_owned(), |head| format!("{head}户"))
    } else {
        people.names.name(id)
    };
    let paid: Vec<i64> = members
        .iter()
        .filter_map(|m| judgement.sums.paid.get(m))
        .copied()
        .collect();
    let total = Ratio::whole(paid.iter().map(|fen| i128::from(*fen)).sum());
    let file = judgement.data.program.file(&programme.id);
    let area = judgement.area_of(entity(programme), id);
    StandingRow {
        subject,
        about: about(programme.of_households, id),
        place: area.map_or_else(|| "地区未知".to_owned(), |a| record.place(&a)),
        members: if programme.of_households {
            format!("{} 人", count(members.len()))
        } else {
            String::new()
        },
        verdict: match judgement
            .answer(&programme.id, id)
            .and_then(|(.., verdict)| verdict)
        {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::NotMet,
            None => Verdict::Unsettled,
        },
        benefit: file.and_then(|(_, plan)| judgement.benefit(plan, id)),
        paid: (!paid.is_empty()).then(|| format!("{}(各项合计)", yuan(total))),
        // The month's statuses say who is on the roll, not since when.
        since: None,
    }
}

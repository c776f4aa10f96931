//! 区划: one level at a time, with who lives there and what waits there.

use super::ledger::{Record, open};
use super::month::Judgement;
use super::paging::count;
use super::{Desk, Told};
use crate::views::{AreaRow, AreaTree, ViewError, WarningFilter};
use domain::{Area, AreaLevel, UrbanRural};
use std::sync::Arc;

pub(super) async fn tree(desk: &Desk, code: Option<String>) -> Told<AreaTree> {
    let record = desk.record().await?;
    // Without a register nobody knows who lives where; the areas are shown all the same.
    let judgement = desk.newest().await.ok();
    let row = |area: &Area| row(&record, judgement.as_ref(), area);
    let here = find(&record, code.as_deref())?;
    let mut trail = Vec::new();
    let mut above = Some(here.code);
    while let Some(code) = above {
        trail.extend(record.areas.get(code.full()).map(row));
        above = code.parent();
    }
    trail.reverse();
    let below = record
        .areas
        .values()
        .filter(|a| a.code.parent() == Some(here.code))
        .map(row)
        .collect();
    Ok(AreaTree {
        trail,
        here: row(here),
        below,
    })
}

fn find<'a>(record: &'a Record, code: Option<&str>) -> Told<&'a Area> {
    match code {
        None => {
            let county = record.areas.values().find(|a| a.level == AreaLevel::County);
            county
                .or_else(|| record.areas.values().next())
                .ok_or_else(|| {
                    ViewError::NotAnswerable("还没有导入区划;先用 areas load 导入".to_owned())
                })
        }
        Some(text) => {
            let found = domain::AreaCode::parse(text)
                .ok()
                .and_then(|c| record.areas.get(c.full()));
            found.ok_or_else(|| {
                ViewError::NotFound(format!("没有代码为 `{text}` 的地区;请从区划页面逐级打开"))
            })
        }
    }
}

fn row(record: &Record, judgement: Option<&Arc<Judgement>>, area: &Area) -> AreaRow {
    let code = area.code.full().to_owned();
    let people = judgement.map(|j| j.people.get(&code).copied().unwrap_or_default());
    AreaRow {
        name: area.name.clone(),
        level: area.level.name().to_owned(),
        urban_rural: area.urban_rural.map(UrbanRural::name).map(str::to_owned),
        children: count(
            record
                .areas
                .values()
                .filter(|a| a.code.parent() == Some(area.code))
                .count(),
        ),
        persons: people.map(|p| p.0),
        households: people.map(|p| p.1),
        warnings: record.count(WarningFilter {
            township: Some(code.clone()),
            ..open()
        }),
        code,
    }
}

//! 区划: one level at a time, with who lives there and what waits there; nothing reads all places.

use super::ledger::Record;
use super::month::Judgement;
use super::paging::page;
use super::{Desk, Told};
use crate::access::Scope;
use crate::areas::{self, After, PAGE_ROWS, Words};
use crate::views::{AreaAsk, AreaFound, AreaHit, AreaRow, AreaTree, Page, ViewError};
use domain::{Area, AreaCode, UrbanRural};
use std::collections::HashMap;
use std::sync::Arc;

/// Places below another that are shown at once.
const BELOW_ROWS: usize = 100;
/// More places than can stand directly below one: three digits tell them apart.
const BELOW_MAX: u32 = 2_000;
/// Between the parts of a key; the first two are digits.
const SEAM: char = '~';

pub(super) async fn tree(desk: &Desk, scope: &Scope, ask: AreaAsk) -> Told<AreaTree> {
    let shown = Shown {
        desk,
        scope,
        record: desk.record().await?,
        // Without a register nobody knows who lives where; the areas are shown all the same.
        judgement: desk.newest().await.ok(),
    };
    let found = match ask.words.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(words) => Some(found(desk, words, ask.after.as_deref()).await?),
    };
    let here = shown.find(ask.code.as_deref()).await?;
    // The key of a search says nothing about the places below.
    let after = ask.after.filter(|_| found.is_none());
    let mut trail = vec![shown.country()];
    let mut around = Vec::new();
    if let Some(here) = &here {
        for code in areas::above(here.code) {
            around.extend(shown.area(&code).await?);
        }
        around.reverse();
        around.push(here.clone());
    }
    trail.extend(shown.rows(&around).await?);
    let code = here.as_ref().map(|area| area.code);
    let below = shown
        .below(code.as_ref(), after.as_deref().unwrap_or_default())
        .await?;
    let mut row = trail.last().cloned().unwrap_or_else(|| shown.country());
    row.children = below.total;
    Ok(AreaTree {
        trail,
        here: row,
        notes: match &code {
            Some(code) => notes(desk, code).await?,
            None => Vec::new(),
        },
        below,
        found,
    })
}

/// What a page of areas is made from.
struct Shown<'a> {
    desk: &'a Desk,
    /// Names and codes are public; figures are told within one's places only.
    scope: &'a Scope,
    record: Arc<Record>,
    judgement: Option<Arc<Judgement>>,
}

impl Shown<'_> {
    /// The area asked for; none for the whole country.
    async fn find(&self, code: Option<&str>) -> Told<Option<Area>> {
        match code {
            Some(AreaRow::COUNTRY) => Ok(None),
            None if self.scope.places().is_some() => match self.scope.start() {
                Some(start) => self.area(&start).await,
                None => Ok(self.record.home.clone()),
            },
            None => match &self.record.home {
                Some(home) => Ok(Some(home.clone())),
                None if self.record.areas.is_empty() => Err(ViewError::NotAnswerable(
                    "还没有导入区划;先用 doudi areas import 导入名单".to_owned(),
                )),
                None => Ok(None),
            },
            Some(text) => {
                let none = || {
                    ViewError::NotFound(format!(
                        "没有代码为 `{text}` 的地区;请从区划页面逐级打开,或按名称查找"
                    ))
                };
                let code = AreaCode::parse(text).map_err(|_| none())?;
                self.area(&code).await?.map(Some).ok_or_else(none)
            }
        }
    }

    /// A place by its code: as it is today, else as it was last.
    async fn area(&self, code: &AreaCode) -> Told<Option<Area>> {
        let today = self.desk.office.clock.today();
        let mut names = store::areas::history(&self.desk.office.store, code).await?;
        let now = names.iter().position(|area| area.in_force(today));
        Ok(match now {
            Some(now) => Some(names.swap_remove(now)),
            None => names.pop(),
        })
    }

    async fn below(&self, around: Option<&AreaCode>, after: &str) -> Told<Page<AreaRow>> {
        let store = &self.desk.office.store;
        let today = self.desk.office.clock.today();
        let all = match around {
            Some(code) => store::areas::below(store, code, today, "", BELOW_MAX).await?,
            None => store::areas::provinces(store, today).await?,
        };
        let start = all.partition_point(|area| area.code.full() <= after);
        let shown = all.iter().skip(start).take(BELOW_ROWS).cloned();
        let rows = self.rows(&shown.collect::<Vec<Area>>()).await?;
        let by_code: HashMap<&str, &AreaRow> = rows.iter().map(|r| (r.code.as_str(), r)).collect();
        let cut = page(&all, start, BELOW_ROWS, key, |area| {
            by_code.get(area.code.full()).map(|row| (*row).clone())
        });
        Ok(Page {
            rows: cut.rows.into_iter().flatten().collect(),
            total: cut.total,
            before: cut.before,
            next: cut.next,
            previous: cut.previous,
        })
    }

    async fn rows(&self, areas: &[Area]) -> Told<Vec<AreaRow>> {
        let codes: Vec<AreaCode> = areas.iter().map(|area| area.code).collect();
        let today = self.desk.office.clock.today();
        let children = store::areas::count_below(&self.desk.office.store, &codes, today).await?;
        let row = |(area, children): (&Area, u64)| self.row(area, children);
        Ok(areas.iter().zip(children).map(row).collect())
    }

    fn row(&self, area: &Area, children: u64) -> AreaRow {
        let people = self.people(&area.code);
        AreaRow {
            code: area.code.full().to_owned(),
            name: area.name.clone(),
            level: area.level.name().to_owned(),
            urban_rural: area.urban_rural.map(UrbanRural::name).map(str::to_owned),
            children,
            persons: people.map(|[persons, _]| persons),
            households: people.map(|[_, households]| households),
            warnings: self.record.open_inside(self.scope, Some(&area.code)),
        }
    }

    fn people(&self, code: &AreaCode) -> Option<[u64; 2]> {
        if !self.scope.contains(code) {
            return None;
        }
        let people = &self.judgement.as_ref()?.people;
        Some(people.get(code).copied().unwrap_or_default())
    }

    /// All provinces together.
    fn country(&self) -> AreaRow {
        let all = self
            .judgement
            .as_ref()
            .filter(|_| self.scope.places().is_none());
        let people = all.map(|j| {
            let provinces = j.people.iter().filter(|(code, _)| code.parent().is_none());
            provinces.fold([0_u64; 2], |[a, b], (_, [c, d])| {
                [a.saturating_add(*c), b.saturating_add(*d)]
            })
        });
        AreaRow {
            code: AreaRow::COUNTRY.to_owned(),
            name: "全部".to_owned(),
            level: String::new(),
            urban_rural: None,
            children: 0,
            persons: people.map(|[persons, _]| persons),
            households: people.map(|[_, households]| households),
            warnings: self.record.open_inside(self.scope, None),
        }
    }
}

fn key(area: &Area) -> String {
    area.code.full().to_owned()
}

/// What else is known of a code: former names, and what became of an abolished one.
async fn notes(desk: &Desk, code: &AreaCode) -> Told<Vec<String>> {
    let shown = areas::show(&desk.office, code).await?;
    let today = desk.office.clock.today();
    let mut notes: Vec<String> = shown
        .names
        .iter()
        .filter(|area| !area.in_force(today))
        .map(|area| format!("「{}」:{}", area.name, areas::span(area)))
        .collect();
    if !shown.names.iter().any(|area| area.in_force(today)) {
        let named: Vec<String> = shown
            .successors
            .iter()
            .map(|area| format!("{}({})", area.name, area.code))
            .collect();
        notes.push(if named.is_empty() {
            "这个代码已废止,名单没有写后继;身份证号的前六位仍可能是它".to_owned()
        } else {
            format!("这个代码已废止;同省同名、同日启用的是 {}", named.join("、"))
        });
    }
    Ok(notes)
}

async fn found(desk: &Desk, words: &str, after: Option<&str>) -> Told<AreaFound> {
    let from = after.and_then(read_key).unwrap_or_default();
    let asked = Words::of(words);
    let mut rows = areas::search(&desk.office, &asked, &from, PAGE_ROWS.saturating_add(1)).await?;
    let size = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| write_key(&After::of(&row.area)));
    let hit = |row: areas::Row| AreaHit {
        code: row.area.code.full().to_owned(),
        level: row.area.level.name().to_owned(),
        validity: areas::span(&row.area),
        name: row.area.name,
        path: row.path,
        children: row.children,
    };
    Ok(AreaFound {
        words: words.to_owned(),
        rows: rows.into_iter().map(hit).collect(),
        next,
        later: after.is_some_and(|after| !after.is_empty()),
    })
}

fn write_key(after: &After) -> String {
    format!(
        "{}{SEAM}{}{SEAM}{}",
        after.code, after.valid_from, after.name
    )
}

fn read_key(text: &str) -> Option<After> {
    let mut parts = text.splitn(3, SEAM);
    Some(After {
        code: parts.next()?.to_owned(),
        valid_from: parts.next()?.to_owned(),
        name: parts.next()?.to_owned(),
    })
}

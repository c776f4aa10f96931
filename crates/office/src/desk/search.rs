//! 查找: by exact numbers, and by name or its first letters in the memory of the running program.

use super::ledger::Record;
use super::paging::count;
use super::{Desk, Told};
use crate::access::Scope;
use crate::views::{Behind, SearchAsk, SearchResult, SearchRow};
use domain::{AreaCode, HouseholdId, IdNumber, PersonId};
use store::tokens::{TokenField, Tokeniser, look_up_many};

/// Rows on a page; only rules and places named alike are ever more.
const ROWS_SHOWN: usize = 30;

pub(super) async fn search(desk: &Desk, scope: &Scope, ask: SearchAsk) -> Told<SearchResult> {
    let SearchAsk { words, after } = ask;
    let record = desk.record().await?;
    let wanted = words.trim().to_owned();
    let mut rows = Vec::new();
    if !wanted.is_empty() {
        rows.extend(households(desk, scope, &record, &wanted).await?);
        rows.extend(persons(desk, scope, &record, &wanted).await?);
        rows.extend(warning(scope, &record, &wanted));
        rows.extend(places(&record, &wanted));
        rows.extend(rule_files(desk, &wanted));
    }
    let named = named(desk, scope, &wanted).await?;
    let total = count(rows.len().saturating_add(named.len()));
    let advice = (total == 0).then(|| {
        "没有找到。请输入姓名、姓名拼音的首字母(至少两个字)、完整的户号、完整的身份证号、预警编号、地区名或规则名".to_owned()
    });
    let before = after.min(total);
    let start = usize::try_from(before).unwrap_or(usize::MAX);
    // Hundreds may be called alike: only those of this page are looked up.
    let left = start.saturating_sub(rows.len());
    let mut rows: Vec<SearchRow> = rows.into_iter().skip(start).take(ROWS_SHOWN).collect();
    let room = ROWS_SHOWN.saturating_sub(rows.len());
    let page: Vec<PersonId> = named.into_iter().skip(left).take(room).collect();
    rows.extend(shown(desk, scope, &record, &page).await?);
    let size = count(ROWS_SHOWN);
    let next = before.saturating_add(size);
    Ok(SearchResult {
        words,
        rows,
        total,
        before,
        next: (next < total).then_some(next),
        previous: (before > 0).then(|| before.saturating_sub(size)),
        advice,
    })
}

fn found(what: &str, title: String, detail: String, behind: Behind) -> SearchRow {
    SearchRow {
        what: what.to_owned(),
        title,
        detail,
        behind,
    }
}

async fn households(
    desk: &Desk,
    scope: &Scope,
    record: &Record,
    wanted: &str,
) -> Told<Vec<SearchRow>> {
    let store = &desk.office.store;
    let numbers = [wanted.to_owned(), wanted.to_ascii_uppercase()];
    let hits = store::households::look_up_many(store, &numbers).await?;
    let mut ids: Vec<HouseholdId> = hits.into_values().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows = store::households::get_many(store, &ids).await?;
    rows.retain(|h| scope.contains(&h.area));
    let plain: Vec<i64> = rows.iter().map(|h| h.id.get()).collect();
    let heads = desk.heads(&plain).await?;
    Ok(rows
        .into_iter()
        .map(|h| {
            let head = heads.get(&h.id.get()).map_or("没有成员", String::as_str);
            let title = format!("{head}户 {}", h.number);
            found(
                "家庭",
                title,
                record.place(&h.area),
                Behind::Household(h.id.get()),
            )
        })
        .collect())
}

/// A full id number finds its holder; only what is masked is shown.
async fn persons(
    desk: &Desk,
    scope: &Scope,
    record: &Record,
    wanted: &str,
) -> Told<Vec<SearchRow>> {
    let store = &desk.office.store;
    let Ok(parsed) = IdNumber::parse(wanted, desk.office.clock.today()) else {
        return Ok(Vec::new());
    };
    let token = Tokeniser::of(store).id_number(&parsed.number);
    let hits = look_up_many(store, TokenField::IdNumber, &[token]).await?;
    let ids: Vec<PersonId> = hits.into_values().flatten().collect();
    shown(desk, scope, record, &ids).await
}

/// Who is called so, as far as one may see.
async fn named(desk: &Desk, scope: &Scope, wanted: &str) -> Told<Vec<PersonId>> {
    let mut people = desk.people.lock().await;
    people.refresh(&desk.office.store).await?;
    Ok(people.find(wanted, |area| scope.holds(area)))
}

/// Persons as a row shows them, in the order given.
async fn shown(
    desk: &Desk,
    scope: &Scope,
    record: &Record,
    ids: &[PersonId],
) -> Told<Vec<SearchRow>> {
    let mut people = store::persons::get_many(&desk.office.store, ids).await?;
    people.retain(|p| scope.holds(p.area));
    let plain: Vec<i64> = people.iter().map(|p| p.id.get()).collect();
    let names = desk.names(&plain).await?;
    Ok(people
        .into_iter()
        .map(|person| {
            let id = person.id.get();
            let place = person
                .area
                .map_or_else(|| "地区未知".to_owned(), |a| record.place(&a));
            found(
                "个人",
                format!("{} {}", names.name(id), names.number(id)),
                place,
                Behind::Person(id),
            )
        })
        .collect())
}

fn warning(scope: &Scope, record: &Record, wanted: &str) -> Option<SearchRow> {
    let number = wanted.trim_start_matches(['№', ' ']);
    let id: i64 = number.parse().ok()?;
    let entry = record.find(scope, id)?;
    let title = format!(
        "{} № {id}",
        record.kind(&entry.warning.content.rule).view.title
    );
    let detail = format!(
        "{} · {} · {}",
        record.place(&entry.warning.content.area),
        entry.month,
        entry.state.word()
    );
    Some(found("预警", title, detail, Behind::Warning(id)))
}

fn places<'a>(record: &'a Record, wanted: &'a str) -> impl Iterator<Item = SearchRow> + 'a {
    let code = AreaCode::parse(wanted).ok();
    let hits = record
        .areas
        .values()
        .filter(move |a| a.name.contains(wanted) || Some(a.code) == code);
    hits.map(|a| {
        found(
            "地区",
            a.name.clone(),
            a.code.as_str().to_owned(),
            Behind::Area(a.code.full().to_owned()),
        )
    })
}

fn rule_files<'a>(desk: &'a Desk, wanted: &'a str) -> impl Iterator<Item = SearchRow> + 'a {
    let hits = desk
        .office
        .book
        .parsed()
        .iter()
        .filter(move |p| p.title.contains(wanted));
    hits.map(|p| {
        found(
            "规则",
            p.title.clone(),
            p.path.clone(),
            Behind::Rule(p.path.clone()),
        )
    })
}

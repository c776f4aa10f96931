//! 一站式结算名单: who is what on a day, for hospitals, with what changed since the list before. From
//! the roll of the month and from the entitlements decided since.

use super::book::{Of, PayBook};
use super::{Paid, PayError, facts, whole};
use crate::access::{Acting, Right};
use crate::exports::{self, Leaving, Mark};
use crate::office::Office;
use domain::{Day, Month, PersonId};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::collections::{BTreeMap, BTreeSet};
use store::Act;
use store::entitlements::SubjectKind;
use store::identity::{Field, Grant};

/// The list of a day.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    /// The day.
    pub day: Day,
    /// Persons on it.
    pub persons: u64,
    /// New since the day before.
    pub added: u64,
    /// Gone since the day before.
    pub removed: u64,
    /// Name of the file.
    pub file_name: String,
    /// The workbook, with names and numbers in full.
    pub bytes: Vec<u8>,
}

/// What each person is on a day.
type Statuses = BTreeMap<i64, BTreeSet<String>>;

/// The list of a day and what changed since the day before.
///
/// # Errors
/// The right is missing, or no roll has come.
pub async fn status_list(office: &Office, who: &Acting, day: Day) -> Paid<StatusList> {
    whole(who, Right::PAYMENT_FILE)?;
    let book = super::book(office)?;
    let now = statuses(office, &book, day).await?;
    let before = statuses(office, &book, day.add_days(-1).unwrap_or(day)).await?;
    let mut rows: Vec<(i64, String, &'static str)> = Vec::new();
    let (mut added, mut removed) = (0_u64, 0_u64);
    for (person, held) in &now {
        let change = match before.get(person) {
            Some(then) if then == held => "",
            Some(_) => "身份变化",
            None => {
                added = added.saturating_add(1);
                "新增"
            }
        };
        let words: Vec<&str> = held.iter().map(String::as_str).collect();
        rows.push((*person, words.join("、"), change));
    }
    for (person, then) in before
        .iter()
        .filter(|(person, _)| !now.contains_key(person))
    {
        removed = removed.saturating_add(1);
        let words: Vec<&str> = then.iter().map(String::as_str).collect();
        rows.push((*person, words.join("、"), "退出"));
    }
    let leaving = Leaving {
        kind: "medical",
        subject: day.to_string(),
        words: day.to_string(),
        rows: rows.len(),
    };
    // Before a single name is opened.
    let mark = exports::leave(office, who, leaving).await?;
    let persons: Vec<PersonId> = rows.iter().map(|row| PersonId::new(row.0)).collect();
    let grant = Grant {
        at: office.clock.at(),
        actor: who.login().to_owned(),
        purpose: "一站式结算名单".to_owned(),
        authority: format!("medical-list:{day}"),
        channel: who.channel().word().to_owned(),
        fields: vec![Field::Name, Field::IdNumber],
    };
    let sealed = store::identity::sealed(&office.store, &persons).await?;
    let opened = store::identity::reveal(&office.store, &grant, sealed).await?;
    let known: BTreeMap<i64, (String, String)> = opened
        .into_iter()
        .map(|one| {
            let name = one.name.unwrap_or_default();
            (one.person.get(), (name, one.id_number.unwrap_or_default()))
        })
        .collect();
    mark.order(&mut rows, |row| {
        known.get(&row.0).map(|(_, number)| number.clone())
    });
    let file_name = mark.named(&format!("一站式结算身份名单-{day}"), "xlsx");
    let written = tokio::task::spawn_blocking(move || workbook(day, &rows, &known, &mark));
    let failed = |said: String| crate::OfficeError::Other(format!("名单没有写成:{said}"));
    let bytes = written
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    let mut tx = office.store.write().await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "payment.medical-list")
            .on("day", day)
            .because(format!("{} 人,新增 {added},退出 {removed}", now.len())),
    );
    tx.commit().await?;
    Ok(StatusList {
        day,
        persons: u64::try_from(now.len()).unwrap_or(u64::MAX),
        added,
        removed,
        file_name,
        bytes,
    })
}

/// What everybody is on a day. The roll of the newest month up to that day tells of those it knows;
/// entitlements tell of those decided since, and of those stopped.
async fn statuses(office: &Office, book: &PayBook, day: Day) -> Paid<Statuses> {
    let month = Month::containing(day);
    let mut found = None;
    for back in 0..3 {
        let month = month.add(-back);
        if let Some(roll) = facts::roll(office, book, month).await? {
            found = Some(roll);
            break;
        }
    }
    let roll = found.ok_or_else(|| {
        PayError::Refused(format!("{month} 和前两个月都没有在册名册;先导入名册来文"))
    })?;
    let mut out = Statuses::new();
    for row in &roll.rows {
        let ended = row.last.is_some_and(|last| last < month) || row.from > month;
        let programme = book.of_roll(&row.kind).filter(|_| !ended);
        if let Some(programme) = programme.filter(|p| !p.medical.is_empty()) {
            let held = out.entry(row.person).or_default();
            held.insert(programme.medical.clone());
        }
    }
    let members = store::households::list_memberships_on(&office.store, day).await?;
    let mut homes: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for member in members {
        let home = homes.entry(member.household.get()).or_default();
        home.push(member.person.get());
    }
    for one in super::prepare::in_force(office, month).await? {
        let programme = book.programme(&one.programme);
        let Some(programme) = programme.filter(|p| !p.medical.is_empty()) else {
            continue;
        };
        // An entitlement by a decision is known from the day it was recorded.
        let recorded = one.at.as_str().get(..10).unwrap_or_default();
        if one.cause.kind != "row" && recorded > day.to_string().as_str() {
            continue;
        }
        let persons = match (one.subject.kind, programme.of) {
            (SubjectKind::Person, _) | (_, Of::Person) => vec![one.subject.id],
            (SubjectKind::Household, Of::Household) if one.cause.kind == "row" => continue,
            (SubjectKind::Household, Of::Household) => {
                homes.get(&one.subject.id).cloned().unwrap_or_default()
            }
        };
        for person in persons {
            let held = out.entry(person).or_default();
            held.insert(programme.medical.clone());
        }
    }
    Ok(out)
}

fn workbook(
    day: Day,
    rows: &[(i64, String, &'static str)],
    known: &BTreeMap<i64, (String, String)>,
    mark: &Mark,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let text = Format::new().set_num_format("@");
    let sheet = book.add_worksheet();
    sheet.set_name("身份名单")?;
    mark.foot(sheet);
    for (column, (word, width)) in (0_u16..).zip([
        ("姓名", 16.0),
        ("身份证号", 22.0),
        ("身份", 30.0),
        ("比前一日", 12.0),
    ]) {
        sheet.set_column_width(column, width)?;
        sheet.write_string(0, column, word)?;
    }
    for (at, (person, words, change)) in (1_u32..).zip(rows) {
        let (name, number) = known.get(person).cloned().unwrap_or_default();
        for (column, cell) in (0_u16..).zip([&name, &number, words, &(*change).to_owned()]) {
            sheet.write_string_with_format(at, column, cell.as_str(), &text)?;
        }
    }
    let last = u32::try_from(rows.len())
        .unwrap_or(u32::MAX)
        .saturating_add(2);
    sheet.write_string(last, 0, format!("{day} 的名单"))?;
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}

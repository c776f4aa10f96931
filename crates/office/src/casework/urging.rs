//! 督办: whoever answers for a place sees which townships are late with what, and urges one of them; the urging stands in
//! that township's work list until it is answered there. It moves no clock and decides nothing.

use super::worklist::{Item, late_in};
use super::{CaseError, Done, place_names, without_numbers};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Day};
use std::collections::BTreeMap;
use store::Act;
use store::urges::{self, NewUrge, Urge, UrgeAnswer};

/// Urgings of a list.
const SHOWN_MAX: u32 = 200;
/// Late cases of a list.
const ROWS_MAX: usize = 500;

/// What is late in a township.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateTown {
    /// Its code.
    pub town: String,
    /// What it is called.
    pub place: String,
    /// How many open cases are late.
    pub late: u64,
    /// The day the first was due; empty where none is known.
    pub first: String,
    /// Urgings nobody there has answered.
    pub waiting: usize,
}

/// A late case, without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateCase {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub programme: String,
    /// Where.
    pub place: String,
    /// The step it waits in.
    pub step: String,
    /// By when; empty for no day of its own.
    pub due: String,
}

/// An urging, as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrgeLine {
    /// Its number.
    pub no: i64,
    /// Which place.
    pub place: String,
    /// How many cases were late when it was sent.
    pub late: u64,
    /// What is to be done.
    pub words: String,
    /// By whom and when.
    pub by: String,
    /// By when it is to be answered.
    pub due: Day,
    /// Whether that is over.
    pub over: bool,
    /// The answer; empty while there is none.
    pub answer: String,
}

/// 督办.
#[derive(Clone, Debug, Default)]
pub struct UrgeView {
    /// How many open cases are late, in all.
    pub late: u64,
    /// Township by township, the most first.
    pub towns: Vec<LateTown>,
    /// The place whose cases are listed; empty for all.
    pub chosen: String,
    /// The cases behind the number.
    pub cases: Vec<LateCase>,
    /// What was urged, newest first.
    pub urges: Vec<UrgeLine>,
    /// Today, for the day of the form.
    pub today: String,
}

fn town_of(area: &AreaCode) -> AreaCode {
    area.at(AreaLevel::Township).unwrap_or(*area)
}

/// What is late within somebody's places, with the cases of one township where it is named by its code.
///
/// # Errors
/// No right, or the record.
pub async fn view(office: &Office, who: &Acting, town: &str) -> Done<UrgeView> {
    let scope = who.scope(Right::URGE)?;
    let today = office.clock.today();
    let all = late_in(office, who, &scope).await?;
    let mut open: Vec<Urge> = Vec::new();
    let mut sent: Vec<Urge> = Vec::new();
    for place in scope.each_place() {
        open.extend(urges::open(&office.store, place.as_ref(), SHOWN_MAX).await?);
        sent.extend(urges::list(&office.store, place.as_ref(), SHOWN_MAX).await?);
    }
    let mut towns: BTreeMap<AreaCode, Vec<&Item>> = BTreeMap::new();
    for item in &all {
        towns.entry(town_of(&item.area)).or_default().push(item);
    }
    let mut view = UrgeView {
        late: u64::try_from(all.len()).unwrap_or(u64::MAX),
        chosen: town.to_owned(),
        urges: lines(office, &sent).await?,
        today: today.to_string(),
        ..UrgeView::default()
    };
    let places = all.iter().flat_map(|item| [item.area, town_of(&item.area)]);
    let names = place_names(office, places, today).await?;
    for (area, items) in &towns {
        let first = items.iter().filter_map(|item| item.due).min();
        let here = |urge: &&Urge| area.contains(&urge.content.area);
        view.towns.push(LateTown {
            town: area.as_str().to_owned(),
            place: names.get(area).cloned().unwrap_or_default(),
            late: u64::try_from(items.len()).unwrap_or(u64::MAX),
            first: first.map_or_else(String::new, |day| day.to_string()),
            waiting: open.iter().filter(here).count(),
        });
    }
    view.towns.sort_by_key(|town| std::cmp::Reverse(town.late));
    for item in all
        .iter()
        .filter(|item| town.is_empty() || town_of(&item.area).as_str() == town)
        .take(ROWS_MAX)
    {
        view.cases.push(LateCase {
            no: item.case.get(),
            programme: office.title(&item.programme),
            place: names.get(&item.area).cloned().unwrap_or_default(),
            step: item.step.clone(),
            due: item.due.map_or_else(String::new, |day| day.to_string()),
        });
    }
    Ok(view)
}

/// Urges a township about what is late there; answers the number of the urging.
///
/// # Errors
/// No right there, nothing is late there, nothing is said, or a day that is over.
pub async fn urge(
    office: &Office,
    who: &Acting,
    (town, words, due): (AreaCode, &str, Day),
) -> Done<i64> {
    let refused = |said: String| CaseError::Refused(said);
    let scope = who.scope(Right::URGE)?;
    if !scope.contains(&town) {
        return Err(CaseError::NotFound(format!("没有编号为 {town} 的地方")));
    }
    let (words, today) = (words.trim(), office.clock.today());
    without_numbers(words)?;
    if words.is_empty() {
        return Err(refused("请写明要办什么".to_owned()));
    }
    if due < today {
        return Err(refused(format!("{due} 已经过了;请填今天以后的日子")));
    }
    let all = late_in(office, who, &scope).await?;
    let late = all.iter().filter(|item| town.contains(&item.area)).count();
    if late == 0 {
        return Err(refused("那里现在没有逾期的办件,不用督办".to_owned()));
    }
    let at = office.clock.at();
    let new = NewUrge {
        area: town,
        late: u64::try_from(late).unwrap_or(u64::MAX),
        words: words.to_owned(),
        due,
        by: who.login().to_owned(),
        day: today,
    };
    let mut tx = office.begin().await?;
    let no = urges::urge(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "urge.send")
            .on("urge", no)
            .because(format!("逾期 {late} 件,{due} 前答复"))
            .under(format!("area:{town}")),
    );
    office.end(tx).await?;
    Ok(no)
}

/// What was urged in the places where somebody handles cases and is not answered, the first due first. Whoever may
/// urge there has it on their own page.
///
/// # Errors
/// The record.
pub async fn received(office: &Office, who: &Acting) -> Done<Vec<UrgeLine>> {
    let Ok(scope) = who.scope(Right::CASE_ACCEPT) else {
        return Ok(Vec::new());
    };
    let mut open = Vec::new();
    for place in scope.each_place() {
        open.extend(urges::open(&office.store, place.as_ref(), SHOWN_MAX).await?);
    }
    lines(office, &open).await
}

/// One urging of a place where somebody handles cases.
///
/// # Errors
/// No right there, no such urging, or the record.
pub async fn one(office: &Office, who: &Acting, no: i64) -> Done<UrgeLine> {
    let found = kept(office, who, no).await?;
    let gone = || CaseError::NotFound(format!("没有编号为 {no} 的督办"));
    lines(office, &[found]).await?.pop().ok_or_else(gone)
}

async fn kept(office: &Office, who: &Acting, no: i64) -> Done<Urge> {
    let scope = who.scope(Right::CASE_ACCEPT)?;
    let found = urges::find(&office.store, no).await?;
    let found = found.filter(|one| scope.contains(&one.content.area));
    found.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {no} 的督办")))
}

/// Answers an urging.
///
/// # Errors
/// No right there, no such urging, answered before, or nothing is said.
pub async fn answer(office: &Office, who: &Acting, no: i64, words: &str) -> Done<()> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    kept(office, who, no).await?;
    let words = words.trim();
    without_numbers(words)?;
    if words.is_empty() {
        return Err(refused("请写明办得怎么样、还差什么"));
    }
    let mut tx = office.begin().await?;
    let now = urges::find(&tx, no).await?;
    if now.is_some_and(|now| now.answer.is_some()) {
        return Err(refused("这一件督办已经答复,不能再写;请刷新页面"));
    }
    let at = office.clock.at();
    let new = UrgeAnswer {
        words: words.to_owned(),
        day: office.clock.today(),
        by: who.login().to_owned(),
    };
    urges::answer(&mut tx, &at, no, &new).await?;
    tx.record(Act::new(&at, who.login(), "urge.answer").on("urge", no));
    office.end(tx).await
}

async fn lines(office: &Office, all: &[Urge]) -> Done<Vec<UrgeLine>> {
    let today = office.clock.today();
    let users = store::users::list(&office.store).await?;
    let named = |login: &str| {
        let mut users = users.iter();
        let known = users.find(|user| user.login == login);
        known.map_or_else(
            || login.to_owned(),
            |user| format!("{}({login})", user.name),
        )
    };
    let places = all.iter().map(|one| one.content.area);
    let names = place_names(office, places, today).await?;
    let mut out = Vec::new();
    for one in all {
        let content = &one.content;
        out.push(UrgeLine {
            no: one.no,
            place: names.get(&content.area).cloned().unwrap_or_default(),
            late: content.late,
            words: content.words.clone(),
            by: format!("{} {}", content.day, named(&content.by)),
            due: content.due,
            over: one.answer.is_none() && content.due < today,
            answer: one.answer.as_ref().map_or_else(String::new, |answer| {
                format!("{} {}:{}", answer.day, named(&answer.by), answer.words)
            }),
        });
    }
    Ok(out)
}

//! 公布: what everybody may read of a month without signing in: whom programmes paid, how much, and how warnings
//! were dealt with, by township and village.
//!
//! Somebody signs it, once for a month, and it never changes: two versions of one month could be subtracted. Every
//! figure is of one month alone and programmes are not added up, so that neither a total across them nor the month
//! before gives a hidden number back. What is hidden is not kept at all. No page counts anything: it reads a month's
//! cells of one place.

mod veiled;

use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::error::{OfficeError, Result};
use crate::handling::{Measures, rate, value};
use crate::office::Office;
use crate::views::{Choice, ViewError};
use domain::{AreaCode, AreaLevel, Fen, Month};
use rules::value::Value;
use std::collections::BTreeMap;
use store::Act;
use store::handling::{Within, count_by};
use store::publications::{self, Cell, Numbers, Publication};
use veiled::{Spot, Sum, veiled};

/// The figure of warnings; the others are named by their programme.
const WARNINGS: &str = "handling";
/// The file that says how few may not be told.
const DISCLOSURE: &str = "disclosure";
/// How many months a page offers.
const MONTHS: u32 = 24;

/// A cell as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nobody.
    None,
    /// So few, or beside so few, that it is hidden: `<3 或受保护`.
    Hidden(String),
    /// Its number, and what it says beside.
    Told {
        /// `128 户`, `78.3%`.
        text: String,
        /// `96,000.00 元`, `47 ÷ 60 条`.
        beside: String,
    },
}

/// A place with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRow {
    /// Its name.
    pub name: String,
    /// Its code, where places below it were published; empty without.
    pub down: String,
    /// A cell a figure, in their order.
    pub cells: Vec<Shown>,
}

/// What a page shows.
#[derive(Clone, Debug)]
pub struct PublishedPage {
    /// The month.
    pub month: String,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// As the record stood on this day.
    pub as_of: String,
    /// Fewer than so many are hidden.
    pub least: u64,
    /// The figures' names.
    pub heads: Vec<String>,
    /// The place around, with its code.
    pub around: Option<(String, String)>,
    /// The place itself.
    pub whole: PlaceRow,
    /// The places below it.
    pub places: Vec<PlaceRow>,
}

/// A publication, for those who sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMonth {
    /// The month.
    pub month: String,
    /// As of which day.
    pub as_of: String,
    /// Whose account signed.
    pub actor: String,
}

/// What may be signed, and what was.
#[derive(Clone, Debug)]
pub struct ToPublish {
    /// Months nobody published yet, newest first.
    pub months: Vec<Choice>,
    /// Whether the newest of them has not ended.
    pub running: Option<String>,
    /// Those published, newest first.
    pub signed: Vec<SignedMonth>,
}

/// A figure before anything of it is hidden: its name, its title and what stands where.
type Counted = (String, String, BTreeMap<AreaCode, Sum>);

/// Publishes a month, once: counts it, hides what is too small, and keeps the rest.
///
/// # Errors
/// No right, a month that is published or has not begun, no parameter, or the record.
pub async fn publish(office: &Office, who: &Acting, month: Month) -> Done<()> {
    who.scope(Right::PUBLISH)?;
    let today = office.clock.today();
    if month > Month::containing(today) {
        return Err(CaseError::Refused(format!("{month} 还没有到,不能公布")));
    }
    let least = least(office, month)?;
    let home = office.home().await?.map(|area| area.code).ok_or_else(|| {
        CaseError::Refused("还没有导入区划,不知道公布的是哪个地方;先导入区划名单".to_owned())
    })?;
    let figures = counted(office, month).await?;
    let names = names(office, month).await?;
    let register = names.keys().copied().collect();
    let mut tx = office.begin().await?;
    if publications::of_month(&tx, month).await?.is_some() {
        let said = format!("{month} 已经公布过;公布以后不再改,免得用前后两次的数相减");
        return Err(CaseError::Refused(said));
    }
    let mut cells = Vec::new();
    for (figure, title, sums) in figures {
        for (spot, around, sum) in veiled(&sums, (home, &register), least) {
            let (area, unplaced) = match spot {
                Spot::Place(area) => (area, false),
                Spot::Unplaced(area) => (area, true),
            };
            let rate = figure == WARNINGS;
            cells.push(Cell {
                around,
                area,
                unplaced,
                figure: figure.clone(),
                title: title.clone(),
                name: names
                    .get(&area)
                    .map_or_else(|| area.as_str().to_owned(), Clone::clone),
                numbers: sum.map(|sum| Numbers {
                    whole: sum.whole,
                    part: rate.then_some(sum.part),
                    amount: (!rate).then_some(sum.amount),
                }),
            });
        }
    }
    let at = office.clock.at();
    let new = Publication {
        month,
        as_of: today,
        least,
        actor: who.login().to_owned(),
        at: at.clone(),
    };
    publications::add(&mut tx, &new, &cells).await?;
    let act = Act::new(&at, who.login(), "figures.publish").on("publication", month);
    tx.record(act.carrying(format!("{{\"cells\":{},\"least\":{least}}}", cells.len())));
    office.end(tx).await
}

/// What may be published, and what was.
///
/// # Errors
/// No right, or the record.
pub async fn to_publish(office: &Office, who: &Acting) -> Result<ToPublish, ViewError> {
    who.scope(Right::PUBLISH)?;
    let signed = publications::newest(&office.store, MONTHS).await?;
    let now = Month::containing(office.clock.today());
    let back = (0..12).map(|back: i32| now.add(back.saturating_neg()));
    let open: Vec<Month> = back
        .filter(|month| !signed.iter().any(|one| one.month == *month))
        .collect();
    Ok(ToPublish {
        running: open.first().filter(|m| **m == now).map(Month::to_string),
        months: open.iter().map(choice).collect(),
        signed: signed
            .into_iter()
            .map(|one| SignedMonth {
                month: one.month.to_string(),
                as_of: one.as_of.to_string(),
                actor: one.actor,
            })
            .collect(),
    })
}

/// What was published of a month and a place: the newest month and the whole place without. None while nothing is.
///
/// # Errors
/// No such month or place, or the record.
pub async fn read(
    office: &Office,
    month: Option<&str>,
    area: Option<&str>,
) -> Result<Option<PublishedPage>, ViewError> {
    let all = publications::newest(&office.store, MONTHS).await?;
    let wrong =
        || ViewError::NotFound("没有公布过这个月份、这个地方的数;请从公布数据页面打开".to_owned());
    let chosen = match month.filter(|m| !m.is_empty()) {
        None => all.first(),
        Some(text) => {
            let month = Month::parse(text).map_err(|_| wrong())?;
            Some(
                all.iter()
                    .find(|one| one.month == month)
                    .ok_or_else(wrong)?,
            )
        }
    };
    let Some(chosen) = chosen else {
        return Ok(None);
    };
    let home = office
        .home()
        .await?
        .map(|area| area.code)
        .ok_or_else(wrong)?;
    let place = match area.filter(|a| !a.is_empty()) {
        None => home,
        Some(text) => AreaCode::parse(text).map_err(|_| wrong())?,
    };
    if !home.contains(&place) || place.level() == AreaLevel::Village {
        return Err(wrong());
    }
    let listed_in = match place == home {
        true => home,
        false => place.parent().ok_or_else(wrong)?,
    };
    let own = publications::own_cells(&office.store, chosen.month, (&listed_in, &place)).await?;
    let name = own.first().map(|cell| cell.name.clone());
    let (true, name) = (place == home || name.is_some(), name.unwrap_or_default()) else {
        return Err(wrong());
    };
    let below = publications::cells(&office.store, chosen.month, &place).await?;
    let below: Vec<Cell> = below
        .into_iter()
        .filter(|c| c.unplaced || c.area != place)
        .collect();
    Ok(Some(page(
        chosen,
        &all,
        (home, place, name),
        (&own, &below),
    )))
}

fn page(
    chosen: &Publication,
    all: &[Publication],
    (home, place, name): (AreaCode, AreaCode, String),
    (own, below): (&[Cell], &[Cell]),
) -> PublishedPage {
    // Warnings first, then the programmes by name; a figure nobody here has any of is not told.
    let mut heads: BTreeMap<(bool, &str), &str> = BTreeMap::new();
    for cell in own.iter().chain(below) {
        heads.insert((cell.figure != WARNINGS, cell.figure.as_str()), &cell.title);
    }
    let row = |name: String, down: String, of: &[&Cell]| PlaceRow {
        name,
        down,
        cells: heads
            .keys()
            .map(|(_, figure)| {
                let cell = of.iter().find(|cell| cell.figure == *figure);
                cell.map_or(Shown::None, |cell| shown(cell, chosen.least))
            })
            .collect(),
    };
    let mut places: BTreeMap<(bool, AreaCode), Vec<&Cell>> = BTreeMap::new();
    for cell in below {
        places
            .entry((cell.unplaced, cell.area))
            .or_default()
            .push(cell);
    }
    let places = places.iter().map(|((unplaced, code), cells)| {
        let name = cells
            .first()
            .map_or(String::new(), |cell| cell.name.clone());
        let deeper = !unplaced && code.level() < AreaLevel::Village;
        let down = if deeper {
            code.full().to_owned()
        } else {
            String::new()
        };
        match unplaced {
            true => row(format!("{name}里没有写明下级的"), down, cells),
            false => row(name, down, cells),
        }
    });
    PublishedPage {
        month: chosen.month.to_string(),
        months: all.iter().map(|one| choice(&one.month)).collect(),
        as_of: chosen.as_of.to_string(),
        least: chosen.least,
        around: (place != home).then(|| {
            let up = place.parent().filter(|up| *up != home);
            up.map_or_else(
                || ("全部地区".to_owned(), String::new()),
                |up| (up.as_str().to_owned(), up.full().to_owned()),
            )
        }),
        places: places.collect(),
        whole: row(name, String::new(), &own.iter().collect::<Vec<_>>()),
        heads: heads.values().map(|title| (*title).to_owned()).collect(),
    }
}

fn shown(cell: &Cell, least: u64) -> Shown {
    let Some(numbers) = cell.numbers else {
        return Shown::Hidden(format!("<{least} 或受保护"));
    };
    let grouped = crate::desk::grouped;
    match (numbers.part, numbers.amount) {
        (Some(part), _) => Shown::Told {
            text: rate(part, numbers.whole).unwrap_or_else(|| "没有预警".to_owned()),
            beside: format!("{} ÷ {} 条", grouped(part), grouped(numbers.whole)),
        },
        (None, amount) => Shown::Told {
            text: format!("{} 户", grouped(numbers.whole)),
            beside: amount.map_or(String::new(), |fen| format!("{fen} 元")),
        },
    }
}

/// What the month says, figure by figure: warnings raised in it, and what its payments brought.
async fn counted(office: &Office, month: Month) -> Done<Vec<Counted>> {
    let program = office.rules_on(month.last());
    let measures = Measures::of(&program, month.last())?;
    // One month alone, however many the rulebook counts together for those who handle them.
    let asked = measures.asked_over((month, month), office.clock.today(), Within::Anywhere)?;
    let rows = count_by(&office.store, &asked, AreaLevel::Village).await?;
    let mut warnings: BTreeMap<AreaCode, Sum> = BTreeMap::new();
    for row in &rows {
        let tally = measures.tally([row]);
        warnings.entry(row.area).or_default().add(Sum {
            whole: tally.raised,
            part: tally.handled,
            amount: Fen::ZERO,
        });
    }
    let mut all = vec![(WARNINGS.to_owned(), "预警处置率".to_owned(), warnings)];
    let mut paid: BTreeMap<String, BTreeMap<AreaCode, Sum>> = BTreeMap::new();
    for row in store::payments::arrived(&office.store, month).await? {
        let places = paid.entry(row.programme).or_default();
        places.entry(row.area).or_default().add(Sum {
            whole: row.households,
            part: 0,
            amount: row.amount,
        });
    }
    for (programme, sums) in paid {
        let title = program.files.iter().find(|file| file.id == programme);
        let title = title.map_or_else(|| programme.clone(), |file| file.title.clone());
        all.push((programme, format!("{title}:到账户数和金额"), sums));
    }
    Ok(all)
}

/// How few may not be told to everybody.
fn least(office: &Office, month: Month) -> Result<u64> {
    let day = month.last();
    let Value::Num(number) = value(&office.rules_on(day), DISCLOSURE, "社会公布下限", day)?
    else {
        return Err(OfficeError::Other("`社会公布下限` 应当是一个数".to_owned()));
    };
    let whole = number.num().div_euclid(number.den());
    Ok(u64::try_from(whole).unwrap_or(1).max(1))
}

async fn names(office: &Office, month: Month) -> Result<BTreeMap<AreaCode, String>> {
    let day = month.last().min(office.clock.today());
    let areas = crate::areas::own(office, day).await?;
    Ok(areas
        .into_iter()
        .map(|area| (area.code, area.name))
        .collect())
}

fn choice(month: &Month) -> Choice {
    Choice {
        value: month.to_string(),
        label: month.to_string(),
    }
}

/// 演示: the month of the demo's moment, signed by its leader. Nothing is made where somebody published it already.
///
/// # Errors
/// The record, or a month that may not be published.
pub async fn demo(access: &crate::access::Access, now: &str) -> Done<Option<Month>> {
    let office = access.office();
    let month = Month::containing(office.clock.today());
    let leader = crate::casework::demo::acting(access, "zhou", now).await?;
    let Some(leader) = leader else {
        return Ok(None);
    };
    if publications::of_month(&office.store, month)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    publish(office, &leader, month).await?;
    Ok(Some(month))
}

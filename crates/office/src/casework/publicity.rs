//! 公示和公布 as anybody may read them: page by page, by township and village. Nothing of it has to be taken down by
//! hand: a notice is gone after its last day, a publication from the month on in which the help it tells of is paid
//! no more.

use super::notice::{self, Hanging};
use super::{Done, fields};
use crate::disbursement;
use crate::office::Office;
use domain::{AreaCode, AreaLevel};
use std::collections::BTreeSet;
use store::decisions::{self, Public};
use store::notices;

/// Lines of one page.
const ROWS: u32 = 100;

/// What somebody asks to see.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A township or village; none for all of them.
    pub area: Option<AreaCode>,
    /// Which page of what hangs, from 1.
    pub hanging: u32,
    /// Which page of what is public, from 1.
    pub published: u32,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Sheet<T> {
    /// What stands on it.
    pub rows: Vec<T>,
    /// Which it is, from 1.
    pub page: u32,
    /// How many there are, at least one.
    pub pages: u32,
    /// Lines on all pages.
    pub all: u64,
}

/// One place to choose.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether it is the one shown.
    pub is_chosen: bool,
}

/// What was decided, as it is public.
#[derive(Clone, Debug)]
pub struct Published {
    /// Where, in words.
    pub place: String,
    /// Field and value.
    pub shown: Vec<(String, String)>,
}

/// What is to be seen.
#[derive(Clone, Debug)]
pub struct Publicity {
    /// Townships where anything hangs or is public, and villages of the one chosen.
    pub places: Vec<Place>,
    /// What hangs.
    pub hanging: Sheet<Hanging>,
    /// What is public.
    pub published: Sheet<Published>,
}

/// A page of both.
///
/// # Errors
/// The record.
pub async fn publicity(office: &Office, asked: &Asked) -> Done<Publicity> {
    let on = &office.store;
    let today = office.clock.today();
    let area = asked.area.as_ref();
    let count = notices::count_hanging(on, today, area).await?;
    let (page, pages, past) = paged(count, asked.hanging);
    let hanging = Sheet {
        rows: notice::hanging_page(office, area, (ROWS, past)).await?,
        page,
        pages,
        all: count,
    };
    let public = Public {
        day: today,
        area,
        component: disbursement::BASIC,
    };
    let count = decisions::count_published(on, &public).await?;
    let (page, pages, past) = paged(count, asked.published);
    let mut rows = Vec::new();
    for one in decisions::published(on, &public, (ROWS, past)).await? {
        rows.push(Published {
            place: fields::place(office, &one.area).await?,
            shown: fields::read(&one.shown),
        });
    }
    Ok(Publicity {
        places: places(office, area).await?,
        hanging,
        published: Sheet {
            rows,
            page,
            pages,
            all: count,
        },
    })
}

/// Which page, of how many, and how many lines stand before it.
fn paged(count: u64, asked: u32) -> (u32, u32, u32) {
    let pages = u32::try_from(count.div_ceil(u64::from(ROWS))).unwrap_or(u32::MAX);
    let pages = pages.max(1);
    let page = asked.clamp(1, pages);
    (page, pages, (page - 1).saturating_mul(ROWS))
}

async fn places(office: &Office, chosen: Option<&AreaCode>) -> Done<Vec<Place>> {
    let on = &office.store;
    let today = office.clock.today();
    let mut all = notices::hanging_areas(on, today).await?;
    all.extend(decisions::published_areas(on, today).await?);
    let town = |area: &AreaCode| {
        let mut at = *area;
        while at.level() > AreaLevel::Township {
            at = at.parent()?;
        }
        Some(at)
    };
    let own = chosen.and_then(town);
    let mut codes: BTreeSet<AreaCode> = all.iter().filter_map(town).collect();
    codes.extend(all.iter().filter(|area| own.is_some() && town(area) == own));
    let mut out = Vec::new();
    for code in codes {
        out.push(Place {
            code: code.as_str().to_owned(),
            name: fields::place(office, &code).await?,
            is_chosen: chosen == Some(&code),
        });
    }
    Ok(out)
}

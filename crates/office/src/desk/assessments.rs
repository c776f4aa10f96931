//! 评估名单: who has which value of an assessment. Lists and counts are those the month's run kept; where it
//! rests on other rules or files than now, the month is judged and both are made anew.

use super::ledger::inside;
use super::paging::{choice, page};
use super::{Desk, Told};
use crate::access::Scope;
use crate::assessed::{self, About, Assessed, Counts, Shape, UNSETTLED};
use crate::views::{
    AssessedRow, AssessedValue, AssessmentFilter, AssessmentList, AssessmentQuantity,
    AssessmentRow, Behind, Count, ViewError,
};
use domain::{AreaCode, Month};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

const ROWS_ON_PAGE: usize = 50;

/// The list shown last, and what was counted: each under what it rests on.
#[derive(Default)]
pub(super) struct Shelf {
    rows: Mutex<Option<(String, Arc<Assessed>)>>,
    counts: Mutex<HashMap<Month, (String, Arc<Counts>)>>,
}

pub(super) async fn list(
    desk: &Desk,
    scope: &Scope,
    mut filter: AssessmentFilter,
) -> Told<AssessmentList> {
    let month = desk.chosen(filter.month.as_deref()).await?;
    filter.month = Some(month.to_string());
    let shapes = own_first(desk, month);
    let found = match filter.assessment.as_str() {
        "" => shapes.first(),
        id => shapes.iter().find(|shape| shape.id == id),
    };
    let missing = || {
        ViewError::NotFound(format!(
            "{month} 没有名为 `{}` 的评估;请在筛选栏里重新选择",
            filter.assessment
        ))
    };
    let shape = found.ok_or_else(missing)?.clone();
    filter.assessment.clone_from(&shape.id);
    let quantity = chosen(&shape, &mut filter)?;
    let rows = rows(desk, &shape, month).await?;
    let wanted = rows.wanted(|place| {
        let township = filter.township.as_deref();
        scope.holds(place) && (township.is_none() || place.is_some_and(|p| inside(township, &p)))
    });
    let here = (0..rows.ids.len()).filter(|row| rows.is_in(&wanted, *row));
    let mut sums: Vec<Vec<u64>> = shape
        .quantities
        .iter()
        .map(|q| vec![0; q.words.len().saturating_add(1)])
        .collect();
    let mut listed: Vec<(usize, usize)> = Vec::new();
    for row in here {
        for (at, sums) in sums.iter_mut().enumerate() {
            let mut add = |member: usize| {
                if let Some(sum) = sums.get_mut(member) {
                    *sum = sum.saturating_add(1);
                }
                if quantity.lists(at, member) {
                    listed.push((member, row));
                }
            };
            match rows.members(at, row) {
                Some(members) => members.for_each(add),
                None => add(quantity.unsettled(&shape, at)),
            }
        }
    }
    listed.sort_unstable();
    let start = match filter.cursor.as_deref() {
        None | Some("") => 0,
        Some(text) => {
            let wrong = || ViewError::NotAnswerable("页码不对,请从第一页看起".to_owned());
            let (member, id) = text.split_once('-').ok_or_else(wrong)?;
            let last: (usize, i64) = (
                member.parse().map_err(|_| wrong())?,
                id.parse().map_err(|_| wrong())?,
            );
            // Ids rise with the rows.
            let key = |(member, row): &(usize, usize)| (*member, id_of(&rows, *row));
            listed.partition_point(|one| key(one) <= last)
        }
    };
    let shown: Vec<usize> = listed
        .iter()
        .skip(start)
        .take(ROWS_ON_PAGE)
        .map(|(_, row)| *row)
        .collect();
    let subjects = Subjects::of(desk, &rows, &shown).await?;
    let record = desk.record().await?;
    let key = |(member, row): &(usize, usize)| format!("{member}-{}", id_of(&rows, *row));
    let page = page(&listed, start, ROWS_ON_PAGE, key, |(_, row)| {
        let place = rows.place(*row);
        let place = place.map_or_else(|| "地区未知".to_owned(), |a| record.place(&a));
        subjects.row(&rows, *row, place)
    });
    let months = desk.month_list().await?;
    let months = months.iter().map(|m| choice(m.to_string(), m.to_string()));
    let townships = record.townships(scope);
    let townships = townships.map(|a| choice(a.code.full(), &a.name));
    Ok(AssessmentList {
        title: shape.title.clone(),
        rule: Behind::Rule(shape.path.clone()),
        unit: unit(shape.about).to_owned(),
        assessments: shapes.iter().map(|s| choice(&s.id, &s.title)).collect(),
        months: months.collect(),
        townships: townships.collect(),
        quantities: quantities(&shape, &filter, &sums),
        page,
        filter,
    })
}

fn id_of(rows: &Assessed, row: usize) -> i64 {
    rows.ids.get(row).copied().unwrap_or_default()
}

/// 户, 人 or 处.
fn unit(about: About) -> &'static str {
    match about {
        About::Persons => "人",
        About::Households => "户",
        About::Places => "处",
    }
}

/// The assessments of a month; those the place names itself before those it takes with another.
fn own_first(desk: &Desk, month: Month) -> Vec<Shape> {
    let mut shapes = assessed::shapes(&desk.office.program_of(month));
    let own = own(desk);
    shapes.sort_by_key(|shape| {
        own.iter()
            .position(|id| *id == shape.id)
            .unwrap_or(usize::MAX)
    });
    shapes
}

/// The ids a place's locality.md names: those of its own folder before the national ones.
pub(super) fn own(desk: &Desk) -> Vec<String> {
    let book = &desk.office.book;
    let place = book
        .localities()
        .iter()
        .find(|l| l.id == desk.office.locality);
    let folder = format!("localities/{}/", desk.office.locality);
    let mut named = place.map_or_else(Vec::new, |place| place.named.clone());
    let at_home = |id: &String| {
        let mut files = book.parsed().iter();
        files.any(|p| p.path.starts_with(&folder) && p.head().is_some_and(|h| h.id.text == *id))
    };
    named.sort_by_key(|id| !at_home(id));
    named
}

/// Which quantity and value are listed.
struct Chosen {
    at: usize,
    member: Option<usize>,
    last: usize,
}

impl Chosen {
    /// Whether a row with this member of this quantity is on the list.
    fn lists(&self, at: usize, member: usize) -> bool {
        at == self.at
            && match self.member {
                Some(wanted) => member == wanted,
                None => member < self.last,
            }
    }

    /// The place of 待查 among a quantity's values.
    fn unsettled(&self, shape: &Shape, at: usize) -> usize {
        shape
            .quantities
            .get(at)
            .map_or(self.last, |q| q.words.len())
    }
}

fn chosen(shape: &Shape, filter: &mut AssessmentFilter) -> Told<Chosen> {
    let quantities = || shape.quantities.iter();
    let at = match filter.quantity.as_str() {
        "" => quantities().position(|q| q.classes).or(Some(0)),
        name => quantities().position(|q| q.name == name),
    };
    let found = at.and_then(|at| Some((at, shape.quantities.get(at)?)));
    let (at, quantity) = found.ok_or_else(|| {
        ViewError::NotFound(format!(
            "《{}》里没有名为 `{}` 的一项;请在下面重新选择",
            shape.title, filter.quantity
        ))
    })?;
    filter.quantity.clone_from(&quantity.name);
    let member = match filter.value.as_str() {
        "" => None,
        UNSETTLED => Some(quantity.words.len()),
        word => {
            let found = quantity.words.iter().position(|w| w == word);
            Some(found.ok_or_else(|| {
                ViewError::NotFound(format!(
                    "`{}` 没有 `{word}` 这个结果;请在下面重新选择",
                    quantity.name
                ))
            })?)
        }
    };
    Ok(Chosen {
        at,
        member,
        last: quantity.words.len(),
    })
}

fn quantities(
    shape: &Shape,
    filter: &AssessmentFilter,
    sums: &[Vec<u64>],
) -> Vec<AssessmentQuantity> {
    let rows = shape.quantities.iter().zip(sums);
    rows.map(|(quantity, sums)| {
        let words = quantity.words.iter().map(String::as_str);
        let values = words.chain([UNSETTLED]).zip(sums);
        let values = values.filter(|(_, sum)| **sum > 0);
        let value = |(word, sum): (&str, &u64)| AssessedValue {
            word: word.to_owned(),
            chosen: filter.quantity == quantity.name && filter.value == word,
            count: Count {
                value: *sum,
                behind: Behind::Assessment(AssessmentFilter {
                    quantity: quantity.name.clone(),
                    value: word.to_owned(),
                    cursor: None,
                    ..filter.clone()
                }),
            },
        };
        AssessmentQuantity {
            name: quantity.name.clone(),
            values: values.map(value).collect(),
        }
    })
    .collect()
}

/// The people of a page, masked.
struct Subjects {
    heads: HashMap<i64, String>,
    names: super::names::Names,
}

impl Subjects {
    async fn of(desk: &Desk, rows: &Assessed, shown: &[usize]) -> Told<Self> {
        let ids: Vec<i64> = shown.iter().map(|row| id_of(rows, *row)).collect();
        let (households, persons): (&[i64], &[i64]) = match rows.shape.about {
            About::Households => (&ids, &[]),
            About::Persons => (&[], &ids),
            About::Places => (&[], &[]),
        };
        Ok(Self {
            heads: desk.heads(households).await?,
            names: desk.names(persons).await?,
        })
    }

    fn row(&self, rows: &Assessed, row: usize, place: String) -> AssessedRow {
        let id = id_of(rows, row);
        let (subject, about) = match rows.shape.about {
            About::Households => {
                let head = self.heads.get(&id);
                let subject = head.map_or_else(|| "没有成员".to_owned(), |h| format!("{h}户"));
                (subject, Behind::Household(id))
            }
            About::Persons => (self.names.name(id), Behind::Person(id)),
            About::Places => {
                let code = rows.place(row);
                let behind = code.map_or(Behind::Areas, |c| Behind::Area(c.full().to_owned()));
                (place.clone(), behind)
            }
        };
        let all = rows.shape.quantities.iter().enumerate();
        let classes = all.filter(|(_, quantity)| quantity.classes);
        AssessedRow {
            subject,
            about,
            place,
            values: classes
                .map(|(at, quantity)| (quantity.name.clone(), rows.words(at, row)))
                .collect(),
        }
    }
}

/// What an assessment says of everybody: as the run kept it, else from the judged month.
async fn rows(desk: &Desk, shape: &Shape, month: Month) -> Told<Arc<Assessed>> {
    let stamp = crate::indicators::stamp(&desk.office, month).await?;
    let kept = assessed::kept(&desk.office, shape, (month, &stamp)).await?;
    let of = match &kept {
        Some(path) => path.clone(),
        None => format!("{} {stamp} {}", desk.newest_batch().await?, shape.id),
    };
    let mut held = desk.assessed.rows.lock().await;
    if let Some((_, rows)) = held.as_ref().filter(|(held, _)| *held == of) {
        return Ok(Arc::clone(rows));
    }
    let read = match kept {
        Some(path) => assessed::rows(&desk.office, shape, &path)?,
        None => None,
    };
    let rows = match read {
        Some(rows) => rows,
        None => {
            let judgement = desk.judgement(month).await?;
            let data = &judgement.data;
            let missing = || ViewError::Failed(format!("`{}` 在 {month} 没有判断结果", shape.id));
            Assessed::of(shape, &data.judged, data).ok_or_else(missing)?
        }
    };
    let rows = Arc::new(rows);
    *held = Some((of, Arc::clone(&rows)));
    Ok(rows)
}

/// How many have which value where in a month.
async fn counts(desk: &Desk, month: Month) -> Told<Arc<Counts>> {
    let stamp = crate::indicators::stamp(&desk.office, month).await?;
    let kept = assessed::kept_counts(&desk.office, month, &stamp).await?;
    let of = match &kept {
        Some(path) => path.clone(),
        None => format!("{} {stamp}", desk.newest_batch().await?),
    };
    let mut held = desk.assessed.counts.lock().await;
    if let Some((_, counts)) = held.get(&month).filter(|(held, _)| *held == of) {
        return Ok(Arc::clone(counts));
    }
    let counts = match kept {
        Some(path) => assessed::counts(&desk.office, &path)?,
        None => {
            let judgement = desk.judgement(month).await?;
            let data = &judgement.data;
            let mut counts = Counts::new();
            for shape in assessed::shapes(&data.program) {
                if let Some(rows) = Assessed::of(&shape, &data.judged, data) {
                    rows.count_into(&mut counts);
                }
            }
            counts
        }
    };
    let counts = Arc::new(counts);
    held.insert(month, (of, Arc::clone(&counts)));
    Ok(counts)
}

/// For the overview: every 归类 of the assessments the place itself names, with how many have which value
/// within a scope.
pub(super) async fn at_a_glance(
    desk: &Desk,
    scope: &Scope,
    month: Month,
) -> Told<Vec<AssessmentRow>> {
    let own = own(desk);
    let shapes = own_first(desk, month).into_iter();
    let shapes: Vec<Shape> = shapes.filter(|shape| own.contains(&shape.id)).collect();
    if shapes.is_empty() {
        return Ok(Vec::new());
    }
    let counts = counts(desk, month).await?;
    let holds = |place: &AreaCode| scope.holds(Some(*place));
    let mut out = Vec::new();
    for shape in &shapes {
        for quantity in shape.quantities.iter().filter(|q| q.classes) {
            let filter = AssessmentFilter {
                assessment: shape.id.clone(),
                quantity: quantity.name.clone(),
                month: Some(month.to_string()),
                ..AssessmentFilter::default()
            };
            let value = |word: &str| {
                let of = (shape.id.clone(), quantity.name.clone(), word.to_owned());
                let here = counts.get(&of)?.iter().filter(|(place, _)| holds(place));
                let sum = here.map(|(_, sum)| *sum).fold(0, u64::saturating_add);
                (sum > 0).then(|| AssessedValue {
                    word: word.to_owned(),
                    chosen: false,
                    count: Count {
                        value: sum,
                        behind: Behind::Assessment(AssessmentFilter {
                            value: word.to_owned(),
                            ..filter.clone()
                        }),
                    },
                })
            };
            let words = quantity.words.iter().map(String::as_str);
            let quantity = AssessmentQuantity {
                name: quantity.name.clone(),
                values: words.chain([UNSETTLED]).filter_map(value).collect(),
            };
            out.push(AssessmentRow {
                title: shape.title.clone(),
                behind: Behind::Assessment(filter.clone()),
                unit: unit(shape.about).to_owned(),
                quantity,
            });
        }
    }
    Ok(out)
}

//! 指标: the figures of a month as somebody may see them, and whom they count.

use super::ledger::Record;
use super::month::Judgement;
use super::names::{Names, about};
use super::paging::page;
use super::{Desk, Told};
use crate::access::{Acting, Right, Scope};
use crate::indicators::{
    Counted, Figures, OwnDesk, PlaceNames, Seen, Sheet, counted, desks, part_of, stamp, with_places,
};
use crate::views::{
    DeskFigure, FigurePart, FigureRow, FigureRows, FigureRowsAsk, IndicatorList, IndicatorView,
    ViewError,
};
use domain::{AreaCode, Month};
use engine::indicators::Behind;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Mutex;

const ROWS_ON_PAGE: usize = 50;
/// How many months' figures are held.
const HELD_MAX: usize = 24;

/// The figures of months at hand, each with what they rest on.
#[derive(Default)]
pub(super) struct Shelf(Mutex<BTreeMap<Month, (String, Arc<Counted>)>>);

/// The months a page compares.
struct Compared {
    month: Month,
    counted: Arc<Counted>,
    /// The month's figures with those of places as they stand now.
    now: Figures,
    last_month: Option<Arc<Counted>>,
    last_year: Option<Arc<Counted>>,
    months: Vec<Month>,
    names: BTreeMap<String, String>,
    home: AreaCode,
}

pub(super) async fn list(desk: &Desk, scope: &Scope, month: Option<String>) -> Told<IndicatorList> {
    let compared = compared(desk, month.as_deref()).await?;
    let seen = seen(scope);
    let sheet = compared.sheet(&seen);
    Ok(sheet.list(&compared.months))
}

pub(super) async fn one(
    desk: &Desk,
    who: &Acting,
    scope: &Scope,
    (id, month): (&str, Option<String>),
) -> Told<IndicatorView> {
    let compared = compared(desk, month.as_deref()).await?;
    let seen = seen(scope);
    let sheet = compared.sheet(&seen);
    let mut view = sheet.view(id, &compared.months).ok_or_else(|| none(id))?;
    // Who may not open the roll is shown the figures without their lists.
    if !who.may(Right::ROLL) {
        view.areas.iter_mut().for_each(|area| area.links.clear());
        let groups = view.groups.iter_mut().flat_map(|table| &mut table.rows);
        groups.for_each(|group| group.links.clear());
    }
    if compared.months.last() == Some(&compared.month)
        && let Ok(overseen) = who.scope(Right::CASE_OVERSEE)
    {
        view.desks = own_desks(desk, &overseen, &compared, id).await?;
    }
    Ok(view)
}

/// What each official under somebody's eyes has on the desk, by the same rule as the place.
async fn own_desks(
    desk: &Desk,
    scope: &Scope,
    compared: &Compared,
    id: &str,
) -> Told<Vec<DeskFigure>> {
    let seen = Seen::Everything;
    let sheet = compared.sheet(&seen);
    let program = &compared.counted.program;
    let area = program.dict.entity("地区");
    let Some((plan, figure)) = sheet.find(id).filter(|(_, f)| Some(f.entity) == area) else {
        return Ok(Vec::new());
    };
    let covers = |place: &AreaCode| scope.holds(Some(*place));
    let (desks, judged) = desks(&desk.office, program, compared.month, covers).await?;
    let row = |(row, own): (usize, OwnDesk)| {
        Some(DeskFigure {
            place: compared.places().of(&own.place),
            who: own.name,
            login: own.login,
            visits: own.visits,
            cases: own.cases,
            value: sheet.of_row(plan, figure, &judged, row)?,
        })
    };
    Ok(desks.into_iter().enumerate().filter_map(row).collect())
}

pub(super) async fn rows(desk: &Desk, scope: &Scope, mut ask: FigureRowsAsk) -> Told<FigureRows> {
    let compared = compared(desk, ask.month.as_deref()).await?;
    let seen = Seen::Everything;
    let sheet = compared.sheet(&seen);
    let (plan, figure) = sheet.find(&ask.id).ok_or_else(|| none(&ask.id))?;
    let measure = plan
        .measures
        .get(figure.measure)
        .ok_or_else(|| none(&ask.id))?;
    let judgement = desk.judgement(compared.month).await?;
    let data = &judgement.data;
    let entity = data.program.dict.entity_name(figure.entity);
    let of_households = entity == "家庭";
    if !of_households && entity != "个人" {
        let said = format!("`{}` 数的是地区,没有名单;请看各地的数", measure.name);
        return Err(ViewError::NotAnswerable(said));
    }
    let wrong = |what: &str, text: &str| {
        ViewError::NotAnswerable(format!("{what} `{text}` 看不懂;请从指标页面打开名单"))
    };
    let area = match ask.area.as_deref() {
        None => None,
        Some(text) => Some(AreaCode::parse(text).map_err(|_| wrong("地区代码", text))?),
    };
    let group = match ask.group.as_deref() {
        None => None,
        Some(text) => {
            let (title, label) = text.split_once(':').ok_or_else(|| wrong("分组", text))?;
            let at = figure.groups.iter().position(|g| g.title == title);
            Some((at.ok_or_else(|| wrong("分组", text))?, label.to_owned()))
        }
    };
    let part = ask.part.unwrap_or(FigurePart::Counted);
    ask.part = Some(part);
    ask.month = Some(data.month.to_string());
    let behind = Behind {
        part: part_of(part),
        area,
        group: group.clone(),
    };
    let key = (figure.file.as_str(), figure.measure);
    let mut ids = engine::indicators::rows(&data.program, &data.judged, &data.frames, key, &behind);
    let everywhere = scope.places().is_none();
    ids.retain(|id| everywhere || scope.holds(judgement.area_of(entity, *id)));
    let start = match ask.cursor.as_deref().map(str::parse::<i64>) {
        None => 0,
        Some(Ok(last)) => ids.partition_point(|id| *id <= last),
        Some(Err(_)) => {
            let said = "页码不对,请从第一页看起".to_owned();
            return Err(ViewError::NotAnswerable(said));
        }
    };
    let shown: Vec<i64> = ids.iter().skip(start).take(ROWS_ON_PAGE).copied().collect();
    let people = Subjects::of(desk, of_households, &shown).await?;
    let record = desk.record().await?;
    let page = page(&ids, start, ROWS_ON_PAGE, i64::to_string, |id| {
        row(&record, &judgement, (of_households, *id), &people)
    });
    let words = match part {
        FigurePart::Counted => measure.part.as_str(),
        FigurePart::Among => measure.whole.as_str(),
        FigurePart::Rest => "在分母里、不在分子里的",
        FigurePart::Unknown => "事实不清楚、没有进分子分母的",
    };
    let about = if words.is_empty() {
        part.word().to_owned()
    } else {
        format!("{}:{words}", part.word())
    };
    let place = area.map_or_else(
        || record.area_name(&compared.home),
        |a| record.area_name(&a),
    );
    Ok(FigureRows {
        name: measure.name.clone(),
        about,
        place: match group {
            Some((_, label)) => format!("{place} · {label}"),
            None => place,
        },
        unit: if of_households { "户" } else { "人" }.to_owned(),
        page,
        ask,
    })
}

fn none(id: &str) -> ViewError {
    ViewError::NotFound(format!("没有指标 `{id}`;请从指标页面打开"))
}

fn seen(scope: &Scope) -> Seen {
    match scope.places() {
        None => Seen::Everything,
        Some(places) => Seen::Places(places.to_vec()),
    }
}

/// The people of a page, masked.
struct Subjects {
    heads: HashMap<i64, String>,
    names: Names,
}

impl Subjects {
    async fn of(desk: &Desk, of_households: bool, ids: &[i64]) -> Told<Self> {
        let (households, persons): (&[i64], &[i64]) = if of_households {
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
    (of_households, id): (bool, i64),
    people: &Subjects,
) -> FigureRow {
    let head = people.heads.get(&id);
    let area = judgement.area_of(if of_households { "家庭" } else { "个人" }, id);
    FigureRow {
        subject: match (of_households, head) {
            (true, Some(head)) => format!("{head}户"),
            (true, None) => "没有成员".to_owned(),
            (false, _) => people.names.name(id),
        },
        about: about(of_households, id),
        place: area.map_or_else(|| "地区未知".to_owned(), |a| record.place(&a)),
    }
}

async fn compared(desk: &Desk, month: Option<&str>) -> Told<Compared> {
    let month = desk.chosen(month).await?;
    let mut months = desk.month_list().await?;
    months.reverse();
    let record = desk.record().await?;
    let home = record.home.as_ref().map(|home| home.code).ok_or_else(|| {
        ViewError::NotAnswerable("还没有导入区划,不知道数的是哪个地方;先导入区划名单".to_owned())
    })?;
    let names = record.areas.iter();
    let names = names
        .map(|(code, area)| (code.clone(), area.name.clone()))
        .collect();
    let mut others = Vec::new();
    for back in [12, 1] {
        let then = month.add(-back);
        others.push(match months.contains(&then) {
            true => Some(at_hand(desk, then).await?),
            false => None,
        });
    }
    let counted = at_hand(desk, month).await?;
    let newest = months.last() == Some(&month);
    let now = match newest {
        true => with_places(&desk.office, &counted).await?,
        false => counted.figures.clone(),
    };
    let last_month = others.pop().flatten();
    Ok(Compared {
        month,
        counted,
        now,
        last_month,
        last_year: others.pop().flatten(),
        months,
        names,
        home,
    })
}

/// The figures of a month, counted anew only when something they rest on has changed.
async fn at_hand(desk: &Desk, month: Month) -> Told<Arc<Counted>> {
    let stamp = stamp(&desk.office, month).await?;
    let mut held = desk.figures.0.lock().await;
    if let Some((_, found)) = held.get(&month).filter(|(of, _)| *of == stamp) {
        return Ok(Arc::clone(found));
    }
    let counted = Arc::new(counted(&desk.office, month, &stamp).await?);
    held.insert(month, (stamp, Arc::clone(&counted)));
    while held.len() > HELD_MAX {
        held.pop_first();
    }
    Ok(counted)
}

impl Compared {
    fn places(&self) -> PlaceNames<'_> {
        PlaceNames {
            home: self.home,
            names: &self.names,
        }
    }

    fn sheet<'a>(&'a self, seen: &'a Seen) -> Sheet<'a> {
        Sheet {
            program: &self.counted.program,
            now: &self.now,
            last_month: self.last_month.as_ref().map(|counted| &counted.figures),
            last_year: self.last_year.as_ref().map(|counted| &counted.figures),
            seen,
            places: self.places(),
        }
    }
}

//! 预警处置率: counted by the record place by place within somebody's scope, and the list behind each number.

use super::ledger::{Entry, Record};
use super::paging::choice;
use super::warnings::{Subjects, row};
use super::{Desk, Told};
use crate::access::Scope;
use crate::handling::{FILE, Measures, rate};
use crate::views::{
    Behind, Choice, HandlingAsk, HandlingCount, HandlingList, HandlingPart, HandlingRow,
    HandlingView, Page, ViewError,
};
use domain::{AreaCode, AreaLevel, Month};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::handling::{Counted, Outcome, Within, count_by, list as list_of};

const ROWS_ON_PAGE: u32 = 50;
/// How many months there are to choose from.
const MONTHS: i32 = 24;

/// What is asked, and what of it lies within a scope.
struct Understood {
    month: Month,
    place: Option<AreaCode>,
    within: Vec<Within>,
    measures: Measures,
    record: Arc<Record>,
    ask: HandlingAsk,
}

pub(super) async fn show(desk: &Desk, scope: &Scope, ask: HandlingAsk) -> Told<HandlingView> {
    let on = understand(desk, scope, ask).await?;
    let counted = on.count(desk).await?;
    let plain = HandlingAsk {
        part: None,
        cursor: None,
        ..on.ask.clone()
    };
    let whole = on.row(on.place_name(), None, &plain, counted.iter());
    let mut below: BTreeMap<(AreaCode, bool), Vec<&Counted>> = BTreeMap::new();
    let villages = on.place.is_some_and(|p| p.level() == AreaLevel::Village) || on.ask.only;
    for one in counted.iter().filter(|_| !villages) {
        below.entry(on.below(one.area)).or_default().push(one);
    }
    let places = below.into_iter().map(|((code, only), rows)| {
        let ask = HandlingAsk {
            area: Some(code.full().to_owned()),
            only,
            ..plain.clone()
        };
        let name = on.record.area_name(&code);
        match only {
            true => on.row(format!("{name}里没有写明下级的"), None, &ask, rows),
            false => on.row(name, Some(ask.clone()), &ask, rows),
        }
    });
    let mut kinds: BTreeMap<&str, Vec<&Counted>> = BTreeMap::new();
    for one in &counted {
        kinds.entry(one.rule.as_str()).or_default().push(one);
    }
    let by_kind = kinds.into_iter().map(|(rule, rows)| {
        let ask = HandlingAsk {
            kind: Some(rule.to_owned()),
            ..plain.clone()
        };
        on.row(
            on.record.kind(rule).view.title,
            Some(ask.clone()),
            &ask,
            rows,
        )
    });
    Ok(HandlingView {
        months: months(desk, on.month),
        kinds: kinds_of(&on.record),
        period: on.period(),
        as_of: desk.office.clock.today().to_string(),
        counts: words(&on.measures.counts),
        days: on.measures.days,
        rule: Behind::Rule(format!("indicators/{FILE}.md")),
        around: on.around(scope),
        places: places.collect(),
        by_kind: by_kind.collect(),
        whole,
        ask: plain,
    })
}

pub(super) async fn rows(desk: &Desk, scope: &Scope, ask: HandlingAsk) -> Told<HandlingList> {
    let on = understand(desk, scope, ask).await?;
    let part = on.ask.part.unwrap_or(HandlingPart::Raised);
    let start = match on.ask.cursor.as_deref().filter(|c| !c.is_empty()) {
        None => 0,
        Some(text) => text
            .parse::<u32>()
            .map_err(|_| ViewError::NotAnswerable("页码不对,请从第一页看起".to_owned()))?,
    };
    let all = on.row(String::new(), None, &on.ask, &on.count(desk).await?);
    let total = match part {
        HandlingPart::Raised => all.raised,
        HandlingPart::Handled => all.handled,
        HandlingPart::Waiting => all.waiting,
        HandlingPart::Late => all.late,
    };
    let found = on.list(desk, part, start).await?;
    let ids: BTreeSet<i64> = found.iter().map(|warning| warning.id.get()).collect();
    let known = on.record.warnings.iter();
    let mut entries: Vec<&Entry> = known
        .filter(|e| ids.contains(&e.warning.id.get()))
        .collect();
    entries.sort_by_key(|entry| entry.warning.id);
    let told = Subjects::of(desk, scope, &entries).await?;
    let end = start.saturating_add(u32::try_from(found.len()).unwrap_or(0));
    let page = Page {
        rows: entries.iter().map(|e| row(&on.record, e, &told)).collect(),
        total: total.value,
        before: u64::from(start),
        next: (u64::from(end) < total.value && !found.is_empty()).then(|| end.to_string()),
        previous: (start > 0).then(|| match start.saturating_sub(ROWS_ON_PAGE) {
            0 => String::new(),
            before => before.to_string(),
        }),
    };
    Ok(HandlingList {
        about: format!("{} · {} · {}", on.place_name(), on.period(), part.word()),
        page,
        ask: HandlingAsk {
            part: Some(part),
            ..on.ask
        },
    })
}

async fn understand(desk: &Desk, scope: &Scope, mut ask: HandlingAsk) -> Told<Understood> {
    let today = desk.office.clock.today();
    let wrong = |what: &str, text: &str| {
        ViewError::NotAnswerable(format!("{what} `{text}` 看不懂;请从预警处置率页面打开"))
    };
    let this_month = Month::containing(today);
    let month = match ask.month.as_deref().filter(|m| !m.is_empty()) {
        None => this_month,
        Some(text) => Month::parse(text).map_err(|_| wrong("月份", text))?,
    };
    ask.month = Some(month.to_string());
    ask.kind = ask.kind.filter(|kind| !kind.is_empty());
    let record = desk.record().await?;
    let home = record.home.as_ref().map(|home| home.code);
    let place = match ask.area.as_deref().filter(|a| !a.is_empty()) {
        None => scope.start().or(home),
        Some(text) => Some(AreaCode::parse(text).map_err(|_| wrong("地区代码", text))?),
    };
    let measures = Measures::of(&desk.office.rules_on(month.last()), month.last())?;
    let within = match (place, scope.places()) {
        (Some(place), None) if ask.only => vec![Within::Only(place)],
        // Who sees everything sees what lies elsewhere too: it stands beside the townships.
        (Some(place), None) if Some(place) != home => vec![Within::Place(place)],
        (_, None) => vec![Within::Anywhere],
        (Some(place), Some(_)) if ask.only && scope.contains(&place) => vec![Within::Only(place)],
        (Some(place), Some(_)) if scope.contains(&place) => vec![Within::Place(place)],
        (around, Some(own)) => {
            let inside = own
                .iter()
                .filter(|own| around.is_none_or(|a| a.contains(own)));
            inside.map(|own| Within::Place(*own)).collect()
        }
    };
    if within.is_empty() {
        let said = "您的辖区里没有这个地方;请从预警处置率页面打开".to_owned();
        return Err(ViewError::NotFound(said));
    }
    Ok(Understood {
        month,
        place,
        within,
        measures,
        record,
        ask,
    })
}

impl Understood {
    async fn count(&self, desk: &Desk) -> Told<Vec<Counted>> {
        let township = self.place.is_some_and(|p| p.level() >= AreaLevel::Township);
        let level = match township {
            true => AreaLevel::Village,
            false => AreaLevel::Township,
        };
        let mut all = Vec::new();
        for within in &self.within {
            let about = (*within, self.ask.kind.clone());
            let asked = self
                .measures
                .asked(self.month, desk.office.clock.today(), about)?;
            all.extend(count_by(&desk.office.store, &asked, level).await?);
        }
        Ok(all)
    }

    /// One page of a list, over the places one after the other.
    async fn list(
        &self,
        desk: &Desk,
        part: HandlingPart,
        start: u32,
    ) -> Told<Vec<store::warnings::Warning>> {
        let ends: &[Outcome] = match part {
            HandlingPart::Raised => &Outcome::ALL,
            HandlingPart::Handled => &self.measures.counts,
            HandlingPart::Waiting | HandlingPart::Late => &[Outcome::Open],
        };
        let (mut skipped, mut out) = (i64::from(start), Vec::new());
        for within in &self.within {
            let about = (*within, self.ask.kind.clone());
            let mut asked = self
                .measures
                .asked(self.month, desk.office.clock.today(), about)?;
            if part != HandlingPart::Late {
                asked.late_before = asked.before.clone();
            }
            let room = ROWS_ON_PAGE.saturating_sub(u32::try_from(out.len()).unwrap_or(0));
            if room == 0 {
                break;
            }
            let found = list_of(&desk.office.store, &asked, ends, (room, skipped)).await?;
            if found.is_empty() && self.within.len() > 1 {
                // All of this place stand before the page.
                let counted = count_by(&desk.office.store, &asked, AreaLevel::Township).await?;
                let of_part = counted.iter().filter(|one| ends.contains(&one.outcome));
                let held: u64 = match part {
                    HandlingPart::Late => of_part.map(|one| one.late).sum(),
                    _ => of_part.map(|one| one.count).sum(),
                };
                skipped = skipped
                    .saturating_sub(i64::try_from(held).unwrap_or(i64::MAX))
                    .max(0);
                continue;
            }
            skipped = 0;
            out.extend(found);
        }
        Ok(out)
    }

    /// The place directly below the asked one that a warning is counted in, and whether it is of those in none.
    fn below(&self, code: AreaCode) -> (AreaCode, bool) {
        let home = self.record.home.as_ref().map(|home| home.code);
        let Some(around) = self.place.or(home) else {
            return (code, false);
        };
        if code == around {
            return (code, true);
        }
        let mut at = code;
        while let Some(up) = at
            .parent()
            .filter(|up| *up != around && around.contains(up))
        {
            at = up;
        }
        // A place elsewhere that is wider than a township is nobody's below: it stands for itself alone.
        (
            at,
            !around.contains(&at) && at.level() < AreaLevel::Township,
        )
    }

    fn row<'a>(
        &self,
        name: String,
        down: Option<HandlingAsk>,
        ask: &HandlingAsk,
        rows: impl IntoIterator<Item = &'a Counted>,
    ) -> HandlingRow {
        let sum = self.measures.tally(rows);
        let of = |value: u64, part: HandlingPart| HandlingCount {
            value,
            list: HandlingAsk {
                part: Some(part),
                cursor: None,
                ..ask.clone()
            },
        };
        HandlingRow {
            name,
            down,
            rate: rate(sum.handled, sum.raised),
            raised: of(sum.raised, HandlingPart::Raised),
            handled: of(sum.handled, HandlingPart::Handled),
            waiting: of(sum.waiting, HandlingPart::Waiting),
            late: of(sum.late, HandlingPart::Late),
        }
    }

    fn place_name(&self) -> String {
        let name = self.place.map(|place| self.record.area_name(&place));
        let name = name.unwrap_or_else(|| "全部".to_owned());
        match &self.ask.kind {
            Some(kind) => format!("{name} · {}", self.record.kind(kind).view.title),
            None => name,
        }
    }

    fn period(&self) -> String {
        let from = self.month.add(1_i32.saturating_sub(self.measures.months));
        format!("{} 至 {}", from.first(), self.month.last())
    }

    fn around(&self, scope: &Scope) -> Vec<(String, HandlingAsk)> {
        let home = self.record.home.as_ref().map(|home| home.code);
        let mut out = Vec::new();
        let mut at = self.place.filter(|place| Some(*place) != home);
        while let Some(up) = at.and_then(|place| place.parent()) {
            let inside = home.is_none_or(|home| home.contains(&up));
            if !inside || !scope.touches(&up) {
                break;
            }
            let ask = HandlingAsk {
                area: Some(up.full().to_owned()),
                only: false,
                part: None,
                cursor: None,
                ..self.ask.clone()
            };
            out.push((self.record.area_name(&up), ask));
            at = Some(up);
        }
        out.reverse();
        out
    }
}

fn months(desk: &Desk, chosen: Month) -> Vec<Choice> {
    let newest = Month::containing(desk.office.clock.today());
    let mut months: Vec<Month> = (0..MONTHS)
        .map(|back| newest.add(0_i32.saturating_sub(back)))
        .collect();
    if !months.contains(&chosen) {
        months.push(chosen);
        months.sort_unstable();
        months.reverse();
    }
    months
        .iter()
        .map(|m| choice(m.to_string(), m.to_string()))
        .collect()
}

fn kinds_of(record: &Record) -> Vec<Choice> {
    let kinds = record.kinds.values();
    kinds
        .map(|kind| choice(&kind.view.id, &kind.view.title))
        .collect()
}

/// What counts as dealt with, in words.
fn words(ends: &[Outcome]) -> String {
    let word = |end: &Outcome| match end {
        Outcome::Confirmed => "核实属实",
        Outcome::Refuted => "核实不属实",
        Outcome::Lapsed => "条件消失",
        Outcome::Open => "待处置",
    };
    ends.iter().map(word).collect::<Vec<_>>().join("、")
}

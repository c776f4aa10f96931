//! 给谁看什么: figures in words, area by area and group by group, with the small ones hidden from
//! those whose places they are not.

use super::table::{Spot, Table, at_home, count_of, is_small, veil_of};
use super::{Figures, PlaceNames, Seen};
use crate::views::{
    AreaFigure, Behind, Choice, FigureLink, FigurePart, FigureRowsAsk, FigureState, FigureValue,
    GroupFigure, GroupTable, IndicatorFile, IndicatorList, IndicatorRow, IndicatorView,
    IndicatorWords, SpreadText,
};
use domain::{AreaCode, Month};
use engine::Judged;
use engine::indicators::{Figure, Part, Spread, Tally, Veil, counts};
use rules::plan::{Body, FilePlan, Measure, MeasureKind, Period, Type};
use rules::unit::Unit;
use rules::value::{Ratio, Value};
use rules::{Program, show};

/// What the page is made from.
pub(crate) struct Sheet<'a> {
    /// The rules of the month.
    pub program: &'a Program,
    /// The month's figures.
    pub now: &'a Figures,
    /// Those of the month before.
    pub last_month: Option<&'a Figures>,
    /// Those of the same month a year ago.
    pub last_year: Option<&'a Figures>,
    /// Whose eyes they are for.
    pub seen: &'a Seen,
    /// Names of places.
    pub places: PlaceNames<'a>,
}

impl Sheet<'_> {
    /// Every figure, file by file.
    pub(crate) fn list(&self, months: &[Month]) -> IndicatorList {
        let mut files: Vec<IndicatorFile> = Vec::new();
        for plan in &self.program.files {
            let figures = of_file(self.now, &plan.id);
            if figures.is_empty() {
                continue;
            }
            let table = self.table(plan, &figures);
            let rows = figures
                .iter()
                .filter_map(|f| self.row(plan, f, &table))
                .collect();
            files.push(IndicatorFile {
                title: plan.title.clone(),
                rule: Behind::Rule(plan.path.clone()),
                rows,
            });
        }
        IndicatorList {
            month: self.now.month.to_string(),
            months: choices(months),
            place: self.places.of(&self.places.home),
            least: self.now.least,
            files,
        }
    }

    /// One figure with its areas and groups; none where there is no such figure.
    pub(crate) fn view(&self, id: &str, months: &[Month]) -> Option<IndicatorView> {
        let (plan, figure) = self.find(id)?;
        let figures = of_file(self.now, &plan.id);
        let table = self.table(plan, &figures);
        let row = self.row(plan, figure, &table)?;
        let unit = match self.program.dict.entity_name(figure.entity) {
            "家庭" => "户",
            "个人" => "人",
            _ => "处",
        };
        let measure = plan.measures.get(figure.measure)?;
        Some(IndicatorView {
            month: self.now.month.to_string(),
            months: choices(months),
            rule: Behind::Rule(plan.path.clone()),
            file: plan.title.clone(),
            unit: unit.to_owned(),
            least: self.now.least,
            areas: self.areas((measure, figure), &row.id, &table, unit),
            groups: self.groups((measure, figure), &row.id, &table, unit),
            desks: Vec::new(),
            row,
        })
    }

    /// A figure of one row of another judgement by the same rules; none where the rules have it not.
    pub(crate) fn of_row(
        &self,
        plan: &FilePlan,
        figure: &Figure,
        judged: &Judged,
        row: usize,
    ) -> Option<FigureValue> {
        let measure = plan.measures.get(figure.measure)?;
        let table = judged.table(&plan.id)?;
        let number = |part: &str| match table.named(&format!("{}.{part}", measure.name), row)? {
            Value::Num(number) => Some(number),
            _ => None,
        };
        let mut tally = Tally::default();
        match number("分子").zip(number("分母")) {
            Some((part, whole)) => {
                (tally.part, tally.whole) = (part, whole);
                (tally.part_rows, tally.whole_rows) = (1, 1);
            }
            None => tally.unknown = 1,
        }
        Some(self.value_of(measure, &tally, None, Veil::Shown))
    }

    /// A figure by its id.
    pub(crate) fn find(&self, id: &str) -> Option<(&FilePlan, &Figure)> {
        let (file, name) = id.split_once('.')?;
        let (_, plan) = self.program.file(file)?;
        let at = plan.measures.iter().position(|m| m.name == name)?;
        let figure = self
            .now
            .all
            .iter()
            .find(|f| f.file == file && f.measure == at)?;
        Some((plan, figure))
    }

    fn row(&self, plan: &FilePlan, figure: &Figure, table: &Table) -> Option<IndicatorRow> {
        let measure = plan.measures.get(figure.measure)?;
        let home = self.places.home;
        let veil = veil_of(table, Spot::Place(home), figure.measure);
        let now = self.value(measure, figure, &at_home(&figure.tally, home), veil);
        let then = |figures: Option<&Figures>| {
            let other = figures?;
            let then = other
                .all
                .iter()
                .find(|f| f.file == figure.file && f.measure == figure.measure)?;
            // A total that may be told now may be told for an earlier month by the same rule.
            let count = [count_of(&at_home(&then.tally, home))];
            let small = veil != Veil::Shown || is_small(&count, other.least, self.seen, home);
            let veil = if small { Veil::Hidden } else { Veil::Shown };
            let tally = at_home(&then.tally, home);
            Some(self.value(measure, then, &tally, veil))
        };
        let own = match self.seen {
            Seen::Everything => None,
            Seen::Places(places) => {
                let mut sum = Tally::default();
                for tally in places.iter().filter_map(|p| figure.tally.areas.get(p)) {
                    sum.merge(tally);
                }
                Some(self.value_of(measure, &sum, own_spread(figure, places), Veil::Shown))
            }
        };
        Some(IndicatorRow {
            id: format!("{}.{}", plan.id, measure.name),
            name: measure.name.clone(),
            words: self.words(plan, measure),
            now,
            own,
            last_month: then(self.last_month),
            last_year: then(self.last_year),
        })
    }

    fn words(&self, plan: &FilePlan, measure: &Measure) -> IndicatorWords {
        let levels: Vec<&str> = measure.levels.iter().map(|l| l.name()).collect();
        let origin = Some(&measure.origin).filter(|o| !o.is_empty());
        let basis: Vec<&str> = measure
            .cites
            .iter()
            .chain(origin)
            .map(String::as_str)
            .collect();
        let named = |item| self.program.item(item).map_or("", |i| i.name.as_str());
        let (part, whole, unit) = match measure.kind {
            MeasureKind::Rate(item) => {
                let unit = match self.program.item(item).map(|i| i.ty) {
                    Some(Type::Num(unit)) if unit == Unit::RATIO => "%".to_owned(),
                    Some(Type::Num(unit)) => unit.to_string(),
                    _ => String::new(),
                };
                (measure.part.clone(), measure.whole.clone(), unit)
            }
            MeasureKind::Spread {
                value,
                weight,
                line,
                ..
            } => (
                format!("{}低于{}的人", named(value), named(line)),
                format!("{}清楚的人,按{}加权", named(value), named(weight)),
                "各项不同".to_owned(),
            ),
        };
        IndicatorWords {
            part,
            whole,
            unit,
            source: measure.source.clone(),
            period: match plan.period {
                Period::Month => "每月",
                Period::Quarter => "每季",
                Period::Year => "每年",
                Period::Occasion => "每次",
            }
            .to_owned(),
            levels: levels.join("、"),
            basis: basis.join(";"),
        }
    }

    fn value(&self, measure: &Measure, figure: &Figure, tally: &Tally, veil: Veil) -> FigureValue {
        let spread = figure
            .spread
            .as_ref()
            .and_then(|told| told.areas.get(&self.places.home));
        self.value_of(measure, tally, spread, veil)
    }

    fn value_of(
        &self,
        measure: &Measure,
        tally: &Tally,
        spread: Option<&Spread>,
        veil: Veil,
    ) -> FigureValue {
        let mut out = FigureValue {
            text: format!("少于 {} 或为保护它们,不公布", self.now.least),
            state: FigureState::Hidden,
            part: None,
            whole: None,
            unknown: None,
        };
        let (part, whole) = self.parts(measure, tally);
        match veil {
            Veil::Hidden => return out,
            Veil::NoMore => {
                out.part = Some(part);
                return out;
            }
            Veil::Shown => {}
        }
        out.unknown = Some(tally.unknown);
        if tally.whole_rows == 0 && tally.part_rows == 0 && tally.unknown > 0 {
            out.text = "没有数据来源".to_owned();
            out.state = FigureState::NoSource;
            return out;
        }
        let rate = match measure.kind {
            MeasureKind::Rate(_) => tally
                .rate()
                .map(|_| counts::words(self.program, measure, tally)),
            MeasureKind::Spread { .. } => spread.and_then(|s| s.headcount).map(percent),
        };
        (out.part, out.whole) = (Some(part), Some(whole));
        match rate {
            Some(text) => {
                out.text = text;
                out.state = FigureState::Told;
            }
            None => {
                out.text = "不适用".to_owned();
                out.state = FigureState::NotApplicable;
            }
        }
        out
    }

    /// Numerator and denominator with their units.
    fn parts(&self, measure: &Measure, tally: &Tally) -> (String, String) {
        let told =
            |number: Ratio, ty: Type| show::value(Value::Num(number), ty, &self.program.dict);
        match measure.kind {
            MeasureKind::Rate(item) => match self.program.item(item).map(|i| &i.body) {
                Some(Body::Rate { num, den }) => {
                    (told(tally.part, num.ty), told(tally.whole, den.ty))
                }
                _ => (String::new(), String::new()),
            },
            MeasureKind::Spread { weight, .. } => {
                let ty = self.program.item(weight).map(|i| i.ty);
                ty.map_or_else(Default::default, |ty| {
                    (told(tally.part, ty), told(tally.whole, ty))
                })
            }
        }
    }

    fn areas(
        &self,
        (measure, figure): (&Measure, &Figure),
        id: &str,
        table: &Table,
        unit: &str,
    ) -> Vec<AreaFigure> {
        let levels = &measure.levels;
        let home = self.places.home;
        let shown = |spot: &Spot| match spot {
            Spot::Place(code) => *code == home || levels.contains(&code.level()),
            Spot::Rest(code) => levels.iter().any(|l| *l > code.level()),
        };
        let rows = table.spots.iter().filter(|(spot, _)| shown(spot));
        rows.map(|(spot, depth)| {
            let (code, rest) = match spot {
                Spot::Place(code) => (*code, false),
                Spot::Rest(code) => (*code, true),
            };
            let own = self.seen.covers(&code);
            let tally = if rest {
                self.left(figure, code, table)
            } else {
                at_home(&figure.tally, code)
            };
            let veil = veil_of(table, *spot, figure.measure);
            let spread = figure.spread.as_ref().filter(|_| !rest);
            let spread = spread.and_then(|told| told.areas.get(&code));
            let ask = FigureRowsAsk {
                id: id.to_owned(),
                month: Some(self.now.month.to_string()),
                area: Some(code.full().to_owned()),
                ..FigureRowsAsk::default()
            };
            AreaFigure {
                code: if rest {
                    String::new()
                } else {
                    code.full().to_owned()
                },
                name: if rest {
                    format!("{}里没有写明下级的", self.places.of(&code))
                } else {
                    self.places.of(&code)
                },
                level: if rest {
                    String::new()
                } else {
                    code.level().name().to_owned()
                },
                depth: *depth,
                own,
                value: self.outside(
                    own || code == home,
                    self.value_of(measure, &tally, spread, veil),
                ),
                spread: if veil == Veil::Shown {
                    texts(spread)
                } else {
                    Vec::new()
                },
                links: if own && !rest {
                    links(&tally, unit, &ask)
                } else {
                    Vec::new()
                },
            }
        })
        .collect()
    }

    /// Of how many nobody knows is told for the whole place and one's own only.
    fn outside(&self, told: bool, value: FigureValue) -> FigureValue {
        FigureValue {
            unknown: value.unknown.filter(|_| told),
            ..value
        }
    }

    fn left(&self, figure: &Figure, code: AreaCode, table: &Table) -> Tally {
        let below = table.spots.iter().filter_map(|(spot, _)| match spot {
            Spot::Place(c) if *c != code && code.contains(c) => Some(*c),
            _ => None,
        });
        let places: Vec<AreaCode> = below.collect();
        let mut sum = Tally::default();
        // Only those directly below: what stands deeper is in them already.
        for place in places
            .iter()
            .filter(|p| !places.iter().any(|q| q != *p && q.contains(p)))
        {
            sum.merge(&at_home(&figure.tally, *place));
        }
        at_home(&figure.tally, code).without(&sum)
    }

    fn groups(
        &self,
        (measure, figure): (&Measure, &Figure),
        id: &str,
        table: &Table,
        unit: &str,
    ) -> Vec<GroupTable> {
        let home = self.places.home;
        let whole = matches!(self.seen, Seen::Everything);
        let quantities = figure.groups.iter().enumerate();
        quantities
            .map(|(quantity, group)| GroupTable {
                title: group.title.clone(),
                rows: group
                    .rows
                    .iter()
                    .enumerate()
                    .map(|(row, (label, told, spread))| {
                        let veils = table.groups.get(&(quantity, row));
                        let veil = veils.and_then(|v| v.get(figure.measure)).copied();
                        let veil = veil.unwrap_or(Veil::Hidden);
                        let tally = at_home(told, home);
                        let own = match self.seen {
                            Seen::Everything => None,
                            Seen::Places(places) => {
                                let mut sum = Tally::default();
                                places.iter().for_each(|p| sum.merge(&at_home(told, *p)));
                                Some(sum)
                            }
                        };
                        let ask = FigureRowsAsk {
                            id: id.to_owned(),
                            month: Some(self.now.month.to_string()),
                            area: Some(home.full().to_owned()),
                            group: Some(format!("{}:{label}", group.title)),
                            ..FigureRowsAsk::default()
                        };
                        let rows = own.unwrap_or(tally);
                        let value = self.value_of(measure, &tally, spread.as_ref(), veil);
                        GroupFigure {
                            label: label.clone(),
                            value: self.outside(whole, value),
                            own: own.map(|sum| self.value_of(measure, &sum, None, Veil::Shown)),
                            spread: if veil == Veil::Shown {
                                texts(spread.as_ref())
                            } else {
                                Vec::new()
                            },
                            links: links(&rows, unit, &ask),
                        }
                    })
                    .collect(),
            })
            .collect()
    }
}

fn of_file<'a>(figures: &'a Figures, file: &str) -> Vec<&'a Figure> {
    figures.all.iter().filter(|f| f.file == file).collect()
}

fn choices(months: &[Month]) -> Vec<Choice> {
    let newest_first = months.iter().rev().map(Month::to_string);
    newest_first
        .map(|month| Choice {
            value: month.clone(),
            label: month,
        })
        .collect()
}

fn own_spread<'a>(figure: &'a Figure, places: &[AreaCode]) -> Option<&'a Spread> {
    match places {
        [only] => figure.spread.as_ref()?.areas.get(only),
        _ => None,
    }
}

fn links(tally: &Tally, unit: &str, ask: &FigureRowsAsk) -> Vec<FigureLink> {
    // Places are counted, not people: behind them stand lists of their own.
    if unit == "处" {
        return Vec::new();
    }
    let counts = [
        (FigurePart::Counted, tally.part_rows),
        (FigurePart::Among, tally.whole_rows),
        (FigurePart::Unknown, tally.unknown),
    ];
    let some = counts.into_iter().filter(|(_, n)| *n > 0);
    some.map(|(part, n)| FigureLink {
        text: format!("{} {n} {unit}", part.word()),
        ask: FigureRowsAsk {
            part: Some(part),
            ..ask.clone()
        },
    })
    .collect()
}

/// The part of a figure as the engine names it.
pub(crate) fn part_of(part: FigurePart) -> Part {
    match part {
        FigurePart::Counted => Part::Counted,
        FigurePart::Among => Part::Among,
        FigurePart::Rest => Part::Rest,
        FigurePart::Unknown => Part::Unknown,
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// Poverty and inequality in words; what is not defined says so.
fn texts(spread: Option<&Spread>) -> Vec<SpreadText> {
    let Some(s) = spread else { return Vec::new() };
    let yuan = |fen: Option<f64>| fen.map(|fen| format!("{:.2} 元", fen / 100.0));
    let share = |x: Option<f64>| x.map(percent);
    let index = |x: Option<f64>| x.map(|x| format!("{x:.4}"));
    let all = [
        ("人均月收入平均数", yuan(s.mean)),
        ("人均月收入中位数", yuan(s.median)),
        ("贫困发生率 FGT(0)", share(s.headcount)),
        ("贫困距 FGT(1)", share(s.gap)),
        ("平方贫困距 FGT(2)", share(s.severity)),
        ("瓦茨指数", index(s.watts)),
        ("森指数(1976)", index(s.sen_1976)),
        ("森指数(人数很多时)", index(s.sen_limit)),
        ("基尼系数", index(s.gini)),
        ("五等分收入比 S80/S20", index(s.quintile_ratio)),
        ("低于相对线", share(s.at_risk)),
        ("相对中位差距", share(s.median_gap)),
    ];
    let told = |value: Option<String>| value.unwrap_or_else(|| "无意义".to_owned());
    let words = all.into_iter();
    words
        .map(|(name, value)| SpreadText {
            name,
            value: told(value),
        })
        .collect()
}

//! The record as lists and counts need it: every warning and every area, read anew when the record
//! has grown. One list serves all counts, so that a number always equals the list it opens.

use super::month::program_today;
use super::{Desk, Told};
use crate::access::Scope;
use crate::sums::granting;
use crate::views::{Behind, Count, KindView, Tone, WarningFilter, WarningState};
use domain::{Area, AreaCode, AreaLevel, WarningId};
use rules::Program;
use rules::plan::{Body, Expr, ExprKind, FileKind, ItemId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use store::tasks::TaskState;
use store::warnings::{self, Filter, Warning};

const PAGE: u32 = 10_000;

/// What lists and counts are made from.
pub(super) struct Record {
    /// The own place, where one is known.
    pub home: Option<Area>,
    /// Places of the own place and those around it, by their 12 digits; never a whole country's.
    pub areas: BTreeMap<String, Area>,
    /// All warnings, the most urgent first.
    pub warnings: Vec<Entry>,
    /// Open warnings of every place that has some, and of those around it.
    open_inside: BTreeMap<AreaCode, [u64; 1]>,
    /// Kinds of warnings by their id.
    pub kinds: BTreeMap<String, Kind>,
    /// How far the record had come when it was read.
    marks: Vec<i64>,
}

/// A warning as the list has it.
pub(super) struct Entry {
    pub warning: Warning,
    pub state: WarningState,
    pub month: String,
}

/// A kind of warning: a file in `warnings/`.
#[derive(Clone)]
pub(super) struct Kind {
    pub view: KindView,
    pub path: String,
    /// The programme whose status it is about first.
    pub programme: Option<String>,
    pub programme_title: Option<String>,
}

impl Entry {
    /// Its place in the list.
    pub fn rank(&self) -> (Reverse<i64>, i64) {
        (Reverse(self.warning.content.urgency), self.warning.id.get())
    }
}

impl Record {
    /// The warnings a filter asks for within a scope, in order.
    pub fn selected(&self, scope: &Scope, filter: &WarningFilter) -> Vec<&Entry> {
        self.warnings
            .iter()
            .filter(|e| self.selects(scope, filter, e))
            .collect()
    }

    /// The warning with a number, where it lies within a scope.
    pub fn find(&self, scope: &Scope, id: i64) -> Option<&Entry> {
        self.warnings
            .iter()
            .find(|e| e.warning.id.get() == id && scope.contains(&e.warning.content.area))
    }

    fn selects(&self, scope: &Scope, filter: &WarningFilter, entry: &Entry) -> bool {
        if !scope.contains(&entry.warning.content.area) {
            return false;
        }
        let is = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|w| w == have);
        let programme = self
            .kinds
            .get(&entry.warning.content.rule)
            .and_then(|k| k.programme.as_deref());
        is(&filter.kind, &entry.warning.content.rule)
            && inside(filter.township.as_deref(), &entry.warning.content.area)
            && filter
                .programme
                .as_deref()
                .is_none_or(|p| programme == Some(p))
            && is(&filter.month, &entry.month)
            && filter.state.is_none_or(|state| state == entry.state)
    }

    /// How many warnings a filter selects within a scope, and the list of them.
    pub fn count(&self, scope: &Scope, filter: WarningFilter) -> Count {
        let selected = self
            .warnings
            .iter()
            .filter(|e| self.selects(scope, &filter, e))
            .count();
        Count {
            value: super::paging::count(selected),
            behind: Behind::Warnings(filter),
        }
    }

    /// How many open warnings stand inside a place, everywhere without one, and the list of them.
    pub fn open_inside(&self, scope: &Scope, place: Option<&AreaCode>) -> Count {
        let Some(place) = place else {
            return self.count(scope, open());
        };
        if !scope.contains(place) {
            let township = Some(place.full().to_owned());
            return self.count(scope, WarningFilter { township, ..open() });
        }
        let [value] = self.open_inside.get(place).copied().unwrap_or_default();
        let township = Some(place.full().to_owned());
        Count {
            value,
            behind: Behind::Warnings(WarningFilter { township, ..open() }),
        }
    }

    /// A kind, also one whose file is no longer in force.
    pub fn kind(&self, rule: &str) -> Kind {
        self.kinds.get(rule).cloned().unwrap_or_else(|| Kind {
            view: KindView {
                id: rule.to_owned(),
                title: rule.to_owned(),
                tone: Tone::Notice,
            },
            path: String::new(),
            programme: None,
            programme_title: None,
        })
    }

    /// The name of a place; its code where nobody named it.
    pub fn area_name(&self, code: &AreaCode) -> String {
        self.areas
            .get(code.full())
            .map_or_else(|| code.as_str().to_owned(), |a| a.name.clone())
    }

    /// `城东街道 · 河湾村`.
    pub fn place(&self, code: &AreaCode) -> String {
        let names: Vec<String> = [AreaLevel::Township, AreaLevel::Village]
            .into_iter()
            .filter_map(|level| code.at(level))
            .map(|c| self.area_name(&c))
            .collect();
        if names.is_empty() {
            self.area_name(code)
        } else {
            names.join(" · ")
        }
    }

    /// The townships within a scope, or around some of it, by code.
    pub fn townships<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Area> {
        let townships = self
            .areas
            .values()
            .filter(|a| a.level == AreaLevel::Township);
        townships.filter(|a| scope.touches(&a.code))
    }
}

/// Whether a place lies in the one a filter names; a code that is none selects nothing.
pub(super) fn inside(wanted: Option<&str>, place: &AreaCode) -> bool {
    wanted.is_none_or(|w| AreaCode::parse(w).is_ok_and(|w| w.contains(place)))
}

/// A filter of open warnings.
pub(super) fn open() -> WarningFilter {
    WarningFilter {
        state: Some(WarningState::Open),
        ..WarningFilter::default()
    }
}

impl Desk {
    /// The record's lists, as new as the record.
    pub(super) async fn record(&self) -> Told<Arc<Record>> {
        let seq = store::audit::checkpoint(&self.office.store)
            .await?
            .map_or(0, |c| c.seq);
        let mut held = self.record.lock().await;
        if let Some((known, record)) = held.as_mut() {
            // Looks and sign-ins make the chain grow, but no list.
            if !store::audit::has_changed(&self.office.store, *known, seq).await? {
                *known = seq.max(*known);
                return Ok(Arc::clone(record));
            }
            // Most of what changes is a case or a payment, and stands in no list here.
            if warnings::marks(&self.office.store).await? == record.marks {
                *known = seq.max(*known);
                return Ok(Arc::clone(record));
            }
        }
        let record = Arc::new(self.read_record().await?);
        let newest = crate::monitoring::months(&self.office)
            .await?
            .last()
            .copied();
        self.show(|shown| {
            if let Some(home) = &record.home {
                shown.code = home.code.full().to_owned();
                shown.name.clone_from(&home.name);
            }
            shown.month = newest;
        });
        *held = Some((seq, Arc::clone(&record)));
        Ok(record)
    }

    async fn read_record(&self) -> Told<Record> {
        let office = &self.office;
        // Before the lists: what comes while they are read is found missing the next time.
        let marks = warnings::marks(&office.store).await?;
        let home = office.home().await?;
        let own = crate::areas::own(office, office.clock.today()).await?;
        let areas = own
            .into_iter()
            .map(|a| (a.code.full().to_owned(), a))
            .collect();
        let assigned = assigned(office).await?;
        let mut entries = Vec::new();
        for state in [warnings::WarningState::Open, warnings::WarningState::Closed] {
            for warning in all(office, state).await? {
                let content = &warning.content;
                entries.push(Entry {
                    state: state_of(&warning, &assigned),
                    month: content.month.to_string(),
                    warning,
                });
            }
        }
        entries.sort_by_key(Entry::rank);
        let kinds = kinds(&program_today(office));
        Ok(Record {
            home,
            areas,
            open_inside: domain::roll_up(
                entries
                    .iter()
                    .filter(|e| e.state == WarningState::Open)
                    .map(|e| (e.warning.content.area, [1])),
            ),
            warnings: entries,
            kinds,
            marks,
        })
    }
}

async fn all(office: &crate::Office, state: warnings::WarningState) -> Told<Vec<Warning>> {
    let filter = Filter {
        state,
        area: None,
        rule: None,
        urgency_min: i64::MIN,
    };
    let mut out: Vec<Warning> = Vec::new();
    loop {
        let after = out.last().map(|w| warnings::After {
            urgency: w.content.urgency,
            id: w.id,
        });
        let page = warnings::list(&office.store, &filter, after, PAGE).await?;
        if page.is_empty() {
            return Ok(out);
        }
        out.extend(page);
    }
}

/// Warnings somebody has been named for.
async fn assigned(office: &crate::Office) -> Told<HashSet<WarningId>> {
    let filter = store::tasks::Filter {
        state: TaskState::Open,
        area: None,
        worker: None,
    };
    let mut out = HashSet::new();
    let mut after = None;
    loop {
        let page = store::tasks::list(&office.store, &filter, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(out);
        };
        after = Some(store::tasks::After {
            urgency: last.content.urgency,
            id: last.id,
        });
        for task in page.iter().filter(|t| t.content.worker.is_some()) {
            out.extend(store::tasks::warnings(&office.store, task.id).await?);
        }
    }
}

/// Where a warning stands, from what the record says of it.
fn state_of(warning: &Warning, assigned: &HashSet<WarningId>) -> WarningState {
    match warning.state {
        warnings::WarningState::Open if assigned.contains(&warning.id) => WarningState::Assigned,
        warnings::WarningState::Open => WarningState::Open,
        warnings::WarningState::Closed => [WarningState::Refuted, WarningState::Confirmed]
            .into_iter()
            .find(|state| warning.closed_why.contains(state.word()))
            .unwrap_or(WarningState::Lapsed),
    }
}

/// The kinds of warnings in force.
fn kinds(program: &Program) -> BTreeMap<String, Kind> {
    let granted = granting(program);
    let files = || program.files.iter().filter(|f| f.kind == FileKind::Warning);
    let limit = |f: &rules::plan::FilePlan| f.dispatches.iter().map(|d| d.working_days).min();
    let soonest = files().filter_map(limit).min();
    let latest = files().filter_map(limit).max();
    files()
        .map(|file| {
            // The kind whose visit is due soonest is the urgent one; the rulebook says how soon.
            let tone = match limit(file) {
                days if days == soonest => Tone::Urgent,
                days if days == latest => Tone::Calm,
                _ => Tone::Notice,
            };
            let first = statuses(program, file)
                .into_iter()
                .find_map(|s| granted.get(&s).copied());
            let programme = first.and_then(|f| program.files.get(f.at()));
            let kind = Kind {
                view: KindView {
                    id: file.id.clone(),
                    title: file.title.clone(),
                    tone,
                },
                path: file.path.clone(),
                programme: programme.map(|p| p.id.clone()),
                programme_title: programme.map(|p| p.title.clone()),
            };
            (file.id.clone(), kind)
        })
        .collect()
}

/// The statuses the triggers of a file read, in the order written.
fn statuses(program: &Program, file: &rules::plan::FilePlan) -> Vec<ItemId> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for dispatch in &file.dispatches {
        visit_item(program, dispatch.trigger, &mut seen, &mut out);
    }
    out
}

fn visit_item(program: &Program, id: ItemId, seen: &mut HashSet<ItemId>, out: &mut Vec<ItemId>) {
    if !seen.insert(id) {
        return;
    }
    let Some(item) = program.item(id) else { return };
    match &item.body {
        Body::Status => out.push(id),
        Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr } => {
            visit(program, expr, seen, out);
        }
        // What other files compute may read any status; only what this rule itself asks counts.
        Body::Fact
        | Body::StatusStart(_)
        | Body::StatusEnd(_)
        | Body::Column
        | Body::Param(_)
        | Body::Classify { .. }
        | Body::Itemise { .. }
        | Body::Verdict(_)
        | Body::Rate { .. } => {}
    }
}

fn visit(program: &Program, expr: &Expr, seen: &mut HashSet<ItemId>, out: &mut Vec<ItemId>) {
    match &expr.kind {
        ExprKind::Ref(item, _) | ExprKind::AsOf(item, ..) | ExprKind::Ever(item, ..) => {
            visit_item(program, *item, seen, out);
        }
        ExprKind::Not(a) | ExprKind::Negate(a) | ExprKind::Known(a) => visit(program, a, seen, out),
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().for_each(|p| visit(program, p, seen, out));
        }
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) => {
            visit(program, a, seen, out);
            visit(program, b, seen, out);
        }
        ExprKind::If(a, b, c) => [a, b, c]
            .into_iter()
            .for_each(|e| visit(program, e, seen, out)),
        ExprKind::Aggregate(aggregate) => {
            let parts = aggregate.value.iter().chain(&aggregate.filter);
            parts.for_each(|p| visit(program, p, seen, out));
        }
        _ => {}
    }
}

//! 事实 with their sources: for each feed the rows that are a person's, back to batch and row.

use super::month::Judgement;
use super::owners::Owners;
use super::paging::day;
use super::{Desk, Told};
use crate::monitoring::MonthData;
use crate::monitoring::recorded::NOTHING;
use crate::views::{Behind, FactView};
use engine::{Column, Sheet};
use rules::Program;
use rules::dict::FactDef;
use rules::eval::Evaluator;
use rules::feed::{ColumnKind, FeedColumn, FeedPlan};
use rules::plan::{EntityId, ItemId};
use rules::situation::InstanceId;
use std::collections::HashMap;
use std::sync::Arc;
use store::RowId;
use store::batches::Batch;

/// Columns of a file of links that say whose its rows are.
const LINKS: [&str; 3] = ["row_id", "person_id", "household_id"];

/// Whose rows there are that count for a month.
#[derive(Default)]
pub(super) struct RowIndex {
    /// By feed, the oldest batch first.
    rows: HashMap<String, Vec<Arc<Owners>>>,
    /// Batches that count for the month.
    pub batches: HashMap<i64, Batch>,
    /// The newest of them by feed.
    newest: HashMap<String, i64>,
    /// Row files by batch, and whose their rows are.
    files: HashMap<i64, (String, Arc<Owners>)>,
}

impl RowIndex {
    /// The rows of a feed about a person, oldest first.
    pub fn of(&self, person: i64, feed: &str) -> impl DoubleEndedIterator<Item = RowId> + '_ {
        let batches = self.rows.get(feed).map_or(&[][..], Vec::as_slice);
        batches.iter().flat_map(move |owners| owners.of(person))
    }

    /// The batch a row came with.
    pub fn batch(&self, row: RowId) -> Option<&Batch> {
        self.batches.get(&row.batch_no())
    }

    /// The newest batch of a feed that counts.
    pub fn newest(&self, feed: &str) -> Option<&Batch> {
        self.batches.get(self.newest.get(feed)?)
    }
}

impl Desk {
    /// The rows that count for a month, by person.
    pub(super) async fn index<'a>(&self, judgement: &'a Arc<Judgement>) -> Told<&'a RowIndex> {
        judgement
            .index
            .get_or_try_init(|| self.read_index(judgement))
            .await
    }

    async fn read_index(&self, judgement: &Arc<Judgement>) -> Told<RowIndex> {
        let store = &self.office.store;
        let month = judgement.data.month;
        let mut out = RowIndex::default();
        for feed in &judgement.data.program.feeds {
            let links =
                store::manifest::list_up_to(store, &format!("link-{}", feed.id), month).await?;
            let rows =
                store::manifest::list_up_to(store, &format!("row-{}", feed.id), month).await?;
            let counted = judgement
                .data
                .batches
                .iter()
                .find(|(id, _)| *id == feed.id)
                .map(|(_, b)| *b);
            for file in rows {
                let Ok(batch) = file.cause.parse() else {
                    continue;
                };
                if feed.whole && Some(batch) != counted {
                    continue;
                }
                if let Some(found) = store::batches::find(store, batch).await? {
                    out.batches.insert(batch, found);
                }
                let Some(link) = links.iter().find(|l| l.cause == file.cause) else {
                    continue;
                };
                let owners = self.owners(batch, &link.path).await?;
                out.files
                    .insert(batch, (file.path.clone(), Arc::clone(&owners)));
                out.rows.entry(feed.id.clone()).or_default().push(owners);
            }
            if let Some(counted) = counted {
                out.newest.insert(feed.id.clone(), counted);
            }
        }
        Ok(out)
    }

    /// Whose the rows of a batch are; read once.
    async fn owners(&self, batch: i64, link: &str) -> Told<Arc<Owners>> {
        let mut shelf = self.owners.lock().await;
        if let Some(known) = shelf.get(link) {
            return Ok(Arc::clone(known));
        }
        let (lake, path) = (self.office.lake.clone(), link.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let sheet = lake.read_some(&path, &LINKS)?;
            Ok::<_, engine::EngineError>(Owners::of_links(batch, &sheet))
        });
        let read = read
            .await
            .map_err(|e| crate::views::ViewError::Failed(e.to_string()))??;
        let owners = Arc::new(read);
        shelf.insert(link.to_owned(), Arc::clone(&owners));
        Ok(owners)
    }

    /// A row of the lake, as a sheet of one row.
    pub(super) fn row_sheet(&self, index: &RowIndex, row: RowId) -> Option<Sheet> {
        let (path, owners) = index.files.get(&row.batch_no())?;
        let sheet = self.office.lake.read_row(path, owners.place(row)?).ok()?;
        (sheet.ints("row_id").first() == Some(&Some(row.get()))).then_some(sheet)
    }
}

/// The facts of one instance with their sources, in the order of the dictionary.
pub(super) fn of_instance(
    eval: &mut Evaluator<'_>,
    at: InstanceId,
    entity: EntityId,
    key: i64,
    index: &RowIndex,
) -> Vec<FactView> {
    let program = eval.program();
    let facts = program.dict.facts.iter().filter(|f| f.entity == entity);
    facts
        .filter_map(|fact| {
            let item = program.find(&fact.name)?;
            Some(one(eval, at, fact, item, key, index))
        })
        .collect()
}

/// The facts the office's own record gives: each with its case, decision, entitlement or clue.
pub(super) fn from_record(views: &mut [FactView], data: &MonthData, key: i64) {
    for view in views
        .iter_mut()
        .filter(|v| data.of_record.contains(&v.name))
    {
        let item = data.program.find(&view.name);
        let cause = item.and_then(|item| data.causes.get(&(item, key)));
        view.source =
            cause.map_or_else(|| NOTHING.to_owned(), |cause| format!("办件记录 · {cause}"));
        view.period = data.month.to_string();
    }
}

/// The facts the office itself found out: each with its visit, application or finding.
pub(super) fn found_out(views: &mut [FactView], data: &MonthData, key: i64) {
    for view in views.iter_mut() {
        let item = data.program.find(&view.name);
        let of = item.and_then(|item| data.origins.get(&item));
        if let Some(origin) = of.and_then(|of| of.get(&key)) {
            view.source = origin.words();
            view.period = origin.day().to_string();
        }
    }
}

/// One fact with its source.
pub(super) fn one(
    eval: &mut Evaluator<'_>,
    at: InstanceId,
    fact: &FactDef,
    item: ItemId,
    key: i64,
    index: &RowIndex,
) -> FactView {
    let program = eval.program();
    let value = eval.value(item, at);
    let shown = value
        .is_known()
        .then(|| rules::show::value(value, fact.ty, &program.dict));
    let feed = program.feeds.iter().find(|f| f.id == fact.source);
    let mut view = FactView {
        name: fact.name.clone(),
        value: shown,
        source: String::new(),
        behind: Behind::Nothing,
        period: "—".to_owned(),
        known: "—".to_owned(),
    };
    match feed {
        Some(feed) => from_feed(&mut view, feed, key, index),
        None => view.source = asked_of_people(fact, view.value.is_some()),
    }
    view
}

/// A status a feed brings, as a fact with its source.
pub(super) fn status(
    eval: &mut Evaluator<'_>,
    at: InstanceId,
    item: ItemId,
    key: i64,
    index: &RowIndex,
) -> Option<(FactView, String)> {
    let program = eval.program();
    let feed = program
        .feeds
        .iter()
        .find(|f| f.grants.iter().any(|g| g.status == item))?;
    let held = eval.value(item, at).truth();
    let mut view = FactView {
        name: program.item(item)?.name.clone(),
        value: held.map(|held| if held { "在册" } else { "不在册" }.to_owned()),
        source: String::new(),
        behind: Behind::Nothing,
        period: "—".to_owned(),
        known: "—".to_owned(),
    };
    from_feed(&mut view, feed, key, index);
    Some((view, feed.id.clone()))
}

fn from_feed(view: &mut FactView, feed: &FeedPlan, person: i64, index: &RowIndex) {
    let own = index.of(person, &feed.id).next_back();
    let batch = own
        .and_then(|row| index.batch(row))
        .or_else(|| index.newest(&feed.id));
    let Some(batch) = batch else {
        view.source = format!("{} · {} · 本月没有来文,请催报", feed.title, feed.department);
        view.behind = Behind::Feeds;
        return;
    };
    let said = match own {
        Some(row) if view.value.is_some() => format!("第 {} 行", row.row_no()),
        Some(row) => format!("第 {} 行,没有这个数", row.row_no()),
        None => "来文里没有此人".to_owned(),
    };
    view.source = format!("{} · {} · {said}", feed.title, feed.department);
    view.behind = Behind::Batch(batch.batch_no);
    view.period = batch.period.to_string();
    view.known = day(&batch.received_at);
}

fn asked_of_people(fact: &FactDef, known: bool) -> String {
    let source = fact.source.as_str();
    match (known, source) {
        (true, _) => source.to_owned(),
        (false, "走访") => "入户走访才知道".to_owned(),
        (false, "申请") => "本人申报才知道".to_owned(),
        (false, "经办") => "经办时登记".to_owned(),
        (false, _) => format!("须由{source}提供"),
    }
}

/// What a row says, in the words of its columns; identity never reached the lake.
pub(crate) fn row_words(program: &Program, feed: &FeedPlan, sheet: &Sheet, at: usize) -> String {
    let mut said = Vec::new();
    for column in &feed.columns {
        let Some(values) = sheet.column(&column.name) else {
            continue;
        };
        if let Some(text) = cell_words(program, column, values, at) {
            let header = column.headers.first().unwrap_or(&column.name);
            said.push(format!("{header} {text}"));
        }
    }
    said.join(",")
}

/// One cell of the lake in words.
pub(super) fn cell_words(
    program: &Program,
    column: &FeedColumn,
    values: &Column,
    at: usize,
) -> Option<String> {
    Some(match values {
        Column::Text(v) => v.get(at)?.clone()?,
        Column::Bool(v) => if v.get(at).copied()?? { "是" } else { "否" }.to_owned(),
        Column::Day(v) => {
            let day = domain::Day::from_epoch_days(v.get(at).copied()??)?;
            match column.kind {
                ColumnKind::Month => domain::Month::containing(day).to_string(),
                _ => day.to_string(),
            }
        }
        Column::Int(v) => {
            let number = v.get(at).copied()??;
            match column.kind {
                ColumnKind::Number(unit) => {
                    let bounds = column
                        .item
                        .and_then(|i| program.item(i))
                        .and_then(|i| i.bounds);
                    let den = bounds.map_or(1, |b| b.den_min);
                    rules::show::number(rules::Ratio::new(i128::from(number), den)?, unit)
                }
                _ => number.to_string(),
            }
        }
    })
}

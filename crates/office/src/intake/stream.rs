//! A file's rows, from its bytes to the lake, block by block: what is held is a block, not a file.
//!
//! With the rows grow only the digests by which a row is known again (seven bytes each), who of the
//! record has a gap, rows in doubt, and what a register brings (see `register::Taking`). Nothing of
//! it counts before [`Taken`] is brought to its end: dropped, it leaves nothing.

use super::block::Block;
use super::decode::Survey;
use super::digests::{Seen, Sum};
use super::households::{self, Gaps, Places};
use super::link::Doubtful;
use super::readings;
use super::register;
use super::rows::{By, Rows, Source};
use super::sheet::{self, SentBack};
use super::whole::Tally;
use super::{Intake, REFUSALS_KEPT_MAX, REGISTER, REMARKS_KEPT_MAX};
use crate::error::Result;
use domain::{AreaCode, AreaLevel, Month, PrefixHistory};
use engine::{LaneWriter, Sheet};
use rules::Program;
use rules::feed::FeedPlan;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use store::batches::{self, Refusal, Remark, Size};
use store::tokens::Token;
use store::{At, JournalTx};

/// Columns that name an area.
const AREAS: [&str; 4] = ["居住地区", "户籍地区", "发放地区", "发布地区"];
/// The first rows say of which county a file is.
const COUNTY_ROWS_MAX: usize = 1_000;
/// China has had some three thousand counties at a time; fewer codes are not the country's.
const COUNTRY_CODES_MIN: usize = 2_500;
/// Names by which an encoding is shown to have been read right.
const NAMES_SHOWN: usize = 3;
/// The county of a file that does not say.
const NO_COUNTY: &str = "000000";

/// A file to be taken.
pub(super) struct Job<'p> {
    pub survey: &'p Survey,
    pub program: &'p Program,
    pub feed: &'p FeedPlan,
    pub period: Month,
    /// The number it will have.
    pub batch_no: i64,
    pub at: At,
}

/// How a feed's rows are tied.
enum Way {
    Register(Box<register::Taking>),
    Households { founds: bool, stale: bool },
    Persons,
}

/// A file whose rows were all read.
pub(super) struct Taken {
    /// Its rows, and how many went wrong.
    pub tally: Tally,
    /// Rows that say again what another row of the file says.
    pub repeated: u64,
    /// Rows that may be one of several persons'.
    pub doubts: Vec<Doubtful>,
    /// Those of them that were sent back, too.
    pub doubts_sent_back: u64,
    /// Rows that are somebody's for certain, in doubt, and nobody's.
    pub whose: [u64; 3],
    /// What goes back, by row; the counts cover what is more.
    pub refusals: Vec<Refusal>,
    /// What was noticed in rows that are taken, by row; of very many the first.
    pub remarks: Vec<Remark>,
    /// Of what size its amounts are.
    pub sizes: Vec<Size>,
    /// Open where rows are written to the record on the way.
    pub tx: Option<JournalTx>,
    /// Bank cards by row number, for the record alone.
    pub cards: Vec<(u32, String)>,
    sum: Sum,
    seen: Seen,
    counties: BTreeMap<String, usize>,
    way: Way,
    gaps: Gaps,
    rows: LaneWriter,
    links: LaneWriter,
}

/// What a file leaves in the lake.
pub(super) struct Left {
    /// Kind and file.
    pub files: Vec<(String, engine::LakeFile)>,
    way: Way,
}

/// Reads a file to its end.
pub(super) async fn run(intake: &Intake<'_>, job: &Job<'_>) -> Result<Taken> {
    let by = By {
        office: intake.office,
        program: job.program,
        feed: job.feed,
        period: job.period,
        prefixes: prefixes(intake).await?,
    };
    let mut rows = Rows::open(by, Source::File(job.survey))?;
    let mut taken = Taken::begin(intake, job, &rows).await?;
    taken.remarks.extend(sheet::unread(job.feed, rows.header()));
    let mut assumed = job.survey.assumed();
    while let Some((block, back)) = rows.next(intake.rows_at_once)? {
        if let Some(said) = assumed.take() {
            let said = format!("{said}{}", first_names(&block));
            taken.remarks.push(of_file("encoding", said));
        }
        taken.tally.received = rows.received();
        taken.block(intake, job, block, back).await?;
        intake.read.store(rows.received(), Ordering::Relaxed);
    }
    taken.sizes = rows.sizes();
    let noted = rows.end()?.into_iter();
    let noted = noted.map(|said| of_file("workbook", said));
    taken.remarks.splice(0..0, noted);
    Ok(taken)
}

/// How the first names were read, for whoever knows them: their first signs.
fn first_names(block: &Block) -> String {
    let names = (0..block.len()).filter_map(|at| block.name(at));
    let names: Vec<String> = names.take(NAMES_SHOWN).map(readings::hinted).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("(前几行读成 {})", names.join("、")),
    }
}

/// What was noticed of a file as a whole.
fn of_file(code: &str, said: String) -> Remark {
    Remark {
        row_no: 0,
        column: String::new(),
        code: code.to_owned(),
        message: said,
    }
}

/// The first digits of identity numbers, where the record holds the areas of the whole country: with
/// those of one county alone everybody who moved in would look wrong.
async fn prefixes(intake: &Intake<'_>) -> Result<Option<PrefixHistory>> {
    let store = &intake.office.store;
    let known = store::areas::prefixes(store, intake.office.clock.today()).await?;
    Ok((known.len() >= COUNTRY_CODES_MIN).then_some(known))
}

impl Taken {
    async fn begin(intake: &Intake<'_>, job: &Job<'_>, table: &Rows<'_>) -> Result<Self> {
        let office = intake.office;
        let feed = job.feed;
        let mut tx = None;
        let way = if feed.id == REGISTER {
            let at = job.at.clone();
            let writing = tx.insert(office.store.write().await?);
            let taking = register::Taking::begin(writing, at, job.batch_no, job.period).await?;
            Way::Register(Box::new(taking))
        } else if table.layout().of_households {
            let mut stale = false;
            if feed.founds {
                let writing = tx.insert(office.store.write().await?);
                let newest = batches::newest_applied(writing, &feed.id).await?;
                stale = newest.is_some_and(|b| b.period > job.period);
            }
            Way::Households {
                founds: feed.founds,
                stale,
            }
        } else {
            Way::Persons
        };
        let (row, link) = (format!("row-{}", feed.id), format!("link-{}", feed.id));
        let lake = &office.lake;
        Ok(Self {
            tally: Tally::default(),
            repeated: 0,
            doubts: vec![],
            doubts_sent_back: 0,
            whose: [0; 3],
            refusals: vec![],
            remarks: vec![],
            sizes: vec![],
            tx,
            cards: vec![],
            sum: Sum::default(),
            seen: Seen::new(),
            counties: BTreeMap::new(),
            way,
            gaps: Gaps::default(),
            rows: lake.begin(&row, job.period, &table.layout().of_rows())?,
            links: lake.begin(&link, job.period, &table.layout().of_links())?,
        })
    }

    /// Takes the rows of a block.
    async fn block(
        &mut self,
        intake: &Intake<'_>,
        job: &Job<'_>,
        mut block: Block,
        mut back: SentBack,
    ) -> Result<()> {
        let feed = job.feed;
        self.digest(&block, &back);
        self.count_counties(feed, &block);
        let mut links = match (&mut self.way, &mut self.tx) {
            (Way::Register(taking), Some(tx)) => {
                let places = Places::of(tx, &block).await?;
                places.refuse_homeless(feed, &mut block, &mut back);
                taking.block(intake, tx, feed, &block, &places).await?
            }
            (
                Way::Households {
                    founds: true,
                    stale,
                },
                Some(tx),
            ) => {
                households::refuse_placeless(feed, &mut block, &mut back);
                drop_repeated(&mut self.seen, &mut self.repeated, &mut block);
                let known = households::found(tx, &job.at, job.batch_no, &block, *stale).await?;
                households::link(&block, &known)
            }
            (Way::Households { .. }, _) => {
                drop_repeated(&mut self.seen, &mut self.repeated, &mut block);
                let known = households::look_up(&intake.office.store, &block).await?;
                households::link(&block, &known)
            }
            (Way::Register(_) | Way::Persons, _) => {
                drop_repeated(&mut self.seen, &mut self.repeated, &mut block);
                intake.link(job.batch_no, feed, &block)
            }
        };
        self.tally.add(&back);
        self.gaps.add(intake, feed, &block, back.gaps);
        self.keep_refusals(back.refusals);
        let free = REMARKS_KEPT_MAX.saturating_sub(self.remarks.len());
        self.remarks.extend(back.remarks.into_iter().take(free));
        self.repeated = self.repeated.saturating_add(links.repeated);
        for (sum, more) in self.whose.iter_mut().zip(links.counts()) {
            *sum = sum.saturating_add(more);
        }
        let sent_back = links.doubts_sent_back(&block);
        self.doubts_sent_back = self.doubts_sent_back.saturating_add(sent_back);
        self.doubts.append(&mut links.doubts);
        if !links.dropped.is_empty() {
            let mut kept = vec![true; block.len()];
            for at in &links.dropped {
                kept.get_mut(*at).into_iter().for_each(|k| *k = false);
            }
            block.retain(&kept);
            engine::lanes::retain(&mut links.persons, &kept);
            engine::lanes::retain(&mut links.targets, &kept);
            engine::lanes::retain(&mut links.households, &kept);
        }
        let cards = (0..block.len()).filter_map(|at| Some((block.number(at), block.card(at)?)));
        self.cards
            .extend(cards.map(|(number, card)| (number, card.to_owned())));
        if block.len() > 0 {
            let (rows, whose) = block.into_lanes(job.batch_no, &links);
            self.rows.write(rows)?;
            self.links.write(whose)?;
        }
        Ok(())
    }

    /// Rows count whatever their order. Refused ones do, too: a file with one of them mended is
    /// another file.
    fn digest(&mut self, block: &Block, back: &SentBack) {
        (0..block.len()).for_each(|at| self.sum.add(&block.digest(at)));
        for r in &back.refusals {
            let said = format!("{}\n{}\n{}", r.column, r.code, r.masked);
            self.sum.add_text(&said);
        }
    }

    /// Of which counties the first rows are.
    fn count_counties(&mut self, feed: &FeedPlan, block: &Block) {
        // Where others' rows may be only so many, all are looked at.
        let most = match feed.elsewhere_limit {
            Some(_) => usize::MAX,
            None => COUNTY_ROWS_MAX,
        };
        let mut left = most.saturating_sub(self.counties.values().sum());
        let places: Vec<usize> = AREAS
            .iter()
            .filter_map(|name| block.layout().place(name))
            .collect();
        for at in 0..block.len() {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(1);
            let text = places.iter().find_map(|place| block.text_at(*place, at));
            let area = text.and_then(|t| AreaCode::parse(t).ok());
            let county = area.and_then(|a| a.at(AreaLevel::County));
            let county = county.map_or_else(|| NO_COUNTY.to_owned(), |c| c.as_str().to_owned());
            let count = self.counties.entry(county).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Counties rows name, and how many of them.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, usize)> {
        let named = self.counties.iter().filter(|(code, _)| *code != NO_COUNTY);
        named.map(|(code, rows)| (code.as_str(), *rows))
    }

    /// The county most of the first rows name.
    pub(super) fn county(&self) -> String {
        let named = self.counties.iter().filter(|(code, _)| *code != NO_COUNTY);
        let most = named.max_by_key(|(_, rows)| **rows);
        most.map_or_else(|| NO_COUNTY.to_owned(), |(code, _)| code.clone())
    }

    fn keep_refusals(&mut self, mut more: Vec<Refusal>) {
        more.sort_by_key(|r| r.row_no);
        let free = REFUSALS_KEPT_MAX.saturating_sub(self.refusals.len());
        self.refusals.extend(more.into_iter().take(free));
    }

    /// Digest of the rows whatever their order and encoding.
    pub(super) fn canonical(&self) -> [u8; 32] {
        self.sum.digest()
    }

    /// Writes what waited for the whole file, and makes the lake's files durable under their names.
    pub(super) async fn finish(
        mut self,
        intake: &Intake<'_>,
        job: &Job<'_>,
        tx: &mut JournalTx,
    ) -> Result<Left> {
        let county = self.county();
        let mut brought: HashMap<Token, domain::PersonId> = HashMap::new();
        if let Way::Register(taking) = &mut self.way {
            taking.finish(tx).await?;
            brought = taking.brought();
        }
        let gaps = self.gaps.sheet(tx, |t| brought.get(t).copied()).await?;
        let id = &job.feed.id;
        let mut files = vec![
            (format!("row-{id}"), self.rows.finish(&county)?),
            (format!("link-{id}"), self.links.finish(&county)?),
        ];
        if !Sheet::is_empty(&gaps) {
            let kind = format!("gap-{id}");
            let file = intake
                .office
                .lake
                .write(&kind, job.period, &county, &gaps)?;
            files.push((kind, file));
        }
        Ok(Left {
            files,
            way: self.way,
        })
    }
}

impl Left {
    /// The record has it all: the next file finds the persons of this one.
    pub(super) fn learn(self, intake: &mut Intake<'_>) {
        if let Way::Register(taking) = self.way {
            taking.learn(intake);
        }
    }
}

/// Leaves out rows that say again what another row of the file says. A row whose number cannot be
/// read may say the same as another and still be somebody else's.
fn drop_repeated(seen: &mut Seen, repeated: &mut u64, block: &mut Block) {
    let mut kept = Vec::with_capacity(block.len());
    for at in 0..block.len() {
        let keep = seen.insert(&block.digest(at)) || block.spoilt(at).is_some();
        kept.push(keep);
        *repeated = repeated.saturating_add(u64::from(!keep));
    }
    block.retain(&kept);
}

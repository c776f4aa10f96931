//! 决定: what was decided, by whom, on which facts and under which rules; its letters and what of it is
//! made public. The texts of the rules are kept by what they say, so that none can change under a decision.

use crate::areas::range;
use crate::at::At;
use crate::digest::of_bytes;
use crate::error::{Result, StoreError};
use crate::notices::{RuleResult, add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, CaseNo, Day, Fen, Month};
use std::collections::BTreeSet;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select decision_no, case_no, programme, day, outcome, result, departs, amount, from_month,
                reasons, articles, remedy, because, opinion_no, opinion_by, notice_no, notice_last_day,
                no_notice, decider, state, capsule, capsule_digest, at
            from decisions ",
            $rest
        )
    };
}

statements! {
    HAS_TEXT = "select count(*) from kept_texts where digest = $1";
    KEEP_TEXT = "insert into kept_texts (digest, body) values ($1, $2)";
    TEXT = "select body from kept_texts where digest = $1";
    DECIDE = "insert into decisions (decision_no, case_no, programme, day, outcome, result, departs,
            amount, from_month, reasons, articles, remedy, because, opinion_no, opinion_by, notice_no,
            notice_last_day, no_notice, decider, state, capsule, capsule_digest, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            'effective', $20, $21, $22, $23)";
    FIND = select!("where decision_no = $1");
    OF_CASE = select!("where case_no = $1 order by decision_no");
    REPLACE = "update decisions set state = 'replaced' where decision_no = $1 and state = 'effective'";
    DELIVER = "insert into deliveries (delivery_no, decision_no, document, way, receiver, day, at,
            by_login, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    DELIVER_READ = "insert into deliveries (delivery_no, decision_no, document, way, receiver, day, at,
            by_login, read_at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DELIVERIES = "select delivery_no, decision_no, document, way, receiver, day, at, by_login, read_at
        from deliveries where decision_no = $1 order by delivery_no";
    ADD_CONSENT = "insert into reading_consents (case_no, actor, day, at) values ($1, $2, $3, $4)
        on conflict (case_no) do nothing";
    CONSENT = "select day from reading_consents where case_no = $1";
    PUBLISH = "insert into publications (publication_no, decision_no, area, shown, from_day, at, by_login,
            taken_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, '', $8)";
    IS_PUBLISHED = "select count(*) from publications where decision_no = $1";
    // A publication stands while the help does: where help was given and all of it was stopped, it is gone by
    // itself from the month on in which nothing is paid any more.
    PUBLISHED = "select p.publication_no, p.decision_no, p.area, p.shown, p.from_day
        from publications p
        join decisions d on d.decision_no = p.decision_no
        join cases c on c.case_no = d.case_no
        where p.taken_at is null and p.from_day <= $1 and p.area >= $2 and p.area < $3
          and (not exists (select 1 from entitlement s
                  where s.programme = d.programme and s.component = $5 and s.subject_kind = c.subject_kind
                    and s.subject_id = c.subject_id and s.stopped_cause <> '')
            or exists (select 1 from entitlement e
                  where e.programme = d.programme and e.component = $5 and e.subject_kind = c.subject_kind
                    and e.subject_id = c.subject_id and (e.to_month is null or e.to_month > $4)))
        order by p.area, p.publication_no limit $6 offset $7";
    COUNT_PUBLISHED = "select count(*)
        from publications p
        join decisions d on d.decision_no = p.decision_no
        join cases c on c.case_no = d.case_no
        where p.taken_at is null and p.from_day <= $1 and p.area >= $2 and p.area < $3
          and (not exists (select 1 from entitlement s
                  where s.programme = d.programme and s.component = $5 and s.subject_kind = c.subject_kind
                    and s.subject_id = c.subject_id and s.stopped_cause <> '')
            or exists (select 1 from entitlement e
                  where e.programme = d.programme and e.component = $5 and e.subject_kind = c.subject_kind
                    and e.subject_id = c.subject_id and (e.to_month is null or e.to_month > $4)))";
    PUBLICATIONS_OF = "select p.publication_no from publications p
        join decisions d on d.decision_no = p.decision_no
        join cases c on c.case_no = d.case_no
        where p.taken_at is null and c.programme = $1 and c.subject_kind = $2 and c.subject_id = $3
        order by p.publication_no";
    TAKE_DOWN = "update publications set taken_at = $1, taken_because = $2
        where publication_no = $3 and taken_at is null";
    PUBLISHED_AREAS = "select distinct area from publications
        where taken_at is null and from_day <= $1 order by area";
}

words! {
    /// How a decision went.
    DecidedAs {
        /// 同意.
        Granted = "granted",
        /// 不予.
        Refused = "refused",
    }
}

words! {
    /// Whether a decision stands.
    DecisionState {
        /// 生效.
        Effective = "effective",
        /// 被后来的决定代替.
        Replaced = "replaced",
    }
}

words! {
    /// 送达方式.
    DeliveryWay {
        /// 当面.
        InPerson = "in-person",
        /// 邮寄.
        Post = "post",
        /// 公告.
        Public = "public",
        /// 网上: the applicant read it, signed in.
        Online = "online",
    }
}

impl DeliveryWay {
    /// The word a row keeps: the ways of a table are fixed, and reading stands in a column of its own.
    pub(crate) fn kept(self) -> &'static str {
        match self {
            Self::InPerson | Self::Post | Self::Public => self.word(),
            Self::Online => Self::InPerson.word(),
        }
    }

    /// The way of a row, by its word and the moment of reading.
    pub(crate) fn of_row(row: &Row, (way, read_at): (usize, usize)) -> Result<Self> {
        match row.text_opt(read_at)? {
            Some(_) => Ok(Self::Online),
            None => row.word(way, Self::from_word),
        }
    }
}

/// A decision to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDecision {
    /// Of which case.
    pub case: CaseNo,
    /// In which programme.
    pub programme: String,
    /// On which day.
    pub day: Day,
    /// How.
    pub outcome: DecidedAs,
    /// What the rules said.
    pub result: RuleResult,
    /// Whether it departs from what the rules said.
    pub departs: bool,
    /// How much, when granted.
    pub amount: Option<Fen>,
    /// From which month, when granted.
    pub from: Option<Month>,
    /// Every reason, one a line.
    pub reasons: String,
    /// The articles, one a line.
    pub articles: String,
    /// How to ask for review or sue.
    pub remedy: String,
    /// What the decider adds, and why it departs.
    pub because: String,
    /// The opinion it follows or not, and who wrote it.
    pub opinion: (i64, String),
    /// The notice whose time has run with its last day; or why there is none.
    pub notice: std::result::Result<(i64, Day), String>,
    /// Who.
    pub decider: String,
    /// Facts, rules and explanation.
    pub capsule: String,
}

/// 决定.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewDecision,
    /// Whether it stands.
    pub state: DecisionState,
    /// SHA-256 of its capsule.
    pub capsule_digest: [u8; 32],
    /// When.
    pub at: At,
}

/// A letter handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Of which decision.
    pub decision: i64,
    /// Which letter.
    pub document: String,
    /// How.
    pub way: DeliveryWay,
    /// Who took it, as a word and never a name: 本人, 同住成年家属.
    pub receiver: String,
    /// When.
    pub day: Day,
    /// Who handed it over; of a letter that was read, who read it.
    pub by: String,
    /// At which moment.
    pub at: At,
}

/// 公布.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Of which decision.
    pub decision: i64,
    /// Where.
    pub area: AreaCode,
    /// Field and value as shown, as JSON.
    pub shown: String,
    /// From which day.
    pub from: Day,
}

/// Keeps a text by what it says, once; answers its digest.
pub async fn keep_text(tx: &mut JournalTx, body: &str) -> Result<[u8; 32]> {
    let digest = of_bytes(body.as_bytes());
    if !has_text(tx, digest).await? {
        tx.execute(KEEP_TEXT, vec![digest.into(), body.into()])
            .await?;
    }
    Ok(digest)
}

/// Whether a text is kept already.
pub async fn has_text(on: &impl Reads, digest: [u8; 32]) -> Result<bool> {
    let rows = on.rows(HAS_TEXT, vec![digest.into()]).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.int(0)? > 0))
}

/// A kept text; one that no longer fits its digest is told, not answered.
pub async fn text(on: &impl Reads, digest: [u8; 32]) -> Result<Option<String>> {
    let rows = on.rows(TEXT, vec![digest.into()]).await?;
    let Some(body) = rows.first().map(|row| row.text(0)).transpose()? else {
        return Ok(None);
    };
    if of_bytes(body.as_bytes()) != digest {
        return Err(StoreError::BadValue {
            what: format!("规则原文与摘要 {} 不符", crate::digest::hex(&digest)),
        });
    }
    Ok(Some(body))
}

impl NewDecision {
    fn columns(&self, no: i64, at: &At) -> Vec<(&'static str, Value)> {
        let (notice, last, none) = match &self.notice {
            Ok((no, last)) => (Some(*no), Some(last.to_string()), String::new()),
            Err(why) => (None, None, why.clone()),
        };
        vec![
            ("decision_no", no.into()),
            ("case_no", self.case.get().into()),
            ("programme", self.programme.as_str().into()),
            ("day", self.day.to_string().into()),
            ("outcome", self.outcome.into()),
            ("result", self.result.into()),
            ("departs", i64::from(self.departs).into()),
            ("amount", self.amount.map(Fen::get).into()),
            (
                "from_month",
                self.from.map(|month| month.to_string()).into(),
            ),
            ("reasons", self.reasons.as_str().into()),
            ("articles", self.articles.as_str().into()),
            ("remedy", self.remedy.as_str().into()),
            ("because", self.because.as_str().into()),
            ("opinion_no", self.opinion.0.into()),
            ("opinion_by", self.opinion.1.as_str().into()),
            ("notice_no", notice.into()),
            ("notice_last_day", last.into()),
            ("no_notice", none.into()),
            ("decider", self.decider.as_str().into()),
            ("capsule", self.capsule.as_str().into()),
            ("capsule_digest", of_bytes(self.capsule.as_bytes()).into()),
            ("at", at.into()),
        ]
    }
}

/// Keeps a decision; answers its number.
pub async fn decide(tx: &mut JournalTx, at: &At, new: &NewDecision) -> Result<i64> {
    let no = tx.take_numbers("decision", 1).await?;
    add(tx, DECIDE, "decisions", &new.columns(no, at)).await?;
    Ok(no)
}

/// One decision.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Decision>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The decisions of a case, oldest first.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Decision>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Decision> {
    let bad = || StoreError::BadValue {
        what: "决定".to_owned(),
    };
    let from = row.text_opt(8)?.map(|month| Month::parse(&month));
    let notice = match (row.int_opt(15)?, row.day_opt(16)?) {
        (Some(no), Some(last)) => Ok((no, last)),
        _ => Err(row.text(17)?),
    };
    Ok(Decision {
        no: row.int(0)?,
        content: NewDecision {
            case: CaseNo::new(row.int(1)?),
            programme: row.text(2)?,
            day: row.day(3)?,
            outcome: row.word(4, DecidedAs::from_word)?,
            result: row.word(5, RuleResult::from_word)?,
            departs: row.int(6)? == 1,
            amount: row.int_opt(7)?.map(Fen::new),
            from: from.transpose().map_err(|_| bad())?,
            reasons: row.text(9)?,
            articles: row.text(10)?,
            remedy: row.text(11)?,
            because: row.text(12)?,
            opinion: (row.int(13)?, row.text(14)?),
            notice,
            decider: row.text(18)?,
            capsule: row.text(20)?,
        },
        state: row.word(19, DecisionState::from_word)?,
        capsule_digest: row.array(21)?,
        at: row.at(22)?,
    })
}

/// A later decision stands in the place of this one.
pub async fn replace(tx: &mut JournalTx, no: i64) -> Result<()> {
    once(
        tx.execute(REPLACE, vec![no.into()]).await?,
        "生效的决定",
        no,
    )
}

/// Writes down that a letter was handed over.
pub async fn deliver(tx: &mut JournalTx, new: &Delivery) -> Result<i64> {
    let no = tx.take_numbers("delivery", 1).await?;
    let mut columns = vec![
        ("delivery_no", Value::from(no)),
        ("decision_no", new.decision.into()),
        ("document", new.document.as_str().into()),
        ("way", new.way.kept().into()),
        ("receiver", new.receiver.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", (&new.at).into()),
        ("by_login", new.by.as_str().into()),
    ];
    if new.way == DeliveryWay::Online {
        columns.push(("read_at", (&new.at).into()));
        add(tx, DELIVER_READ, "deliveries", &columns).await?;
        return Ok(no);
    }
    add(tx, DELIVER, "deliveries", &columns).await?;
    Ok(no)
}

/// The applicant of a case agrees to be handed its letters by reading them; once more is nothing new. Answers
/// whether it is new.
pub async fn agree_to_read(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    (case, day): (CaseNo, Day),
) -> Result<bool> {
    let values = vec![
        case.get().into(),
        actor.into(),
        day.to_string().into(),
        at.into(),
    ];
    Ok(tx.execute(ADD_CONSENT, values).await? > 0)
}

/// Since which day the applicant of a case agrees to be handed its letters by reading them.
pub async fn agrees_to_read(on: &impl Reads, case: CaseNo) -> Result<Option<Day>> {
    let rows = on.rows(CONSENT, vec![case.get().into()]).await?;
    rows.first().map(|row| row.day(0)).transpose()
}

/// Those of some cases whose applicants agree to be handed their letters by reading them.
pub async fn agreed_to_read(on: &impl Reads, cases: &[CaseNo]) -> Result<BTreeSet<CaseNo>> {
    let sets = cases.iter().map(|case| vec![case.get().into()]);
    let answers = on.rows_each(CONSENT, sets.collect()).await?;
    let agreed = cases.iter().zip(answers);
    let agreed = agreed.filter(|(_, rows)| !rows.is_empty());
    Ok(agreed.map(|(case, _)| *case).collect())
}

/// How the letters of a decision were handed over.
pub async fn deliveries(on: &impl Reads, decision: i64) -> Result<Vec<Delivery>> {
    let rows = on.rows(DELIVERIES, vec![decision.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Delivery {
                decision: row.int(1)?,
                document: row.text(2)?,
                way: DeliveryWay::of_row(row, (3, 8))?,
                receiver: row.text(4)?,
                day: row.day(5)?,
                by: row.text(7)?,
                at: row.at(6)?,
            })
        })
        .collect()
}

/// Makes a decision public.
pub async fn publish(tx: &mut JournalTx, at: &At, by: &str, new: &Publication) -> Result<i64> {
    let no = tx.take_numbers("publication", 1).await?;
    let columns = [
        ("publication_no", Value::from(no)),
        ("decision_no", new.decision.into()),
        ("area", new.area.full().into()),
        ("shown", new.shown.as_str().into()),
        ("from_day", new.from.to_string().into()),
        ("at", at.into()),
        ("by_login", by.into()),
    ];
    add(tx, PUBLISH, "publications", &columns).await?;
    Ok(no)
}

/// Whether a decision was ever made public.
pub async fn is_published(on: &impl Reads, decision: i64) -> Result<bool> {
    let rows = on.rows(IS_PUBLISHED, vec![decision.into()]).await?;
    let count = rows.first().map(|row| row.int(0)).transpose()?;
    Ok(count.unwrap_or(0) > 0)
}

/// What is asked of what is public: the day with its month, the place, and the component of help while which runs
/// a publication stands.
#[derive(Clone, Copy, Debug)]
pub struct Public<'a> {
    /// Today.
    pub day: Day,
    /// The place with all inside it; none for everywhere.
    pub area: Option<&'a AreaCode>,
    /// 组成.
    pub component: &'a str,
}

impl Public<'_> {
    fn values(&self) -> Vec<Value> {
        let (from, below) = range(self.area);
        let month = Month::containing(self.day).to_string();
        vec![
            self.day.to_string().into(),
            from,
            below,
            month.into(),
            self.component.into(),
        ]
    }
}

/// How many publications stand.
pub async fn count_published(on: &impl Reads, asked: &Public<'_>) -> Result<u64> {
    let rows = on.rows(COUNT_PUBLISHED, asked.values()).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(crate::value::count(row.int(0)?)))
}

/// Where anything is public.
pub async fn published_areas(on: &impl Reads, day: Day) -> Result<Vec<AreaCode>> {
    let rows = on
        .rows(PUBLISHED_AREAS, vec![day.to_string().into()])
        .await?;
    rows.iter().map(|row| row.area(0)).collect()
}

/// The publications of a programme and subject that were not taken down.
pub async fn publications_of(
    on: &impl Reads,
    programme: &str,
    (kind, id): (&str, i64),
) -> Result<Vec<i64>> {
    let values = vec![programme.into(), kind.into(), id.into()];
    let rows = on.rows(PUBLICATIONS_OF, values).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Takes a publication down.
pub async fn take_down(tx: &mut JournalTx, at: &At, no: i64, because: &str) -> Result<()> {
    let values = vec![at.into(), because.into(), no.into()];
    once(tx.execute(TAKE_DOWN, values).await?, "公布", no)
}

/// What is public on a day, in a place and all inside it: so many, past the first ones.
pub async fn published(
    on: &impl Reads,
    asked: &Public<'_>,
    (limit, past): (u32, u32),
) -> Result<Vec<Publication>> {
    let mut values = asked.values();
    values.extend([limit.into(), past.into()]);
    let rows = on.rows(PUBLISHED, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Publication {
                decision: row.int(1)?,
                area: row.area(2)?,
                shown: row.text(3)?,
                from: row.day(4)?,
            })
        })
        .collect()
}

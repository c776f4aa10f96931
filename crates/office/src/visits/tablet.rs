//! 平板: visits taken along to where there is no network, and what came back. Only visits somebody began or
//! took part in, and of each only what its form asks; names stay masked.
//!
//! The tablet's clock orders nothing: our time stands, its own is kept as it was said. Each change is taken
//! once, whatever the network repeats.

use super::merge::{Verdict, Written, judge};
use super::shown::{FieldView, Typed, VisitView, visit_view};
use super::{Door, Said, act, find, fits, going_on, newest};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::office::Office;
use domain::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::tablets::{self, ChangeOutcome, NewChange, NewPackage};
use store::visits::{self, NewAnswer, Visit};
use store::{At, JournalTx};

pub use store::tablets::PackageToken;

/// Visits one package holds.
const TAKEN_MAX: u32 = 20;
/// Changes one sync brings, and characters of what a tablet says of itself.
const CHANGES_MAX: usize = 500;
const WORD_MAX: usize = 64;
/// Characters of one answer.
const VALUE_MAX: usize = 200;
/// Seconds a tablet's clock may be off before it is told.
const OFF_MAX_SECONDS: i64 = 300;

/// 离线包.
#[derive(Clone, Serialize)]
pub struct Package {
    /// The word only this tablet has for it.
    pub token: String,
    /// What the key of its drafts is derived from. Never kept, here or there.
    pub secret: String,
    /// Until when it may be opened, as the record writes moments.
    pub until: String,
    /// In how many seconds that is: the tablet's own clock may be wrong.
    pub seconds: i64,
    /// Its time is over: what was written may still be sent, nothing is taken along.
    pub expired: bool,
    /// Whose it is.
    pub login: String,
    /// The visits.
    pub visits: Vec<TabletVisit>,
}

/// How a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be filled in.
    Holds,
    /// Its time is over: it lies locked until whoever took it signs in again and sends what was written.
    Expired,
    /// Its session was ended, or its account is no longer what it was: it has to go from the tablet.
    Ended,
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Package({} visits)", self.visits.len())
    }
}

/// A visit on a tablet.
#[derive(Clone, Debug, Serialize)]
pub struct TabletVisit {
    /// 走访编号.
    pub no: i64,
    /// The step or task.
    pub title: String,
    /// Where.
    pub place: String,
    /// What the form makes.
    pub record: String,
    /// What a task asks; empty for a case.
    pub asks: String,
    /// Whether it takes two to go.
    pub two: bool,
    /// The household, and each person.
    pub parts: Vec<TabletPart>,
}

/// What is asked of one person, or of the household.
#[derive(Clone, Debug, Serialize)]
pub struct TabletPart {
    /// Who, masked.
    pub name: String,
    /// How related; empty for the household.
    pub relation: String,
    /// The questions.
    pub fields: Vec<TabletField>,
}

/// One question on a tablet.
#[derive(Clone, Debug, Serialize)]
pub struct TabletField {
    /// Whose and which: `0:住房安全`, `17:共同生活`.
    pub key: String,
    /// Which fact.
    pub fact: String,
    /// How it is asked.
    pub question: String,
    /// How it is answered.
    pub hint: String,
    /// What may be chosen; free without.
    pub choices: Vec<String>,
    /// What stands there.
    pub value: String,
    /// The answer it stands on.
    pub base: i64,
    /// Whether it must be answered.
    pub required: bool,
}

/// What a tablet sends of one visit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSent {
    /// The word for its package.
    pub package: String,
    /// What its clock says now.
    pub now: String,
    /// What was changed, in any order.
    pub changes: Vec<SentChange>,
}

/// One answer that was written on a tablet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentChange {
    /// The tablet's own word for it.
    pub id: String,
    /// Its order on the tablet.
    pub seq: i64,
    /// Of whom; 0 for the household.
    pub person: i64,
    /// Which fact.
    pub fact: String,
    /// The value, or ？.
    pub value: String,
    /// The answer that stood there.
    pub base: i64,
    /// When, by the tablet's clock.
    pub said_at: String,
}

/// What became of a tablet's changes.
#[derive(Clone, Debug, Serialize)]
pub struct SyncTold {
    /// One for each change, in the order they were sent.
    pub changes: Vec<ChangeTold>,
    /// The visit as it is now; none when it has ended.
    pub visit: Option<TabletVisit>,
    /// What is told besides: a clock that is wrong, a visit that has ended.
    pub said: String,
}

/// What became of one change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangeTold {
    /// The tablet's own word for it.
    pub id: String,
    /// kept, same, older, differs or refused.
    pub outcome: String,
    /// What stands there, where it differs.
    pub theirs: String,
    /// By whom.
    pub by: String,
    /// Its number: what a choice stands on.
    pub base: i64,
    /// Why it was refused.
    pub said: String,
}

fn taken(view: VisitView) -> TabletVisit {
    let field = |field: FieldView| TabletField {
        key: field.key,
        fact: field.fact,
        question: field.question,
        hint: field.hint,
        choices: field.choices,
        value: field.value,
        base: field.base,
        required: field.required,
    };
    let parts = view.people.into_iter().map(|part| TabletPart {
        name: part.name,
        relation: part.relation,
        fields: part.fields.into_iter().map(field).collect(),
    });
    TabletVisit {
        no: view.no,
        title: view.title,
        place: view.place,
        record: view.record,
        asks: view.asks,
        two: view.two,
        parts: parts.collect(),
    }
}

/// The visits of numbers that this person may fill in now; each look is in the chain.
async fn open_ones(office: &Office, who: &Acting, numbers: &[i64]) -> Done<Vec<TabletVisit>> {
    let mut out = Vec::new();
    for no in numbers {
        match visit_view(office, who, *no, &Typed::default()).await {
            Ok(view) if view.open => out.push(taken(view)),
            Ok(_) | Err(CaseError::NotFound(_) | CaseError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(out)
}

/// 带到平板: the visits that go on and that this person began, answered in or confirmed.
///
/// # Errors
/// No right, none goes on, or the record.
pub async fn take(office: &Office, who: &Acting) -> Done<Package> {
    who.scope(Right::VISIT_REPORT)?;
    let numbers = tablets::open_of(&office.store, who.login(), TAKEN_MAX).await?;
    let visits = open_ones(office, who, &numbers).await?;
    if visits.is_empty() {
        let said = "没有可以带走的走访:请先在清单里点“开始走访”,再带到平板";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let until = later(office, who.book().settings().offline_seconds);
    let numbers: Vec<i64> = visits.iter().map(|visit| visit.no).collect();
    let new = NewPackage {
        user: who.user(),
        session: who.session(),
        until: until.clone(),
        visits: &numbers,
    };
    let mut tx = office.begin().await?;
    let at = office.clock.at();
    let (package, token) = tablets::take(&mut tx, &at, &new).await?;
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    tx.record(
        store::Act::new(&at, who.login(), "visit.take")
            .on("package", package)
            .because(format!("带到平板 {} 家", numbers.len()))
            .carrying(format!("{{\"visits\":[{}]}}", list.join(","))),
    );
    office.end(tx).await?;
    Ok(Package {
        token: token.text(),
        secret: tablets::secret(&office.store, package),
        seconds: left(office, &until),
        until: until.to_string(),
        expired: false,
        login: who.login().to_owned(),
        visits,
    })
}

/// So many seconds from now.
fn later(office: &Office, seconds: i64) -> At {
    let now = office.clock.now();
    let then = now.checked_add(SignedDuration::from_secs(seconds));
    At::from(then.unwrap_or_default())
}

/// How many seconds are left.
fn left(office: &Office, until: &At) -> i64 {
    let until: Timestamp = until.as_str().parse().unwrap_or_default();
    let now = office.clock.now().as_second();
    until.as_second().saturating_sub(now).max(0)
}

/// The package of a word, for whoever took it; none when it was ended.
async fn own(
    office: &Office,
    who: &Acting,
    token: &PackageToken,
) -> Done<Option<tablets::Package>> {
    let Some(held) = tablets::holding(&office.store, token).await? else {
        return Ok(None);
    };
    if held.user != who.user() {
        let said = "平板上的草稿是别人带走的,还在,没有打开;请带走的人自己登录同步";
        return Err(CaseError::Forbidden(said.to_owned()));
    }
    Ok(Some(held))
}

/// The package of a word, opened again by whoever took it: after the page was loaded anew, or after signing in
/// again. When its time is over no visit goes along, and the word is given for as long as a session: for what was
/// written to be sent. None when it was ended; then what lies on the tablet has to go.
///
/// # Errors
/// No right, somebody else took it, or the record.
pub async fn reopen(office: &Office, who: &Acting, token: &PackageToken) -> Done<Option<Package>> {
    who.scope(Right::VISIT_REPORT)?;
    let at = office.clock.at();
    let Some(held) = own(office, who, token).await? else {
        return Ok(None);
    };
    let expired = held.until <= at;
    let until = match expired {
        true => later(office, who.book().settings().longest_seconds),
        false => held.until,
    };
    let numbers = match expired {
        true => Vec::new(),
        false => tablets::visits(&office.store, held.no).await?,
    };
    let visits = open_ones(office, who, &numbers).await?;
    office
        .store
        .record_alone(store::Act::new(&at, who.login(), "visit.take-again").on("package", held.no))
        .await?;
    Ok(Some(Package {
        token: token.text(),
        secret: tablets::secret(&office.store, held.no),
        seconds: left(office, &until),
        until: until.to_string(),
        expired,
        login: who.login().to_owned(),
        visits,
    }))
}

/// How a package stands: nobody has to be signed in to be told that a tablet must forget.
///
/// # Errors
/// The record cannot be read.
pub async fn standing(office: &Office, token: &PackageToken) -> Done<Standing> {
    let at = office.clock.at();
    let held = tablets::holding(&office.store, token).await?;
    Ok(match held {
        None => Standing::Ended,
        Some(held) if held.until <= at => Standing::Expired,
        Some(_) => Standing::Holds,
    })
}

/// 同步: takes what was written on a tablet. Of two answers to one question both are told.
/// None when the package was ended; one whose time is over still brings what was written.
///
/// # Errors
/// No right, somebody else's package, no such visit in it, or more than one sync may bring.
pub async fn sync(
    office: &Office,
    who: &Acting,
    no: i64,
    sent: &SyncSent,
) -> Done<Option<SyncTold>> {
    let Some(token) = PackageToken::parse(&sent.package) else {
        return Ok(None);
    };
    let Some(held) = own(office, who, &token).await? else {
        return Ok(None);
    };
    if sent.changes.len() > CHANGES_MAX {
        let said = format!("一次最多同步 {CHANGES_MAX} 项,请分几次");
        return Err(CaseError::Refused(said));
    }
    let (visit, door) = find(office, who, no).await?;
    if !tablets::has(&office.store, held.no, no).await? {
        let said = format!("走访 {no} 不在这个离线包里");
        return Err(CaseError::NotFound(said));
    }
    let mut tx = office.begin().await?;
    let mut told = Vec::new();
    let mut written = 0_usize;
    let batch = Batch {
        office,
        who,
        visit: &visit,
        door: &door,
        package: held.no,
        now: &sent.now,
    };
    for change in &sent.changes {
        let (one, new) = batch.receive(&mut tx, change).await?;
        written = written.saturating_add(usize::from(new));
        told.push(one);
    }
    if written > 0 {
        let counts = serde_json::json!({"package": held.no, "said_now": short(&sent.now)});
        tx.record(
            act(office, who, "visit.sync", no, &door)
                .because(format!("{written} 项"))
                .carrying(counts.to_string()),
        );
        office.end(tx).await?;
    } else {
        // What is shown below writes down who looks, and there is one write at a time.
        drop(tx);
    }
    let mut said = clock_off(office, &sent.now);
    let ended = going_on(who, &visit, &door).err();
    if let Some(ended) = &ended {
        said = format!("{ended} {said}").trim().to_owned();
    }
    let now = match ended {
        Some(_) => None,
        None => open_ones(office, who, &[no]).await?.pop(),
    };
    Ok(Some(SyncTold {
        changes: told,
        visit: now,
        said,
    }))
}

/// What a tablet says of itself, no longer than needed.
fn short(said: &str) -> String {
    said.chars().take(WORD_MAX).collect()
}

/// A clock that is off is told; nothing depends on it.
fn clock_off(office: &Office, said: &str) -> String {
    let Ok(theirs) = said.parse::<Timestamp>() else {
        return "平板没有说它的时间,以系统时间为准".to_owned();
    };
    let ours = office.clock.now().as_second();
    let off = ours.saturating_sub(theirs.as_second());
    match off.abs() > OFF_MAX_SECONDS {
        true => "平板的时间和系统时间不一致,以系统时间为准,平板的时间另外记下".to_owned(),
        false => String::new(),
    }
}

/// What a sync is about.
struct Batch<'b> {
    office: &'b Office,
    who: &'b Acting,
    visit: &'b Visit,
    door: &'b Door,
    package: i64,
    now: &'b str,
}

impl Batch<'_> {
    /// Takes one change; what became of it, and whether anything was written down.
    async fn receive(&self, tx: &mut JournalTx, sent: &SentChange) -> Done<(ChangeTold, bool)> {
        let mut told = ChangeTold {
            id: sent.id.clone(),
            ..ChangeTold::default()
        };
        let mut refuse = |said: String| {
            told.outcome = ChangeOutcome::Refused.word().to_owned();
            told.said = said;
        };
        let word = sent.id.as_str();
        let fits_id = !word.is_empty()
            && word.len() <= WORD_MAX
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let fits_value = (1..=VALUE_MAX).contains(&sent.value.chars().count());
        let fits_fact = (1..=WORD_MAX).contains(&sent.fact.chars().count());
        if !fits_id || !fits_value || !fits_fact || sent.seq < 1 || sent.base < 0 {
            refuse("这一项的编号或者内容不对,没有收".to_owned());
            return Ok((told, false));
        }
        let earlier = tablets::change(tx, self.package, word).await?;
        if let Some(earlier) = &earlier {
            if earlier.value != sent.value {
                refuse("同一个编号来过别的内容,没有收".to_owned());
                return Ok((told, false));
            }
            // What was told to differ is told with what stands there now.
            if earlier.outcome != ChangeOutcome::Differs {
                told.outcome = earlier.outcome.word().to_owned();
                told.base = earlier.answer.unwrap_or(0);
                return Ok((told, false));
            }
        }
        let said = Said {
            person: (sent.person != 0).then(|| PersonId::new(sent.person)),
            fact: sent.fact.clone(),
            value: sent.value.clone(),
            base: sent.base,
        };
        let open = going_on(self.who, self.visit, self.door);
        let fit = open.and_then(|(_, form)| fits(self.office, form, self.door, &said));
        match fit {
            Ok(()) => {}
            Err(CaseError::Refused(why) | CaseError::Forbidden(why)) => {
                refuse(why);
                // A person of another household is written down nowhere.
                let lives = said
                    .person
                    .is_none_or(|one| self.door.people.iter().any(|(person, _)| *person == one));
                let new = earlier.is_none() && lives;
                if new {
                    self.keep(tx, sent, (ChangeOutcome::Refused, None)).await?;
                }
                return Ok((told, new));
            }
            Err(error) => return Err(error),
        }
        let again = earlier.is_some();
        let outcome = self.judged(tx, (&said, sent.seq, again), &mut told).await?;
        told.outcome = outcome.0.word().to_owned();
        if again {
            return Ok((told, false));
        }
        self.keep(tx, sent, outcome).await?;
        Ok((told, true))
    }

    async fn judged(
        &self,
        tx: &mut JournalTx,
        (said, seq, again): (&Said, i64, bool),
        told: &mut ChangeTold,
    ) -> Done<(ChangeOutcome, Option<i64>)> {
        let no = self.visit.no;
        let held = visits::answers(tx, no).await?;
        let newest = newest(&held);
        let now = newest.get(&(said.person, said.fact.clone())).copied();
        let seen = (self.package, no);
        let newest_seq = tablets::newest_seq(tx, seen, said.person, &said.fact).await?;
        // What was told to differ once stays so until somebody chooses.
        let own = match now.filter(|_| !again) {
            Some(now) => tablets::is_own(tx, self.package, now.no).await?,
            None => false,
        };
        let written = Written::OnTablet {
            seq,
            newest_seq,
            own,
        };
        Ok(match judge(now, (&said.value, said.base), written) {
            Verdict::Keep(base) => {
                let new = NewAnswer {
                    person: said.person,
                    fact: said.fact.clone(),
                    value: said.value.clone(),
                    base,
                };
                let at = self.office.clock.at();
                let answer = visits::answer(tx, &at, self.who.login(), no, &new).await?;
                told.base = answer;
                (ChangeOutcome::Kept, Some(answer))
            }
            Verdict::Same(now) => {
                told.base = now.no;
                (ChangeOutcome::Same, None)
            }
            Verdict::Older | Verdict::Untouched => (ChangeOutcome::Older, None),
            Verdict::Differs(now) => {
                told.theirs.clone_from(&now.content.value);
                told.by.clone_from(&now.actor);
                told.base = now.no;
                (ChangeOutcome::Differs, None)
            }
        })
    }

    async fn keep(
        &self,
        tx: &mut JournalTx,
        sent: &SentChange,
        (outcome, answer): (ChangeOutcome, Option<i64>),
    ) -> Done<()> {
        let (said_at, said_now) = (short(&sent.said_at), short(self.now));
        let new = NewChange {
            package: self.package,
            key: &sent.id,
            visit: self.visit.no,
            seq: sent.seq,
            person: (sent.person != 0).then(|| PersonId::new(sent.person)),
            fact: &sent.fact,
            value: &sent.value,
            base: sent.base,
            outcome,
            answer,
            said_at: &said_at,
            said_now: &said_now,
        };
        tablets::add_change(tx, &self.office.clock.at(), &new).await?;
        Ok(())
    }
}

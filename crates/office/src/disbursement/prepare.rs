//! 编制: the lines of a month's batch, drawn up step by step under a lease. Killed anywhere and begun
//! again, it goes on behind the last step and ends with the same lines under the same numbers.

use super::book::{BatchKind, PayBook, Source, fund_year};
use super::entitled::known_account;
use super::{Paid, PayError, arrears, note, whole};
use crate::access::{Acting, Right};
use crate::clock::Watch;
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::payment::{BatchState, LineState};
use domain::{Fen, HouseholdId, Month, PersonId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::entitlements::{self, Cause, NewEntitlement, Subject, SubjectKind};
use store::jobs::{self, Advance, Job, JobEnd, Lease};
use store::payments::{self, NewBatch, NewLine, Total};

/// The kind of job.
const JOB: &str = "payment-prepare";
/// Lines of one step.
const LINES_AT_ONCE: u32 = 20_000;
/// How long nobody else may go on with what stopped.
const LEASE_SECONDS: i64 = 60;

/// What came of preparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Number of the batch.
    pub batch: i64,
    /// Its lines.
    pub lines: u64,
    /// Their sum.
    pub amount: Fen,
}

/// Draws up the batch of a kind and month, or goes on with one that was interrupted. `told` hears the
/// name of each step when it is durable.
///
/// # Errors
/// The right is missing, a batch of the kind and month is open, or nobody is due anything.
pub async fn prepare(
    office: &Office,
    who: &Acting,
    kind: &str,
    month: Month,
    mut told: impl FnMut(&str),
) -> Paid<Prepared> {
    whole(who, Right::PAYMENT_PREPARE)?;
    office.may_judge()?;
    let book = super::book(office)?;
    let kind = book.kind(kind)?.clone();
    let batch = begin(office, who, &book, &kind, month).await?;
    told("begun");
    let work = Work {
        office,
        who,
        book: &book,
        kind: &kind,
        month,
        batch,
        job: claim(office, batch).await?,
    };
    work.entitle().await?;
    told("entitled");
    let mut step = 0_u32;
    while work.add_lines(step).await? {
        step = step.saturating_add(1);
        told(&format!("lines-{step}"));
    }
    let prepared = work.finish().await?;
    told("prepared");
    Ok(prepared)
}

/// The batch to work on: a new one, or the one that was interrupted.
async fn begin(
    office: &Office,
    who: &Acting,
    book: &PayBook,
    kind: &BatchKind,
    month: Month,
) -> Paid<i64> {
    let mut tx = office.store.write().await?;
    if let Some(open) = payments::find_open(&tx, &kind.code, month).await? {
        return match open.state {
            BatchState::Preparing => Ok(open.no),
            _ => Err(PayError::Refused(format!(
                "{month} 的{}已经有第 {} 批,{};先把它办完或者作废",
                kind.title,
                open.no,
                open.state.word()
            ))),
        };
    }
    let at = office.clock.at();
    let new = NewBatch {
        kind: kind.code.clone(),
        component: kind.component.clone(),
        month,
        bank: book.bank.clone(),
        prepared_by: who.user(),
    };
    let batch = payments::begin(&mut tx, &at, &new).await?;
    jobs::ask(&mut tx, &at, JOB, &batch.to_string(), "").await?;
    note(&mut tx, office, who, "payment.prepare", batch, &kind.title);
    tx.commit().await?;
    Ok(batch)
}

fn lease(office: &Office) -> Lease {
    // The demo's clock stands still; a lease runs by the machine's.
    let watch = Watch::Machine;
    Lease {
        holder: format!("folder:{}", office.store.folder().display()),
        now: watch.at(0),
        until: watch.at(LEASE_SECONDS),
    }
}

/// Takes the lease of a batch: a new one, or this folder's own from before it was stopped. Only one
/// program has the folder open, so whoever held it here is gone.
async fn claim(office: &Office, batch: i64) -> Paid<Job> {
    let mut tx = office.store.write().await?;
    let lease = lease(office);
    let asked = jobs::find_key(&tx, JOB, &batch.to_string()).await?;
    let Some(asked) = asked else {
        let said = format!("第 {batch} 批没有编制作业;请作废后重新编制");
        return Err(PayError::Refused(said));
    };
    let job = match jobs::resume(&mut tx, asked.id, &lease).await? {
        Some(own) => Some(own),
        None => jobs::claim(&mut tx, JOB, &lease)
            .await?
            .filter(|job| job.id == asked.id),
    };
    let Some(job) = job else {
        let said = format!("第 {batch} 批正由另一个程序编制;请稍后再试");
        return Err(PayError::Refused(said));
    };
    tx.record(
        store::Act::new(&office.clock.at(), "system", "payment.prepare-step")
            .on("payment-batch", batch)
            .because("领取编制作业"),
    );
    tx.commit().await?;
    Ok(job)
}

struct Work<'a> {
    office: &'a Office,
    who: &'a Acting,
    book: &'a PayBook,
    kind: &'a BatchKind,
    month: Month,
    batch: i64,
    job: Job,
}

impl Work<'_> {
    /// Does a step once: what it wrote stands with the note that it is done, or not at all.
    async fn once<T>(&self, mut tx: store::JournalTx, step: &str, outcome: T) -> Paid<Option<T>> {
        let lease = lease(self.office);
        match jobs::advance(&mut tx, self.job.id, &lease, step, "ok", "").await? {
            Advance::Before(_) => Ok(None),
            Advance::Now => {
                note(
                    &mut tx,
                    self.office,
                    self.who,
                    "payment.prepare-step",
                    self.batch,
                    step,
                );
                tx.commit().await?;
                Ok(Some(outcome))
            }
        }
    }

    async fn is_done(&self, step: &str) -> Paid<bool> {
        let store = &self.office.store;
        Ok(jobs::step_outcome(store, self.job.id, step)
            .await?
            .is_some())
    }

    /// What a rule or a festival gives for this month alone becomes entitlements, each with its cause.
    async fn entitle(&self) -> Paid<()> {
        const STEP: &str = "entitle";
        if self.is_done(STEP).await? {
            return Ok(());
        }
        let new = match &self.kind.source {
            Source::Entitlements | Source::Returned | Source::AtOnce => Vec::new(),
            Source::Rule(file) => self.by_rule(file).await?,
            Source::Festival => self.by_festival().await?,
        };
        let known: BTreeSet<(String, Subject)> = self.known().await?;
        let new: Vec<NewEntitlement> = new
            .into_iter()
            .filter(|one| !known.contains(&(one.programme.clone(), one.subject)))
            .collect();
        let mut tx = self.office.store.write().await?;
        let at = self.office.clock.at();
        entitlements::add_many(&mut tx, &at, self.who.login(), &new).await?;
        if self.kind.source == Source::Entitlements {
            let by = self.who.login();
            arrears::make_up_left_over(self.office, &mut tx, by, &self.kind.component).await?;
        }
        self.once(tx, STEP, ()).await?;
        Ok(())
    }

    /// Whoever has this component for this month already.
    async fn known(&self) -> Paid<BTreeSet<(String, Subject)>> {
        let all = in_force(self.office, self.month).await?;
        let own = all
            .into_iter()
            .filter(|one| one.component == self.kind.component);
        Ok(own.map(|one| (one.programme, one.subject)).collect())
    }

    /// Whoever a rule finds 符合 in the month, with the amount after 不并给.
    async fn by_rule(&self, file: &str) -> Paid<Vec<NewEntitlement>> {
        let data = MonthData::load(self.office, self.month).await?;
        let run = store::runs::newest(&self.office.store, self.month).await?;
        let pays =
            engine::payable::payable(&data.program, &data.judged, &data.frames, self.month.last());
        let pay = pays.into_iter().find(|pay| pay.file_id == file);
        let pay = pay.ok_or_else(|| {
            PayError::Refused(format!(
                "本地没有采用规则 `{file}`,不能编{}",
                self.kind.title
            ))
        })?;
        let fund = self.book.fund(file)?;
        let cause = Cause::new(
            "rule",
            format!(
                "{file}@{} run:{}",
                self.month,
                run.map_or(0, |run| run.run_no)
            ),
        );
        let paid: Vec<(i64, Fen)> = pay
            .entitled
            .iter()
            .filter_map(|paid| Some((paid.id, Fen::new(paid.paid?))))
            .filter(|(_, amount)| *amount > Fen::ZERO)
            .collect();
        let persons: Vec<PersonId> = paid.iter().map(|(id, _)| PersonId::new(*id)).collect();
        let homes = self.homes(&persons).await?;
        let mut out = Vec::new();
        for (person, amount) in paid {
            let Some((household, area)) = homes.get(&person).copied() else {
                continue;
            };
            out.push(NewEntitlement {
                programme: file.to_owned(),
                component: self.kind.component.clone(),
                subject: Subject {
                    kind: SubjectKind::Person,
                    id: person,
                },
                household,
                payee: PersonId::new(person),
                fund: fund.to_owned(),
                area,
                from: self.month,
                to: Some(self.month.next()),
                amount,
                account: None,
                cause: cause.clone(),
            });
        }
        self.with_cards(out).await
    }

    /// Whoever is entitled to the programmes of a festival of this month.
    async fn by_festival(&self) -> Paid<Vec<NewEntitlement>> {
        let festivals = self.book.festivals.iter();
        let now: Vec<_> = festivals
            .filter(|one| one.month == self.month.month())
            .collect();
        if now.is_empty() {
            let said = format!("{} 没有要慰问的节日;节日写在发放办法里", self.month);
            return Err(PayError::Refused(said));
        }
        let standing = in_force(self.office, self.month).await?;
        let mut out = Vec::new();
        for festival in now {
            let fund = self.book.fund("festival")?;
            let entitled = standing.iter().filter(|one| {
                one.component == super::entitled::BASIC
                    && festival.programmes.contains(&one.programme)
            });
            for one in entitled {
                out.push(NewEntitlement {
                    programme: format!("festival.{}", one.programme),
                    component: self.kind.component.clone(),
                    subject: one.subject,
                    household: one.household,
                    payee: one.payee,
                    fund: fund.to_owned(),
                    area: one.area,
                    from: self.month,
                    to: Some(self.month.next()),
                    amount: festival.amount,
                    account: None,
                    cause: Cause::new("entitlement", one.id),
                });
            }
        }
        self.with_cards(out).await
    }

    /// The card each payee's money goes to already.
    async fn with_cards(&self, mut all: Vec<NewEntitlement>) -> Paid<Vec<NewEntitlement>> {
        let mut at_hand: HashMap<(HouseholdId, PersonId, String), Option<i64>> = HashMap::new();
        for one in &mut all {
            let key = (one.household, one.payee, one.programme.clone());
            one.account = match at_hand.get(&key) {
                Some(known) => *known,
                None => {
                    let store = &self.office.store;
                    let found =
                        known_account(store, one.household, (one.payee, &one.programme)).await?;
                    at_hand.insert(key, found);
                    found
                }
            };
        }
        Ok(all)
    }

    /// Where persons live at the end of the month.
    async fn homes(
        &self,
        persons: &[PersonId],
    ) -> Paid<HashMap<i64, (HouseholdId, domain::AreaCode)>> {
        let store = &self.office.store;
        let members = store::households::memberships_on(store, persons, self.month.last()).await?;
        let ids: BTreeSet<HouseholdId> = members.values().map(|m| m.household).collect();
        let ids: Vec<HouseholdId> = ids.into_iter().collect();
        let areas: BTreeMap<HouseholdId, domain::AreaCode> =
            store::households::get_many(store, &ids)
                .await?
                .into_iter()
                .map(|home| (home.id, home.area))
                .collect();
        Ok(members
            .into_values()
            .filter_map(|m| {
                let area = areas.get(&m.household)?;
                Some((m.person.get(), (m.household, *area)))
            })
            .collect())
    }

    /// Adds the next lines; whether there were any.
    async fn add_lines(&self, step: u32) -> Paid<bool> {
        let name = format!("lines-{step}");
        if self.is_done(&name).await? {
            return Ok(true);
        }
        let mut tx = self.office.store.write().await?;
        let last = payments::last_line(&tx, self.batch).await?;
        let (lines, beside) = match &self.kind.source {
            Source::Returned => (self.again(&tx, last).await?, Vec::new()),
            Source::AtOnce => {
                let lines = super::prompt::lines(&tx, self.kind, self.month, last).await?;
                (lines, Vec::new())
            }
            Source::Rule(_) | Source::Festival => (self.due(&tx, last).await?, Vec::new()),
            Source::Entitlements => self.due_with_arrears(&tx, last).await?,
        };
        if lines.is_empty() {
            return Ok(false);
        }
        payments::add_lines(&mut tx, self.batch, &lines).await?;
        store::arrears::keep(&mut tx, &self.office.clock.at(), &beside).await?;
        self.once(tx, &name, ()).await?;
        Ok(true)
    }

    /// The next lines that come to something, with what they bring for earlier months; none where no more are due.
    async fn due_with_arrears(
        &self,
        tx: &store::JournalTx,
        mut last: Option<(u32, i64)>,
    ) -> Paid<(Vec<NewLine>, Vec<store::arrears::Beside>)> {
        let of = (self.batch, self.month, self.kind.component.as_str());
        loop {
            let mut lines = self.due(tx, last).await?;
            let Some(read) = lines.last().map(|line| line.entitlement) else {
                return Ok((Vec::new(), Vec::new()));
            };
            let beside = arrears::bring(tx, of, &mut lines).await?;
            if !lines.is_empty() {
                return Ok((lines, beside));
            }
            // Nothing is left due of any of them: those behind may come to something.
            last = Some((last.map_or(0, |(line, _)| line), read));
        }
    }

    async fn due(&self, tx: &store::JournalTx, last: Option<(u32, i64)>) -> Paid<Vec<NewLine>> {
        let (line, after) = last.unwrap_or((0, 0));
        let due =
            entitlements::due(tx, self.month, &self.kind.component, after, LINES_AT_ONCE).await?;
        Ok((line.saturating_add(1)..)
            .zip(due)
            .map(|(line_no, due)| NewLine {
                line_no,
                entitlement: due.entitlement,
                month: self.month,
                attempt: 1,
                reissue_of: None,
                programme: due.programme,
                fund: fund_year(&due.fund, self.month),
                household: due.household,
                payee: due.payee,
                account: due.account,
                identity: due.identity,
                amount: due.amount,
                area: due.area,
            })
            .collect())
    }

    /// Lines that came back, to the card the entitlement has now.
    async fn again(&self, tx: &store::JournalTx, last: Option<(u32, i64)>) -> Paid<Vec<NewLine>> {
        // The list grows shorter as lines are drawn up again, so each step begins at its start.
        let back = payments::returned(tx, 0, LINES_AT_ONCE).await?;
        let ids: Vec<i64> = back.iter().map(|line| line.content.entitlement).collect();
        let cards = entitlements::accounts(tx, &ids).await?;
        let first = last.map_or(0, |(line, _)| line).saturating_add(1);
        let payees: Vec<PersonId> = back.iter().map(|line| line.content.payee).collect();
        let identities = store::identity::newest_ids(tx, &payees).await?;
        Ok((first..)
            .zip(back.into_iter().zip(cards))
            .map(|(line_no, (line, cards))| NewLine {
                line_no,
                attempt: line.content.attempt.saturating_add(1),
                reissue_of: Some(line.id),
                account: cards.last().map(|card| card.account),
                identity: identities.get(&line.content.payee).copied(),
                ..line.content
            })
            .collect())
    }

    async fn finish(&self) -> Paid<Prepared> {
        let mut tx = self.office.store.write().await?;
        let total = payments::total_in(&tx, self.batch, LineState::Proposed).await?;
        let Total { lines, amount } = total;
        if lines == 0 {
            payments::voided(&mut tx, self.batch, &self.office.clock.at()).await?;
            let lease = lease(self.office);
            jobs::finish(&mut tx, self.job.id, &lease, JobEnd::Done, "没有要发的").await?;
            note(
                &mut tx,
                self.office,
                self.who,
                "payment.void",
                self.batch,
                "没有要发的",
            );
            tx.commit().await?;
            return Err(PayError::Refused(format!(
                "{} 没有要编进{}的人;还没有开账的,先开账",
                self.month, self.kind.title
            )));
        }
        payments::prepared(&mut tx, self.batch, total).await?;
        let lease = lease(self.office);
        jobs::finish(&mut tx, self.job.id, &lease, JobEnd::Done, "ok").await?;
        let says = format!("{lines} 行 {amount} 元");
        note(
            &mut tx,
            self.office,
            self.who,
            "payment.prepared",
            self.batch,
            &says,
        );
        tx.commit().await?;
        Ok(Prepared {
            batch: self.batch,
            lines,
            amount,
        })
    }
}

/// Every entitlement in force in a month.
pub(super) async fn in_force(
    office: &Office,
    month: Month,
) -> Paid<Vec<entitlements::Entitlement>> {
    let mut out: Vec<entitlements::Entitlement> = Vec::new();
    loop {
        let after = out.last().map_or(0, |one| one.id);
        let page = entitlements::in_force(&office.store, month, after, 50_000).await?;
        if page.is_empty() {
            return Ok(out);
        }
        out.extend(page);
    }
}

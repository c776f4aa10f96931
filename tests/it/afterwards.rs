//! After the decision, on both databases: reviews that are due, a change, a gradual exit month by month to the
//! fen, a stop with its hearing and what was paid beyond, death, the crisis channel, the conference, delegation
//! and who handled what.

mod added;
mod arrears;
mod bound;
mod continued;
mod counters;
mod crisis;
mod crisis_edges;
mod entrusted;
mod guardian;
mod letters;
mod made_up;
mod months;
mod outside;
mod owed;
mod recused;
mod undone;
mod urged;
mod visited;

use crate::county::{County, Faults};
use crate::postgres;
use crate::staff::{Signed, Staff};
use domain::{CaseNo, Fen, HouseholdId, Month};
use office::access::Acting;
use office::casework::afterwards::{
    self as after, AfterKind, AfterPurpose, Begin, Heard, HeardAnswer, HeardAs, Ruling, Told,
};
use office::casework::opinion::look_into;
use office::casework::{self, CaseError, Completion, DeliveryWay, Holds};
use office::disbursement as pay;
use office::{Database, Office, Setting};
use std::path::PathBuf;
use std::sync::Arc;
use store::entitlements::Cause;
use store::notices::RuleResult;
use synth::BankFault;

const COUNTY: &str = "990101";

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn fen(amount: i64) -> Fen {
    Fen::new(amount)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, CaseError>, says: &str) {
    let said = answer.unwrap_err().to_string();
    assert!(said.contains(says), "{said}");
}

/// A county that has sent its files, with one official of every kind.
struct Bench {
    office: Arc<Office>,
    staff: Staff,
    wang: Signed,
    zhao: Signed,
    li: Signed,
    chen: Signed,
    chen2: Signed,
    chen3: Signed,
    county: County,
}

impl Bench {
    async fn open(database: Database) -> Self {
        Self::with(County::new(Faults::None), database, None).await
    }

    async fn with(county: County, database: Database, rulebook: Option<PathBuf>) -> Self {
        let setting = Setting {
            rulebook,
            ..crate::county::setting(
                &county.folder.path().join("data"),
                database,
                "2026-09-01T09:00",
            )
        };
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let bench = Self {
            li: staff.enter("li", "网格员", COUNTY).await,
            wang: staff.enter("wang", "窗口经办", COUNTY).await,
            zhao: staff.enter("zhao", "核对员", COUNTY).await,
            chen: staff.enter("chen", "县级审核", COUNTY).await,
            chen2: staff.enter("chen2", "县级审核", COUNTY).await,
            chen3: staff.enter("chen3", "县级审核", COUNTY).await,
            office,
            staff,
            county,
        };
        let month = month("2026-08");
        pay::take_over(&bench.office, &bench.chen.who, month)
            .await
            .unwrap();
        bench
    }

    fn at(&self, moment: &str) {
        self.office.clock().set(moment);
    }

    async fn begin(&self, purpose: AfterPurpose, entitlement: i64) -> Result<CaseNo, CaseError> {
        let new = Begin {
            purpose,
            entitlement,
            recovery: None,
            cause: Cause::new("act", format!("{}-{entitlement}", self.office.clock().at())),
            because: String::new(),
        };
        after::begin(&self.office, &self.wang.who, &new).await
    }

    async fn done(&self, who: &Acting, no: CaseNo, step: &str) -> Result<(), CaseError> {
        self.found(who, no, (step, "")).await
    }

    /// A step done with what was found.
    async fn found(
        &self,
        who: &Acting,
        no: CaseNo,
        (step, because): (&str, &str),
    ) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, who, no).await?;
        let two = case
            .procedure
            .step(step)
            .is_some_and(|step| step.persons > 1);
        let others: Vec<String> = if two {
            vec!["li".to_owned()]
        } else {
            Vec::new()
        };
        let mut tx = self.office.begin().await?;
        let completion = Completion {
            step,
            others: &others,
            because,
            ..Completion::default()
        };
        casework::complete(&self.office, &mut tx, who, &mut case, completion).await?;
        self.office.end(tx).await
    }

    async fn told(&self, who: &Acting, no: CaseNo, name: &str) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, who, no).await?;
        let mut tx = self.office.begin().await?;
        let told = (name, Holds::Yes);
        casework::circumstance(&self.office, &mut tx, who, &mut case, told, "核实记录").await?;
        self.office.end(tx).await
    }

    async fn tell(&self, no: CaseNo) -> Result<i64, CaseError> {
        self.tell_of(no, (None, None)).await
    }

    /// Tells a family from which month how much is meant.
    async fn tell_of(
        &self,
        no: CaseNo,
        (from, amount): (Option<Month>, Option<Fen>),
    ) -> Result<i64, CaseError> {
        let told = Told {
            way: DeliveryWay::InPerson,
            words: String::new(),
            from,
            amount,
        };
        after::tell(&self.office, &self.wang.who, no, &told).await
    }

    /// The open step of verification done with its report.
    async fn verified(&self, no: CaseNo) {
        let (clerk, officer) = (&self.wang.who, &self.zhao.who);
        crate::found_out::verified(&self.office, clerk, officer, no).await;
    }

    /// The open step of a visit done by two.
    async fn visited(&self, no: CaseNo) {
        crate::found_out::visited(&self.office, &self.wang.who, &self.li.who, no).await;
    }

    async fn hear(
        &self,
        no: CaseNo,
        answer: HeardAnswer,
        follows: &[&str],
    ) -> Result<i64, CaseError> {
        let heard = Heard {
            form: match answer {
                HeardAnswer::Silent => HeardAs::Nothing,
                HeardAnswer::Agrees | HeardAnswer::Objects => HeardAs::Spoken,
            },
            answer,
            words: match answer {
                HeardAnswer::Silent => String::new(),
                HeardAnswer::Agrees | HeardAnswer::Objects => "孩子找到了工作,同意".to_owned(),
            },
            with: String::new(),
            follows: follows.iter().map(|name| (*name).to_owned()).collect(),
        };
        after::hear(&self.office, &self.wang.who, no, &heard).await
    }

    async fn sign(&self, no: CaseNo, ruling: &Ruling) -> Result<i64, CaseError> {
        after::sign(&self.office, &self.chen.who, no, ruling).await
    }

    async fn deliver(&self, no: CaseNo) -> Result<Option<i64>, CaseError> {
        let way = (DeliveryWay::InPerson, "本人".into());
        after::deliver(&self.office, &self.wang.who, no, way).await
    }

    /// The open step; empty when it is closed.
    async fn step(&self, no: CaseNo) -> String {
        let case = casework::load(&self.office, &self.chen.who, no)
            .await
            .unwrap();
        case.standing
            .open
            .map_or_else(String::new, |open| open.name)
    }

    /// What is to be paid at once and is not with the bank: kind, amount, household.
    async fn waits(&self) -> Vec<(String, String, i64)> {
        let waits = pay::waiting(&self.office, &self.chen.who).await.unwrap();
        let told = waits.into_iter();
        told.map(|one| (one.title, one.amount, one.household))
            .collect()
    }

    /// A batch of a month drawn up: what a household's help is in it, and its number.
    async fn drawn(&self, month: Month, household: HouseholdId) -> (i64, Option<Fen>) {
        let drawn = pay::prepare(&self.office, &self.chen.who, "monthly", month, |_| {})
            .await
            .unwrap();
        let seen = pay::household(&self.office, &self.chen.who, household.get())
            .await
            .unwrap();
        let mut lines = seen.lines.iter();
        let own = lines.find(|(of, batch, line)| {
            *of == month.to_string() && *batch == drawn.batch && line.programme == "最低生活保障"
        });
        (
            drawn.batch,
            own.map(|(_, _, line)| Fen::parse(&line.amount).unwrap()),
        )
    }

    /// Sends a batch to the bank, which pays everybody.
    async fn paid(&self, batch: i64) {
        self.answered(batch, &[]).await;
    }

    /// The same, and the bank sends some back.
    async fn answered(&self, batch: i64, faults: &[(BankFault, u64)]) {
        let office = &self.office;
        pay::check(office, &self.chen2.who, batch).await.unwrap();
        pay::approve(office, &self.chen3.who, batch).await.unwrap();
        pay::seal(office, &self.chen3.who, batch).await.unwrap();
        let file = pay::release(office, &self.chen3.who, batch, |_| {})
            .await
            .unwrap();
        let book = office.book().texts()["banks/demo.md"].clone();
        let reply = synth::bank_answer(&book, &std::fs::read(file).unwrap(), 1, faults).unwrap();
        pay::answer(office, &self.chen2.who, batch, &reply.name, &reply.bytes)
            .await
            .unwrap();
    }

    /// Dibao help on the roll: entitlement and household.
    async fn dibao(&self) -> Vec<(i64, HouseholdId)> {
        let far = month("2030-01");
        let all = after::due(&self.office, &self.wang.who, far).await.unwrap();
        let all = all.into_iter().filter(|line| line.programme == "dibao");
        all.map(|line| (line.entitlement, line.household)).collect()
    }

    /// A case of a purpose whose facts are all known, of the first such households from a place in the list on.
    async fn sure(&self, purpose: AfterPurpose, skip: usize) -> (CaseNo, i64, HouseholdId) {
        for (entitlement, household) in self.dibao().await.into_iter().skip(skip) {
            let Ok(no) = self.begin(purpose, entitlement).await else {
                continue;
            };
            let case = casework::load(&self.office, &self.chen.who, no)
                .await
                .unwrap();
            let judged = look_into(&self.office, &case).await.unwrap();
            if judged.found.result() != RuleResult::Pending {
                return (no, entitlement, household);
            }
        }
        panic!("no household of which everything is known")
    }

    /// What some help is a month, as the record has it in a month.
    async fn amount(&self, entitlement: i64, month: Month) -> Fen {
        let tx = self.office.begin().await.unwrap();
        let all = store::entitlements::amounts(&tx, entitlement)
            .await
            .unwrap();
        let held = all.iter().rev().find(|one| one.from <= month);
        held.unwrap().amount
    }
}

fn ruling(kind: AfterKind, because: &str) -> Ruling {
    Ruling {
        kind,
        amount: None,
        from: None,
        because: because.to_owned(),
        articles: Vec::new(),
    }
}

/// More a month from a month on.
fn raise(amount: Option<Fen>, from: &str) -> Ruling {
    Ruling {
        amount,
        from: Some(month(from)),
        ..ruling(AfterKind::Raised, "长女患病,支出增加")
    }
}

async fn on_both(test: impl AsyncFn(Database)) {
    test(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Database::Postgres { address }).await;
    }
}

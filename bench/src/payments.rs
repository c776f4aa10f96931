//! A month's batch of 100,000 lines: prepared, checked, sealed and handed over, on the product's own
//! record. The persons, their cards and what they are entitled to are made beforehand; planted faults
//! (shared cards, wrong digits, no card) make the checks do something.

use crate::measure::processor_seconds;
use anyhow::{Context, Result, anyhow, bail};
use domain::household::{Membership, Relation, Standing};
use domain::{AreaCode, BankCard, Fen, Month, Span, card_check_digit};
use office::access::{Access, Acting, By, NewAccount, NewOffice, Stage};
use office::disbursement::{self as pay};
use office::{Clock, Database, Office, Setting, Watch};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use store::entitlements::{Cause, NewEntitlement, Subject};
use store::households::NewHousehold;
use store::identity::NewIdentity;
use store::persons::{NewPerson, PersonStatus};
use store::{Act, At, Opening, RowId, Store};

const AREA: &str = "990101";
const MOMENT: &str = "2026-09-14T09:00";
const ROWS_AT_ONCE: usize = 20_000;

/// How much to pay.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for the record; made anew.
    #[arg(long)]
    work: PathBuf,
    /// Lines of the batch.
    #[arg(long, default_value_t = 100_000)]
    lines: usize,
    /// PostgreSQL instead of the file in the folder.
    #[arg(long, value_name = "ADDRESS")]
    postgres: Option<String>,
}

/// Pays a month.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(pay_month(options))
}

async fn pay_month(options: &Options) -> Result<()> {
    let work = std::path::absolute(&options.work)?;
    if work.exists() {
        std::fs::remove_dir_all(&work).with_context(|| work.display().to_string())?;
    }
    let database = || match &options.postgres {
        Some(address) => Database::Postgres {
            address: address.clone(),
        },
        None => Database::Sqlite,
    };
    fill(&work, database(), options.lines).await?;
    let office = Arc::new(open(&work, database()).await?);
    let people = three_persons(&office).await?;
    let [one, two, three] = &people;
    let month = Month::parse("2026-09").map_err(|e| anyhow!("{e}"))?;
    let mut took = Took::begin();
    let drawn = pay::prepare(&office, one, "monthly", month, |_| {}).await?;
    took.next("prepare");
    let findings = pay::check(&office, two, drawn.batch).await?;
    took.next("check");
    pay::approve(&office, three, drawn.batch).await?;
    pay::seal(&office, three, drawn.batch).await?;
    took.next("seal");
    let whole = took.whole();
    pay::release(&office, three, drawn.batch, |_| {}).await?;
    took.next("release");
    let found = pay::verify(&office).await?;
    took.next("verify");
    if !found.is_empty() {
        bail!("{}", found.join("; "));
    }
    println!(
        "{} lines, {} yuan, {} findings",
        drawn.lines,
        drawn.amount.to_plain(),
        findings.len()
    );
    for (step, wall, cpu) in &took.steps {
        println!("{step:<10}{wall:>9.2} s wall{cpu:>9.2} s processor");
    }
    println!("prepared, checked and sealed in {whole:.2} s");
    Ok(())
}

/// What each step took.
struct Took {
    at: Instant,
    cpu: f64,
    steps: Vec<(&'static str, f64, f64)>,
}

impl Took {
    fn begin() -> Self {
        Self {
            at: Instant::now(),
            cpu: processor_seconds().unwrap_or(0.0),
            steps: Vec::new(),
        }
    }

    fn next(&mut self, step: &'static str) {
        let (wall, cpu) = (
            self.at.elapsed().as_secs_f64(),
            processor_seconds().unwrap_or(0.0),
        );
        self.steps.push((step, wall, cpu - self.cpu));
        self.at = Instant::now();
        self.cpu = cpu;
    }

    fn whole(&self) -> f64 {
        self.steps.iter().map(|(_, wall, _)| wall).sum()
    }
}

async fn open(work: &Path, database: Database) -> Result<Office> {
    let clock = Clock::fixed(MOMENT).context("the moment")?;
    let setting = Setting {
        folder: work.to_owned(),
        database,
        // Funds without end: what is measured is paying, not running out.
        rulebook: Some(rulebook(work)?),
        locality: "demo".to_owned(),
        clock,
    };
    Ok(Office::open(setting).await?)
}

/// The rulebook of the program with a larger budget.
fn rulebook(work: &Path) -> Result<PathBuf> {
    let folder = work.join("rulebook");
    let book = office::rulebook::read(None)?;
    for (path, text) in book.texts() {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let text = if path.ends_with("budgets.csv") {
            text.replace("60000000", "6000000000")
        } else {
            text.clone()
        };
        std::fs::write(&file, text)?;
    }
    Ok(folder)
}

/// Persons with cards and entitlements, written as the intake and decisions would.
async fn fill(work: &Path, database: Database, lines: usize) -> Result<()> {
    std::fs::create_dir_all(work)?;
    let at = At::parse("2026-09-01T00:00:00Z")?;
    let store = Store::open(Opening {
        folder: work.to_owned(),
        database,
        at: at.clone(),
    })
    .await?;
    let area = AreaCode::parse("990101001001").map_err(|e| anyhow!("{e:?}"))?;
    let month = Month::parse("2026-09").map_err(|e| anyhow!("{e}"))?;
    let mut done = 0;
    while done < lines {
        let many = ROWS_AT_ONCE.min(lines - done);
        let mut tx = store.write().await?;
        let row = RowId::from_get(1);
        let homes: Vec<NewHousehold> = (done..done + many)
            .map(|at| NewHousehold {
                number: format!("B{at:08}"),
                area,
                urban_rural: None,
                row,
            })
            .collect();
        let homes = store::households::upsert_many(&mut tx, &at, &homes).await?;
        let persons = (done..done + many)
            .map(|at| NewPerson {
                row,
                sex: None,
                birth: None,
                death: None,
                area: Some(area),
                registered_area: None,
                urban_rural: None,
                status: PersonStatus::OnRegister,
                identity: NewIdentity {
                    name: Some(format!("测{}", at % 9_973)),
                    id_number: Some(format!("99010119{at:010}")),
                    ..NewIdentity::default()
                },
            })
            .collect();
        let persons = store::persons::create_many(&mut tx, &at, persons).await?;
        let members: Vec<(Membership, RowId)> = homes
            .iter()
            .zip(&persons)
            .map(|(home, person)| {
                let membership = Membership {
                    household: *home,
                    person: *person,
                    relation: Relation::Head,
                    span: Span::since(month.first()),
                    standing: Standing::Counted,
                };
                (membership, row)
            })
            .collect();
        store::households::join_many(&mut tx, &members).await?;
        let cards: Vec<BankCard> = (done..done + many).filter_map(card).collect();
        let accounts = store::bank_accounts::remember(&mut tx, &at, &cards).await?;
        let new: Vec<NewEntitlement> = homes
            .iter()
            .zip(&persons)
            .zip(accounts)
            .enumerate()
            .map(|(n, ((home, person), account))| NewEntitlement {
                programme: "dibao".to_owned(),
                component: "基本".to_owned(),
                subject: Subject::from(*home),
                household: *home,
                payee: *person,
                fund: "困难群众救助补助资金".to_owned(),
                area,
                from: month,
                to: None,
                amount: Fen::new(30_000 + i64::try_from(n % 50_000).unwrap_or(0)),
                // One in a thousand has no card.
                account: (n % 1_000 != 999).then_some(account),
                cause: Cause::new("decision", n),
            })
            .collect();
        store::entitlements::add_many(&mut tx, &at, "bench", &new).await?;
        tx.record(Act::new(&at, "bench", "bench.fill").because("bench"));
        tx.commit().await?;
        done += many;
    }
    store.close().await;
    Ok(())
}

/// The card of a person: one in two hundred is shared by five, one in five hundred fails its check.
fn card(at: usize) -> Option<BankCard> {
    let shared = if at % 1_000 < 5 { at - at % 1_000 } else { at };
    let body = format!("6299{shared:014}");
    let mut digit = card_check_digit(&body)?;
    if at % 500 == 77 {
        digit = char::from_digit((digit.to_digit(10)? + 1) % 10, 10)?;
    }
    Some(BankCard::parse(&format!("{body}{digit}")).ok()?.card)
}

/// Three officials, signed in.
async fn three_persons(office: &Arc<Office>) -> Result<[Acting; 3]> {
    let access = Access::open(Arc::clone(office), Watch::default())?;
    let bureau = NewOffice {
        code: "bureau".to_owned(),
        name: "民政局".to_owned(),
        area: AREA.to_owned(),
        parent: None,
    };
    access.add_office(By::Machine, &bureau).await?;
    let mut out = Vec::new();
    for login in ["chen", "chen2", "chen3"] {
        let new = NewAccount {
            login: login.to_owned(),
            name: login.to_owned(),
            organisation: "bureau".to_owned(),
        };
        let word = access.add_account(By::Machine, &new).await?;
        let role = "县级审核";
        access
            .grant(By::Machine, login, role, AREA, None, "bench")
            .await?;
        let begun = access.sign_in(login, word.tell(), "bench", "bench").await?;
        let visitor = access.visitor(&begun.secret.text()).await?;
        let visitor = visitor.context("the session")?;
        if visitor.stage != Stage::Whole {
            bail!("the demo's accounts should be simple, and {login} is not");
        }
        out.push(visitor.acting);
    }
    out.try_into().map_err(|_| anyhow!("three persons"))
}

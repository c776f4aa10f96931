//! What is killed: the acts of a day at the office, each done by a child on a folder that waits for it.

use super::record::Record;
use domain::procedure::Ground;
use domain::{CaseNo, Month};
use office::access::{Access, Acting};
use office::casework::opinion::look_into;
use office::casework::{self, Completion, DecidedAs, complete, decision, notice};
use office::disbursement as pay;
use office::intake::Intake;
use office::rulebook::{self as changing, Proposal};
use office::{Database, Office, Watch, verification};
use rules::SourceText;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::notices::RuleResult;
use synth::{BankFault, bank_answer};

/// The demo's moment, and one at which its notices have run.
pub(super) const NOW: &str = "2026-09-14T09:00";
const LATER: &str = "2026-09-21T09:00";
/// The month paid in these tests: the demo has paid the one before.
const MONTH: &str = "2026-10";
/// The source that has not answered in the demo.
pub(super) const SILENT: &str = "medical_expense";
/// Where the files to be received wait.
const NEW_FILES: &str = "new-feeds/2026-09";
const NUMBERS: &str = "localities/demo/parameters.csv";

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A department's file is received.
    Import,
    /// A month is judged.
    RunMonth,
    /// The county signs: decision, entitlement, letter, grounds and step in one.
    Decide(i64),
    /// A public notice has run.
    FinishNotice(i64),
    /// A department's answer is taken.
    Answer(i64),
    /// The second signature under a version of the rulebook.
    Activate,
    /// The payments of a month, step by step.
    Prepare,
    Check(i64),
    Approve(i64),
    Seal(i64),
    Release(i64),
    BankAnswer(i64),
}

impl Act {
    pub(super) fn word(&self) -> String {
        match self {
            Self::Import => "import 0".to_owned(),
            Self::RunMonth => "run-month 0".to_owned(),
            Self::Decide(no) => format!("decide {no}"),
            Self::FinishNotice(no) => format!("finish-notice {no}"),
            Self::Answer(no) => format!("answer {no}"),
            Self::Activate => "activate 0".to_owned(),
            Self::Prepare => "prepare 0".to_owned(),
            Self::Check(no) => format!("check {no}"),
            Self::Approve(no) => format!("approve {no}"),
            Self::Seal(no) => format!("seal {no}"),
            Self::Release(no) => format!("release {no}"),
            Self::BankAnswer(no) => format!("bank-answer {no}"),
        }
    }

    fn read(word: &str) -> Self {
        let (what, no) = word.split_once(' ').unwrap();
        let no: i64 = no.parse().unwrap();
        match what {
            "import" => Self::Import,
            "run-month" => Self::RunMonth,
            "decide" => Self::Decide(no),
            "finish-notice" => Self::FinishNotice(no),
            "answer" => Self::Answer(no),
            "activate" => Self::Activate,
            "prepare" => Self::Prepare,
            "check" => Self::Check(no),
            "approve" => Self::Approve(no),
            "seal" => Self::Seal(no),
            "release" => Self::Release(no),
            "bank-answer" => Self::BankAnswer(no),
            other => panic!("no act {other}"),
        }
    }

    /// Whether it is one write of the record. A batch is prepared in several, each of which is whole and the
    /// last of which makes it a draft; killed between them it goes on where it was. A month's run is one, and
    /// what it keeps up afterwards others, made by the next run.
    pub(super) fn is_one_write(&self) -> bool {
        !matches!(self, Self::Prepare | Self::RunMonth)
    }

    /// Whether doing it again is recorded again, as every run of a month and every check of a batch is: then it
    /// is done again only when nothing of it is there.
    pub(super) fn is_recorded_again(&self) -> bool {
        matches!(self, Self::RunMonth | Self::Check(_))
    }

    fn now(&self) -> &'static str {
        match self {
            Self::FinishNotice(_) | Self::Decide(_) => LATER,
            _ => NOW,
        }
    }

    fn by(&self) -> &'static str {
        match self {
            Self::Decide(_) | Self::Prepare | Self::Import | Self::RunMonth => "chen",
            Self::FinishNotice(_) => "wang",
            Self::Answer(_) => "zhao",
            Self::Activate | Self::Check(_) | Self::BankAnswer(_) => "chen2",
            Self::Approve(_) | Self::Seal(_) | Self::Release(_) => "chen3",
        }
    }
}

pub(super) async fn opened(folder: &Path, database: &Database, now: &str) -> Arc<Office> {
    let setting = crate::county::setting(folder, database.clone(), now);
    Arc::new(Office::open(setting).await.unwrap())
}

pub(super) async fn who(office: &Arc<Office>, login: &str) -> Acting {
    let access = Access::open(Arc::clone(office), Watch::by_hand(office.clock())).unwrap();
    let begun = access.session_at_the_machine(login, "测试").await.unwrap();
    let visitor = access.visitor(&begun.secret.text()).await.unwrap();
    visitor.unwrap().acting
}

/// A file of the next month: the register as it was, a row shorter.
pub(super) fn new_file(record: &Record) {
    let to = record.folder.join(NEW_FILES);
    std::fs::create_dir_all(&to).unwrap();
    let old = record.folder.join("county/feeds/2026-08/register.csv");
    let bytes = std::fs::read(old).unwrap();
    let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let last = body.iter().rposition(|byte| *byte == b'\n').unwrap();
    std::fs::write(to.join("register.csv"), &bytes[..=last]).unwrap();
}

/// A case that waits for the county, and one whose notice hangs.
pub(super) async fn cases(record: &Record) -> (i64, i64) {
    let office = opened(&record.folder, &record.database, NOW).await;
    let (chen, wang) = (who(&office, "chen").await, who(&office, "wang").await);
    let (mut waits, mut hangs) = (None, None);
    for no in 1..400 {
        let Ok(case) = casework::load(&office, &chen, CaseNo::new(no)).await else {
            continue;
        };
        if waits.is_none()
            && case
                .open_step()
                .is_some_and(|s| s.ground == Some(Ground::Decision))
        {
            waits = Some(no);
        }
    }
    office.clock().set(LATER);
    for one in notice_cases(&office, &wang).await {
        if hangs.is_none() {
            hangs = Some(one);
        }
    }
    office.clock().set(NOW);
    let found = (waits.unwrap(), hangs.unwrap());
    crate::found_out::checked(&office, &chen, CaseNo::new(found.0)).await;
    close(office).await;
    found
}

/// Cases of whose notice the clerk says today that it has run: tried in a write that is taken back.
async fn notice_cases(office: &Office, wang: &Acting) -> Vec<i64> {
    let mut out = Vec::new();
    for no in 1..400 {
        let Ok(mut case) = casework::load(office, wang, CaseNo::new(no)).await else {
            continue;
        };
        let mut tx = office.begin().await.unwrap();
        if notice::finish(office, &mut tx, wang, &mut case)
            .await
            .is_ok()
        {
            out.push(no);
        }
    }
    out
}

/// A case whose notice has run is handed to the county.
pub(super) async fn handed_up(record: &Record, no: i64) {
    let office = opened(&record.folder, &record.database, LATER).await;
    let wang = who(&office, "wang").await;
    let case = casework::load(&office, &wang, CaseNo::new(no)).await;
    let mut case = case.unwrap();
    let step = case.open_step().unwrap().name.clone();
    let mut tx = office.begin().await.unwrap();
    let completion = Completion {
        step: &step,
        ..Completion::default()
    };
    complete(&office, &mut tx, &wang, &mut case, completion)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    let chen = who(&office, "chen").await;
    crate::found_out::checked(&office, &chen, CaseNo::new(no)).await;
    close(office).await;
}

/// A version of the rulebook with its first signature.
pub(super) async fn proposed(record: &Record) {
    let office = opened(&record.folder, &record.database, NOW).await;
    let text = office.book().texts()[NUMBERS].clone();
    let mut out = String::new();
    for line in text.lines() {
        if line.contains(",低保标准,990101,城乡=城镇,2026-07-01,,820,") {
            out.push_str(&line.replace("2026-07-01,,820", "2026-07-01,2026-12-31,820"));
            out.push('\n');
            out.push_str(&line.replace("2026-07-01,,820", "2027-01-01,,900"));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    assert_ne!(out, text);
    let chen = who(&office, "chen").await;
    let proposal = Proposal {
        texts: vec![SourceText {
            path: NUMBERS.to_owned(),
            text: out,
        }],
        remove: Vec::new(),
        because: "示例民发〔2026〕1 号".to_owned(),
        no: None,
    };
    let (row, review) = changing::propose(&office, &chen, proposal).await.unwrap();
    assert!(review.blockers.is_empty(), "{:?}", review.blockers);
    // Nobody signs what nobody has tried on everybody; what turns many waits for another's word.
    changing::preview(&office, &chen, row.no, |_| {})
        .await
        .unwrap();
    let other = who(&office, "chen3").await;
    let approved = changing::approve(&office, &other, row.no, None).await;
    println!(
        "previewed, approved: {:?}",
        approved.err().map(|e| e.to_string())
    );
    changing::sign(&office, &chen, row.no).await.unwrap();
    close(office).await;
}

/// Where the requests to the silent source lie.
fn requests(folder: &Path, no: i64) -> PathBuf {
    folder.join(format!("requests-{no}.csv"))
}

/// The batch of verification whose silent source has not answered.
pub(super) async fn unanswered(record: &Record) -> i64 {
    let office = opened(&record.folder, &record.database, NOW).await;
    let zhao = who(&office, "zhao").await;
    let chen = who(&office, "chen").await;
    let list = verification::list_view(&office, &zhao).await.unwrap();
    let mut found = None;
    for row in list.batches {
        let take = async || verification::request_csv(&office, &zhao, row.no, SILENT).await;
        let asked = office::exports::demo::with_another(&office, (&zhao, &chen), take).await;
        if let Ok((_, bytes)) = asked
            && row.answered < row.asked
        {
            // Taking them again would be a write of its own.
            std::fs::write(requests(&record.folder, row.no), bytes).unwrap();
            found = Some(row.no);
        }
    }
    close(office).await;
    found.unwrap()
}

/// The newest batch of payments.
pub(super) async fn newest_batch(record: &Record) -> i64 {
    let office = opened(&record.folder, &record.database, NOW).await;
    let newest = pay::batches(&office)
        .await
        .unwrap()
        .iter()
        .map(|b| b.no)
        .max();
    close(office).await;
    newest.unwrap()
}

pub(super) async fn close(office: Arc<Office>) {
    Arc::into_inner(office)
        .expect("nobody else holds it")
        .close()
        .await;
}

/// Does the act; what went wrong in the words an official reads.
pub(super) async fn done(
    office: &Arc<Office>,
    act: &Act,
    prepared: &Prepared,
) -> Result<(), String> {
    let by = &prepared.who;
    let told = |error: &dyn std::fmt::Display| error.to_string();
    match act {
        Act::Import => {
            let folder = prepared.folder.join("new-feeds");
            let mut intake = Intake::new(office);
            let received = intake.receive_folder(&folder, |_, _, _| {}).await;
            received.map(|_| ()).map_err(|e| told(&e))
        }
        Act::RunMonth => {
            let month = Month::parse("2026-09").unwrap();
            let ran = office::monitoring::run_month(office, month, |_| {}).await;
            ran.map(|_| ()).map_err(|e| told(&e))
        }
        Act::Decide(no) => {
            let signing = decision::Signing {
                outcome: prepared.outcome,
                because: String::new(),
                amount: None,
                articles: Vec::new(),
            };
            let signed = decision::sign(office, by, CaseNo::new(*no), &signing).await;
            signed.map(|_| ()).map_err(|e| told(&e))
        }
        Act::FinishNotice(no) => {
            let case = casework::load(office, by, CaseNo::new(*no)).await;
            let mut case = case.map_err(|e| told(&e))?;
            let mut tx = office.begin().await.map_err(|e| told(&e))?;
            let finished = notice::finish(office, &mut tx, by, &mut case).await;
            finished.map_err(|e| told(&e))?;
            office.end(tx).await.map_err(|e| told(&e))
        }
        Act::Answer(no) => {
            let text = &prepared.text;
            let taken = verification::import_text(office, by, *no, SILENT, text).await;
            let taken = taken.map_err(|e| told(&e))?;
            assert_eq!(taken.mistakes, 0, "{text}");
            Ok(())
        }
        Act::Activate => changing::sign(office, by, 1)
            .await
            .map(|_| ())
            .map_err(|e| told(&e)),
        Act::Prepare => {
            let month = Month::parse(MONTH).unwrap();
            let drawn = pay::prepare(office, by, "monthly", month, |_| {}).await;
            drawn.map(|_| ()).map_err(|e| told(&e))
        }
        Act::Check(no) => pay::check(office, by, *no)
            .await
            .map(|_| ())
            .map_err(|e| told(&e)),
        Act::Approve(no) => pay::approve(office, by, *no).await.map_err(|e| told(&e)),
        Act::Seal(no) => pay::seal(office, by, *no)
            .await
            .map(|_| ())
            .map_err(|e| told(&e)),
        Act::Release(no) => pay::release(office, by, *no, |_| {})
            .await
            .map(|_| ())
            .map_err(|e| told(&e)),
        Act::BankAnswer(no) => {
            let (name, bytes) = &prepared.reply;
            let taken = pay::answer(office, by, *no, name, bytes).await;
            taken.map(|_| ()).map_err(|e| told(&e))
        }
    }
}

/// What an act needs that is no part of it.
pub(super) struct Prepared {
    who: Acting,
    folder: PathBuf,
    outcome: DecidedAs,
    text: String,
    reply: (String, Vec<u8>),
}

pub(super) async fn prepared(office: &Arc<Office>, folder: &Path, act: &Act) -> Prepared {
    let mut out = Prepared {
        who: who(office, act.by()).await,
        folder: folder.to_owned(),
        outcome: DecidedAs::Granted,
        text: String::new(),
        reply: (String::new(), Vec::new()),
    };
    match act {
        Act::Decide(no) => {
            // Done again after it was done there is nothing to look into.
            let case = casework::load(office, &out.who, CaseNo::new(*no)).await;
            let judged = look_into(office, &case.unwrap()).await;
            if judged.is_ok_and(|judged| judged.found.result() == RuleResult::Ineligible) {
                out.outcome = DecidedAs::Refused;
            }
        }
        Act::Answer(no) => out.text = nothing_found(office, &requests(folder, *no)),
        Act::BankAnswer(no) => {
            let sent: PathBuf = std::fs::read_dir(folder.join(format!("payments/{no}")))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| path.extension().is_some_and(|e| e == "txt"))
                .unwrap();
            let book = office.book().texts()["banks/demo.md"].clone();
            let bytes = std::fs::read(sent).unwrap();
            let faults = [(BankFault::Returned, 2)];
            let reply = bank_answer(&book, &bytes, 3, &faults).unwrap();
            out.reply = (reply.name, reply.bytes);
        }
        _ => {}
    }
    out
}

/// A source that finds nothing about anybody.
fn nothing_found(office: &Office, requests: &Path) -> String {
    let header = verification::answer_header(office, SILENT).unwrap();
    let text = std::fs::read_to_string(requests).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let mut out = header.join(",");
    for (at, row) in reader.records().enumerate() {
        let row = row.unwrap();
        let mut cells = vec![
            (at + 1).to_string(),
            row[1].to_owned(),
            row[3].to_owned(),
            "某某".to_owned(),
            "无".to_owned(),
            "2026-09-14".to_owned(),
        ];
        cells.resize(header.len(), String::new());
        out.push('\n');
        out.push_str(&cells.join(","));
    }
    out
}

/// The child: opens the folder as after any crash, says what 体检 and the chain say, does the act while the
/// library counts, and when it failed does it again with the storage mended.
pub(super) async fn work(word: &str, folder: &Path, database: Database, arm: &Path) {
    let act = Act::read(word);
    let office = opened(folder, &database, act.now()).await;
    for check in office::doctor::examine(&office).await.unwrap() {
        if !check.good && !is_of_the_machine(&check.found) {
            println!("crash: unsound {} {}", check.name, check.found);
        }
    }
    let chain = office::audit::verify_against(&office, &[], None).await;
    let chain = chain.unwrap();
    if !chain.is_whole() {
        println!("crash: unsound chain {:?}", chain.verdict.breaks);
    }
    for found in pay::verify(&office).await.unwrap() {
        println!("crash: unsound money {found}");
    }
    let prepared = prepared(&office, folder, &act).await;
    std::fs::write(arm, "").unwrap();
    let first = done(&office, &act, &prepared).await;
    std::fs::remove_file(arm).unwrap();
    match &first {
        Ok(()) => println!("crash: done"),
        Err(said) => println!("crash: failed {}", said.replace('\n', " ")),
    }
    if first.is_err() {
        match done(&office, &act, &prepared).await {
            Ok(()) => println!("crash: again done"),
            Err(said) => println!("crash: again failed {}", said.replace('\n', " ")),
        }
    }
    drop(prepared);
    close(office).await;
}

/// A database made for tests may lack what a real one is told to have.
fn is_of_the_machine(found: &str) -> bool {
    found.contains("data_checksums")
}

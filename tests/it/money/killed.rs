//! The real program, killed at each named step of a batch and started again.

use super::{AREA, bank_description, lines, month};
use crate::county::{County, Faults, NOW, open, setting};
use crate::postgres;
use crate::staff::Staff;
use domain::payment::LineState;
use office::Database;
use office::disbursement as pay;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use store::{At, Opening, Store};
use synth::{BankFault, bank_answer};

/// The real program at the terminal.
struct Terminal<'a> {
    program: &'a Path,
    folder: PathBuf,
    database: Database,
    words: BTreeMap<&'static str, String>,
}

impl Terminal<'_> {
    fn command(&self, arguments: &[&str], user: &str) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg("pay")
            .args(arguments)
            .args(["--user", user])
            .arg("--data")
            .arg(&self.folder)
            .args(["--now", "2026-09-14T09:00"])
            .env("DOUDI_PASSWORD", &self.words[user])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Database::Postgres { address } = &self.database {
            command.args(["--postgres", address]);
        }
        command
    }

    /// Runs a step and kills it when it says that so much is done; false when it ended before.
    fn kill_at(&self, arguments: &[&str], user: &str, step: &str) -> bool {
        let mut child = self.command(arguments, user).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        let mut heard = String::new();
        for line in told.lines().map_while(Result::ok) {
            if line == format!("step {step}") {
                // On Unix this is SIGKILL: nothing is flushed, nothing is tidied.
                child.kill().unwrap();
                child.wait().unwrap();
                return true;
            }
            heard.push_str(&line);
            heard.push('\n');
        }
        child.wait().unwrap();
        println!("never came to {step}:\n{heard}");
        false
    }

    fn done(&self, arguments: &[&str], user: &str) {
        let out = self.command(arguments, user).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        // On a busy machine the kill may come after the last write: then it is done already.
        let before = out.status.code() == Some(3) && told.contains("已经有第");
        assert!(
            before || matches!(out.status.code(), Some(0 | 1)),
            "{arguments:?}: {told}"
        );
    }

    /// Kills a step at moments that walk through it, then lets it end; it may have ended before.
    fn killed_on_the_way(&self, arguments: &[&str], user: &str) {
        for part in 1..=4_u64 {
            let mut child = self.command(arguments, user).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(part * 450));
            child.kill().unwrap_or(());
            child.wait().unwrap();
        }
        let out = self.command(arguments, user).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        let code = out.status.code();
        assert!(
            matches!(code, Some(0 | 1)) || (code == Some(3) && told.contains("现在是")),
            "{arguments:?} ended with {code:?}: {told}"
        );
    }
}

async fn killed_at_each_step(database: Database) {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let county = County::new(Faults::None);
    let folder = county.folder.path().join("killed");
    let mut words = BTreeMap::new();
    {
        let setting = setting(&folder, database.clone(), NOW);
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, AREA).await;
        for login in ["chen", "chen2", "chen3"] {
            let word = staff.add(login, "县级审核", AREA).await;
            words.insert(login, word.tell().to_owned());
        }
        drop(staff);
        Arc::into_inner(office).unwrap().close().await;
    }
    let terminal = Terminal {
        program: &program,
        folder: folder.clone(),
        database: database.clone(),
        words,
    };
    terminal.killed_on_the_way(&["open", "2026-08"], "chen");
    for step in ["begun", "entitled", "lines-1"] {
        let prepare = ["prepare", "2026-08"];
        assert!(terminal.kill_at(&prepare, "chen", step), "{step}");
    }
    terminal.done(&["prepare", "2026-08"], "chen");
    terminal.killed_on_the_way(&["check", "1"], "chen2");
    terminal.killed_on_the_way(&["approve", "1"], "chen3");
    terminal.killed_on_the_way(&["seal", "1"], "chen3");
    for step in ["written", "released", "named"] {
        // Once it is released, the same command writes the same file again.
        let killed = terminal.kill_at(&["release", "1"], "chen3", step);
        assert!(killed || step == "released", "{step}");
    }
    terminal.done(&["release", "1"], "chen3");
    let sent = folder.join("payments/1/DF00000001.txt");
    let bytes = std::fs::read(&sent).unwrap();
    let reply = bank_answer(&bank_description(), &bytes, 3, &[(BankFault::Returned, 2)]).unwrap();
    let answer = folder.join(&reply.name);
    std::fs::write(&answer, &reply.bytes).unwrap();
    let answer = answer.to_string_lossy().into_owned();
    terminal.killed_on_the_way(&["answer", "1", &answer], "chen2");

    let office = open(&folder, database.clone()).await;
    let found = pay::verify(&office).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    office.close().await;
    let opening = Opening {
        folder,
        database,
        at: At::parse("2026-09-14T01:00:00Z").unwrap(),
    };
    let store = Store::open(opening).await.unwrap();
    let lines = lines(&store, 1).await;
    let numbers: Vec<u32> = lines.iter().map(|l| l.content.line_no).collect();
    assert_eq!(
        numbers,
        (1..=u32::try_from(lines.len()).unwrap()).collect::<Vec<_>>()
    );
    let entitled: BTreeSet<i64> = lines.iter().map(|l| l.content.entitlement).collect();
    assert_eq!(entitled.len(), lines.len(), "nobody stands in it twice");
    let due = store::entitlements::count(&store, month("2026-08")).await;
    assert_eq!(
        u64::try_from(lines.len()).unwrap(),
        due.unwrap(),
        "nobody is left out"
    );
    let back = lines
        .iter()
        .filter(|l| l.state == LineState::Returned)
        .count();
    let open_ones = lines
        .iter()
        .filter(|l| matches!(l.state, LineState::Sent | LineState::Unknown));
    assert_eq!((back, open_ones.count()), (2, 0));
    let verdict = store::audit::verify(&store, &[]).await.unwrap();
    assert!(verdict.is_whole(), "{:?}", verdict.breaks);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_named_step_a_batch_is_whole_and_the_ledger_sums_to_zero() {
    killed_at_each_step(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_named_step_on_postgresql_a_batch_is_whole() {
    if let Some(address) = postgres::fresh_database().await {
        killed_at_each_step(Database::Postgres { address }).await;
    }
}

//! Every act of the office, killed with `kill -9` at each named step of its way to the disk and to the
//! database server, on both databases: it is whole or not there, 体检 and the chain find nothing, and done
//! again it ends as if it had never been killed. And a full disk, a failed fsync, a lost line.
//!
//! The steps are not chosen by hand: a small library between the program and the system (`crash/shim.c`)
//! writes down every write, sync, rename and question of an undisturbed run; the kills walk through that
//! list. `DOUDI_KILLS=all` walks through all of it.
#![cfg(target_os = "linux")]

mod acts;
mod base;
mod cut;
mod record;
mod shim;
mod storage;

use acts::Act;
use office::Database;
use record::{Dump, Record, difference};
use shim::{Child, Doing};
use std::path::Path;

/// Steps at which an act is killed, unless all are asked for.
const KILLS: usize = 6;

/// The child of these tests.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the crash tests as a child process that may be killed"]
async fn worker() {
    let told = |name: &str| std::env::var(name).ok();
    let (Some(word), Some(folder), Some(arm)) = (
        told("DOUDI_CRASH_ACT"),
        told("DOUDI_CRASH_FOLDER"),
        told("DOUDI_CRASH_ARM"),
    ) else {
        return;
    };
    let database = match told("DOUDI_CRASH_POSTGRES") {
        Some(address) => Database::Postgres { address },
        None => Database::Sqlite,
    };
    acts::work(&word, Path::new(&folder), database, Path::new(&arm)).await;
}

/// The steps to kill at: where the kind of step changes, and the middle of a long row of the same.
fn chosen(log: &[String]) -> Vec<usize> {
    if std::env::var("DOUDI_KILLS").is_ok_and(|all| all == "all") {
        return (1..=log.len()).collect();
    }
    let mut at = Vec::new();
    let mut from = 0;
    for run in log.chunk_by(|one, next| one == next) {
        at.push(from + 1);
        if run.len() > 2 {
            at.push(from + 1 + run.len() / 2);
        }
        from += run.len();
    }
    let is_end = |n: &usize| {
        let step = &log[n - 1];
        step.starts_with('s') || step.starts_with('r') || step.contains("commit")
    };
    let (ends, others): (Vec<usize>, Vec<usize>) = at.into_iter().partition(is_end);
    let mut chosen = spread(&ends, KILLS - 2);
    chosen.extend(spread(&others, KILLS - chosen.len()));
    chosen.sort_unstable();
    chosen
}

/// So many of a list, from its beginning to its end.
fn spread(all: &[usize], many: usize) -> Vec<usize> {
    if all.len() <= many {
        return all.to_vec();
    }
    let step = |n: usize| all[n * (all.len() - 1) / (many - 1).max(1)];
    let mut out: Vec<usize> = (0..many).map(step).collect();
    out.dedup();
    out
}

/// What is right after a kill: nothing of it, or all of it.
fn whole_or_nothing(act: &Act, step: &str, now: &Dump, ways: [&Dump; 2]) {
    let [before, after] = ways;
    if act.is_one_write() && now != before && now != after {
        panic!(
            "{act:?} killed at `{step}` is neither whole nor gone:\n{}",
            difference(now, after).unwrap_or_default()
        );
    }
}

/// Kills an act at its steps; the record it ends with when nobody kills it.
async fn killed_at_each_step(base: &Record, act: &Act, room: &Path) -> Option<Record> {
    let before = base.dump().await;
    let whole = base.copy(room.join(act.word().replace(' ', "-"))).await;
    let child = |record: &Record, doing: &Doing| {
        let child = Child {
            act,
            folder: &record.folder,
            database: &record.database,
        };
        child.run(doing)
    };
    let left = child(&whole, &Doing::Log)?;
    assert!(
        sound(&left.said) && left.after("crash: done").is_some(),
        "{act:?}: {:?}",
        left.said
    );
    let after = whole.dump().await;
    assert!(before != after, "{act:?} does nothing");
    let steps = chosen(&left.log);
    let last = left.log.len();
    let kills = steps.into_iter().map(Doing::KillBefore);
    let mut named = Vec::new();
    for doing in kills.chain([Doing::KillAfter(last)]) {
        let step = match &doing {
            Doing::KillBefore(at) => format!("{at} of {last}: before {}", left.log[at - 1]),
            _ => format!("{last} of {last}: after {}", left.log[last - 1]),
        };
        let one = base.copy(room.join("killed")).await;
        let killed = child(&one, &doing)?;
        if !killed.killed {
            // Threads write in another order the second time, and there may be a step less.
            println!("{act:?} ended before {step}");
        }
        let now = one.dump().await;
        whole_or_nothing(act, &step, &now, [&before, &after]);
        if act.is_recorded_again() && now == after {
            one.drop_database().await;
            named.push(step);
            continue;
        }
        let again = child(&one, &Doing::Nothing)?;
        assert!(
            sound(&again.said),
            "{act:?} killed at `{step}`: {:?}",
            again.said
        );
        // Of what is recorded again, killed between its writes and done again is done twice.
        let twice = match act.is_recorded_again() && now != before {
            true => Some(done_again(&whole, act, room).await?),
            false => None,
        };
        let ends = difference(&one.dump().await, twice.as_ref().unwrap_or(&after));
        if let Some(differs) = ends {
            panic!("{act:?} killed at `{step}` and done again ends otherwise:\n{differs}");
        }
        one.drop_database().await;
        named.push(step);
    }
    println!("{act:?} killed at:\n    {}", named.join("\n    "));
    Some(whole)
}

/// What a record is when an act that nobody killed is done on it once more.
async fn done_again(whole: &Record, act: &Act, room: &Path) -> Option<Dump> {
    let copy = whole.copy(room.join("twice")).await;
    let child = Child {
        act,
        folder: &copy.folder,
        database: &copy.database,
    };
    let left = child.run(&Doing::Nothing)?;
    assert!(sound(&left.said), "{act:?}: {:?}", left.said);
    let dump = copy.dump().await;
    copy.drop_database().await;
    Some(dump)
}

/// Whether 体检, the chain and the ledger had nothing to say.
fn sound(said: &[String]) -> bool {
    !said.iter().any(|line| line.starts_with("crash: unsound"))
}

struct Place {
    room: tempfile::TempDir,
    base: Record,
}

/// A demo county on a database; none where the database is missing.
async fn place(like: Database) -> Option<Place> {
    let room = tempfile::tempdir().unwrap();
    let base = Record::empty(room.path().join("base"), &like).await?;
    base::demo_county(&base).await;
    acts::new_file(&base);
    Some(Place { room, base })
}

fn postgres() -> Database {
    Database::Postgres {
        address: String::new(),
    }
}

async fn a_decision_an_answer_a_version_a_file(like: Database) {
    let Some(Place { room, base }) = place(like).await else {
        return;
    };
    acts::proposed(&base).await;
    let (waits, hangs) = acts::cases(&base).await;
    let batch = acts::unanswered(&base).await;
    for act in [Act::Decide(waits), Act::Answer(batch), Act::Activate] {
        killed_at_each_step(&base, &act, room.path()).await;
    }
    let noticed = killed_at_each_step(&base, &Act::FinishNotice(hangs), room.path()).await;
    let Some(noticed) = noticed else { return };
    acts::handed_up(&noticed, hangs).await;
    let decided = killed_at_each_step(&noticed, &Act::Decide(hangs), room.path()).await;
    let rows = decided.unwrap().dump().await["decisions"].len();
    let before = noticed.dump().await["decisions"].len();
    assert_eq!(
        rows,
        before + 1,
        "one decision, however often it was killed"
    );
}

async fn files_and_a_month(like: Database) {
    let Some(Place { room, base }) = place(like).await else {
        return;
    };
    let mut now = base;
    for act in [Act::Import, Act::RunMonth] {
        match killed_at_each_step(&now, &act, room.path()).await {
            Some(next) => now = next,
            None => return,
        }
    }
}

async fn a_batch_of_payments(like: Database) {
    let Some(Place { room, base }) = place(like).await else {
        return;
    };
    let Some(mut now) = killed_at_each_step(&base, &Act::Prepare, room.path()).await else {
        return;
    };
    let batch = acts::newest_batch(&now).await;
    for act in [
        Act::Check(batch),
        Act::Approve(batch),
        Act::Seal(batch),
        Act::Release(batch),
        Act::BankAnswer(batch),
    ] {
        if let Some(next) = killed_at_each_step(&now, &act, room.path()).await {
            now = next;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_notice_answer_and_version_killed_at_each_step_are_whole_or_not_there() {
    a_decision_an_answer_a_version_a_file(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_notice_answer_and_version_killed_at_each_step_on_postgresql() {
    a_decision_an_answer_a_version_a_file(postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_received_and_a_month_judged_killed_at_each_step_end_as_if_never_killed() {
    files_and_a_month(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_received_and_a_month_judged_killed_at_each_step_on_postgresql() {
    files_and_a_month(postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_killed_at_each_step_pay_nobody_twice() {
    a_batch_of_payments(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_killed_at_each_step_on_postgresql_pay_nobody_twice() {
    a_batch_of_payments(postgres()).await;
}

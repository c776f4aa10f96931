//! A full disk, a file that may grow no further, a failed fsync: told to the official with what to do, nothing
//! half written, and it works again afterwards.

use super::acts::{self, Act};
use super::record::{Dump, Record, difference};
use super::shim::{Child, Doing, Left};
use super::{Place, place, sound};
use crate::county::{County, Faults};
use office::Database;
use std::path::Path;
use std::process::{Command, Stdio};

const FULL: i32 = 28;
const BROKEN: i32 = 5;
/// Far more writes than any act needs.
const FOR_GOOD: usize = 1_000_000;

struct Trial<'a> {
    base: &'a Record,
    act: &'a Act,
    room: &'a Path,
    before: &'a Dump,
    after: &'a Dump,
}

impl Trial<'_> {
    fn child(&self, record: &Record, doing: &Doing) -> Option<Left> {
        let child = Child {
            act: self.act,
            folder: &record.folder,
            database: &record.database,
        };
        child.run(doing)
    }

    /// What was told when the storage failed; none when this kind of failure never came up.
    async fn told(&self, doing: &Doing, restarts: bool) -> Option<String> {
        let one = self.base.copy(self.room.join("failed")).await;
        let left = self.child(&one, doing)?;
        let said = left.after("crash: failed ")?.to_owned();
        let now = one.dump().await;
        if !restarts {
            // Space came back: the same program goes on.
            assert!(left.after("crash: again done").is_some(), "{:?}", left.said);
        }
        assert!(
            &now == self.before || &now == self.after,
            "{:?} {doing:?} left something half done:\n{}",
            self.act,
            difference(&now, self.after).unwrap_or_default()
        );
        let again = self.child(&one, &Doing::Nothing)?;
        assert!(
            sound(&again.said),
            "{:?} {doing:?}: {:?}",
            self.act,
            again.said
        );
        let ended = difference(&one.dump().await, self.after);
        assert_eq!(ended, None, "{:?} {doing:?}", self.act);
        Some(said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_and_a_failed_fsync_are_told_and_lose_nothing() {
    let Some(Place { room, base }) = place(Database::Sqlite).await else {
        return;
    };
    acts::proposed(&base).await;
    let (waits, _) = acts::cases(&base).await;
    for act in [Act::Decide(waits), Act::Activate, Act::Import] {
        let before = base.dump().await;
        let whole = base.copy(room.path().join("whole")).await;
        let child = Child {
            act: &act,
            folder: &whole.folder,
            database: &whole.database,
        };
        let Some(left) = child.run(&Doing::Log) else {
            return;
        };
        let after = whole.dump().await;
        let trial = Trial {
            base: &base,
            act: &act,
            room: room.path(),
            before: &before,
            after: &after,
        };
        let of = |kind: char| {
            left.log
                .iter()
                .filter(|step| step.starts_with(kind))
                .count()
        };
        let (writes, syncs) = (of('w'), of('s'));
        for first in [1, writes / 2] {
            let doing = Doing::Fail('w', FULL, first.max(1), FOR_GOOD);
            let said = trial.told(&doing, false).await;
            let said = said.unwrap_or_else(|| panic!("{act:?} {doing:?} was not told"));
            assert!(said.contains("存储空间不足"), "{act:?} {doing:?}: {said}");
        }
        for at in [1, syncs / 2, syncs] {
            let doing = Doing::Fail('s', BROKEN, at.max(1), at.max(1));
            let said = trial.told(&doing, true).await;
            let said = said.unwrap_or_else(|| panic!("{act:?} {doing:?} was not told"));
            assert!(said.contains("存储设备"), "{act:?} {doing:?}: {said}");
        }
    }
}

/// The real program under a limit of the system on the size of a file.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_not_the_end_of_the_program() {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let county = County::new(Faults::None);
    let data = county.folder.path().join("data");
    let run = |limit: &str| {
        let line = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
        Command::new("sh")
            .args(["-c", &line])
            .arg(&program)
            .arg("import")
            .arg(county.feeds())
            .arg("--data")
            .arg(&data)
            .args(["--now", "2026-09-14T09:00"])
            .env_remove("DOUDI_POSTGRES")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let out = run("4000");
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{told}");
    assert!(told.contains("存储"), "{told}");
    let out = run("unlimited");
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0 | 1)), "{told}");
    let doctor = Command::new(&program)
        .args(["doctor", "--now", "2026-09-14T09:00", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        told.contains("✓ 记录") && told.contains("✓ 审计链"),
        "{told}"
    );
}

//! J8.7: an office is backed up while clerks write, an office made of the backup holds the same rows and
//! ends its chain at the same place, and what is not whole is refused with what and where.

use crate::county::{County, Faults};
use office::backup::{self, Ask, Holds};
use office::intake::{Intake, State};
use office::views::Tone;
use office::{Clock, Database, Office, Setting};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::audit::Act;

fn quiet(_: &str, _: u64, _: u64) {}

fn setting(folder: &Path) -> Setting {
    Setting {
        folder: folder.to_owned(),
        database: Database::Sqlite,
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed("2026-09-14T09:00").unwrap().by_hand(),
    }
}

fn ask(data: &Path, target: &Path, keys: &Path) -> Ask {
    Ask {
        data: data.to_owned(),
        target: target.to_owned(),
        keys: Some(keys.to_owned()),
        clock: Clock::fixed("2026-09-14T09:00").unwrap(),
    }
}

/// Rows of every table of a record, and where its chain ends, as SQLite itself tells.
fn counted(file: &Path) -> (BTreeMap<String, u64>, (i64, Vec<u8>)) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let names = "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'";
    let mut names = connection.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let rows = names.map(|name| {
        let name = name.unwrap();
        let count = format!("select count(*) from {name}");
        let count = connection.query_row(&count, [], |row| row.get::<_, i64>(0));
        (name, u64::try_from(count.unwrap()).unwrap())
    });
    let rows = rows.collect();
    let head = "select seq, digest from audit_head";
    let head = connection.query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?)));
    (rows, head.unwrap())
}

fn every_file(root: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, out);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            out.insert(path, bytes);
        }
    }
}

struct Bench {
    county: County,
    /// Open all the while, as a server has it.
    office: Arc<Office>,
}

impl Bench {
    /// A county with its months judged.
    async fn new() -> Self {
        let county = County::new(Faults::None);
        let office = county.judged(county.setting("data")).await;
        Self {
            county,
            office: Arc::new(office),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.county.folder.path().join(name)
    }

    /// Backs up while somebody writes an act after another, beginning before and ending after.
    async fn backed_up_while_writing(&self, target: &Path, keys: &Path) -> (Holds, u64) {
        let (stop, wrote) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let writing = {
            let (stop, wrote) = (Arc::clone(&stop), Arc::clone(&wrote));
            let office = Arc::clone(&self.office);
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    wrote.fetch_add(1, Ordering::Relaxed);
                    let mut tx = office.begin().await.unwrap();
                    let act = Act::new(&office.clock().at(), "wang", "test.write");
                    tx.record(act.because("测试"));
                    tx.commit().await.unwrap();
                }
            })
        };
        while wrote.load(Ordering::Relaxed) < 20 {
            tokio::task::yield_now().await;
        }
        let ask = ask(&self.at("data"), target, keys);
        let made = tokio::task::spawn_blocking(move || backup::back_up(&ask, &quiet));
        let holds = made.await.unwrap().unwrap();
        stop.store(true, Ordering::Relaxed);
        writing.await.unwrap();
        (holds, wrote.load(Ordering::Relaxed))
    }
}

/// A file of a backup, what it is made to be, and the words of the refusal.
type Damage<'a> = (&'a Path, Option<Vec<u8>>, Vec<&'a str>);

async fn restored(backup: &Path, keys: &Path, to: &Path) -> Result<backup::Restored, String> {
    let done = backup::restore(backup, keys, setting(to), &quiet).await;
    done.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_office_made_of_a_backup_taken_while_clerks_write_is_the_same_office() {
    let bench = Bench::new().await;
    let (target, keys) = (bench.at("backup"), bench.at("apart.keys"));
    let before = counted(&bench.at("data").join("doudi.db")).0["audit"];
    let (holds, wrote) = bench.backed_up_while_writing(&target, &keys).await;
    let (rows, head) = counted(&target.join("doudi.db"));
    assert_eq!(rows, holds.tables);
    assert!(
        holds.rows() > 10_000 && holds.files() > 20,
        "{}",
        holds.rows()
    );
    assert!(
        rows["audit"] > before + 10 && rows["audit"] <= before + wrote,
        "one moment of many"
    );
    assert!(!target.join("doudi.keys").exists(), "the keys lie apart");
    assert!(!target.with_extension("making").exists());

    let to = bench.at("second");
    let made = restored(&target, &keys, &to).await.unwrap();
    assert_eq!(made.breaks, Vec::<String>::new());
    assert_eq!(made.entries, u64::try_from(head.0).unwrap());
    assert_eq!(counted(&to.join("doudi.db")), (rows, head));
    let office = Office::open(setting(&to)).await.unwrap();
    let checks = office::doctor::examine(&office).await.unwrap();
    let bad: Vec<_> = checks.iter().filter(|check| !check.good).collect();
    assert!(bad.is_empty(), "{bad:?}");
    office.close().await;

    // What is there is never written over.
    let again = restored(&target, &keys, &to).await.unwrap_err();
    assert!(again.contains("不是空的"), "{again}");
    let onto = ask(&bench.at("data"), &target, &bench.at("other.keys"));
    let onto = backup::back_up(&onto, &quiet).unwrap_err().to_string();
    assert!(onto.contains("不是空的"), "{onto}");
    let inside = bench.at("third");
    let inside = ask(&bench.at("data"), &inside, &inside.join("doudi.keys"));
    let inside = backup::back_up(&inside, &quiet).unwrap_err().to_string();
    assert!(inside.contains("分开保管"), "{inside}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_with_what_and_where_and_nothing_is_left() {
    let bench = Bench::new().await;
    let (target, keys) = (bench.at("backup"), bench.at("apart.keys"));
    let made = ask(&bench.at("data"), &target, &keys);
    backup::back_up(&made, &quiet).unwrap();
    let mut whole = BTreeMap::new();
    every_file(&target, &mut whole);
    let to = bench.at("second");
    let lake = whole
        .keys()
        .find(|path| path.starts_with(target.join("lake")));
    let lake = lake.unwrap().clone();
    let name = lake.strip_prefix(&target).unwrap().display().to_string();
    let (record, list) = (target.join("doudi.db"), target.join("backup.list"));
    let flipped = |path: &Path| {
        let mut bytes = whole[path].clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    };
    let cut = |path: &Path| Some(whole[path][..whole[path].len() - 1].to_vec());
    let damages: [Damage<'_>; 6] = [
        (&lake, None, vec!["缺 ", &name]),
        (&lake, flipped(&lake), vec![&name, "内容和清单不同"]),
        (
            &record,
            flipped(&record),
            vec!["doudi.db", "内容和清单不同"],
        ),
        (&record, cut(&record), vec!["doudi.db", "只有"]),
        (&list, flipped(&list), vec!["backup.list"]),
        (&list, None, vec!["不是 doudi 的备份"]),
    ];
    for (path, bytes, words) in damages {
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let said = restored(&target, &keys, &to).await.unwrap_err();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(
            !to.exists() && !bench.at("second.restoring").exists(),
            "{said}"
        );
        std::fs::write(path, &whole[path]).unwrap();
    }
    // Keys of another record.
    bench.county.office("other").await.close().await;
    let said = restored(&target, &bench.at("other/doudi.keys"), &to).await;
    assert!(said.unwrap_err().contains("不是这份记录的"));
    assert!(!to.exists());
    assert!(restored(&target, &keys, &to).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_in_the_chain_and_the_page_tells_how_old_the_newest_is() {
    let bench = Bench::new().await;
    let office = &bench.office;
    let staff = crate::staff::Staff::of(office, "990101").await;
    let admin = staff.admin().await;
    let health = async || {
        let views = office::desk::Desk::open(Arc::clone(office)).await.unwrap();
        let view = views.health(&admin.who).await.unwrap();
        let mut checks = view.checks.into_iter();
        let check = checks.find(|check| check.name == "备份").unwrap();
        (check.tone, check.found)
    };
    let (tone, found) = health().await;
    assert!(
        tone == Tone::Notice && found.contains("还没有登记过"),
        "{found}"
    );
    let target = bench.at("backup");
    let made = ask(&bench.at("data"), &target, &bench.at("apart.keys"));
    let holds = backup::back_up(&made, &quiet).unwrap();
    backup::note(office, &holds).await.unwrap();
    office.clock().set("2026-09-14T14:30");
    let (tone, found) = health().await;
    assert!(tone == Tone::Good && found.contains("小时前"), "{found}");
    office.clock().set("2026-09-17T09:30");
    let (tone, found) = health().await;
    assert!(
        tone == Tone::Notice && found.contains("3 天前") && found.contains("超过 2 天"),
        "{found}"
    );
    // What somebody says they copied with PostgreSQL's tools is looked at first.
    let dump = bench.at("dump");
    std::fs::create_dir(&dump).unwrap();
    let refused = async |says: &str| {
        let said = backup::confirm(office, &dump)
            .await
            .unwrap_err()
            .to_string();
        assert!(said.contains(says) && said.contains("没有登记"), "{said}");
    };
    refused("没有 doudi.dump").await;
    std::fs::write(dump.join(backup::DUMP), "hello").unwrap();
    refused("不是 pg_dump").await;
    std::fs::write(dump.join(backup::DUMP), "PGDMP and more").unwrap();
    refused("没有审计链存证").await;
    std::fs::write(dump.join("audit-heads.txt"), "").unwrap();
    assert_eq!(backup::confirm(office, &dump).await.unwrap().0, 14);
    assert_eq!(health().await.0, Tone::Good);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_all_its_files_is_not_backed_up_as_if_it_were_whole() {
    let bench = Bench::new().await;
    let record = rusqlite::Connection::open(bench.at("data/doudi.db")).unwrap();
    let live = "select path from lake_manifest where state = 'live' order by file_no limit 1";
    let live: String = record.query_row(live, [], |row| row.get(0)).unwrap();
    std::fs::remove_file(bench.at("data/lake").join(live)).unwrap();
    let target = bench.at("backup");
    let made = ask(&bench.at("data"), &target, &bench.at("apart.keys"));
    let said = backup::back_up(&made, &quiet).unwrap_err().to_string();
    assert!(said.contains("缺 lake/"), "{said}");
    assert!(!target.exists() && !bench.at("apart.keys").exists());
    let nothing = ask(&bench.at("county"), &target, &bench.at("apart.keys"));
    let said = backup::back_up(&nothing, &quiet).unwrap_err().to_string();
    assert!(said.contains("doudi.db"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_over_everything_sealed_and_the_old_one_goes() {
    let bench = Bench::new().await;
    let keys = bench.at("data").join("doudi.keys");
    let lines = |text: &str| {
        let seals = text.lines().filter(|line| line.starts_with("seal "));
        seals.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = lines(&std::fs::read_to_string(&keys).unwrap());
    let mut told = Vec::new();
    let rotated = office::keys::rotate(&bench.office, "secadmin", false, |done, left| {
        told.push((done, left));
    });
    let rotated = rotated.await.unwrap();
    // Every person has a sealed identity at least, and the work is told on the way.
    assert!(rotated.sealed >= crate::county::PERSONS, "{rotated:?}");
    assert!(
        told.len() > 1 && told.last() == Some(&(rotated.sealed, 0)),
        "{told:?}"
    );
    let after = lines(&std::fs::read_to_string(&keys).unwrap());
    assert_eq!(after.len(), 1);
    assert!(!before.contains(&after[0]));
    let verified = office::audit::verify_against(&bench.office, &[], None).await;
    assert!(verified.unwrap().is_whole());
    // A number is still found, and its name read, by an office opened with the new key alone.
    let Bench { county, office } = bench;
    Arc::into_inner(office).unwrap().close().await;
    let office = county.office("data").await;
    let again = Intake::new(&office)
        .receive_folder(&county.feeds(), |_, _, _| {})
        .await
        .unwrap();
    assert!(again.iter().all(|file| file.state == State::Repeated));
    let checks = office::doctor::examine(&office).await.unwrap();
    let bad: Vec<&str> = checks.iter().filter(|c| !c.good).map(|c| c.name).collect();
    assert_eq!(bad, Vec::<&str>::new());
    office.close().await;
}

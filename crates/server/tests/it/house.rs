//! A house for the tests: the fixture's pages behind a real door, with real accounts in a folder of
//! their own. Nobody is let in without a session.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use office::access::{Access, By, NewAccount, NewOffice};
use office::{Clock, Database, Office, Setting, Watch};
use server::{Front, House};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::fixture::Fixture;

/// Opens the door to all pages of the fixture.
pub const OFFICIAL: &str = "zhao";
/// Opens what an official does not see: accounts and the state of the machine.
pub const ADMIN: &str = "admin";
/// Gives roles.
pub const SECADMIN: &str = "secadmin";
/// The password of nobody; accounts here are entered by the machine.
const AREAS: &str = "code,name,level,parent,urban_rural_code\n\
    99,演示省,1,,\n9901,演示市,2,99,\n\
    990101,演示县,3,9901,\n990101001,城东街道,4,990101,\n990101002,城西街道,4,990101,\n";

/// The door, and the accounts behind it.
pub struct Door {
    pub access: Arc<Access>,
    /// Secrets of sessions by login.
    pub secrets: HashMap<&'static str, String>,
    /// Stands still until it is moved.
    pub watch: Watch,
    _folder: TempDir,
}

/// One runtime for the office, whichever test asks.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
pub static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let opened = RUNTIME.spawn(open());
    std::thread::spawn(move || RUNTIME.block_on(opened))
        .join()
        .unwrap()
        .unwrap()
});

impl Door {
    /// The fixture's pages behind this door.
    pub fn house(&self, front: Option<Front>) -> House {
        House {
            views: Arc::new(Fixture),
            access: Arc::clone(&self.access),
            front,
        }
    }

    pub fn cookie(&self, login: &str) -> String {
        format!("doudi_session={}", self.secrets[login])
    }
}

async fn open() -> Door {
    let folder = tempfile::tempdir().unwrap();
    let areas = folder.path().join("areas.csv");
    std::fs::write(&areas, AREAS).unwrap();
    let setting = Setting {
        folder: folder.path().join("data"),
        database: Database::Sqlite,
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed("2026-09-14T09:00").unwrap(),
    };
    let office = Arc::new(Office::open(setting).await.unwrap());
    office.load_areas(&areas).await.unwrap();
    // What is counted by the minute must not depend on how fast the test is.
    let watch = Watch::by_hand(office.clock());
    let access = Access::open(office, watch.clone()).unwrap();
    let by = By::Machine;
    let bureau = NewOffice {
        code: "mz".to_owned(),
        name: "民政局".to_owned(),
        area: "990101".to_owned(),
        parent: None,
    };
    access.add_office(by, &bureau).await.unwrap();
    let mut secrets = HashMap::new();
    for (login, roles) in [
        (OFFICIAL, vec!["核对员", "领导"]),
        (ADMIN, vec!["系统管理员"]),
        (SECADMIN, vec!["安全保密管理员"]),
    ] {
        let new = NewAccount {
            login: login.to_owned(),
            name: format!("{login}的姓名"),
            organisation: "mz".to_owned(),
        };
        access.add_account(by, &new).await.unwrap();
        for role in roles {
            let given = access.grant(by, login, role, "990101", None, "测试").await;
            given.unwrap();
        }
        let begun = access.session_at_the_machine(login, "测试").await.unwrap();
        secrets.insert(login, begun.secret.text());
    }
    Door {
        access,
        secrets,
        watch,
        _folder: folder,
    }
}

//! The product itself: an office of an invented county, its people, and the server on a free port.

mod whole;

use super::chrome::Chrome;
use super::page::{Page, Scripts};
use crate::county::{County, Faults, run_months};
use crate::kept;
use office::access::{Access, Acting, By, NewAccount, NewOffice, Right};
use office::desk::Desk;
use office::{Clock, Database, Office, Setting, Watch};
use server::House;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The file beside a demo that tells its people: login, role, first password.
const PEOPLE: &str = "demo-people.tsv";
/// The moment of the demo.
const NOW: &str = "2026-09-14T09:00";
/// Since when its officials have their roles, and when its departments looked for the cases that are decided.
const HIRED: &str = "2026-08-03T09:00";
const LOOKED: &str = "2026-08-26";
/// The month of the departments' own files.
const OWN_MONTH: &str = "2026-08";

/// Somebody of the demo.
pub(crate) struct Person {
    pub(crate) role: String,
    pub(crate) password: String,
}

/// An office that is served.
pub(crate) struct Place {
    pub(crate) runtime: Runtime,
    pub(crate) access: Arc<Access>,
    pub(crate) watch: Watch,
    pub(crate) people: BTreeMap<String, Person>,
    /// `http://127.0.0.1:…`
    pub(crate) address: String,
}

/// What stands in the demo's inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cases {
    WithAPast,
    /// Everything the program's demo has.
    Everything,
    None,
}

impl Place {
    /// The demo's county with everybody in it.
    pub(crate) fn demo(county: &County, cases: Cases) -> Self {
        let runtime = Runtime::new().unwrap();
        let (access, watch, people) = runtime.block_on(async {
            let setting = county.setting("data");
            let people = setting.folder.join(PEOPLE);
            let name = format!("demo {cases:?}");
            let made = kept::office(county, setting, &name, async |office, folder| {
                fill(county, cases, (office, folder)).await;
            });
            let office = Arc::new(made.await);
            let people = people_of(&std::fs::read_to_string(people).unwrap());
            let watch = Watch::by_hand(office.clock());
            let access = Access::open(office, watch.clone()).unwrap();
            (access, watch, people)
        });
        Self::serve(runtime, access, watch, people)
    }

    /// A county of a real code, where nothing is simpler than for real people, and its clerks.
    pub(crate) fn strict(folder: &TempDir, clerks: &[&str]) -> Self {
        let rows = "code,name,level,parent,urban_rural_code\n11,某市,1,,\n1101,市辖区,2,11,\n\
            110199,某县,3,1101,\n110199001,某镇,4,110199,\n";
        let clerks = clerks.iter().map(|login| (*login, "窗口经办", "110199001"));
        Self::of_people(folder, rows, &clerks.collect::<Vec<_>>())
    }

    /// The same with a list of areas, and whoever has which role where.
    pub(crate) fn of_people(folder: &TempDir, rows: &str, people: &[(&str, &str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let (access, watch, people) = runtime.block_on(async {
            let office = open(&folder.path().join("data")).await;
            let areas = folder.path().join("areas.csv");
            std::fs::write(&areas, rows).unwrap();
            office.load_areas(&areas).await.unwrap();
            let watch = Watch::by_hand(office.clock());
            let access = Access::open(office, watch.clone()).unwrap();
            let bureau = NewOffice {
                code: "bureau".to_owned(),
                name: "民政局".to_owned(),
                area: "110199".to_owned(),
                parent: None,
            };
            access.add_office(By::Machine, &bureau).await.unwrap();
            let mut made = BTreeMap::new();
            for (login, role, area) in people {
                let new = NewAccount {
                    login: (*login).to_owned(),
                    name: format!("{login}的姓名"),
                    organisation: "bureau".to_owned(),
                };
                let password = access.add_account(By::Machine, &new).await.unwrap();
                let given = access.grant(By::Machine, login, role, area, None, "测试");
                given.await.unwrap();
                let (role, password) = ((*role).to_owned(), password.tell().to_owned());
                made.insert((*login).to_owned(), Person { role, password });
            }
            (access, watch, made)
        });
        Self::serve(runtime, access, watch, people)
    }

    fn serve(
        runtime: Runtime,
        access: Arc<Access>,
        watch: Watch,
        people: BTreeMap<String, Person>,
    ) -> Self {
        let opened = Desk::open_for_pages(Arc::clone(access.office()));
        let house = House {
            views: runtime.block_on(opened).unwrap(),
            access: Arc::clone(&access),
            front: None,
        };
        let (tell, told) = channel();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        runtime.spawn(async move {
            let ready = move |at| tell.send(at).unwrap();
            server::serve(house, anywhere, ready).await.unwrap();
        });
        let address = format!("http://{}", told.recv().unwrap());
        Self {
            runtime,
            access,
            watch,
            people,
            address,
        }
    }

    /// Moves the office's clock; nobody is signed out by it.
    pub(crate) fn at(&self, moment: &str) {
        self.access.office().clock().set(moment);
    }

    /// Cases on notice, waiting for the county and decided: most of families the roll pays, so it is opened before.
    pub(crate) fn decided(&self, county: &County) {
        let answer = |source: &str, header: &[String], request: &str| {
            departments(&county.feeds(), source, header, request)
        };
        let filled = office::casework::decided_demo::fill(&self.access, NOW, answer);
        let made = self.runtime.block_on(filled).unwrap();
        assert!(made > 0, "no case is decided");
    }

    /// One more official of the county's bureau, for a township the demo has nobody in.
    pub(crate) fn hire(&mut self, login: &str, role: &str, area: &str) {
        let made = async {
            let new = NewAccount {
                login: login.to_owned(),
                name: format!("{login}的姓名"),
                organisation: "demo-mz".to_owned(),
            };
            let password = self.access.add_account(By::Machine, &new).await.unwrap();
            let given = self
                .access
                .grant(By::Machine, login, role, area, None, "测试");
            given.await.unwrap();
            password.tell().to_owned()
        };
        let password = self.runtime.block_on(made);
        let role = role.to_owned();
        self.people
            .insert(login.to_owned(), Person { role, password });
    }

    /// Somebody of the demo at the machine, for what a journey begins with.
    pub(crate) fn acting(&self, login: &str) -> Acting {
        self.runtime.block_on(async {
            let begun = self.access.session_at_the_machine(login, "测试").await;
            let visitor = self.access.visitor(&begun.unwrap().secret.text()).await;
            visitor.unwrap().unwrap().acting
        })
    }

    /// A page of nobody's.
    pub(crate) fn page(&self, chrome: &Chrome, width: u32, scripts: Scripts) -> Page {
        Page::new(chrome, &self.address, width, scripts)
    }

    /// A page of somebody who has signed in at the door.
    pub(crate) fn enter(&self, chrome: &Chrome, login: &str, width: u32, scripts: Scripts) -> Page {
        let mut page = self.page(chrome, width, scripts);
        page.open("/sign-in");
        page.fill("账号", login);
        page.fill("口令", &self.people[login].password);
        page.press("button", "登录");
        assert!(
            page.has("link", &self.name(login)),
            "{login} is not in: {}",
            page.text()
        );
        page
    }

    /// What somebody is called on their pages.
    pub(crate) fn name(&self, login: &str) -> String {
        let known = self.runtime.block_on(self.access.accounts(By::Machine));
        let row = known.unwrap().0.into_iter().find(|row| row.login == login);
        row.unwrap().name
    }

    /// Whether somebody holds a right at this moment.
    pub(crate) fn may(&self, login: &str, right: Right) -> bool {
        self.acting(login).scope(right).is_ok()
    }

    /// Somebody of a role.
    pub(crate) fn one_of_each_role(&self) -> Vec<&str> {
        let mut seen = std::collections::BTreeSet::new();
        let people = self.people.iter();
        people
            .filter(|(_, person)| seen.insert(person.role.as_str()))
            .map(|(login, _)| login.as_str())
            .collect()
    }
}

/// What a department of the county answers from its own file.
fn departments(feeds: &Path, source: &str, header: &[String], request: &str) -> Option<String> {
    let name = format!("{}.csv", source.replace('_', "-"));
    let own = std::fs::read(feeds.join(OWN_MONTH).join(name)).ok()?;
    synth::department_answer(header, request, &own, LOOKED).ok()
}

async fn open(folder: &Path) -> Arc<Office> {
    let setting = Setting {
        folder: folder.to_owned(),
        database: Database::Sqlite,
        rulebook: None,
        locality: "demo".to_owned(),
        // The past of the demo's cases is made by moving it.
        clock: Clock::fixed(NOW).unwrap().by_hand(),
    };
    Arc::new(Office::open(setting).await.unwrap())
}

/// Makes the demo in an office, and writes its people down beside it.
async fn fill(county: &County, cases: Cases, (office, folder): (&Arc<Office>, &Path)) {
    county.receive(office).await;
    run_months(office).await;
    let access = Access::open(Arc::clone(office), Watch::by_hand(office.clock())).unwrap();
    office.clock().set(HIRED);
    let made = access.make_demo_accounts().await.unwrap();
    office.clock().set(NOW);
    let lines = made.iter().map(|one| {
        let (login, role) = (&one.login, &one.role);
        format!("{login}\t{role}\t{}\n", one.password.tell())
    });
    std::fs::write(folder.join(PEOPLE), lines.collect::<String>()).unwrap();
    match cases {
        Cases::Everything => whole::fill(&access, county).await,
        Cases::WithAPast => {
            let made = office::casework::demo::fill(&access, NOW).await.unwrap();
            assert!(made > 0, "the demo has no cases");
        }
        Cases::None => {}
    }
}

/// The people of a demo by what was written down of them.
fn people_of(text: &str) -> BTreeMap<String, Person> {
    let read = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut next = || cells.next().unwrap();
        let (login, role, password) = (next(), next(), next());
        (login, Person { role, password })
    };
    text.lines().map(read).collect()
}

/// A browser and the demo; none where there is no browser.
pub(crate) fn demo(faults: Faults, cases: Cases) -> Option<(Chrome, County, Place)> {
    let chrome = Chrome::start()?;
    let county = County::new(faults);
    let place = Place::demo(&county, cases);
    Some((chrome, county, place))
}

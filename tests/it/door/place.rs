//! The county these stories are told in, and the family they are told of.

use super::{COUNTY, WARNED};
use crate::browse::Person;
use crate::county::{County, Faults, run_months};
use crate::kept;
use crate::staff::Staff;
use axum::Router;
use domain::{AreaCode, Fen, HouseholdId, WarningId};
use office::desk::Desk;
use office::intake::{Intake, State};
use office::views::{Behind, Verdict, Views, WarningFilter, WarningState};
use office::{Database, Office};
use server::{House, Pages};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many families nobody has thought of.
const FORGOTTEN: usize = 30;

/// The county with its pages.
pub(crate) struct Place {
    pub(crate) county: County,
    pub(crate) office: Arc<Office>,
    pub(crate) staff: Staff,
    pub(crate) router: Router,
    /// What takes a signed version of the rulebook up.
    pub(crate) pages: Arc<Pages>,
    pub(crate) views: Arc<dyn Views>,
}

impl Place {
    /// Files received, months judged, pages open.
    pub(crate) async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        forget(&county);
        let setting = crate::county::setting(
            &county.folder.path().join("door"),
            database,
            "2026-09-07T09:00",
        );
        let office = kept::office(&county, setting, "door", async |office, _| {
            receive(&county, office).await;
        });
        let office = Arc::new(office.await);
        let staff = Staff::of(&office, COUNTY).await;
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        let seen: Arc<dyn Views> = views.clone();
        let house = House {
            views: seen,
            access: Arc::clone(&staff.access),
            front: None,
        };
        let pages = Pages::new(house);
        Self {
            router: pages.router(),
            pages,
            county,
            office,
            staff,
            views,
        }
    }

    pub(crate) async fn enter(&self, login: &str, role: &str, area: &str) -> Person {
        Person::enter(&self.router, &self.staff, login, role, area).await
    }

    pub(crate) fn at(&self, moment: &str) {
        self.office.clock().set(moment);
    }
}

/// Receives the files, one by one confirmed where that is asked, and judges the months.
async fn receive(county: &County, office: &Office) {
    for mut file in county.receive(office).await {
        // The shorter roll differs more from month to month; somebody looks and confirms.
        if matches!(file.state, State::Waiting(_)) {
            let path = county
                .feeds()
                .join(file.period.to_string())
                .join(&file.file);
            let named = Some((file.feed.as_str(), file.period));
            file = Intake::new(office)
                .receive(&path, named, true)
                .await
                .unwrap();
        }
        assert!(
            file.state == State::Applied && file.refusals.is_empty(),
            "{} {}: {:?}",
            file.period,
            file.file,
            file.state
        );
    }
    run_months(office).await;
}

/// A family of the county.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) warning: i64,
    pub(crate) household: i64,
    pub(crate) town: String,
    /// Village of the register, and who applies.
    pub(crate) village: String,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) members: Vec<i64>,
}

/// Families the county's roll pays, and whose hospital bills of the last three months are heavy, are left out
/// of the roll as if they had never come.
fn forget(county: &County) {
    let mut bills: BTreeMap<String, i64> = BTreeMap::new();
    for month in ["2026-06", "2026-07", WARNED] {
        let list = county.feed(month, "medical-expense");
        for [number, day, own] in list.columns(["身份证号", "结算日", "个人自付"]) {
            let own = Fen::parse(own).map_or(0, Fen::get);
            if day.replace('/', "-").as_str() >= "2026-06" {
                *bills.entry(number.to_owned()).or_default() += own;
            }
        }
    }
    let register = county.feed(WARNED, "register");
    let people = register.columns(["户号", "身份证号"]);
    let mut heavy: Vec<(i64, &str)> = people
        .iter()
        .filter_map(|[of, number]| Some((*bills.get(*number)?, *of)))
        .collect();
    heavy.sort_unstable();
    let heavy = heavy.iter().rev().take(FORGOTTEN);
    let homes: BTreeSet<String> = heavy.map(|(_, of)| (*of).to_owned()).collect();
    for month in ["2026-06", "2026-07", WARNED] {
        county.rewrite(month, "roll", |list| list.leave_out("户编号", &homes));
    }
}

/// One of them whom the rules would help, found by the warning of what the hospital cost.
pub(super) async fn planted(place: &Place) -> Family {
    let finder = place.staff.enter("finder", "县级审核", COUNTY).await.who;
    let filter = WarningFilter {
        kind: Some("medical_spike".to_owned()),
        state: Some(WarningState::Open),
        month: Some(WARNED.to_owned()),
        ..WarningFilter::default()
    };
    let spikes = place.views.warnings(&finder, filter).await.unwrap();
    let register = place.county.feed(WARNED, "register");
    let people = register.columns(["户号", "与户主关系", "身份证号", "姓名"]);
    let mut seen = Vec::new();
    for row in spikes.page.rows {
        let Behind::Household(household) = row.about else {
            continue;
        };
        let file = place
            .views
            .household(&finder, household, None)
            .await
            .unwrap();
        let dibao = file.results.iter().find(|one| one.id == "dibao").unwrap();
        let helped = file.results.iter().any(|one| one.on_roll);
        seen.push((household, dibao.verdict, helped));
        if dibao.verdict != Verdict::Met || helped {
            continue;
        }
        let tx = place.office.begin().await.unwrap();
        let warning = store::warnings::find(&tx, WarningId::new(row.id)).await;
        let sick = warning.unwrap().unwrap().content.person.unwrap().get();
        let sick = file.members.iter().find(|one| one.id == sick).unwrap();
        let (begins, ends) = (&sick.number[..6], &sick.number[sick.number.len() - 4..]);
        let mut own = people.iter();
        let own = own.find(|[of, _, number, _]| {
            *of == file.number && number.starts_with(begins) && number.ends_with(ends)
        });
        let [_, _, number, name] = own.unwrap();
        let homes = [HouseholdId::new(household)];
        let homes = store::households::get_many(&tx, &homes).await.unwrap();
        let area: AreaCode = homes[0].area;
        return Family {
            warning: row.id,
            household,
            town: area.full()[..9].to_owned(),
            village: area.full().to_owned(),
            name: (*name).to_owned(),
            number: (*number).to_owned(),
            members: file.members.iter().map(|one| one.id).collect(),
        };
    }
    panic!("nobody fits: {seen:?}")
}

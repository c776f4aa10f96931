//! One income for all programmes; and who opens nothing that decides.

use super::{COUNTY, Place, VILLAGE};
use office::Database;
use office::access::{Nature, Reach};
use office::views::LineKind;
use server::Need;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test(flavor = "multi_thread")]
async fn no_two_programmes_show_different_income_for_one_household_and_month() {
    let place = Place::open(Database::Sqlite).await;
    let chen = place.staff.enter("chen", "县级审核", COUNTY).await;
    let mut compared = 0;
    for home in place.office_homes().await.into_iter().take(60) {
        let file = place.views.household(&chen.who, home, None).await.unwrap();
        let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for result in file
            .results
            .iter()
            .filter(|result| result.subject == "全户")
        {
            let of = |line: &&office::views::ExplainLine| line.kind != LineKind::Condition;
            for line in result
                .lines
                .iter()
                .filter(of)
                .filter(|line| line.name == "人均月收入")
            {
                shown.entry(&line.name).or_default().insert(&line.result);
                compared += 1;
            }
        }
        for (name, values) in shown {
            assert_eq!(values.len(), 1, "household {home}: {name} {values:?}");
        }
    }
    assert!(compared > 60, "{compared} lines were compared");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_village_a_provider_and_a_third_party_open_nothing_that_decides() {
    let place = Place::open(Database::Sqlite).await;
    let book = place.staff.access.book();
    let mut tried = 0;
    for (at, (role, area)) in [
        ("网格员", VILLAGE),
        ("服务机构", COUNTY),
        ("第三方调查员", COUNTY),
    ]
    .into_iter()
    .enumerate()
    {
        let signed = place.staff.enter(&format!("u{at}"), role, area).await;
        for route in server::routes() {
            let Need::Right(right) = route.need else {
                continue;
            };
            let rule = book.rule(right).unwrap();
            if rule.nature != Nature::Decide || rule.reach == Reach::Own {
                continue;
            }
            let path = route.path.replace("{no}", "1").replace("{id}", "1");
            let told = place.ask(Some(&signed), route.method, &path, &[]).await;
            assert_eq!(told.status, 403, "{role} {} {path}", route.method);
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried} routes decide");
}

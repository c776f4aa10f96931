//! 督办: a township's late cases are counted as they are listed; an urging stands in that township's list and in nobody
//! else's until it is answered, once.

use super::counters::applies;
use super::*;
use domain::{AreaLevel, Day};
use office::casework::urging;

async fn a_township_is_urged_and_answers(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (office, chen) = (&bench.office, &bench.chen.who);
    let due = |text: &str| Day::parse(text).unwrap();
    let no = applies(&bench, "urged", "dibao", 0).await.unwrap();
    let case = casework::load(office, chen, no).await.unwrap();
    let town = case.standing.area.at(AreaLevel::Township).unwrap();
    let early = urging::urge(office, chen, (town, "请抓紧", due("2026-09-20"))).await;
    refused(early, "没有逾期");

    bench.at("2026-11-20T09:00");
    let view = urging::view(office, chen, "").await.unwrap();
    let sum: u64 = view.towns.iter().map(|one| one.late).sum();
    assert_eq!(
        (view.late, u64::try_from(view.cases.len()).unwrap()),
        (sum, sum)
    );
    let here = urging::view(office, chen, town.as_str()).await.unwrap();
    let own = view.towns.iter().find(|one| one.town == town.as_str());
    assert_eq!(own.unwrap().late, u64::try_from(here.cases.len()).unwrap());
    assert!(here.cases.iter().any(|one| one.no == no.get()));

    let over = urging::urge(office, chen, (town, "请抓紧", due("2026-11-19"))).await;
    refused(over, "已经过了");
    let mute = urging::urge(office, chen, (town, " ", due("2026-11-25"))).await;
    refused(mute, "请写明");
    let told = (town, "逾期的三天内办完", due("2026-11-25"));
    let urge = urging::urge(office, chen, told).await.unwrap();
    let clerk = bench.staff.enter("wang7", "窗口经办", town.as_str()).await;
    let other = match town.as_str() {
        "990101001" => "990101002",
        _ => "990101001",
    };
    let beside = bench.staff.enter("wang8", "窗口经办", other).await;
    let own = urging::received(office, &clerk.who).await.unwrap();
    assert_eq!(own.iter().map(|one| one.no).collect::<Vec<_>>(), [urge]);
    assert_eq!(own[0].late, u64::try_from(here.cases.len()).unwrap());
    assert!(
        urging::received(office, &beside.who)
            .await
            .unwrap()
            .is_empty()
    );
    refused(urging::one(office, &beside.who, urge).await, "没有编号");
    refused(
        urging::answer(office, &beside.who, urge, "好").await,
        "没有编号",
    );
    refused(
        urging::answer(office, &clerk.who, urge, " ").await,
        "请写明",
    );
    // Whoever works there sends no urging.
    let up = urging::urge(office, &clerk.who, (town, "请", due("2026-11-25"))).await;
    assert!(up.is_err());
    urging::answer(office, &clerk.who, urge, "两件已办完,一件等外地协查")
        .await
        .unwrap();
    refused(
        urging::answer(office, &clerk.who, urge, "再答").await,
        "已经答复",
    );
    assert!(
        urging::received(office, &clerk.who)
            .await
            .unwrap()
            .is_empty()
    );
    let view = urging::view(office, chen, "").await.unwrap();
    assert!(
        view.urges[0].answer.contains("两件已办完"),
        "{:?}",
        view.urges
    );
    let own = view.towns.iter().find(|one| one.town == town.as_str());
    assert_eq!(own.unwrap().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_place_was_urged_to_do_stands_in_its_own_list_until_it_answers() {
    on_both(a_township_is_urged_and_answers).await;
}

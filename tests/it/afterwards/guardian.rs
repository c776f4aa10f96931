//! A guardian signs where the record says that the applicant cannot act for themselves, and nowhere else.

use super::*;
use office::casework::SignedBy;
use office::visits::Said;

async fn of_whom_it_is_recorded(database: Database) {
    let bench = Bench::open(database).await;
    let (no, help, _) = bench.sure(AfterPurpose::Ending, 0).await;
    let tx = bench.office.begin().await.unwrap();
    let known = store::entitlements::find(&tx, help).await.unwrap().unwrap();
    drop(tx);
    bench.done(&bench.wang.who, no, "登记线索").await.unwrap();
    let told = Said {
        person: Some(known.payee),
        fact: "限制民事行为能力".to_owned(),
        value: "是".to_owned(),
        base: 0,
    };
    let hands = (&bench.wang.who, &bench.li.who);
    crate::found_out::visited_and_told(&bench.office, hands, no, &[told]).await;
    bench.tell(no).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    let stop = ruling(AfterKind::Stopped, "全家迁往外省,不再共同生活");
    bench.sign(no, &stop).await.unwrap();
    let file = after::after_file(&bench.office, &bench.wang.who, no).await;
    let offered = file.unwrap().receivers;
    assert!(offered.iter().any(|one| one.value == "监护人"));
    let hand = async |because: &str| {
        let by = SignedBy {
            who: "监护人",
            because,
            witness: "",
        };
        let way = (DeliveryWay::InPerson, by);
        after::deliver(&bench.office, &bench.wang.who, no, way).await
    };
    refused(hand("").await, "要写明理由");
    hand("他的母亲").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_signs_for_whoever_the_record_says_cannot_act_alone() {
    on_both(of_whom_it_is_recorded).await;
}

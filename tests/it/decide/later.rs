//! What follows of an objection that was right, and how long a decision is public.

use super::*;
use office::casework::publicity;

/// An objection that was right: the township forms its opinion anew, and that is what is decided on.
pub(super) async fn upheld_wants_a_new_opinion(bench: &Bench, no: CaseNo) {
    bench.office.clock().set("2026-09-20T11:00");
    bench.opine(no, Proposal::Refuse).await.unwrap();
    let posted = bench.post(no).await.unwrap();
    let access = &bench.staff.access;
    let objection = objection::object_from_page(access, posted, "少算了一口人").await;
    let objection = objection.unwrap();
    bench.finish(no).await.unwrap();
    let right = ("li", ObjectionState::Upheld);
    bench.settle_as(no, objection, right).await.unwrap();
    let case = bench.load(no).await;
    assert_eq!(case.standing.open.as_ref().unwrap().name, "重新初审");
    assert!(case.standing.told.contains("异议属实"));
    refused(
        bench.done(&bench.wang.who, no, "重新初审", &[]).await,
        "初审意见",
    );
    bench.office.clock().set("2026-09-29T11:00");
    bench.opine(no, Proposal::Refuse).await.unwrap();
    bench.done(&bench.wang.who, no, "报批", &[]).await.unwrap();
    let signed = bench.sign(&bench.chen.who, no, DecidedAs::Refused).await;
    let tx = bench.office.begin().await.unwrap();
    let kept = store::decisions::find(&tx, signed.unwrap()).await.unwrap();
    let opinions = store::notices::opinions(&tx, no).await.unwrap();
    assert_eq!(opinions.len(), 2);
    assert_eq!(kept.unwrap().content.opinion.0, opinions[1].no);
}

/// What was decided is public where the family lives and while the help runs; nobody has to take it down.
pub(super) async fn public_while_the_help_runs(bench: &Bench, no: CaseNo) {
    let office = &bench.office;
    let mut case = casework::load(office, &bench.wang.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let way = (casework::DeliveryWay::InPerson, "本人".into());
    decision::deliver(office, &mut tx, &bench.wang.who, &mut case, way)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    let mut case = bench.load(no).await;
    let mut tx = office.begin().await.unwrap();
    decision::publish(office, &mut tx, &bench.chen.who, &mut case)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    let seen = async |area: &str| {
        let asked = publicity::Asked {
            area: (!area.is_empty()).then(|| casework::area(area).unwrap()),
            ..publicity::Asked::default()
        };
        publicity::publicity(office, &asked).await.unwrap()
    };
    let own = case.standing.area.full()[..9].to_owned();
    let all = seen("").await;
    assert_eq!((all.published.all, all.published.pages), (1, 1));
    assert!(
        all.places.iter().any(|place| place.code == own),
        "{:?}",
        all.places
    );
    assert_eq!(seen(&own).await.published.rows.len(), 1);
    let beside = if own.ends_with('1') {
        "990101002"
    } else {
        "990101001"
    };
    assert_eq!(seen(beside).await.published.all, 0);

    let month = |text: &str| domain::Month::parse(text).unwrap();
    let subject = case.row.content.household.unwrap().into();
    let tx = office.begin().await.unwrap();
    let help = disbursement::in_force(&tx, "dibao", subject, month("2026-10")).await;
    drop(tx);
    let help = help.unwrap().unwrap();
    let last = month("2026-12");
    found_out::stopped(office, &bench.chen.who, help.id, last, "搬走了")
        .await
        .unwrap();
    office.clock().set("2026-11-30T09:00");
    assert_eq!(seen("").await.published.all, 1);
    office.clock().set("2026-12-01T09:00");
    assert_eq!(seen("").await.published.all, 0);
}

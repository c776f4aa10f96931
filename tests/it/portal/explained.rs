//! The applicant answers a difference on their own page, with words and a photo; the one who asked sees both.

use super::{Place, TOWN, picture, upload_with};
use crate::found_out;
use crate::staff::Signed;
use domain::{CaseNo, PersonId, Relation};
use office::casework::{self, Completion, Declared};
use office::verification::{self, Given, Signed as Signs, Unsigned};

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_explained_by_the_applicant_with_words_and_a_photo_and_the_verifier_sees_it()
 {
    let place = Place::open().await;
    let office = &place.office;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let zhao = place.staff.enter("zhao", "核对员", "990101").await;
    let heads = place.heads();
    let own = place.bound(&wang, "19900000021", &heads[0]).await;
    let other = place.bound(&wang, "19900000022", &heads[1]).await;
    let [name, number] = &heads[0];
    let found = casework::people::find(office, &wang.who, name, number).await;
    let person = found.unwrap().unwrap();
    let mut opening = found_out::dibao(
        "explained".to_owned(),
        person,
        vec![(person, Relation::Head)],
    );
    opening.declared = vec![Declared {
        person: Some(person),
        fact: "有机动车".to_owned(),
        value: "否".to_owned(),
        period: "2026-09".to_owned(),
    }];
    let opened = casework::open(office, &wang.who, &opening).await;
    let no = opened.unwrap().cases[0];
    verifying(&place, &wang, person, no).await;
    let batch = verification::open(office, &zhao.who, "explained", &[no], Unsigned::Stop).await;
    let batch = batch.unwrap().no;
    let tx = office.begin().await.unwrap();
    let all = store::verifications::requests_to(&tx, batch, "vehicles")
        .await
        .unwrap();
    drop(tx);
    let header = verification::answer_header(office, "vehicles")
        .unwrap()
        .join(",");
    let today = office.clock().today();
    let row = format!(
        "1,{},{number},某某,有,{today},某A12345,小型汽车,2020-05-01,52000,正常",
        all[0].no
    );
    let text = format!("{header}\n{row}");
    let taken = verification::import_text(office, &zhao.who, batch, "vehicles", &text).await;
    assert_eq!(taken.unwrap().mistakes, 0);
    // Nobody asked yet: nothing is to be explained, and no letter asks.
    let my = format!("/my/{no}");
    let title = "%E6%A0%B8%E5%AF%B9%E7%BB%93%E6%9E%9C%E5%91%8A%E7%9F%A5%E4%B9%A6";
    let letter = format!("/case/{no}/letters/{title}");
    assert!(!place.see(&own, &my).await.body.contains("请说明"));
    assert_eq!(place.staff_see(&wang, &letter).await.status, 404);
    let application = verification::ApplicationNo::new(1);
    let asked = verification::ask_to_explain(office, &zhao.who, batch, application).await;
    assert_eq!(asked.unwrap(), 1);
    let printed = place.staff_see(&wang, &letter).await;
    for words in [
        "本人的有机动车",
        "申报 否",
        "查得 是",
        "以前说明",
        name.as_str(),
    ] {
        assert!(printed.body.contains(words), "{words}: {}", printed.body);
    }

    let page = place.see(&own, &my).await.body;
    assert!(
        page.contains("请说明:本人的有机动车") && page.contains("查得 是"),
        "{page}"
    );
    let key = format!("{person}:有机动车");
    let send = format!("{my}/explain");
    let told = |says| vec![("about", key.as_str()), ("says", says)];
    let numbers = upload_with(&place, &own, &send, &told("电话 13800138000"), &picture()).await;
    assert_eq!(numbers.status, 422);
    let foreign = upload_with(&place, &other, &send, &told("不是我的"), &picture()).await;
    assert_eq!(foreign.status, 404, "{}", foreign.body);
    let sent = upload_with(
        &place,
        &own,
        &send,
        &told("车去年卖了,没有过户"),
        &picture(),
    )
    .await;
    assert_eq!((sent.status, sent.place.as_str()), (303, my.as_str()));
    let page = place.see(&own, &my).await.body;
    assert!(page.contains("您说明:车去年卖了"), "{page}");

    let diff = place
        .staff_see(&zhao, &format!("/verify/{batch}/diff/1"))
        .await
        .body;
    for words in ["已说明", "车去年卖了,没有过户", "说明 有机动车", "/photos/"] {
        assert!(diff.contains(words), "{words}: {diff}");
    }
    // Once the report is issued, the window is the way.
    let issued = verification::issue(office, &zhao.who, batch, application).await;
    assert!(issued.is_ok());
    assert!(!place.see(&own, &my).await.body.contains("请说明"));
    let late = upload_with(&place, &own, &send, &told("又想起来"), &picture()).await;
    assert!(
        late.status == 422 && late.body.contains("窗口"),
        "{}",
        late.body
    );
}

/// The applicant consents, and the case comes to where departments are asked.
async fn verifying(place: &Place, wang: &Signed, person: PersonId, no: CaseNo) {
    let office = &place.office;
    let given = [Given {
        person,
        sources: Vec::new(),
        signed: Signs::Paper,
        text: None,
    }];
    verification::give(office, &wang.who, no, &given)
        .await
        .unwrap();
    for step in ["提交申请", "受理", "启动调查"] {
        let mut case = casework::load(office, &wang.who, no).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        let done = Completion {
            step,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, &wang.who, &mut case, done)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
    }
}

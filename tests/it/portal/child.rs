//! A programme for one person, applied for on the telephone by a parent for the child who lives with them.

use super::applied::answer_all;
use super::{Place, TOWN, field_of_form, hidden};
use crate::casework::child::parent;
use domain::CaseNo;
use office::casework::people;
use store::cases::{self, Subject};

const PROGRAMME: &str = "child_unsupported";

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_applies_on_the_telephone_for_a_child_at_home() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let [head, child] = parent(&place.county);
    let own = place.bound(&wang, "19900000011", &head).await;
    let id = people::find(&place.office, &wang.who, &child[0], &child[1]).await;
    let id = id.unwrap().unwrap();
    let begun = place.see(&own, &format!("/apply?p={PROGRAMME}")).await;
    assert_eq!(begun.place, "/apply/what", "{}", begun.body);
    let what = [("programme", PROGRAMME)];
    let what = place.post(&own, "/apply/what", &what).await;
    assert_eq!(what.place, "/apply/family", "{}", what.body);
    let ticked = id.to_string();
    let family = [("person", ticked.as_str())];
    let family = place.post(&own, "/apply/family", &family).await;
    assert_eq!(family.place, "/apply/member", "{}", family.body);
    let member = place.post(&own, "/apply/member", &[("more", "no")]).await;
    let whom = format!("/apply/whom-{PROGRAMME}");
    assert_eq!(member.place, whom, "{}", member.body);
    let page = place.see(&own, &whom).await;
    for word in ["给谁申请", "申请人本人", "(子女)", ticked.as_str()] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    // Nobody, and somebody who does not live here, are no answer.
    for wrong in [vec![], vec![("whom", "1")]] {
        let told = place.post(&own, &whom, &wrong).await;
        assert!(
            told.status == 422 && told.body.contains("请选给谁申请"),
            "{}",
            told.body
        );
    }
    let told = place.post(&own, &whom, &[("whom", &ticked)]).await;
    assert_eq!(told.status, 303, "{}", told.body);
    // Left out of the family, nothing is applied for in their name: it is asked again.
    place.post(&own, "/apply/family", &[]).await;
    let family = [("person", ticked.as_str())];
    let again = place.post(&own, "/apply/family", &family).await;
    assert_eq!(again.place, whom, "{}", again.body);
    let told = place.post(&own, &whom, &[("whom", &ticked)]).await;
    let end = answer_all(&place, &own, told.place).await;
    let check = place.see(&own, &end).await;
    assert!(check.body.contains("》给谁"), "{}", check.body);
    let form = [
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    ];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    let sent = place.post(&own, "/apply/send", &form).await;
    assert!(sent.body.contains("办件编号 № 1"), "{}", sent.body);
    let tx = place.office.begin().await.unwrap();
    let case = cases::find(&tx, CaseNo::new(1)).await.unwrap().unwrap();
    assert_eq!(case.content.subject, Subject::Person(id));
    assert_ne!(case.content.applicant, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn kin_elsewhere_join_no_case_of_the_officials_own_family() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let [head, child] = parent(&place.county);
    let own = place.bound(&wang, "19900000011", &head).await;
    let id = people::find(&place.office, &wang.who, &child[0], &child[1]).await;
    let ticked = id.unwrap().unwrap().to_string();
    place.see(&own, &format!("/apply?p={PROGRAMME}")).await;
    let what = [("programme", PROGRAMME)];
    place.post(&own, "/apply/what", &what).await;
    let family = [("person", ticked.as_str())];
    place.post(&own, "/apply/family", &family).await;
    let father = [
        ("more", "yes"),
        ("name", "林远方"),
        ("number", "990101195403121282"),
        ("relation", "父母"),
        ("outside", "yes"),
    ];
    let told = place.post(&own, "/apply/member", &father).await;
    assert_eq!(told.status, 303, "{}", told.body);
    place.post(&own, "/apply/member", &[("more", "no")]).await;
    let whom = format!("/apply/whom-{PROGRAMME}");
    let told = place.post(&own, &whom, &[("whom", &ticked)]).await;
    let end = answer_all(&place, &own, told.place).await;
    let check = place.see(&own, &end).await;
    let form = [
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    ];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    place.post(&own, "/apply/send", &form).await;
    let desk = place.staff_see(&wang, "/residents").await;
    let no = field_of_form(&desk.body, "act\" value=\"join\"");
    let near = place.staff.enter("near", "窗口经办", TOWN).await;
    let visitor = place.staff.visitor(&near.secret).await.unwrap();
    let declared = place.staff.access.declare(&visitor, &head[1], "sibling");
    declared.await.unwrap();
    let join = [
        ("act", "join"),
        ("no", no.as_str()),
        ("text", "看过身份证"),
        father[2],
    ];
    let refused = place.staff_post(&near, "/residents", &join).await;
    assert!(
        refused.status != 200 && refused.body.contains("回避"),
        "{} {}",
        refused.status,
        refused.body
    );
    let joined = place.staff_post(&wang, "/residents", &join).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    let tx = place.office.begin().await.unwrap();
    let kin = store::kin::of_case(&tx, CaseNo::new(1)).await.unwrap();
    assert_eq!(kin.len(), 1);
}

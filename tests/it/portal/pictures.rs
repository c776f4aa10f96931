//! A17: pictures of an application are seen again and taken out before it is sent, and after the window sent it
//! back.

use super::{Phone, Place, TOWN, VILLAGE, field_of_form, hidden, picture, upload};

const PAPER: &str = "/apply/paper-";

/// Goes on from a question to the next that is a picture's, or to the answers.
async fn to_picture(place: &Place, own: &Phone, mut at: String) -> String {
    while at != "/apply/check" && !at.starts_with(PAPER) {
        let fields: &[(&str, &str)] = match at.as_str() {
            "/apply/what" => &[("programme", "dibao")],
            "/apply/member" => &[("more", "no")],
            "/apply/consent" => &[("agree", "yes")],
            other => panic!("{other}"),
        };
        at = place.post(own, &at, fields).await.place;
    }
    at
}

/// The address of the picture a page shows, and its number.
fn shown(body: &str) -> (String, String) {
    let no = body.split("/photos/").nth(1).expect(body);
    let no = no.split('"').next().unwrap().to_owned();
    (format!("/apply/photos/{no}"), no)
}

async fn sends_to_the_window(place: &Place, own: &Phone) {
    let check = place.see(own, "/apply/check").await;
    let form = [
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    ];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    let sent = place.post(own, "/apply/send", &form).await;
    assert!(sent.body.contains("回执"), "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_seen_and_taken_out_before_sending_and_after_the_window_sent_them_back() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let own = place.enter("19900000061").await;
    let other = place.enter("19900000062").await;
    let who = [
        ("name", "查无此人"),
        ("number", "990101195403121282"),
        ("area", VILLAGE),
    ];
    for phone in [&own, &other] {
        place.post(phone, "/my/who", &who).await;
        place.see(phone, "/apply?p=dibao").await;
    }
    let paper = to_picture(&place, &own, "/apply/what".to_owned()).await;
    let sent = upload(&place, &own, &paper, ("back", ""), &picture()).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let page = place.see(&own, &paper).await;
    assert!(page.body.contains("看第 1 张"), "{}", page.body);
    let (photo, no) = shown(&page.body);
    let seen = place.see(&own, &photo).await;
    assert!(seen.status == 200 && !seen.body.contains("<html"));
    // Nobody else opens it, whatever draft of their own they have.
    assert_eq!(place.see(&other, &photo).await.status, 404);
    let theirs = place.post(&other, &paper, &[("drop", &no)]).await;
    assert_eq!(theirs.status, 404, "{}", theirs.body);
    // Taken out: the question is open again.
    let out = place.post(&own, &paper, &[("drop", &no)]).await;
    assert_eq!((out.status, &out.place), (303, &paper), "{}", out.body);
    let page = place.see(&own, &paper).await;
    assert!(!page.body.contains("看第 1 张"), "{}", page.body);
    assert_eq!(place.see(&own, &photo).await.status, 404);
    let nothing = place.post(&own, &paper, &[]).await;
    assert!(nothing.body.contains("请拍一张照片"), "{}", nothing.body);

    let sent = upload(&place, &own, &paper, ("back", ""), &picture()).await;
    let mut at = to_picture(&place, &own, sent.place).await;
    while at != "/apply/check" {
        at = place.post(&own, &at, &[("later", "later")]).await.place;
        at = to_picture(&place, &own, at).await;
    }
    sends_to_the_window(&place, &own).await;
    let desk = place.staff_see(&wang, "/residents").await;
    let no = field_of_form(&desk.body, "act\" value=\"refuse\"");
    let back = [
        ("act", "refuse"),
        ("no", no.as_str()),
        ("text", "照片看不清"),
    ];
    let back = place.staff_post(&wang, "/residents", &back).await;
    assert_eq!(back.status, 303, "{}", back.body);
    // Sent back: everything is there again, and the bad picture can go.
    let my = place.see(&own, "/my").await;
    assert!(my.body.contains("改好再交"), "{}", my.body);
    let again = format!("/my/sent/{no}/again");
    assert_eq!(place.post(&other, &again, &[]).await.status, 404);
    let opened = place.post(&own, &again, &[]).await;
    assert_eq!(
        (opened.status, opened.place.as_str()),
        (303, "/apply/check")
    );
    let page = place.see(&own, &paper).await;
    let (photo, no) = shown(&page.body);
    assert_eq!(place.see(&own, &photo).await.status, 200);
    let out = place.post(&own, &paper, &[("drop", &no)]).await;
    assert_eq!(out.status, 303, "{}", out.body);
    let sent = upload(&place, &own, &paper, ("back", "check"), &picture()).await;
    assert_eq!(sent.place, "/apply/check", "{}", sent.body);
    sends_to_the_window(&place, &own).await;
}

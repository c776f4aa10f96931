//! What a resident never learns: whether somebody else is known here.

use super::{Phone, Place, TOWN, Told, VILLAGE, field_of_form, hidden};
use crate::staff::Signed;

/// A page without what belongs to one request alone.
fn plain(told: &Told) -> String {
    let mut body = told.body.clone();
    for name in ["form", "form_key"] {
        let own = hidden(&body, name);
        if !own.is_empty() {
            body = body.replace(&own, "-");
        }
    }
    format!("{} {} {body}", told.status, told.place)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_here_whether_somebody_else_is_known() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let heads = place.heads();
    let known = "19900000021";
    place.bound(&wang, known, &heads[0]).await;
    let nobody = Phone::default();
    // A telephone with an account and one without are answered alike, before and after a wrong code.
    let mut answers = Vec::new();
    for phone in [known, "19900000022"] {
        let sent = place
            .post(&nobody, "/my/sign-in", &[("phone", phone), ("go", "send")])
            .await;
        let fields = [("phone", phone), ("code", "000000"), ("go", "enter")];
        let refused = place.post(&nobody, "/my/sign-in", &fields).await;
        assert_eq!(
            (sent.status, refused.status),
            (200, 422),
            "{}",
            refused.body
        );
        answers.push((
            plain(&sent).replace(phone, "-"),
            plain(&refused).replace(phone, "-"),
        ));
    }
    assert_eq!(answers[0], answers[1]);
    // The name of somebody in the register, a wrong name to a number there, and a number nobody has.
    let [name, number] = &heads[1];
    let claims = [
        (name.as_str(), number.as_str()),
        ("查无此人", number.as_str()),
        ("查无此人", "990101195403121282"),
    ];
    let mut pages = Vec::new();
    for (at, (name, number)) in claims.into_iter().enumerate() {
        let phone = format!("1990000003{at}");
        let own = place.enter(&phone).await;
        let fields = [("name", name), ("number", number), ("area", VILLAGE)];
        let told = place.post(&own, "/my/who", &fields).await;
        let my = place.see(&own, "/my").await;
        let mask = format!("{}****{}", &phone[..3], &phone[7..]);
        pages.push((plain(&told), plain(&my).replace(&mask, "-")));
        // The whole way to the receipt is the same as well.
        place.see(&own, "/apply?p=dibao").await;
        let mut at = place
            .post(&own, "/apply/what", &[("programme", "dibao")])
            .await
            .place;
        let mut way = Vec::new();
        while at != "/apply/check" {
            let fields: &[(&str, &str)] = match at.as_str() {
                "/apply/member" => &[("more", "no")],
                "/apply/consent" => &[("agree", "yes")],
                _ => &[("later", "later")],
            };
            way.push(at.clone());
            at = place.post(&own, &at, fields).await.place;
            assert!(way.len() < 20, "{way:?}");
        }
        let check = place.see(&own, "/apply/check").await;
        let (draft, key) = (
            hidden(&check.body, "draft"),
            hidden(&check.body, "form_key"),
        );
        let form = [("draft", draft.as_str()), ("form_key", key.as_str())];
        let sent = place.post(&own, "/apply/send", &form).await;
        assert!(sent.body.contains("回执"), "{}", sent.body);
        let digits = |c: char| c.is_ascii_digit();
        let sent = plain(&sent).replace(digits, "");
        pages.push((way.join(" "), sent));
    }
    for pair in pages[2..].chunks(2) {
        assert_eq!(pair[0], pages[0]);
        assert_eq!(pair[1], pages[1]);
    }
    // The window takes one of them with the card in hand, and only where it lies in its place.
    let desk = place.staff_see(&wang, "/residents").await;
    let no = field_of_form(&desk.body, "act\" value=\"take\"");
    let take = [
        ("act", "take"),
        ("no", no.as_str()),
        ("text", number.as_str()),
    ];
    let wang2 = place.staff.enter("wang2", "窗口经办", "990101002").await;
    refused_and_reopened(&place, (&wang, &wang2), &no).await;
    assert_eq!(
        place.staff_post(&wang2, "/residents", &take).await.status,
        422
    );
    let taken = place.staff_post(&wang, "/residents", &take).await;
    assert!(
        taken.status == 200 && taken.body.contains("已收件"),
        "{}",
        taken.body
    );
    assert_eq!(
        place.staff_post(&wang, "/residents", &take).await.status,
        422
    );
    // Too many codes for one telephone, known or not, are refused alike.
    let mut told = 200;
    for _ in 0..8 {
        let fields = [("phone", "19900000077"), ("go", "send")];
        told = place.post(&nobody, "/my/sign-in", &fields).await.status;
    }
    assert_eq!(told, 429);
}

/// What the window did not take it takes up again, in its own place alone; whoever sent it is told, and it waits as
/// on the day it came.
async fn refused_and_reopened(place: &Place, (wang, other): (&Signed, &Signed), no: &str) {
    let no = ("no", no);
    let back = [("act", "refuse"), no, ("text", "照片看不清")];
    assert_eq!(
        place.staff_post(wang, "/residents", &back).await.status,
        303
    );
    let again = [("act", "reopen"), no, ("text", "本人带证件来了")];
    let elsewhere = place.staff_post(other, "/residents", &again).await;
    assert_eq!(elsewhere.status, 422, "{}", elsewhere.body);
    let silent = [("act", "reopen"), no, ("text", "")];
    let silent = place.staff_post(wang, "/residents", &silent).await;
    assert!(silent.status == 422 && silent.body.contains("没有收件的网上申请:1 件"));
    let opened = place.staff_post(wang, "/residents", &again).await;
    assert!(
        opened.status == 200 && opened.body.contains("已经用短信告诉本人"),
        "{}",
        opened.body
    );
    let told = place.message().await;
    assert!(
        told.contains("已重新打开") && told.contains("本人带证件来了"),
        "{told}"
    );
    let twice = place.staff_post(wang, "/residents", &again).await;
    assert_eq!(twice.status, 422);
}

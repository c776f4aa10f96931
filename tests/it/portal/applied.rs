//! J1 through the server: from the code on the telephone to the rating, one question a page.

use super::{Phone, Place, TOWN, code_of, field_of_form, hidden, picture, upload};
use crate::staff::Signed;
use office::portal;

/// The telephone of the grown-up who lives with the applicant.
const WIFE: &str = "19900000013";

/// Answers every question that comes until the answers are looked over; what nobody knows is 不清楚.
pub(super) async fn answer_all(place: &Place, own: &Phone, mut at: String) -> String {
    for _ in 0..60 {
        if at == "/apply/check" {
            return at;
        }
        let page = place.see(own, &at).await;
        assert_eq!(page.status, 200, "{at}: {}", page.body);
        assert_eq!(page.body.matches("<h1").count(), 1, "{at}");
        let fields: &[(&str, &str)] = match at.as_str() {
            "/apply/family" => panic!("asked twice"),
            "/apply/member" => &[("more", "no")],
            "/apply/consent" => &[("agree", "yes")],
            at if at.starts_with("/apply/paper-") => &[("later", "later")],
            _ => &[("answer", "？"), ("unsure", "？")],
        };
        let told = place.post(own, &at, fields).await;
        assert_eq!(told.status, 303, "{at}: {}", told.body);
        assert_ne!(told.place, at, "the same question again");
        at = told.place;
    }
    panic!("no end of questions at {at}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_applies_one_question_a_page_and_follows_the_case_to_the_rating() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let [head, wife] = place.couple();
    let mut heads = place.heads();
    let first = heads.iter().position(|one| *one == head).unwrap();
    heads.swap(0, first);
    place.bound(&wang, WIFE, &wife).await;
    let own = place.bound(&wang, "19900000011", &heads[0]).await;
    // J1 3: what for, then a member without a number, then one whose last digit is wrong.
    let begun = place.see(&own, "/apply?p=dibao").await;
    assert_eq!((begun.status, begun.place.as_str()), (303, "/apply/what"));
    let what = place.post(&own, "/apply/what", &[]).await;
    assert!(
        what.status == 422 && what.body.contains("请至少选一项"),
        "{}",
        what.body
    );
    let what = place
        .post(&own, "/apply/what", &[("programme", "dibao")])
        .await;
    assert_eq!(what.status, 303, "{}", what.body);
    let mut at = what.place;
    if at == "/apply/family" {
        let page = place.see(&own, &at).await;
        let lives = hidden(&page.body, "person");
        let lives = [("person", lives.as_str())];
        at = place.post(&own, &at, &lives).await.place;
    }
    assert_eq!(at, "/apply/member");
    let member = [("more", "yes"), ("name", "林小满"), ("relation", "父母")];
    let missing = place.post(&own, &at, &member).await;
    assert_eq!(missing.status, 422);
    assert!(
        missing
            .body
            .contains("<a href=\"#number\">请填家人的身份证号</a>")
            && missing.body.contains("id=\"problems\"")
    );
    let wrong = [
        member[0],
        member[1],
        member[2],
        ("number", "990101195403121283"),
    ];
    let wrong = place.post(&own, &at, &wrong).await;
    assert!(
        wrong.status == 422 && wrong.body.contains("校验位"),
        "{}",
        wrong.body
    );
    let right = [
        member[0],
        member[1],
        member[2],
        ("number", "990101195403121282"),
    ];
    let right = place.post(&own, &at, &right).await;
    assert_eq!(right.place, "/apply/member", "{}", right.body);
    a_child_without_a_number(&place, &own, &at).await;
    // J1 4: birth day and sex are told by the number.
    let listed = place.see(&own, &at).await;
    assert!(listed.body.contains("出生 1954-03-12"), "{}", listed.body);
    assert!(!listed.body.contains("990101195403121282"));
    // J1 5: another browser finds the draft at the same question.
    let again = place.enter("19900000011").await;
    assert!(place.see(&again, "/my").await.body.contains("接着填"));
    assert_eq!(place.see(&again, "/apply").await.place, "/apply/member");
    let end = answer_all(&place, &again, at).await;
    // J1 7 and 8: the text's version and time; one answer is changed and leads back.
    let check = place.see(&again, &end).await;
    assert!(
        check.body.contains("已签 2026-09-14 09:00 · 版本"),
        "{}",
        check.body
    );
    let changed = [("programme", "dibao"), ("back", "check")];
    let changed = place.post(&again, "/apply/what", &changed).await;
    assert_eq!(changed.place, "/apply/check", "{}", changed.body);
    sent_twice(&place, &again, &check.body).await;
    // J1 10: where it stands, who has it; accepted, the latest day skips the holidays.
    let my = place.see(&again, "/my").await;
    for words in ["受理中", "承办:城东街道", "还差"] {
        assert!(my.body.contains(words), "{words}: {}", my.body);
    }
    // Whom one typed belongs to nothing until the window has looked.
    let desk = place.staff_see(&wang, "/residents").await;
    assert!(desk.body.contains("要核对的家人:2 位"), "{}", desk.body);
    member_signs(&place, &again, &wife[1]).await;
    member_joins(&place, &wang, &desk.body).await;
    window_goes_on(&place, &wang, &again).await;
    own_pages(&place, &wang, &again, &heads).await;
}

/// Who has no number yet is told by the day of birth, as at the window; that too is told once.
async fn a_child_without_a_number(place: &Place, own: &Phone, at: &str) {
    let child = |birth: &'static str| {
        [
            ("more", "yes"),
            ("name", "林小苗"),
            ("relation", "子女"),
            ("number", "无"),
            ("birth", birth),
        ]
    };
    let none = place.post(own, at, &child("")).await;
    assert!(
        none.status == 422 && none.body.contains("请写出生日期;不知道的写“不详”"),
        "{}",
        none.body
    );
    let later = place.post(own, at, &child("2026-12-01")).await;
    assert!(
        later.status == 422 && later.body.contains("今天以后"),
        "{}",
        later.body
    );
    let taken = place.post(own, at, &child("2026-08-01")).await;
    assert_eq!(taken.place, "/apply/member", "{}", taken.body);
    let again = place.post(own, at, &child("2026-08-01")).await;
    assert!(
        again.status == 422 && again.body.contains("这一位已经填过了"),
        "{}",
        again.body
    );
    let listed = place.see(own, at).await;
    assert!(
        listed.body.contains("还没有身份证号,出生 2026-08-01"),
        "{}",
        listed.body
    );
}

/// J1 9: sent twice, one case; the message tells no income.
async fn sent_twice(place: &Place, again: &Phone, check: &str) {
    let form = [hidden(check, "draft"), hidden(check, "form_key")];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    let (one, two) = tokio::join!(
        place.post(again, "/apply/send", &form),
        place.post(again, "/apply/send", &form)
    );
    for sent in [&one, &two] {
        assert!(
            sent.status == 200 && sent.body.contains("办件编号 № 1"),
            "{}",
            sent.body
        );
    }
    assert!(
        ![&one, &two]
            .into_iter()
            .any(|sent| sent.body.contains("/c/")),
        "the link to sign is the member's alone"
    );
    let message = place.message().await;
    assert!(
        message.contains("办件编号 № 1") && !message.contains('元'),
        "{message}"
    );
}

/// The window sees the card of the member somebody typed: then the member belongs to the application.
async fn member_joins(place: &Place, wang: &Signed, desk: &str) {
    let no = field_of_form(desk, "act\" value=\"join\"");
    let join = [("act", "join"), ("no", no.as_str())];
    let because = ("text", "看过身份证和户口簿");
    let other = [join[0], join[1], because, ("number", "990101195001011232")];
    let other = place.staff_post(wang, "/residents", &other).await;
    assert!(
        other.status == 422 && other.body.contains("和网上写的不一样"),
        "{}",
        other.body
    );
    let own = ("number", "990101195403121282");
    let silent = place
        .staff_post(wang, "/residents", &[join[0], join[1], own])
        .await;
    assert_eq!(silent.status, 422);
    let seen = [join[0], join[1], because, own];
    let joined = place.staff_post(wang, "/residents", &seen).await;
    assert!(
        joined.status == 200 && joined.body.contains("已并入申请"),
        "{}",
        joined.body
    );
    assert!(joined.body.contains("要核对的家人:1 位"), "{}", joined.body);
    // The child is seen by the paper of its birth.
    let child = field_of_form(&joined.body, "act\" value=\"join\"");
    let child = [("act", "join"), ("no", child.as_str()), because];
    for (typed, says) in [("", "出生医学证明"), ("2026-08-02", "和网上写的不一样")] {
        let other = [child.as_slice(), &[("number", typed)]].concat();
        let other = place.staff_post(wang, "/residents", &other).await;
        assert!(
            other.status == 422 && other.body.contains(says),
            "{}",
            other.body
        );
    }
    let born = [child.as_slice(), &[("number", "2026-08-01")]].concat();
    let joined = place.staff_post(wang, "/residents", &born).await;
    assert!(joined.body.contains("要核对的家人:0 位"), "{}", joined.body);
    for page in ["/case/1", "/verify/consents/1"] {
        let page = place.staff_see(wang, page).await;
        for name in ["林*满", "林*苗"] {
            assert!(page.body.contains(name), "{name}: {}", page.body);
        }
    }
    let twice = place.staff_post(wang, "/residents", &seen).await;
    assert_eq!(twice.status, 422);
}

/// The link of the newest message to the wife's telephone.
async fn link(place: &Place) -> String {
    let sent = portal::demo::outbox(&place.staff.access).await.unwrap();
    let found = sent.iter().find(|one| one.body.contains("/c/")).unwrap();
    assert!(found.phone.ends_with(&WIFE[7..]), "{}", found.phone);
    let rest = found.body.split("/c/").nth(1).unwrap();
    format!("/c/{}", rest.split(' ').next().unwrap())
}

/// The grown-up member signs with the number of their own card and a code of their own telephone, once.
async fn member_signs(place: &Place, own: &Phone, number: &str) {
    let (path, nobody) = (link(place).await, Phone::default());
    let shown = place.see(&nobody, &path).await;
    assert!(
        shown.status == 200 && shown.body.contains("本人签"),
        "{}",
        shown.body
    );
    let again = place.post(own, "/my/1/sign", &[]).await;
    assert!(
        again.status == 422 && again.body.contains("刚刚发过"),
        "{}",
        again.body
    );
    let other = [("agree", "yes"), ("number", "990101195001011236")];
    assert_eq!(place.post(&nobody, &path, &other).await.status, 422);
    // Whoever knows the number has not the telephone.
    let theirs = [("agree", "yes"), ("number", number)];
    let without = place.post(&nobody, &path, &theirs).await;
    assert!(
        without.status == 422 && without.body.contains("验证码不对"),
        "{}",
        without.body
    );
    let asked = place.post(&nobody, &path, &[("go", "code")]).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let code = code_of(&place.message().await);
    let signs = [theirs[0], theirs[1], ("code", code.as_str())];
    let signed = place.post(&nobody, &path, &signs).await;
    assert!(signed.body.contains("已签好"), "{}", signed.body);
    assert_eq!(place.see(&nobody, &path).await.status, 404);
}

/// The window tells what is missing; the resident brings a picture; the case is accepted with its day.
async fn window_goes_on(place: &Place, wang: &Signed, own: &Phone) {
    let fix = place.see(own, "/my/1/fix").await;
    assert!(fix.body.contains("身份证件"), "{}", fix.body);
    let brought = upload(place, own, "/my/1/fix", ("paper", "身份证件"), &picture()).await;
    assert_eq!(brought.status, 303, "{}", brought.body);
    let fixed = place.see(own, "/my/1/fix").await;
    assert!(fixed.body.contains("JPEG"), "{}", fixed.body);
    // What is no picture is not taken, whatever it is called.
    let bad = upload(
        place,
        own,
        "/my/1/fix",
        ("paper", "身份证件"),
        b"MZ not a picture",
    )
    .await;
    assert_ne!(bad.status, 303);
    let case = place.staff_see(wang, "/case/1").await;
    assert_eq!(case.status, 200);
    for step in ["提交申请", "受理"] {
        let fields = [("act", "complete"), ("step", step)];
        let done = place.staff_post(wang, "/case/1", &fields).await;
        assert!(matches!(done.status, 200 | 303), "{step}: {}", done.body);
    }
    let one = place.see(own, "/my/1").await;
    assert!(one.body.contains("最迟 2026-10-30"), "{}", one.body);
}

/// Consent is withdrawn, a fact is said to be wrong, somebody looked; nobody else's case is shown.
async fn own_pages(place: &Place, wang: &Signed, own: &Phone, heads: &[[String; 2]]) {
    let consent = place.see(own, "/my/consent").await;
    let first = consent.body.split("name=\"no\" value=\"").nth(1).unwrap();
    let first = first.split('"').next().unwrap();
    let withdrawn = place.post(own, "/my/consent", &[("no", first)]).await;
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.body);
    assert!(place.see(own, "/my/consent").await.body.contains("已撤回"));
    let data = place.see(own, "/my/data").await;
    for words in ["看办件", "出生日期"] {
        assert!(data.body.contains(words), "{words}: {}", data.body);
    }
    let wrong = [
        ("fact", "婚姻状况"),
        ("kind", "update"),
        ("says", "今年已经离婚"),
    ];
    let asked = place.post(own, "/my/data", &wrong).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    assert!(place.see(own, "/my/data").await.body.contains("最迟"));
    let desk = place.staff_see(wang, "/residents").await;
    let no = field_of_form(&desk.body, "act\" value=\"accept\"");
    let answer = [
        ("act", "accept"),
        ("no", no.as_str()),
        ("text", "已转公安更正"),
    ];
    assert_eq!(
        place.staff_post(wang, "/residents", &answer).await.status,
        303
    );
    assert!(
        place
            .see(own, "/my/data")
            .await
            .body
            .contains("采纳:已转公安更正")
    );
    // What is not accepted is taken up again by the office, with its reason; the time runs anew.
    let asked = place.post(own, "/my/data", &wrong).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let desk = place.staff_see(wang, "/residents").await;
    let no = field_of_form(&desk.body, "act\" value=\"decline\"");
    let no = ("no", no.as_str());
    let decline = [("act", "decline"), no, ("text", "没有凭证")];
    assert_eq!(
        place.staff_post(wang, "/residents", &decline).await.status,
        303
    );
    let silent = [("act", "reopen-correction"), no, ("text", " ")];
    let silent = place.staff_post(wang, "/residents", &silent).await;
    assert!(silent.status == 422 && silent.body.contains("写明理由"));
    let again = [("act", "reopen-correction"), no, ("text", "补来了离婚证")];
    let again = place.staff_post(wang, "/residents", &again).await;
    assert!(
        again.status == 200 && again.body.contains("已重新打开"),
        "{}",
        again.body
    );
    let told = place.message().await;
    assert!(
        told.contains("更正已重新打开") && told.contains("补来了离婚证"),
        "{told}"
    );
    let accept = [("act", "accept"), no, ("text", "已转公安更正")];
    let accepted = place.staff_post(wang, "/residents", &accept).await;
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    // Somebody else sees nothing of it, and gets no sign that it is there.
    let other = place.bound(wang, "19900000012", &heads[1]).await;
    for path in ["/my/1", "/my/1/fix"] {
        let none = place.see(&other, path).await;
        let missing = place.see(&other, &path.replace('1', "77")).await;
        assert_eq!((none.status, missing.status), (404, 404), "{path}");
        let here = none.body.replace("/my/1", "/my/77");
        assert_eq!(here.replace("为 1 ", "为 77 "), missing.body);
    }
    let taken = place.post(&other, "/my/consent", &[("no", "2")]).await;
    assert_eq!(taken.status, 404, "{}", taken.body);
    // The session opens residents' pages and nothing of an official's.
    for path in ["/inbox", "/case/1", "/households/1"] {
        let told = place.see(own, path).await;
        assert_eq!((told.status, &told.place[..8]), (303, "/sign-in"), "{path}");
    }
    complaint_and_rating(place, wang, own).await;
    // A lost telephone: the account is closed by the card, every session ends, nothing of it is left.
    let close = [("act", "close"), ("closing", heads[0][1].as_str())];
    let closed = place.staff_post(wang, "/residents", &close).await;
    assert!(closed.body.contains("账户已注销"), "{}", closed.body);
    assert_eq!(place.see(own, "/my").await.status, 303);
    let later = place.enter("19900000011").await;
    assert_eq!(place.see(&later, "/my/1").await.status, 404);
}

/// A complaint is a case of its own procedure, handled by others; the closed case is rated, and put right.
async fn complaint_and_rating(place: &Place, wang: &Signed, own: &Phone) {
    let page = place.see(own, "/my/complaint?case=1").await;
    let key = hidden(&page.body, "form_key");
    let fields = [
        ("form_key", key.as_str()),
        ("case", "1"),
        ("text", "窗口让我多跑了两趟"),
    ];
    let made = place.post(own, "/my/complaint", &fields).await;
    let again = place.post(own, "/my/complaint", &fields).await;
    assert_eq!(
        (made.status, &made.place),
        (303, &again.place),
        "{}",
        made.body
    );
    // Whoever handled what is complained of reads nothing of it.
    let no = made.place.rsplit('/').next().unwrap_or_default();
    let shown = place.staff_see(wang, &format!("/case/{no}")).await;
    assert!(!shown.body.contains("多跑了两趟"), "{}", shown.body);
    let early = place.post(own, "/my/1/rate", &[]).await;
    assert!(
        early.status == 422 && early.body.contains("还没有办结"),
        "{}",
        early.body
    );
    let ends = [("act", "close"), ("ending", "withdrawn:申请人书面撤回")];
    let closed = place.staff_post(wang, "/case/1", &ends).await;
    assert!(matches!(closed.status, 200 | 303), "{}", closed.body);
    let message = place.message().await;
    assert!(message.contains("请评价:/r/"), "{message}");
    let link = place.post(own, "/my/1/rate", &[]).await;
    assert!(
        link.status == 303 && link.place.starts_with("/r/"),
        "{}",
        link.body
    );
    let rated = place
        .post(&Phone::default(), &link.place, &[("grade", "bad")])
        .await;
    assert_eq!(rated.status, 303, "{}", rated.body);
    let said = place.see(&Phone::default(), &link.place).await;
    // Fifteen working days from 2026-09-14: the holidays are skipped, the weekend days worked for them count.
    assert!(said.body.contains("2026-10-10"), "{}", said.body);
    let twice = place
        .post(&Phone::default(), &link.place, &[("grade", "good")])
        .await;
    assert_eq!(twice.status, 422);
    let put_right = [
        ("act", "rating"),
        ("no", "1"),
        ("text", "已向本人说明并改进"),
    ];
    let done = place.staff_post(wang, "/residents", &put_right).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(place.message().await.contains("已向本人说明并改进"));
}

//! Who fills in for somebody: the assent of one person serves nobody else, nobody outside the worker's places is
//! looked at, and what was signed under another text is signed again.

use super::{Place, TOWN, VILLAGE, code_of, hidden};
use crate::staff::{Signed, Staff};
use office::{Database, Office, Setting};
use std::sync::Arc;

const PHONE: &str = "19900000052";

/// A worker's draft for somebody: its address, and where it goes on.
async fn begun(place: &Place, li: &Signed, [name, number]: &[String; 2]) -> (String, String) {
    let begun = place.staff_post(li, "/apply/for", &[]).await;
    let base = begun.place.strip_suffix("/what").unwrap().to_owned();
    let what = [("programme", "dibao")];
    place.staff_post(li, &format!("{base}/what"), &what).await;
    let at = who(place, li, &base, [name, number]).await;
    (base, at)
}

async fn who(place: &Place, li: &Signed, base: &str, [name, number]: [&String; 2]) -> String {
    let of = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("area", VILLAGE),
    ];
    let told = place.staff_post(li, &format!("{base}/who"), &of).await;
    assert_eq!(told.status, 303, "{}", told.body);
    told.place
}

/// Answers what comes up to a step; where it stands then.
async fn up_to(place: &Place, li: &Signed, mut at: String, goal: &str) -> String {
    for _ in 0..60 {
        let step = at.rsplit('/').next().unwrap().to_owned();
        if step == goal {
            return at;
        }
        let code;
        let fields: Vec<(&str, &str)> = match step.as_str() {
            "family" => vec![],
            "member" => vec![("more", "no")],
            "consent" => vec![("agree", "yes")],
            "assent" => {
                let ask = [("phone", PHONE), ("go", "code")];
                let asked = place.staff_post(li, &at, &ask).await;
                assert!(asked.body.contains("验证码已发到"), "{}", asked.body);
                code = code_of(&place.message().await);
                vec![("phone", PHONE), ("code", code.as_str()), ("go", "next")]
            }
            step if step.starts_with("paper-") => vec![("later", "later")],
            _ => vec![("answer", "？"), ("unsure", "？")],
        };
        let told = place.staff_post(li, &at, &fields).await;
        assert_eq!(told.status, 303, "{at}: {}", told.body);
        at = told.place;
    }
    panic!("never came to {goal}, stands at {at}")
}

/// How often somebody's look at a file stands in the chain.
async fn looks(place: &Place, login: &str) -> usize {
    let tx = place.office.begin().await.unwrap();
    let about = store::audit::About::Actor(login.to_owned());
    let acts = store::audit::list(&tx, &about, i64::MAX, 500)
        .await
        .unwrap();
    let looks = acts.iter().filter(|one| one.act.starts_with("read."));
    looks
        .filter(|one| matches!(one.object_kind.as_str(), "household" | "person"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assent_of_one_serves_nobody_else_and_nobody_elsewhere_is_looked_at() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let li = place.staff.enter("li", "网格员", TOWN).await;
    let [head, other] = place.couple();
    place.bound(&wang, PHONE, &head).await;
    let (base, at) = begun(&place, &li, &head).await;
    assert!(at.ends_with("/family"), "the couple lives together: {at}");
    assert_eq!(
        looks(&place, "li").await,
        1,
        "the look is in the chain first"
    );
    let at = up_to(&place, &li, at, "check").await;
    let check = place.staff_see(&li, &at).await;
    let form = [
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    ];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    // All of it was said for another: nothing is sent, and the own assent is asked for anew.
    let at = who(&place, &li, &base, [&other[0], &other[1]]).await;
    let sent = place.staff_post(&li, &format!("{base}/send"), &form).await;
    assert!(!sent.body.contains("办件编号"), "{}", sent.body);
    let at = up_to(&place, &li, at, "assent").await;
    let ask = [("phone", PHONE), ("go", "code")];
    let asked = place.staff_post(&li, &at, &ask).await;
    assert!(asked.body.contains("不是登记里本人的"), "{}", asked.body);

    // Whoever lives elsewhere is as unknown as nobody, whatever village the worker types.
    let before = looks(&place, "li").await;
    let elsewhere = place.county.heads("990101002");
    let [name, number, _] = &elsewhere[0];
    let (_, at) = begun(&place, &li, &[name.clone(), number.clone()]).await;
    let unknown = ["林无名".to_owned(), "990101195403121282".to_owned()];
    let (_, same) = begun(&place, &li, &unknown).await;
    let step = |at: &str| at.rsplit('/').next().unwrap().to_owned();
    assert_eq!(step(&at), step(&same), "told apart from nobody");
    assert!(!at.ends_with("/family"));
    assert_eq!(looks(&place, "li").await, before, "nobody was looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_under_another_text_is_signed_again_before_it_is_sent() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let li = place.staff.enter("li", "网格员", TOWN).await;
    let head = place.heads()[2].clone();
    place.bound(&wang, PHONE, &head).await;
    let (base, at) = begun(&place, &li, &head).await;
    let at = up_to(&place, &li, at, "check").await;
    let check = place.staff_see(&li, &at).await;
    let form = [
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    ];
    let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
    // The office is opened again with another text of the consent.
    let Place {
        county,
        office,
        staff,
        router,
    } = place;
    drop((office, staff, router));
    let rules = county.folder.path().join("rules");
    for (path, text) in office::rulebook::read(None).unwrap().texts() {
        if path.starts_with("localities/") && !path.starts_with("localities/demo/") {
            continue;
        }
        let more = path == "notices/verification-consent.md";
        let text = match more {
            true => text.replacen("## 正文\n", "## 正文\n\n本授权书自签字之日起有效。\n", 1),
            false => text.clone(),
        };
        assert!(!more || text.contains("自签字之日起有效"));
        let file = rules.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let setting = Setting {
        rulebook: Some(rules),
        ..crate::county::setting(
            &county.folder.path().join("data"),
            Database::Sqlite,
            "2026-09-14T09:00",
        )
    };
    let office = Arc::new(Office::open(setting).await.unwrap());
    let staff = Staff::of_beside(&office, "990101").await;
    let place = Place::of(county, office, staff).await;
    let sent = place.staff_post(&li, &format!("{base}/send"), &form).await;
    assert!(
        sent.status == 422 && sent.body.contains("授权书有了新的版本"),
        "{}",
        sent.body
    );
    let again = [("agree", "yes")];
    place
        .staff_post(&li, &format!("{base}/consent"), &again)
        .await;
    let sent = place.staff_post(&li, &format!("{base}/send"), &form).await;
    assert!(sent.body.contains("办件编号"), "{}", sent.body);
}

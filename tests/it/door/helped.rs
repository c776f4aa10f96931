//! 代办: what the grid worker does at the door so that the family has applied before anybody leaves.

use super::People;
use super::place::{Family, Place};
use crate::found_out::SIGNATURE;

/// At the same door the grid worker helps the family to apply, question by question; the applicant signs the paper
/// that is photographed, and what is sent says from which warning it comes and who filled it in.
pub(super) async fn helped(place: &Place, people: &People, family: &Family) -> i64 {
    place.at("2026-09-08T11:00");
    let li = &people.li;
    let warning = family.warning.to_string();
    let page = li.read(&format!("/warnings/{warning}")).await;
    let mut page = li
        .done(&page, "/apply/for", &[("warning", warning.as_str())])
        .await;
    let base = page.path().strip_suffix("/what").unwrap().to_owned();
    loop {
        let path = page.path().to_owned();
        let step = path.strip_prefix(&format!("{base}/")).unwrap().to_owned();
        let others = page.choices(&path, "person");
        let fill: Vec<(&str, &str)> = match step.as_str() {
            "what" => vec![("programme", "dibao")],
            "who" => vec![
                ("name", family.name.as_str()),
                ("number", family.number.as_str()),
                ("area", family.village.as_str()),
            ],
            "family" => others.iter().map(|one| ("person", one.as_str())).collect(),
            "member" => vec![("more", "no")],
            "consent" => vec![("agree", "yes")],
            "assent" => {
                let paper = ("photo", "signed.png", SIGNATURE);
                page = li.hand_in_as(&page, &path, &[], paper).await;
                continue;
            }
            "check" => break,
            step if step.starts_with("paper-") => vec![("later", "later")],
            _ => vec![("answer", "？"), ("unsure", "？")],
        };
        page = li.done(&page, &path, &fill).await;
        assert_ne!(page.path(), path, "{}", page.words());
    }
    let sent = li.done(&page, &format!("{base}/send"), &[]).await;
    sent.says(&["办件编号"]);
    let tx = place.office.begin().await.unwrap();
    let home = domain::HouseholdId::new(family.household);
    let cases = store::cases::of_household(&tx, home).await.unwrap();
    drop(tx);
    let [case] = cases.as_slice() else {
        panic!("{cases:?}")
    };
    // The warning is answered by it, and nobody can open a second case of it.
    let over = people.wang.read(&format!("/warnings/{warning}")).await;
    let again = [("programme", "dibao"), ("act", "confirm")];
    assert!(!over.takes(&format!("/warnings/{warning}"), &again));
    case.no.get()
}

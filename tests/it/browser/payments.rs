//! A month's money: opened, drawn up, checked and approved by three persons, and its roster fetched.

use super::page::Scripts;
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;
use domain::payment::BatchAct;

#[test]
fn a_months_batch_goes_through_three_pairs_of_hands_to_its_roster() {
    let Some((chrome, _county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut first = place.enter(&chrome, "chen", DESK, Scripts::On);
    first.open("/payments");
    first.fill("月份", "八月");
    first.press("button", "编制");
    assert_eq!(first.status(), 422);
    first.judge("J5 8 a month nobody can read");
    first.fill("月份", "2026-08");
    first.press("button", "按名册开账");
    assert!(first.text().contains("新立待遇"), "{}", first.text());
    first.judge("J5 8 opened");
    first.fill("月份", "2026-08");
    first.press("button", "编制");
    let batch = first.place();
    assert!(batch.starts_with("/payments/"), "{}", first.text());
    first.judge("J5 8 drawn up");
    assert!(
        !first.has("button", BatchAct::Check.word()),
        "who draws up does not check"
    );
    // The second pair of hands works without scripts, on a phone.
    let mut second = place.enter(&chrome, "chen2", PHONE, Scripts::Off);
    second.open(&batch);
    second.press("button", BatchAct::Check.word());
    assert!(second.text().contains("核查完了"), "{}", second.text());
    second.judge("J5 8 checked");
    assert!(
        !second.has("button", BatchAct::Approve.word()),
        "who checks does not approve"
    );
    let mut third = place.enter(&chrome, "chen3", DESK, Scripts::On);
    third.open(&batch);
    for act in [BatchAct::Approve, BatchAct::Seal, BatchAct::Release] {
        third.press("button", act.word());
        third.judge(act.word());
    }
    for (link, begins) in [
        ("发放花名册", b"PK".as_slice()),
        ("送盘文件", b"".as_slice()),
    ] {
        let (name, path) = third.download("link", link);
        let bytes = std::fs::read(path).unwrap();
        assert!(
            bytes.len() > 100 && bytes.starts_with(begins),
            "{name} has {} bytes",
            bytes.len()
        );
    }
    nothing_found([first, second, third]);
}

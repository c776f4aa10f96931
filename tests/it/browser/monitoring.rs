//! From a warning to its household and back, the same number at each level, what a department gets back,
//! and a trial of another standard.

use super::page::{Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;

#[test]
fn warnings_lead_from_the_county_to_a_household_with_the_same_number_at_each_level() {
    let Some((chrome, _county, place)) = demo(Faults::Planted, Cases::None) else {
        return;
    };
    let mut leader = place.enter(&chrome, "zhou", DESK, Scripts::On);
    drills(&mut leader);
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    filters_and_comes_back(&mut chen);
    household(&mut chen);
    errors_go_back(&mut chen);
    tries(&mut chen);
    let mut plain = place.enter(&chrome, "chen", PHONE, Scripts::Off);
    filters_plainly(&mut plain);
    household(&mut plain);
    tries(&mut plain);
    let wang = own_township_only(&place, &chrome);
    nothing_found([leader, chen, plain, wang]);
}

/// Links of the page in its main part: address and words.
fn links(page: &mut Page, begins: &str) -> Vec<(String, String)> {
    let told = page.tell(&format!(
        "[...document.querySelectorAll('main a[href^=\"{begins}\"]')].map(a => \
         [a.getAttribute('href'), a.innerText.trim()])"
    ));
    let rows = told.as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| (word(&row[0]), word(&row[1])))
        .collect()
}

fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

/// How many the list on the page holds, as it says itself.
fn total(page: &mut Page) -> u64 {
    let said = page.tell("(document.querySelector('[data-total]') || {dataset: {}}).dataset.total");
    number(&word(&said)).unwrap_or_else(|| panic!("no total: {}", page.text()))
}

/// J6 8: each number of the overview opens a list of that length; the townships add up to the county.
fn drills(page: &mut Page) {
    page.open("/");
    page.judge("J6 8 the county");
    let numbers: Vec<(String, u64)> = links(page, "/warnings?")
        .into_iter()
        .filter_map(|(href, text)| Some((href, number(&text)?)))
        .collect();
    assert!(!numbers.is_empty(), "no number opens a list");
    let mut towns = 0;
    let mut seen = std::collections::BTreeSet::new();
    for (href, said) in numbers {
        let only_town = href.contains("township=") && !href.contains("kind=");
        if !seen.insert(href.clone()) {
            continue;
        }
        page.open(&href);
        assert_eq!(total(page), said, "{href}");
        if only_town {
            towns += said;
        }
    }
    page.judge("J6 8 one list");
    page.open("/warnings?state=open&month=2026-08");
    let open = total(page);
    assert!(
        towns == 0 || towns <= open,
        "the townships have {towns}, the county {open}"
    );
}

/// A filter changes the list in place, a warning opens from it, and back leads to the same list.
fn filters_and_comes_back(page: &mut Page) {
    page.open("/warnings");
    let all = total(page);
    page.choose("类型", "应享未享");
    page.until("location.search.includes('kind=')");
    page.until("document.querySelector('.htmx-request') === null");
    let some = total(page);
    assert!(some > 0 && some < all, "{some} of {all}");
    page.judge("J6 a list with a filter");
    let place = page.place();
    let first = links(page, "/warnings/").remove(0).0;
    page.open(&first);
    page.judge("J6 a warning");
    page.back();
    assert_eq!((page.place(), total(page)), (place.clone(), some));
    assert!(page.chosen("类型").contains("应享未享"));
    // The page's own way back keeps them too.
    page.open(&first);
    page.press("link", "返回");
    assert_eq!(total(page), some, "{}", page.place());
    page.judge("J6 back at the list");
}

fn filters_plainly(page: &mut Page) {
    page.open("/warnings");
    let all = total(page);
    page.choose("类型", "应享未享");
    page.press("button", "筛选");
    let some = total(page);
    assert!(some > 0 && some < all, "{some} of {all}");
    page.judge("a filter without scripts");
}

/// J5 1: the file of a household; every answer with its formula, its numbers and its article.
fn household(page: &mut Page) {
    page.open("/warnings");
    let home = links(page, "/households/").remove(0).0;
    page.open(&home);
    page.judge("J5 1 a household");
    let text = page.text();
    for words in ["各项救助判定", "家庭成员", "共同生活"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(page.has("heading", "各项救助判定"));
    let opened = page.click_all("DisclosureTriangle", "");
    if opened > 0 {
        page.judge("J5 1 everything opened");
    }
}

/// J4 2: the refused rows come back as a workbook.
fn errors_go_back(page: &mut Page) {
    page.open("/feeds");
    page.judge("the feeds");
    let batches = links(page, "/feeds/");
    for (batch, _) in batches {
        page.open(&batch);
        if !page.has("link", "下载退回明细表") {
            continue;
        }
        page.judge("a batch with refused rows");
        let (name, path) = page.download("link", "下载退回明细表");
        let bytes = std::fs::read(path).unwrap();
        assert!(
            bytes.starts_with(b"PK") && name.ends_with(".xlsx"),
            "{name}"
        );
        return;
    }
    panic!("no batch has refused rows");
}

/// Another standard is tried; nothing is stored, and what cannot be tried is told.
fn tries(page: &mut Page) {
    page.open("/whatif");
    page.choose("参数", "低保标准");
    page.fill("改为", "很多");
    page.send("试算", "document.querySelector('[role=alert]') !== null");
    page.judge("a trial of no number");
    page.fill("改为", "900");
    page.send("试算", "document.body.innerText.includes('导出工作簿')");
    page.judge("a trial");
    let (name, path) = page.download("link", "导出工作簿");
    assert!(
        std::fs::read(path).unwrap().starts_with(b"PK"),
        "{name} is no workbook"
    );
    page.press("link", "打印版");
    page.judge("a trial on paper");
}

/// J6 4: the clerk of a township sees that township's.
fn own_township_only(place: &Place, chrome: &super::chrome::Chrome) -> Page {
    let mut page = place.enter(chrome, "wang", PHONE, Scripts::On);
    page.open("/warnings");
    let own = total(&mut page);
    page.judge("J6 4 her own township");
    page.open("/warnings?township=990101002");
    let others = match page.status() {
        200 => total(&mut page),
        _ => 0,
    };
    assert_eq!(others, 0, "of {own} her own");
    page.judge("J6 4 another township");
    page
}

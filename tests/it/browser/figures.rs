//! 预警处置率 as the leader drills it, signing the month, the page everybody may read and the wall, on a phone and
//! on a screen.

use super::page::{Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;
use office::views::WarningFilter;
use office::visits;

const NOW: &str = "2026-09-14T09:00";

#[test]
fn the_leader_drills_the_rate_and_everybody_reads_what_was_published() {
    let Some((chrome, _county, place)) = demo(Faults::Planted, Cases::None) else {
        return;
    };
    pay_and_dispose(&place);
    let mut leader = place.enter(&chrome, "zhou", DESK, Scripts::Off);
    drills(&mut leader);
    leader.open("/figures/publish");
    leader.judge("J6 8 to be published");
    leader.choose("月份", "2026-09");
    leader.press("button", "签发公布");
    assert_eq!(leader.place(), "/figures");
    let mut neighbour = place.page(&chrome, PHONE, Scripts::Off);
    neighbour.open("/home");
    neighbour.press("link", "公布数据");
    for width in [PHONE, DESK] {
        neighbour.resize(width);
        neighbour.judge("J6 8 everybody");
    }
    neighbour.press("link", "城东街道");
    assert!(
        neighbour.text().contains("<3 或受保护"),
        "{}",
        neighbour.text()
    );
    for width in [PHONE, DESK] {
        neighbour.resize(width);
        neighbour.judge("J6 8 everybody, village by village");
    }
    for address in ["/screen", "/screen?area=990101001000"] {
        leader.open(address);
        for width in [PHONE, DESK] {
            leader.resize(width);
            leader.judge("J6 8 the wall");
        }
    }
    assert!(leader.text().contains("<3 或受保护"), "{}", leader.text());
    nothing_found([leader, neighbour]);
}

/// A month that was paid, and warnings the clerk looked into.
fn pay_and_dispose(place: &Place) {
    let wang = place.acting("wang");
    let office = place.access.office();
    let description = office.book().texts()["banks/demo.md"].clone();
    place.runtime.block_on(async {
        let bank = |sent: &std::path::Path| {
            let sent = std::fs::read(sent).ok()?;
            let reply = synth::bank_answer(&description, &sent, 7, &[]).ok()?;
            Some((reply.name, reply.bytes))
        };
        office::disbursement::demo::fill(&place.access, NOW, bank)
            .await
            .unwrap();
        let views = office::desk::Desk::open(std::sync::Arc::clone(office)).await;
        let list = views.unwrap();
        let list = list
            .warnings(&wang, WarningFilter::default())
            .await
            .unwrap();
        for row in list.page.rows.iter().take(30) {
            let id = visits::WarningId::new(row.id);
            visits::dismiss(office, &wang, id, "上门看过,不是这样")
                .await
                .unwrap();
        }
    });
}

/// County, township, village, list: the number that was pressed stands at the head of what opens.
fn drills(page: &mut Page) {
    page.open("/warnings");
    page.press("link", "处置率");
    let mut said = 0;
    for level in ["county", "township", "village"] {
        for width in [PHONE, DESK] {
            page.resize(width);
            page.judge(&format!("J6 8 {level}"));
        }
        let whole = count(page, "dl a[data-count=raised]");
        assert!(said == 0 || whole == said, "{level}: {whole}, {said} above");
        let below = "main section:first-of-type tbody tr:has(a[data-down])";
        if level == "village" {
            break;
        }
        said = count(page, &format!("{below} a[data-count=raised]"));
        let next = page.tell(&format!(
            "document.querySelector('{below} a[data-down]').getAttribute('href')"
        ));
        page.open(&word(&next));
    }
    let list = page.tell("document.querySelector('dl a[data-count=raised]').getAttribute('href')");
    page.open(&word(&list));
    let total = page.tell("document.querySelector('[data-total]').dataset.total");
    assert_eq!(word(&total), said.to_string());
    for width in [PHONE, DESK] {
        page.resize(width);
        page.judge("J6 8 the list");
    }
}

fn count(page: &mut Page, of: &str) -> u64 {
    let said = word(&page.tell(&format!("document.querySelector('{of}').innerText")));
    said.replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("`{said}`: {}", page.text()))
}

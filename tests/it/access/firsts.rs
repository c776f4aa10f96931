//! What a role opens first: each number is as long as the list it opens, and an urging reaches whoever works there.

use super::{OWN, Pages, Told};
use crate::staff::Signed;
use domain::HouseholdId;
use store::tasks::NewTask;

/// The number a link with a mark shows, and where it leads.
fn link(page: &str, mark: &str) -> (u64, String) {
    let at = page
        .find(mark)
        .unwrap_or_else(|| panic!("no {mark} on the page"));
    let tag = &page[page[..at].rfind("<a ").unwrap()..];
    let href = tag.split("href=\"").nth(1).unwrap().split('"').next();
    let text = tag.split('>').nth(1).unwrap().split('<').next().unwrap();
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    (number.parse().unwrap(), href.unwrap().replace("&#38;", "&"))
}

/// Every mark of a kind on a page: `data-flag="` yields the codes.
fn marks(page: &str, mark: &str) -> Vec<String> {
    let rest = page.split(mark).skip(1);
    rest.map(|one| one.split('"').next().unwrap().to_owned())
        .collect()
}

fn total(page: &str) -> u64 {
    let told = page
        .split("data-total=\"")
        .nth(1)
        .expect("a list says how long it is");
    told.split('"').next().unwrap().parse().unwrap()
}

async fn open(pages: &Pages, who: &Signed, path: &str) -> Told {
    let path = path.split('#').next().unwrap();
    let told = pages.ask("GET", path, &who.secret, String::new()).await;
    assert_eq!(told.status, 200, "{path}: {}", told.body);
    told
}

impl Pages {
    /// Somebody has to go to a door by so many days from today.
    async fn sends(&self, household: i64, days: i64) {
        let office = self.staff.access.office();
        let at = office.clock().at();
        let mut tx = office.begin().await.unwrap();
        let home = [HouseholdId::new(household)];
        let home = store::households::get_many(&tx, &home).await.unwrap();
        let task = NewTask {
            kind: "verify_visit".to_owned(),
            household: Some(home[0].id),
            person: None,
            area: home[0].area,
            worker: None,
            due: office.clock().today().add_days(days),
            urgency: 1,
            cause_kind: "entitlement".to_owned(),
            cause_id: 1,
            summary: "定期走访".to_owned(),
            warnings: Vec::new(),
        };
        let raised = store::tasks::raise_many(&mut tx, &at, "system", &[task]).await;
        raised.unwrap();
        tx.record(store::Act::new(&at, "system", "test.send").on("household", household));
        office.end(tx).await.unwrap();
    }
}

/// How often somebody may look in a day, as the rulebook says.
fn looks_most() -> usize {
    let book = include_str!("../../../rulebook/access/flags.md");
    let row = book.lines().find(|line| line.starts_with("| 每天查看 |"));
    let cell = row.unwrap().split('|').nth(2).unwrap();
    cell.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_of_a_first_page_is_as_long_as_the_list_it_opens() {
    let pages = Pages::open().await;
    let li = pages.staff.enter("li", "网格员", OWN).await;
    let (household, ..) = pages.a_door(OWN).await;
    for (mark, days) in [("data-count=\"today\"", 0), ("data-count=\"late\"", -1)] {
        pages.sends(household, days).await;
        let grid = open(&pages, &li, "/grid").await.body;
        let (count, list) = link(&grid, mark);
        let list = open(&pages, &li, &list).await.body;
        let rows = list.matches("开始走访").count();
        assert_eq!(u64::try_from(rows).unwrap(), count, "{mark}");
        assert!(count > 0, "{mark}: nobody has to go anywhere");
    }
    let grid = open(&pages, &li, "/grid").await.body;
    let (count, list) = link(&grid, "data-count=\"warnings\"");
    assert_eq!(total(&open(&pages, &li, &list).await.body), count);
    let layers = marks(&grid, "data-layer=\"");
    assert!(!layers.is_empty(), "no layer anywhere");
    let mut homes = 0;
    for layer in layers {
        let (count, list) = link(&grid, &format!("data-layer=\"{layer}\""));
        assert_eq!(
            total(&open(&pages, &li, &list).await.body),
            count,
            "{layer}"
        );
        homes += count;
    }
    assert!(homes > 20, "{homes} households of the grid");

    let targets = open(&pages, &li, "/targets").await.body;
    let mut found = 0;
    for kind in marks(&targets, "data-kind=\"") {
        let (count, list) = link(&targets, &format!("data-kind=\"{kind}\""));
        let list = open(&pages, &li, &list).await.body;
        assert_eq!(total(&list), count, "{kind}");
        assert!(count == 0 || list.contains("下一步"), "{kind}");
        found += count;
    }
    assert!(found > 0, "nobody was found");

    let zhou = pages.staff.enter("zhou", "领导", "990101").await;
    let report = open(&pages, &zhou, "/reports").await.body;
    for (mark, all) in [("data-roll=\"", 3), ("data-town=\"", 3)] {
        let known = marks(&report, mark);
        assert!(known.len() >= all, "{mark} {known:?}");
        for one in known.into_iter().take(6) {
            let (count, list) = link(&report, &format!("{mark}{one}\""));
            assert_eq!(
                total(&open(&pages, &zhou, &list).await.body),
                count,
                "{one}"
            );
        }
    }
    let pdf = pages
        .ask("GET", "/reports/export.pdf", &zhou.secret, String::new())
        .await;
    // A machine without a Chinese font says which to install.
    assert!(
        pdf.body.starts_with("%PDF-") || pdf.body.contains("fonts-noto-cjk"),
        "{}",
        pdf.status
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_doubt_an_auditor_counts_is_a_list_and_opens_a_case_to_read_only() {
    let pages = Pages::open().await;
    let shenji = pages.staff.enter("shenji", "审计监督", "990101").await;
    let flags = open(&pages, &shenji, "/audit/flags").await.body;
    let codes = marks(&flags, "data-flag=\"");
    assert_eq!(codes.len(), 6, "{codes:?}");
    let mut sum = 0;
    for code in &codes {
        let (count, list) = link(&flags, &format!("data-flag=\"{code}\""));
        let list = open(&pages, &shenji, &list).await.body;
        let rows = u64::try_from(list.matches("data-row=\"flag\"").count()).unwrap();
        assert_eq!(rows, count.min(500), "{code}");
        sum += count;
    }
    assert!(sum > 0, "no doubt anywhere");
    // Somebody looks at one door again and again: told by name of the account, never of whom was looked at.
    let (household, ..) = pages.a_door(OWN).await;
    let wang = pages.staff.enter("wang", "窗口经办", OWN).await;
    let looked = looks_most() + 1;
    for _ in 0..looked {
        let path = format!("/households/{household}");
        pages.ask("GET", &path, &wang.secret, String::new()).await;
    }
    let flags = open(&pages, &shenji, "/audit/flags?kind=looking")
        .await
        .body;
    let (count, _) = link(&flags, "data-flag=\"looking\"");
    assert_eq!(count, 1, "only who looked too often");
    let looks = link_after(&flags, "data-row=\"flag\"");
    let looks = open(&pages, &shenji, &looks).await.body;
    assert_eq!(looks.matches("data-row=\"look\"").count(), looked);
    // From one township an audit sees that township's doubts, and no looks of the county.
    let near = pages.staff.enter("shenji2", "审计监督", OWN).await;
    let own = open(&pages, &near, "/audit/flags").await.body;
    assert_eq!(marks(&own, "data-flag=\"").len(), 4);
}

/// Where the first link after a mark leads.
fn link_after(page: &str, mark: &str) -> String {
    let rest = page.split(mark).nth(1).unwrap();
    let href = rest.split("href=\"").nth(1).unwrap().split('"').next();
    href.unwrap().replace("&#38;", "&")
}

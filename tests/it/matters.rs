//! 问一件事: an official states a matter on the page and is told by the rule, with reasons and steps;
//! nothing of it is kept or stands in an address.

use crate::browse::ask;
use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use office::desk::Desk;
use server::House;
use std::sync::Arc;

struct Window {
    router: Router,
    who: Signed,
    auditor: Signed,
    staff: Staff,
    _county: County,
}

impl Window {
    async fn open() -> Self {
        let county = County::new(Faults::None);
        let office = Arc::new(county.office("data").await);
        let areas = county.folder.path().join("county/areas.csv");
        office.load_areas(&areas).await.unwrap();
        let staff = Staff::of(&office, "990101").await;
        let who = staff.enter("wang", "窗口经办", "990101001").await;
        let auditor = staff.enter("eyes", "安全审计员", "990101").await;
        let house = House {
            views: Desk::open(Arc::clone(&office)).await.unwrap(),
            access: Arc::clone(&staff.access),
            front: None,
        };
        Self {
            router: server::router(house),
            who,
            auditor,
            staff,
            _county: county,
        }
    }

    async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let told = ask(&self.router, &self.who, method, path, fields).await;
        (told.status, told.body)
    }

    /// States a matter; the status and the page.
    async fn state(&self, rule: &str, fields: &[(&str, &str)]) -> (u16, String) {
        self.ask("POST", &format!("/matters/{rule}"), fields).await
    }
}

fn says(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "{word}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_a_single_matter_answers_on_its_page_with_its_reasons() {
    let window = Window::open().await;
    let (status, list) = window.ask("GET", "/matters", &[]).await;
    assert_eq!(status, 200);
    let rules = [
        "demo/charity_fundraising",
        "xiamen/xiamen_reception",
        "xiamen/xiamen_acceptance",
        "xiamen/xiamen_catastrophe",
        "changning/changning_assign",
        "xiangcheng/xiangcheng_complete",
        "weihai/weihai_fund",
    ];
    for rule in rules {
        says(&list, &[&format!("href=\"/matters/{rule}\"")]);
        let (status, page) = window.ask("GET", &format!("/matters/{rule}"), &[]).await;
        assert!(
            status == 200 && !page.contains("规则的答复"),
            "{rule}: {page}"
        );
    }
    // A10, and what is missing is asked for and not guessed.
    let here = [
        ("申请项目", "低保"),
        ("申请人本市户籍", "否"),
        ("申请人常住本市", "是"),
    ];
    let (_, page) = window.state("xiamen/xiamen_reception", &here).await;
    says(
        &page,
        &[
            "不符合",
            "请到户籍地的乡镇(街道)申请",
            "第三十七条",
            "不在本地施行",
        ],
    );
    let relief = [("申请项目", "临时救助"), ("申请人本市户籍", "否")];
    let (_, page) = window.state("xiamen/xiamen_reception", &relief).await;
    says(&page, &["待查", "还差:申请人常住本市"]);
    // C1: the forty-first household.
    let full = [("拟派顾问已有户数", "40"), ("拟派顾问在岗", "是")];
    let (_, page) = window.state("changning/changning_assign", &full).await;
    says(&page, &["不符合", "已带 40"]);
    // C6: nobody confirmed.
    let unconfirmed = [("认领日期", "2026-08-10"), ("报完成日期", "2026-09-01")];
    let (_, page) = window
        .state("xiangcheng/xiangcheng_complete", &unconfirmed)
        .await;
    says(&page, &["不符合", "受助人还没有确认"]);
    // G10: the right purpose, one fen too much.
    let fund = |spent: &'static str| {
        [
            ("基金约定用途", "助学"),
            ("本次用途", "助学"),
            ("基金余额", "5000"),
            ("本次支出", spent),
        ]
    };
    let (_, page) = window.state("weihai/weihai_fund", &fund("5000")).await;
    says(&page, &["tone-good", "符合", "用途相符"]);
    let (_, page) = window.state("weihai/weihai_fund", &fund("5000.01")).await;
    says(&page, &["不符合", "5,000.01"]);
    // G19: what others gave is taken off.
    let loss = [
        ("出险灾种", "台风"),
        ("出险时在本市", "是"),
        ("核定损失", "8000"),
        ("政府救助额", "3000"),
        ("慈善捐助额", "2000"),
    ];
    let (_, page) = window.state("xiamen/xiamen_catastrophe", &loss).await;
    says(&page, &["符合", "<th scope=\"row\">赔付</th><td>3,000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_place_must_say_is_asked_and_a_slip_is_told_at_its_field() {
    let window = Window::open().await;
    // D11: crisis mode is a fact of the place; unsaid, it counts as off.
    let papers = [("材料齐全", "否"), ("缺的可以后补", "是")];
    let (_, page) = window.state("xiamen/xiamen_acceptance", &papers).await;
    says(&page, &["补正后受理"]);
    let crisis = [
        ("材料齐全", "否"),
        ("缺的可以后补", "是"),
        ("本地.危机模式", "是"),
        ("本地.危机止日", "2026-09-30"),
    ];
    let (_, page) = window.state("xiamen/xiamen_acceptance", &crisis).await;
    says(
        &page,
        &["容缺受理", "name=\"本地.危机止日\" value=\"2026-09-30\""],
    );
    let later = [&crisis[..], &[("日期", "2026-10-20")]].concat();
    let (_, page) = window.state("xiamen/xiamen_acceptance", &later).await;
    says(&page, &["<td>补正后受理</td>"]);

    let wrong = [("基金余额", "五千"), ("日期", "明天")];
    let (status, page) = window.state("weihai/weihai_fund", &wrong).await;
    assert_eq!(status, 422);
    says(&page, &["有 2 处要改", "五千", "日期要写成"]);
    assert!(!page.contains("规则的答复"));
    for path in ["/matters/demo/none", "/matters/nowhere/weihai_fund"] {
        assert_eq!(window.ask("GET", path, &[]).await.0, 404, "{path}");
    }
    let (status, page) = window
        .state("weihai/weihai_fund", &[("日期", "2019-12-31")])
        .await;
    assert!(
        status == 400 && page.contains("没有施行"),
        "{status} {page}"
    );
    // Asking leaves no trace of the matter.
    let journal = window
        .staff
        .access
        .journal(&window.auditor.who, None, None, None);
    for row in journal.await.unwrap().rows {
        assert!(
            !row.did.contains("matters") && !row.why.contains("五千"),
            "{row:?}"
        );
    }
}

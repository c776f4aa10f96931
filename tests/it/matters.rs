//! 问一件事: an official states a matter on the page and is told by the rule, with reasons and steps;
//! nothing of it is kept or stands in an address.

use crate::browse::ask;
use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use std::sync::Arc;

struct Window {
    router: Router,
    who: Signed,
    reviewer: Signed,
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
        let reviewer = staff.enter("chen", "县级审核", "990101").await;
        let auditor = staff.enter("eyes", "安全审计员", "990101").await;
        let router = staff.router(&office).await;
        Self {
            router,
            who,
            reviewer,
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

impl Window {
    /// Records a list of a matter's register.
    async fn record(&self, who: &Signed, rule: &str, list: &str) -> (u16, String) {
        let path = format!("/matters/{rule}/register");
        let fields = [("list", list), ("because", "示例名单〔2026〕3 号")];
        let told = ask(&self.router, who, "POST", &path, &fields).await;
        (told.status, told.body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn advisers_and_funds_are_judged_as_recorded_and_not_as_told_by_who_asks() {
    let window = Window::open().await;
    // C1: before a list was recorded nothing is known, whatever is typed.
    let assign = "changning/changning_assign";
    let typed = [("拟派顾问已有户数", "3"), ("拟派顾问在岗", "是")];
    let (_, page) = window.state(assign, &typed).await;
    says(&page, &["待查", "还差", "还没有登记"]);
    assert!(!page.contains("name=\"拟派顾问已有户数\""), "{page}");
    let list = "顾问编号,已有户数,在岗\nG001,39,是\nG002,40,是\nG003,10,否\n";
    let (status, _) = window.record(&window.who, assign, list).await;
    assert_eq!(status, 403, "a window clerk hands in no list");
    let wrong = "顾问编号,已有户数,在岗\nG001,许多,是\nG001,3,也许\n990101199001010017,3,是\n";
    let (status, page) = window.record(&window.reviewer, assign, wrong).await;
    assert_eq!(status, 422);
    let told = [
        "第 2 行“已有户数”",
        "第 3 行“顾问编号”:写了两次",
        "第 3 行“在岗”",
        "不能是证件号",
    ];
    says(&page, &told);
    let (_, page) = window.ask("GET", &format!("/matters/{assign}"), &[]).await;
    says(&page, &["还没有登记"]);
    let (status, page) = window.record(&window.reviewer, assign, list).await;
    assert_eq!(status, 303, "{page}");
    let adviser = |code: &'static str| [("登记.顾问编号", code), ("拟派顾问已有户数", "0")];
    let (_, page) = window.state(assign, &adviser("G001")).await;
    says(&page, &["tone-good", "符合", "由 chen 登记,3 条"]);
    let (_, page) = window.state(assign, &adviser("G002")).await;
    says(&page, &["不符合", "已带 40"]);
    let (_, page) = window.state(assign, &adviser("G003")).await;
    says(&page, &["不符合", "不在岗"]);
    let (status, page) = window.state(assign, &adviser("G004")).await;
    assert_eq!(status, 422);
    says(&page, &["`G004` 没有登记"]);
    // The newest list counts.
    let newer = "顾问编号,已有户数,在岗\nG002,38,是\n";
    window.record(&window.reviewer, assign, newer).await;
    let (_, page) = window.state(assign, &adviser("G002")).await;
    says(&page, &["tone-good", "由 chen 登记,1 条"]);

    // G10: the right purpose, one fen too much.
    let fund = "weihai/weihai_fund";
    let list = "基金,约定用途,余额\n春晖助学,助学,5000\n";
    window.record(&window.reviewer, fund, list).await;
    let spend = |purpose: &'static str, spent: &'static str| {
        [
            ("登记.基金", "春晖助学"),
            ("本次用途", purpose),
            ("本次支出", spent),
            ("基金余额", "9000000"),
        ]
    };
    let (_, page) = window.state(fund, &spend("助学", "5000")).await;
    says(&page, &["tone-good", "符合", "用途相符"]);
    let (_, page) = window.state(fund, &spend("助学", "5000.01")).await;
    says(&page, &["不符合", "5,000.01"]);
    let (_, page) = window.state(fund, &spend("助医", "1")).await;
    says(&page, &["不符合", "约定用于助学"]);
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
    // C6: nobody confirmed.
    let unconfirmed = [("认领日期", "2026-08-10"), ("报完成日期", "2026-09-01")];
    let (_, page) = window
        .state("xiangcheng/xiangcheng_complete", &unconfirmed)
        .await;
    says(&page, &["不符合", "受助人还没有确认"]);
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

    let wrong = [("本次支出", "五千"), ("日期", "明天")];
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

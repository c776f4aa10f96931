//! 信息核对, as the officer of the county does it through the pages, on both databases; and that of a family
//! of N exactly those who consent are asked about, once at each source.

mod centre;
mod plan;
mod recognised;

use crate::postgres;
use centre::{Centre, Family, hidden};
use domain::{CaseNo, PersonId};
use office::Database;
use office::casework::Declared;
use office::casework::letters;
use office::verification;
use std::collections::BTreeSet;

const SOURCES: [&str; 7] = [
    "social_insurance",
    "housing_fund",
    "vehicles",
    "property",
    "business",
    "bank_balance",
    "medical_expense",
];

fn no_car(person: PersonId) -> Declared {
    Declared {
        person: Some(person),
        fact: "有机动车".to_owned(),
        value: "否".to_owned(),
        period: "2026-09".to_owned(),
    }
}

/// J4 from the batch to the second version of a report.
async fn the_officers_day(database: Database) {
    let centre = Centre::open(database).await;
    let families = centre.families(3).await;
    let head = families[0].members[0].0;
    let first = centre
        .apply(
            &families[0],
            &["dibao", "rigid_expenditure"],
            vec![no_car(head)],
        )
        .await;
    let second = centre.apply(&families[1], &["dibao"], Vec::new()).await;
    let third = centre.apply(&families[2], &["dibao"], Vec::new()).await;
    assert_eq!(first.len(), 2);
    let persons = |at: usize| {
        families[at]
            .members
            .iter()
            .map(|(p, _)| *p)
            .collect::<Vec<_>>()
    };
    // Somebody of the second family does not sign; the third family signs and withdraws all of it.
    let silent = *persons(1).last().unwrap();
    centre.sign(first[0], &persons(0)).await;
    centre
        .sign(second[0], &persons(1)[..persons(1).len() - 1])
        .await;
    centre.sign(third[0], &persons(2)).await;
    withdrawn(&centre, third[0]).await;

    let list = centre.see(&centre.zhao, "/verify").await;
    let key = hidden(&list.body, "form_key");
    let cases: Vec<String> = first
        .iter()
        .chain(&second)
        .map(ToString::to_string)
        .collect();
    let mut fields = vec![("form_key", key.as_str())];
    fields.extend(cases.iter().map(|case| ("case", case.as_str())));
    // J3 5: nothing is sent while somebody has not signed; who it is stands on the page.
    let blocked = centre.ask(&centre.zhao, "POST", "/verify", &fields).await;
    let said = format!(
        "№ {} 的{}",
        second[0],
        masked(&families[1].names[&silent].0)
    );
    assert!(
        blocked.status == 422
            && blocked.body.contains("没有发起核对:1 名家庭成员")
            && blocked.body.contains(&said)
            && blocked.body.contains("全部来源:没有授权"),
        "{}",
        blocked.body
    );
    assert_eq!(centre.see(&centre.zhao, "/verify/1").await.status, 404);
    // The others are asked about by an explicit choice.
    fields.push(("rest", "yes"));
    for _ in 0..2 {
        let opened = centre.ask(&centre.zhao, "POST", "/verify", &fields).await;
        assert_eq!(opened.place, "/verify/1?done=open", "{}", opened.body);
    }
    let refused = [("form_key", "another"), ("case", &third[0].to_string())];
    let refused = centre.ask(&centre.zhao, "POST", "/verify", &refused).await;
    assert!(
        refused.status == 422 && refused.body.contains("没有一份有效"),
        "{}",
        refused.body
    );
    let batch = centre.see(&centre.zhao, "/verify/1").await;
    assert!(
        batch.body.contains("没有授权") && batch.body.contains("全部来源"),
        "{}",
        batch.body
    );

    let asked: BTreeSet<PersonId> = persons(0)
        .into_iter()
        .chain(persons(1))
        .filter(|p| *p != silent)
        .collect();
    exactly_those(&centre, &families, &asked).await;
    own_source_only(&centre).await;
    answered_with_mistakes(&centre, &families[0].names[&head].1).await;
    differs(&centre, head).await;
    for source in SOURCES
        .iter()
        .filter(|s| !["vehicles", "medical_expense"].contains(s))
    {
        centre.nothing(1, source).await;
    }
    urged(&centre).await;
    reported(&centre, &first, &second).await;
}

/// A name as the pages write it.
fn masked(name: &str) -> String {
    store::identity::mask_name(name)
}

/// Withdrawal: every consent of the members of a case.
async fn withdrawn(centre: &Centre, no: CaseNo) {
    let page = format!("/verify/consents/{no}");
    let held = centre.see(&centre.wang, &page).await;
    let numbers: Vec<String> = held
        .body
        .split("name=\"consent\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let mut fields = vec![("act", "withdraw"), ("why", "本人要求")];
    fields.extend(numbers.iter().map(|no| ("consent", no.as_str())));
    let told = centre.ask(&centre.wang, "POST", &page, &fields).await;
    assert_eq!(told.status, 303, "{}", told.body);
    assert_eq!(numbers.len() % SOURCES.len(), 0);
}

/// The ids sent to each source are those of the consenting members, each once.
async fn exactly_those(centre: &Centre, families: &[Family], asked: &BTreeSet<PersonId>) {
    let number = |person: &PersonId| {
        let mut all = families.iter();
        all.find_map(|f| f.names.get(person)).unwrap().1.clone()
    };
    let expected: BTreeSet<String> = asked.iter().map(number).collect();
    for source in SOURCES {
        let sent: Vec<String> = centre
            .request(1, source)
            .await
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        assert_eq!(sent.len(), expected.len(), "{source}");
        assert_eq!(
            sent.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "{source}"
        );
    }
}

/// A liaison sees the own source, no name in full, no difference.
async fn own_source_only(centre: &Centre) {
    let yibao = &centre.yibao;
    let page = centre.see(yibao, "/verify/1").await;
    assert!(
        page.body.contains("医疗费用") && !page.body.contains("机动车登记"),
        "{}",
        page.body
    );
    for path in [
        "/verify/1/diff/1",
        "/verify/1/request/medical_expense",
        "/verify/reports/1",
    ] {
        assert_eq!(centre.see(yibao, path).await.status, 403, "{path}");
    }
    let other = centre.answer(yibao, "vehicles", "序号").await;
    assert!(other.body.contains("联络员答复"), "{}", other.body);
    assert_eq!(centre.see(&centre.wang, "/verify/1").await.status, 403);
}

/// A hundred planted mistakes are told by row and column and nothing is taken; the file put right is;
/// the same again changes nothing.
async fn answered_with_mistakes(centre: &Centre, owner: &str) {
    let requests = centre.request(1, "vehicles").await;
    let header = centre.header("vehicles").join(",");
    let mut good = Vec::new();
    for (at, (request, number)) in requests.iter().enumerate() {
        let tail = match number == owner {
            true => "有,2026-09-14,某A12345,小型汽车,2020-05-01,52000,正常",
            false => "无,2026-09-14,,,,,",
        };
        good.push(format!("{},{request},{number},某某,{tail}", at + 1));
    }
    let (request, number) = &requests[0];
    let wrong = [
        (
            "身份证号",
            format!("900,{request},990101195403121283,某某,无,2026-09-14,,,,,"),
        ),
        (
            "是否查得",
            format!("900,{request},{number},某某,也许,2026-09-14,,,,,"),
        ),
        (
            "查询日期",
            format!("900,{request},{number},某某,无,2026-13-45,,,,,"),
        ),
        (
            "车辆类型",
            format!("900,{request},{number},某某,有,2026-09-14,,飞机,,,"),
        ),
        (
            "估值",
            format!("900,{request},{number},某某,有,2026-09-14,,,,五万,"),
        ),
        (
            "请求编号",
            format!("900,99999,{number},某某,无,2026-09-14,,,,,"),
        ),
        (
            "序号",
            format!(",{request},{number},某某,无,2026-09-14,,,,,"),
        ),
        (
            "估值",
            format!("900,{request},{number},某某,有,2026-09-14,,,,-5,"),
        ),
    ];
    let mut rows = Vec::new();
    let mut planted = BTreeSet::new();
    for at in 0..100 {
        let (field, row) = &wrong[at % wrong.len()];
        rows.push(row.clone());
        planted.insert((i64::try_from(rows.len()).unwrap(), (*field).to_owned()));
        if let Some(row) = good.get(at) {
            rows.push(row.clone());
        }
    }
    let bad = format!("{header}\n{}", rows.join("\n"));
    let told = centre.answer(&centre.zhao, "vehicles", &bad).await;
    assert_eq!(told.place, "/verify/1/files/1", "{}", told.body);
    let page = centre.see(&centre.zhao, &told.place).await;
    // The hundred, and that a file of so many looks shifted.
    planted.insert((0, String::new()));
    assert!(page.body.contains("101 处错误"), "{}", page.body);
    assert!(page.body.contains("像是列错了位"), "{}", page.body);
    let found = verification::mistakes_view(&centre.office, &centre.zhao.who, 1, 1)
        .await
        .unwrap();
    let found: BTreeSet<(i64, String)> = found.into_iter().map(|m| (m.line, m.field)).collect();
    assert_eq!(found, planted);
    let book = centre
        .see(&centre.zhao, "/verify/1/files/1/errors.xlsx")
        .await;
    assert!(book.status == 200 && book.bytes.starts_with(b"PK"));

    let fixed = format!("{header}\n{}", good.join("\n"));
    let taken = centre.answer(&centre.zhao, "vehicles", &fixed).await;
    assert_eq!(taken.place, "/verify/1?done=taken", "{}", taken.body);
    let again = centre.answer(&centre.zhao, "vehicles", &fixed).await;
    assert_eq!(again.place, "/verify/1?done=repeated");
    // A sum of the department's own is compared with its rows, as in any other file.
    let wide = centre.header("vehicles");
    let place = wide.iter().position(|header| header == "估值").unwrap();
    let with_sum = |sum: &str| {
        let mut cells = vec![""; wide.len()];
        (cells[0], cells[place]) = ("合计", sum);
        format!("{fixed}\n{}", cells.join(","))
    };
    let told = centre
        .answer(&centre.zhao, "vehicles", &with_sum("60000"))
        .await;
    assert!(told.place.starts_with("/verify/1/files/"), "{}", told.body);
    let page = centre.see(&centre.zhao, &told.place).await;
    let differs = "合计是 60,000.00 元,逐行相加是 52,000.00 元";
    assert!(page.body.contains(differs), "{}", page.body);
    let told = centre
        .answer(&centre.zhao, "vehicles", &with_sum("52000"))
        .await;
    assert_eq!(told.place, "/verify/1?done=taken", "{}", told.body);
    // The same said in other bytes is another file, and no new answer.
    let other = verification::import_text(
        &centre.office,
        &centre.zhao.who,
        1,
        "vehicles",
        &format!("{fixed}\n"),
    )
    .await;
    assert_eq!(other.unwrap().answered, 0);
}

/// Declared no car, found one: side by side, to be explained.
async fn differs(centre: &Centre, head: PersonId) {
    let page = centre.see(&centre.zhao, "/verify/1/diff/1").await;
    assert!(
        page.body.contains("不一致 · 待说明") && page.body.contains("未答复"),
        "{}",
        page.body
    );
    let ask = centre
        .ask(&centre.zhao, "POST", "/verify/1/diff/1", &[("act", "ask")])
        .await;
    assert_eq!(ask.status, 303, "{}", ask.body);
    let person = head.to_string();
    let about = [("person", person.as_str()), ("fact", "有机动车")];
    let explain =
        |act: &'static str, says: &'static str| [about[0], about[1], ("act", act), ("says", says)];
    for (act, says) in [
        ("explain", "车是弟弟的,借名登记"),
        ("not-accept", "登记在本人名下"),
    ] {
        let told = centre
            .ask(
                &centre.zhao,
                "POST",
                "/verify/1/diff/1",
                &explain(act, says),
            )
            .await;
        assert_eq!(told.status, 303, "{act} {}", told.body);
    }
    let numbers = centre
        .ask(
            &centre.zhao,
            "POST",
            "/verify/1/diff/1",
            &explain("explain", "电话 13800138000"),
        )
        .await;
    assert_eq!(numbers.status, 422);
    let found = verification::differences(
        &centre.office,
        &centre.zhao.who,
        1,
        verification::ApplicationNo::new(1),
    );
    let found = found.await.unwrap();
    let car = found
        .iter()
        .find(|d| d.person == head && d.fact == "有机动车")
        .unwrap();
    assert!(car.stands() && car.due().is_some());
    assert_eq!(car.declared.as_ref().unwrap().value, "否");
}

/// A department that stays silent is urged once it is late enough, and the same day not again.
async fn urged(centre: &Centre) {
    let urge = async || {
        centre
            .ask(
                &centre.zhao,
                "POST",
                "/verify/1/urge",
                &[("source", "medical_expense")],
            )
            .await
    };
    let early = urge().await;
    assert!(
        early.status == 422 && early.body.contains("才能催办"),
        "{}",
        early.body
    );
    centre.office.clock().set("2026-09-24T10:00");
    assert_eq!(urge().await.place, "/verify/1?done=urged");
    assert!(urge().await.body.contains("今天已经催过"));
    let page = centre.see(&centre.yibao, "/verify/1").await;
    assert!(
        page.body.contains("2026-09-24 已催办") && page.body.contains("待查"),
        "{}",
        page.body
    );
}

/// The report: numbered, what was not checked said, the same bytes again, both programmes go on; after an
/// objection a second version, the first as it was.
async fn reported(centre: &Centre, first: &[CaseNo], second: &[CaseNo]) {
    let issue = async |batch: i64, of: i64| {
        let path = format!("/verify/{batch}/diff/{of}");
        centre
            .ask(&centre.zhao, "POST", &path, &[("act", "report")])
            .await
    };
    assert_eq!(issue(1, 1).await.place, "/verify/reports/1");
    assert!(issue(1, 1).await.body.contains("已经出具"));
    let page = centre.see(&centre.zhao, "/verify/reports/1").await;
    for words in [
        "核对〔2026〕000001号",
        "待查(应于 2026-09-17 前答复,未答复)",
        "授权 1",
        "未采信",
        "刚性支出",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let print = centre.see(&centre.zhao, "/verify/reports/1/print").await;
    assert_eq!(
        centre
            .see(&centre.chen, "/verify/reports/1/print")
            .await
            .bytes,
        print.bytes
    );
    assert_eq!(centre.step(first[0]).await, "告知核对结果");
    let who = &centre.wang.who;
    let told = letters::letter(&centre.office, who, first[0], "核对结果告知书").await;
    let told = told.unwrap().text;
    for words in ["本人的有机动车:申报 否,查得 是", "2026-09-14", "以前说明"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // One copy for each grown-up, each with a name of its own.
    let consent = letters::letter(&centre.office, who, first[0], "核对授权书").await;
    let consent = consent.unwrap();
    let copies: BTreeSet<&str> = consent
        .text
        .lines()
        .filter(|l| l.starts_with("本人 "))
        .collect();
    let pages = consent.text.matches("家庭经济状况核对授权书").count();
    assert!(pages >= 1 && copies.len() == pages, "{}", consent.text);
    assert!(!consent.text.contains("{{"));
    // Without a font of the machine there is no PDF, and it says so.
    if let Ok(bytes) = consent.pdf().await {
        assert!(bytes.starts_with(b"%PDF-"));
    }
    assert_eq!(centre.step(first[1]).await, "入户调查");

    assert_eq!(issue(1, 2).await.place, "/verify/reports/2");
    let other = centre.see(&centre.zhao, "/verify/reports/2").await;
    assert!(other.body.contains("未查(没有授权)"), "{}", other.body);
    assert_eq!(centre.step(second[0]).await, "入户调查");

    // The applicant objects: the same questions again, as a new version.
    let case = format!("/case/{}", first[0]);
    for fields in [
        [
            ("act", "tell"),
            ("name", "申请人有异议"),
            ("said", "车已经卖了"),
        ],
        [
            ("act", "complete"),
            ("step", "告知核对结果"),
            ("gave", "核对结果告知书"),
        ],
    ] {
        let told = centre.ask(&centre.wang, "POST", &case, &fields).await;
        assert_eq!(told.status, 303, "{}", told.body);
    }
    let number = first[0].to_string();
    let again = [("form_key", "again"), ("case", number.as_str())];
    let opened = centre.ask(&centre.zhao, "POST", "/verify", &again).await;
    assert_eq!(opened.place, "/verify/2?done=open", "{}", opened.body);
    assert_eq!(issue(2, 1).await.place, "/verify/reports/3");
    assert_eq!(centre.step(first[0]).await, "入户调查");
    let newer = centre.see(&centre.zhao, "/verify/reports/3").await;
    assert!(newer.body.contains("第 2 次核对"));
    assert_eq!(
        centre
            .see(&centre.zhao, "/verify/reports/1/print")
            .await
            .bytes,
        print.bytes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_goes_from_consent_to_the_second_version_of_a_report() {
    the_officers_day(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_goes_the_same_way_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_officers_day(Database::Postgres { address }).await;
    }
}

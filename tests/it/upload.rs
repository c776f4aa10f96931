//! A department hands in its file on a page: who may send what, the report of its rows, the warnings that come
//! of it, the same file again, and a batch that is taken back.

use crate::browse::{Page, Person, Told, ask};
use crate::county::{County, Faults, Table, run_months};
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::Month;
use http_body_util::BodyExt;
use office::Office;
use office::desk::Desk;
use office::intake::{Intake, State};
use office::monitoring::{self, MonthRun};
use office::views::{Views, WarningFilter, WarningState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tower::ServiceExt;

const COUNTY: &str = "990101";
const MONTH: &str = "2026-08";
const FEED: &str = "medical-expense";
/// A stay in hospital no threshold of the demo is above.
const BILL: &str = "28000.00";
/// How many had one; the last of them are on no roll.
const HIT: usize = 12;
const ON_NO_ROLL: usize = 3;
/// Rows of the file in all: everybody else's bills are small.
const ROWS: usize = 5_000;
const SMALL: &str = "2.00";

/// The county before the file of the newest month came, with the demo's accounts.
struct Place {
    county: County,
    office: Arc<Office>,
    staff: Staff,
    router: Router,
    views: Arc<dyn Views>,
    words: BTreeMap<String, String>,
    file: Vec<u8>,
    /// Id numbers of those with the bill.
    hit: Vec<String>,
}

impl Place {
    async fn open() -> Self {
        let county = County::new(Faults::None);
        let hit = bills(&county);
        let path = county.feeds().join(MONTH).join(format!("{FEED}.csv"));
        let file = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let office = Arc::new(county.judged(county.setting("data")).await);
        let staff = Staff::of_beside(&office, COUNTY).await;
        let made = staff.access.make_demo_accounts().await.unwrap();
        let words = made
            .into_iter()
            .map(|one| (one.login, one.password.tell().to_owned()));
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        Self {
            router: staff.router_of(&views),
            words: words.collect(),
            views,
            county,
            office,
            staff,
            file,
            hit,
        }
    }

    /// Somebody of the demo, signed in.
    async fn enter(&self, login: &str) -> Signed {
        let begun = self
            .staff
            .access
            .sign_in(login, &self.words[login], login, "test");
        let secret = begun.await.unwrap().secret.text();
        let visitor = self.staff.visitor(&secret).await.unwrap();
        Signed {
            word: visitor.form_word,
            who: visitor.acting,
            secret,
        }
    }

    async fn see(&self, who: &Signed, path: &str) -> Told {
        ask(&self.router, who, "GET", path, &[]).await
    }

    /// Sends a file as a browser does; answers what came of it, redirects followed.
    async fn hand_in(&self, who: &Signed, fields: &[(&str, &str)], file: (&str, &[u8])) -> Page {
        let mark = "----doudi-test";
        let mut body = Vec::new();
        for (name, value) in [("form", who.word.as_str())].iter().chain(fields) {
            body.extend_from_slice(
                format!(
                    "--{mark}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        let (name, bytes) = file;
        body.extend_from_slice(
            format!(
                "--{mark}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 content-type: text/csv\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{mark}--\r\n").as_bytes());
        let request = Request::builder()
            .method("POST")
            .uri("/dept/upload")
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header(
                "content-type",
                format!("multipart/form-data; boundary={mark}"),
            )
            .header("cookie", format!("doudi_session={}", who.secret))
            .body(Body::from(body))
            .unwrap();
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let Some(place) = parts.headers.get("location") else {
            let bytes = body.collect().await.unwrap().to_bytes().to_vec();
            return Page {
                status: parts.status.as_u16(),
                place: "/dept/upload".to_owned(),
                body: String::from_utf8_lossy(&bytes).into_owned(),
                bytes,
            };
        };
        let me = Person::of(&self.router, who);
        let mut page = me.open(place.to_str().unwrap()).await;
        // One that is still being read is asked after again, as the page says.
        while page.status == 200 && page.path().contains("/going/") {
            page = me.open(place.to_str().unwrap()).await;
        }
        page
    }

    async fn medical(&self, who: &Signed) -> Page {
        let fields = [("feed", "medical_expense"), ("month", MONTH)];
        self.hand_in(who, &fields, ("自付.csv", &self.file)).await
    }

    async fn judge(&self) -> MonthRun {
        let month = Month::parse(MONTH).unwrap();
        monitoring::run_month(&self.office, month, |_| {})
            .await
            .unwrap()
    }

    /// Open warnings of a rule in the month, by what they are about, with their words.
    async fn warnings(&self, who: &Signed, rule: &str) -> BTreeMap<i64, String> {
        let filter = WarningFilter {
            kind: Some(rule.to_owned()),
            month: Some(MONTH.to_owned()),
            ..WarningFilter::default()
        };
        let stands = |state| matches!(state, WarningState::Open | WarningState::Assigned);
        let (mut all, mut cursor) = (BTreeMap::new(), None);
        loop {
            let filter = WarningFilter {
                cursor,
                ..filter.clone()
            };
            let page = self.views.warnings(&who.who, filter).await.unwrap().page;
            let rows = page.rows.into_iter().filter(|row| stands(row.state));
            all.extend(rows.map(|row| (row.id, row.reason)));
            cursor = page.next;
            if cursor.is_none() {
                return all;
            }
        }
    }
}

/// Gives twelve grown-up heads a stay in hospital in the newest month, nine on a roll and three on none, among
/// small bills of everybody else.
fn bills(county: &County) -> Vec<String> {
    let register = county.feed(MONTH, "register");
    let roll = county.feed(MONTH, "roll");
    let tiers = ["低保", "特困", "低边", "刚性支出"];
    let rows = roll.columns(["户编号", "救助类型"]);
    let helped: BTreeSet<&str> = rows.iter().map(|[of, _]| *of).collect();
    let in_tier: BTreeSet<&str> = rows
        .iter()
        .filter(|[_, kind]| tiers.contains(kind))
        .map(|[of, _]| *of)
        .collect();
    let dead = county.feed(MONTH, "deaths");
    let dead: BTreeSet<&str> = dead
        .columns(["身份证号"])
        .into_iter()
        .map(|[no]| no)
        .collect();
    let billed: BTreeSet<String> = ["2026-06", "2026-07", MONTH]
        .iter()
        .flat_map(|month| {
            let table = county.feed(month, FEED);
            let rows = table.columns(["身份证号"]).into_iter();
            rows.map(|[no]| no.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let rows = register.columns(["身份证号", "姓名", "户号", "与户主关系", "登记状态"]);
    let alive = |row: &&[&str; 5]| {
        let [number, _, _, _, state] = row;
        *state == "在册" && number.len() == 18 && !dead.contains(number)
    };
    let fits = |row: &&&[&str; 5]| row[3] == "户主" && !billed.contains(row[0]);
    let alive: Vec<&[&str; 5]> = rows.iter().filter(alive).collect();
    let heads = || alive.iter().filter(fits);
    let on = heads().filter(|row| in_tier.contains(row[2]));
    let off = heads().filter(|row| !helped.contains(row[2]));
    let on = on.take(HIT - ON_NO_ROLL);
    let chosen: Vec<&[&str; 5]> = on.chain(off.take(ON_NO_ROLL)).copied().collect();
    assert_eq!(chosen.len(), HIT);
    let hit: BTreeSet<&str> = chosen.iter().map(|row| row[0]).collect();
    let others: Vec<&&[&str; 5]> = alive.iter().filter(|row| !hit.contains(row[0])).collect();
    let bill = |list: &mut Table, at: usize, [number, name, ..]: &[&str; 5], sums: [&str; 4]| {
        let [total, covered, paid, own] = sums;
        list.add_row(&[
            ("结算单号", format!("JS9999{at:06}").as_str()),
            ("身份证号", number),
            ("姓名", name),
            ("就医类型", "住院"),
            ("病种", "普通"),
            ("结算日", "2026-08-20"),
            ("总费用", total),
            ("政策内费用", covered),
            ("统筹支付", paid),
            ("大病支付", "0.00"),
            ("个人自付", own),
        ]);
    };
    county.rewrite(MONTH, FEED, |list: &mut Table| {
        list.keep_only_header();
        for (at, row) in chosen.iter().enumerate() {
            bill(list, at, row, ["42000.00", "30000.00", "14000.00", BILL]);
        }
        for (at, row) in (HIT..ROWS).zip(others.iter().cycle()) {
            bill(list, at, row, [SMALL, SMALL, "0.00", SMALL]);
        }
    });
    hit.iter().map(|number| (*number).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_liaison_sends_its_own_file_once_and_nobody_elses() {
    let place = Place::open().await;
    let yibao = place.enter("yibao").await;
    // Only its own department's feed is offered, and nobody else's is taken.
    let counter = place.see(&yibao, "/dept/upload").await;
    assert_eq!(counter.status, 200);
    assert!(counter.body.contains("医疗费用结算") && !counter.body.contains("value=\"deaths\""));
    let fields = [("feed", "deaths"), ("month", MONTH)];
    let foreign = place
        .hand_in(&yibao, &fields, ("deaths.csv", &place.file))
        .await;
    assert_eq!(foreign.status, 422, "{}", foreign.words());
    foreign.says(&["由它自己的部门报送"]);
    let program = place
        .hand_in(
            &yibao,
            &[("feed", "medical_expense"), ("month", MONTH)],
            ("a.exe", b"MZ"),
        )
        .await;
    assert_eq!(program.status, 422);
    program.says(&["只收"]);

    let chen = place.enter("chen").await;
    let before = place.warnings(&chen, "medical_spike").await;
    let report = place.medical(&yibao).await;
    assert_eq!(report.status, 200, "{}", report.words());
    report.says(&["已入库", "每一行的去向", "认准是谁的", "5,000"]);
    place.judge().await;
    // J6 1: exactly those over their line, by the line of the roll they are on; and nobody else.
    let after = place.warnings(&chen, "medical_spike").await;
    let new: Vec<&String> = after
        .iter()
        .filter(|(id, _)| !before.contains_key(id))
        .map(|(_, said)| said)
        .collect();
    let over = |line: &str| new.iter().filter(|said| said.contains(line)).count();
    assert_eq!(new.len(), HIT, "{new:?}");
    assert_eq!(over("至少 28,000.00 元"), HIT, "{new:?}");
    assert_eq!(over("超过预警线 16,000.00 元"), ON_NO_ROLL, "{new:?}");
    assert_eq!(over("超过预警线 3,000.00 元"), HIT - ON_NO_ROLL, "{new:?}");
    // J6 9: the same file again is known, and nothing is raised anew.
    let again = place.medical(&yibao).await;
    again.says(&["这一份以前收过,什么都没有变"]);
    assert_eq!(place.judge().await.warnings_raised, 0);
    // What somebody else sent is not theirs to read.
    let register = place.see(&yibao, "/dept/upload/1").await;
    assert_eq!(register.status, 404);
    assert_eq!(place.see(&yibao, "/feeds").await.status, 403);
    assert_eq!(place.hit.len(), HIT);
    // Nothing of the file is left in the clear.
    let left = place.county.folder.path().join("data/arriving");
    let left = std::fs::read_dir(left).map_or(0, Iterator::count);
    assert_eq!(left, 0, "files left in the data folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_taken_back_counts_no_longer_keeps_what_was_judged_and_may_come_again() {
    let place = Place::open().await;
    let (yibao, chen, shenji) = (
        place.enter("yibao").await,
        place.enter("chen").await,
        place.enter("shenji").await,
    );
    let before = place.warnings(&chen, "medical_spike").await;
    let report = place.medical(&yibao).await;
    let batch = report.path().rsplit('/').next().unwrap().to_owned();
    place.judge().await;
    let with = place.warnings(&chen, "medical_spike").await;
    assert_eq!(with.len(), before.len() + HIT);

    let undo = format!("/feeds/{batch}/undo");
    let page = place.see(&chen, &format!("/feeds/{batch}")).await;
    assert!(page.body.contains("撤回这一批"), "{}", page.body);
    let silent = ask(&place.router, &chen, "POST", &undo, &[("because", " ")]).await;
    assert_eq!(silent.status, 422);
    let denied = ask(&place.router, &yibao, "POST", &undo, &[("because", "错了")]).await;
    assert_eq!(denied.status, 403);
    let because = [("because", "医保局说报错了月份")];
    let done = ask(&place.router, &chen, "POST", &undo, &because).await;
    assert_eq!(
        (done.status, done.place.as_str()),
        (303, format!("/feeds/{batch}").as_str())
    );
    let page = place.see(&chen, &format!("/feeds/{batch}")).await;
    assert!(page.body.contains("已撤回") && page.body.contains("医保局说报错了月份"));
    let twice = ask(&place.router, &chen, "POST", &undo, &because).await;
    assert_eq!(twice.status, 422);
    assert!(twice.body.contains("已经撤回过了"));

    // What was judged stays until the month is judged again.
    assert_eq!(place.warnings(&chen, "medical_spike").await, with);
    place.judge().await;
    assert_eq!(place.warnings(&chen, "medical_spike").await, before);
    // Who and why stand in the chain.
    let journal = place.see(&shenji, "/audit?actor=chen").await;
    assert!(journal.body.contains("撤回来文") && journal.body.contains("医保局说报错了月份"));
    let journal = place.see(&shenji, "/audit?actor=yibao").await;
    assert!(journal.body.contains("接收来文"));

    // The same file is a new batch.
    let report = place.medical(&yibao).await;
    report.says(&["已入库"]);
    assert_ne!(report.path().rsplit('/').next().unwrap(), batch);
    place.judge().await;
    assert_eq!(
        place.warnings(&chen, "medical_spike").await.len(),
        with.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_list_taken_back_lets_the_one_before_it_stand_and_the_register_cannot_be() {
    let place = Place::open().await;
    let chen = place.enter("chen").await;
    let path = place.county.feeds().join(MONTH).join("roll.csv");
    let text = std::fs::read(&path).unwrap();
    place.county.rewrite(MONTH, "roll", |list| {
        list.set(1, "月发放额", "1.00");
    });
    let changed = std::fs::read(&path).unwrap();
    assert_ne!(text, changed);
    let fields = [("feed", "roll"), ("month", MONTH)];
    let report = place.hand_in(&chen, &fields, ("roll.csv", &changed)).await;
    report.says(&["已入库"]);
    let batch: i64 = report.path().rsplit('/').next().unwrap().parse().unwrap();
    let undone = office::intake::undo(&place.office, &chen.who, batch, "试一试").await;
    let undone = undone.unwrap();
    assert!(
        undone.stands.is_some_and(|older| older < batch),
        "{undone:?}"
    );
    assert_eq!(undone.judged, [Month::parse(MONTH).unwrap()]);
    // The older list is the newest again: its own bytes are known, those taken back are not.
    let mut intake = Intake::new(&place.office);
    let feed = Some(("roll", Month::parse(MONTH).unwrap()));
    let old = place.county.folder.path().join("roll.csv");
    std::fs::write(&old, &text).unwrap();
    assert_eq!(
        intake.receive(&old, feed, false).await.unwrap().state,
        State::Repeated
    );
    std::fs::write(&old, &changed).unwrap();
    assert_eq!(
        intake.receive(&old, feed, false).await.unwrap().state,
        State::Applied
    );

    let register = office::intake::undo(&place.office, &chen.who, 1, "试一试").await;
    let said = register.unwrap_err().to_string();
    assert!(said.contains("不能撤回"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_ledger_is_told_row_by_row_and_its_people_are_known_once_the_register_came() {
    let county = County::new(Faults::None);
    let office = Arc::new(county.office("first-hour").await);
    let areas = county.folder.path().join("county/areas.csv");
    office.load_areas(&areas).await.unwrap();
    let register = county.feed(MONTH, "register");
    let rows = register.columns(["身份证号", "姓名", "户号", "居住地区"]);
    let dates = ["2019-03", "2019年3月", "2019.3", "2019/3/1", "201903"];
    let mut ledger = "身份证号,姓名,户编号,救助类型,起始月份,月发放额,银行卡号,地区\n".to_owned();
    let known = rows.iter().filter(|[number, ..]| number.len() == 18);
    let (mut told, mut spoilt) = (0_u64, 0_u64);
    for (at, [number, name, home, area]) in known.enumerate() {
        let date = dates[at % dates.len()];
        // A card a spreadsheet made a rounded number of.
        let card = if at % 50 == 7 { "6.22848E+18" } else { "" };
        spoilt += u64::from(!card.is_empty());
        told += 1;
        ledger.push_str(&format!(
            "{number},{name},{home},低保,{date},350.00,{card},{area}\n"
        ));
    }
    // Ten rows come twice.
    let twice: Vec<String> = ledger.lines().skip(20).take(5).map(str::to_owned).collect();
    twice
        .iter()
        .for_each(|row| ledger.push_str(&format!("{row}\n")));
    let file = county.folder.path().join("老台账.csv");
    std::fs::write(&file, &ledger).unwrap();
    let named = Some(("roll", Month::parse(MONTH).unwrap()));
    let first = Intake::new(&office)
        .receive(&file, named, false)
        .await
        .unwrap();
    assert_eq!(first.state, State::Applied);
    assert_eq!(
        (first.counts.received, first.counts.refused),
        (told + 5, spoilt)
    );
    assert_eq!(first.counts.unchanged, 5);
    assert!(
        first
            .refusals
            .iter()
            .all(|r| r.column == "银行卡号" && r.message.contains("科学计数法"))
    );
    // Nobody is in the record yet: the report says so, and taking it back and in again ties them.
    assert_eq!(first.unknown, first.counts.applied);
    let staff = Staff::of(&office, COUNTY).await;
    let chen = staff.enter("chen", "县级审核", COUNTY).await;
    let register = county.feeds().join(MONTH).join("register.csv");
    Intake::new(&office)
        .receive(&register, None, false)
        .await
        .unwrap();
    let batch = first.batch_no.unwrap();
    office::intake::undo(&office, &chen.who, batch, "先导入户籍")
        .await
        .unwrap();
    let again = Intake::new(&office)
        .receive(&file, named, false)
        .await
        .unwrap();
    assert_eq!(again.state, State::Applied);
    assert_ne!(again.batch_no, first.batch_no);
    assert_eq!((again.counts, again.unknown), (first.counts, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_back_whole_still_tells_every_row_it_could_not_read() {
    let county = County::new(Faults::None);
    let office = county.received(county.setting("whole")).await;
    let path = county.feeds().join(MONTH).join("roll.csv");
    county.rewrite(MONTH, "roll", |list| {
        for row in 1..=list.len() {
            list.set(row, "银行卡号", "6.22848E+18");
        }
    });
    let received = Intake::new(&office)
        .receive(&path, None, false)
        .await
        .unwrap();
    assert!(
        matches!(received.state, State::Refused(_)),
        "{:?}",
        received.state
    );
    let rows = county.feed(MONTH, "roll").len();
    assert_eq!(received.refusals.len(), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_grade_of_disability_is_told_with_the_amounts_before_and_after() {
    let county = County::new(Faults::None);
    let mut changed = 0_usize;
    county.rewrite(MONTH, "disability", |list| {
        for row in 1..=list.len() {
            let third = list.cell(row, "残疾等级") == "三级";
            if third && list.cell(row, "证件状态") == "有效" {
                list.set(row, "残疾等级", "二级");
                changed += 1;
            }
        }
    });
    let office = Arc::new(county.office("data").await);
    county.receive(&office).await;
    run_months(&office).await;
    let staff = Staff::of(&office, COUNTY).await;
    let chen = staff.enter("chen", "县级审核", COUNTY).await;
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let filter = WarningFilter {
        kind: Some("disability_grade_changed".to_owned()),
        month: Some(MONTH.to_owned()),
        ..WarningFilter::default()
    };
    let rows = views.warnings(&chen.who, filter).await.unwrap().page.rows;
    let told: Vec<String> = rows.into_iter().map(|row| row.reason).collect();
    assert!(
        changed > 3 && told.len() + 2 >= changed,
        "{changed} {told:?}"
    );
    let sums = |text: &&String| {
        text.contains("由上月的 三级 变为 二级") && text.contains("本月按新等级为 100.00 元/月")
    };
    assert!(
        told.iter()
            .filter(sums)
            .any(|text| text.contains("按原等级为 0.00 元/月"))
    );
    // Who lives where this county has no standards is told in words, never by a question mark.
    let elsewhere = told
        .iter()
        .filter(|text| text.contains("金额算不出来"))
        .count();
    let clear = told.iter().filter(sums).count();
    assert!(elsewhere > 0 && elsewhere + clear == told.len(), "{told:?}");
    assert!(!told.iter().any(|text| text.contains('？')), "{told:?}");
}

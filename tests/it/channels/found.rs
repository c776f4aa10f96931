//! What the rules find, and what departments look up.

use super::{Place, TOWN, between, on_both};
use domain::{Day, Month};
use office::Database;
use office::casework::CaseError;
use office::channels::finds::{self, Outcome};
use office::channels::lookup::{self, NOT_THERE};
use office::intake::Intake;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_find_is_ranked_confirmed_and_answered_by_the_departments_that_own_it() {
    on_both(async |place: Place| {
        let staff = place.demo(&["chen", "yibao"]).await;
        let (chen, yibao) = (&staff["chen"], &staff["yibao"]);
        // A household for which something medical and something about housing is found.
        let homes = place.office_homes().await;
        let mut chosen = None;
        for home in homes {
            let Ok(found) = place.views.finds(&chen.who, home).await else {
                continue;
            };
            let ranked = finds::rank(&place.office, &found).await.unwrap();
            let of = |department: &str| {
                ranked
                    .iter()
                    .find(|one| one.department == department)
                    .cloned()
            };
            if let (Some(medical), Some(housing)) = (of("医疗保障局"), of("住房城乡建设局"))
            {
                chosen = Some((found, ranked, medical, housing));
                break;
            }
        }
        let (found, ranked, medical, housing) = chosen.expect("a household with both");
        // 符合 before 待查, each with a reason, and nothing the household gets.
        let met: Vec<bool> = ranked.iter().map(|one| one.found.met).collect();
        assert!(met.is_sorted_by(|a, b| a >= b), "{met:?}");
        for one in &ranked {
            let reasons = if one.found.met {
                &one.found.holds
            } else {
                &one.found.asks
            };
            assert!(!reasons.is_empty(), "{} without a reason", one.word);
        }
        let none = finds::push(&place.office, &chen.who, &found, &[]).await;
        assert!(
            matches!(none, Err(CaseError::Refused(_))),
            "pushed without a person"
        );
        assert!(
            finds::pushed(&place.office, &chen.who)
                .await
                .unwrap()
                .is_empty()
        );
        let words = [medical.word.clone(), housing.word.clone()];
        let made = finds::push(&place.office, &chen.who, &found, &words)
            .await
            .unwrap();
        assert_eq!(made.len(), 2);
        let twice = finds::push(&place.office, &chen.who, &found, &words).await;
        assert!(matches!(twice, Err(CaseError::Refused(_))), "pushed twice");
        // The medical department sees its own alone; the one without an account is written down by whoever pushed.
        let theirs = finds::pushed(&place.office, &yibao.who).await.unwrap();
        assert_eq!(theirs.len(), 1);
        assert!(
            theirs[0].mine && theirs[0].department == "医疗保障局" && !theirs[0].due.is_empty()
        );
        let other = finds::answer(
            &place.office,
            &yibao.who,
            made[1],
            (Some(Outcome::Accepted), "受理"),
        )
        .await;
        assert!(
            matches!(other, Err(CaseError::NotFound(_))),
            "another department's"
        );
        let fields = [("outcome", "accepted"), ("because", "已列入救助对象")];
        let path = format!("/finds/{}", made[0]);
        assert_eq!(
            place.ask(Some(yibao), "POST", &path, &fields).await.status,
            303
        );
        let paper = (Some(Outcome::Refused), "来函:住房面积达标");
        finds::answer(&place.office, &chen.who, made[1], paper)
            .await
            .unwrap();
        let all = finds::pushed(&place.office, &chen.who).await.unwrap();
        let answers: BTreeSet<&str> = all.iter().map(|one| one.answer.as_str()).collect();
        assert_eq!(
            answers,
            BTreeSet::from(["已受理:已列入救助对象", "不符合:来函:住房面积达标"])
        );
        let page = place
            .ask(
                Some(chen),
                "GET",
                &format!("/households/{}/finds", found.household),
                &[],
            )
            .await;
        assert!(
            page.status == 200 && page.body.contains("已受理"),
            "{}",
            page.body
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_given_without_a_look_up_is_flagged_and_every_look_up_is_kept() {
    on_both(async |place: Place| {
        let staff = place.demo(&["chen", "yibao"]).await;
        let (chen, yibao) = (&staff["chen"], &staff["yibao"]);
        let month = Month::parse("2026-08").unwrap();
        // Two more bills, paid afterwards and not at the hospital's counter.
        let mut later = place.county.feed("2026-08", "medical-aid-paid");
        let columns = ["身份证号", "支付日期", "结算方式"];
        let in_month = |row: &[&str; 3]| {
            let day = Day::parse(row[1]).unwrap();
            Month::containing(day) == month && row[2] != "一站式结算"
        };
        let mut given: Vec<[String; 3]> = later
            .columns(columns)
            .into_iter()
            .filter(in_month)
            .map(|row| row.map(str::to_owned))
            .collect();
        let before = later.len();
        for (at, bill) in ["B-1", "B-2"].into_iter().enumerate() {
            let [name, id] = ["姓名", "身份证号"].map(|one| later.cell(at + 1, one).to_owned());
            later.add_row(&[
                ("姓名", name.as_str()),
                ("身份证号", id.as_str()),
                ("支付单号", bill),
                ("支付日期", "2026-08-20"),
                ("结算方式", "事后报销"),
            ]);
            given.insert(0, [id, "2026-08-20".to_owned(), "事后报销".to_owned()]);
        }
        let old = (1..=before).map(|at| later.cell(at, "支付单号").to_owned());
        let old: BTreeSet<String> = old.collect();
        later.leave_out("支付单号", &old);
        let file = place.county.folder.path().join("later.csv");
        later.write(&file);
        let mut intake = Intake::new(&place.office);
        let named = Some(("medical-aid-paid", month));
        intake.receive(&file, named, false).await.unwrap();
        let number = given[0][0].as_str();
        let look = async |number: &str| {
            let asked = (number, "medical");
            lookup::look_up(&place.office, place.views.as_ref(), &yibao.who, asked).await
        };
        // Looked up on the day before it was given.
        let day = Day::parse(&given[0][1]).unwrap().add_days(-1).unwrap();
        place.office.clock().set(&format!("{day}T09:00"));
        let told = look(number).await.unwrap();
        assert!(!told.statuses.is_empty());
        place.office.clock().set("2026-09-14T09:00");
        let stranger = look("990101194912319989").await.unwrap();
        assert_eq!(stranger.statuses, [NOT_THERE]);
        let unsaid = lookup::look_up(
            &place.office,
            place.views.as_ref(),
            &yibao.who,
            (number, ""),
        )
        .await;
        assert!(
            matches!(unsaid, Err(CaseError::Refused(_))),
            "without a purpose"
        );

        let new = lookup::check(&place.office, &chen.who, month)
            .await
            .unwrap();
        let spared = given.iter().filter(|row| {
            let of = Day::parse(&row[1]).unwrap();
            row[0] == number && of >= day && of <= day.add_days(30).unwrap()
        });
        assert_eq!(new, given.len() - spared.count());
        assert_eq!(
            lookup::check(&place.office, &chen.who, month)
                .await
                .unwrap(),
            0,
            "twice"
        );
        let desk = lookup::desk(&place.office, &yibao.who).await.unwrap();
        assert_eq!((desk.log.len(), desk.log[0].told.as_str()), (2, NOT_THERE));
        let gap = desk.gaps.iter().find(|gap| gap.mine).unwrap().no;
        lookup::explain(&place.office, &yibao.who, gap, "系统停机,先救后查")
            .await
            .unwrap();
        let effect = (Some(lookup::Came::Given), "救助以后自付减少");
        lookup::feed_back(&place.office, &yibao.who, told.no, effect)
            .await
            .unwrap();
        let page = place.ask(Some(chen), "GET", "/lookup", &[]).await;
        assert!(
            page.body.contains("系统停机") && page.body.contains("自付减少"),
            "{}",
            page.body
        );
        assert!(!page.body.contains(number), "a number on the page");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_programme_records_every_other_sees_with_the_next_look() {
    let place = Place::open(Database::Sqlite).await;
    let staff = place.demo(&["yibao"]).await;
    let heads = place.county.heads(TOWN);
    let [name, number, book] = &heads[0];
    let look = async || {
        let asked = [
            ("act", "look"),
            ("number", number.as_str()),
            ("purpose", "education"),
        ];
        let told = place.ask(Some(&staff["yibao"]), "POST", "/lookup", &asked);
        let told = told.await;
        assert_eq!(told.status, 200, "{}", told.body);
        assert!(!told.body.contains(number), "a number on the page");
        between(&told.body, "role=\"status\"", "</p>").to_owned()
    };
    let before = look().await;
    assert!(before.contains(NOT_THERE), "{before}");
    let mut roll = place.county.feed("2026-08", "roll");
    let kinds = roll.columns(["救助类型", "终止月份"]);
    let dibao = kinds.iter().position(|row| *row == ["低保", ""]).unwrap();
    let cells = ["起始月份", "月发放额", "地区", "城乡"].map(|name| {
        let cell = roll.cell(dibao + 1, name).to_owned();
        (name, cell)
    });
    let mut row: Vec<(&str, &str)> = cells
        .iter()
        .map(|(name, cell)| (*name, cell.as_str()))
        .collect();
    row.extend([
        ("姓名", name.as_str()),
        ("身份证号", number.as_str()),
        ("户编号", book.as_str()),
        ("救助类型", "低保"),
        ("与户主关系", "户主"),
        ("终止月份", ""),
    ]);
    roll.add_row(&row);
    let file = place.county.folder.path().join("roll.csv");
    roll.write(&file);
    let month = Month::parse("2026-08").unwrap();
    let mut intake = Intake::new(&place.office);
    let named = Some(("roll", month));
    intake.receive(&file, named, false).await.unwrap();
    let after = look().await;
    assert!(after.contains("最低生活保障"), "{after}");
}

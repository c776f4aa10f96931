//! 指标 on a whole county: every figure equals the list behind it, the places add up to the whole, a
//! township sees its own and no small figure of another, what nobody sent is no zero, and what a run
//! kept is what a page would count.

use crate::county::{County, Faults, run_months};
use crate::staff::Staff;
use domain::AreaCode;
use office::casework::{self, Cause, Opening, Wanted};
use office::desk::Desk;
use office::indicators::{Seen, against_truth, report};
use office::views::{FigureRowsAsk, FigureState, IndicatorList, IndicatorView, LineAsk, Views};
use std::collections::BTreeSet;
use std::sync::Arc;

const TOWNSHIP: &str = "990101001";

struct Office {
    views: Arc<dyn Views>,
    staff: Staff,
    office: Arc<office::Office>,
    county: County,
}

impl Office {
    async fn open() -> Self {
        Self::open_without(Faults::Planted, &[]).await
    }

    /// An office some departments send nothing to.
    async fn open_without(faults: Faults, silent: &[&str]) -> Self {
        let county = County::new(faults);
        for file in county.files("csv") {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            if silent.iter().any(|feed| name.starts_with(feed)) {
                std::fs::remove_file(&file).unwrap();
            }
        }
        let office = Arc::new(county.received(county.setting("data")).await);
        Self {
            views: Desk::open(Arc::clone(&office)).await.unwrap(),
            staff: Staff::of(&office, "990101").await,
            office,
            county,
        }
    }
}

fn ids(list: &IndicatorList) -> Vec<String> {
    let rows = list.files.iter().flat_map(|f| &f.rows);
    rows.map(|r| r.id.clone()).collect()
}

/// The number at the head of `分子 12 户`.
fn counted(text: &str) -> u64 {
    text.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_counts_the_list_it_opens_and_a_township_sees_no_small_one_of_others() {
    let here = Office::open().await;
    let county = here.staff.enter("county", "县级审核", "990101").await;
    let clerk = here.staff.enter("clerk", "窗口经办", TOWNSHIP).await;
    let list = here.views.indicators(&county.who, None).await.unwrap();
    assert!(
        list.least > 1 && list.files.len() >= 8,
        "{}",
        list.files.len()
    );
    let mut opened = 0;
    for id in ids(&list) {
        let whole = here
            .views
            .indicator(&county.who, id.clone(), None)
            .await
            .unwrap();
        opened += figures_count_their_lists(&here, &county.who, &whole).await;
        adds_up(&whole);
        let own = here
            .views
            .indicator(&clerk.who, id.clone(), None)
            .await
            .unwrap();
        hides_small_ones(&whole, &own, list.least);
    }
    assert!(opened > 100, "{opened}");
}

/// The list of every link of the whole place and of one township has as many rows as the link says.
async fn figures_count_their_lists(
    here: &Office,
    who: &office::access::Acting,
    view: &IndicatorView,
) -> usize {
    let areas = view
        .areas
        .iter()
        .filter(|a| a.depth == 0 || a.code.starts_with(TOWNSHIP));
    let groups = view.groups.iter().flat_map(|t| &t.rows);
    let links = areas
        .flat_map(|a| &a.links)
        .chain(groups.flat_map(|g| &g.links));
    let mut opened = 0;
    for link in links {
        let rows = here
            .views
            .indicator_rows(who, link.ask.clone())
            .await
            .unwrap();
        assert_eq!(
            rows.page.total,
            counted(&link.text),
            "{} {:?}",
            view.row.id,
            link
        );
        opened += 1;
    }
    opened
}

/// Villages and those without one add up to their township, townships to the county.
fn adds_up(view: &IndicatorView) {
    let among = |area: &office::views::AreaFigure| {
        let link = area.links.iter().find(|l| l.text.starts_with("分母"));
        link.map_or(0, |l| counted(&l.text))
    };
    let townships: u64 = view.areas.iter().filter(|a| a.depth == 1).map(among).sum();
    let deepest = view.areas.iter().any(|a| a.depth == 1 && a.code.is_empty());
    let whole = view.areas.iter().find(|a| a.depth == 0).map_or(0, among);
    if view.areas.len() > 1 && !deepest && view.unit != "处" {
        assert_eq!(townships, whole, "{}", view.row.id);
    }
}

fn hides_small_ones(whole: &IndicatorView, seen: &IndicatorView, least: u64) {
    let exact = |code: &str| whole.areas.iter().find(|a| a.code == code);
    for area in &seen.areas {
        let own = area.code.starts_with(TOWNSHIP);
        assert_eq!(
            own && !area.code.is_empty(),
            area.own && !area.code.is_empty()
        );
        if own {
            assert_ne!(
                area.value.state,
                FigureState::Hidden,
                "{} {}",
                seen.row.id,
                area.name
            );
            continue;
        }
        assert!(area.links.is_empty(), "{} {}", seen.row.id, area.name);
        let Some(truth) = exact(&area.code).filter(|_| !area.code.is_empty()) else {
            continue;
        };
        let small = truth
            .links
            .iter()
            .any(|l| !l.text.starts_with("不知道") && (1..least).contains(&counted(&l.text)));
        if small {
            assert_eq!(
                area.value.state,
                FigureState::Hidden,
                "{} {}",
                seen.row.id,
                area.name
            );
            assert!(area.spread.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_sent_has_no_source_and_a_list_stays_within_the_scope() {
    let silent = ["service-needs", "medical-aid-paid"];
    let here = Office::open_without(Faults::Planted, &silent).await;
    let clerk = here.staff.enter("clerk", "窗口经办", TOWNSHIP).await;
    let month = domain::Month::new(2026, 8).unwrap();
    let whole = report(&here.office, month, &Seen::Everything, |_| {})
        .await
        .unwrap();
    let row = |id: &str| {
        let rows = whole.list.files.iter().flat_map(|f| &f.rows);
        rows.clone().find(|r| r.id == id).unwrap().clone()
    };
    for id in [
        "access.可及率",
        "access.可得率",
        "quality.方法专业",
        "one_stop.一站式结算率",
        "workload.个案负荷比",
    ] {
        assert_eq!(row(id).now.state, FigureState::NoSource, "{id}");
    }
    for id in [
        "coverage.低保覆盖面",
        "targeting.模型漏保率",
        "verification.低保核查率",
        "poverty.收入分布",
        "workload.走访负荷比",
    ] {
        assert_eq!(
            row(id).now.state,
            FigureState::Told,
            "{id} {:?}",
            row(id).now
        );
        // Of visits nobody kept what there was a month ago; it is not made up from today's.
        let of_places = id.starts_with("workload");
        assert_eq!(row(id).last_month.is_some(), !of_places, "{id}");
        assert!(row(id).last_year.is_none(), "{id}");
    }
    let gini = whole
        .views
        .iter()
        .find(|v| v.row.id == "poverty.收入分布")
        .unwrap();
    let names: BTreeSet<&str> = gini.areas[0].spread.iter().map(|s| s.name).collect();
    assert!(names.contains("基尼系数") && names.contains("森指数(1976)"));
    // The same figures through the eyes of a township.
    let township = AreaCode::parse(TOWNSHIP).unwrap();
    let seen = report(&here.office, month, &Seen::Places(vec![township]), |_| {})
        .await
        .unwrap();
    for (all, mine) in whole.views.iter().zip(&seen.views) {
        let code = format!("{TOWNSHIP}000");
        let of = |v: &IndicatorView| {
            v.areas
                .iter()
                .find(|a| a.code == code)
                .map(|a| a.value.clone())
        };
        assert_eq!(of(all), of(mine), "{}", all.row.id);
    }
    // Against what is true: some of the poor are missed, most of the roll is poor.
    let folder = here.county.folder.path().join("county/truth");
    let truth = against_truth(&here.office, month, &folder).await.unwrap();
    assert!(truth.households > 500 && truth.poor > 20, "{truth:?}");
    let ((reached, poor), (missed, _)) = (truth.coverage().unwrap(), truth.exclusion().unwrap());
    assert_eq!(reached + missed, poor);
    let (wrong, on_roll) = truth.inclusion().unwrap();
    assert!(missed > 0 && 2 * wrong < on_roll, "{truth:?}");
    let elsewhere = FigureRowsAsk {
        id: "coverage.低保覆盖面".to_owned(),
        area: Some("990101002000".to_owned()),
        ..FigureRowsAsk::default()
    };
    let rows = here
        .views
        .indicator_rows(&clerk.who, elsewhere)
        .await
        .unwrap();
    assert_eq!(rows.page.total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn six_methods_propose_and_more_spending_moves_the_line_the_persons_and_the_cost() {
    let here = Office::open().await;
    let county = here.staff.enter("county", "县级审核", "990101").await;
    let page = here
        .views
        .line(&county.who, LineAsk::default())
        .await
        .unwrap();
    let again = here
        .views
        .line(&county.who, LineAsk::default())
        .await
        .unwrap();
    assert_eq!(page, again, "the same inputs give the same line");
    let methods: BTreeSet<&str> = page.candidates.iter().map(|c| c.method.as_str()).collect();
    assert_eq!(methods.len(), 7, "{methods:?}");
    assert!(
        page.candidates
            .iter()
            .all(|c| c.yuan.is_some_and(|y| y > 100.0)),
        "{page:?}"
    );
    let share = &page.candidates[0];
    assert_eq!(share.yuan, Some(2100.0 * 0.38));
    let (now, more) = (
        share.reach.clone().unwrap(),
        share.reach_little_more.clone().unwrap(),
    );
    assert!(now.persons > 0 && more.persons >= now.persons && more.gap != now.gap);
    let raised = LineAsk {
        numbers: vec![("人均消费支出".to_owned(), "2121".to_owned())],
        ..LineAsk::default()
    };
    let raised = here.views.line(&county.who, raised).await.unwrap();
    assert_eq!(raised.candidates[0].line, share.sensitivity[0].little_more);
    assert_eq!(raised.candidates[0].reach, share.reach_little_more);
    let wrong = LineAsk {
        numbers: vec![("人均消费".to_owned(), "x".to_owned())],
        ..LineAsk::default()
    };
    let wrong = here.views.line(&county.who, wrong).await.unwrap();
    assert_eq!(wrong.problems.len(), 1);
}

/// The rows of a feed's file as they count for a month's end, of those who live in the county.
fn counted_by_hand(county: &County) -> [u64; 8] {
    let register = county.feed("2026-08", "register");
    let homes = register.columns(["身份证号", "居住地区"]).into_iter();
    let own: BTreeSet<&str> = homes
        .filter(|[_, area]| area.starts_with("990101"))
        .map(|[number, _]| number)
        .collect();
    let needs = county.feed("2026-08", "service-needs");
    let columns = [
        "身份证号",
        "撤销日期",
        "附近有供给",
        "获得服务日期",
        "评估日期",
        "转介日期",
        "转介办结日期",
    ];
    let end = "2026-08-31";
    let rows = needs.columns(columns).into_iter();
    let open: Vec<[&str; 7]> = rows
        .filter(|[number, withdrawn, ..]| {
            own.contains(number) && (withdrawn.is_empty() || *withdrawn > end)
        })
        .collect();
    let persons = |fits: &dyn Fn(&[&str; 7]) -> bool| {
        let of = open.iter().filter(|row| fits(row));
        let numbers: BTreeSet<&str> = of.map(|row| row[0]).collect();
        u64::try_from(numbers.len()).unwrap()
    };
    let rows = |fits: &dyn Fn(&[&str; 7]) -> bool| {
        u64::try_from(open.iter().filter(|row| fits(row)).count()).unwrap()
    };
    let paid = county.feed("2026-08", "medical-aid-paid");
    let paid = paid.columns(["身份证号", "支付日期", "结算方式"]);
    let august = paid
        .iter()
        .filter(|[number, day, _]| own.contains(number) && day.starts_with("2026-08"));
    let one_stop = august.clone().filter(|[.., way]| *way == "一站式结算");
    [
        persons(&|_| true),
        persons(&|row| row[2] == "是"),
        persons(&|row| !row[3].is_empty()),
        rows(&|_| true),
        rows(&|row| !row[4].is_empty()),
        rows(&|row| !row[5].is_empty() && !row[6].is_empty()),
        u64::try_from(august.count()).unwrap(),
        u64::try_from(one_stop.count()).unwrap(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_and_payments_are_counted_as_the_files_say_and_a_run_keeps_what_was_counted() {
    let here = Office::open_without(Faults::None, &[]).await;
    let month = domain::Month::new(2026, 8).unwrap();
    let counted = report(&here.office, month, &Seen::Everything, |_| {})
        .await
        .unwrap();
    let part = |id: &str| {
        let rows = counted.list.files.iter().flat_map(|f| &f.rows);
        let now = &rows.clone().find(|r| r.id == id).unwrap().now;
        assert_eq!(now.state, FigureState::Told, "{id} {now:?}");
        let number = |text: &Option<String>| {
            let text = text.as_deref().unwrap().split_whitespace().next().unwrap();
            text.replace(',', "").parse::<u64>().unwrap()
        };
        (number(&now.part), number(&now.whole))
    };
    let [wanting, near, got, needs, assessed, settled, paid, one_stop] =
        counted_by_hand(&here.county);
    assert!(wanting > 20 && paid > 3, "{wanting} {paid}");
    assert_eq!(part("access.可及率"), (near, wanting));
    assert_eq!(part("access.可得率"), (got, wanting));
    assert_eq!(part("quality.需求精准"), (assessed, needs));
    assert_eq!(part("quality.链接有效").0, settled);
    assert_eq!(part("one_stop.一站式结算率"), (one_stop, paid));
    for name in ["覆盖广泛", "类型多样", "方法专业"] {
        let (some, all) = part(&format!("quality.{name}"));
        assert!(some > 0 && all > 0, "{name} {some} {all}");
    }

    // A run keeps the figures; the page reads them back, and judges nobody: the departments' rows are
    // out of its reach.
    run_months(&here.office).await;
    let lake = here.county.folder.path().join("data/lake");
    let away = here.county.folder.path().join("away");
    std::fs::create_dir_all(&away).unwrap();
    let mut moved = 0;
    for kind in std::fs::read_dir(&lake).unwrap() {
        let name = kind.unwrap().file_name();
        if name.to_str().unwrap().starts_with("row-") {
            std::fs::rename(lake.join(&name), away.join(&name)).unwrap();
            moved += 1;
        }
    }
    assert!(moved > 10, "{moved}");
    let kept = report(&here.office, month, &Seen::Everything, |_| {})
        .await
        .unwrap();
    let people = |report: &office::indicators::IndicatorReport| {
        let views = report.views.iter().filter(|view| view.unit != "处");
        let told: Vec<String> = views.map(|v| serde_json::to_string(v).unwrap()).collect();
        told
    };
    let (before, after) = (people(&counted), people(&kept));
    assert!(before.len() > 30);
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one, other);
    }
    assert_eq!(before.len(), after.len());
    // What the run of a month counted of places is what its page shows later.
    let workload = kept
        .views
        .iter()
        .find(|v| v.row.id == "workload.走访负荷比");
    assert!(workload.unwrap().row.last_month.is_some());
}

/// Applications of households of the township, taken by one clerk.
async fn take(
    here: &Office,
    clerk: &office::access::Acting,
    how_many: usize,
) -> Vec<casework::CaseNo> {
    let heads = here.county.heads(TOWNSHIP).into_iter();
    let mut out = Vec::new();
    for (at, [name, number, ..]) in heads.take(how_many).enumerate() {
        let person = casework::people::find(&here.office, clerk, &name, &number).await;
        let opening = Opening {
            form_key: format!("form-{at}"),
            cause: Cause::Apply,
            cause_id: None,
            applicant: person.unwrap().unwrap(),
            helper: None,
            members: Vec::new(),
            wanted: vec![Wanted {
                programme: "dibao".to_owned(),
                person: None,
            }],
            declared: Vec::new(),
            papers: Vec::new(),
            going_on: String::new(),
        };
        let opened = casework::open(&here.office, clerk, &opening).await.unwrap();
        out.extend(opened.cases);
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_under_way_weigh_on_the_township_and_on_the_desk_they_were_handed_to() {
    let here = Office::open_without(Faults::None, &[]).await;
    let county = here.staff.enter("county", "县级审核", "990101").await;
    let clerk = here.staff.enter("clerk", "窗口经办", TOWNSHIP).await;
    here.staff.enter("other", "窗口经办", "990101002").await;
    let id = || "workload.个案负荷比".to_owned();
    let before = here.views.indicator(&county.who, id(), None).await.unwrap();
    assert_eq!(before.row.now.state, FigureState::NoSource);

    let cases = take(&here, &clerk.who, 4).await;
    assert_eq!(cases.len(), 4);
    let mut case = casework::load(&here.office, &clerk.who, cases[0])
        .await
        .unwrap();
    let mut tx = here.office.begin().await.unwrap();
    casework::hand_over(
        &here.office,
        &mut tx,
        &clerk.who,
        &mut case,
        "clerk",
        "自己办",
    )
    .await
    .unwrap();
    here.office.end(tx).await.unwrap();
    let view = here.views.indicator(&county.who, id(), None).await.unwrap();
    let area = |code: &str| {
        let code = format!("{code}000");
        let found = view.areas.iter().find(|a| a.code == code).unwrap();
        found.value.text.clone()
    };
    // Three points a case by forty a month and official, as the rulebook's examples have it.
    assert_eq!(
        (area(TOWNSHIP).as_str(), area("990101002").as_str()),
        ("30%", "0%")
    );
    let desk = |login: &str| view.desks.iter().find(|d| d.login == login).unwrap();
    let own = desk("clerk");
    assert_eq!(
        (own.cases, own.visits, own.value.text.as_str()),
        (1, 0, "7.5%")
    );
    assert_eq!((desk("other").cases, desk("county").cases), (0, 0));
    // Who does not oversee sees the place and nobody's desk.
    let seen = here.views.indicator(&clerk.who, id(), None).await.unwrap();
    assert!(seen.desks.is_empty());
    let whole = here
        .views
        .indicator(&county.who, "coverage.低保覆盖面".to_owned(), None)
        .await;
    assert!(whole.unwrap().desks.is_empty());
}

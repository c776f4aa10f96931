//! 指标 on a whole county: every figure equals the list behind it, the places add up to the whole, a
//! township sees its own and no small figure of another, and what nobody sent is no zero.

use crate::county::{County, Faults};
use crate::staff::Staff;
use domain::AreaCode;
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
        let county = County::new(Faults::Planted);
        let office = Arc::new(county.office("data").await);
        county.receive(&office).await;
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
    let here = Office::open().await;
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
        assert!(
            row(id).last_month.is_some() && row(id).last_year.is_none(),
            "{id}"
        );
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

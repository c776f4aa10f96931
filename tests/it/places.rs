//! Each locality of the sources switched on over a small county: its mechanism finds people among the whole
//! population, the pages show them, every number is as long as its list, and a township sees its own.

use crate::browse;
use crate::county::{County, Faults, run_months};
use crate::staff::{Signed, Staff};
use axum::Router;
use office::desk::Desk;
use office::views::{AssessmentFilter, AssessmentList, Behind, Views};
use office::{Database, Office, Setting, monitoring};
use std::sync::Arc;

const TOWNSHIP: &str = "990101001";

struct Place {
    views: Arc<dyn Views>,
    router: Router,
    county: Signed,
    township: Signed,
    _folder: County,
}

impl Place {
    async fn open(locality: &str) -> Self {
        Self::open_after(locality, |_| {}).await
    }

    /// The county under a locality's rules, its own departments' lists among the files.
    async fn open_after(locality: &str, edit: impl FnOnce(&County)) -> Self {
        let county = County::new(Faults::None);
        synth::local(&county.feeds(), locality, 990_101).unwrap();
        edit(&county);
        let setting = Setting {
            rulebook: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../rulebook").into()),
            locality: locality.to_owned(),
            ..crate::county::setting(
                &county.folder.path().join("data"),
                Database::Sqlite,
                "2026-09-14T09:00",
            )
        };
        let office = Arc::new(Office::open(setting).await.unwrap());
        county.receive(&office).await;
        let runs = run_months(&office).await;
        let newest = runs.last().unwrap().0;
        let again = monitoring::run_month(&office, newest, |_| {})
            .await
            .unwrap();
        let raised = (again.warnings_raised, again.tasks_raised);
        assert_eq!(raised, (0, 0), "run again, it tells the same again");
        let dibao = |run: &monitoring::MonthRun| {
            let found = run.verdicts.iter().find(|(id, ..)| id == "dibao");
            found.map_or(0, |(.., met, _, _)| *met)
        };
        assert!(
            runs.iter().all(|(_, run)| dibao(run) > 0),
            "全国的救助没有判断"
        );
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        let staff = Staff::of(&office, "990101").await;
        Self {
            router: staff.router_of(&views),
            county: staff.enter("county", "县级审核", "990101").await,
            township: staff.enter("clerk", "窗口经办", TOWNSHIP).await,
            views,
            _folder: county,
        }
    }

    async fn page(&self, path: &str) -> String {
        let told = browse::ask(&self.router, &self.county, "GET", path, &[]).await;
        assert_eq!(told.status, 200, "{path}");
        told.body
    }

    async fn list(&self, who: &Signed, of: [&str; 3]) -> AssessmentList {
        let [assessment, quantity, value] = of.map(str::to_owned);
        let filter = AssessmentFilter {
            assessment,
            quantity,
            value,
            ..AssessmentFilter::default()
        };
        self.views.assessments(&who.who, filter).await.unwrap()
    }

    /// How many have a value, by the list; the list page and the file of the first of them are opened.
    async fn found(&self, of: [&str; 3]) -> u64 {
        let list = self.list(&self.county, of).await;
        let Some(first) = list.page.rows.first() else {
            return 0;
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("assessment", of[0]), ("quantity", of[1]), ("value", of[2])])
            .finish();
        let page = self.page(&format!("/assessments?{query}")).await;
        let total = format!("data-total=\"{}\"", list.page.total);
        assert!(page.contains(&total) && page.contains(&first.subject));
        let file = match first.about {
            Behind::Person(id) => Some(format!("/persons/{id}")),
            Behind::Household(id) => Some(format!("/households/{id}")),
            _ => None,
        };
        if let Some(path) = file {
            let told = browse::ask(&self.router, &self.county, "GET", &path, &[]).await;
            let page = match told.place.as_str() {
                "" => told.body,
                home => self.page(home.split('#').next().unwrap()).await,
            };
            assert!(
                page.contains("各项评估") && page.contains(&list.title),
                "{path}"
            );
        }
        list.page.total
    }

    /// Every number of the overview and of every list of the place's own assessments is as long as its
    /// list; a township's are its own and no more.
    async fn adds_up(&self, ids: &[&str]) {
        let overview = self.page("/").await;
        let view = self.views.overview(&self.county.who, None).await.unwrap();
        assert!(overview.contains("本地的评估") && !view.assessments.is_empty());
        for row in &view.assessments {
            for value in &row.quantity.values {
                let Behind::Assessment(filter) = value.count.behind.clone() else {
                    panic!("{} opens nothing", row.title);
                };
                let list = self.views.assessments(&self.county.who, filter).await;
                assert_eq!(list.unwrap().page.total, value.count.value, "{}", row.title);
            }
        }
        for id in ids {
            let whole = self.list(&self.county, [id, "", ""]).await;
            let own = self.list(&self.township, [id, "", ""]).await;
            assert!(
                view.assessments.iter().any(|row| row.title == whole.title),
                "{id}"
            );
            let sum = |list: &AssessmentList| -> u64 {
                let values = list.quantities.iter().flat_map(|q| &q.values);
                values.map(|v| v.count.value).sum()
            };
            assert!(sum(&own) < sum(&whole), "{id}");
            for value in own.quantities.iter().flat_map(|q| &q.values) {
                let Behind::Assessment(filter) = value.count.behind.clone() else {
                    panic!("{id} opens nothing");
                };
                let list = self
                    .views
                    .assessments(&self.township.who, filter)
                    .await
                    .unwrap();
                assert_eq!(list.page.total, value.count.value, "{id} {}", value.word);
            }
        }
    }

    /// Fewer than one in four are 待查: those of whom a department's file has not told.
    async fn is_known(&self, id: &str, quantity: &str) {
        let list = self.list(&self.county, [id, quantity, ""]).await;
        let values = &list
            .quantities
            .iter()
            .find(|q| q.name == quantity)
            .unwrap()
            .values;
        let all: u64 = values.iter().map(|v| v.count.value).sum();
        let open = values
            .iter()
            .filter(|v| v.word == "待查")
            .map(|v| v.count.value);
        let open: u64 = open.sum();
        assert!(open * 4 < all, "{quantity}: {open} of {all} 待查");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jilin_watches_every_resident_and_names_the_group_of_each() {
    let jilin = Place::open("jilin").await;
    jilin.is_known("jilin_watch", "在名单").await;
    for group in ["一组低保", "三组监测对象", "N类", "不在名单"] {
        assert!(
            jilin.found(["jilin_watch", "组别", group]).await > 0,
            "{group}"
        );
    }
    assert!(jilin.found(["jilin_watch", "N类", "残疾"]).await > 0);
    // The medical insurance stopped answering after June: it alone is stale, and a warning says so.
    assert!(jilin.found(["jilin_sources", "过期来源", "医保"]).await > 0);
    let warnings = jilin.page("/warnings").await;
    assert!(warnings.contains("有部门的数据过期"));
    jilin.adds_up(&["jilin_watch"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hangzhou_scores_households_weakest_first_and_pools_who_left_the_roll() {
    let mut left = String::new();
    let hangzhou = Place::open_after("hangzhou", |county| {
        // A household on dibao in July is not on the roll of August.
        county.rewrite("2026-08", "roll", |roll| {
            let rows = roll.columns(["户编号", "救助类型"]);
            let first = rows.iter().find(|[_, kind]| *kind == "低保").unwrap();
            first[0].clone_into(&mut left);
            roll.keep(|cells| !cells.contains(&left));
        });
    })
    .await;
    hangzhou.is_known("resilience", "级").await;
    let order = hangzhou
        .list(&hangzhou.county, ["resilience", "级", ""])
        .await;
    let level = |row: &office::views::AssessedRow| {
        let found = row.values.iter().find(|(name, _)| name == "级");
        found.unwrap().1.clone()
    };
    assert_eq!(level(&order.page.rows[0]), "一级");
    assert!(hangzhou.found(["resilience", "级", "一级"]).await > 0);
    assert!(
        hangzhou
            .found(["hangzhou_pool", "入库原因", "退出救助"])
            .await
            > 0
    );
    let first = ["hangzhou_pool_order", "先后", "不在库"];
    assert!(hangzhou.found(first).await > 0);
    hangzhou.adds_up(&["resilience", "hangzhou_pool"]).await;
    // What the city does not give is shown as an example, and whose.
    let numbers = hangzhou.page("/admin/params").await;
    assert!(numbers.contains("示例值(沿用示例县"));
}

#[tokio::test(flavor = "multi_thread")]
async fn xiamen_puts_every_household_in_its_bands_and_every_person_in_the_best_type() {
    let xiamen = Place::open("xiamen").await;
    xiamen.is_known("xiamen_bands", "收入档").await;
    for band in ["一档", "二档", "三档"] {
        assert!(
            xiamen.found(["xiamen_bands", "收入档", band]).await > 0,
            "{band}"
        );
    }
    assert!(xiamen.found(["xiamen_type", "类型", "低保"]).await > 0);
    xiamen.adds_up(&["xiamen_bands"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changning_has_one_circle_for_everybody() {
    let changning = Place::open("changning").await;
    changning.is_known("changning_circle", "圈").await;
    for circle in ["兜底保障", "帮扶支持", "不在圈"] {
        assert!(
            changning.found(["changning_circle", "圈", circle]).await > 0,
            "{circle}"
        );
    }
    changning.adds_up(&["changning_circle"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guangzhou_gives_each_level_its_services() {
    let guangzhou = Place::open("guangzhou").await;
    guangzhou.is_known("guangzhou_levels", "性质").await;
    let urgent = guangzhou
        .found(["guangzhou_levels", "性质", "补救性"])
        .await;
    let crisis = guangzhou
        .found(["guangzhou_levels", "服务", "危机干预"])
        .await;
    assert!(urgent > 0 && urgent == crisis, "{urgent} {crisis}");
    assert!(
        guangzhou
            .found(["guangzhou_levels", "服务", "能力提升"])
            .await
            > 0
    );
    guangzhou.adds_up(&["guangzhou_levels"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xiangcheng_lists_the_households_in_need_without_a_file_or_a_plan() {
    let xiangcheng = Place::open("xiangcheng").await;
    xiangcheng.is_known("xiangcheng_household", "情况").await;
    for lack in ["没有档", "有档没有策", "档和策都有"] {
        assert!(
            xiangcheng
                .found(["xiangcheng_household", "情况", lack])
                .await
                > 0,
            "{lack}"
        );
    }
    xiangcheng.adds_up(&["xiangcheng_household"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weihai_counts_the_hours_of_every_volunteer_by_band() {
    let weihai = Place::open("weihai").await;
    weihai.is_known("weihai_points", "到哪一段").await;
    for band in ["没有时数", "第二段", "第三段"] {
        assert!(
            weihai.found(["weihai_points", "到哪一段", band]).await > 0,
            "{band}"
        );
    }
    weihai.adds_up(&["weihai_points"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_county_lists_what_its_national_assessments_say() {
    let demo = Place::open("demo").await;
    demo.is_known("layers", "层").await;
    for list in [
        ["layers", "层", "低保层"],
        ["six_family_types", "类型", "老年"],
    ] {
        assert!(demo.found(list).await > 0, "{list:?}");
    }
    demo.adds_up(&[
        "layers",
        "six_family_types",
        "eight_classes",
        "eight_factors",
    ])
    .await;
}

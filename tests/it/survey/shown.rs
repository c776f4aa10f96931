//! What the pages and the trace say of the survey, beside the raw files.

use super::raw::Household;
use super::{WARNING, count};
use office::Office;
use office::access::Acting;
use office::views::{Behind, ProgrammeFilter, SearchAsk, Standing, Views, WarningFilter};
use std::collections::BTreeMap;

/// 6.6 % declare nothing and 15.3 % spend more than one and a half times what they declare.
pub(crate) async fn the_pages_say_what_was_published(
    (views, who): (&dyn Views, &Acting),
    raw: &BTreeMap<String, Household>,
) {
    let overview = views.overview(who, None).await.unwrap();
    let doors = u64::try_from(raw.len()).unwrap();
    let programme = |id: &str| {
        let row = overview.programmes.iter().find(|p| p.id == id);
        row.and_then(|p| p.months.last())
            .unwrap_or_else(|| panic!("{id} is not on the page"))
    };
    let silent = programme("declared_income").entitled.value;
    let warned: u64 = overview
        .kinds
        .iter()
        .filter(|k| k.kind.id == WARNING)
        .map(|k| k.count.value)
        .sum();
    let tenths = |part: u64| (part * 2_000 + doors) / (2 * doors);
    assert_eq!(
        (tenths(silent), tenths(warned)),
        (66, 153),
        "{silent} and {warned} of {doors}"
    );
    let by_province: u64 = overview.townships.iter().map(|t| t.count.value).sum();
    assert_eq!((overview.townships.len(), by_province), (4, warned));
    for township in &overview.townships {
        let province = match township.name.as_str() {
            "开伯尔-普什图省" => "KP",
            "旁遮普省" => "Punjab",
            "信德省" => "Sindh",
            _ => "Balochistan",
        };
        let here = raw
            .values()
            .filter(|h| h.province == province && !h.has_gap());
        assert_eq!(
            township.count.value,
            count(here, Household::spends_over_declared),
            "{province}"
        );
    }
    for id in ["declared_income", "spending_poverty", "income_poverty"] {
        for (standing, shown) in [
            (Standing::Entitled, programme(id).entitled.value),
            (Standing::Unsettled, programme(id).unsettled.value),
        ] {
            let filter = ProgrammeFilter {
                programme: id.to_owned(),
                standing,
                ..ProgrammeFilter::default()
            };
            let list = views.programme(who, filter).await.unwrap();
            assert_eq!(list.page.total, shown, "{id} {standing:?}");
            assert!(!list.page.rows.is_empty());
        }
    }
    println!("on the pages: {silent} and {warned} of {doors} households");
}

/// 部门来文 and the file's own page say what was taken and what went back.
pub(crate) async fn the_files_are_shown_with_what_went_back(
    (views, who): (&dyn Views, &Acting),
    raw: &BTreeMap<String, Household>,
) {
    let persons = raw.values().flat_map(|h| &h.members);
    let wrong = u64::try_from(persons.filter(|m| m.contradicts()).count()).unwrap();
    let feeds = views.feeds(who).await.unwrap();
    let titles: Vec<&str> = feeds.feeds.iter().map(|f| f.title.as_str()).collect();
    assert_eq!(titles, ["住户和支出", "住户成员和收入"]);
    let batch = feeds.feeds[1].cells.last().unwrap().batch.unwrap();
    let page = views.batch(who, batch, None).await.unwrap();
    assert_eq!((page.counts.refused, page.refusals.total), (wrong, wrong));
    assert!(page.refusals.rows.iter().all(|r| r.column == "age"));
}

async fn household_of((views, who): (&dyn Views, &Acting), number: &str) -> i64 {
    let ask = SearchAsk {
        words: number.to_owned(),
        after: 0,
    };
    let found = views.search(who, ask).await.unwrap();
    let home = found.rows.iter().find_map(|row| match row.behind {
        Behind::Household(id) => Some(id),
        _ => None,
    });
    home.unwrap_or_else(|| panic!("{number} is not found"))
}

pub(crate) async fn the_largest_household_is_shown_whole(
    (views, who): (&dyn Views, &Acting),
    raw: &BTreeMap<String, Household>,
) {
    let (number, largest) = raw.iter().max_by_key(|(_, h)| h.members.len()).unwrap();
    assert_eq!(largest.members.len(), 63);
    let file = views
        .household(who, household_of((views, who), number).await, None)
        .await
        .unwrap();
    assert_eq!(
        (file.number.as_str(), file.members.len()),
        (number.as_str(), 63)
    );
    assert_eq!(file.members[0].relation, "户主");
    // The same number of heads stands under the line that judges it.
    let heads = file.facts.iter().find(|f| f.name == "户人数").unwrap();
    assert_eq!(heads.value.as_deref(), Some("63 人"));
    let settled =
        |r: &office::views::ProgrammeResult| r.verdict != office::views::Verdict::Unsettled;
    assert!(
        file.results.len() == 3 && file.results.iter().all(settled),
        "{:?}",
        file.results
    );
    assert!(
        file.members
            .iter()
            .all(|m| !m.number.contains(number.as_str())),
        "a key stands in the clear"
    );
}

pub(crate) async fn a_warning_walks_back_to_its_row(
    office: &Office,
    (views, who): (&dyn Views, &Acting),
    raw: &BTreeMap<String, Household>,
) {
    let filter = WarningFilter {
        kind: Some(WARNING.to_owned()),
        ..WarningFilter::default()
    };
    let list = views.warnings(who, filter).await.unwrap();
    let warning = views
        .warning(who, list.page.rows[0].id, true)
        .await
        .unwrap();
    let Behind::Household(id) = warning.row.about else {
        panic!("{:?}", warning.row.about)
    };
    let number = views.household(who, id, None).await.unwrap().number;
    let household = &raw[&number];
    // The most urgent declare nothing at all; their spending stands in the words, in yuan.
    assert_eq!(household.declared(), 0);
    let fen = household.spending * 6;
    let digits = warning.row.reason.replace(',', "");
    assert!(
        digits.contains(&format!("{}.{:02} 元/年", fen / 100, fen % 100)),
        "{digits}"
    );
    assert!(
        warning.lines.iter().any(|l| l.name == "支出与申报不符"),
        "{:?}",
        warning.lines
    );
    let cause = warning
        .causes
        .iter()
        .find(|c| c.feed == "住户和支出 · 统计局")
        .unwrap();
    assert_eq!(
        (cause.row, cause.link.text.as_str()),
        (u64::from(household.row), "户号一致")
    );
    let source = |name: &str| {
        warning
            .facts
            .iter()
            .find(|f| f.name == name)
            .unwrap()
            .source
            .clone()
    };
    assert!(source("年非耐用支出").ends_with(&format!("第 {} 行", household.row)));
    let steps = office::trace::trace(office, &format!("warning:{}", warning.row.id))
        .await
        .unwrap();
    let rows: Vec<_> = steps.iter().filter(|s| s.what == "来文行").collect();
    let door = rows
        .iter()
        .find(|s| s.where_.starts_with("住户和支出"))
        .unwrap();
    assert!(
        door.record.ends_with(&format!("/{}", household.row)),
        "{} {}",
        door.record,
        household.row
    );
    assert!(
        door.says
            .contains(&format!("非耐用合计 {}", household.spending)),
        "{}",
        door.says
    );
    let person = rows
        .iter()
        .find(|s| s.where_.starts_with("住户成员和收入"))
        .unwrap();
    let row: u32 = person.record.rsplit('/').next().unwrap().parse().unwrap();
    assert!(
        household.members.iter().any(|m| m.row == row),
        "{}",
        person.record
    );
    // And the household's row knows the warning it led to.
    let forward = office::trace::trace(office, &door.record).await.unwrap();
    let back = format!("warning:{}", warning.row.id);
    assert!(forward.iter().any(|s| s.record == back), "{forward:#?}");
}

//! What holds money back, on both databases: the cap of a line, a card just changed or shared, death and custody, a
//! fund that has too little, and files of departments that would stop too much at once.

use super::*;
use domain::Day;

/// A place whose rulebook was changed, file by file.
async fn with_rules(county: &County, database: Database, changes: &[(&str, &str, &str)]) -> Place {
    let rules = county.folder.path().join("rules");
    for (path, text) in office::rulebook::read(None).unwrap().texts() {
        if path.starts_with("localities/") && !path.starts_with("localities/demo/") {
            continue;
        }
        let mut text = text.clone();
        for (_, from, to) in changes.iter().filter(|(of, ..)| of == path) {
            assert!(text.contains(from), "{path} says {from}");
            text = text.replace(from, to);
        }
        let file = rules.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let folder = county.folder.path().join("limits");
    let setting = Setting {
        rulebook: Some(rules),
        ..setting(&folder, database, NOW)
    };
    Place::of(county, setting).await
}

async fn on_both(test: impl AsyncFn(Database)) {
    test(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Database::Postgres { address }).await;
    }
}

impl Place {
    /// A batch of a month drawn up, and its lines.
    async fn drawn(&self, month: Month) -> (i64, Vec<Line>) {
        let [one, ..] = &self.people;
        let drawn = pay::prepare(self.office(), &one.who, "monthly", month, |_| {}).await;
        let batch = drawn.unwrap().batch;
        (batch, self.lines_of(batch).await)
    }

    async fn lines_of(&self, batch: i64) -> Vec<Line> {
        let tx = self.office().begin().await.unwrap();
        payments::lines(&tx, batch, 0, 100_000).await.unwrap()
    }

    /// The lines a check sets apart by one of its findings.
    async fn found(&self, batch: i64, code: &str) -> BTreeSet<u32> {
        let [_, two, _] = &self.people;
        let found = pay::check(self.office(), &two.who, batch).await.unwrap();
        let own = found.iter().filter(|one| one.code == code);
        own.map(|one| one.line_no).collect()
    }

    async fn apart(&self, batch: i64) -> BTreeSet<u32> {
        let lines = self.lines_of(batch).await;
        let apart = lines.iter().filter(|line| line.state == LineState::Apart);
        apart.map(|line| line.content.line_no).collect()
    }
}

async fn a_cap_and_cards(database: Database) {
    let county = County::new(Faults::None);
    let cap = (
        "banks/payments.md",
        "| 超过单笔上限 | 20000 |",
        "| 超过单笔上限 | 500.00 |",
    );
    let place = with_rules(&county, database, &[cap]).await;
    let [one, _, three] = &place.people;
    let office = place.office();
    pay::take_over(office, &one.who, month("2026-08"))
        .await
        .unwrap();
    let (batch, lines) = place.drawn(month("2026-09")).await;
    // I-22: a fen above the cap is apart, the cap itself is not.
    let above = lines
        .iter()
        .filter(|line| line.content.amount > Fen::new(50_000));
    let above: BTreeSet<u32> = above.map(|line| line.content.line_no).collect();
    assert!(!above.is_empty() && above.len() < lines.len());
    assert_eq!(place.found(batch, "over_cap").await, above);
    assert!(place.apart(batch).await.is_superset(&above));
    let first = *above.first().unwrap();
    pay::confirm(
        office,
        &three.who,
        batch,
        first,
        "over_cap",
        "一户七口,有决定书",
    )
    .await
    .unwrap();
    let left = place.found(batch, "over_cap").await;
    assert_eq!(left.len() + 1, above.len(), "somebody answered for one");

    // I-27: a card of four households raises the alarm, one of three does not; a card just changed waits.
    let mut homes = BTreeMap::new();
    for line in &lines {
        homes.entry(line.content.household).or_insert(line);
    }
    let four: Vec<&Line> = homes.into_values().take(4).collect();
    let card = BankCard::parse("6299000000009999912").unwrap().card;
    let own: BTreeSet<u32> = four.iter().map(|line| line.content.line_no).collect();
    for (at, line) in four.iter().enumerate() {
        let of = line.content.entitlement;
        pay::set_card(office, &one.who, of, &card, "村里代领")
            .await
            .unwrap();
        let again = pay::void(office, &one.who, last_batch(&place).await, "换卡").await;
        again.unwrap();
        let (batch, _) = place.drawn(month("2026-09")).await;
        let shared = place.found(batch, "shared_card").await;
        match at {
            3 => assert_eq!(shared, own),
            _ => assert_eq!(shared, BTreeSet::new(), "{at}"),
        }
    }
    let batch = last_batch(&place).await;
    assert_eq!(place.found(batch, "fresh_card").await, own);
    office.clock().set("2026-09-18T09:00");
    assert_eq!(place.found(batch, "fresh_card").await, BTreeSet::new());
    // Whoever changed a card does not approve the payment to it.
    let kept = place.lines_of(batch).await;
    let kept = kept
        .iter()
        .find(|line| line.state == LineState::Proposed)
        .unwrap();
    let of = kept.content.entitlement;
    let other = BankCard::parse("6299000000009999904").unwrap().card;
    pay::set_card(office, &three.who, of, &other, "旧卡遗失")
        .await
        .unwrap();
    let changer = pay::approve(office, &three.who, batch).await;
    assert!(said(changer).contains("是您换的"));
}

async fn last_batch(place: &Place) -> i64 {
    let tx = place.office().begin().await.unwrap();
    payments::list(&tx, i64::MAX, 1).await.unwrap()[0].no
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_above_the_cap_a_card_of_four_households_and_one_just_changed_are_set_apart() {
    on_both(a_cap_and_cards).await;
}

async fn a_fund_has_too_little(database: Database) {
    let county = County::new(Faults::None);
    // The year's money is one month and a half of what the roll says.
    let fund = "困难群众救助补助资金";
    let roll = county.feed("2026-08", "roll");
    let rows = roll.columns(["救助类型", "起始月份", "终止月份", "月发放额"]);
    let counts = rows.iter().filter(|[kind, from, to, _]| {
        ["低保", "特困", "孤儿", "事实无人抚养儿童"].contains(kind)
            && month(from) <= month("2026-08")
            && (to.is_empty() || month(to) >= month("2026-09"))
    });
    let one_month = Fen::total(counts.filter_map(|row| Fen::parse(row[3]).ok())).unwrap();
    let year = Fen::from_yuan(one_month.get() * 3 / 2 / 100).unwrap();
    let line = format!("{fund},2026,{}", year.to_plain());
    let budget = (
        "localities/demo/budgets.csv",
        "困难群众救助补助资金,2026,60000000",
        line.as_str(),
    );
    let place = with_rules(&county, database, &[budget]).await;
    let [one, _, three] = &place.people;
    let office = place.office();
    pay::take_over(office, &one.who, month("2026-08"))
        .await
        .unwrap();
    // The fund's lines that stay in a batch, together.
    let kept = async |batch: i64| {
        let lines = place.lines_of(batch).await;
        let own = lines.iter().filter(|line| {
            line.state == LineState::Proposed && line.content.fund.starts_with(fund)
        });
        Fen::total(own.map(|line| line.content.amount)).unwrap()
    };
    let mut drawn = Vec::new();
    for of in ["2026-08", "2026-09"] {
        let (batch, _) = place.drawn(month(of)).await;
        let over = place.found(batch, "over_budget").await;
        assert_eq!(over, BTreeSet::new(), "{of} fits alone");
        pay::approve(office, &three.who, batch).await.unwrap();
        drawn.push((batch, kept(batch).await));
    }
    let both = drawn[0].1.checked_add(drawn[1].1).unwrap();
    assert!(both > year, "{both} of {year}");
    pay::seal(office, &three.who, drawn[0].0).await.unwrap();
    let short = pay::seal(office, &three.who, drawn[1].0).await;
    assert!(said(short).contains("指标不够"));
    // Drawn up again, what is beyond the rest is set apart, and the rest is sealed.
    pay::void(office, &one.who, drawn[1].0, "指标不够")
        .await
        .unwrap();
    let (batch, _) = place.drawn(month("2026-09")).await;
    assert!(!place.found(batch, "over_budget").await.is_empty());
    let rest = kept(batch).await;
    assert!(drawn[0].1.checked_add(rest).unwrap() <= year, "{rest}");
    pay::approve(office, &three.who, batch).await.unwrap();
    pay::seal(office, &three.who, batch).await.unwrap();
    place.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_sealed_than_a_funds_year_has_however_many_batches_fit_alone() {
    on_both(a_fund_has_too_little).await;
}

/// Says in a file that the payees of the first households of dibao died.
fn dead(county: &County, persons: usize) {
    let roll = county.feed("2026-08", "roll");
    let rows = roll.columns(["户编号", "救助类型"]);
    let dibao: BTreeSet<&str> = rows
        .iter()
        .filter(|[_, kind]| *kind == "低保")
        .map(|[book, _]| *book)
        .collect();
    let register = county.feed("2026-08", "register");
    let people = register.columns(["户号", "与户主关系", "身份证号", "姓名"]);
    let heads = people.iter().filter(|[book, relation, number, _]| {
        dibao.contains(book) && *relation == "户主" && number.len() == 18
    });
    let heads: Vec<&[&str; 4]> = heads.take(persons).collect();
    assert_eq!(heads.len(), persons);
    county.rewrite("2026-08", "deaths", |table| {
        for [_, _, number, name] in &heads {
            table.add_row(&[
                ("身份证号", number),
                ("姓名", name),
                ("死亡日期", "2026-07-20"),
                ("登记日期", "2026-07-22"),
            ]);
        }
    });
}

async fn a_file_stops_too_many(database: Database) {
    let county = County::new(Faults::None);
    dead(&county, 12);
    let place = with_rules(&county, database, &[]).await;
    let [one, two, three] = &place.people;
    let office = place.office();
    pay::take_over(office, &one.who, month("2026-08"))
        .await
        .unwrap();
    let (batch, lines) = place.drawn(month("2026-09")).await;
    let waits = said(pay::check(office, &two.who, batch).await);
    assert!(
        waits.contains("超过停发上限") && waits.contains("已去世 "),
        "{waits}"
    );
    assert_eq!(
        place.apart(batch).await,
        BTreeSet::new(),
        "nobody's payment is stopped"
    );
    let proposed = place.lines_of(batch).await;
    assert!(
        proposed
            .iter()
            .all(|line| line.state == LineState::Proposed)
    );
    // Somebody answers for the file by name, and not whoever drew the batch up.
    let own = pay::answer_for_feeds(office, &one.who, batch, "看过殡葬登记").await;
    assert!(said(own).contains("编制的人"));
    let silent = pay::answer_for_feeds(office, &three.who, batch, " ").await;
    assert!(said(silent).contains("请写明"));
    pay::answer_for_feeds(office, &three.who, batch, "逐户看过殡葬登记")
        .await
        .unwrap();
    let found = pay::check(office, &two.who, batch).await.unwrap();
    let dead: BTreeSet<u32> = found
        .iter()
        .filter(|one| one.code == "death")
        .map(|one| one.line_no)
        .collect();
    assert!(dead.len() >= 12 && dead.len() < lines.len());
    let twice = pay::answer_for_feeds(office, &three.who, batch, "再看一次").await;
    assert!(said(twice).contains("没有等人核实"));
    let tx = office.begin().await.unwrap();
    let about = About::Object {
        kind: "payment-batch".to_owned(),
        id: batch.to_string(),
    };
    let acts = store::audit::list(&tx, &about, i64::MAX, 20).await.unwrap();
    let named = acts
        .iter()
        .find(|one| one.act == "payment.answer-for-feeds");
    assert_eq!(named.unwrap().actor, "chen3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_would_stop_too_many_payments_stops_none_until_somebody_answers_for_it() {
    on_both(a_file_stops_too_many).await;
}

async fn the_dead_and_those_in_custody(database: Database) {
    let county = County::new(Faults::None);
    dead(&county, 1);
    let place = with_rules(&county, database, &[]).await;
    let [one, ..] = &place.people;
    let office = place.office();
    pay::take_over(office, &one.who, month("2026-08"))
        .await
        .unwrap();
    let staff = Staff::of_beside(place.office.as_ref().unwrap(), AREA).await;
    let grid = staff.enter("li", "网格员", AREA).await;
    let clerk = staff.enter("wang", "窗口经办", AREA).await;
    let (batch, lines) = place.drawn(month("2026-09")).await;
    // I-28: one died before the month began.
    let gone = place.found(batch, "death").await;
    assert!(!gone.is_empty());
    assert!(place.apart(batch).await.is_superset(&gone));
    assert_eq!(place.found(batch, "custody").await, BTreeSet::new());
    // Somebody was at the door: the payee of another line is in prison.
    let other = lines
        .iter()
        .find(|line| line.content.programme == "dibao" && !gone.contains(&line.content.line_no))
        .unwrap();
    let (help, payee) = (other.content.entitlement, other.content.payee);
    crate::found_out::in_custody(office, (&clerk.who, &grid.who), (help, payee)).await;
    let held = place.found(batch, "custody").await;
    let own: BTreeSet<u32> = lines
        .iter()
        .filter(|line| line.content.payee == payee)
        .map(|line| line.content.line_no)
        .collect();
    assert_eq!(held, own);
    assert!(place.apart(batch).await.is_superset(&held));
    // Help that ended is not paid for a month after, whatever batch had it before.
    let ended = lines.iter().find(|line| {
        let no = line.content.line_no;
        !gone.contains(&no) && !own.contains(&no)
    });
    let ended = ended.unwrap();
    let [_, _, three] = &place.people;
    crate::found_out::stopped(
        office,
        &three.who,
        ended.content.entitlement,
        month("2026-09"),
        "核实已迁出",
    )
    .await
    .unwrap();
    assert!(
        place
            .found(batch, "stopped")
            .await
            .contains(&ended.content.line_no)
    );
    let day = Day::parse("2026-09-14").unwrap();
    assert_eq!(office.clock().today(), day);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_those_in_custody_and_those_whose_help_ended_are_set_apart_from_the_month_on() {
    on_both(the_dead_and_those_in_custody).await;
}

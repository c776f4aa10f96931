//! 试算 on a whole county: it says what the rules themselves would say, adds up, and keeps nothing.

use crate::county::{County, Faults};
use domain::Month;
use office::simulate::{
    Ask, AxisAsk, Cap, GroupRow, Report, Roll, Scenario, ScenarioReport, by_month, simulate,
};
use office::{Clock, Database, Office, OfficeError, Setting};
use rules::SourceText;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

fn scenario(name: &str, settings: &[&str]) -> Scenario {
    Scenario {
        name: name.to_owned(),
        settings: settings.iter().map(|s| (*s).to_owned()).collect(),
        rules: Vec::new(),
    }
}

fn ask(scenarios: Vec<Scenario>) -> Ask {
    Ask {
        month: august(),
        scenarios,
        cap: None,
        line: None,
        by: Vec::new(),
        roll: Roll::Follows,
        axis: None,
    }
}

async fn county() -> (County, Office) {
    let county = County::new(Faults::Planted);
    let office = county.received(county.setting("data")).await;
    (county, office)
}

async fn tried(office: &Office, ask: &Ask) -> Report {
    simulate(office, ask, |_| {}).await.unwrap()
}

/// The rulebook as a folder, with one table changed.
fn changed_rulebook(office: &Office, folder: &Path, from: &str, to: &str) {
    for (path, text) in office.book().texts() {
        let text = if path == "localities/demo/parameters.csv" {
            assert!(text.contains(from));
            text.replace(from, to)
        } else {
            text.clone()
        };
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

fn costs(
    one: &ScenarioReport,
    of: fn(&office::simulate::ProgrammeRow) -> (u64, i64),
) -> BTreeMap<&str, (u64, i64)> {
    one.programmes
        .iter()
        .map(|p| (p.id.as_str(), of(p)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tried_standard_gives_what_an_office_with_that_standard_finds() {
    let (county, office) = county().await;
    let mut wanted = ask(vec![scenario("提标", &["低保标准@990101/城镇=990"])]);
    wanted.roll = Roll::AsItIs;
    let report = tried(&office, &wanted).await;
    let folder = county.folder.path().join("book");
    changed_rulebook(
        &office,
        &folder,
        "990101,城乡=城镇,2026-07-01,,820,元/人月",
        "990101,城乡=城镇,2026-07-01,,990,元/人月",
    );
    office.close().await;
    let setting = Setting {
        folder: county.folder.path().join("data"),
        database: Database::Sqlite,
        rulebook: Some(folder),
        locality: "demo".to_owned(),
        clock: Clock::fixed("2026-09-14T09:00").unwrap(),
    };
    let other = Office::open(setting).await.unwrap();
    let there = tried(
        &other,
        &ask(vec![scenario("别的", &["低保标准@990101/农村=700"])]),
    )
    .await;
    let tried = costs(&report.scenarios[0], |p| (p.entitled_after, p.cost_after));
    let found = costs(&there.scenarios[0], |p| (p.entitled_before, p.cost_before));
    assert_eq!(tried, found);
    assert_eq!(
        report.scenarios[0].cost_after,
        there.scenarios[0].cost_before
    );
    assert!(report.scenarios[0].cost_after > report.scenarios[0].cost_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_month_of_several_says_what_a_trial_of_that_month_alone_says() {
    let (_county, office) = county().await;
    let rural = "低保标准@990101/农村=700";
    let wanted = ask(vec![
        scenario("一", &[rural]),
        scenario("二", &["补助办法=分档"]),
    ]);
    let report = tried(&office, &wanted).await;
    let months = office::monitoring::months(&office).await.unwrap();
    let rows = by_month(&office, (&wanted, &report), &months, |_| {})
        .await
        .unwrap();
    assert_eq!(rows.len(), months.len());
    let mut judged = 0;
    for (row, month) in rows.iter().zip(months) {
        assert_eq!(row.month, month.to_string());
        let alone = Ask {
            month,
            ..wanted.clone()
        };
        match simulate(&office, &alone, |_| {}).await {
            Ok(alone) => {
                judged += 1;
                assert_eq!(row.why, "");
                for (one, other) in row.scenarios.iter().zip(&alone.scenarios) {
                    assert_eq!(
                        (one.before, one.after),
                        (other.cost_before, other.cost_after)
                    );
                    assert_eq!(one.counts, other.counts);
                    assert_eq!(one.funds, other.funds);
                }
            }
            Err(why) => assert_eq!(row.why, why.to_string()),
        }
    }
    assert!(judged > 1, "only {judged} months could be tried");
    let none = by_month(&office, (&wanted, &report), &[august().add(9)], |_| {}).await;
    assert!(matches!(none, Err(OfficeError::NoRegister(_))), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_trial_adds_up_to_the_same_money() {
    let (_county, office) = county().await;
    let mut wanted = ask(vec![
        scenario("一", &["低保标准@990101/城镇=990"]),
        scenario("二", &["补助办法=分档", "老年增发比例=30%"]),
    ]);
    wanted.by = vec!["dibao.档次".to_owned()];
    let report = tried(&office, &wanted).await;
    assert_eq!(report.scenarios.len(), 2);
    for one in &report.scenarios {
        let total = (one.cost_before, one.cost_after);
        let sum = |rows: &[GroupRow]| {
            let both = rows.iter().map(|r| (r.before, r.after));
            both.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
        };
        assert_eq!(sum(&one.areas), total, "{}", one.name);
        assert_eq!(sum(&one.funds), total, "{}", one.name);
        let programmes = one.programmes.iter().map(|p| (p.cost_before, p.cost_after));
        let programmes = programmes.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        assert_eq!(programmes, total, "{}", one.name);
        let doors: i64 = one.doors.iter().map(|d| d.after - d.before).sum();
        assert_eq!(doors, total.1 - total.0, "{}", one.name);
        let doors = u64::try_from(one.doors.len()).unwrap();
        assert_eq!(one.counts.gain + one.counts.lose, doors);
        // Whoever has no household of his own is in no family group.
        for group in one.groups.iter().filter(|g| g.title != "家庭六型") {
            let (before, after) = sum(&group.rows);
            assert!(before <= total.0 && after <= total.1, "{}", group.title);
            assert!(after * 10 > total.1 * 9, "{} loses households", group.title);
        }
        assert!(one.groups.iter().any(|g| g.path == "dibao.档次"));
        for door in &one.doors {
            assert!(!door.reasons.is_empty(), "{door:?} has no reason");
        }
    }
    let first = report.scenarios[0].cost_before;
    assert!(report.scenarios.iter().all(|s| s.cost_before == first));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_reaches_the_poorest_first_and_names_whom_it_does_not_reach() {
    let (_county, office) = county().await;
    let mut wanted = ask(vec![scenario("提标", &["低保标准@990101/城镇=990"])]);
    let whole = tried(&office, &wanted).await.scenarios[0].cost_after;
    wanted.cap = Some(Cap {
        programme: None,
        fen: whole / 2,
    });
    let report = tried(&office, &wanted).await;
    let cap = report.scenarios[0].cap.clone().unwrap();
    assert!(cap.spent <= cap.cap && cap.covered > 0 && !cap.excluded.is_empty());
    assert_eq!(cap.spent + cap.excluded_cost, whole);
    let left_out: i64 = cap.excluded.iter().map(|row| row.amount).sum();
    assert_eq!(left_out, cap.excluded_cost);
    // In order: nobody behind is poorer; whose income nobody knows comes last.
    let order: Vec<(bool, Option<i64>)> = cap
        .excluded
        .iter()
        .map(|row| (row.per_head.is_none(), row.per_head))
        .collect();
    assert!(order.is_sorted());
    wanted.cap = Some(Cap {
        programme: None,
        fen: whole,
    });
    let enough = tried(&office, &wanted).await;
    assert!(
        enough.scenarios[0]
            .cap
            .as_ref()
            .unwrap()
            .excluded
            .is_empty()
    );
    wanted.cap = Some(Cap {
        programme: Some("dibao".to_owned()),
        fen: 0,
    });
    let none = tried(&office, &wanted).await.scenarios.remove(0);
    let dibao = none.programmes.iter().find(|p| p.id == "dibao").unwrap();
    assert_eq!(none.cap.unwrap().excluded_cost, dibao.cost_after);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_falls_in_steps_along_the_income_and_every_fall_is_a_named_cliff() {
    let (_county, office) = county().await;
    let mut wanted = ask(vec![scenario("提标", &["低保标准@990101/城镇=990"])]);
    let first = tried(&office, &wanted).await;
    let gainers = first.scenarios[0].doors.iter().take(6);
    let chosen: Vec<i64> = gainers
        .filter_map(|d| match d.door {
            office::simulate::DoorId::Household(id) => Some(id),
            office::simulate::DoorId::Person(_) => None,
        })
        .collect();
    assert!(!chosen.is_empty());
    wanted.axis = Some(AxisAsk {
        step: 50_000,
        steps: 10,
        chosen: chosen.clone(),
    });
    let report = tried(&office, &wanted).await;
    let cliffs = report.scenarios[0].cliffs.clone().unwrap();
    assert_eq!(cliffs.raises.len(), 11);
    assert_eq!(cliffs.chosen.len(), chosen.len());
    for curve in &cliffs.chosen {
        assert!(curve.known);
        let points: Vec<(i64, i64)> = cliffs
            .raises
            .iter()
            .copied()
            .zip(curve.then.iter().copied())
            .collect();
        for pair in points.windows(2) {
            let [(a, before), (b, after)] = pair else {
                unreachable!()
            };
            if b + after < a + before {
                let named = cliffs
                    .cliffs
                    .iter()
                    .any(|c| c.household == curve.household && *a <= c.from && c.to <= *b);
                assert!(named, "{} {a} {b}", curve.household);
            }
        }
    }
    assert!(!cliffs.cliffs.is_empty());
    for cliff in &cliffs.cliffs {
        assert_eq!(cliff.to - cliff.from, 100);
        assert!(cliff.lost > 0 && !cliff.parts.is_empty(), "{cliff:?}");
    }
    let counted: u64 = cliffs.areas.iter().map(|a| a.cliffs).sum();
    assert_eq!(counted, u64::try_from(cliffs.cliffs.len()).unwrap());
    let first = cliffs.first_then;
    assert_eq!(
        first.keeps + first.part + first.all + first.more,
        cliffs.households
    );
    // What all of them get without additional income is what the trial says they get.
    let households: i64 = cliffs.then[0];
    assert!(households <= report.scenarios[0].cost_after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_rule_says_which_of_its_conditions_puts_people_out() {
    let (_county, office) = county().await;
    let dibao = &office.book().texts()["policies/dibao.md"];
    let line = "条件 收入低于标准 : ";
    assert!(dibao.contains(line));
    let stricter = dibao.replacen(
        line,
        "条件 只保两口以上 : 计入人数 >= 2 人\n  依据 社会救助法 第十八条  否则 只有一口人\n条件 收入低于标准 : ",
        1,
    );
    let mut one = scenario("只保两口以上", &[]);
    one.rules = vec![SourceText {
        path: "policies/dibao.md".to_owned(),
        text: stricter,
    }];
    let report = tried(&office, &ask(vec![one])).await;
    let one = &report.scenarios[0];
    assert_eq!(one.changes[0].what, "规则文件 policies/dibao.md");
    let dibao = one.programmes.iter().find(|p| p.id == "dibao").unwrap();
    assert!(dibao.leave > 0 && dibao.enter == 0, "{dibao:?}");
    assert!(dibao.cost_after < dibao.cost_before);
    let told = one.doors.iter().flat_map(|d| &d.reasons);
    let told: Vec<&String> = told
        .filter(|r| r.contains("新设了条件 只保两口以上(不符合)"))
        .collect();
    assert!(!told.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_dictionary_is_tried_on_facts_gathered_anew() {
    let (_county, office) = county().await;
    let facts = &office.book().texts()["facts.md"];
    // A fact in front of all others shifts every number the tables are kept under.
    let mark = "事实 性别 :";
    let new = "事实 没有人用的事实 : 是否 , 个人 , 来源 走访 , 一般 , 保留 36 月\n事实 性别 :";
    assert!(facts.contains(mark));
    let mut one = scenario("多一个事实", &[]);
    one.rules = vec![SourceText {
        path: "facts.md".to_owned(),
        text: facts.replacen(mark, new, 1),
    }];
    let report = tried(&office, &ask(vec![one])).await;
    let one = &report.scenarios[0];
    assert!(one.doors.is_empty(), "{:?}", one.doors.first());
    assert_eq!(one.cost_before, one.cost_after);
    assert!(one.cost_before > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_told_so_that_it_can_be_written_right() {
    let (_county, office) = county().await;
    for (settings, line, says) in [
        (&["低保标志=850"][..], None, "是不是 `低保标准`"),
        (&["低保标准@集镇=850"][..], None, "城镇"),
        (&["补助办法=分挡"][..], None, "分挡"),
        (&["低保标准=850", "低保标准@城镇=860"][..], None, "改了两次"),
        (&["低保标准=850"][..], Some("dibao.低保钱"), "贫困线"),
        (&["低保标准=850"][..], Some("dibao.低保金"), "元/人月"),
        (&[][..], None, "没有写要改什么"),
    ] {
        let mut wanted = ask(vec![scenario("错", settings)]);
        wanted.line = line.map(str::to_owned);
        match simulate(&office, &wanted, |_| {}).await {
            Err(OfficeError::NotFound(said)) => assert!(said.contains(says), "{said}"),
            other => panic!("{settings:?} {line:?}: {:?}", other.err()),
        }
    }
    // A file is known by its name alone only where there is one of that name.
    for (name, says) in [
        ("dibao.md", "procedures/dibao.md"),
        ("dibaa.md", "没有规则文件"),
    ] {
        let mut one = scenario("错", &[]);
        one.rules = vec![SourceText {
            path: name.to_owned(),
            text: String::new(),
        }];
        match simulate(&office, &ask(vec![one]), |_| {}).await {
            Err(OfficeError::NotFound(said)) => assert!(said.contains(says), "{said}"),
            other => panic!("{name}: {:?}", other.err()),
        }
    }
    let mut later = ask(vec![scenario("提标", &["低保标准=850"])]);
    later.month = Month::new(2026, 12).unwrap();
    let refused = simulate(&office, &later, |_| {}).await;
    assert!(matches!(refused, Err(OfficeError::NoRegister(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_of_months_is_refused_before_any_month_of_it_is_tried() {
    let Some(program) = crate::kill::program() else {
        return;
    };
    let (county, office) = county().await;
    office.close().await;
    let told = |through: &str, number: &str| {
        let told = std::process::Command::new(&program)
            .args(["simulate", "--month", "2026-08", "--through", through])
            .args(["--set", number, "--now", "2026-09-14T09:00", "--data"])
            .arg(county.folder.path().join("data"))
            .env_remove("DOUDI_POSTGRES")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        (told.status.code(), said)
    };
    // A number nobody knows is told where the first trial begins; a month without a register before that.
    for (through, number, code, says) in [
        ("2026-08", "低保标志=850", 3, "是不是 `低保标准`"),
        ("2026-12", "低保标志=850", 3, "还没有户籍登记来文"),
        ("2036-08", "低保标志=850", 2, "多于 120 个月"),
    ] {
        let (ended, said) = told(through, number);
        assert_eq!(ended, Some(code), "{through}: {said}");
        assert!(said.contains(says), "{through}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_keeps_nothing_and_can_be_taken_away_without_names() {
    let (county, office) = county().await;
    let record = county.folder.path().join("data");
    let before = files(&record);
    let report = tried(&office, &ask(vec![scenario("提标", &["低保标准=990"])])).await;
    assert_eq!(files(&record), before, "the lake has grown");
    let book = county.folder.path().join("trial.xlsx");
    std::fs::write(&book, office::simulate::workbook(&report).unwrap()).unwrap();
    let written = all_parts(&book);
    assert!(written.contains("贫困线") && written.contains("990"));
    let words = serde_json::to_string(&report).unwrap();
    let shown = office::desk::trial_without_names(&report).await.unwrap();
    let page = server::printed_trial(&shown).unwrap();
    let people = county.truth("persons.csv");
    for [number, name] in people.columns(["id_number", "name"]) {
        for text in [&words, &page, &written] {
            assert!(number.is_empty() || !text.contains(number));
            assert!(name.chars().count() < 4 || !text.contains(name));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_on_paper_says_what_the_page_says_and_is_the_same_bytes_each_time() {
    let (county, office) = county().await;
    let mut wanted = ask(vec![
        scenario("小步", &["低保标准@990101/城镇=850"]),
        scenario("大步", &["低保标准@990101/城镇=990"]),
    ]);
    wanted.cap = Some(Cap::parse("100000").unwrap());
    let report = tried(&office, &wanted).await;
    let shown = office::desk::trial_without_names(&report).await.unwrap();
    let poor = shown.scenarios[0].poverty.as_ref().unwrap();
    let gini = poor
        .measures
        .iter()
        .find(|row| row.0 == "基尼系数")
        .unwrap();
    assert!(
        gini.2.parse::<f64>().unwrap() < gini.1.parse::<f64>().unwrap(),
        "help leaves incomes less unequal: {gini:?}"
    );
    let Ok(bytes) = office::desk::trial_pdf(&shown) else {
        eprintln!("SKIPPED: no Chinese font is installed, no PDF can be written");
        return;
    };
    assert_eq!(bytes, office::desk::trial_pdf(&shown).unwrap());
    let file = county.folder.path().join("trial.pdf");
    std::fs::write(&file, &bytes).unwrap();
    let read = std::process::Command::new("pdftotext")
        .arg("-layout")
        .arg(&file)
        .arg("-")
        .output();
    let Ok(read) = read else {
        eprintln!("SKIPPED: pdftotext is not installed, the PDF is not read back");
        return;
    };
    // A cell that is too long is broken, so that words are compared without blanks and line ends.
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let text = plain(&String::from_utf8(read.stdout).unwrap());
    let mut wanted = vec!["方案比较", "按资金", "按乡镇", "预算上限", "变化最大的家庭"];
    for one in &shown.scenarios {
        wanted.extend([one.cost_after.as_str(), one.cost_change.as_str(), &one.name]);
        wanted.extend(one.groups.iter().map(|(title, _)| title.as_str()));
        wanted.extend(one.funds.iter().map(|row| row.after.as_str()));
    }
    for word in wanted {
        assert!(text.contains(&plain(word)), "the PDF lacks {word}");
    }
    if let Some(folder) = std::env::var_os("DOUDI_KEEP_LETTERS") {
        std::fs::write(Path::new(&folder).join("trial.pdf"), bytes).unwrap();
    }
}

/// Everything a workbook holds, as text.
fn all_parts(book: &Path) -> String {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(book).unwrap()).unwrap();
    let mut out = String::new();
    for at in 0..zip.len() {
        zip.by_index(at).unwrap().read_to_string(&mut out).unwrap();
    }
    out
}

/// Files of the lake with their sizes.
fn files(folder: &Path) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    let mut open = vec![folder.join("lake")];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                let size = entry.metadata().unwrap().len();
                out.insert(entry.path().display().to_string(), size);
            }
        }
    }
    out
}

//! One family at the door: a warning of medical costs, the grid worker's visit, the assisted application, verification
//! with one department silent, the visit by two, notice and objection, the county's decision, the first
//! payment that comes back and is issued again, a bad rating; then the next year's work calendar is imported, a
//! regular review finds nothing changed, and work ends the help by steps. Each step by its own account, through
//! the pages, as a browser without JavaScript sends them; and the way back from the money to the warning.

mod helped;
mod journeys;
mod later;
mod place;
mod told;

use crate::browse::{Page, Person};
use crate::postgres;
use domain::{CaseNo, WarningId};
use office::Database;
use office::trace::trace;
use place::{Family, Place, planted};
use std::collections::BTreeSet;
use synth::{BankFault, bank_answer, department_answer};
use told::told;

const COUNTY: &str = "990101";
/// The month the warning is of, and the first month that is paid.
const WARNED: &str = "2026-08";
const PAID: &str = "2026-11";
/// The department that never answers.
const SILENT: &str = "medical_expense";
/// What the clerk is handed at the counter.
const PAPERS: [&str; 3] = ["申请书", "授权核对委托书", "身份证件"];

/// Everybody who has a hand in it.
struct People {
    li: Person,
    wang: Person,
    zhao: Person,
    chen: [Person; 3],
    neighbour: Person,
}

async fn the_whole_story(database: Database) {
    let place = Place::open(database).await;
    let family = planted(&place).await;
    let chen = place.enter("chen", "县级审核", COUNTY).await;
    let people = People {
        li: place.enter("li", "网格员", &family.town).await,
        wang: place.enter("wang", "窗口经办", &family.town).await,
        zhao: place.enter("zhao", "核对员", COUNTY).await,
        chen: [
            chen,
            place.enter("chen2", "县级审核", COUNTY).await,
            place.enter("chen3", "县级审核", COUNTY).await,
        ],
        neighbour: Person::passing_by(&place.router),
    };
    at_the_door(&place, &people, &family).await;
    let case = applied(&place, &people, &family).await;
    verified(&place, &people, case).await;
    visited(&place, &people, &family, case).await;
    announced(&place, &people, case).await;
    decided(&place, &people, case).await;
    let line = paid(&place, &people, &family, case).await;
    let steps = trace(&place.office, &line).await.unwrap();
    told(&place, &family, &steps);
    rated(&place, &people, &family, case).await;
    later::imported(&place, &people).await;
    later::reviewed(&place, &people, &family).await;
    let exit = later::left_by_steps(&place, &people, &family).await;
    later::told_and_replayed(&place, exit).await;
}

/// The grid worker goes to the door the warning names, with the clerk of the window.
async fn at_the_door(place: &Place, people: &People, family: &Family) {
    place.at("2026-09-08T09:30");
    let warning = people
        .wang
        .read(&format!("/warnings?kind=medical_spike&month={WARNED}"))
        .await;
    let warning = people
        .wang
        .read(&warning.link(&format!("/warnings/{}", family.warning)))
        .await;
    warning.says(&["医疗费用过线", "自付"]);
    let list = people.li.read("/visits").await;
    let tx = place.office.begin().await.unwrap();
    let warning = WarningId::new(family.warning);
    let tasks = store::tasks::of_warning(&tx, warning).await.unwrap();
    drop(tx);
    let task = tasks[0].to_string();
    let visit = people.li.done(&list, "/visits", &[("task", &task)]).await;
    visit.says(&["要核实", "自付"]);
    let answers = lives_together(&visit, family);
    let visit = both_saw(people, &visit, &answers).await;
    let mut fill: Vec<(&str, &str)> = answers.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    fill.extend([
        ("act", "finish"),
        ("other", "wang"),
        ("not_signed", "不会写字"),
        ("outcome", "true"),
        ("because", "住院自付很多,存款用完"),
    ]);
    let ended = people.li.done(&visit, visit.path(), &fill).await;
    ended.says(&["li", "wang"]);
}

/// What the grid worker wrote the clerk, who went along, confirms at their own screen; the form as it is then.
async fn both_saw(people: &People, visit: &Page, answers: &[(String, &'static str)]) -> Page {
    let mut fill: Vec<(&str, &str)> = answers.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    fill.push(("act", "save"));
    people.li.done(visit, visit.path(), &fill).await;
    let seen = people.wang.read(visit.path()).await;
    let confirm = [("act", "confirm")];
    people.wang.done(&seen, visit.path(), &confirm).await;
    people.li.read(visit.path()).await
}

/// Every member is found living at home.
fn lives_together(visit: &Page, family: &Family) -> Vec<(String, &'static str)> {
    let fields = visit.fields(visit.path(), "v:");
    let own = fields
        .into_iter()
        .filter(|name| name.ends_with(":共同生活"));
    let own: Vec<(String, &str)> = own.map(|name| (name, "是")).collect();
    assert_eq!(own.len(), family.members.len());
    own
}

/// The window looks the papers over, and the other grown-up signs; the clock begins with 受理.
async fn applied(place: &Place, people: &People, family: &Family) -> i64 {
    let case = helped::helped(place, people, family).await;
    place.at("2026-09-09T10:00");
    let wang = &people.wang;
    let path = format!("/case/{case}");
    let opened = wang.read(&path).await;
    opened.says(&["预警"]);
    let papers = opened.choices(&path, "given");
    let mut given: Vec<(&str, &str)> = papers.iter().map(|one| ("given", one.as_str())).collect();
    given.push(("act", "papers"));
    let mut page = wang.done(&opened, &path, &given).await;
    page.says(&["已交"]);
    for step in ["提交申请", "受理"] {
        page = wang
            .done(&page, &path, &[("act", "complete"), ("step", step)])
            .await;
    }
    // Everybody who is grown up signs, before anything is asked about them.
    let consents = wang.read(&page.link("/verify/consents/")).await;
    let persons = consents.choices(&consents.place, "person");
    let asked: BTreeSet<i64> = persons.iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(asked, living_together(place, case).await);
    assert!(asked.iter().all(|id| family.members.contains(id)));
    let mut signs: Vec<(&str, &str)> = persons.iter().map(|p| ("person", p.as_str())).collect();
    signs.extend([("signed", "paper"), ("act", "give")]);
    wang.done(&consents, &consents.place, &signs).await;
    place.at("2026-09-10T09:00");
    let page = wang.read(&path).await;
    wang.done(&page, &path, &[("act", "complete"), ("step", "启动调查")])
        .await;
    case
}

/// Those the application says live together; who lives elsewhere is not of them.
async fn living_together(place: &Place, case: i64) -> BTreeSet<i64> {
    let tx = place.office.begin().await.unwrap();
    let row = store::cases::find(&tx, CaseNo::new(case)).await;
    let no = row.unwrap().unwrap().content.application;
    let application = store::applications::find(&tx, no).await.unwrap().unwrap();
    let members = application.content.members.iter();
    members.map(|(person, _)| person.get()).collect()
}

/// Departments answer from their own files; one stays silent, is urged, and the report says so.
async fn verified(place: &Place, people: &People, case: i64) {
    let zhao = &people.zhao;
    let list = zhao.read("/verify").await;
    let number = case.to_string();
    let batch = zhao.done(&list, "/verify", &[("case", &number)]).await;
    let no = batch.number();
    place.at("2026-09-14T15:00");
    answered(place, (zhao, &people.chen[0]), &batch, ("2026-09-14", &[])).await;
    place.at("2026-09-24T09:00");
    let page = zhao.read(&format!("/verify/{no}")).await;
    let urged = zhao
        .done(&page, &format!("/verify/{no}/urge"), &[("source", SILENT)])
        .await;
    urged.says(&["2026-09-24 已催办"]);
    let diff = zhao.read(&urged.link(&format!("/verify/{no}/diff/"))).await;
    diff.says(&["待查"]);
    let report = zhao.done(&diff, &diff.place, &[("act", "report")]).await;
    report.says(&[
        "待查(应于 2026-09-15 前答复,未答复)",
        "核对〔2026〕000001号",
    ]);
    // What was found and nobody had declared is told to the family before anybody goes on.
    let path = format!("/case/{case}");
    let page = people.wang.read(&path).await;
    let told = [("act", "complete"), ("step", "告知核对结果")];
    if page.takes(&path, &told) {
        people.wang.done(&page, &path, &told).await;
    }
}

/// Requests as a file: who leave names and numbers in full says what for, and another person agrees.
async fn requests(zhao: &Person, chen: &Person, path: &str) -> Page {
    let refused = zhao.open(path).await;
    assert_eq!(refused.status, 403, "{path}: {}", refused.words());
    let no = refused.between("action=\"/exports/", "/purpose");
    let action = format!("/exports/{no}/purpose");
    let purpose = [("purpose", "交数据来源查本批的人")];
    zhao.done(&refused, &action, &purpose).await;
    let asked = chen.read("/exports").await;
    let action = format!("/exports/{no}/rule");
    let agrees = [("because", "看过批次,人数对得上"), ("act", "agree")];
    chen.done(&asked, &action, &agrees).await;
    zhao.read(path).await
}

/// The departments of a batch answer on a day from their own files, all but the silent one. Wages are what the
/// social insurance has learnt since: months of somebody's.
async fn answered(
    place: &Place,
    (zhao, chen): (&Person, &Person),
    batch: &Page,
    (day, wages): (&str, &[[&str; 4]]),
) {
    let no = batch.number();
    let path = format!("/verify/{no}/answers");
    let sources = batch.choices(&path, "source");
    assert!(sources.len() >= 7, "{sources:?}");
    for source in sources.iter().filter(|source| *source != SILENT) {
        let csv = requests(zhao, chen, &format!("/verify/{no}/request/{source}?as=csv")).await;
        let requests = csv.body.trim_start_matches('\u{FEFF}').to_owned();
        let own = source.replace('_', "-");
        let own = place.county.feeds().join(WARNED).join(format!("{own}.csv"));
        let own = std::fs::read(&own).unwrap();
        let mut own = match String::from_utf8(own) {
            Ok(text) => text,
            Err(other) => encoding_rs::GB18030.decode(other.as_bytes()).0.into_owned(),
        };
        if source == "social_insurance" {
            let header = own.lines().next().unwrap().trim_start_matches('\u{FEFF}');
            let header: Vec<String> = header.split(',').map(str::to_owned).collect();
            for [number, name, month, wage] in wages {
                let cells = header.iter().map(|column| match column.as_str() {
                    "身份证号" => number,
                    "姓名" => name,
                    "参保月份" => month,
                    column if column.starts_with("申报工资") => wage,
                    _ => "",
                });
                own.push_str(&cells.collect::<Vec<_>>().join(","));
                own.push('\n');
            }
        }
        let text = &place.office.book().texts()[&format!("verification/{source}.md")];
        let header = text.lines().filter_map(|line| line.strip_prefix("列 "));
        let header: Vec<String> = header
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        let answer = department_answer(&header, &requests, own.as_bytes(), day).unwrap();
        let page = zhao.read(&format!("/verify/{no}")).await;
        let taken = zhao
            .send(&page, &path, &[("source", source), ("file", &answer)])
            .await;
        taken.says(&["答复已导入"]);
    }
}

/// Two go to the door for the case; what they see is a fact of it.
async fn visited(place: &Place, people: &People, family: &Family, case: i64) {
    place.at("2026-09-25T14:00");
    let list = people.li.read("/visits").await;
    let number = case.to_string();
    let visit = people.li.done(&list, "/visits", &[("case", &number)]).await;
    let mut answers = lives_together(&visit, family);
    // Somebody could work: such families are looked at again twice a year.
    let able = visit.fields(visit.path(), "v:").into_iter();
    let able: Vec<String> = able.filter(|name| name.ends_with(":有劳动能力")).collect();
    answers.push((able[0].clone(), "是"));
    let mut fill: Vec<(&str, &str)> = answers.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    fill.push(("act", "finish"));
    let alone = people.li.send(&visit, visit.path(), &fill).await;
    assert_eq!(alone.status, 422);
    alone.says(&["两个人一起去"]);
    let visit = both_saw(people, &visit, &answers).await;
    fill.extend([("other", "wang"), ("not_signed", "不在场")]);
    people.li.done(&visit, visit.path(), &fill).await;
}

/// The first opinion hangs seven days; a neighbour objects on the fifth, and two look into it.
async fn announced(place: &Place, people: &People, case: i64) {
    let wang = &people.wang;
    let path = format!("/case/{case}/review");
    place.at("2026-09-28T09:00");
    let page = wang
        .read(&wang.read(&format!("/case/{case}")).await.link(&path))
        .await;
    page.says(&["符合"]);
    let opinion = [
        ("act", "opinion"),
        ("proposes", "grant"),
        ("said", "核对和入户都与申报一致"),
    ];
    let page = wang.done(&page, &path, &opinion).await;
    let page = wang.done(&page, &path, &[("act", "post")]).await;
    page.says(&["2026-09-28 至 2026-10-05"]);
    // Anybody may read it, and nothing in it tells who it is.
    place.at("2026-10-03T20:00");
    let public = people.neighbour.read("/notice").await;
    public.says(&["正在公示", "2026-09-28 至 2026-10-05", "*"]);
    let own = public.between("action=\"/notice/", "/");
    let object = [("text", "在外地打工的儿子没有算进去")];
    let path_of = format!("/notice/{own}/objection");
    let thanks = people.neighbour.done(&public, &path_of, &object).await;
    thanks.says(&["已经收到"]);
    place.at("2026-10-08T09:00");
    people
        .neighbour
        .read("/notice")
        .await
        .says(&["现在没有公示"]);
    let page = wang.read(&path).await;
    page.says(&["在外地打工的儿子没有算进去"]);
    let page = wang.done(&page, &path, &[("act", "finish")]).await;
    page.says(&["异议复查"]);
    place.at("2026-10-09T16:00");
    let settled = [
        ("act", "settle"),
        ("state", "dismissed"),
        ("said", "儿子已经分户,收入算在他自己家"),
        ("other", "li"),
    ];
    let page = wang.done(&wang.read(&path).await, &path, &settled).await;
    page.says(&["不属实"]);
    let case_page = wang.read(&format!("/case/{case}")).await;
    let report = [("act", "complete"), ("step", "报批")];
    wang.done(&case_page, &format!("/case/{case}"), &report)
        .await;
}

/// The county decides, the letter is handed over, the decision is made public.
async fn decided(place: &Place, people: &People, case: i64) {
    place.at("2026-10-12T10:00");
    let [chen, ..] = &people.chen;
    let list = chen.read("/review2").await;
    let page = chen.read(&list.link(&format!("/case/{case}"))).await;
    let path = format!("/case/{case}/review");
    let page = match page.path() == path {
        true => page,
        false => chen.read(&page.link(&path)).await,
    };
    page.says(&["符合", "异议", "不属实"]);
    let check = format!("/case/{case}/check");
    let result = [("found", "agrees"), ("said", "到户核实,一致")];
    let page = match page.takes(&check, &result) {
        true => chen.done(&page, &check, &result).await,
        false => page,
    };
    // The window's clerk has no such form.
    let own = people.wang.read(&path).await;
    assert!(!own.takes(&format!("/case/{case}/decide"), &[("outcome", "granted")]));
    let decide = format!("/case/{case}/decide");
    let page = chen.done(&page, &decide, &[("outcome", "granted")]).await;
    page.says(&["同意", "2026-11 起", "送达"]);
    place.at("2026-10-13T09:00");
    let page = people.wang.read(&path).await;
    let letter = people
        .wang
        .read(&page.link(&format!("/case/{case}/letters/")))
        .await;
    letter.says(&["通知书"]);
    people
        .wang
        .done(&page, &path, &[("act", "deliver"), ("way", "in-person")])
        .await;
    let page = chen
        .done(&chen.read(&path).await, &path, &[("act", "publish")])
        .await;
    assert!(page.status == 200);
    people.neighbour.read("/notice").await.says(&["月保障金额"]);
}

/// The lines of a batch that are this family's, by their number.
fn own_line(page: &Page, household: i64) -> Option<(i64, String)> {
    let rows = page.body.split("<tr>").skip(1);
    let own = format!("href=\"/households/{household}\"");
    let row = rows.into_iter().find(|row| row.contains(&own))?;
    let no = row.split("class=\"num\">").nth(1)?.split('<').next()?;
    Some((no.parse().ok()?, row.to_owned()))
}

/// The batch page that shows the family's line.
async fn find_line(who: &Person, batch: i64, household: i64) -> (Page, i64, String) {
    let mut page = who.read(&format!("/payments/{batch}")).await;
    loop {
        if let Some((no, row)) = own_line(&page, household) {
            return (page, no, row);
        }
        let next = page
            .links()
            .into_iter()
            .find(|link| link.contains("cursor="));
        let next = next.unwrap_or_else(|| panic!("the family is not in batch {batch}"));
        page = who.read(&next).await;
    }
}

async fn act(who: &Person, batch: i64, act: &str) -> Page {
    let page = who.read(&format!("/payments/{batch}")).await;
    let path = format!("/payments/{batch}/act");
    who.done(&page, &path, &[("act", act)]).await
}

/// The bank's file, released and fetched by the third person.
async fn bank_file(three: &Person, batch: i64) -> Vec<u8> {
    let page = act(three, batch, "release").await;
    let sent = three
        .read(&page.link(&format!("/payments/{batch}/bank-file")))
        .await;
    sent.bytes
}

/// The bank's file as it went out, and the bank's answer to it pasted into the page.
async fn bank(place: &Place, people: &People, batch: i64, wanted: Option<i64>) {
    let [_, two, three] = &people.chen;
    let sent = bank_file(three, batch).await;
    let book = place.office.book().texts()["banks/demo.md"].clone();
    let reply = match wanted {
        None => bank_answer(&book, &sent, 1, &[]).unwrap(),
        // The bank sends back whom it likes: the seed with which it is this family alone.
        Some(line) => {
            let line = u64::try_from(line).unwrap();
            let replies = (0..20_000)
                .map(|seed| bank_answer(&book, &sent, seed, &[(BankFault::Returned, 1)]).unwrap());
            let mut replies = replies.filter(|reply| reply.planted[0].0 == line);
            replies.next().unwrap()
        }
    };
    let text = encoding_rs::GB18030.decode(&reply.bytes).0.into_owned();
    let page = two.read(&format!("/payments/{batch}")).await;
    let path = format!("/payments/{batch}/answer");
    let told = two.done(&page, &path, &[("file", &text)]).await;
    told.says(&["回盘已收"]);
}

/// From the card to the money that arrived; answers the line as `trace` takes it.
async fn paid(place: &Place, people: &People, family: &Family, case: i64) -> String {
    let [one, two, three] = &people.chen;
    place.at("2026-11-09T09:00");
    // Nobody has a card on record who was never paid.
    let home = one.read(&format!("/households/{}", family.household)).await;
    let own = one
        .read(&home.link(&format!("/households/{}/payments", family.household)))
        .await;
    own.says(&["没有卡"]);
    let card = own.between("action=\"/payments/entitlements/", "/card");
    let card = format!("/payments/entitlements/{card}/card");
    let first = [
        ("card", "6299 0000 0000 0000 010"),
        ("why", "本人出示银行卡"),
    ];
    let own = one.done(&own, &card, &first).await;
    own.says(&["已换卡", "6299"]);
    assert!(!own.has("6299000000000000010"));
    let list = one.read("/payments").await;
    let open = [("month", WARNED), ("act", "open")];
    let list = one.done(&list, "/payments", &open).await;
    list.says(&["新立待遇"]);
    let monthly = [("month", PAID), ("kind", "monthly"), ("act", "prepare")];
    let batch = one.done(&list, "/payments", &monthly).await.number();
    let checked = act(two, batch, "check").await;
    checked.says(&["核查完了"]);
    let (page, line, row) = find_line(three, batch, family.household).await;
    assert!(!row.contains("剔出"), "{}", page.words());
    act(three, batch, "approve").await;
    act(three, batch, "seal").await;
    bank(place, people, batch, Some(line)).await;
    let (_, _, row) = find_line(three, batch, family.household).await;
    assert!(row.contains("退票"), "{row}");

    // The card was of a closed account: another one, and only what came back goes out again.
    place.at("2026-11-11T09:00");
    let own = one
        .read(&format!("/households/{}/payments", family.household))
        .await;
    let second = [
        ("card", "6299 0000 0000 0000 028"),
        ("why", "原账户已销户,换新卡"),
    ];
    one.done(&own, &card, &second).await;
    let list = one.read("/payments").await;
    let again = [("month", PAID), ("kind", "reissue"), ("act", "prepare")];
    let again = one.done(&list, "/payments", &again).await.number();
    let checked = act(two, again, "check").await;
    checked.says(&["卡号刚改"]);
    let sees = [("why", "看过新卡和本人"), ("act", "confirm")];
    let path = format!("/payments/{again}/act");
    let page = three.read(&format!("/payments/{again}")).await;
    three.done(&page, &path, &sees).await;
    act(two, again, "check").await;
    act(three, again, "approve").await;
    act(three, again, "seal").await;
    bank(place, people, again, None).await;
    let (_, line, row) = find_line(three, again, family.household).await;
    assert!(row.contains("已发"), "{row}");
    for no in [again, batch] {
        act(two, no, "close").await;
    }
    let path = format!("/case/{case}");
    let page = one.read(&path).await;
    one.done(&page, &path, &[("act", "complete"), ("step", "发放")])
        .await;
    format!("payment:{again}/{line}")
}

/// The newest one-time code of the demo's messages.
fn six_digits(outbox: &str) -> String {
    let code = outbox.split_whitespace().find(|word| {
        word.len() >= 6
            && word.chars().take(6).all(|c| c.is_ascii_digit())
            && !word.starts_with("199")
    });
    let code = code.unwrap_or_else(|| panic!("{outbox}"));
    code.get(..6).unwrap().to_owned()
}

/// The applicant sees the case on a telephone once the window has seen the papers, and is not content: the
/// window answers within its days.
async fn rated(place: &Place, people: &People, family: &Family, case: i64) {
    place.at("2026-11-16T19:00");
    let resident = Person::passing_by(&place.router);
    let door = resident.open("/my").await;
    assert_eq!(door.path(), "/my/sign-in");
    let phone = ("phone", "19900000002");
    let door = resident
        .done(&door, "/my/sign-in", &[phone, ("go", "send")])
        .await;
    let outbox = resident.read("/outbox").await.words();
    let code = six_digits(&outbox);
    let enter = [phone, ("code", code.as_str()), ("go", "enter")];
    resident.done(&door, "/my/sign-in", &enter).await;
    let who = resident.read("/my/who").await;
    let claim = [
        ("name", family.name.as_str()),
        ("number", family.number.as_str()),
        ("area", family.village.as_str()),
    ];
    let waiting = resident.done(&who, "/my/who", &claim).await;
    assert!(
        !waiting.has(&format!("/my/{case}")),
        "nobody has seen the papers yet"
    );
    let desk = people.wang.read("/residents").await;
    // The telephone in the hand of whoever stands there is the account's: a code read out shows it.
    let asked = [("act", "claim-code")];
    let desk = people.wang.done(&desk, "/residents", &asked).await;
    let code = six_digits(&resident.read("/outbox").await.words());
    let seen = [
        ("act", "claim"),
        ("text", family.number.as_str()),
        ("code", code.as_str()),
    ];
    people.wang.done(&desk, "/residents", &seen).await;
    let my = resident.read("/my").await;
    let own = resident.read(&my.link(&format!("/my/{case}"))).await;
    let rating = resident.done(&own, &format!("/my/{case}/rate"), &[]).await;
    let path = rating.path().to_owned();
    let grades = rating.choices(&path, "grade");
    let worst = grades.last().unwrap();
    let told = resident
        .done(&rating, &path, &[("grade", worst), ("words", "等了两个月")])
        .await;
    // Fifteen working days from the day after.
    told.says(&["2026-12-07"]);
    let desk = people.wang.read("/residents").await;
    desk.says(&["等了两个月", "2026-12-07"]);
    let answer = [("act", "rating"), ("text", "已当面说明各步用时")];
    people.wang.done(&desk, "/residents", &answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_is_found_heard_helped_and_paid_each_step_by_its_own_role() {
    the_whole_story(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_family_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_whole_story(Database::Postgres { address }).await;
    }
}

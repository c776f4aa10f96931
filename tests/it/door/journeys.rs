//! The county's desk and its money, step by step through the pages: what the rules say beside what is known,
//! a draw anybody repeats, sending back, refusing with every reason, near relatives; lines of which the bank
//! said nothing, and money that must come back.

use super::{COUNTY, PAPERS, Place, act, bank_file, find_line};
use crate::browse::{Page, Person};
use crate::found_out;
use crate::staff::Signed;
use domain::CaseNo;
use office::Database;
use office::casework::{self, Completion};
use std::collections::BTreeSet;
use synth::{BankFault, bank_answer};

/// The officials of these journeys, each with a browser.
struct Desk {
    place: Place,
    wang: Signed,
    zhao: Signed,
    li: Signed,
    window: Person,
    chen: Person,
}

impl Desk {
    async fn open() -> Self {
        let place = Place::open(Database::Sqlite).await;
        place.at("2026-09-07T09:00");
        let wang = place.staff.enter("wang", "窗口经办", COUNTY).await;
        Self {
            li: place.staff.enter("li", "网格员", COUNTY).await,
            zhao: place.staff.enter("zhao", "核对员", COUNTY).await,
            window: Person::of(&place.router, &wang),
            chen: place.enter("chen", "县级审核", COUNTY).await,
            place,
            wang,
        }
    }

    /// Grown-up heads of households, those the roll pays dibao first: name and number.
    fn heads(&self) -> Vec<[String; 2]> {
        let county = &self.place.county;
        let roll = county.feed("2026-08", "roll");
        let paid = roll.columns(["户编号", "救助类型"]);
        let paid: BTreeSet<&str> = paid
            .iter()
            .filter(|[_, kind]| *kind == "低保")
            .map(|[of, _]| *of)
            .collect();
        let register = county.feed("2026-08", "register");
        let rows = register.columns(["姓名", "身份证号", "户号", "与户主关系", "出生日期"]);
        let heads = rows.iter().filter(|[_, number, _, relation, birth]| {
            *relation == "户主" && number.len() == 18 && *birth < "1990"
        });
        type Heads<'a> = Vec<&'a [&'a str; 5]>;
        let (on, off): (Heads<'_>, Heads<'_>) = heads.partition(|[_, _, of, ..]| paid.contains(of));
        let some = on.into_iter().take(6).chain(off.into_iter().take(3));
        some.map(|[name, number, ..]| [name, number].map(|word| (*word).to_owned()))
            .collect()
    }

    /// A dibao case, brought to the first opinion.
    async fn case(&self, [name, number]: &[String; 2]) -> CaseNo {
        let (office, wang) = (&self.place.office, &self.wang.who);
        let person = casework::people::find(office, wang, name, number).await;
        let opening = found_out::dibao(
            format!("desk-{number}"),
            person.unwrap().unwrap(),
            Vec::new(),
        );
        let no = casework::open(office, wang, &opening).await.unwrap().cases[0];
        found_out::signed(office, wang, no).await;
        for step in ["提交申请", "受理", "启动调查"] {
            self.done(no, step).await;
        }
        found_out::verified(office, wang, &self.zhao.who, no).await;
        found_out::visited(office, wang, &self.li.who, no).await;
        no
    }

    async fn done(&self, no: CaseNo, step: &str) {
        let (office, wang) = (&self.place.office, &self.wang.who);
        let mut case = casework::load(office, wang, no).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        let completion = Completion {
            step,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, wang, &mut case, completion)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
    }

    async fn review(&self, who: &Person, no: CaseNo) -> Page {
        who.read(&format!("/case/{no}/review")).await
    }

    /// What the rules say of a case as its page tells it.
    async fn says(&self, no: CaseNo) -> &'static str {
        let page = self.review(&self.window, no).await;
        let verdict = page.between("class=\"lead-text\">", "<");
        match verdict.split_whitespace().next().unwrap() {
            word if word.starts_with("不符合") => "不符合",
            word if word.starts_with("符合") => "符合",
            _ => "待查",
        }
    }

    /// Cases one of which the rules grant and one of which they refuse.
    async fn both(&self) -> [CaseNo; 2] {
        let (mut granted, mut refused) = (None, None);
        for head in self.heads() {
            let no = self.case(&head).await;
            match self.says(no).await {
                "符合" if granted.is_none() => granted = Some(no),
                "不符合" if refused.is_none() => refused = Some(no),
                _ => {}
            }
            if let (Some(granted), Some(refused)) = (granted, refused) {
                return [granted, refused];
            }
        }
        panic!("{granted:?} {refused:?}")
    }

    /// From the first opinion to the step in which the county decides.
    async fn to_the_county(&self, no: CaseNo, proposes: &str) {
        let path = format!("/case/{no}/review");
        self.place.at("2026-09-08T10:00");
        let page = self.review(&self.window, no).await;
        let opinion = [
            ("act", "opinion"),
            ("proposes", proposes),
            ("said", "按核对和入户的结果"),
        ];
        let page = self.window.done(&page, &path, &opinion).await;
        self.window.done(&page, &path, &[("act", "post")]).await;
        self.place.at("2026-09-17T10:00");
        let page = self.review(&self.window, no).await;
        self.window.done(&page, &path, &[("act", "finish")]).await;
        let case = self.window.read(&format!("/case/{no}")).await;
        let report = [("act", "complete"), ("step", "报批")];
        self.window
            .done(&case, &format!("/case/{no}"), &report)
            .await;
        // J3 10: from now on the window changes nothing.
        let after = self.review(&self.window, no).await;
        assert!(!after.takes(&path, &opinion) && !after.takes(&path, &[("act", "post")]));
    }
}

/// J5 1, 3, 5, 6, 7: what the county sees, draws, sends back, grants and refuses.
#[tokio::test(flavor = "multi_thread")]
async fn the_county_sees_why_draws_sends_back_grants_with_a_remedy_and_refuses_with_every_reason() {
    let desk = Desk::open().await;
    let [granted, refused] = desk.both().await;
    desk.to_the_county(granted, "grant").await;
    desk.to_the_county(refused, "refuse").await;
    let chen = &desk.chen;

    // What is known on the left with its source, each rule with its article and by how much it fails.
    let page = desk.review(chen, refused).await;
    page.says(&["事实", "来源", "未满足", "社会救助法"]);
    let failing = page.between("未满足</span>", "</li>");
    assert!(failing.contains('·'), "by how much: {failing}");

    // The first of a month is always looked into: the list says by what, and anybody computes it again.
    let list = chen.read("/sample?month=2026-09").await;
    list.says(&["抽查 ", "审计链", "还没有决定"]);
    let numbers = list.body.split("/case/").skip(1);
    let numbers: Vec<&str> = numbers.filter_map(|row| row.split('/').next()).collect();
    for no in [granted, refused] {
        assert!(numbers.contains(&no.to_string().as_str()), "{numbers:?}");
    }
    desk.same_lots(&list).await;

    sent_back(&desk, granted).await;
    let checked = [
        granted_with_a_remedy(&desk, granted).await,
        refused_with_every_reason(&desk, refused).await,
    ];
    assert!(checked.contains(&true), "one of two at least");
    let list = chen.read("/sample?month=2026-09").await;
    list.says(&["与决定时相同", "属实"]);
}

impl Desk {
    /// Every lot of the list is the SHA-256 of the digest and the number beside it.
    async fn same_lots(&self, list: &Page) {
        let month = domain::Month::parse("2026-09").unwrap();
        let office = &self.place.office;
        let signed = self.place.staff.enter("auditor", "审计监督", COUNTY).await;
        let draws = casework::sample::look(office, &signed.who, month).await;
        let rows: Vec<_> = draws
            .unwrap()
            .into_iter()
            .flat_map(|one| one.rows)
            .collect();
        assert!(rows.len() >= 2);
        for row in &rows {
            let of = format!("{}:{}", row.ticket.seed, row.ticket.no);
            let digest = store::digest::hex(&store::digest::of_bytes(of.as_bytes()));
            assert_eq!(row.ticket.lot, digest);
            assert!(list.has(&digest), "{digest}");
        }
        let auditor = Person::of(&self.place.router, &signed);
        let same = auditor.read("/audit/sample?month=2026-09").await;
        assert!(same.has(&rows[0].ticket.lot) && !same.has("/review\""));
    }

    /// What is to be looked into is decided once its result stands in the record; whether it was to be.
    async fn checked(&self, no: CaseNo) -> bool {
        let (path, decide) = (format!("/case/{no}/check"), format!("/case/{no}/decide"));
        let page = self.review(&self.chen, no).await;
        let result = [("found", "agrees"), ("said", "抽查入户,与报来的一致")];
        if !page.takes(&path, &result) {
            return false;
        }
        assert!(!page.takes(&decide, &[("outcome", "granted")]));
        page.says(&["有了抽查结果才能作决定"]);
        self.chen
            .done(&page, &path, &result)
            .await
            .says(&["属实:抽查入户"]);
        true
    }
}

/// J5 5: a listed reason; the window has it back, and its own time stands still by the rule.
async fn sent_back(desk: &Desk, no: CaseNo) {
    let path = format!("/case/{no}");
    let page = desk.chen.read(&path).await;
    let reasons = page.choices(&path, "reason");
    let reason = reasons
        .iter()
        .find(|reason| reason.contains("材料"))
        .unwrap();
    let back = [("act", "send-back"), ("to", "初审"), ("reason", reason)];
    desk.chen.done(&page, &path, &back).await;
    let inbox = desk.window.read("/inbox?group=sent-back").await;
    let case = desk.window.read(&inbox.link(&path)).await;
    let pause = [
        ("act", "pause"),
        ("reason", "退回补充调查"),
        ("said", "补问邻居"),
    ];
    let paused = desk.window.done(&case, &path, &pause).await;
    paused.says(&["退回补充调查"]);
    desk.place.at("2026-09-21T10:00");
    let paused = desk.window.read(&path).await;
    let resumed = desk.window.done(&paused, &path, &[("act", "resume")]).await;
    // Three working days stood still, a Sunday that is worked among them: the law's day is as much later.
    assert!(resumed.has("最迟 2026-10-28"), "{}", resumed.words());
    let review = format!("/case/{no}/review");
    let page = desk.review(&desk.window, no).await;
    let opinion = [
        ("act", "opinion"),
        ("proposes", "grant"),
        ("said", "补问过,一致"),
    ];
    let page = desk.window.done(&page, &review, &opinion).await;
    desk.window.done(&page, &review, &[("act", "post")]).await;
    desk.place.at("2026-09-30T10:00");
    let page = desk.review(&desk.window, no).await;
    desk.window.done(&page, &review, &[("act", "finish")]).await;
    let case = desk.window.read(&path).await;
    desk.window
        .done(&case, &path, &[("act", "complete"), ("step", "报批")])
        .await;
}

/// J5 6: the sum is the rules' own, and the letter says where to turn.
async fn granted_with_a_remedy(desk: &Desk, no: CaseNo) -> bool {
    let checked = desk.checked(no).await;
    let decide = format!("/case/{no}/decide");
    let page = desk.review(&desk.chen, no).await;
    let amount = page.between("class=\"lead-text\">", "<");
    let amount = amount.split('·').nth(1).unwrap().trim().to_owned();
    let granted = [("outcome", "granted"), ("said", "抽查入户,与报来的一致")];
    let page = desk.chen.done(&page, &decide, &granted).await;
    page.says(&["同意", &amount]);
    let letter = desk
        .window
        .read(&format!("/case/{no}/letters/确认通知书"))
        .await;
    letter.says(&["行政复议", "行政诉讼"]);
    let pdf = desk
        .window
        .read(&format!("/case/{no}/letters/确认通知书/pdf"))
        .await;
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    checked
}

/// J5 7: not against the rules without a reason and an article; every reason and the remedy in the letter.
async fn refused_with_every_reason(desk: &Desk, no: CaseNo) -> bool {
    let checked = desk.checked(no).await;
    let decide = format!("/case/{no}/decide");
    let page = desk.review(&desk.chen, no).await;
    let against = desk
        .chen
        .send(&page, &decide, &[("outcome", "granted")])
        .await;
    assert_eq!(against.status, 422);
    against.says(&["请"]);
    let refused = [("outcome", "refused"), ("said", "")];
    let page = desk.chen.done(&page, &decide, &refused).await;
    page.says(&["不予确认"]);
    let letter = desk
        .window
        .read(&format!("/case/{no}/letters/不予确认通知书"))
        .await;
    letter.says(&["行政复议", "行政诉讼", "六十日", "社会救助法"]);
    checked
}

/// J5 4: the case of a clerk's brother: not theirs to see, written down, visited and decided by others.
#[tokio::test(flavor = "multi_thread")]
async fn the_case_of_a_clerks_brother_is_written_down_and_looked_into_by_the_county() {
    let desk = Desk::open().await;
    let chen2 = desk.place.enter("chen2", "县级审核", COUNTY).await;
    let sun = desk.place.enter("sun", "窗口经办", COUNTY).await;
    let [name, number] = desk.heads().remove(0);
    let account = sun.read("/account").await;
    let brother = [("relation", "sibling"), ("number", number.as_str())];
    sun.done(&account, "/account/recusals", &brother).await;

    let window = &desk.window;
    let form = window.read("/accept").await;
    let who = [
        ("name", name.as_str()),
        ("number", number.as_str()),
        ("do", "look"),
    ];
    let found = window.done(&form, "/accept", &who).await;
    let wanted = [("programme", "dibao"), ("do", "look")];
    let asked = window.done(&found, "/accept", &wanted).await;
    let mut take: Vec<(&str, &str)> = PAPERS.iter().map(|paper| ("given", *paper)).collect();
    take.push(("do", "take"));
    if !asked.fields("/accept", "going_on").is_empty() {
        take.push(("going_on", "在册户重新申请,已核实"));
    }
    let case = window.done(&asked, "/accept", &take).await;
    let path = case.path().to_owned();
    let hidden = sun.open(&path).await;
    assert!([403, 404].contains(&hidden.status) && !sun.read("/inbox").await.has(&path));

    // The declaration alone says it: nobody has to know whose brother he is.
    case.says(&["涉及近亲属", "近亲属备案"]);
    let no = CaseNo::new(case.number());
    let mut page = case;
    found_out::signed(&desk.place.office, &desk.wang.who, no).await;
    for step in ["提交申请", "受理", "近亲属备案", "启动调查"] {
        page = window
            .done(&page, &path, &[("act", "complete"), ("step", step)])
            .await;
    }
    found_out::verified(&desk.place.office, &desk.wang.who, &desk.zhao.who, no).await;
    found_out::visited(&desk.place.office, &desk.wang.who, &desk.li.who, no).await;
    desk.to_the_county(no, "grant").await;
    let page = chen2.read(&path).await;
    page.says(&["县级入户"]);
    // One alone is no visit, and nobody decides before it.
    let decide = format!("/case/{no}/decide");
    let early = desk.review(&desk.chen, no).await;
    assert!(!early.takes(&decide, &[("outcome", "granted")]));
    let alone = [("act", "complete"), ("step", "县级入户")];
    assert!(
        !page.takes(&path, &alone),
        "the second investigator is required"
    );
}

/// J5 4 and I-37: what is open when somebody declares says so from then on, the step in hand is in nobody's, and
/// the case is in every sample.
#[tokio::test(flavor = "multi_thread")]
async fn a_relative_declared_later_is_written_on_the_open_case_given_away_and_always_sampled() {
    let desk = Desk::open().await;
    let office = &desk.place.office;
    let staff = &desk.place.staff;
    let signed = staff.enter("sun", "窗口经办", COUNTY).await;
    let sun = Person::of(&desk.place.router, &signed);
    let chen = staff.enter("chen4", "县级审核", COUNTY).await;
    let chen2 = staff.enter("chen2", "县级审核", COUNTY).await;
    let head = desk.heads().remove(1);
    let no = desk.case(&head).await;
    let mut case = casework::load(office, &desk.wang.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let taken = casework::hand_over(office, &mut tx, &desk.wang.who, &mut case, "sun", "值班");
    taken.await.unwrap();
    office.end(tx).await.unwrap();

    let account = sun.read("/account").await;
    let parent = [("relation", "parent"), ("number", head[1].as_str())];
    sun.done(&account, "/account/recusals", &parent).await;
    let mut case = casework::load(office, &desk.wang.who, no).await.unwrap();
    assert!(case.standing.told.contains("涉及近亲属"));
    assert_eq!(case.standing.open.as_ref().unwrap().owner, None);
    let mut tx = office.begin().await.unwrap();
    let no_longer = ("涉及近亲属", casework::Holds::No);
    let undone = casework::circumstance(
        office,
        &mut tx,
        &desk.wang.who,
        &mut case,
        no_longer,
        "弄错了",
    );
    let said = undone.await.unwrap_err().to_string();
    assert!(said.contains("不能取消"), "{said}");
    drop(tx);

    desk.to_the_county(no, "grant").await;
    let mut case = casework::load(office, &chen.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let two = ["chen2".to_owned()];
    let visited = Completion {
        step: "县级入户",
        others: &two,
        ..Completion::default()
    };
    // Typed words are no visit: the county goes to the door and fills in the form, or goes no further.
    let typed = casework::complete(office, &mut tx, &chen.who, &mut case, visited).await;
    let said = typed.unwrap_err().to_string();
    assert!(said.contains("由走访记录办结"), "{said}");
    drop(tx);
    found_out::visited(office, &chen.who, &chen2.who, no).await;
    let signing = casework::decision::Signing {
        outcome: casework::DecidedAs::Granted,
        because: "照办".to_owned(),
        amount: None,
        articles: Vec::new(),
    };
    let early = casework::decision::sign(office, &chen.who, no, &signing).await;
    let said = early.unwrap_err().to_string();
    assert!(
        said.contains("近亲属,全部抽查") || said.contains("办过这一件"),
        "{said}"
    );
    let silent = desk.review(&desk.chen, no).await;
    let path = format!("/case/{no}/decide");
    assert!(!silent.takes(&path, &[("outcome", "granted")]));
    silent.says(&["涉及近亲属,全部抽查"]);
    assert!(desk.checked(no).await);
    let page = desk.review(&desk.chen, no).await;
    assert!(page.takes(&path, &[("outcome", "granted")]));
}

/// J5 8 and 9, and what nobody could do before: the bank's written word, and money asked back in parts.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_left_unsaid_and_what_was_paid_too_much_are_settled_by_persons_on_the_page() {
    let place = Place::open(Database::Sqlite).await;
    place.at("2026-09-14T09:00");
    let one = place.enter("chen", "县级审核", COUNTY).await;
    let two = place.enter("chen2", "县级审核", COUNTY).await;
    let three = place.enter("chen3", "县级审核", COUNTY).await;
    let list = one.read("/payments").await;
    let open = [("month", "2026-08"), ("act", "open")];
    let list = one.done(&list, "/payments", &open).await;
    let monthly = [
        ("month", "2026-08"),
        ("kind", "monthly"),
        ("act", "prepare"),
    ];
    let batch = one.done(&list, "/payments", &monthly).await.number();
    act(&two, batch, "check").await;
    act(&three, batch, "approve").await;
    let sealed = act(&three, batch, "seal").await;
    let roster = three
        .read(&sealed.link(&format!("/payments/{batch}/roster.xlsx")))
        .await;
    assert!(roster.bytes.starts_with(b"PK"));
    let sent = bank_file(&three, batch).await;
    let book = place.office.book().texts()["banks/demo.md"].clone();
    let faults = [(BankFault::Missing, 1), (BankFault::Returned, 2)];
    let reply = bank_answer(&book, &sent, 11, &faults).unwrap();
    let text = encoding_rs::GB18030.decode(&reply.bytes).0.into_owned();
    let path = format!("/payments/{batch}/answer");
    let page = two.read(&format!("/payments/{batch}")).await;
    two.done(&page, &path, &[("file", &text)]).await;
    let list = one.read("/payments").await;
    assert_eq!(returned(&list), 2);

    // Nobody guesses: a batch with such a line is not closed, and its line not settled without a proof.
    let act_path = format!("/payments/{batch}/act");
    let page = two.read(&format!("/payments/{batch}")).await;
    let close = two.send(&page, &act_path, &[("act", "close")]).await;
    assert_eq!(close.status, 422);
    close.says(&["结果不明"]);
    let unknown = three
        .read(&format!("/payments/{batch}?state=unknown"))
        .await;
    let proof = "银行查询书 0914-17 号";
    assert!(!unknown.takes(&act_path, &[("act", "settle"), ("arrived", "no")]));
    let numbered = [
        ("act", "settle"),
        ("arrived", "no"),
        ("proof", "卡 6299000000000000010 没有到账"),
    ];
    let refused = three.send(&unknown, &act_path, &numbered).await;
    assert_eq!(refused.status, 422);
    refused.says(&["号码"]);
    let settle = [("act", "settle"), ("arrived", "no"), ("proof", proof)];
    let settled = three.done(&unknown, &act_path, &settle).await;
    settled.says(&["书面答复已记下"]);
    let list = one.read("/payments").await;
    assert_eq!(
        returned(&list),
        3,
        "it did not arrive, so it is issued again"
    );
    two.done(
        &two.read(&format!("/payments/{batch}")).await,
        &act_path,
        &[("act", "close")],
    )
    .await;
    asked_back(&three, batch).await;
}

/// How many lines came back and wait, as the page of batches counts them; each leads to its family.
fn returned(list: &Page) -> usize {
    let back = list.body.split("<h2 id=\"back\">").nth(1).unwrap();
    let back = back.split("</section>").next().unwrap();
    back.matches("/payments\">").count()
}

/// What was paid to somebody is asked back, with a case of its own.
async fn asked_back(three: &Person, batch: i64) {
    let page = three.read(&format!("/payments/{batch}?state=paid")).await;
    let home = page.link("/households/");
    let (_, _, row) = find_line(
        three,
        batch,
        home.rsplit('/').next().unwrap().parse().unwrap(),
    )
    .await;
    let own = three.read(&format!("{home}/payments")).await;
    let id = own.between("action=\"/payments/entitlements/", "/card");
    let path = format!("/payments/entitlements/{id}/recover");
    let wrong = [("month", "八月"), ("why", "核实已去世")];
    let told = three.send(&own, &path, &wrong).await;
    assert_eq!(told.status, 422);
    told.says(&["读不懂"]);
    let right = [("month", "2026-08"), ("why", "核实已去世,多发一个月")];
    let recovery = three.done(&own, &path, &right).await;
    recovery.says(&["追回中", "还没有告知"]);
    let path = recovery.path().to_owned();
    let amount = recovery.between("<dt>要退</dt><dd>", "<").replace(',', "");
    assert!(row.replace(',', "").contains(&amount), "{amount} {row}");
    // Asked, not owed yet: nothing is taken before the county decided and the decision was handed over.
    recovery.says(&["追回决定送达以前不能收款"]);
    recovery.link("/reviews/");
    assert_eq!(
        recovery.choices(&path, "step"),
        ["", "notify", "offset_refused"]
    );
    let repaid = [("step", "repaid"), ("amount", "1"), ("says", "退款回单 1")];
    assert!(!recovery.takes(&path, &repaid));
    let half = domain::Fen::parse(&amount).unwrap().to_plain();
    let wrong = [
        ("step", "notify"),
        ("amount", half.as_str()),
        ("says", "告知书 2026-09-17"),
    ];
    let told = three.send(&recovery, &path, &wrong).await;
    assert_eq!(told.status, 422);
    told.says(&["不收款"]);
    let notify = [("step", "notify"), ("says", "告知书 2026-09-17")];
    let page = three.done(&recovery, &path, &notify).await;
    page.says(&["追回中", "告知书 2026-09-17"]);
    let list = three.read("/payments/recoveries").await;
    three.read(&list.link(&path)).await;
}

//! D6 and D10: applied for, signed, decided, handed over and paid with nothing printed or scanned; and at each step
//! the telephone says what the office says.

use super::{Phone, Place, hidden, picture, upload};
use crate::county::{County, Faults};
use crate::found_out;
use crate::postgres;
use crate::staff::{Signed as Official, Staff};
use domain::{CaseNo, HouseholdId, Month, PersonId};
use office::access::Acting;
use office::casework::opinion::{self, Proposed, look_into};
use office::casework::{
    self, CaseError, Completion, DeliveryWay, decision, letters, notice, people,
};
use office::monitoring::MonthData;
use office::{Database, Office, disbursement as pay};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::consents::Signed;
use store::decisions::DecidedAs;
use store::notices::{Proposal, RuleResult};
use store::photos::{AboutKind, PhotoAbout};

const COUNTY: &str = "990101";
const LETTER: &str = "确认通知书";
/// Families that are tried before the test says that nobody fits.
const TRIED_MAX: usize = 8;

struct Hall {
    place: Place,
    wang: Official,
    zhao: Official,
    li: Official,
    chen: Official,
}

/// Who applies: name and number, and who that is.
struct Applicant {
    card: [String; 2],
    person: PersonId,
    household: HouseholdId,
}

impl Hall {
    async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        let folder = county.folder.path().join("paperless");
        let setting = crate::county::setting(&folder, database, "2026-09-01T09:00");
        let office = Arc::new(county.judged(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let place = Place::of(county, office, staff).await;
        Self {
            wang: place.staff.enter("wang", "窗口经办", COUNTY).await,
            zhao: place.staff.enter("zhao", "核对员", COUNTY).await,
            li: place.staff.enter("li", "网格员", COUNTY).await,
            chen: place.staff.enter("chen", "县级审核", COUNTY).await,
            place,
        }
    }

    fn office(&self) -> &Office {
        &self.place.office
    }

    /// The clerk at the screen: a session ends before the next day.
    async fn desk(&self) -> Official {
        let staff = &self.place.staff;
        let begun = staff.access.session_at_the_machine("wang", "test").await;
        let secret = begun.unwrap().secret.text();
        let visitor = staff.visitor(&secret).await.unwrap();
        Official {
            who: visitor.acting,
            secret,
            word: visitor.form_word,
        }
    }

    /// Those who live alone and whom the rules of the month would help.
    async fn alone(&self) -> Vec<Applicant> {
        let month = Month::parse("2026-08").unwrap();
        let judged = MonthData::load(self.office(), month).await.unwrap();
        let table = judged.judged.table("dibao").unwrap();
        let verdicts = table.verdicts().unwrap();
        let all = table.ids().iter().zip(verdicts.iter());
        let entitled: BTreeSet<i64> = all
            .filter(|(_, verdict)| *verdict == Some(true))
            .map(|(id, _)| *id)
            .collect();
        let register = self.place.county.feed("2026-08", "register");
        let columns = ["户号", "姓名", "身份证号", "登记状态", "出生日期"];
        let rows = register.columns(columns);
        let mut many: BTreeMap<&str, usize> = BTreeMap::new();
        for [book, ..] in &rows {
            *many.entry(book).or_default() += 1;
        }
        let mut out = Vec::new();
        for [book, name, number, state, birth] in rows {
            if many[book] != 1 || state != "在册" || number.len() != 18 || birth >= "1990" {
                continue;
            }
            let (name, number) = (name.to_owned(), number.to_owned());
            let found = people::find(self.office(), &self.wang.who, &name, &number).await;
            let Ok(Some(person)) = found else { continue };
            let tx = self.office().begin().await.unwrap();
            let today = self.office().clock().today();
            let homes = store::households::memberships_on(&tx, &[person], today).await;
            let Some(home) = homes.unwrap().get(&person).map(|home| home.household) else {
                continue;
            };
            if entitled.contains(&home.get()) {
                out.push(Applicant {
                    card: [name, number],
                    person,
                    household: home,
                });
            }
        }
        out
    }

    /// Signed in on another day, hours after the code before.
    async fn enter(&self, number: &str) -> Phone {
        self.place.staff.watch.advance(3_700);
        self.place.enter(number).await
    }

    /// The telephone and the office's page say the same words, from one place.
    async fn same(&self, own: &Phone, no: CaseNo) -> String {
        let case = casework::load(self.office(), &self.chen.who, no).await;
        let words = case.unwrap().stands();
        let phone = self.place.see(own, &format!("/my/{no}")).await;
        assert!(phone.body.contains(&words), "{words}: {}", phone.body);
        let list = self.place.see(own, "/my").await;
        assert!(list.body.contains(&words), "{words}: {}", list.body);
        let wang = self.desk().await;
        let desk = self.place.staff_see(&wang, &format!("/case/{no}")).await;
        assert!(desk.body.contains(&words), "{words}: {}", desk.body);
        words
    }

    async fn done(&self, who: &Acting, no: CaseNo, step: &str) -> Result<(), CaseError> {
        let office = self.office();
        let mut case = casework::load(office, who, no).await?;
        let mut tx = office.begin().await?;
        let completion = Completion {
            step,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, who, &mut case, completion).await?;
        office.end(tx).await
    }

    /// Applies and signs on the telephone; the case.
    async fn apply(&self, own: &Phone) -> CaseNo {
        let place = &self.place;
        place.see(own, "/apply?p=dibao").await;
        let what = place
            .post(own, "/apply/what", &[("programme", "dibao")])
            .await;
        let mut at = what.place;
        while at != "/apply/check" {
            let page = place.see(own, &at).await;
            assert_eq!(page.status, 200, "{at}: {}", page.body);
            let told = match at.as_str() {
                path if path.starts_with("/apply/paper-") => {
                    upload(place, own, path, ("go", "next"), &picture()).await
                }
                "/apply/member" => place.post(own, &at, &[("more", "no")]).await,
                "/apply/consent" => {
                    assert!(page.body.contains("同意网上送达"), "{}", page.body);
                    let both = [("agree", "yes"), ("reads", "yes")];
                    place.post(own, &at, &both).await
                }
                _ => {
                    let unsure = [("answer", "？"), ("unsure", "？")];
                    place.post(own, &at, &unsure).await
                }
            };
            assert_eq!(told.status, 303, "{at}: {}", told.body);
            at = told.place;
        }
        let check = place.see(own, &at).await.body;
        let form = [hidden(&check, "draft"), hidden(&check, "form_key")];
        let form = [("draft", form[0].as_str()), ("form_key", form[1].as_str())];
        let sent = place.post(own, "/apply/send", &form).await;
        let number = sent.body.split("办件编号 № ").nth(1).unwrap_or_else(|| {
            panic!("{}: {}", sent.status, sent.body);
        });
        let digits = number.chars().take_while(char::is_ascii_digit);
        CaseNo::new(digits.collect::<String>().parse().unwrap())
    }

    /// Everything the office does up to the step of the first opinion; whether the rules would help.
    async fn looked_into(&self, own: &Phone, no: CaseNo) -> bool {
        self.office().clock().set("2026-09-01T09:00");
        for step in ["提交申请", "受理", "启动调查"] {
            assert!(self.same(own, no).await.contains(step));
            self.done(&self.wang.who, no, step).await.unwrap();
        }
        assert!(self.same(own, no).await.contains("信息核对"));
        found_out::asked(self.office(), &self.zhao.who, no).await;
        assert!(self.same(own, no).await.contains("入户调查"));
        found_out::visited(self.office(), &self.wang.who, &self.li.who, no).await;
        assert!(self.same(own, no).await.contains("初审"));
        let case = casework::load(self.office(), &self.chen.who, no).await;
        let judged = look_into(self.office(), &case.unwrap()).await.unwrap();
        judged.found.result() == RuleResult::Eligible
    }

    /// From the opinion to the signature.
    async fn decided(&self, own: &Phone, (no, number): (CaseNo, &str)) -> i64 {
        let (office, who) = (self.office(), &self.wang.who);
        let mut case = casework::load(office, who, no).await.unwrap();
        let judged = look_into(office, &case).await.unwrap();
        let proposed = Proposed {
            proposes: Proposal::Grant,
            because: "入户核对与申报一致".to_owned(),
        };
        let mut tx = office.begin().await.unwrap();
        let given = (&judged, &proposed);
        opinion::give(office, &mut tx, who, &mut case, given)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
        let worked_out = notice::worked_out(office, &case).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        notice::post(office, &mut tx, who, (&case, worked_out))
            .await
            .unwrap();
        office.end(tx).await.unwrap();
        assert!(self.same(own, no).await.contains("初审公示"));
        office.clock().set("2026-09-10T09:00");
        let own = &self.enter(number).await;
        let mut tx = office.begin().await.unwrap();
        notice::finish(office, &mut tx, who, &mut case)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
        self.done(who, no, "报批").await.unwrap();
        assert!(self.same(own, no).await.contains("审核确认"));
        let before = self.place.see(own, &format!("/my/{no}")).await;
        assert!(!before.body.contains(LETTER) && !before.body.contains("决定:"));
        found_out::checked(office, &self.chen.who, no).await;
        let signing = decision::Signing {
            outcome: DecidedAs::Granted,
            because: String::new(),
            amount: None,
            articles: Vec::new(),
        };
        decision::sign(office, &self.chen.who, no, &signing)
            .await
            .unwrap()
    }

    async fn deliveries(&self, decision: i64) -> Vec<store::decisions::Delivery> {
        let tx = self.office().begin().await.unwrap();
        store::decisions::deliveries(&tx, decision).await.unwrap()
    }
}

/// The letter waits; nobody but the applicant opens it, and opening it is its delivery.
async fn read_on_the_telephone(hall: &Hall, number: &str, (no, decision): (CaseNo, i64)) {
    let (place, path) = (&hall.place, format!("/my/{no}"));
    let told = place.message().await;
    assert!(
        told.contains("已作出决定") && !told.contains('元'),
        "{told}"
    );
    let own = &hall.enter(number).await;
    let wang = hall.desk().await;
    assert!(hall.same(own, no).await.starts_with("已作出决定"));
    let page = place.see(own, &path).await.body;
    for words in [
        "决定:同意",
        "元",
        "不同意怎么办",
        "复议",
        LETTER,
        "还没有送达",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let letter = format!("{path}/letters/{LETTER}");
    let letter: String = form_urlencoded::byte_serialize(letter.as_bytes()).collect();
    let letter = letter.replace("%2F", "/");
    let shut = place.see(own, &letter).await;
    assert_eq!(shut.status, 200, "{}", shut.body);
    assert!(shut.body.contains("打开就是送达") && !shut.body.contains("复议机关"));
    assert_eq!(place.see(own, &format!("{letter}/pdf")).await.status, 422);
    assert_eq!(hall.deliveries(decision).await, []);
    // Another resident is told what everybody is told; an official cannot say that it was read.
    let other = place.enter("19900000099").await;
    assert_eq!(place.see(&other, &letter).await.status, 404);
    assert_eq!(
        place
            .post(&other, &letter, &[("agree", "yes")])
            .await
            .status,
        404
    );
    let review = format!("/case/{no}/review");
    let form = place.staff_see(&wang, &review).await.body;
    assert!(
        form.contains("申请人同意网上送达") && !form.contains("本人网上阅读"),
        "{form}"
    );
    let lied = [
        ("act", "deliver"),
        ("way", "online"),
        ("receiver", "本人网上阅读"),
    ];
    let lied = place.staff_post(&wang, &review, &lied).await;
    assert!(
        lied.status == 422 && lied.body.contains("申请人自己登录阅读"),
        "{}",
        lied.body
    );
    // While it is not read the office sees so; past the rulebook's days it is asked to go there.
    let inbox = place.staff_see(&wang, "/inbox").await.body;
    assert!(inbox.contains("等本人网上看"), "{inbox}");
    hall.office().clock().set("2026-09-16T08:30");
    let own = &hall.enter(number).await;
    let wang = hall.desk().await;
    let inbox = place.staff_see(&wang, "/inbox").await.body;
    assert!(inbox.contains("网上没有看,请当面送达"), "{inbox}");
    let opened = place.post(own, &letter, &[]).await;
    assert_eq!(opened.status, 200, "{}", opened.body);
    assert!(
        opened.body.contains("2026-09-16 08:30 本人在网上看过"),
        "{}",
        opened.body
    );
    let given = hall.deliveries(decision).await;
    assert_eq!((given.len(), given[0].way), (1, DeliveryWay::Online));
    assert_eq!(given[0].receiver, "本人网上阅读");
    assert!(given[0].by.starts_with("resident:"), "{}", given[0].by);
    // The same letter the office prints, word for word; once more is no second delivery.
    let printed = letters::letter(hall.office(), &hall.wang.who, no, LETTER).await;
    for line in printed
        .unwrap()
        .text
        .lines()
        .filter(|line| !line.is_empty() && !line.contains(['|', '*']))
    {
        let words = line.trim_start_matches(['#', '-', ' ']).replace("**", "");
        assert!(opened.body.contains(&words), "{words}: {}", opened.body);
    }
    let again = place.post(own, &letter, &[]).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(hall.deliveries(decision).await.len(), 1);
    let own_pdf = place.see(own, &format!("{letter}/pdf")).await;
    let office_pdf = letter.replace("/my/", "/case/");
    let office_pdf = place.staff_see(&wang, &format!("{office_pdf}/pdf")).await;
    assert_eq!(own_pdf.status, office_pdf.status, "{}", own_pdf.body);
    if own_pdf.status == 200 {
        assert!(own_pdf.body.starts_with("%PDF-") && own_pdf.body == office_pdf.body);
    }
}

/// Made public, in the first month's batch, and at its end.
async fn paid(hall: &Hall, number: &str, (no, home): (CaseNo, HouseholdId)) {
    let (office, who) = (hall.office(), &hall.chen.who);
    let own = &hall.enter(number).await;
    assert!(hall.same(own, no).await.contains("公布"));
    let mut case = casework::load(office, who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    decision::publish(office, &mut tx, who, &mut case)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    assert!(hall.same(own, no).await.contains("发放"));
    office.clock().set("2026-10-20T09:00");
    let own = &hall.enter(number).await;
    let october = Month::parse("2026-10").unwrap();
    let drawn = pay::prepare(office, who, "monthly", october, |_| {})
        .await
        .unwrap();
    let tx = office.begin().await.unwrap();
    let lines = store::payments::lines(&tx, drawn.batch, 0, 100_000).await;
    let held = pay::in_force(&tx, "dibao", home.into(), october).await;
    drop(tx);
    let held = held.unwrap().unwrap().id;
    let mut lines = lines.unwrap().into_iter();
    assert!(lines.any(|line| line.content.entitlement == held));
    hall.done(who, no, "发放").await.unwrap();
    assert!(hall.same(own, no).await.contains("办结"));
}

/// What was signed was signed on the telephone, and every picture came from there.
async fn nothing_on_paper(hall: &Hall, (no, person): (CaseNo, PersonId)) {
    let case = casework::load(hall.office(), &hall.chen.who, no).await;
    let case = case.unwrap();
    let tx = hall.office().begin().await.unwrap();
    let consents = store::consents::of_person(&tx, person).await.unwrap();
    assert!(!consents.is_empty());
    for one in consents {
        assert_eq!(one.content.signed, Signed::Screen);
    }
    let about = PhotoAbout::new(AboutKind::Application, case.application.no);
    let photos = store::photos::of(&tx, &about).await.unwrap();
    assert!(!photos.is_empty());
    for one in photos {
        assert!(one.actor.starts_with("resident:"), "{}", one.actor);
    }
}

async fn from_the_application_to_the_first_payment(database: Database) {
    let hall = Hall::open(database).await;
    let august = Month::parse("2026-08").unwrap();
    pay::take_over(hall.office(), &hall.chen.who, august)
        .await
        .unwrap();
    let all = hall.alone().await;
    for (at, one) in all.iter().take(TRIED_MAX).enumerate() {
        let phone = format!("1990000003{at}");
        let own = hall.place.bound(&hall.wang, &phone, &one.card).await;
        let no = hall.apply(&own).await;
        if !hall.looked_into(&own, no).await {
            continue;
        }
        let decision = hall.decided(&own, (no, &phone)).await;
        read_on_the_telephone(&hall, &phone, (no, decision)).await;
        paid(&hall, &phone, (no, one.household)).await;
        return nothing_on_paper(&hall, (no, one.person)).await;
    }
    panic!("nobody of {} fits", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_applies_signs_and_is_handed_the_letter_without_paper() {
    from_the_application_to_the_first_payment(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resident_is_handed_the_letter_without_paper_on_postgresql_too() {
    if let Some(address) = postgres::fresh_database().await {
        from_the_application_to_the_first_payment(Database::Postgres { address }).await;
    }
}

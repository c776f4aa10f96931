//! What else there is in a township and in the county: a doubtful row, something found for a household, a question to a
//! department, an urging, a letter; and a file that came, a month's payments and what is asked back.

use super::super::Pages;
use crate::found_out;
use crate::staff::Signed;
use domain::{AreaCode, CaseNo, Day, HouseholdId, Month};
use office::casework;
use office::channels::{assists, finds};
use office::{Office, disbursement as pay, doubts};
use store::Act;

/// Their numbers.
pub(super) struct More {
    pub doubt: i64,
    pub find: i64,
    pub assist: i64,
    pub urge: i64,
    pub letter_case: i64,
    pub feed: i64,
    pub payment: i64,
    pub recovery: i64,
    pub entitlement: i64,
}

/// The letter of [`More::letter_case`].
pub(super) const LETTER: &str = "受理通知书";

impl More {
    pub async fn of(
        pages: &Pages,
        (chen, wang): (&Signed, &Signed),
        (town, case): (&str, CaseNo),
    ) -> Self {
        let office = pages.staff.access.office();
        let doubts = doubts::list(office, &wang.who, 0).await.unwrap().rows;
        let area = AreaCode::parse(town).unwrap();
        let question = "残疾人证是不是有效";
        assists::ask(office, &wang.who, case, ("残疾人联合会", question))
            .await
            .unwrap();
        let asked = assists::of_case(office, &wang.who, case).await.unwrap();
        let (payment, recovery, entitlement) = paid(pages, chen, area).await;
        Self {
            doubt: doubts.first().expect("a doubtful row of the township").row,
            find: found(pages, wang, area).await,
            assist: asked.0.first().unwrap().no,
            urge: urged(office, area).await,
            letter_case: accepted(pages, wang, area).await,
            feed: 1,
            payment,
            recovery,
            entitlement,
        }
    }
}

async fn homes(office: &Office, area: AreaCode) -> Vec<HouseholdId> {
    let tx = office.begin().await.unwrap();
    let all = store::households::list(&tx, Some(&area), 0, 400).await;
    all.unwrap().iter().map(|home| home.id).collect()
}

/// Something the rules find for a household, pushed to the department that owns it.
async fn found(pages: &Pages, wang: &Signed, area: AreaCode) -> i64 {
    let office = pages.staff.access.office();
    for home in homes(office, area).await {
        let Ok(found) = pages.views.finds(&wang.who, home.get()).await else {
            continue;
        };
        let ranked = finds::rank(office, &found).await.unwrap();
        if let Some(one) = ranked.first() {
            let chosen = [one.word.clone()];
            let pushed = finds::push(office, &wang.who, &found, &chosen).await;
            return pushed.unwrap()[0];
        }
    }
    panic!("nothing is found for anybody of the township")
}

async fn urged(office: &Office, area: AreaCode) -> i64 {
    let at = office.clock().at();
    let mut tx = office.begin().await.unwrap();
    let new = store::urges::NewUrge {
        area,
        late: 1,
        words: "抓紧办完".to_owned(),
        due: Day::parse("2026-12-20").unwrap(),
        by: "o-chen".to_owned(),
        day: office.clock().today(),
    };
    let no = store::urges::urge(&mut tx, &at, &new).await.unwrap();
    tx.record(Act::new(&at, "o-chen", "urge.send").on("urge", no));
    office.end(tx).await.unwrap();
    no
}

/// An application that was taken in, with its slip to print.
async fn accepted(pages: &Pages, wang: &Signed, area: AreaCode) -> i64 {
    let office = pages.staff.access.office();
    let today = office.clock().today();
    for (at, home) in homes(office, area).await.into_iter().enumerate() {
        let tx = office.begin().await.unwrap();
        let all = store::households::members(&tx, home).await.unwrap();
        drop(tx);
        let members: Vec<_> = all
            .into_iter()
            .filter(|one| one.span.contains(today))
            .map(|one| (one.person, one.relation))
            .collect();
        let mut heads = members.iter();
        let head = heads.find(|(_, relation)| *relation == domain::Relation::Head);
        let Some((head, _)) = head.copied() else {
            continue;
        };
        let opening = found_out::dibao(format!("letter-{at}"), head, members);
        let Ok(opened) = casework::open(office, &wang.who, &opening).await else {
            continue;
        };
        let no = opened.cases[0];
        for step in ["提交申请", "受理"] {
            super::step_done(office, wang, no, step).await;
        }
        return no.get();
    }
    panic!("nobody of the township could apply")
}

/// A month paid, and help of the township stopped before it: what must come back.
async fn paid(pages: &Pages, chen: &Signed, area: AreaCode) -> (i64, i64, i64) {
    let office = pages.staff.access.office();
    let second = pages.staff.enter("o-chen2", "县级审核", "990101").await;
    let third = pages.staff.enter("o-chen3", "县级审核", "990101").await;
    let month = Month::containing(office.clock().today());
    let drawn = pay::prepare(office, &chen.who, "monthly", month, |_| {})
        .await
        .unwrap();
    let batch = drawn.batch;
    if pay::check(office, &second.who, batch).await.is_err() {
        let why = "与发文部门电话核实,属实";
        pay::answer_for_feeds(office, &second.who, batch, why)
            .await
            .unwrap();
        pay::check(office, &second.who, batch).await.unwrap();
    }
    pay::approve(office, &third.who, batch).await.unwrap();
    pay::seal(office, &third.who, batch).await.unwrap();
    let file = pay::release(office, &third.who, batch, |_| {}).await;
    let book = office.book().texts()["banks/demo.md"].clone();
    let sent = std::fs::read(file.unwrap()).unwrap();
    let reply = synth::bank_answer(&book, &sent, 1, &[]).unwrap();
    pay::answer(office, &second.who, batch, &reply.name, &reply.bytes)
        .await
        .unwrap();
    let tx = office.begin().await.unwrap();
    let lines = store::payments::lines(&tx, batch, 0, 100_000)
        .await
        .unwrap();
    let mut help = None;
    for line in lines {
        let id = line.content.entitlement;
        let one = store::entitlements::find(&tx, id).await.unwrap().unwrap();
        if area.contains(&one.area) && line.state == domain::payment::LineState::Paid {
            help = Some(id);
            break;
        }
    }
    drop(tx);
    let help = help.expect("somebody of the township was paid");
    let recovery = found_out::stopped(office, &chen.who, help, month, "1").await;
    (batch, recovery.unwrap().expect("it comes back"), help)
}

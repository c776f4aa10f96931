//! An application opened from a person's file, and what its open case gives cause to see.

use super::{OWN, Pages, a_quiet_household};
use crate::browse::{Told, ask, hidden};
use crate::staff::Signed;
use domain::{CaseNo, PersonId};
use office::access::RevealAsk;
use office::casework::{self, Outcome};

impl Pages {
    async fn see(&self, who: &Signed, path: &str) -> Told {
        ask(&self.router, who, "GET", path, &[]).await
    }

    async fn send(&self, who: &Signed, path: &str, fields: &[(&str, &str)]) -> Told {
        ask(&self.router, who, "POST", path, fields).await
    }

    /// Taken in from the file of a person, with nothing typed.
    async fn taken_from_the_file(&self, who: &Signed, (home, person): (i64, i64)) -> CaseNo {
        let link = format!("/accept?person={person}");
        let file = self.see(who, &format!("/households/{home}")).await;
        assert!(
            file.body.contains(&format!("href=\"{link}\"")),
            "{}",
            file.body
        );
        let form = self.see(who, &link).await;
        assert_eq!(form.status, 200, "{}", form.body);
        assert!(form.body.contains("从登记档案打开") && form.body.contains('*'));
        assert!(!form.body.contains("name=\"number\""), "{}", form.body);
        let (id, key) = (hidden(&form.body, "person"), hidden(&form.body, "form_key"));
        assert_eq!(id, person.to_string());
        let fields = [
            ("person", id.as_str()),
            ("form_key", key.as_str()),
            ("cause", "apply"),
            ("programme", "dibao"),
            ("given", "申请书"),
            ("do", "take"),
        ];
        let taken = self.send(who, "/accept", &fields).await;
        assert_eq!(taken.status, 303, "{}", taken.body);
        let no = taken.place.strip_prefix("/case/").unwrap().parse().unwrap();
        let no = CaseNo::new(no);
        let office = self.staff.access.office();
        let case = casework::load(office, &who.who, no).await.unwrap();
        assert_eq!(case.application.content.applicant, PersonId::new(person));
        no
    }

    /// A quiet household of the clerk's township.
    async fn quiet(&self, who: &Signed) -> (i64, i64) {
        a_quiet_household(self, who).await
    }
}

fn asked(cause: &str) -> RevealAsk {
    RevealAsk {
        purpose: "acceptance".to_owned(),
        cause: cause.to_owned(),
        fields: vec!["id-number".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_case_is_cause_to_see_its_persons_number_for_whoever_handles_it() {
    let pages = Pages::open().await;
    let wang = pages.staff.enter("wang", "窗口经办", OWN).await;
    let chen = pages.staff.enter("chen", "县级审核", "990101").await;
    let li = pages.staff.enter("li", "网格员", OWN).await;
    let (home, person) = pages.quiet(&wang).await;
    let access = &pages.staff.access;
    let before = access
        .reveal(&wang.who, home, person, &asked("case:1"))
        .await;
    assert!(before.is_err());
    // Who takes nothing in is offered nothing; who lives elsewhere is not found by a number in an address.
    let file = pages.see(&li, &format!("/households/{home}")).await;
    assert!(file.status == 200 && !file.body.contains("/accept?person"));
    let sibling = pages.staff.enter("sun", "窗口经办", "990101002").await;
    let elsewhere = pages
        .see(&sibling, &format!("/accept?person={person}"))
        .await;
    assert!(
        elsewhere.body.contains("您的辖区里没有"),
        "{}",
        elsewhere.body
    );
    let no = pages.taken_from_the_file(&wang, (home, person)).await;
    let cause = format!("case:{no}");
    let form = format!("/households/{home}/persons/{person}/identity");
    let form = pages.see(&wang, &form).await;
    assert!(form.body.contains(&format!("办件 № {no}")), "{}", form.body);
    let seen = access.reveal(&wang.who, home, person, &asked(&cause)).await;
    let seen = seen.unwrap();
    assert_eq!(seen.values.len(), 1);
    assert_eq!(seen.purpose, "受理审核");
    // The county has nothing to do in it yet, and another's case is no cause.
    assert!(
        access
            .reveal(&chen.who, home, person, &asked(&cause))
            .await
            .is_err()
    );
    let other = pages.views.household(&wang.who, home, None).await.unwrap();
    for member in other.members.iter().filter(|one| one.id != person) {
        let asked = asked(&cause);
        assert!(
            access
                .reveal(&wang.who, home, member.id, &asked)
                .await
                .is_err()
        );
    }
    // Ended, it is cause no more.
    let office = access.office();
    let mut case = casework::load(office, &wang.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let why = ("本人撤回申请", "");
    casework::close(
        office,
        &mut tx,
        &wang.who,
        &mut case,
        Outcome::Withdrawn,
        why,
    )
    .await
    .unwrap();
    office.end(tx).await.unwrap();
    assert!(
        access
            .reveal(&wang.who, home, person, &asked(&cause))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn full_numbers_end_at_the_rulebooks_count_until_the_next_hour() {
    let rules = include_str!("../../../rulebook/access/access.md");
    let line = rules.lines().find(|line| line.contains("每小时看明文"));
    let most: usize = line
        .unwrap()
        .split('|')
        .nth(2)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let pages = Pages::open().await;
    let wang = pages.staff.enter("wang", "窗口经办", OWN).await;
    let (home, person, warning) = pages.a_door(OWN).await;
    let access = &pages.staff.access;
    let ask = RevealAsk {
        purpose: "visit".to_owned(),
        ..asked(&format!("warning:{warning}"))
    };
    for _ in 0..most {
        access.reveal(&wang.who, home, person, &ask).await.unwrap();
    }
    let refused = access.reveal(&wang.who, home, person, &ask).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("到了上限"), "{refused}");
    pages.staff.watch.advance(3_660);
    access.reveal(&wang.who, home, person, &ask).await.unwrap();
}

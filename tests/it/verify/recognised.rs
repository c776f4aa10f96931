//! E12: what was found out once is recognised by another programme of the same family: nobody is asked
//! again, the report lists every case that went on with it, and another family's or an old report is
//! nobody's.

use super::SOURCES;
use super::centre::{Centre, Family};
use crate::browse::{Told, hidden};
use domain::CaseNo;
use office::Database;
use office::casework::{self, Cause, Opening, Paper, PaperState, Wanted};

/// A later application of a family, brought to its verification.
async fn later(centre: &Centre, family: &Family, programme: &str) -> CaseNo {
    let papers = ["申请书", "授权核对委托书", "身份证件", "支出单据"].map(|name| Paper {
        name: name.to_owned(),
        state: PaperState::Given,
        because: String::new(),
    });
    let opening = Opening {
        form_key: format!("{programme} {}", family.members[0].0),
        cause: Cause::Apply,
        cause_id: None,
        applicant: family.members[0].0,
        helper: None,
        members: family.members.clone(),
        wanted: vec![Wanted {
            programme: programme.to_owned(),
            person: None,
        }],
        declared: Vec::new(),
        papers: papers.to_vec(),
        going_on: "已核实".to_owned(),
    };
    let opened = casework::open(&centre.office, &centre.wang.who, &opening);
    let no = opened.await.unwrap().cases[0];
    centre.walk(no, "信息核对").await;
    no
}

async fn recognise(centre: &Centre, no: CaseNo) -> Told {
    let path = format!("/verify/recognise/{no}");
    centre.ask(&centre.zhao, "POST", &path, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_programme_goes_on_with_the_report_that_is_there_and_nobody_is_asked_again() {
    let centre = Centre::open(Database::Sqlite).await;
    let mut families = centre.families(2).await.into_iter();
    let (family, others) = (families.next().unwrap(), families.next().unwrap());
    let first = centre.apply(&family, &["dibao"], Vec::new()).await[0];
    let nothing_yet = recognise(&centre, first).await;
    assert!(
        nothing_yet.status == 422 && nothing_yet.body.contains("没有可以互认的核对报告"),
        "{}",
        nothing_yet.body
    );
    let persons: Vec<_> = family.members.iter().map(|(person, _)| *person).collect();
    centre.sign(first, &persons).await;
    let list = centre.see(&centre.zhao, "/verify").await;
    let (key, number) = (hidden(&list.body, "form_key"), first.to_string());
    let fields = [("form_key", key.as_str()), ("case", number.as_str())];
    let opened = centre.ask(&centre.zhao, "POST", "/verify", &fields).await;
    assert_eq!(opened.place, "/verify/1?done=open", "{}", opened.body);
    for source in SOURCES {
        centre.nothing(1, source).await;
    }
    let report = [("act", "report")];
    let path = "/verify/1/diff/1";
    let issued = centre.ask(&centre.zhao, "POST", path, &report).await;
    assert_eq!(issued.place, "/verify/reports/1", "{}", issued.body);
    assert_eq!(centre.step(first).await, "入户调查");

    // A second programme a week later: no consent, no batch, no question.
    centre.office.clock().set("2026-09-21T09:00");
    let second = later(&centre, &family, "rigid_expenditure").await;
    let used = recognise(&centre, second).await;
    assert_eq!(used.place, "/verify/reports/1", "{}", used.body);
    assert_eq!(centre.step(second).await, "入户调查");
    assert_eq!(centre.see(&centre.zhao, "/verify/2").await.status, 404);
    let page = centre.see(&centre.zhao, "/verify/reports/1").await;
    for words in [
        format!("/case/{first}"),
        format!("/case/{second}"),
        "刚性支出".to_owned(),
        "2026-09-21".to_owned(),
    ] {
        assert!(page.body.contains(&words), "{words}: {}", page.body);
    }
    let again = recognise(&centre, second).await;
    assert!(
        again.status == 422 && again.body.contains("不在信息核对这一步"),
        "{}",
        again.body
    );

    // Of other people it says nothing, and an old one no longer stands.
    let other = later(&centre, &others, "rigid_expenditure").await;
    assert_eq!(recognise(&centre, other).await.status, 422);
    centre.office.clock().set("2027-09-21T09:00");
    let late = later(&centre, &family, "edge").await;
    let refused = recognise(&centre, late).await;
    assert!(
        refused.status == 422 && refused.body.contains("还在有效期内"),
        "{}",
        refused.body
    );
}

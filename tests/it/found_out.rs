//! Steps of finding out, done as the product wants them: a verification with its report, a visit by two.

use domain::{CaseNo, Month, PersonId, Relation};
use office::Office;
use office::access::Acting;
use office::casework::afterwards::{self, AfterPurpose, Begin};
use office::casework::{self, Cause, Completion, Opening, Paper, PaperState, Wanted};
use office::disbursement::{self, PayError};
use office::photos::PhotoRole;
use office::verification::{self, Given, Signed, Unsigned};
use office::visits::{self, About, Ending, Said, VisitPhoto};

/// A stroke of the pen: a picture of one pixel.
pub(crate) const SIGNATURE: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\
    \x00\x00:~\x9bU\x00\x00\x00\x0aIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\
    \x00IEND\xaeB`\x82";

/// An application for dibao with all its papers.
pub(crate) fn dibao(
    form_key: String,
    applicant: PersonId,
    members: Vec<(PersonId, Relation)>,
) -> Opening {
    Opening {
        form_key,
        cause: Cause::Apply,
        cause_id: None,
        applicant,
        helper: None,
        members,
        wanted: vec![Wanted {
            programme: "dibao".to_owned(),
            person: None,
        }],
        declared: Vec::new(),
        papers: ["申请书", "授权核对委托书", "身份证件"]
            .map(|name| Paper {
                name: name.to_owned(),
                state: PaperState::Given,
                because: String::new(),
            })
            .to_vec(),
        going_on: "已核实".to_owned(),
    }
}

/// Everybody of a case signs, the batch is asked and its report issued; no department replied, so all of it
/// is 待查. The case goes on.
pub(crate) async fn verified(office: &Office, clerk: &Acting, officer: &Acting, no: CaseNo) {
    signed(office, clerk, no).await;
    asked(office, officer, no).await;
}

/// The same, everybody having signed before.
pub(crate) async fn asked(office: &Office, officer: &Acting, no: CaseNo) {
    let case = casework::load(office, officer, no).await.unwrap();
    let key = format!("found-out-{no}");
    let batch = verification::open(office, officer, &key, &[no], Unsigned::Stop)
        .await
        .unwrap();
    verification::issue(office, officer, batch.no, case.application.no)
        .await
        .unwrap();
}

/// Everybody of a case consents to being asked about.
pub(crate) async fn signed(office: &Office, clerk: &Acting, no: CaseNo) {
    let case = casework::load(office, clerk, no).await.unwrap();
    let members = case.application.content.members.iter();
    let given: Vec<Given> = members
        .map(|(person, _)| Given {
            person: *person,
            sources: Vec::new(),
            signed: Signed::Paper,
            text: None,
        })
        .collect();
    verification::give(office, clerk, no, &given).await.unwrap();
}

/// Two go to the door: everybody of the application lives there. The case goes on.
pub(crate) async fn visited(office: &Office, who: &Acting, other: &Acting, no: CaseNo) {
    visited_and_told(office, (who, other), no, &[]).await;
}

/// The same, and something more was told there.
pub(crate) async fn visited_and_told(
    office: &Office,
    (who, other): (&Acting, &Acting),
    no: CaseNo,
    more: &[Said],
) {
    let case = casework::load(office, who, no).await.unwrap();
    let visit = visits::begin(office, who, About::Case(no)).await.unwrap();
    let members = case.application.content.members.iter();
    let mut said: Vec<Said> = members
        .map(|(person, _)| Said {
            person: Some(*person),
            fact: "共同生活".to_owned(),
            value: "是".to_owned(),
            base: 0,
        })
        .collect();
    said.extend_from_slice(more);
    let ending = Ending {
        other: other.login().to_owned(),
        outcome: None,
        because: String::new(),
        not_signed: "不会写字".to_owned(),
    };
    visits::save(office, who, visit, &said).await.unwrap();
    let signed = VisitPhoto {
        role: PhotoRole::Signature,
        label: other.login(),
        name: "",
        said_at: "",
        bytes: SIGNATURE.to_vec(),
    };
    visits::add_photo(office, other, visit, signed)
        .await
        .unwrap();
    visits::finish(office, who, visit, (&[], &ending))
        .await
        .unwrap();
}

/// Two went to the door of a help's family and were told that somebody is in prison.
pub(crate) async fn in_custody(
    office: &Office,
    (who, other): (&Acting, &Acting),
    (entitlement, person): (i64, PersonId),
) {
    let new = Begin {
        purpose: AfterPurpose::Ending,
        entitlement,
        recovery: None,
        cause: afterwards::by_hand(office),
        because: String::new(),
    };
    let no = afterwards::begin(office, who, &new).await.unwrap();
    let mut case = casework::load(office, who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let completion = Completion {
        step: "登记线索",
        ..Completion::default()
    };
    casework::complete(office, &mut tx, who, &mut case, completion)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
    let told = Said {
        person: Some(person),
        fact: "服刑".to_owned(),
        value: "是".to_owned(),
        base: 0,
    };
    visited_and_told(office, (who, other), no, &[told]).await;
}

/// Help stopped from a month on as a delivered decision stops it; what was paid past it is asked back.
pub(crate) async fn stopped(
    office: &Office,
    who: &Acting,
    help: i64,
    from: Month,
    why: &str,
) -> Result<Option<i64>, PayError> {
    let mut tx = office.begin().await.unwrap();
    let cause = store::entitlements::Cause::new("after-decision", why);
    let opened = disbursement::stop(office, &mut tx, who.login(), help, from, &cause).await?;
    office.end(tx).await.unwrap();
    Ok(opened)
}

/// What the county finds in a case that is looked into before it is decided; whether it was to be.
pub(crate) async fn checked(office: &Office, county: &Acting, no: CaseNo) -> bool {
    let wanted = casework::sample::wanted(office, county, no).await;
    if !matches!(wanted, Ok(Some(_))) {
        return false;
    }
    let looked = casework::sample::Looked {
        found: store::samples::CheckFound::Agrees,
        says: "到户核实,与报来的一致".to_owned(),
    };
    casework::sample::record(office, county, no, &looked)
        .await
        .is_ok()
}

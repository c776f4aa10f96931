//! Real things of one township, tried by every role from the township itself, one beside it, the county around both and
//! a county elsewhere: a look from outside is answered as if nothing were there, and by a right alone nobody gets more.

mod more;

use super::{PLACES, Pages, Told};
use crate::found_out::SIGNATURE;
use crate::staff::Signed;
use domain::{AreaCode, AreaLevel, CaseNo, Day, Month};
use more::{LETTER, More};
use office::access::{Reach, Right};
use office::casework::afterwards::{
    self as after, AfterPurpose, Begin, Entrust, NewMinutes, Switch,
};
use office::casework::{self, Completion, Holds};
use office::channels::tickets::{self, TicketForm};
use office::photos::PhotoRole;
use office::verification::{self, Unsigned};
use office::views::{Behind, WarningFilter, WarningState};
use office::visits::{self, About, VisitPhoto};
use office::{Office, disbursement, portal};
use server::{Need, Route};
use std::collections::{BTreeMap, BTreeSet};

/// Nothing has this number.
const NOTHING: &str = "999999";

/// What there is in a township, by number.
struct Objects {
    town: String,
    household: i64,
    person: i64,
    warning: i64,
    case: i64,
    application: i64,
    batch: i64,
    report: i64,
    visit: i64,
    photo: i64,
    ticket: i64,
    conference: i64,
    crisis: i64,
    draft: i64,
    task: i64,
    more: More,
}

/// A township with an open warning of a household and somebody on dibao: their help, the household of the warning, a
/// member of it, and the warning.
async fn a_town(pages: &Pages, chen: &Signed) -> (String, i64, [i64; 3]) {
    let office = pages.staff.access.office();
    let far = Month::parse("2030-01").unwrap();
    for line in after::due(office, &chen.who, far).await.unwrap() {
        let town = line.area.at(AreaLevel::Township).unwrap().as_str()[..9].to_owned();
        let filter = WarningFilter {
            township: Some(town.clone()),
            state: Some(WarningState::Open),
            ..WarningFilter::default()
        };
        let found = pages.views.warnings(&chen.who, filter).await.unwrap();
        for row in found.page.rows {
            if let Behind::Household(id) = row.about
                && line.programme == "dibao"
            {
                let file = pages.views.household(&chen.who, id, None).await.unwrap();
                return (town, line.entitlement, [id, file.members[0].id, row.id]);
            }
        }
    }
    panic!("no township has both")
}

async fn step_done(office: &Office, who: &Signed, no: CaseNo, step: &str) {
    let mut case = casework::load(office, &who.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let done = Completion {
        step,
        ..Completion::default()
    };
    casework::complete(office, &mut tx, &who.who, &mut case, done)
        .await
        .unwrap();
    office.end(tx).await.unwrap();
}

/// Something has changed, so that somebody goes to the door.
async fn changed(office: &Office, who: &Signed, no: CaseNo) {
    let mut case = casework::load(office, &who.who, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    let told = ("有变化", Holds::Yes);
    casework::circumstance(office, &mut tx, &who.who, &mut case, told, "核对记录")
        .await
        .unwrap();
    office.end(tx).await.unwrap();
}

impl Objects {
    /// A review with its verification and its visit, and what else one of each kind there is.
    async fn of(pages: &Pages) -> Self {
        let office = pages.staff.access.office();
        let chen = pages.staff.enter("o-chen", "县级审核", "990101").await;
        let month = Month::parse("2026-08").unwrap();
        disbursement::take_over(office, &chen.who, month)
            .await
            .unwrap();
        let (town, entitlement, [household, person, warning]) = a_town(pages, &chen).await;
        let wang = pages.staff.enter("o-wang", "窗口经办", &town).await;
        let zhao = pages.staff.enter("o-zhao", "核对员", &town).await;
        let li = pages.staff.enter("o-li", "网格员", &town).await;
        let review = Begin {
            purpose: AfterPurpose::Review,
            entitlement,
            recovery: None,
            cause: after::by_hand(office),
            because: String::new(),
        };
        let no = after::begin(office, &wang.who, &review).await.unwrap();
        step_done(office, &wang, no, "列入核查").await;
        let case = casework::load(office, &wang.who, no).await.unwrap();
        let application = case.application.no;
        crate::found_out::signed(office, &wang.who, no).await;
        changed(office, &zhao, no).await;
        let asked = [no];
        let batch = verification::open(office, &zhao.who, "objects", &asked, Unsigned::Stop);
        let batch = batch.await.unwrap().no;
        let report = verification::issue(office, &zhao.who, batch, application);
        let report = report.await.unwrap().report.no;
        let visit = visits::begin(office, &wang.who, About::Case(no)).await;
        let visit = visit.unwrap();
        let signature = VisitPhoto {
            role: PhotoRole::Signature,
            label: "o-wang",
            name: "",
            said_at: "",
            bytes: SIGNATURE.to_vec(),
        };
        let photo = visits::add_photo(office, &wang.who, visit, signature).await;
        let ticket = TicketForm {
            form_key: "objects".to_owned(),
            kind: "policy".to_owned(),
            channel: "hotline".to_owned(),
            line: "12349 民政服务热线".to_owned(),
            area: format!("{town}001"),
            text: "问高龄补贴怎么领".to_owned(),
            ..TicketForm::default()
        };
        let ticket = tickets::take(office, &wang.who, &ticket).await.unwrap().no;
        let area = AreaCode::parse(&town).unwrap();
        let meeting = NewMinutes {
            area,
            day: Day::parse("2026-09-11").unwrap(),
            title: "乡镇会商".to_owned(),
            offices: "民政办、卫生院".to_owned(),
            attendees: 3,
        };
        let conference = after::hold(office, &chen.who, &meeting).await.unwrap();
        let task = Entrust {
            item: None,
            login: "o-li".to_owned(),
            what: "查看危房".to_owned(),
            due: Day::parse("2026-09-20").unwrap(),
        };
        let task = after::entrust(office, &chen.who, conference, &task).await;
        let crisis = Switch {
            title: "暴雨".to_owned(),
            area,
            programmes: vec!["dibao".to_owned()],
            because: "县应急响应通知".to_owned(),
            last: Day::parse("2026-09-30").unwrap(),
        };
        let crisis = after::switch_on(office, &chen.who, &crisis).await.unwrap();
        let draft = portal::begin_for(&pages.staff.access, &li.who)
            .await
            .unwrap();
        let more = More::of(pages, (&chen, &wang), (&town, no)).await;
        Self {
            town,
            household,
            person,
            warning,
            case: no.get(),
            application: application.get(),
            batch,
            report,
            visit,
            photo: photo.unwrap().no,
            ticket,
            conference,
            crisis,
            draft,
            task: task.unwrap(),
            more,
        }
    }

    /// The path with the number of what there is, and with a number of nothing; none where the path names nothing of a
    /// township.
    fn fill(&self, path: &str) -> Option<(String, String)> {
        let begins = |with: &str| path.starts_with(with);
        let more = &self.more;
        let (name, no) = match path {
            // The interface names the same things.
            _ if begins("/api/v1/cases/{no}") => ("{no}", self.case),
            _ if begins("/api/v1/households/{id}") => ("{id}", self.household),
            _ if begins("/api/v1/warnings/{id}") => ("{id}", self.warning),
            _ if begins("/api/v1/verifications/{no}") => ("{no}", self.batch),
            _ if begins("/api/v1/payments/{no}") => ("{no}", more.payment),
            _ if begins("/api/v1/feeds/{batch}") => ("{batch}", more.feed),
            _ if begins("/case/{no}/letters/") => ("{no}", more.letter_case),
            _ if begins("/doubts/{row}") => ("{row}", more.doubt),
            _ if begins("/finds/{no}") => ("{no}", more.find),
            _ if begins("/dept/tasks/{no}") => ("{no}", more.assist),
            _ if begins("/urges/{no}") => ("{no}", more.urge),
            _ if begins("/feeds/{batch}") || begins("/dept/upload/{batch}") => {
                ("{batch}", more.feed)
            }
            _ if begins("/payments/entitlements/{id}") => ("{id}", more.entitlement),
            _ if begins("/payments/recoveries/{no}") => ("{no}", more.recovery),
            _ if begins("/payments/{no}") => ("{no}", more.payment),
            _ if begins("/households/{id}") => ("{id}", self.household),
            _ if begins("/persons/{id}") => ("{id}", self.person),
            _ if begins("/warnings/{id}") => ("{id}", self.warning),
            _ if begins("/case/{no}") || begins("/reviews/{no}") || begins("/audit/case/{no}") => {
                ("{no}", self.case)
            }
            _ if begins("/verify/consents/") || begins("/verify/recognise/") => {
                ("{case}", self.case)
            }
            _ if begins("/verify/reports/") => ("{report}", self.report),
            _ if begins("/verify/{no}") => ("{no}", self.batch),
            _ if begins("/visit/{no}") => ("{no}", self.visit),
            _ if begins("/photos/{no}") => ("{no}", self.photo),
            _ if begins("/tickets/{no}") => ("{no}", self.ticket),
            _ if begins("/conference/{no}") => ("{no}", self.conference),
            _ if begins("/conference/tasks/{no}") => ("{no}", self.task),
            _ if begins("/crisis/{no}") => ("{no}", self.crisis),
            _ if begins("/apply/for/{draft}") => ("{draft}", self.draft),
            _ => return None,
        };
        let rest = |path: String| {
            path.replace("{person}", &self.person.to_string())
                .replace("{application}", &self.application.to_string())
                .replace("{source}", "social_insurance")
                .replace("{title}", LETTER)
                .replace("{file}", "1")
                .replace("{photo}", &self.photo.to_string())
                .replace("{step}", "what")
        };
        let real = rest(path.replace(name, &no.to_string()));
        Some((real, rest(path.replace(name, NOTHING))))
    }
}

/// What somebody reads, without the numbers they asked for.
fn words(told: &Told) -> String {
    told.body.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Held by one account alone: everybody else is told that nothing is there.
fn is_ones_own(path: &str) -> bool {
    path.starts_with("/apply/for/") || path.starts_with("/conference/tasks/")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_in_a_township_is_nothing_to_whoever_looks_from_outside() {
    let pages = Pages::open().await;
    let objects = Objects::of(&pages).await;
    let town = objects.town.clone();
    let beside = match town.as_str() {
        "990101001" => "990101002",
        _ => "990101001",
    };
    let routes: Vec<(Route, Right, String, String)> = server::routes()
        .iter()
        .filter_map(|route| {
            let Need::Right(right) = route.need else {
                return None;
            };
            let (real, nothing) = objects.fill(route.path)?;
            Some((*route, right, real, nothing))
        })
        .collect();
    assert!(routes.len() > 45, "{} routes name a thing", routes.len());
    let book = pages.staff.access.book();
    let roles: Vec<String> = book.roles().iter().map(|role| role.code.clone()).collect();
    let mut opened: BTreeSet<&str> = BTreeSet::new();
    let mut leaks: Vec<String> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, role) in roles.iter().enumerate() {
        for (kind, place) in PLACES {
            let place = match kind {
                "own" => town.as_str(),
                "sibling" => beside,
                _ => place,
            };
            let signed = pages
                .staff
                .enter(&format!("x{at}-{kind}"), role, place)
                .await;
            let inside = town.starts_with(place);
            for (route, right, real, nothing) in &routes {
                let form = || format!("form={}", signed.word);
                let rule = book.rule(*right).unwrap();
                let what = format!("{role} {kind} {} {real}", route.method);
                // Whoever keeps the minutes of a place may also write what came of its tasks.
                let keeps = book.allows(role, Right::CONFERENCE)
                    && route.path.starts_with("/conference/tasks/");
                let looks_in = inside && (keeps || !is_ones_own(route.path));
                // What those inside do to it is told by the tests of each act.
                if looks_in && route.method == "POST" {
                    continue;
                }
                let told = pages.ask(route.method, real, &signed.secret, form()).await;
                if !book.allows(role, *right) || (rule.reach == Reach::Whole && place != "990101") {
                    assert_eq!(told.status, 403, "{what}\n{}", told.body);
                    *seen.entry("403").or_default() += 1;
                } else if looks_in {
                    assert!(told.status < 500, "{what}\n{}", told.body);
                    // A person of a household is shown on its page.
                    if matches!(told.status, 200 | 303) {
                        opened.insert(route.path);
                        *seen.entry("200").or_default() += 1;
                    }
                } else if rule.reach == Reach::Area || is_ones_own(route.path) {
                    let absent = pages
                        .ask(route.method, nothing, &signed.secret, form())
                        .await;
                    let same = told.status == absent.status && words(&told) == words(&absent);
                    if !same || (route.method == "GET" && told.status != 404) {
                        leaks.push(format!("{what}: {} and {}", told.status, absent.status));
                    }
                    *seen.entry("nothing").or_default() += 1;
                }
            }
        }
    }
    assert!(
        seen["403"] > 500 && seen["nothing"] > 300 && seen["200"] > 50,
        "{seen:?}"
    );
    assert!(
        leaks.is_empty(),
        "told to whoever looks from outside:\n{}",
        leaks.join("\n")
    );
    // Every page of a thing was opened by somebody who may: the numbers are those of real things.
    let closed: Vec<&str> = routes
        .iter()
        .filter(|(route, ..)| route.method == "GET" && !is_ones_own(route.path))
        .map(|(route, ..)| route.path)
        .filter(|path| !opened.contains(path))
        .filter(|path| !NEEDS_MORE.contains(path))
        .collect();
    assert!(closed.is_empty(), "nobody opens {closed:?}");
}

/// Pages that want more than the thing itself: a letter that was written, an answer that was wrong, money, another
/// person who agrees.
const NEEDS_MORE: [&str; 8] = [
    "/crisis/{no}/letters/{title}",
    "/case/{no}/letters/{title}",
    "/case/{no}/letters/{title}/pdf",
    "/verify/{no}/files/{file}",
    "/verify/{no}/files/{file}/errors.xlsx",
    "/verify/{no}/request/{source}",
    "/api/v1/verifications/{no}/requests/{source}",
    "/verify/reports/{report}/pdf",
];

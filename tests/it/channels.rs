//! By whatever channel somebody comes, on both databases: one ticket, one queue, one receipt; what the rules find
//! is confirmed by a person and pushed to departments; departments look up before help of their own. And what
//! follows from who may do what: a village helps and does not decide, a provider reports and does not decide.

mod found;
mod rights;
mod stays;

use crate::county::{County, Faults};
use crate::postgres;
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use office::casework::CaseError;
use office::channels::ABOUT_CHILD;
use office::channels::tickets::{self, TicketForm};
use office::desk::Desk;
use office::views::{ProgrammeFilter, Standing, Views};
use office::{Database, Office};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tower::ServiceExt;

const COUNTY: &str = "990101";
const TOWN: &str = "990101001";
const VILLAGE: &str = "990101001001";

struct Place {
    office: Arc<Office>,
    views: Arc<dyn Views>,
    staff: Staff,
    router: Router,
    county: County,
}

struct Told {
    status: u16,
    body: String,
}

impl Place {
    async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        let setting = crate::county::setting(
            &county.folder.path().join("data"),
            database,
            "2026-09-14T09:00",
        );
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        Self {
            router: staff.router_of(&views),
            office,
            views,
            staff,
            county,
        }
    }

    /// The demo's own accounts, which belong to the demo's organisations.
    async fn demo(&self, logins: &[&str]) -> BTreeMap<String, Signed> {
        let made = self.staff.access.make_demo_accounts().await.unwrap();
        let mut out = BTreeMap::new();
        for one in made
            .iter()
            .filter(|one| logins.contains(&one.login.as_str()))
        {
            let access = &self.staff.access;
            let begun = access
                .sign_in(&one.login, one.password.tell(), "here", "test")
                .await;
            let secret = begun.unwrap().secret.text();
            let visitor = self.staff.visitor(&secret).await.unwrap();
            let signed = Signed {
                who: visitor.acting,
                secret,
                word: visitor.form_word,
            };
            out.insert(one.login.clone(), signed);
        }
        out
    }

    /// The names of the last acts in the chain.
    async fn acts(&self) -> BTreeSet<String> {
        let tx = self.office.begin().await.unwrap();
        let all = store::audit::About::Everything;
        let entries = store::audit::list(&tx, &all, i64::MAX, 200).await.unwrap();
        entries.into_iter().map(|entry| entry.act).collect()
    }

    async fn ask(
        &self,
        who: Option<&Signed>,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Told {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("form", who.map_or("", |who| &who.word));
        body.extend_pairs(fields);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(
                "cookie",
                who.map_or(String::new(), |who| format!("doudi_session={}", who.secret)),
            )
            .body(Body::from(body.finish()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Told {
            status: parts.status.as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

async fn on_both(test: impl AsyncFn(Place)) {
    test(Place::open(Database::Sqlite).await).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Place::open(Database::Postgres { address }).await).await;
    }
}

fn between<'a>(body: &'a str, from: &str, to: &str) -> &'a str {
    let rest = body.split(from).nth(1).unwrap_or_default();
    rest.split(to).next().unwrap_or_default()
}

fn form(key: &str) -> TicketForm {
    TicketForm {
        form_key: key.to_owned(),
        channel: "hotline".to_owned(),
        line: "12349 民政服务热线".to_owned(),
        area: VILLAGE.to_owned(),
        text: "说了一件事".to_owned(),
        ..TicketForm::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_by_telephone_from_the_web_and_a_board_and_a_call_for_help_stand_in_one_queue() {
    on_both(async |place: Place| {
        let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
        let chen = place.staff.enter("chen", "县级审核", COUNTY).await;
        let call = [
            ("form_key", "call-1"),
            ("channel", "hotline"),
            ("line", "社会救助热线"),
            ("kind", "complaint"),
            ("area", VILLAGE),
            ("text", "电话里投诉窗口推诿"),
            ("reporter", "赵来电"),
            ("phone", "19900000051"),
        ];
        let told = place.ask(Some(&wang), "POST", "/tickets/new", &call).await;
        assert!(
            told.status == 200 && told.body.contains("回执"),
            "{}",
            told.body
        );
        for (key, from) in [("web-1", "web"), ("board-1", "board")] {
            let report = [
                ("form_key", key),
                ("channel", from),
                ("kind", "complaint"),
                ("area", VILLAGE),
                ("text", "网上投诉发放不公"),
            ];
            let told = place.ask(None, "POST", "/report", &report).await;
            assert!(
                told.status == 200 && told.body.contains("回执"),
                "{}",
                told.body
            );
        }
        let sos = [
            ("form_key", "sos-1"),
            ("name", "钱求助"),
            ("phone", "19900000052"),
            ("area", VILLAGE),
            ("need", "断粮两天"),
        ];
        let told = place.ask(None, "POST", "/sos", &sos).await;
        assert_eq!(told.status, 303, "{}", told.body);
        let queue = tickets::queue(&place.office, &chen.who).await.unwrap().open;
        let seen: Vec<(&str, &str, bool, bool)> = queue
            .iter()
            .map(|row| {
                (
                    row.channel.as_str(),
                    row.kind.as_str(),
                    row.anonymous,
                    row.urgent,
                )
            })
            .collect();
        let complaint = "投诉、举报";
        assert_eq!(
            seen,
            [
                ("网站", "生活困难,需要帮助", false, true),
                ("热线 12349 民政服务热线", complaint, false, false),
                ("网站", complaint, true, false),
                ("公告栏扫码", complaint, true, false),
            ]
        );
        // The page shows the same, and neither a telephone nor a name in full.
        let page = place.ask(Some(&chen), "GET", "/tickets", &[]).await;
        assert!(
            page.body.contains("公告栏扫码") && page.body.contains("匿名"),
            "{}",
            page.body
        );
        let one = place
            .ask(
                Some(&wang),
                "GET",
                &format!("/tickets/{}", queue[1].no),
                &[],
            )
            .await;
        assert!(
            one.body.contains("赵*电") && !one.body.contains("赵来电"),
            "{}",
            one.body
        );
        // wang does not handle complaints: the telephone is for whoever does, and what others complain of, which
        // may be wang, is not for wang to read.
        assert!(!one.body.contains("19900000051"), "{}", one.body);
        let seen = async |who: &Signed, no: i64| {
            let path = format!("/tickets/{no}");
            place.ask(Some(who), "GET", &path, &[]).await.body
        };
        assert!(seen(&chen, queue[1].no).await.contains("19900000051"));
        let words = "网上投诉发放不公";
        assert!(seen(&chen, queue[2].no).await.contains(words));
        assert!(!seen(&wang, queue[2].no).await.contains(words));
        // The words of a call for help stay on its own page.
        assert!(!seen(&wang, queue[0].no).await.contains("断粮"));
        // The call for help is answered on its own page and leaves the queue with it.
        let help = [("act", "help"), ("no", "1"), ("text", "已送去米面")];
        let told = place.ask(Some(&wang), "POST", "/residents", &help).await;
        assert_eq!(told.status, 303, "{}", told.body);
        let left = tickets::queue(&place.office, &chen.who).await.unwrap();
        assert_eq!((left.open.len(), left.answered.len()), (3, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_about_a_child_goes_to_child_welfare_whatever_line_it_came_on() {
    on_both(async |place: Place| {
        let chen = place.staff.enter("chen", "县级审核", COUNTY).await;
        let desk_of = async |form: TicketForm| {
            let taken = tickets::take(&place.office, &chen.who, &form)
                .await
                .unwrap();
            let view = tickets::ticket(&place.office, &chen.who, taken.no)
                .await
                .unwrap();
            (view.line.desk, view.line.channel)
        };
        let elder = TicketForm {
            line: "养老服务热线".to_owned(),
            ..form("elder")
        };
        let merged = "热线 12349 民政服务热线".to_owned();
        assert_eq!(
            desk_of(elder.clone()).await,
            ("养老服务".to_owned(), merged.clone())
        );
        let child = TicketForm {
            form_key: "child".to_owned(),
            about: ABOUT_CHILD.to_owned(),
            ..elder.clone()
        };
        assert_eq!(
            desk_of(child).await,
            ("儿童福利".to_owned(), merged.clone())
        );
        // Nobody said so, but the register knows how old they are.
        let register = place.county.feed("2026-08", "register");
        let people = register.columns(["姓名", "身份证号", "出生日期", "登记状态"]);
        let of = |from: &str, to: &str| {
            let mut found = people.iter().filter(|[_, number, birth, state]| {
                number.len() == 18 && *birth > from && *birth < to && *state == "在册"
            });
            found.next().copied().unwrap()
        };
        for (key, from, to, desk) in [
            ("minor", "2010", "2020", "儿童福利"),
            ("old", "1935", "1955", "养老服务"),
            ("between", "1975", "1990", "社会救助窗口"),
        ] {
            let [name, number, ..] = of(from, to);
            let known = TicketForm {
                kind: "help".to_owned(),
                name: name.to_owned(),
                number: number.to_owned(),
                ..form(key)
            };
            assert_eq!(desk_of(known).await.0, desk, "{key}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tells_without_a_name_gets_a_receipt_and_the_answer_and_wrong_receipts_are_told_alike()
 {
    on_both(async |place: Place| {
        let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
        let wang2 = place.staff.enter("wang2", "窗口经办", "990101002").await;
        let report = [
            ("form_key", "nobody-1"),
            ("channel", "web"),
            ("kind", "help"),
            ("area", VILLAGE),
            ("text", "隔壁老人好几天没有开门"),
        ];
        let told = place.ask(None, "POST", "/report", &report).await;
        let receipt = between(&told.body, "回执 <b>", "</b>").to_owned();
        assert_eq!(receipt.len(), 19, "{}", told.body);
        let again = place.ask(None, "POST", "/report", &report).await;
        assert!(
            again.status == 200 && !again.body.contains(&receipt),
            "told twice"
        );
        let numbered = [("text", "他的号码是990101195403121282")];
        let leaks: Vec<_> = report[..4].iter().chain(&numbered).copied().collect();
        let leaks: Vec<_> = [("form_key", "nobody-2")]
            .into_iter()
            .chain(leaks[1..].iter().copied())
            .collect();
        assert_eq!(place.ask(None, "POST", "/report", &leaks).await.status, 422);

        let look = async |receipt: &str| {
            place
                .ask(None, "GET", &format!("/report/{receipt}"), &[])
                .await
        };
        let open = look(&receipt).await;
        assert!(
            open.status == 200 && open.body.contains("待办"),
            "{}",
            open.body
        );
        assert!(!open.body.contains("隔壁老人") && !open.body.contains(&receipt));
        let none = look("2222-2222-2222-2222").await;
        assert_eq!(none.status, 404);
        for wrong in [
            "x",
            "2222-2222-2222-2223",
            "status-of-somebody",
            "0000-0000-0000-0000",
        ] {
            let told = look(wrong).await;
            assert_eq!(
                (told.status, told.body),
                (404, none.body.clone()),
                "{wrong}"
            );
        }

        let queue = tickets::queue(&place.office, &wang.who).await.unwrap().open;
        assert_eq!(
            (queue.len(), queue[0].anonymous, queue[0].mine),
            (1, true, true)
        );
        let no = queue[0].no;
        let elsewhere = tickets::ticket(&place.office, &wang2.who, no).await;
        assert!(
            matches!(elsewhere, Err(CaseError::NotFound(_))),
            "{elsewhere:?}"
        );
        let early = tickets::close(&place.office, &wang.who, no).await;
        assert!(
            matches!(early, Err(CaseError::Refused(_))),
            "closed without an answer"
        );
        let path = format!("/tickets/{no}");
        let act =
            async |fields: &[(&str, &str)]| place.ask(Some(&wang), "POST", &path, fields).await;
        let answered = act(&[("act", "answer"), ("text", "已上门,老人住院,已联系家属")]).await;
        assert_eq!(answered.status, 303, "{}", answered.body);
        assert!(look(&receipt).await.body.contains("已上门,老人住院"));
        assert_eq!(act(&[("act", "close")]).await.status, 303);
        // Typed in small letters without strokes, by the form that keeps it out of the address.
        let typed = receipt.replace('-', " ").to_lowercase();
        let told = place
            .ask(None, "POST", "/report/status", &[("receipt", &typed)])
            .await;
        assert!(
            told.status == 200 && told.body.contains("已办结"),
            "{}",
            told.body
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_handed_on_without_more_days_and_becomes_a_clue_by_caseworks_door() {
    on_both(async |place: Place| {
        let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
        let chen = place.staff.enter("chen", "县级审核", COUNTY).await;
        let register = place.county.feed("2026-08", "register");
        let people = register.columns(["姓名", "身份证号", "居住地区", "登记状态"]);
        let mut here = people.into_iter().filter(|[_, number, area, state]| {
            number.len() == 18 && area.starts_with(TOWN) && *state == "在册"
        });
        let [name, number, ..] = here.next().unwrap();
        let help = TicketForm {
            kind: "policy".to_owned(),
            ..form("policy")
        };
        let taken = tickets::take(&place.office, &wang.who, &help)
            .await
            .unwrap();
        let before = tickets::ticket(&place.office, &wang.who, taken.no)
            .await
            .unwrap()
            .line;
        let on = ("complaint", "", "说的是发放不公");
        tickets::refer(&place.office, &wang.who, taken.no, on)
            .await
            .unwrap();
        let after = tickets::ticket(&place.office, &chen.who, taken.no)
            .await
            .unwrap()
            .line;
        assert_eq!((after.desk.as_str(), &after.due), ("监督投诉", &before.due));
        // It is no longer wang's.
        let told = tickets::answer(&place.office, &wang.who, taken.no, "好").await;
        assert!(matches!(told, Err(CaseError::Forbidden(_))), "{told:?}");

        let hard = TicketForm {
            kind: "help".to_owned(),
            ..form("hard")
        };
        let hard = tickets::take(&place.office, &wang.who, &hard)
            .await
            .unwrap();
        let who = (name, number);
        let clue = tickets::to_clue(&place.office, &wang.who, hard.no, who)
            .await
            .unwrap();
        let again = tickets::to_clue(&place.office, &wang.who, hard.no, who)
            .await
            .unwrap();
        assert_eq!(clue, again, "a second clue of one person");
        let open = office::casework::open_clues(&place.office, &wang.who)
            .await
            .unwrap();
        assert!(open.iter().any(|one| one.no == clue));
        // The ticket leads on to the application, which is taken in where every clue is.
        let path = format!("/tickets/{}", hard.no);
        let page = place.ask(Some(&wang), "GET", &path, &[]).await;
        let on = format!("/accept?cause=clue&amp;cause_id={clue}");
        assert!(page.body.contains(&on), "{}", page.body);
        let acts = place.acts().await;
        let told = ["ticket.take", "ticket.refer", "ticket.link", "clue.report"];
        assert!(told.iter().all(|act| acts.contains(*act)), "{acts:?}");
    })
    .await;
}

impl Place {
    /// Households of the township that are entitled to something or are on a roll, by number.
    async fn office_homes(&self) -> Vec<i64> {
        let chen = self.staff.enter("finder", "县级审核", COUNTY).await;
        let mut out = BTreeSet::new();
        for programme in ["dibao", "edge", "rigid_expenditure"] {
            for standing in [Standing::Entitled, Standing::OnRoll, Standing::Unsettled] {
                let filter = ProgrammeFilter {
                    programme: programme.to_owned(),
                    month: None,
                    standing,
                    township: None,
                    cursor: None,
                };
                let list = self.views.programme(&chen.who, filter).await.unwrap();
                for row in &list.page.rows {
                    if let office::views::Behind::Household(id) = row.about {
                        out.insert(id);
                    }
                }
            }
        }
        assert!(!out.is_empty(), "no household to look at");
        out.into_iter().collect()
    }
}

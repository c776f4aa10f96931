//! Residents' own pages through the server's own routes, without JavaScript.

mod applied;
mod child;
mod explained;
mod helped;
mod paperless;
mod pictures;
mod unknown;

use crate::browse::hidden;
use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use office::Office;
use office::portal;
use std::sync::Arc;
use tower::ServiceExt;

/// The township of the clerk, and a village of it.
const TOWN: &str = "990101001";
const VILLAGE: &str = "990101001001";

struct Place {
    office: Arc<Office>,
    staff: Staff,
    router: Router,
    county: County,
}

struct Told {
    status: u16,
    place: String,
    cookie: String,
    body: String,
}

/// A resident's browser.
#[derive(Clone, Default)]
struct Phone {
    cookie: String,
    word: String,
}

impl Place {
    async fn open() -> Self {
        let county = County::new(Faults::None);
        let office = Arc::new(county.judged(county.setting("data")).await);
        let staff = Staff::of(&office, "990101").await;
        Self::of(county, office, staff).await
    }

    async fn of(county: County, office: Arc<Office>, staff: Staff) -> Self {
        let router = staff.router(&office).await;
        Self {
            router,
            office,
            staff,
            county,
        }
    }

    async fn send(&self, request: Request<Body>) -> Told {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let head = |name: &str| {
            let found = parts.headers.get(name);
            found.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        Told {
            status: parts.status.as_u16(),
            place: head("location"),
            cookie: head("set-cookie"),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn ask(&self, cookie: &str, method: &str, path: &str, body: String) -> Told {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    async fn see(&self, phone: &Phone, path: &str) -> Told {
        self.ask(&phone.cookie, "GET", path, String::new()).await
    }

    async fn post(&self, phone: &Phone, path: &str, fields: &[(&str, &str)]) -> Told {
        self.ask(&phone.cookie, "POST", path, coded(&phone.word, fields))
            .await
    }

    async fn staff_post(&self, who: &Signed, path: &str, fields: &[(&str, &str)]) -> Told {
        let cookie = format!("doudi_session={}", who.secret);
        self.ask(&cookie, "POST", path, coded(&who.word, fields))
            .await
    }

    async fn staff_see(&self, who: &Signed, path: &str) -> Told {
        let cookie = format!("doudi_session={}", who.secret);
        self.ask(&cookie, "GET", path, String::new()).await
    }

    /// The newest message of the demo's gateway.
    async fn message(&self) -> String {
        let sent = portal::demo::outbox(&self.staff.access).await.unwrap();
        sent[0].body.clone()
    }

    /// Somebody signed in by a code sent to their telephone.
    async fn enter(&self, phone: &str) -> Phone {
        let nobody = Phone::default();
        let sent = self
            .post(&nobody, "/my/sign-in", &[("phone", phone), ("go", "send")])
            .await;
        assert_eq!(sent.status, 200, "{}", sent.body);
        let code = code_of(&self.message().await);
        let fields = [("phone", phone), ("code", code.as_str()), ("go", "enter")];
        let told = self.post(&nobody, "/my/sign-in", &fields).await;
        assert_eq!(
            (told.status, told.place.as_str()),
            (303, "/my"),
            "{}",
            told.body
        );
        let cookie = told.cookie.split(';').next().unwrap().to_owned();
        let mut phone = Phone {
            cookie,
            word: String::new(),
        };
        let my = self.see(&phone, "/my").await;
        phone.word = hidden(&my.body, "form");
        assert_eq!(phone.word.len(), 64, "{}", my.body);
        phone
    }

    /// Grown-up heads of households of the village who are on no roll: name and number.
    fn heads(&self) -> Vec<[String; 2]> {
        let heads = self.county.heads(TOWN).into_iter();
        heads.map(|[name, number, _]| [name, number]).collect()
    }

    /// A head who is on no roll, and the grown-up who lives with them alone: name and number of each.
    fn couple(&self) -> [[String; 2]; 2] {
        let register = self.county.feed("2026-08", "register");
        let columns = [
            "姓名",
            "身份证号",
            "户号",
            "与户主关系",
            "登记状态",
            "出生日期",
        ];
        let rows = register.columns(columns);
        for head in self.heads() {
            let book = rows.iter().find(|row| row[1] == head[1]).unwrap()[2];
            if rows.iter().filter(|row| row[2] == book).count() != 2 {
                continue;
            }
            let other = rows
                .iter()
                .find(|[_, number, home, relation, state, birth]| {
                    *home == book
                        && *relation != "户主"
                        && *state == "在册"
                        && number.len() == 18
                        && *birth < "1990"
                });
            if let Some([name, number, ..]) = other {
                return [head, [(*name).to_owned(), (*number).to_owned()]];
            }
        }
        panic!("nobody lives with somebody")
    }

    /// An account bound to somebody, by an official who saw the card.
    async fn bound(&self, wang: &Signed, phone: &str, [name, number]: &[String; 2]) -> Phone {
        let own = self.enter(phone).await;
        let fields = [
            ("name", name.as_str()),
            ("number", number.as_str()),
            ("area", VILLAGE),
        ];
        let told = self.post(&own, "/my/who", &fields).await;
        assert_eq!(
            (told.status, told.place.as_str()),
            (303, "/my"),
            "{}",
            told.body
        );
        let desk = self.staff_see(wang, "/residents").await;
        assert!(!desk.body.contains(number.as_str()), "{}", desk.body);
        let no = field_of_form(&desk.body, "act\" value=\"claim\"");
        let wrong = [
            ("act", "claim"),
            ("no", no.as_str()),
            ("text", "990101195403121282"),
        ];
        assert_eq!(
            self.staff_post(wang, "/residents", &wrong).await.status,
            422
        );
        // The card alone does not do: a code read out from the account's own telephone as well.
        let card = [
            ("act", "claim"),
            ("no", no.as_str()),
            ("text", number.as_str()),
        ];
        let done = self.staff_post(wang, "/residents", &card).await;
        assert_eq!(done.status, 422, "{}", done.body);
        let mask = format!("{}****{}", &phone[..3], &phone[7..]);
        assert!(done.body.contains(&mask), "{}", done.body);
        let ask = [("act", "claim-code"), ("no", no.as_str())];
        let asked = self.staff_post(wang, "/residents", &ask).await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        let code = code_of(&self.message().await);
        let right = [card[0], card[1], card[2], ("code", code.as_str())];
        let done = self.staff_post(wang, "/residents", &right).await;
        assert_eq!(done.status, 303, "{}", done.body);
        own
    }
}

fn coded(word: &str, fields: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("form", word);
    for (name, value) in fields {
        body.append_pair(name, value);
    }
    body.finish()
}

/// The number in the form in which a button stands.
fn field_of_form(body: &str, button: &str) -> String {
    let form = body.split("<form").find(|form| form.contains(button));
    hidden(form.unwrap_or_else(|| panic!("no {button}: {body}")), "no")
}

/// The six digits of a message.
fn code_of(message: &str) -> String {
    let digits: Vec<String> = message
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() == 6)
        .map(str::to_owned)
        .collect();
    digits[0].clone()
}

/// A small picture that is one.
fn picture() -> Vec<u8> {
    include_bytes!("portal/paper.jpg").to_vec()
}

async fn upload(place: &Place, own: &Phone, path: &str, field: (&str, &str), file: &[u8]) -> Told {
    upload_with(place, own, path, &[field], file).await
}

async fn upload_with(
    place: &Place,
    own: &Phone,
    path: &str,
    fields: &[(&str, &str)],
    file: &[u8],
) -> Told {
    let edge = "----edge";
    let mut body = Vec::new();
    let form = [("form", own.word.as_str())];
    for (name, value) in form.iter().chain(fields) {
        body.extend(
            format!(
                "--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .into_bytes(),
        );
    }
    let head = format!(
        "--{edge}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(file);
    body.extend(format!("\r\n--{edge}--\r\n").into_bytes());
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("host", "127.0.0.1:8642")
        .header("sec-fetch-site", "same-origin")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={edge}"),
        )
        .header("content-length", body.len())
        .header("cookie", &own.cookie)
        .body(Body::from(body))
        .unwrap();
    place.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_sought_without_signing_in_and_a_neighbour_applies_for_somebody() {
    let place = Place::open().await;
    let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
    let li = place.staff.enter("li", "网格员", TOWN).await;
    let nobody = Phone::default();
    let page = place.see(&nobody, "/sos").await;
    let key = hidden(&page.body, "form_key");
    let form = [
        ("form_key", key.as_str()),
        ("name", "赵求助"),
        ("phone", "19900000041"),
        ("area", VILLAGE),
        ("need", "家里断粮两天"),
    ];
    let short = place.post(&nobody, "/sos", &form[..3]).await;
    assert!(
        short.status == 422 && short.body.contains("请选在哪个村"),
        "{}",
        short.body
    );
    let one = place.post(&nobody, "/sos", &form).await;
    let two = place.post(&nobody, "/sos", &form).await;
    assert_eq!((one.status, &one.place), (303, &two.place), "{}", one.body);
    assert!(
        place
            .staff_see(&wang, "/inbox")
            .await
            .body
            .contains("1 人登记求助")
    );
    let desk = place.staff_see(&wang, "/residents").await;
    assert!(
        desk.body.contains("赵*助") && desk.body.contains("家里断粮两天"),
        "{}",
        desk.body
    );
    // A worker fills the same questions in; without the person's own assent nothing is sent.
    let begun = place.staff_post(&li, "/apply/for", &[]).await;
    let base = begun.place.strip_suffix("/what").unwrap().to_owned();
    let [name, number] = &place.heads()[2];
    let answers: [(&str, Vec<(&str, &str)>); 2] = [
        ("what", vec![("programme", "dibao")]),
        (
            "who",
            vec![("name", name), ("number", number), ("area", VILLAGE)],
        ),
    ];
    let mut at = String::new();
    for (step, fields) in &answers {
        let told = place
            .staff_post(&li, &format!("{base}/{step}"), fields)
            .await;
        assert_eq!(told.status, 303, "{step}: {}", told.body);
        at = told.place;
    }
    let phone = "19900000042";
    place
        .bound(&wang, phone, &[name.clone(), number.clone()])
        .await;
    for _ in 0..60 {
        let step = at.rsplit('/').next().unwrap().to_owned();
        if step == "check" {
            break;
        }
        let code;
        let fields: Vec<(&str, &str)> = match step.as_str() {
            "family" => vec![],
            "member" => vec![("more", "no")],
            "consent" => vec![("agree", "yes")],
            "assent" => {
                // Another's telephone proves nothing.
                let ask = [("phone", "19900000043"), ("go", "code")];
                let asked = place.staff_post(&li, &at, &ask).await;
                assert!(asked.body.contains("不是登记里本人的"), "{}", asked.body);
                let ask = [("phone", phone), ("go", "code")];
                let asked = place.staff_post(&li, &at, &ask).await;
                assert!(asked.body.contains("验证码已发到"), "{}", asked.body);
                code = code_of(&place.message().await);
                vec![("phone", phone), ("code", code.as_str()), ("go", "next")]
            }
            step if step.starts_with("paper-") => vec![("later", "later")],
            _ => vec![("answer", "？"), ("unsure", "？")],
        };
        let told = place.staff_post(&li, &at, &fields).await;
        assert_eq!(told.status, 303, "{at}: {}", told.body);
        at = told.place;
    }
    let check = place.staff_see(&li, &at).await;
    let (draft, key) = (
        hidden(&check.body, "draft"),
        hidden(&check.body, "form_key"),
    );
    let form = [("draft", draft.as_str()), ("form_key", key.as_str())];
    let sent = place.staff_post(&li, &format!("{base}/send"), &form).await;
    assert!(sent.body.contains("办件编号"), "{}", sent.body);
    // Who helped is named, and the case says that it came by a helper.
    let case = place.staff_see(&wang, "/case/1").await;
    assert!(
        case.body.contains("代办") && case.body.contains("li"),
        "{}",
        case.body
    );
    assert!(place.office.clock().minute().starts_with("2026-09-14"));
}

//! The interface for programs: an application taken once, a step done once, a department's answers; and a token
//! that reaches no further than it was made to, and ends when it should.

use crate::county::{County, Faults};
use crate::staff::Staff;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::CaseNo;
use http_body_util::BodyExt;
use office::access::{AccessError, By, NewAccount, NewToken};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;

/// The township of the window.
const TOWN: &str = "990101001";
const COUNTY: &str = "990101";

struct Programs {
    county: County,
    staff: Staff,
    router: Router,
}

struct Told {
    status: u16,
    kind: String,
    body: Value,
}

impl Programs {
    async fn open() -> Self {
        let county = County::new(Faults::None);
        let office = Arc::new(county.judged(county.setting("data")).await);
        let staff = Staff::of(&office, COUNTY).await;
        let router = staff.router(&office).await;
        Self {
            router,
            county,
            staff,
        }
    }

    /// An account of a program with roles over a place.
    async fn account(&self, login: &str, roles: &[&str], area: &str) {
        let new = NewAccount {
            login: login.to_owned(),
            name: format!("{login}系统"),
            organisation: "bureau".to_owned(),
        };
        let access = &self.staff.access;
        access.add_service(By::Machine, &new).await.unwrap();
        for role in roles {
            self.staff.give(login, role, area).await;
        }
    }

    async fn token(&self, login: &str, rights: &[&str], area: &str) -> Result<String, AccessError> {
        let new = NewToken {
            login: login.to_owned(),
            label: "对接".to_owned(),
            rights: rights.iter().map(|right| (*right).to_owned()).collect(),
            area: area.to_owned(),
            days: Some(1),
            because: "测试".to_owned(),
        };
        let made = self.staff.access.make_token(By::Machine, &new).await?;
        Ok(made.secret.text())
    }

    async fn get(&self, token: &str, path: &str) -> Told {
        self.send("GET", token, path, &[], String::new()).await
    }

    async fn post(&self, token: &str, path: &str, once: Option<&str>, body: &Value) -> Told {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(once.map(|word| ("idempotency-key", word)));
        self.send("POST", token, path, &headers, body.to_string())
            .await
    }

    async fn send(
        &self,
        method: &str,
        token: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Told {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let kind = parts.headers.get("content-type");
        Told {
            status: parts.status.as_u16(),
            kind: kind.map_or("", |kind| kind.to_str().unwrap()).to_owned(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// A head of a household of the town that nobody helps yet: name and number.
    fn head(&self, at: usize) -> [String; 2] {
        let [name, number, _] = self.county.heads(TOWN).swap_remove(at);
        [name, number]
    }
}

fn application([name, number]: &[String; 2]) -> Value {
    json!({
        "cause": "apply",
        "applicant": { "name": name, "id_number": number },
        "programmes": ["dibao"],
        "papers": [
            { "name": "申请书", "state": "given" },
            { "name": "授权核对委托书", "state": "given" },
            { "name": "身份证件", "state": "later", "because": "补办中" },
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_taken_once_and_a_step_is_done_once_however_often_they_are_sent() {
    let programs = Programs::open().await;
    programs.account("desk", &["窗口经办"], TOWN).await;
    let rights = ["case.view", "case.accept", "case.handle"];
    let token = programs.token("desk", &rights, TOWN).await.unwrap();
    let who = programs.head(0);
    let form = application(&who);
    let take = async |once: Option<&str>, form: &Value| {
        programs
            .post(&token, "/api/v1/applications", once, form)
            .await
    };
    assert_eq!(take(None, &form).await.status, 400);
    let first = take(Some("form-0000-1"), &form).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = take(Some("form-0000-1"), &form).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = take(Some("form-0000-1"), &application(&programs.head(1))).await;
    assert_eq!(
        (other.status, other.body["field"].as_str()),
        (422, Some("idempotency-key"))
    );
    // Another word for somebody whose case is open makes no second one.
    let joined = take(Some("form-0000-2"), &form).await;
    assert_eq!(joined.status, 422, "{}", joined.body);
    let wrong = json!({ "cause": "apply", "applicant": { "name": who[0], "id_number": "11010519491231002X" },
        "members": [{ "name": "张三", "id_number": "110105194912310021", "relation": "表亲" }], "programmes": ["dibao"] });
    let wrong = take(Some("form-0000-3"), &wrong).await;
    assert_eq!(
        (wrong.status, wrong.kind.as_str()),
        (422, "application/problem+json")
    );
    assert!(
        !wrong.body.to_string().contains("110105194912310021"),
        "{}",
        wrong.body
    );

    let no = first.body["cases"][0].as_i64().unwrap();
    let case = programs.get(&token, &format!("/api/v1/cases/{no}")).await;
    assert_eq!(case.status, 200);
    assert!(!case.body.to_string().contains(&who[0]) && !case.body.to_string().contains(&who[1]));
    let seq = case.body["case"]["seq"].as_i64().unwrap();
    let step = case.body["case"]["step"].as_str().unwrap().to_owned();
    let completions = format!("/api/v1/cases/{no}/completions");
    let done = json!({ "seq": seq, "step": step });
    let first = programs.post(&token, &completions, None, &done).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = programs.post(&token, &completions, None, &done).await;
    assert_eq!(
        (again.status, again.body["field"].as_str()),
        (409, Some("/seq"))
    );
    let strange = json!({ "seq": seq + 1, "step": "没有这一步" });
    assert_eq!(
        programs
            .post(&token, &completions, None, &strange)
            .await
            .status,
        409
    );

    let accepted = json!({ "seq": seq + 1, "step": "受理" });
    let told = programs.post(&token, &completions, None, &accepted).await;
    assert_eq!(told.status, 201, "{}", told.body);
    let due = programs
        .get(&token, &format!("/api/v1/cases/{no}/deadlines"))
        .await;
    let law = due.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["due"] == "2026-10-30");
    let skipped = law.unwrap()["skipped"].as_array().unwrap();
    assert!(skipped.contains(&json!("2026-10-01")), "{}", due.body);
    let timeline = programs
        .get(&token, &format!("/api/v1/cases/{no}/timeline"))
        .await;
    let rows = timeline.body["rows"].as_array().unwrap();
    let by: BTreeSet<&str> = rows.iter().map(|row| row["by"].as_str().unwrap()).collect();
    assert_eq!((rows.len(), by), (3, BTreeSet::from(["desk"])));
    let open = programs
        .get(&token, "/api/v1/cases?state=open&programme=dibao&limit=1")
        .await;
    assert_eq!(open.body["rows"][0]["no"], no);
    verified(&programs, &token, (no, seq + 2)).await;
    let none = programs.get(&token, "/api/v1/cases?state=closed").await;
    assert_eq!(
        (
            none.body["rows"].as_array().unwrap().len(),
            &none.body["next"]
        ),
        (0, &Value::Null)
    );
}

/// Two of the town who live together: who applies, and somebody else grown up with a number of their own.
fn two_of_a_home(programs: &Programs) -> [[String; 2]; 2] {
    let register = programs.county.feed("2026-08", "register");
    let columns = ["姓名", "身份证号", "户号", "与户主关系", "登记状态"];
    let rows = register.columns(columns);
    for [name, number, book] in programs.county.heads(TOWN) {
        let spouse = rows.iter().find(|[_, other, of, relation, state]| {
            *of == book && *relation == "配偶" && *state == "在册" && other.len() == 18
        });
        if let Some([other, id, ..]) = spouse {
            let other = [(*other).to_owned(), (*id).to_owned()];
            return [[name, number], other];
        }
    }
    panic!("nobody of the town lives with a spouse")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_for_one_person_names_whom_it_is_for_masked_in_the_case_and_in_the_results() {
    let programs = Programs::open().await;
    programs.account("desk", &["窗口经办"], TOWN).await;
    let rights = ["case.view", "case.accept", "household.view"];
    let token = programs.token("desk", &rights, TOWN).await.unwrap();
    let [who, other] = two_of_a_home(&programs);
    let form = |programme: &str, member: i64| {
        json!({
            "cause": "apply",
            "applicant": { "name": who[0], "id_number": who[1] },
            "members": [{ "name": other[0], "id_number": other[1], "relation": "配偶" }],
            "programmes": ["disability_living", "dibao"],
            "whom": [{ "programme": programme, "member": member }],
            "papers": [],
        })
    };
    let send = async |once: &str, body: &Value| {
        programs
            .post(&token, "/api/v1/applications", Some(once), body)
            .await
    };
    for (once, programme, member) in [
        ("whom-0001", "disability_living", 2),
        ("whom-0002", "tekun", 1),
    ] {
        let wrong = send(once, &form(programme, member)).await;
        let field = wrong.body["field"].as_str();
        assert_eq!(
            (wrong.status, field),
            (422, Some("/whom/0")),
            "{}",
            wrong.body
        );
    }
    let taken = send("whom-0003", &form("disability_living", 1)).await;
    assert_eq!(taken.status, 201, "{}", taken.body);
    let mut seen = BTreeSet::new();
    let mut home = 0;
    for no in taken.body["cases"].as_array().unwrap() {
        let case = programs.get(&token, &format!("/api/v1/cases/{no}")).await;
        let line = &case.body["case"];
        let said = case.body.to_string();
        assert!(
            !said.contains(&other[1]) && !said.contains(&other[0]),
            "{said}"
        );
        home = line["household"].as_i64().unwrap();
        let person = line["person"].as_i64();
        match line["programme"].as_str().unwrap() {
            "dibao" => assert_eq!((person, line["subject"].as_str()), (None, Some("全户"))),
            _ => {
                assert!(line["subject"].as_str().unwrap().contains('*'), "{line}");
                assert_ne!(line["subject"], line["applicant"], "{line}");
                seen.insert(person.unwrap());
            }
        }
    }
    assert_eq!(seen.len(), 1);
    let file = programs
        .get(&token, &format!("/api/v1/households/{home}"))
        .await;
    let members = file.body["members"].as_array().unwrap();
    let members: BTreeSet<i64> = members
        .iter()
        .map(|one| one["id"].as_i64().unwrap())
        .collect();
    assert!(members.is_superset(&seen), "{members:?} {seen:?}");
    let results = file.body["results"].as_array().unwrap();
    for one in results {
        let whole = one["subject"] == "全户";
        let person = one["person"].as_i64();
        assert_eq!(whole, person.is_none(), "{one}");
        assert!(
            person.is_none_or(|person| members.contains(&person)),
            "{one}"
        );
    }
    assert!(results.iter().any(|one| one["person"].is_i64()));
}

/// Questions go on their way when everybody signed, or by choice; a batch is opened once under its word.
async fn verified(programs: &Programs, token: &str, (no, seq): (i64, i64)) {
    let completions = format!("/api/v1/cases/{no}/completions");
    let start = json!({ "seq": seq, "step": "启动调查", "gave": "核对请求" });
    let unsigned = programs.post(token, &completions, None, &start).await;
    let said = unsigned.body["detail"].as_str().unwrap_or_default();
    assert!(
        unsigned.status == 422 && said.contains(&format!("/verify/consents/{no}")),
        "{}",
        unsigned.body
    );
    let mut rest = start.clone();
    rest["rest_first"] = json!(true);
    let started = programs.post(token, &completions, None, &rest).await;
    assert_eq!(started.status, 201, "{}", started.body);
    programs.account("check", &["核对员"], COUNTY).await;
    let rights = ["verification.handle", "verification.answer"];
    let check = programs.token("check", &rights, COUNTY).await.unwrap();
    let open = async |once: &str, rest: bool| {
        let form = json!({ "cases": [no], "rest_first": rest });
        let once = Some(once);
        programs
            .post(&check, "/api/v1/verifications", once, &form)
            .await
    };
    let nobody = open("batch-0001", true).await;
    assert_eq!(nobody.status, 422, "{}", nobody.body);
    let wang = programs.staff.enter("wang", "窗口经办", TOWN).await;
    let office = programs.staff.access.office();
    crate::found_out::signed(office, &wang.who, CaseNo::new(no)).await;
    let opened = open("batch-0002", false).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    assert_eq!(opened.body["left_out"], 0);
    let again = open("batch-0002", false).await;
    assert_eq!((again.status, &again.body), (200, &opened.body));
    assert_eq!(open("batch-0002", true).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reaches_no_further_than_its_account_and_no_further_than_it_was_narrowed_to() {
    let programs = Programs::open().await;
    programs.account("desk", &["窗口经办"], COUNTY).await;
    let whole = programs
        .token("desk", &["case.view", "case.accept"], COUNTY)
        .await
        .unwrap();
    let narrow = programs
        .token("desk", &["case.view"], "990101002")
        .await
        .unwrap();
    let taken = programs
        .post(
            &whole,
            "/api/v1/applications",
            Some("form-0000-1"),
            &application(&programs.head(0)),
        )
        .await;
    assert_eq!(taken.status, 201, "{}", taken.body);
    let no = taken.body["cases"][0].as_i64().unwrap();
    assert_eq!(
        programs
            .get(&whole, &format!("/api/v1/cases/{no}"))
            .await
            .status,
        200
    );
    // In another township it is as if there were none: the same words as for a number nobody has.
    let foreign = programs.get(&narrow, &format!("/api/v1/cases/{no}")).await;
    let absent = programs.get(&narrow, "/api/v1/cases/888888").await;
    let plain = |told: &Told, no: i64| told.body.to_string().replace(&no.to_string(), "N");
    assert_eq!(
        (foreign.status, plain(&foreign, no)),
        (404, plain(&absent, 888_888))
    );
    let list = programs.get(&narrow, "/api/v1/cases").await;
    assert!(list.body["rows"].as_array().unwrap().is_empty());
    // A right of the role that the token was not given, and one of a role the account does not hold.
    for path in ["/api/v1/overview", "/api/v1/payments", "/api/v1/health"] {
        assert_eq!(programs.get(&whole, path).await.status, 403, "{path}");
    }
    for (rights, area) in [
        (vec!["decision.sign"], COUNTY),
        (vec!["payment.approve"], COUNTY),
        (vec!["case.view"], "9901"),
        (vec!["case.view"], "990102"),
        (vec!["no.such"], COUNTY),
        (vec![], COUNTY),
    ] {
        let refused = programs.token("desk", &rights, area).await;
        assert!(
            matches!(refused, Err(AccessError::Refused(_))),
            "{rights:?} {area}"
        );
    }
    // A person's account gets none, and a program's account opens no page.
    programs.staff.add("wang", "窗口经办", COUNTY).await;
    assert!(
        programs
            .token("wang", &["case.view"], COUNTY)
            .await
            .is_err()
    );
    let password = programs
        .staff
        .access
        .reset(By::Machine, "desk")
        .await
        .unwrap();
    let signed = programs
        .staff
        .access
        .sign_in("desk", password.tell(), "here", "test")
        .await;
    let secret = signed.unwrap().secret.text();
    assert!(programs.staff.visitor(&secret).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_at_its_next_request_for_every_reason_it_may_end_and_is_nowhere_to_be_read() {
    let programs = Programs::open().await;
    let access = Arc::clone(&programs.staff.access);
    let by = By::Machine;
    for (at, ends) in ["revoked", "role", "state", "time"].into_iter().enumerate() {
        let login = format!("p{at}");
        programs.account(&login, &["窗口经办"], COUNTY).await;
        let token = programs
            .token(&login, &["case.view"], COUNTY)
            .await
            .unwrap();
        assert_eq!(
            programs.get(&token, "/api/v1/cases").await.status,
            200,
            "{ends}"
        );
        let data = programs.county.folder.path().join("data");
        assert!(!is_in(&data, token.as_bytes()), "{ends}");
        match ends {
            "revoked" => {
                let row = access.tokens(by).await.unwrap().remove(0);
                assert!(row.holds && row.login == login);
                access.end_token(by, row.no, "换平台").await.unwrap();
                assert!(access.end_token(by, row.no, "").await.is_err());
                let row = access.tokens(by).await.unwrap().remove(0);
                assert!(!row.holds && row.state.contains("换平台"));
            }
            "role" => programs.staff.give(&login, "救助顾问", COUNTY).await,
            "state" => access.disable(by, &login).await.unwrap(),
            _ => programs.staff.watch.advance(86_401),
        }
        let told = programs.get(&token, "/api/v1/cases").await;
        assert_eq!(
            (told.status, told.kind.as_str()),
            (401, "application/problem+json"),
            "{ends}"
        );
    }
}

/// Whether some file of the record holds these bytes.
fn is_in(data: &Path, wanted: &[u8]) -> bool {
    let files = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert!(files.len() > 1, "{}", data.display());
    files.iter().any(|path| {
        let bytes = std::fs::read(path).unwrap();
        let starts = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == wanted[0]);
        starts
            .into_iter()
            .any(|(at, _)| bytes[at..].starts_with(wanted))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_calls_too_often_waits_and_others_do_not() {
    let programs = Programs::open().await;
    programs.account("desk", &["窗口经办"], COUNTY).await;
    let busy = programs
        .token("desk", &["case.view"], COUNTY)
        .await
        .unwrap();
    let other = programs
        .token("desk", &["case.view"], COUNTY)
        .await
        .unwrap();
    let most = programs.staff.access.book().settings().calls_each;
    for call in 0..most {
        assert_eq!(
            programs.get(&busy, "/api/v1/cases/888888").await.status,
            404,
            "{call}"
        );
    }
    let told = programs.get(&busy, "/api/v1/cases").await;
    assert_eq!(
        (told.status, told.kind.as_str()),
        (429, "application/problem+json")
    );
    assert_eq!(programs.get(&other, "/api/v1/cases").await.status, 200);
    programs.staff.watch.advance(60);
    assert_eq!(programs.get(&busy, "/api/v1/cases").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_place_are_told_with_their_documents_and_examples_as_such() {
    let programs = Programs::open().await;
    programs.account("site", &["窗口经办"], COUNTY).await;
    let token = programs
        .token("site", &["rulebook.view"], COUNTY)
        .await
        .unwrap();
    let told = programs
        .get(&token, "/api/v1/parameters?day=2026-09-14")
        .await;
    let rows = told.body["rows"].as_array().unwrap();
    assert!(rows.len() > 10);
    let key = |row: &Value| {
        format!(
            "{}|{}|{}|{}",
            row["file"], row["name"], row["area"], row["keys"]
        )
    };
    let once: BTreeSet<String> = rows.iter().map(key).collect();
    assert_eq!(once.len(), rows.len(), "a number is told once");
    assert!(rows.iter().any(|row| row["example"] == true));
    assert!(
        rows.iter()
            .all(|row| row["from"].as_str().is_none_or(|from| from <= "2026-09-14"))
    );
    let programmes = programs.get(&token, "/api/v1/programmes").await;
    let dibao = programmes.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == "dibao");
    assert_eq!(dibao.unwrap()["applies"], true);
    let asked = json!({ "question": "家里老人看病花了很多钱" });
    let answers = programs.post(&token, "/api/v1/guide", None, &asked).await;
    assert_eq!(answers.status, 200);
    assert!(!answers.body["rows"].as_array().unwrap().is_empty());
}

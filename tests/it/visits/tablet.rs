//! A tablet's changes: each once, in whatever order they come, and nothing of them after the session is over.

use super::{About, Bench, Database, FACT, postgres, visits};
use domain::PersonId;
use serde_json::{Value, json};
use store::tablets::NewPackage;

struct Tablet {
    token: String,
    visit: i64,
    head: PersonId,
}

impl Tablet {
    async fn take(bench: &Bench, who: &super::Signed, visit: i64, head: PersonId) -> Self {
        let came = bench
            .send(who, "/visit-package", "application/json", b"{}".to_vec())
            .await;
        assert_eq!(came.status, 200, "{}", came.text());
        let told: Value = serde_json::from_slice(&came.bytes).unwrap();
        let taken: Vec<i64> = told["visits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["no"].as_i64().unwrap())
            .collect();
        assert!(taken.contains(&visit), "{taken:?}");
        // Only what the form asks, and no name or number in full.
        let mut keys: Vec<&String> = told["visits"][0].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(
            keys,
            ["asks", "no", "parts", "place", "record", "title", "two"]
        );
        let said = told["visits"].to_string();
        assert!(!said.contains("99010"), "{said}");
        Self {
            token: told["token"].as_str().unwrap().to_owned(),
            visit,
            head,
        }
    }

    fn change(&self, id: &str, seq: i64, value: &str, base: i64) -> Value {
        json!({"id": id, "seq": seq, "person": self.head.get(), "fact": FACT, "value": value,
            "base": base, "said_at": "2019-01-01T00:00:00Z"})
    }

    async fn sync(&self, bench: &Bench, who: &super::Signed, changes: &[Value]) -> (u16, Value) {
        let body =
            json!({"package": self.token, "now": "2019-01-01T00:00:01Z", "changes": changes});
        let path = format!("/visit/{}/sync", self.visit);
        let came = bench
            .send(
                who,
                &path,
                "application/json",
                body.to_string().into_bytes(),
            )
            .await;
        let told = serde_json::from_slice(&came.bytes).unwrap_or(Value::Null);
        (came.status, told)
    }

    async fn outcomes(&self, bench: &Bench, who: &super::Signed, changes: &[Value]) -> Vec<String> {
        let (status, told) = self.sync(bench, who, changes).await;
        assert_eq!(status, 200, "{told}");
        assert!(
            told["said"].as_str().unwrap().contains("以系统时间为准"),
            "{told}"
        );
        let all = told["changes"].as_array().unwrap().iter();
        all.map(|one| {
            format!(
                "{} {}",
                one["id"].as_str().unwrap(),
                one["outcome"].as_str().unwrap()
            )
        })
        .collect()
    }
}

async fn answers(bench: &Bench, visit: i64) -> Vec<String> {
    let tx = bench.office.begin().await.unwrap();
    let all = store::visits::answers(&tx, visit).await.unwrap();
    all.into_iter()
        .map(|one| format!("{} {}", one.actor, one.content.value))
        .collect()
}

async fn the_whole(database: Database) {
    let bench = Bench::open(database).await;
    let (home, head) = bench.heads().await[0];
    let no = bench.case(home, head).await;
    let visit = visits::begin(&bench.office, &bench.li.who, About::Case(no))
        .await
        .unwrap();
    // Who has begun nothing has nothing to take.
    let nothing = bench
        .send(
            &bench.wang,
            "/visit-package",
            "application/json",
            b"{}".to_vec(),
        )
        .await;
    assert!(nothing.status == 422 && nothing.text().contains("开始走访"));
    let tablet = Tablet::take(&bench, &bench.li, visit, head).await;

    // Out of order: the later word of the same tablet stands.
    let first = tablet.change("a", 1, "是", 0);
    let second = tablet.change("b", 2, "否", 0);
    assert_eq!(
        tablet
            .outcomes(&bench, &bench.li, &[second.clone(), first.clone()])
            .await,
        ["b kept", "a older"]
    );
    // The same again changes nothing, and is told the same.
    assert_eq!(
        tablet.outcomes(&bench, &bench.li, &[first, second]).await,
        ["a older", "b kept"]
    );
    assert_eq!(answers(&bench, visit).await, ["li 否"]);
    // One word for two things is none.
    let other = tablet.change("b", 3, "是", 0);
    assert_eq!(
        tablet.outcomes(&bench, &bench.li, &[other]).await,
        ["b refused"]
    );
    conflicts(&bench, &tablet).await;
    bad(&bench, &tablet).await;
    let late = late(&bench, &tablet).await;
    over(&bench, &[&tablet, &late]).await;
}

/// A tablet that was out too long: nothing is lost. The word is given again to whoever took it, without any visit,
/// and what was written is taken.
async fn late(bench: &Bench, tablet: &Tablet) -> Tablet {
    let mut tx = bench.office.begin().await.unwrap();
    let at = bench.office.clock().at();
    let new = NewPackage {
        user: bench.li.who.user(),
        session: bench.li.who.session(),
        until: store::At::parse("2026-08-29T09:00:00+08:00").unwrap(),
        visits: &[tablet.visit],
    };
    let (package, token) = store::tablets::take(&mut tx, &at, &new).await.unwrap();
    tx.record(store::Act::new(&at, "li", "visit.take").on("package", package));
    bench.office.end(tx).await.unwrap();
    let late = Tablet {
        token: token.text(),
        ..*tablet
    };
    let holds = format!("/visit-package/{}", late.token);
    let told = bench.send(&bench.li, &holds, "", Vec::new()).await;
    assert_eq!(
        (told.status, told.text().as_str()),
        (200, "{\"holds\":false}")
    );
    let office = &bench.office;
    let stranger = visits::reopen(office, &bench.wang.who, &token).await;
    super::refused(stranger, "别人带走的");
    let again = visits::reopen(office, &bench.li.who, &token).await;
    let again = again.unwrap().expect("nobody ended it");
    assert!(again.expired && again.visits.is_empty() && again.until > at.to_string());
    let (_, told) = tablet.sync(bench, &bench.li, &[]).await;
    let fields = told["visit"]["parts"].as_array().unwrap().iter();
    let mut fields = fields.flat_map(|part| part["fields"].as_array().unwrap());
    let key = format!("{}:{FACT}", tablet.head);
    let base = fields.find(|field| field["key"] == key).unwrap()["base"].as_i64();
    let written = late.change("late", 1, "否", base.unwrap());
    assert_eq!(
        late.outcomes(bench, &bench.li, &[written]).await,
        ["late kept"]
    );
    late
}

/// A second tablet that did not see what the first wrote: both are told, and somebody chooses.
async fn conflicts(bench: &Bench, first: &Tablet) {
    let (visit, head) = (first.visit, first.head);
    visits::save(
        &bench.office,
        &bench.wang.who,
        visit,
        &[super::says(head, "否", 0)],
    )
    .await
    .unwrap();
    let seen = bench.shown(&bench.wang.who, visit).await;
    visits::confirm_seen(&bench.office, &bench.wang.who, visit, seen)
        .await
        .unwrap();
    let second = Tablet::take(bench, &bench.wang, visit, head).await;
    // Nobody else's package is opened with one's own session.
    // What its owner wrote stays there.
    let (status, _) = first.sync(bench, &bench.wang, &[]).await;
    assert_eq!(status, 403);
    let mine = second.change("w1", 1, "是", 0);
    let (_, told) = second
        .sync(bench, &bench.wang, std::slice::from_ref(&mine))
        .await;
    let one = &told["changes"][0];
    assert_eq!(
        (
            one["outcome"].as_str(),
            one["theirs"].as_str(),
            one["by"].as_str()
        ),
        (Some("differs"), Some("否"), Some("li"))
    );
    assert_eq!(answers(bench, visit).await, ["li 否"]);
    let chosen = second.change("w2", 2, "是", one["base"].as_i64().unwrap());
    assert_eq!(
        second.outcomes(bench, &bench.wang, &[chosen]).await,
        ["w2 kept"]
    );
    assert_eq!(answers(bench, visit).await, ["li 否", "wang 是"]);
    // The tablet's own clock is kept as it was said; ours stands.
    let tx = bench.office.begin().await.unwrap();
    let all = store::visits::answers(&tx, visit).await.unwrap();
    assert!(
        all.iter()
            .all(|one| one.at.as_str().starts_with("2026-09-01"))
    );
}

/// What is no change of this visit.
async fn bad(bench: &Bench, tablet: &Tablet) {
    let li = &bench.li;
    let stranger = json!({"id": "x1", "seq": 9, "person": tablet.head.get() + 100_000, "fact": FACT,
        "value": "是", "base": 0, "said_at": ""});
    let unknown = json!({"id": "x2", "seq": 10, "person": tablet.head.get(), "fact": "没有这一项",
        "value": "是", "base": 0, "said_at": ""});
    let value = tablet.change("x3", 11, "也许", 0);
    assert_eq!(
        tablet
            .outcomes(bench, li, &[stranger, unknown, value])
            .await,
        ["x1 refused", "x2 refused", "x3 refused"]
    );
    let path = format!("/visit/{}/sync", tablet.visit);
    for (body, status) in [
        ("{", 400),
        (
            "{\"package\":\"\",\"now\":\"\",\"changes\":[],\"role\":\"admin\"}",
            400,
        ),
        ("{\"package\":\"\",\"now\":\"\",\"changes\":[]}", 410),
    ] {
        let came = bench
            .send(li, &path, "application/json", body.as_bytes().to_vec())
            .await;
        assert_eq!(came.status, status, "{body}: {}", came.text());
    }
    let elsewhere = Tablet {
        token: tablet.token.clone(),
        visit: tablet.visit + 1000,
        head: tablet.head,
    };
    assert_eq!(elsewhere.sync(bench, li, &[]).await.0, 404);
}

/// Signing out: no package holds any longer, and its key is given to nobody.
async fn over(bench: &Bench, [tablet, late]: &[&Tablet; 2]) {
    let holds = format!("/visit-package/{}", tablet.token);
    assert_eq!(
        bench.send(&bench.li, &holds, "", Vec::new()).await.status,
        200
    );
    let visitor = bench.staff.visitor(&bench.li.secret).await.unwrap();
    bench.staff.access.sign_out(&visitor).await.unwrap();
    assert_eq!(
        bench.send(&bench.li, &holds, "", Vec::new()).await.status,
        410
    );
    let late = format!("/visit-package/{}", late.token);
    assert_eq!(
        bench.send(&bench.li, &late, "", Vec::new()).await.status,
        410
    );
    let (status, _) = tablet.sync(bench, &bench.li, &[]).await;
    assert_eq!(status, 303, "nobody is signed in");
    let unknown = format!("/visit-package/{}", "0".repeat(64));
    assert_eq!(
        bench.send(&bench.li, &unknown, "", Vec::new()).await.status,
        410
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablets_changes_are_taken_once_in_any_order_and_differences_are_told() {
    the_whole(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablets_changes_are_taken_once_in_any_order_and_differences_are_told_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_whole(Database::Postgres { address }).await;
    }
}

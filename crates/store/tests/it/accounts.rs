//! Accounts, roles, sessions: what the database itself refuses, and what it must not hold.

use crate::databases::{Bench, area, moment, on_both, person};
use domain::AreaLevel;
use store::grants::{self, NewGrant};
use store::organisations::{self, NewOrganisation};
use store::recusals::{self, EndingState, NewRecusal};
use store::sessions::{self, NewSession, Outcome, SessionKind};
use store::users::{self, NewUser, NextSignIn, UserId, UserState};
use store::{At, JournalTx, StoreError, audit, identity, persons};

async fn an_account(tx: &mut JournalTx, login: &str) -> UserId {
    let code = "demo-cd";
    let known = organisations::find(tx, code).await.unwrap();
    let organisation = match known {
        Some(office) => office.id,
        None => {
            let new = NewOrganisation {
                code: code.to_owned(),
                name: "城东街道办事处".to_owned(),
                level: AreaLevel::Township,
                area: area("990101001"),
                parent: None,
            };
            organisations::add(tx, &moment(1), &new).await.unwrap()
        }
    };
    let new = NewUser {
        login: login.to_owned(),
        name: "王".to_owned(),
        organisation,
        password: "$argon2id$digest".to_owned(),
    };
    users::add(tx, &moment(1), new).await.unwrap()
}

fn role(user: UserId, role: &str, guard: bool) -> NewGrant {
    NewGrant {
        user,
        role: role.to_owned(),
        area: area("990101"),
        guard,
        from: moment(10),
        until: Some(moment(50)),
        given_by: "secadmin".to_owned(),
        reason: "测试".to_owned(),
    }
}

fn page(user: UserId, generation: i64, until: &At) -> NewSession {
    NewSession {
        user,
        kind: SessionKind::Page,
        generation,
        second_factor: true,
        label: "浏览器".to_owned(),
        started_at: moment(1),
        expires_at: until.clone(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_two_roles_that_guard_each_other_even_around_the_program() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        let user = an_account(&mut tx, "admin").await;
        let first = grants::give(&mut tx, &role(user, "system_admin", true))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.writing().await;
        let second = grants::give(&mut tx, &role(user, "audit_admin", true)).await;
        assert!(matches!(second.unwrap_err(), StoreError::Refused { .. }));
        drop(tx);
        let around = format!(
            "insert into role_grant (grant_id, user_id, role, area, guard, from_at, given_by,
                reason, ended_by, ended_why)
             values (99, {user}, 'security_admin', '990101000000', 1, 'x', 'y', '', '', '')"
        );
        assert!(db.raw(&around).await.is_err());
        // Once the first is taken back, the other may be given.
        let mut tx = db.writing().await;
        grants::end(&mut tx, &moment(20), "secadmin", "调岗", first)
            .await
            .unwrap();
        grants::give(&mut tx, &role(user, "audit_admin", true))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let held = grants::of_user(&db.store, user).await.unwrap();
        let holds = |minute| {
            held.iter()
                .map(|g| g.holds(&moment(minute)))
                .collect::<Vec<_>>()
        };
        assert_eq!(holds(5), [false, false]);
        assert_eq!(holds(15), [true, true]);
        assert_eq!(holds(25), [false, true]);
        assert_eq!(holds(50), [false, false]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_generation_leaves_no_session_and_an_ended_one_stays_ended() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        let user = an_account(&mut tx, "wang").await;
        let other = an_account(&mut tx, "li").await;
        let (id, secret) = sessions::start(&mut tx, &page(user, 1, &moment(40)))
            .await
            .unwrap();
        sessions::start(&mut tx, &page(user, 1, &moment(3)))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let open = async |generation| {
            let all = sessions::of_user(&db.store, user, generation, &moment(5)).await;
            all.unwrap().iter().map(|s| s.id).collect::<Vec<_>>()
        };
        assert_eq!(open(1).await, [id]);
        let found = sessions::find(&db.store, &secret).await.unwrap().unwrap();
        assert_eq!((found.id, found.content.user), (id, user));
        let mut tx = db.writing().await;
        let of_another = sessions::end(&mut tx, &moment(6), other, id, "x").await;
        assert!(matches!(
            of_another.unwrap_err(),
            StoreError::NotThere { .. }
        ));
        drop(tx);
        let mut tx = db.writing().await;
        users::set_state(&mut tx, user, UserState::Disabled)
            .await
            .unwrap();
        sessions::end(&mut tx, &moment(6), user, id, "退出")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let now = users::get(&db.store, user).await.unwrap().unwrap();
        assert_eq!((now.generation, now.state), (2, UserState::Disabled));
        assert_eq!(open(now.generation).await, Vec::<i64>::new());
        let ended = sessions::find(&db.store, &secret).await.unwrap().unwrap();
        assert_eq!(ended.ended_at, Some(moment(6)));
        let mut tx = db.writing().await;
        assert!(
            sessions::end(&mut tx, &moment(7), user, id, "again")
                .await
                .is_err()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_the_database_sealed_or_not_at_all() {
    on_both(async |db| {
        let secret = b"twenty secret bytes!".to_vec();
        let mut tx = db.writing().await;
        let user = an_account(&mut tx, "wang").await;
        users::propose_totp(&mut tx, user, &secret).await.unwrap();
        users::confirm_totp(&mut tx, &moment(2), user, 7)
            .await
            .unwrap();
        let (_, token) = sessions::start(&mut tx, &page(user, 2, &moment(40)))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let count = async |sql: &str| db.raw_number(sql).await;
        let hex = |bytes: &[u8]| store::digest::hex(bytes);
        let (in_clear, kept) = match db.store.backend() {
            store::Backend::Sqlite => (
                format!("x'{}'", hex(&secret)),
                format!("x'{}'", token.text()),
            ),
            store::Backend::Postgres => (
                format!("'\\x{}'::bytea", hex(&secret)),
                format!("'\\x{}'::bytea", token.text()),
            ),
        };
        assert_eq!(
            count(&format!(
                "select count(*) from office_user where totp = {in_clear}"
            ))
            .await,
            0
        );
        assert_eq!(
            count(&format!(
                "select count(*) from session where token = {kept}"
            ))
            .await,
            0
        );
        // A newer key takes the seal over, and the old one can go.
        let act = || store::Act::new(&moment(3), "system", "identity.add_key");
        db.store.add_key(act()).await.unwrap();
        let left = identity::rotate(&db.store, &moment(4), "system", 10_000)
            .await
            .unwrap()
            .left;
        // The rotation's own entry is sealed with the new key already.
        assert_eq!(left, 0);
        identity::retire_old_keys(&db.store, &moment(5), "system")
            .await
            .unwrap();
        let known = users::find(&db.store, "wang").await.unwrap().unwrap();
        assert_eq!(users::totp_secret(&db.store, &known).unwrap(), Some(secret));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_counts_once_and_a_login_is_never_given_again() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        let user = an_account(&mut tx, "wang").await;
        assert!(users::take_step(&mut tx, user, 7).await.unwrap());
        assert!(!users::take_step(&mut tx, user, 7).await.unwrap());
        assert!(!users::take_step(&mut tx, user, 6).await.unwrap());
        assert!(users::take_step(&mut tx, user, 8).await.unwrap());
        let free = NextSignIn::Free;
        users::set_password(&mut tx, &moment(3), user, "new".to_owned(), free)
            .await
            .unwrap();
        users::set_state(&mut tx, user, UserState::Disabled)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let now = users::find(&db.store, "wang").await.unwrap().unwrap();
        assert_eq!((now.must_change, now.password.as_str()), (false, "new"));
        let mut tx = db.writing().await;
        let again = NewUser {
            login: "wang".to_owned(),
            name: "另一个人".to_owned(),
            organisation: now.organisation,
            password: String::new(),
        };
        assert!(users::add(&mut tx, &moment(4), again).await.is_err());
        drop(tx);
        assert_eq!(users::count(&db.store).await.unwrap(), 1);
        assert_eq!(users::list(&db.store).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_found_by_account_and_place_without_either_being_written() {
    on_both(async |db| {
        let mark = |login| sessions::account_mark(&db.store, login);
        let place = |address| sessions::origin_mark(&db.store, address);
        assert_ne!(mark("wang"), place("wang"));
        // One subscriber comes from a whole /64 of IPv6.
        assert_eq!(place("2001:db8:1:2::7"), place("2001:db8:1:2:ffff::1"));
        assert_ne!(place("2001:db8:1:2::7"), place("2001:db8:1:3::7"));
        assert_eq!(place("::ffff:10.0.0.1"), place("10.0.0.1"));
        let mut tx = db.writing().await;
        for (login, address, minute, outcome) in [
            ("wang", "10.0.0.1", 1, Outcome::Good),
            ("wang", "10.0.0.2", 2, Outcome::Refused),
            ("li", "10.0.0.2", 3, Outcome::Refused),
            ("wang", "10.0.0.2", 4, Outcome::Refused),
        ] {
            let (account, origin) = (mark(login), place(address));
            sessions::add_attempt(&mut tx, &moment(minute), account, origin, outcome)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let since = |minute| moment(minute);
        let all = sessions::attempts(&db.store, mark("wang"), &since(0), 10)
            .await
            .unwrap();
        let told: Vec<(At, Outcome)> = all.iter().map(|a| (a.at.clone(), a.outcome)).collect();
        assert_eq!(told[0], (moment(4), Outcome::Refused));
        assert_eq!(told.len(), 3);
        let late = sessions::attempts(&db.store, mark("wang"), &since(2), 10)
            .await
            .unwrap();
        assert_eq!(late.len(), 1);
        let known = async |address| {
            sessions::known_origin(&db.store, mark("wang"), place(address))
                .await
                .unwrap()
        };
        assert!(known("10.0.0.1").await && !known("10.0.0.2").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_that_declare_the_same_person_are_known_to_be_one() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        let (one, two) = (
            an_account(&mut tx, "wang").await,
            an_account(&mut tx, "wang2").await,
        );
        let people = vec![person(1, "王小英", "1"), person(2, "李建国", "2")];
        let ids = persons::create_many(&mut tx, &moment(1), people)
            .await
            .unwrap();
        let declared = |user, person, relation: &str| NewRecusal {
            user,
            person,
            relation: relation.to_owned(),
            declared_by: "wang".to_owned(),
        };
        for new in [
            declared(one, ids[0], "self"),
            declared(two, ids[0], "self"),
            declared(two, ids[1], "spouse"),
        ] {
            assert!(recusals::add(&mut tx, &moment(2), &new).await.unwrap());
        }
        let again = declared(one, ids[0], "self");
        assert!(!recusals::add(&mut tx, &moment(3), &again).await.unwrap());
        tx.commit().await.unwrap();
        let same = recusals::same_person(&db.store, one, "self").await.unwrap();
        assert_eq!(same, [two]);
        assert_eq!(
            recusals::same_person(&db.store, two, "spouse")
                .await
                .unwrap(),
            []
        );
        let own = recusals::of_user(&db.store, two).await.unwrap();
        assert_eq!(own.len(), 2);
        let mut tx = db.writing().await;
        recusals::end(&mut tx, &moment(4), own[0].id, "登记有误")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            recusals::same_person(&db.store, one, "self").await.unwrap(),
            []
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_relation_ends_with_its_day_when_another_person_confirms_it_and_stays_on_record()
{
    on_both(async |db| {
        let mut tx = db.writing().await;
        let user = an_account(&mut tx, "wang").await;
        let people = vec![person(1, "王小英", "1")];
        let ids = persons::create_many(&mut tx, &moment(1), people)
            .await
            .unwrap();
        let new = NewRecusal {
            user,
            person: ids[0],
            relation: "spouse".to_owned(),
            declared_by: "wang".to_owned(),
        };
        recusals::add(&mut tx, &moment(2), &new).await.unwrap();
        tx.commit().await.unwrap();
        let id = recusals::of_user(&db.store, user).await.unwrap()[0].id;
        let since = domain::Day::parse("2026-09-01").unwrap();
        let mut tx = db.writing().await;
        let asked = (since, "离婚");
        let hand = (&moment(3), "wang");
        assert!(recusals::ask_end(&mut tx, hand, id, asked).await.unwrap());
        assert!(
            !recusals::ask_end(&mut tx, hand, id, asked).await.unwrap(),
            "asked once"
        );
        tx.commit().await.unwrap();
        let stands = recusals::of_user(&db.store, user).await.unwrap();
        assert_eq!(stands.len(), 1, "it stands until somebody confirms");
        let open = recusals::endings_asked(&db.store).await.unwrap();
        let confirmed = (EndingState::Confirmed, "看过离婚证");
        let mut tx = db.writing().await;
        let own = recusals::settle_end(&mut tx, (&moment(4), "wang"), &open[0], confirmed).await;
        assert!(own.is_err(), "nobody confirms what they asked for");
        drop(tx);
        let mut tx = db.writing().await;
        recusals::settle_end(&mut tx, (&moment(4), "anquan"), &open[0], confirmed)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(recusals::of_user(&db.store, user).await.unwrap().is_empty());
        assert_eq!(recusals::ended_of(&db.store, user).await.unwrap().len(), 1);
        let kept = recusals::endings(&db.store, id).await.unwrap();
        assert_eq!(
            (kept[0].day, kept[0].settled_by.as_str(), kept[0].state),
            (since, "anquan", EndingState::Confirmed)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_and_sign_ins_change_no_list_of_the_office() {
    on_both(async |db: Bench| {
        let start = audit::checkpoint(&db.store)
            .await
            .unwrap()
            .map_or(0, |c| c.seq);
        let act = async |name: &str| {
            let act = store::Act::new(&moment(1), "wang", name);
            db.store.record_alone(act).await.unwrap();
            audit::checkpoint(&db.store).await.unwrap().unwrap().seq
        };
        let mut last = start;
        for name in ["read.household", "identity.reveal", "access.sign-in"] {
            last = act(name).await;
        }
        assert!(!audit::has_changed(&db.store, start, last).await.unwrap());
        last = act("intake.receive").await;
        assert!(audit::has_changed(&db.store, start, last).await.unwrap());
        assert!(!audit::has_changed(&db.store, last, last).await.unwrap());
    })
    .await;
}

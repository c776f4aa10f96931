//! 账号: signing in for the first time and every time, guessing, leaving, and roles that never meet.

use crate::county::{County, Faults, open};
use crate::staff::{NEW_PASSWORD, Signed, Staff};
use office::access::{AccessError, By, NewAccount, Right, SignInError, Stage, code_at};
use office::{Database, Office};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// An office of a real code, where nothing is simpler than for real people.
async fn strict(folder: &Path) -> (Arc<Office>, Staff) {
    let office = Arc::new(open(folder, Database::Sqlite).await);
    let areas = folder.join("areas.csv");
    let rows = "code,name,level,parent,urban_rural_code\n11,某市,1,,\n1101,市辖区,2,11,\n\
        110199,某县,3,1101,\n110199001,某镇,4,110199,\n";
    std::fs::write(&areas, rows).unwrap();
    office.load_areas(&areas).await.unwrap();
    let staff = Staff::of(&office, "110199").await;
    (office, staff)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sign_in_changes_the_password_and_binds_a_phone_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let (_office, staff) = strict(folder.path()).await;
    let access = &staff.access;
    let given = staff.add("wang", "窗口经办", "110199001").await;
    let begun = access
        .sign_in("wang", given.tell(), "here", "a browser")
        .await
        .unwrap();
    let first = staff.visitor(&begun.secret.text()).await.unwrap();
    assert_eq!(first.stage, Stage::Password);
    assert!(
        !first.acting.may(Right::ACCOUNT),
        "no right before the end of signing in"
    );
    for (old, new, word) in [
        ("wrong", NEW_PASSWORD, "现在的口令不对"),
        (given.tell(), "short", "太短"),
        (given.tell(), given.tell(), "一样"),
        (given.tell(), "Wang is my name!", "账号名"),
    ] {
        let refused = access
            .change_password(&first, old, new, "")
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(word), "{refused}");
    }
    let begun = access
        .change_password(&first, given.tell(), NEW_PASSWORD, "")
        .await
        .unwrap();
    assert!(staff.visitor(&begun.secret.text()).await.is_some());
    let second = staff.visitor(&begun.secret.text()).await.unwrap();
    assert_eq!(second.stage, Stage::Enrol);
    let offered = access.offer_second_factor(&second).await.unwrap();
    assert!(
        access
            .bind_second_factor(&second, "000000", "")
            .await
            .is_err()
    );
    let code = code_at(&offered.secret, staff.watch.now()).unwrap();
    let begun = access.bind_second_factor(&second, &code, "").await.unwrap();
    assert_eq!(
        staff.visitor(&begun.secret.text()).await.unwrap().stage,
        Stage::Whole
    );
    // The next time: password, then a code that was not used before.
    let begun = access
        .sign_in("wang", NEW_PASSWORD, "here", "")
        .await
        .unwrap();
    let halfway = staff.visitor(&begun.secret.text()).await.unwrap();
    assert_eq!(halfway.stage, Stage::Code);
    assert!(
        access
            .change_password(&halfway, NEW_PASSWORD, "另一句自己记得住的很长的话", "")
            .await
            .is_err()
    );
    let replayed = access.show_code(&halfway, &code, "here", "").await;
    assert!(matches!(replayed, Err(SignInError::Refused)));
    staff.watch.advance(30);
    let code = code_at(&offered.secret, staff.watch.now()).unwrap();
    let begun = access.show_code(&halfway, &code, "here", "").await.unwrap();
    let whole = staff.visitor(&begun.secret.text()).await.unwrap();
    assert_eq!(
        (whole.stage, whole.acting.may(Right::ACCOUNT)),
        (Stage::Whole, true)
    );
    assert!(staff.visitor(&begun.secret.text()).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_answered_alike_and_slower_each_time_and_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (_office, staff) = strict(folder.path()).await;
    let access = &staff.access;
    let given = staff.add("wang", "窗口经办", "110199001").await;
    staff.add("shut", "窗口经办", "110199001").await;
    access.disable(By::Machine, "shut").await.unwrap();
    let guess = async |login: &str, word: &str, from: &str| match access
        .sign_in(login, word, from, "")
        .await
    {
        Ok(_) => "in".to_owned(),
        Err(SignInError::Wait(_)) => "wait".to_owned(),
        Err(other) => other.to_string(),
    };
    let alike: BTreeSet<String> = [
        guess("wang", "wrong", "a").await,
        guess("nobody", "wrong", "b").await,
        guess("shut", "wrong", "c").await,
        guess("", "", "d").await,
    ]
    .into();
    assert_eq!(alike.len(), 1, "{alike:?}");
    for _ in 0..4 {
        assert_ne!(guess("wang", "wrong", "a").await, "wait");
    }
    // Five failures: the sixth waits, also with the right password, and from there only.
    assert_eq!(guess("wang", given.tell(), "a").await, "wait");
    assert_eq!(guess("wang", given.tell(), "desk").await, "in");
    staff.watch.advance(31);
    assert_eq!(guess("wang", given.tell(), "a").await, "in");
    // A flood from one place is not even looked at; another place is.
    staff.watch.advance(120);
    let mut looked_at = 0;
    for _ in 0..40 {
        looked_at += usize::from(guess("nobody", "x", "flood").await != "wait");
    }
    assert!(looked_at <= 5, "{looked_at}");
    assert_eq!(guess("wang", given.tell(), "desk").await, "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_session_ends_it_at_the_next_request() {
    let county = County::new(Faults::None);
    let office = Arc::new(county.office("data").await);
    office
        .load_areas(&county.folder.path().join("county/areas.csv"))
        .await
        .unwrap();
    let staff = Staff::of(&office, "990101").await;
    let access = &staff.access;
    let by = By::Machine;
    let holds = async |signed: &Signed| staff.visitor(&signed.secret).await.is_some();
    let one = |login: &'static str| staff.enter(login, "窗口经办", "990101001");

    let signed = one("signs-out").await;
    assert!(holds(&signed).await);
    access
        .sign_out(&staff.visitor(&signed.secret).await.unwrap())
        .await
        .unwrap();
    assert!(!holds(&signed).await);

    let signed = one("disabled").await;
    access.disable(by, "disabled").await.unwrap();
    assert!(!holds(&signed).await);
    assert!(access.sign_in("disabled", "x", "y", "").await.is_err());

    let signed = one("reset").await;
    access.reset(by, "reset").await.unwrap();
    assert!(!holds(&signed).await);

    let signed = one("promoted").await;
    let visitor = staff.visitor(&signed.secret).await.unwrap();
    let token = access
        .program_token(&visitor, "报表")
        .await
        .unwrap()
        .secret
        .text();
    assert!(staff.visitor(&token).await.is_some());
    staff.give("promoted", "救助顾问", "990101001").await;
    assert!(!holds(&signed).await && staff.visitor(&token).await.is_none());

    let signed = one("elsewhere").await;
    let other = access
        .session_at_the_machine("elsewhere", "测试")
        .await
        .unwrap()
        .secret
        .text();
    let visitor = staff.visitor(&signed.secret).await.unwrap();
    access.end_all_sessions(&visitor).await.unwrap();
    assert!(!holds(&signed).await && staff.visitor(&other).await.is_none());

    let idle = one("idle").await;
    let busy = one("busy").await;
    for _ in 0..3 {
        staff.watch.advance(14 * 60);
        assert!(holds(&busy).await);
    }
    assert!(!holds(&idle).await);
    for _ in 0..40 {
        staff.watch.advance(12 * 60);
        holds(&busy).await;
    }
    assert!(!holds(&busy).await, "eight hours are the most");
    for made_up in ["", "00", "zz", &"0".repeat(64), &"F".repeat(64)] {
        assert!(staff.visitor(made_up).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_guard_each_other_never_meet_and_nobody_acts_on_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let (_office, staff) = strict(folder.path()).await;
    let access = &staff.access;
    let admin = staff.enter("admin", "系统管理员", "110199").await;
    let sec = staff.enter("sec", "安全保密管理员", "110199").await;
    staff.add("wang", "窗口经办", "110199001").await;
    let (makes, gives) = (By::Official(&admin.who), By::Official(&sec.who));
    let grant = async |by, login: &str, role: &str, area: &str| match access
        .grant(by, login, role, area, None, "测试")
        .await
    {
        Ok(()) => "given".to_owned(),
        Err(AccessError::Denied(_)) => "no right".to_owned(),
        Err(error) => error.to_string(),
    };
    // The one who makes accounts gives no roles, and the other way round.
    assert_eq!(
        grant(makes, "wang", "救助顾问", "110199001").await,
        "no right"
    );
    let new = NewAccount {
        login: "li".to_owned(),
        name: "李".to_owned(),
        organisation: "bureau".to_owned(),
    };
    assert!(matches!(
        access.add_account(gives, &new).await,
        Err(AccessError::Denied(_))
    ));
    access.add_account(makes, &new).await.unwrap();
    assert_eq!(grant(gives, "li", "网格员", "110199001").await, "given");
    for (login, role, word) in [
        ("wang", "县级审核", "初审和审核确认分开"),
        ("wang", "系统管理员", "管系统的不办案"),
        ("wang", "第三方调查员", "受托调查的不办案"),
        ("wang", "审计监督", "监督的不办案"),
        ("admin", "安全审计员", "不审自己"),
        ("sec", "窗口经办", "不能改自己的账号"),
        ("wang", "窗口经办", "已经是窗口经办"),
        ("wang", "皇帝", "没有名为"),
        ("nobody", "窗口经办", "没有账号"),
    ] {
        let said = grant(gives, login, role, "110199001").await;
        assert!(said.contains(word), "{login} {role}: {said}");
    }
    let foreign = grant(gives, "wang", "救助顾问", "120101").await;
    assert!(foreign.contains("不在您的辖区"), "{foreign}");
    // Later the password is asked for once more, and a wrong one does not do.
    staff.watch.advance(6 * 60);
    let secret = sec.secret.clone();
    let sec = staff.visitor(&secret).await.unwrap();
    let gives = By::Official(&sec.acting);
    let late = grant(gives, "wang", "救助顾问", "110199001").await;
    assert!(late.contains("再输一次口令"), "{late}");
    assert!(access.confirm(&sec, "wrong", "sec").await.is_err());
    access.confirm(&sec, NEW_PASSWORD, "sec").await.unwrap();
    let sec = staff.visitor(&secret).await.unwrap();
    let gives = By::Official(&sec.acting);
    // Taken back, the other may follow.
    let rows = access.accounts(gives).await.unwrap().0;
    let wang = rows.iter().find(|row| row.login == "wang").unwrap();
    access
        .revoke(gives, "wang", wang.roles[0].id, "调岗")
        .await
        .unwrap();
    assert_eq!(grant(gives, "wang", "县级审核", "110199").await, "given");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_party_reports_and_never_decides() {
    let folder = tempfile::tempdir().unwrap();
    let (_office, staff) = strict(folder.path()).await;
    let assessor = staff.enter("surveyor", "第三方调查员", "110199001").await;
    assert!(assessor.who.may(Right::VISIT_REPORT));
    for right in [
        Right::DECISION,
        Right::HOUSEHOLD,
        Right::REVEAL,
        Right::ROLL,
    ] {
        assert!(assessor.who.scope(right).is_err(), "{right:?}");
    }
    let both = staff
        .access
        .grant(By::Machine, "surveyor", "县级审核", "110199", None, "");
    assert!(
        both.await
            .unwrap_err()
            .to_string()
            .contains("受托调查的不办案")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_holds_from_its_first_moment_to_the_end_of_its_last_day() {
    let folder = tempfile::tempdir().unwrap();
    let (_office, staff) = strict(folder.path()).await;
    staff.add("wang", "窗口经办", "110199001").await;
    let until = async |day: &str| {
        let day = Some(day.to_owned());
        let by = By::Machine;
        staff
            .access
            .grant_until(by, "wang", "救助顾问", "110199001", day, "")
            .await
    };
    assert!(
        until("2026-09-13")
            .await
            .unwrap_err()
            .to_string()
            .contains("已经过了")
    );
    assert!(until("昨天").await.is_err());
    until("2026-09-14").await.unwrap();
    let rows = staff.access.accounts(By::Machine).await.unwrap().0;
    let wang = rows.iter().find(|row| row.login == "wang").unwrap();
    let told: Vec<(&str, bool)> = wang
        .roles
        .iter()
        .map(|r| (r.role.as_str(), r.holds))
        .collect();
    assert_eq!(told, [("窗口经办", true), ("救助顾问", true)]);
}

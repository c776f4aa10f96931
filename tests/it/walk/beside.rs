//! 协办: what a department is asked beside the steps.

use super::Bench;
use domain::procedure::Ground;
use office::access::By;
use office::casework;
use office::channels::assists;

/// What is asked beside the steps: seen by the department it was put to, late in the county's list, kept in the
/// case; and a step whose department has nobody left is nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_department_is_asked_is_its_own_to_see_is_told_when_late_and_never_vanishes() {
    let bench = Bench::open().await;
    let office = &bench.office;
    let (wang, chen) = (&bench.of("窗口经办").who, &bench.of("县级审核").who);
    let canlian = &bench.of("部门联络员").who;
    let family = bench.entitled("dibao").await[0];
    office.clock().set("2026-09-01T09:00");
    let no = bench.apply("dibao", family).await.unwrap();
    let ask = async |department: &str, question: &str| {
        assists::ask(office, wang, no, (department, question)).await
    };
    assert!(ask("气象局", "证是不是有效").await.is_err());
    assert!(ask("残疾人联合会", " ").await.is_err());
    let numbered = ask("残疾人联合会", "证号990101199001011234是不是有效").await;
    assert!(numbered.is_err(), "no number of a person");
    ask("残疾人联合会", "残疾人证是不是有效").await.unwrap();
    ask("教育局", "孩子是不是在读").await.unwrap();
    let seen = assists::put_to(office, canlian).await.unwrap();
    assert_eq!(seen.len(), 1, "another department's is not shown");
    assert_eq!(seen[0].due, "2026-09-08");
    assert!(assists::late(office, chen).await.unwrap().is_empty());
    office.clock().set("2026-09-09T09:00");
    assert_eq!(assists::late(office, chen).await.unwrap().len(), 2);
    assert!(assists::late(office, wang).await.unwrap().is_empty());
    let answer = ("属实", "系统里在册");
    assists::answer(office, canlian, seen[0].no, answer)
        .await
        .unwrap();
    let again = assists::answer(office, canlian, seen[0].no, answer).await;
    assert!(again.is_err(), "answered once");
    // A department without an account answers on paper; the window writes it down.
    let paper = assists::put_to(office, wang).await.unwrap();
    assert_eq!(paper.len(), 1);
    let written = ("查不到", "书面答复:没有学籍");
    assists::answer(office, wang, paper[0].no, written)
        .await
        .unwrap();
    assert!(assists::late(office, chen).await.unwrap().is_empty());
    let (told, _) = assists::of_case(office, wang, no).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|one| !one.answer.is_empty()));

    let family = bench.entitled("disability_care").await[0];
    let no = bench.apply("disability_care", family).await.unwrap();
    while bench.load(no).await.open_step().unwrap().ground != Some(Ground::Assist) {
        bench.step(no).await;
    }
    let access = &bench.staff.access;
    let is_nobodys = async || {
        let (nobodys, _) = casework::unowned(access, chen).await.unwrap();
        nobodys.items.iter().any(|item| item.case == no)
    };
    assert!(!is_nobodys().await);
    let (rows, _) = access.accounts(By::Machine).await.unwrap();
    let row = rows.iter().find(|row| row.login == "canlian").unwrap();
    access
        .revoke(By::Machine, "canlian", row.roles[0].id, "调岗")
        .await
        .unwrap();
    assert!(is_nobodys().await);
}

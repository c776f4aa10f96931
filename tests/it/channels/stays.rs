//! Whoever is at the rescue station and cannot be named: the days, the tasks, the end.

use super::{Place, TOWN, VILLAGE, on_both};
use office::casework::CaseError;
use office::channels::stays::{self, Ended, StayForm};

fn form(station_no: &str, admitted: &str) -> StayForm {
    StayForm {
        station_no: station_no.to_owned(),
        admitted: admitted.to_owned(),
        area: VILLAGE.to_owned(),
        ticket: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_ninety_first_day_the_tasks_of_settling_are_open_and_not_on_the_ninetieth() {
    on_both(async |place: Place| {
        let wang = place.staff.enter("wang", "窗口经办", TOWN).await;
        let wang2 = place.staff.enter("wang2", "窗口经办", "990101002").await;
        let office = &place.office;
        // Today is the fourteenth of September, the ninetieth day of the one and the ninety-first of the other.
        let shorter = form("J-2", "2026-06-17");
        let shorter = stays::admit(office, &wang.who, &shorter).await.unwrap();
        let longer = form("J-1", "2026-06-16");
        let longer = stays::admit(office, &wang.who, &longer).await.unwrap();
        let again = stays::admit(office, &wang.who, &form("J-1", "2026-09-01")).await;
        assert!(matches!(again, Err(CaseError::Refused(_))), "{again:?}");
        let coming = stays::admit(office, &wang.who, &form("J-3", "2026-09-15")).await;
        assert!(matches!(coming, Err(CaseError::Refused(_))), "{coming:?}");
        let view = stays::desk(office, &wang.who).await.unwrap();
        let seen: Vec<(i64, i64, Vec<&str>)> = view
            .lines
            .iter()
            .map(|line| {
                let tasks = line.tasks.iter().map(|task| task.code.as_str());
                (line.no, line.days, tasks.collect())
            })
            .collect();
        let both = vec!["hukou", "tekun"];
        assert_eq!(seen, [(longer, 91, both), (shorter, 90, vec![])]);
        assert_eq!(view.open, 2);
        let early = stays::settle(office, &wang.who, shorter, ("hukou", "已报公安")).await;
        assert!(matches!(early, Err(CaseError::Refused(_))), "{early:?}");
        assert!(
            stays::desk(office, &wang2.who)
                .await
                .unwrap()
                .lines
                .is_empty()
        );
        let theirs = stays::settle(office, &wang2.who, longer, ("hukou", "已报公安")).await;
        assert!(matches!(theirs, Err(CaseError::NotFound(_))), "{theirs:?}");

        let number = longer.to_string();
        let done = [
            ("act", "settle"),
            ("no", number.as_str()),
            ("task", "hukou"),
            ("text", "已报公安,落集体户口"),
        ];
        let told = place
            .ask(Some(&wang), "POST", "/tickets/stays", &done)
            .await;
        assert_eq!(told.status, 303, "{}", told.body);
        let twice = stays::settle(office, &wang.who, longer, ("hukou", "又办一次")).await;
        assert!(matches!(twice, Err(CaseError::Refused(_))), "{twice:?}");
        assert_eq!(stays::desk(office, &wang.who).await.unwrap().open, 1);
        // Somebody who is known needs no settling; what was settled stays.
        let known = (Some(Ended::Identified), "比中亲属,家人来接");
        stays::end(office, &wang.who, longer, known).await.unwrap();
        let view = stays::desk(office, &wang.who).await.unwrap();
        let line = view.lines.iter().find(|line| line.no == longer).unwrap();
        assert_eq!((view.open, line.tasks.len(), line.mine), (0, 1, false));
        assert!(line.ended.contains("身份已查明") && line.tasks[0].done.contains("集体户口"));
        let page = place.ask(Some(&wang), "GET", "/tickets/stays", &[]).await;
        assert!(page.body.contains("第 90 天"), "{}", page.body);
        let acts = place.acts().await;
        let told = ["stay.admit", "stay.settle", "stay.end"];
        assert!(told.iter().all(|act| acts.contains(*act)), "{acts:?}");
    })
    .await;
}

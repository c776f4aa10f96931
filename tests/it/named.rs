//! 查找 by name: whoever is in the place of the official is found, masked; nobody else, and no count tells of
//! them.

use crate::county::{County, Faults};
use crate::staff::Staff;
use office::desk::Desk;
use office::views::SearchAsk;
use std::sync::Arc;

const TOWN: &str = "990101001";

#[tokio::test(flavor = "multi_thread")]
async fn a_name_finds_those_within_ones_place_and_says_nothing_of_others() {
    let county = County::new(Faults::None);
    let office = Arc::new(county.received(county.setting("data")).await);
    let staff = Staff::of(&office, "990101").await;
    let wang = staff.enter("wang", "窗口经办", TOWN).await;
    let chen = staff.enter("chen", "县级审核", "990101").await;
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let register = county.feed("2026-08", "register");
    let rows = register.columns(["姓名", "身份证号", "居住地区", "登记状态"]);
    let alone = |town: bool| {
        let mut here = rows.iter().filter(|[name, number, area, state]| {
            let same = rows.iter().filter(|row| row[0] == *name).count();
            let plain = number.len() == 18 && *state == "在册" && name.chars().count() == 3;
            plain && same == 1 && area.starts_with(TOWN) == town
        });
        here.next().unwrap()
    };
    let ask = |words: &str| SearchAsk {
        words: words.to_owned(),
        after: 0,
    };
    for [name, number, ..] in [alone(true), alone(false)] {
        let ours = name == &alone(true)[0];
        let found = views.search(&chen.who, ask(name)).await.unwrap();
        assert_eq!(
            (found.total, found.rows.len()),
            (1, 1),
            "the county sees both"
        );
        let title = &found.rows[0].title;
        assert!(title.contains('*') && !title.contains(name), "{title}");
        assert!(title.ends_with(&number[14..]), "{title}");
        let found = views.search(&wang.who, ask(name)).await.unwrap();
        assert_eq!(found.total, u64::from(ours), "{title}");
    }
    let many = views.search(&wang.who, ask("wx")).await.unwrap();
    let all = views.search(&chen.who, ask("WX")).await.unwrap();
    assert!(many.total > 0 && many.total < all.total);
    assert!(all.rows.len() <= 30 && all.rows.iter().all(|row| row.title.contains('*')));
}

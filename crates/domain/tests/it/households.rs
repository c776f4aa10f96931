use domain::household::{counted_twice, outside_life};
use domain::{Household, HouseholdId, Membership, Person, PersonId, Relation, Span, Standing};

use crate::day;

/// `1 户主 2026-01-01..2026-06-01`, with ` 服刑` for a reason not to count.
fn member(household: i64, text: &str) -> Option<Membership> {
    let mut words = text.split(' ');
    let person = PersonId::new(words.next()?.parse().ok()?);
    let relation = Relation::parse(words.next()?)?;
    let (from, to) = words.next()?.split_once("..")?;
    let span = Span::new(day(from), (!to.is_empty()).then(|| day(to)))?;
    let standing = words
        .next()
        .map_or(Standing::Counted, |reason| Standing::NotCounted {
            reason: reason.to_owned(),
        });
    Some(Membership {
        household: HouseholdId::new(household),
        person,
        relation,
        span,
        standing,
    })
}

fn household(members: &[&str]) -> Household {
    let members: Vec<Membership> = members.iter().filter_map(|text| member(7, text)).collect();
    Household::new(HouseholdId::new(7), members)
}

fn counted(home: &Household, on: &str) -> Vec<i64> {
    home.counted_on(day(on)).map(PersonId::get).collect()
}

#[test]
fn who_counts_follows_the_day() {
    let home = household(&[
        "1 户主 2020-01-01..",
        "2 配偶 2020-01-01..2026-03-01",
        "3 子女 2020-01-01..2026-06-01",
        "3 子女 2026-06-01.. 服刑",
    ]);
    assert_eq!(counted(&home, "2019-12-31"), Vec::<i64>::new());
    assert_eq!(counted(&home, "2026-02-28"), [1, 2, 3]);
    assert_eq!(counted(&home, "2026-03-01"), [1, 3]);
    assert_eq!(counted(&home, "2026-06-01"), [1]);
    let left_out: Vec<_> = home.not_counted_on(day("2026-06-01")).collect();
    assert_eq!(left_out, [(PersonId::new(3), "服刑")]);
    assert_eq!(home.head_on(day("2026-06-01")), Some(PersonId::new(1)));
}

#[test]
fn a_membership_without_a_day_cannot_be_written() {
    assert_eq!(Span::new(day("2026-01-01"), Some(day("2026-01-01"))), None);
    assert_eq!(Span::new(day("2026-01-02"), Some(day("2026-01-01"))), None);
}

#[test]
fn a_household_without_its_one_head_is_reported() {
    let report = |members: &[&str]| {
        let problems = household(members).problems_on(day("2026-01-01"));
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(";")
    };
    assert_eq!(report(&["1 户主 2020-01-01.."]), "");
    assert_eq!(
        report(&["1 配偶 2020-01-01.."]),
        "家庭7在2026-01-01有0名户主,应为1名"
    );
    assert_eq!(
        report(&["1 户主 2020-01-01..", "2 户主 2020-01-01.."]),
        "家庭7在2026-01-01有2名户主,应为1名"
    );
    assert_eq!(
        report(&["1 户主 2020-01-01..", "2 子女 2020-01-01..  "]),
        "人员2不计入家庭7,但没有写明原因"
    );
}

#[test]
fn a_person_counted_in_two_households_at_once_is_reported_with_the_first_day() {
    let report = |members: &[(i64, &str)]| {
        let members: Vec<Membership> = members
            .iter()
            .filter_map(|(home, text)| member(*home, text))
            .collect();
        counted_twice(&members)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(";")
    };
    assert_eq!(
        report(&[
            (7, "1 户主 2020-01-01.."),
            (8, "1 子女 2026-01-01.."),
            (8, "2 户主 2020-01-01..")
        ]),
        "人员1自2026-01-01起同时计入家庭7和家庭8,请先核实共同生活情况"
    );
    assert_eq!(
        report(&[
            (7, "1 户主 2020-01-01..2026-01-01"),
            (8, "1 子女 2026-01-01..")
        ]),
        ""
    );
    assert_eq!(
        report(&[
            (7, "1 户主 2020-01-01.."),
            (8, "1 子女 2026-01-01.. 在外就读")
        ]),
        ""
    );
}

#[test]
fn a_membership_outside_a_life_is_reported() {
    let id = PersonId::new(1);
    let person = Person {
        id,
        sex: None,
        birth: Some(day("2000-01-01")),
        death: Some(day("2026-05-10")),
    };
    let found =
        |text| outside_life(&person, &member(7, text).into_iter().collect::<Vec<_>>()).len();
    assert_eq!(found("1 户主 2000-01-01..2026-05-11"), 0);
    assert_eq!(found("1 户主 2000-01-01..2026-05-12"), 1);
    assert_eq!(found("1 户主 2000-01-01.."), 1);
    assert_eq!(found("1 户主 1999-12-31..2020-01-01"), 1);
    assert_eq!(found("2 户主 1999-12-31.."), 0);
    assert!(person.alive_on(day("2026-05-10")) && !person.alive_on(day("2026-05-11")));
    assert_eq!(person.age_on(day("2018-01-01")), Some(18));
    assert_eq!(person.age_on(day("1999-01-01")), None);
}

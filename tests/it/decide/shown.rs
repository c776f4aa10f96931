//! What is shown to everybody: no number in any spelling, and a draw anybody can repeat.

use super::*;

#[test]
fn a_number_is_found_however_it_is_written() {
    let plain = ["990101195403121283", "13800000000", "6299010112345678"];
    let ways: [fn(&str) -> String; 6] = [
        str::to_owned,
        |n| n.chars().flat_map(|c| [c, ' ']).collect(),
        |n| n.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        |n| {
            n.chars()
                .filter_map(|c| char::from_u32(u32::from(c) + 0xfee0))
                .collect()
        },
        |n| {
            n.chars()
                .map(|c| {
                    let digit = usize::try_from(c.to_digit(10).unwrap()).unwrap();
                    "零一二三四五六七八九".chars().nth(digit).unwrap()
                })
                .collect()
        },
        |n| {
            n.chars()
                .enumerate()
                .flat_map(|(at, c)| [c].into_iter().chain((at % 4 == 3).then_some('-')))
                .collect()
        },
    ];
    for number in plain {
        for (at, way) in ways.iter().enumerate() {
            for text in [way(number), format!("备注:{}。", way(number))] {
                assert!(casework::leaks(&text), "way {at}: {text}");
            }
        }
    }
    for fine in [
        "820.00 元",
        "3 人",
        "2026-09-07",
        "城东街道解放社区",
        "王*英",
        "12345",
    ] {
        assert!(!casework::leaks(fine), "{fine}");
    }
}

#[test]
fn anybody_draws_the_same_cases_and_near_relatives_are_all_looked_into() {
    let cases: Vec<(CaseNo, bool)> = (1..=10).map(|n| (CaseNo::new(n), n == 4)).collect();
    let tickets = sample::draw("2026109期", 3_000, &cases);
    let mut backwards = cases.clone();
    backwards.reverse();
    assert_eq!(tickets, sample::draw("2026109期", 3_000, &backwards));
    let looked = tickets.iter().filter(|ticket| ticket.why.is_some());
    assert!((3..=4).contains(&looked.count()));
    let near = tickets
        .iter()
        .find(|ticket| ticket.case == CaseNo::new(4))
        .unwrap();
    assert_eq!(near.why, Some(store::notices::SampleWhy::Relative));
    // printf '%s' '2026109期:4' | sha256sum
    assert_eq!(near.digest, DRAWN);
}

const DRAWN: &str = "ab955a67af4c771820e7ff5e15276d00228717aee00bed4faf60ac6e41e5fb0d";

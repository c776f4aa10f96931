//! What is shown to everybody: no number in any spelling, and a draw anybody can repeat.

use super::*;
use store::samples::LotWhy;

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

/// What each came with: an entry of the chain, its digest made of its number.
fn comes(many: i64, share: u32) -> Vec<sample::Comes> {
    let entry = |n: i64| (n * 3, vec![u8::try_from(n % 251).unwrap(); 32]);
    (1..=many)
        .map(|n| (CaseNo::new(n), share, Some(entry(n))))
        .collect()
}

#[test]
fn anybody_draws_the_same_cases_from_the_chain_and_at_no_moment_fewer_than_the_share() {
    let all = comes(400, 3_000);
    let tickets = sample::draw(&all);
    // printf '%s' '0404…04:4' | sha256sum
    assert_eq!(tickets[3].seed, "04".repeat(32));
    assert_eq!(tickets[3].lot, DRAWN);
    let mut drawn = 0;
    for (at, ticket) in tickets.iter().enumerate() {
        drawn += usize::from(ticket.why != LotWhy::None);
        assert!(drawn * 10 >= (at + 1) * 3, "{drawn} of {}", at + 1);
        // What comes later changes nothing of what came before.
        assert_eq!(sample::draw(&all[..=at])[at], *ticket);
    }
    assert!((120..200).contains(&drawn), "{drawn}");
    assert!(tickets.iter().any(|one| one.why == LotWhy::None));
    // Another entry, another lot: the number alone decides nothing.
    let mut other = all;
    other[3].2 = Some((12, vec![9; 32]));
    assert_ne!(sample::draw(&other)[3].lot, DRAWN);
}

const DRAWN: &str = "cbfbf8f8e2bea9a7f2cf45d24072dba090b7a90b5f1e3387d0584b7583823487";

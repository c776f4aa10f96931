//! Whose row is it: certain, doubtful, none.

use engine::linkage::{
    Link, LinkKind, Part, PersonTokens, Registry, RowTokens, Token, batch_of, link,
};

fn token(text: &str) -> Option<Token> {
    let mut token = [0; 16];
    for (place, byte) in token.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    (text != "-").then_some(token)
}

fn linked(number: &str, name: &str) -> Link {
    let person = |person_id, number, name| PersonTokens {
        person_id,
        number: token(number),
        name: token(name),
    };
    let registry = Registry::new([
        person(1, "n1", "张三"),
        person(2, "n2", "李四"),
        // One number carried by two persons; a person without a number; two namesakes.
        person(3, "n3", "王五"),
        person(4, "n3", "赵六"),
        person(5, "-", "无名"),
        person(6, "n6", "同名"),
        person(7, "n7", "同名"),
        // A name before and after it was corrected.
        person(8, "n8", "旧名"),
        person(8, "n8", "新名"),
    ]);
    let row = RowTokens {
        row_id: 9,
        number: token(number),
        name: token(name),
    };
    link(&[row], &registry)[0]
}

fn check(number: &str, name: &str, want: (LinkKind, Option<i64>, Part, Part)) {
    let got = linked(number, name);
    assert_eq!(
        (got.kind, got.person_id, got.number, got.name),
        want,
        "{number} {name}"
    );
}

#[test]
fn a_number_alone_or_with_its_name_is_certain() {
    check(
        "n1",
        "张三",
        (LinkKind::Certain, Some(1), Part::Same, Part::Same),
    );
    check(
        "n1",
        "-",
        (LinkKind::Certain, Some(1), Part::Same, Part::Missing),
    );
    check(
        "n8",
        "旧名",
        (LinkKind::Certain, Some(8), Part::Same, Part::Same),
    );
    check(
        "n8",
        "新名",
        (LinkKind::Certain, Some(8), Part::Same, Part::Same),
    );
}

#[test]
fn a_number_against_a_name_is_doubtful() {
    check(
        "n1",
        "李四",
        (LinkKind::Doubtful, Some(1), Part::Same, Part::Other),
    );
    check(
        "n1",
        "生人",
        (LinkKind::Doubtful, Some(1), Part::Same, Part::Other),
    );
}

#[test]
fn a_number_two_persons_carry_is_doubtful_even_with_the_name() {
    check(
        "n3",
        "赵六",
        (LinkKind::Doubtful, Some(4), Part::Same, Part::Same),
    );
    assert_eq!(linked("n3", "-").candidates, 2);
}

#[test]
fn a_name_without_its_number_is_never_certain() {
    check(
        "-",
        "李四",
        (LinkKind::Doubtful, Some(2), Part::Missing, Part::Same),
    );
    check(
        "nx",
        "李四",
        (LinkKind::Doubtful, Some(2), Part::Other, Part::Same),
    );
    check(
        "-",
        "无名",
        (LinkKind::Doubtful, Some(5), Part::Missing, Part::Same),
    );
    assert_eq!(linked("-", "同名").candidates, 2);
}

#[test]
fn a_row_of_nobody_known_is_nobodys() {
    check(
        "nx",
        "生人",
        (LinkKind::None, None, Part::Missing, Part::Missing),
    );
    check(
        "-",
        "-",
        (LinkKind::None, None, Part::Missing, Part::Missing),
    );
    assert_eq!(batch_of(&[linked("-", "-")]).unwrap().num_rows(), 1);
}

//! Whose row is it: certain, doubtful, none.

use engine::linkage::{Link, LinkKind, Part, Registry, RowTokens, Token, link};

fn token(text: &str) -> Option<Token> {
    let mut token = [0; 16];
    for (place, byte) in token.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    (text != "-").then_some(token)
}

/// Persons with their number and name; a person has as many entries as numbers and names carried.
fn registry<'a>(persons: impl IntoIterator<Item = (i64, &'a str, &'a str)>) -> Registry {
    let mut registry = Registry::default();
    for (person, number, name) in persons {
        if let Some(number) = token(number) {
            registry.learn_number(number, person);
        }
        if let Some(name) = token(name) {
            registry.learn_name(name, person);
        }
    }
    registry
}

fn linked(number: &str, name: &str) -> Link {
    let registry = registry([
        (1, "n1", "张三"),
        (2, "n2", "李四"),
        // One number carried by two persons; a person without a number; two namesakes.
        (3, "n3", "王五"),
        (4, "n3", "赵六"),
        (5, "-", "无名"),
        (6, "n6", "同名"),
        (7, "n7", "同名"),
        // A name before and after it was corrected.
        (8, "n8", "旧名"),
        (8, "n8", "新名"),
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
}

#[test]
fn everybody_a_row_may_be_is_named_the_likeliest_first() {
    let registry = registry([(1, "n1", "张三"), (2, "n2", "李四"), (3, "n3", "李四")]);
    let asked = |number: &str, name: &str| {
        registry.candidates(&RowTokens {
            row_id: 9,
            number: token(number),
            name: token(name),
        })
    };
    assert_eq!(asked("n1", "李四"), [1, 2, 3]);
    assert_eq!(asked("nx", "李四"), [2, 3]);
    assert_eq!(asked("n3", "李四"), [3, 2]);
    assert_eq!(asked("nx", "生人"), Vec::<i64>::new());
}

/// Numbers that only the seed decides.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % n
    }

    /// One of few tokens, so that people share them, or none.
    fn token(&mut self, kind: u8) -> Option<Token> {
        let which = self.below(12);
        let mut token = [kind; 16];
        token[1] = u8::try_from(which).unwrap();
        (which > 0).then_some(token)
    }
}

#[test]
fn neither_the_order_of_rows_nor_the_cut_into_blocks_changes_a_link() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut registry = Registry::default();
        for person in 1..=10 {
            for _ in 0..=dice.below(2) {
                if let Some(number) = dice.token(1) {
                    registry.learn_number(number, person);
                }
                if let Some(name) = dice.token(2) {
                    registry.learn_name(name, person);
                }
            }
        }
        let mut rows: Vec<RowTokens> = (0..40)
            .map(|row_id| RowTokens {
                row_id,
                number: dice.token(1),
                name: dice.token(2),
            })
            .collect();
        let whole = link(&rows, &registry);
        for _ in 0..40 {
            let (a, b) = (dice.below(40), dice.below(40));
            rows.swap(usize::try_from(a).unwrap(), usize::try_from(b).unwrap());
        }
        let size = usize::try_from(dice.below(7)).unwrap() + 1;
        let mut parts: Vec<Link> = rows
            .chunks(size)
            .flat_map(|block| link(block, &registry))
            .collect();
        parts.sort_by_key(|l| l.row_id);
        assert_eq!(whole, parts, "seed {seed}, blocks of {size}");
        for (link, row) in parts.iter().zip(&{
            let mut by_id = rows.clone();
            by_id.sort_by_key(|r| r.row_id);
            by_id
        }) {
            // Certain only by a number that one person carries.
            let owners = row.number.map_or(0, |n| registry.of_number(&n).count());
            assert!(
                link.kind != LinkKind::Certain || owners == 1,
                "seed {seed}: {link:?}"
            );
            let known = registry.candidates(row);
            assert_eq!(known.first().copied(), link.person_id, "seed {seed}");
        }
    }
}

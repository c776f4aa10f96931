//! 小数保护: which figures must stay hidden outside one's own places, so that nobody can find a small
//! figure by subtracting what is shown from a total.
//!
//! A figure is small when fewer than k, but not none, stand in it, in its numerator, or in its
//! denominator without its numerator. Small ones are hidden; then, wherever a total is shown, so many
//! more that what is hidden below it is itself no small figure, is spread over two places at least,
//! and leaves each of them room. Where that cannot be had the total is hidden too.

/// How many stand in a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In the denominator.
    pub whole: u64,
    /// In the numerator.
    pub part: u64,
}

impl Count {
    fn rest(self) -> u64 {
        self.whole.saturating_sub(self.part)
    }

    fn minus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_sub(other.whole),
            part: self.part.saturating_sub(other.part),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(other.whole),
            part: self.part.saturating_add(other.part),
        }
    }

    fn is_small(self, least: u64) -> bool {
        let small = |n: u64| n > 0 && n < least;
        small(self.whole) || small(self.part) || small(self.rest())
    }
}

/// A place or group of a published table; those that share a total are told together, because one
/// may be found from another.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The total it belongs to; it stands before.
    pub parent: Option<usize>,
    /// Each figure of the table.
    pub counts: Vec<Count>,
    /// What the reader knows of it anyway: what lies in their own places.
    pub known: Vec<Count>,
    /// Whether all of it lies in the reader's own places.
    pub own: bool,
}

/// What of a place may be told, figure by figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Veil {
    /// Both numbers.
    Shown,
    /// Only that nobody outside the reader's own places stands in the numerator: a total says so.
    NoMore,
    /// Nothing.
    Hidden,
}

/// What may be told of each place, figure by figure; `least` is the smallest figure that may be shown.
#[must_use]
pub fn veil(nodes: &[Node], least: u64) -> Vec<Vec<Veil>> {
    let children = children(nodes);
    let nodes = with_own(nodes, &children);
    let mut hidden: Vec<bool> = nodes
        .iter()
        .map(|node| !node.own && node.counts.iter().any(|c| c.is_small(least)))
        .collect();
    while step(&nodes, &children, least, &mut hidden) {}
    told(&nodes, &children, &hidden)
}

/// What is made of the reader's own places only is their own as well.
fn with_own(nodes: &[Node], children: &[Vec<usize>]) -> Vec<Node> {
    let mut out = nodes.to_vec();
    for (at, below) in children.iter().enumerate().rev() {
        let own = |c: &usize| out.get(*c).is_some_and(|n| n.own);
        let all_own = !below.is_empty() && below.iter().all(own);
        if let Some(node) = out.get_mut(at).filter(|_| all_own) {
            node.own = true;
        }
    }
    out
}

fn children(nodes: &[Node]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        if let Some(list) = node.parent.and_then(|p| out.get_mut(p)) {
            list.push(at);
        }
    }
    out
}

/// Hides one thing more; false when nothing more needs hiding.
fn step(nodes: &[Node], children: &[Vec<usize>], least: u64, hidden: &mut [bool]) -> bool {
    let is = |hidden: &[bool], at: usize| hidden.get(at).copied().unwrap_or(false);
    for (at, below) in children.iter().enumerate() {
        if is(hidden, at) {
            // Below a hidden total nothing is shown, or it could be added up again.
            let open = below
                .iter()
                .find(|c| !is(hidden, **c) && nodes.get(**c).is_some_and(|n| !n.own));
            if let Some(open) = open {
                return hide(hidden, *open);
            }
            continue;
        }
        let veiled: Vec<&Node> = below
            .iter()
            .filter(|c| is(hidden, **c))
            .filter_map(|c| nodes.get(*c))
            .collect();
        if veiled.is_empty() || is_safe(&veiled, least) {
            continue;
        }
        let others = below.iter().filter(|c| !is(hidden, **c)).filter_map(|c| {
            let node = nodes.get(*c).filter(|n| !n.own)?;
            let size: u64 = node
                .counts
                .iter()
                .map(|c| c.whole)
                .fold(0, u64::saturating_add);
            (size > 0).then_some((size, *c))
        });
        return match others.min() {
            Some((_, next)) => hide(hidden, next),
            None => hide(hidden, at),
        };
    }
    false
}

fn hide(hidden: &mut [bool], at: usize) -> bool {
    match hidden.get_mut(at) {
        Some(slot) if !*slot => {
            *slot = true;
            true
        }
        _ => false,
    }
}

/// Whether what is hidden together below a shown total tells nothing of any one of them.
fn is_safe(veiled: &[&Node], least: u64) -> bool {
    let figures = veiled.iter().map(|n| n.counts.len()).max().unwrap_or(0);
    (0..figures).all(|figure| {
        // What the reader knows of them anyway is taken off first.
        let left: Vec<Count> = veiled.iter().map(|n| remainder(n, figure)).collect();
        let sum = left.iter().copied().fold(Count::default(), Count::plus);
        if sum.whole == 0 {
            return true;
        }
        let spread = left.iter().filter(|c| c.whole > 0).count();
        let several = u64::try_from(spread).unwrap_or(u64::MAX);
        // Each may be thought to hold one; above that there must be room for a figure that is not small.
        let room = sum.whole.saturating_sub(several).saturating_add(1);
        spread >= 2 && !sum.is_small(least) && room >= least.max(2)
    })
}

fn remainder(node: &Node, figure: usize) -> Count {
    let count = node.counts.get(figure).copied().unwrap_or_default();
    count.minus(node.known.get(figure).copied().unwrap_or_default())
}

fn told(nodes: &[Node], children: &[Vec<usize>], hidden: &[bool]) -> Vec<Vec<Veil>> {
    let mut out: Vec<Vec<Veil>> = nodes
        .iter()
        .zip(hidden)
        .map(|(node, hidden)| {
            let veil = if *hidden { Veil::Hidden } else { Veil::Shown };
            vec![veil; node.counts.len()]
        })
        .collect();
    for (at, below) in children.iter().enumerate() {
        let figures = nodes.get(at).map_or(0, |n| n.counts.len());
        for figure in 0..figures {
            let told = out.get(at).and_then(|v| v.get(figure)).copied();
            let veiled: Vec<usize> = below
                .iter()
                .copied()
                .filter(|c| hidden.get(*c).copied().unwrap_or(false))
                .collect();
            let sum = veiled
                .iter()
                .filter_map(|c| nodes.get(*c))
                .map(|n| remainder(n, figure))
                .fold(Count::default(), Count::plus);
            // Anybody can see from the total that there is nothing more: then it may as well be said.
            let plain = match told {
                Some(Veil::Shown) if sum.whole == 0 => Veil::Shown,
                Some(Veil::Shown | Veil::NoMore) if sum.part == 0 => Veil::NoMore,
                _ => continue,
            };
            for child in veiled {
                if let Some(slot) = out.get_mut(child).and_then(|v| v.get_mut(figure)) {
                    *slot = plain;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    /// A generator with a printed seed; tests of this crate need no other.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % n
        }
    }

    /// A county, its townships, their villages; the totals added up; some townships the reader's own.
    fn county(dice: &mut Dice, figures: usize) -> Vec<Node> {
        let mut nodes = vec![Node::default()];
        let townships = 1 + dice.below(5);
        for _ in 0..townships {
            let township = nodes.len();
            let own = dice.below(5) == 0;
            nodes.push(Node {
                parent: Some(0),
                own,
                ..Node::default()
            });
            for _ in 0..=dice.below(4) {
                let large = [2, 5, 30][usize::try_from(dice.below(3)).unwrap()];
                let mut counts = Vec::new();
                for _ in 0..figures {
                    let (part, rest) = (dice.below(large), dice.below(large));
                    counts.push(Count {
                        whole: part + rest,
                        part,
                    });
                }
                nodes.push(Node {
                    parent: Some(township),
                    own,
                    counts,
                    ..Node::default()
                });
            }
        }
        for at in (0..nodes.len()).rev() {
            let known = |n: &Node| {
                if n.own {
                    n.counts.clone()
                } else {
                    n.known.clone()
                }
            };
            let below: Vec<Node> = nodes
                .iter()
                .filter(|n| n.parent == Some(at))
                .cloned()
                .collect();
            if nodes[at].counts.is_empty() {
                nodes[at].counts = vec![Count::default(); figures];
                for child in &below {
                    for (sum, more) in nodes[at].counts.iter_mut().zip(&child.counts) {
                        *sum = sum.plus(*more);
                    }
                }
            }
            nodes[at].known = vec![Count::default(); figures];
            for child in &below {
                for (sum, more) in nodes[at].known.iter_mut().zip(known(child)) {
                    *sum = sum.plus(more);
                }
            }
        }
        nodes
    }

    /// What somebody can find out about one number of every place: sums of a tree leave exactly the
    /// interval that is told upwards by the places below and downwards by the total.
    fn bounds(
        nodes: &[Node],
        shown: &[bool],
        least: &[u64],
        value: impl Fn(usize) -> u64,
    ) -> Vec<(u64, u64)> {
        const MANY: u64 = 1 << 40;
        let mut out: Vec<(u64, u64)> = (0..nodes.len())
            .map(|at| {
                if shown[at] {
                    (value(at), value(at))
                } else {
                    (least[at], MANY)
                }
            })
            .collect();
        let children = children(nodes);
        for at in (0..nodes.len())
            .rev()
            .filter(|at| !children[*at].is_empty())
        {
            let low: u64 = children[at].iter().map(|c| out[*c].0).sum();
            let high: u64 = children[at].iter().map(|c| out[*c].1).sum();
            out[at] = (out[at].0.max(low), out[at].1.min(high));
        }
        for at in 0..nodes.len() {
            for child in &children[at] {
                let others = children[at].iter().filter(|c| *c != child);
                let (low, high) = others.fold((0, 0), |(l, h), c| (l + out[*c].0, h + out[*c].1));
                let own = out[*child];
                out[*child] = (
                    own.0.max(out[at].0.saturating_sub(high)),
                    own.1.min(out[at].1.saturating_sub(low)),
                );
            }
        }
        out
    }

    /// The attack: from all that is shown and the reader's own figures, by the rules above.
    #[test]
    fn no_hidden_figure_can_be_found_by_subtraction() {
        let (mut hidden, mut shown, mut small) = (0_u64, 0_u64, 0_u64);
        for seed in 0..20_000 {
            let mut dice = Dice(seed);
            let figures = 1 + usize::try_from(dice.below(2)).unwrap();
            let least = 2 + dice.below(9);
            let nodes = county(&mut dice, figures);
            let veils = veil(&nodes, least);
            for figure in 0..figures {
                let whole_shown: Vec<bool> = (0..nodes.len())
                    .map(|at| veils[at][figure] == Veil::Shown)
                    .collect();
                let part_shown: Vec<bool> = (0..nodes.len())
                    .map(|at| veils[at][figure] != Veil::Hidden)
                    .collect();
                // Who sees one figure only knows that a hidden one is not none: none is shown.
                let at_least: Vec<u64> = nodes
                    .iter()
                    .map(|n| {
                        let below_shown = n.parent.is_none_or(|p| whole_shown[p]);
                        u64::from(figures == 1 && below_shown)
                    })
                    .collect();
                let wholes = bounds(&nodes, &whole_shown, &at_least, |at| {
                    nodes[at].counts[figure].whole
                });
                let nothing = vec![0; nodes.len()];
                let parts = bounds(&nodes, &part_shown, &nothing, |at| {
                    nodes[at].counts[figure].part
                });
                for at in 0..nodes.len() {
                    let count = nodes[at].counts[figure];
                    let place = format!(
                        "seed {seed} least {least} node {at}: {count:?} {:?}",
                        veils[at]
                    );
                    match veils[at][figure] {
                        Veil::Shown => {
                            shown += 1;
                            let beyond = remainder(&nodes[at], figure);
                            assert!(
                                nodes[at].own || !count.is_small(least) || beyond.whole == 0,
                                "{place}"
                            );
                        }
                        Veil::NoMore => {
                            assert!(
                                wholes[at].0 < wholes[at].1,
                                "{place} whole is {:?}",
                                wholes[at]
                            );
                        }
                        Veil::Hidden => {
                            hidden += 1;
                            small += u64::from(count.is_small(least));
                            assert!(!nodes[at].own, "{place}");
                            assert!(
                                wholes[at].0 < wholes[at].1,
                                "{place} whole is {:?}",
                                wholes[at]
                            );
                            assert!(
                                wholes[at].1 >= least,
                                "{place} is seen to be small: {:?}",
                                wholes[at]
                            );
                            assert!(parts[at].0 < parts[at].1, "{place} part is {:?}", parts[at]);
                        }
                    }
                }
            }
        }
        assert!(
            small > 10_000 && hidden < 2 * small && shown > 100_000,
            "{small} {hidden} {shown}"
        );
    }

    /// Every way to fill the hidden cells of one row of small groups, with numerator and denominator
    /// bound to each other: each hidden number can be at least two.
    #[test]
    fn every_way_to_fill_a_small_table_leaves_room() {
        for seed in 0..3_000 {
            let mut dice = Dice(seed);
            let least = 2 + dice.below(3);
            let cells: Vec<Count> = (0..2 + dice.below(3))
                .map(|_| {
                    let (part, rest) = (dice.below(4), dice.below(5));
                    Count {
                        whole: part + rest,
                        part,
                    }
                })
                .collect();
            let all = cells.iter().copied().fold(Count::default(), Count::plus);
            let mut nodes = vec![Node {
                counts: vec![all],
                known: vec![Count::default()],
                ..Node::default()
            }];
            nodes.extend(cells.iter().map(|c| Node {
                parent: Some(0),
                counts: vec![*c],
                known: vec![Count::default()],
                own: false,
            }));
            let veils = veil(&nodes, least);
            if veils[0][0] != Veil::Shown {
                continue;
            }
            let free: Vec<usize> = (1..nodes.len())
                .filter(|at| veils[*at][0] != Veil::Shown)
                .collect();
            let shown = (1..nodes.len()).filter(|at| !free.contains(at));
            let left = shown.fold(all, |left, at| left.minus(nodes[at].counts[0]));
            let mut seen = vec![(Vec::new(), Vec::new()); free.len()];
            fill(&free, &veils, left, &mut Vec::new(), &mut seen);
            for (at, (wholes, parts)) in free.iter().zip(&mut seen) {
                let many = |values: &mut Vec<u64>| {
                    values.sort_unstable();
                    values.dedup();
                    values.len() >= 2
                };
                assert!(many(wholes), "seed {seed}: {cells:?} {at}");
                assert!(
                    many(parts) || veils[*at][0] == Veil::NoMore,
                    "seed {seed}: {cells:?} {at}"
                );
            }
        }
    }

    fn fill(
        free: &[usize],
        veils: &[Vec<Veil>],
        left: Count,
        so_far: &mut Vec<Count>,
        seen: &mut [(Vec<u64>, Vec<u64>)],
    ) {
        let Some(at) = free.get(so_far.len()) else {
            if left == Count::default() {
                for ((wholes, parts), count) in seen.iter_mut().zip(so_far.iter()) {
                    wholes.push(count.whole);
                    parts.push(count.part);
                }
            }
            return;
        };
        let parts_max = if veils[*at][0] == Veil::NoMore {
            0
        } else {
            left.part
        };
        for part in 0..=parts_max {
            for rest in 0..=left.rest() {
                if part + rest == 0 {
                    continue;
                }
                let count = Count {
                    whole: part + rest,
                    part,
                };
                so_far.push(count);
                fill(free, veils, left.minus(count), so_far, seen);
                so_far.pop();
            }
        }
    }

    #[test]
    fn one_small_village_takes_the_smallest_neighbour_with_it_and_nothing_more() {
        let count = |whole, part| vec![Count { whole, part }];
        let node = |parent, counts: Vec<Count>| Node {
            parent,
            known: vec![Count::default()],
            counts,
            own: false,
        };
        let nodes = [
            node(None, count(300, 100)),
            node(Some(0), count(110, 30)),
            node(Some(0), count(120, 67)),
            node(Some(0), count(70, 3)),
        ];
        let told: Vec<Veil> = veil(&nodes, 10).into_iter().map(|v| v[0]).collect();
        assert_eq!(told, [Veil::Shown, Veil::Hidden, Veil::Shown, Veil::Hidden]);
        assert!(veil(&nodes, 3).iter().all(|v| v[0] == Veil::Shown));
    }
}

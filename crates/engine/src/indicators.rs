//! 指标: what was counted, area by area and group by group; poverty and inequality; and which small
//! figures must stay hidden from others.
//!
//! It counts what the rules of `indicators/` yield for everybody and never decides what a figure is
//! of: numerators, denominators, weights and lines are the rulebook's.

pub mod counts;
pub mod disclosure;
pub mod spread;

pub(crate) use counts::float;
pub use counts::{Behind, Figure, Group, Part, Tally, Told, figures, rows};
pub use disclosure::{Count, Node, Veil, veil};
pub use spread::{Income, Spread, spread};

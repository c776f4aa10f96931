//! The rule language for one household: parse → check → evaluate → explain → format;
//! and the reader of every rulebook block.
//!
//! It never reads a file, a clock or a database: texts come in, values and problems go out.
//! User text yields `(T, Vec<Problem>)`, never a panic.

pub mod ast;
pub mod cases;
pub mod check;
pub mod dict;
pub mod eval;
pub mod explain;
pub mod feed;
pub mod format;
pub mod lex;
pub mod markdown;
pub mod params;
pub mod parse;
pub mod plan;
pub mod problem;
pub mod procedure;
pub mod rulebook;
pub mod show;
pub mod situation;
pub mod unit;
pub mod value;

pub use plan::Program;
pub use problem::{Problem, Severity, Span};
pub use rulebook::{Rulebook, SourceText};
pub use value::{Ratio, Value};

//! The rule language for everyone, in columns; the only crate that sees DataFusion.
//!
//! Record batches in, record batches out: it knows the rules' checked form and Parquet in a local
//! folder, and never a store, a request or a clock.

mod compile;
pub mod differential;
mod error;
pub mod frames;
pub mod indicators;
pub mod judged;
pub mod lake;
pub mod lanes;
pub mod linkage;
pub mod payable;
mod run;
pub mod screening;
mod sheet;
pub mod simulate;
pub mod sink;
pub mod situation;

pub use compile::{Compiled, compile};
pub use datafusion::arrow;
pub use error::{EngineError, Result};
pub use frames::{Complete, EntityFrame, Frames, Record, RelationFrame, StatusFrame};
pub use judged::{Judged, JudgedTable};
pub use lake::LakeFile;
pub use lanes::{Lane, LaneWriter, Plain, Shape, Words};
pub use run::Memo;
pub use sheet::{Column, Lake, Sheet};
pub use sink::Sink;

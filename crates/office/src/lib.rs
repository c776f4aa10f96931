//! What people do; the only crate that decides that something happens.
//!
//! Every writing function gathers, decides (a pure function) and appends, in one transaction of the
//! record with its act in the audit chain. Pages read through `views` only.

pub mod calendar;
pub mod monitoring;
pub mod clock;
pub mod desk;
mod error;
pub mod intake;
mod office;
pub mod rulebook;
pub mod trace;
pub mod doctor;
pub mod audit;
pub mod views;

pub use clock::Clock;
pub use error::{OfficeError, Result};
pub use office::{Office, Setting};
pub use store::Database;

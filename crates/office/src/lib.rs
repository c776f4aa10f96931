//! What people do; the only crate that decides that something happens.
//!
//! Every writing function gathers, decides (a pure function) and appends, in one transaction of the
//! record with its act in the audit chain. Pages read through `views` only.

pub mod access;
pub mod areas;
mod assessed;
pub mod audit;
pub mod backup;
pub mod calendar;
pub mod casework;
pub mod channels;
pub mod clock;
pub mod desk;
pub mod disbursement;
pub mod doctor;
pub mod doubts;
mod error;
pub mod exports;
pub mod guide;
mod handling;
pub mod indicators;
pub mod intake;
pub mod keeping;
pub mod keys;
pub mod line;
pub mod monitoring;
mod office;
pub mod parameters;
mod pdf;
pub mod photos;
pub mod portal;
pub mod publication;
pub mod published;
pub mod rulebook;
pub mod simulate;
mod space;
mod sums;
mod text_sheet;
pub mod trace;
pub mod verification;
pub mod views;
pub mod visits;

pub use clock::{Clock, Watch};
pub use error::{OfficeError, Result};
pub use office::{Office, Setting};
pub use store::{Database, Upgrade};

//! The record, in SQLite or PostgreSQL: one module per table family, sealed identity, and the
//! chain of acts.
//!
//! Stores what it is told: no policy, no clock, no guess. SQL stands only here, beside the
//! function that runs it. A write goes through [`JournalTx`] and cannot be committed without an
//! act; a full name or number leaves only through [`identity::reveal`], after its entry is durable.

pub mod applications;
pub mod areas;
pub mod arrears;
pub mod assists;
mod at;
pub mod audit;
pub mod backup;
pub mod bank_accounts;
pub mod batches;
pub mod cases;
pub mod channels;
pub mod conference_tasks;
pub mod conferences;
pub mod consents;
pub mod crisis;
pub mod decisions;
pub mod digest;
pub mod doctor;
pub mod doubts;
pub mod endings;
pub mod entitlement_parts;
pub mod entitlements;
mod error;
mod every;
pub mod exports;
pub mod found_facts;
pub mod grants;
pub mod handling;
pub mod hearings;
pub mod households;
pub mod identity;
pub mod jobs;
pub mod keeping;
mod keys;
pub mod kin;
pub mod late;
pub mod ledger;
pub mod manifest;
pub mod name_index;
pub mod notices;
pub mod organisations;
pub mod outside;
pub mod payments;
pub mod persons;
pub mod photos;
pub mod portal;
mod postgres;
pub mod previews;
pub mod prompt;
pub mod publications;
pub mod recusals;
pub mod registers;
pub mod reviews;
pub mod rulebooks;
pub mod runs;
pub mod samples;
mod schema;
pub mod seal;
pub mod service;
pub mod sessions;
mod sql;
mod sqlite;
pub mod summaries;
pub mod tablets;
pub mod tasks;
pub mod tokens;
mod tx;
pub mod upkeep;
pub mod urges;
pub mod users;
mod value;
pub mod verifications;
pub mod visits;
pub mod warnings;
pub mod workers;

mod open;

pub use at::At;
pub use audit::{Act, Receipt};
pub use error::{Result, StoreError};
pub use open::{Database, Opening, Store, Upgrade};
pub use persons::RowId;
pub use schema::{Backend, newest as newest_schema};
pub use sqlite::refuse_unsound_library;
pub use tx::{JournalTx, Reads};
pub use value::Value;

//! The record, in SQLite or PostgreSQL: one module per table family, sealed identity, and the
//! chain of acts.
//!
//! Stores what it is told: no policy, no clock, no guess. SQL stands only here, beside the
//! function that runs it. A write goes through [`JournalTx`] and cannot be committed without an
//! act; a full name or number leaves only through [`identity::reveal`], after its entry is durable.

pub mod areas;
mod at;
pub mod audit;
pub mod batches;
pub mod digest;
pub mod doctor;
mod error;
pub mod grants;
pub mod households;
pub mod identity;
pub mod jobs;
mod keys;
pub mod manifest;
pub mod organisations;
pub mod persons;
mod postgres;
pub mod recusals;
pub mod runs;
mod schema;
pub mod sessions;
mod sql;
mod sqlite;
pub mod summaries;
pub mod tasks;
pub mod tokens;
mod tx;
pub mod users;
mod value;
pub mod warnings;
pub mod workers;

mod open;

pub use at::At;
pub use audit::{Act, Receipt};
pub use error::{Result, StoreError};
pub use open::{Database, Opening, Store};
pub use persons::RowId;
pub use schema::{Backend, newest as newest_schema};
pub use sqlite::refuse_unsound_library;
pub use tx::{JournalTx, Reads};
pub use value::Value;

/// Every statement of the record as written, for the test that prepares each on both databases.
fn every_statement() -> Vec<String> {
    let statements = [
        areas::STATEMENTS,
        areas::EDITION_STATEMENTS,
        areas::FOUND_STATEMENTS,
        audit::STATEMENTS,
        audit::VERIFY_STATEMENTS,
        batches::STATEMENTS,
        doctor::STATEMENTS,
        grants::STATEMENTS,
        households::STATEMENTS,
        identity::STATEMENTS,
        identity::ROTATION_STATEMENTS,
        jobs::STATEMENTS,
        manifest::STATEMENTS,
        open::STATEMENTS,
        organisations::STATEMENTS,
        persons::STATEMENTS,
        recusals::STATEMENTS,
        runs::STATEMENTS,
        schema::STATEMENTS,
        sessions::STATEMENTS,
        summaries::STATEMENTS,
        tasks::STATEMENTS,
        tokens::STATEMENTS,
        tx::STATEMENTS,
        users::STATEMENTS,
        warnings::STATEMENTS,
        workers::STATEMENTS,
    ];
    let tables = [
        areas::TABLES,
        audit::TABLES,
        batches::TABLES,
        households::TABLES,
        identity::TABLES,
        persons::TABLES,
        summaries::TABLES,
        tasks::TABLES,
        tokens::TABLES,
        warnings::TABLES,
    ];
    let written = statements
        .iter()
        .flat_map(|some| some.iter())
        .map(|sql| sql.0.to_owned());
    let inserts = tables
        .iter()
        .flat_map(|some| some.iter())
        .map(sql::Table::insert);
    written.chain(inserts).collect()
}

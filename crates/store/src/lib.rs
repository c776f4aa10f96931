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

/// Every statement of the record as written, for the test that prepares each on both databases.
fn every_statement() -> Vec<String> {
    let statements = [
        applications::STATEMENTS,
        applications::CLUE_STATEMENTS,
        applications::DECIDED_STATEMENTS,
        entitlements::around::STATEMENTS,
        entitlements::cards::STATEMENTS,
        entitlements::ended::STATEMENTS,
        areas::STATEMENTS,
        areas::EDITION_STATEMENTS,
        areas::FOUND_STATEMENTS,
        arrears::STATEMENTS,
        assists::STATEMENTS,
        audit::STATEMENTS,
        audit::LOOK_STATEMENTS,
        audit::VERIFY_STATEMENTS,
        bank_accounts::STATEMENTS,
        batches::STATEMENTS,
        batches::REMARK_STATEMENTS,
        batches::SIZE_STATEMENTS,
        batches::UNDO_STATEMENTS,
        cases::STATEMENTS,
        cases::CLOSED_STATEMENTS,
        cases::TOLD_STATEMENTS,
        cases::WAIT_STATEMENTS,
        channels::STATEMENTS,
        channels::FIND_STATEMENTS,
        channels::LOOKUP_STATEMENTS,
        channels::STAY_STATEMENTS,
        conference_tasks::STATEMENTS,
        conferences::STATEMENTS,
        consents::STATEMENTS,
        crisis::STATEMENTS,
        crisis::care::STATEMENTS,
        outside::STATEMENTS,
        decisions::STATEMENTS,
        doctor::STATEMENTS,
        doubts::STATEMENTS,
        doubts::SEAL_STATEMENTS,
        entitlement_parts::STATEMENTS,
        endings::STATEMENTS,
        exports::STATEMENTS,
        entitlements::STATEMENTS,
        found_facts::STATEMENTS,
        grants::STATEMENTS,
        handling::STATEMENTS,
        hearings::STATEMENTS,
        households::STATEMENTS,
        identity::STATEMENTS,
        identity::ROTATION_STATEMENTS,
        jobs::STATEMENTS,
        kin::STATEMENTS,
        keeping::STATEMENTS,
        late::STATEMENTS,
        ledger::STATEMENTS,
        manifest::STATEMENTS,
        name_index::STATEMENTS,
        notices::STATEMENTS,
        open::STATEMENTS,
        organisations::STATEMENTS,
        payments::STATEMENTS,
        payments::ANSWER_STATEMENTS,
        payments::LINE_STATEMENTS,
        payments::OPENED_STATEMENTS,
        payments::RECOVERY_STATEMENTS,
        persons::STATEMENTS,
        portal::STATEMENTS,
        portal::MATTER_STATEMENTS,
        portal::REOPENED_STATEMENTS,
        portal::SENDING_STATEMENTS,
        photos::STATEMENTS,
        previews::STATEMENTS,
        prompt::STATEMENTS,
        publications::STATEMENTS,
        recusals::STATEMENTS,
        registers::STATEMENTS,
        reviews::STATEMENTS,
        reviews::FINDING_STATEMENTS,
        rulebooks::STATEMENTS,
        runs::STATEMENTS,
        samples::STATEMENTS,
        schema::STATEMENTS,
        seal::STATEMENTS,
        seal::CHECK_STATEMENTS,
        service::STATEMENTS,
        sessions::STATEMENTS,
        summaries::STATEMENTS,
        tablets::STATEMENTS,
        tasks::STATEMENTS,
        tasks::DOOR_STATEMENTS,
        tasks::RAISE_STATEMENTS,
        tokens::STATEMENTS,
        tx::STATEMENTS,
        upkeep::STATEMENTS,
        urges::STATEMENTS,
        users::STATEMENTS,
        verifications::STATEMENTS,
        verifications::ANSWER_STATEMENTS,
        verifications::REPORT_STATEMENTS,
        visits::STATEMENTS,
        warnings::STATEMENTS,
        workers::STATEMENTS,
    ];
    let written = statements
        .iter()
        .flat_map(|some| some.iter())
        .map(|sql| sql.0.to_owned());
    let inserts = every_table();
    let inserts = inserts.iter().map(|table| table.insert(sql::With::Nothing));
    written.chain(inserts).collect()
}

/// Every table that is filled in bulk.
fn every_table() -> Vec<sql::Table> {
    let tables = [
        applications::TABLES,
        areas::TABLES,
        audit::TABLES,
        bank_accounts::TABLES,
        batches::TABLES,
        doubts::TABLES,
        entitlements::TABLES,
        households::TABLES,
        identity::TABLES,
        payments::TABLES,
        payments::ANSWER_TABLES,
        payments::LINE_TABLES,
        persons::TABLES,
        publications::TABLES,
        registers::TABLES,
        rulebooks::TABLES,
        summaries::TABLES,
        tasks::TABLES,
        tokens::TABLES,
        verifications::TABLES,
        verifications::ANSWER_TABLES,
        warnings::TABLES,
    ];
    tables
        .iter()
        .flat_map(|some| some.iter().copied())
        .collect()
}

//! Everything the record says to its database, gathered for the tests that prepare each text on both databases.

use crate::sql::{Sql, Table, With};
use crate::{
    applications, areas, arrears, assists, audit, bank_accounts, batches, cases, channels,
    conference_tasks, conferences, consents, crisis, decisions, doctor, doubts, endings,
    entitlement_parts, entitlements, exports, found_facts, grants, handling, hearings, households,
    identity, jobs, keeping, kin, late, ledger, manifest, name_index, notices, open, organisations,
    outside, payments, persons, photos, portal, previews, prompt, publications, recusals,
    registers, reviews, rulebooks, runs, samples, schema, seal, service, sessions, summaries,
    tablets, tasks, tokens, tx, upkeep, urges, users, verifications, visits, warnings, workers,
};

/// The statements each part of the record writes.
const STATEMENTS: &[&[Sql]] = &[
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

/// The tables each part of the record fills in bulk.
const TABLES: &[&[Table]] = &[
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

/// Every statement of the record as written, for the test that prepares each on both databases.
pub(crate) fn every_statement() -> Vec<String> {
    let written = STATEMENTS
        .iter()
        .flat_map(|some| some.iter())
        .map(|sql| sql.0.to_owned());
    let inserts = every_table();
    let inserts = inserts.iter().map(|table| table.insert(With::Nothing));
    written.chain(inserts).collect()
}

/// Every table that is filled in bulk.
pub(crate) fn every_table() -> Vec<Table> {
    TABLES
        .iter()
        .flat_map(|some| some.iter().copied())
        .collect()
}

-- The record, first edition. One text for both databases; {int} {text} {bytes} {strict} are
-- written out by schema.rs. What only one database understands is in 0001_record.<database>.sql.
-- A table is appended to unless its comment says what else may happen to it.

-- Words about the record itself: fingerprint of the key file.
create table meta (
    name {text} primary key not null,
    value {text} not null
){strict};

-- Last number given out, per kind of thing; updated in the write that uses the numbers.
create table counter (
    name {text} primary key not null,
    last {int} not null
){strict};

-- The chain of acts.
create table audit (
    seq {int} primary key not null check (seq >= 1),
    algorithm {text} not null,
    prev {bytes} not null,
    at {text} not null,
    hlc_at {text} not null,
    hlc_tick {int} not null,
    actor {text} not null check (actor <> ''),
    act {text} not null check (act <> ''),
    object_kind {text} not null,
    object_id {text} not null,
    purpose {text} not null,
    authority {text} not null,
    payload_commit {bytes} not null,
    digest {bytes} not null unique
){strict};
create index audit_by_object on audit (object_kind, object_id, seq);
create index audit_by_actor on audit (actor, seq);
create index audit_by_act on audit (act, seq);

-- What an act carried, sealed; deleted when its retention ends, the chain stays whole.
create table audit_payload (
    seq {int} primary key not null references audit (seq),
    key_id {int} not null,
    sealed {bytes} not null
){strict};
create index audit_payload_by_key on audit_payload (key_id, seq);

-- The last entry of the chain, updated by each write: it is what makes the numbers gapless.
create table audit_head (
    head {int} primary key not null check (head = 1),
    seq {int} not null,
    digest {bytes} not null,
    hlc_at {text} not null,
    hlc_tick {int} not null
){strict};

-- Places under their codes and names; valid_to is set once.
create table area (
    area_id {int} primary key not null,
    code {text} not null check (length(code) = 12),
    name {text} not null,
    level {text} not null,
    urban_rural {text},
    valid_from {text} not null,
    valid_to {text},
    check (valid_to is null or valid_from < valid_to),
    unique (code, valid_from)
){strict};
create unique index area_one_in_force on area (code) where valid_to is null;

-- Files that arrived. state and the counts are set when the file is finished with.
create table feed_batch (
    batch_no {int} primary key not null check (batch_no >= 1),
    feed {text} not null,
    period {text} not null,
    file_name {text} not null,
    file_digest {bytes} not null,
    canonical_digest {bytes} not null,
    received_at {text} not null,
    state {text} not null check (state in ('staged', 'applied', 'waiting', 'refused')),
    finished_at {text},
    received {int} not null,
    applied {int} not null,
    unchanged {int} not null,
    refused {int} not null,
    doubtful {int} not null,
    check (state = 'staged' or received = applied + unchanged + refused + doubtful)
){strict};
create unique index feed_batch_once on feed_batch (feed, period, canonical_digest) where state <> 'refused';
create index feed_batch_by_file on feed_batch (file_digest);

-- Cells and rows not taken.
create table feed_refusal (
    batch_no {int} not null references feed_batch (batch_no),
    refusal_no {int} not null,
    row_no {int} not null,
    column_name {text} not null,
    code {text} not null,
    message {text} not null,
    masked {text} not null,
    primary key (batch_no, refusal_no)
){strict};

-- Files of the lake. state goes from live to superseded.
create table lake_manifest (
    file_no {int} primary key not null,
    kind {text} not null,
    month {text} not null,
    county {text} not null,
    path {text} not null unique,
    row_count {int} not null check (row_count >= 0),
    digest {bytes} not null,
    cause {text} not null,
    added_at {text} not null,
    state {text} not null check (state in ('live', 'superseded'))
){strict};
create index lake_manifest_live on lake_manifest (kind, month, county) where state = 'live';

-- Persons. The columns from sex on are the current state; person_change holds each change.
create table person (
    person_id {int} primary key not null check (person_id >= 1),
    row_id {int} not null,
    created_at {text} not null,
    sex {text},
    birth {text},
    death {text},
    area {text},
    registered_area {text},
    urban_rural {text},
    status {text} not null
){strict};
create index person_by_area on person (area, person_id);
create index person_by_row on person (row_id);

create table person_change (
    change_no {int} primary key not null,
    person_id {int} not null references person (person_id),
    field {text} not null,
    was {text},
    became {text},
    row_id {int} not null,
    at {text} not null
){strict};
create index person_change_by_person on person_change (person_id, change_no);

-- Names and numbers, sealed. The newest row of a person counts; rotation rewrites the seals.
create table identity (
    identity_id {int} primary key not null,
    person_id {int} not null references person (person_id),
    row_id {int} not null,
    at {text} not null,
    key_id {int} not null,
    name {bytes},
    id_number {bytes},
    phone {bytes},
    address {bytes},
    card {bytes}
){strict};
create index identity_by_person on identity (person_id, identity_id);
create index identity_by_key on identity (key_id, identity_id);

-- Blind index: keyed digests for exact look-up.
create table token (
    field {text} not null,
    token {bytes} not null check (length(token) = 16),
    person_id {int} not null references person (person_id),
    primary key (field, token, person_id)
){strict};
create unique index token_one_person_per_number on token (token) where field = 'id-number';
create index token_by_person on token (person_id);

-- Two persons found to be one, or a merge taken back.
create table person_alias (
    alias_no {int} primary key not null,
    person_id {int} not null references person (person_id),
    same_as {int} not null references person (person_id),
    undone {int} not null check (undone in (0, 1)),
    reason {text} not null,
    at {text} not null,
    check (person_id <> same_as)
){strict};

-- Households. area and urban_rural are the current state.
create table household (
    household_id {int} primary key not null check (household_id >= 1),
    number {text} not null unique,
    area {text} not null,
    urban_rural {text},
    row_id {int} not null,
    created_at {text} not null
){strict};
create index household_by_area on household (area, household_id);

-- Who belongs to which household; to_day is set once. Overlap is refused by 0001_record.<database>.sql.
create table membership (
    membership_id {int} primary key not null,
    person_id {int} not null references person (person_id),
    household_id {int} not null references household (household_id),
    from_day {text} not null check (length(from_day) = 10),
    to_day {text} check (to_day is null or length(to_day) = 10),
    relation {text} not null,
    counted {int} not null check (counted in (0, 1)),
    reason {text} not null,
    row_id {int} not null,
    check (to_day is null or from_day < to_day),
    check (counted = 1 or reason <> '')
){strict};
create index membership_by_person on membership (person_id, from_day);
create index membership_by_household on membership (household_id, from_day);

-- Rows that may be one of several persons. state goes from open to settled.
create table doubtful_link (
    row_id {int} primary key not null,
    batch_no {int} not null references feed_batch (batch_no),
    candidates {text} not null,
    state {text} not null check (state in ('open', 'settled')),
    settled_person {int} references person (person_id),
    settled_at {text},
    raised_at {text} not null,
    check (state = 'open' or settled_at is not null)
){strict};
create index doubtful_link_open on doubtful_link (state, row_id);

-- Long work in leased steps; step, state, lease and payload move on.
create table job (
    job_id {int} primary key not null,
    kind {text} not null,
    job_key {text} not null,
    step {text} not null,
    state {text} not null check (state in ('ready', 'running', 'done', 'failed')),
    holder {text},
    lease_until {text},
    payload {text} not null,
    created_at {text} not null,
    updated_at {text} not null,
    unique (kind, job_key)
){strict};
create table job_step (
    job_id {int} not null references job (job_id),
    step {text} not null,
    done_at {text} not null,
    outcome {text} not null,
    primary key (job_id, step)
){strict};

-- Screening of a month.
create table screening_run (
    run_no {int} primary key not null,
    month {text} not null,
    rules_digest {bytes} not null,
    facts_digest {bytes} not null,
    at {text} not null,
    persons {int} not null,
    households {int} not null,
    warnings {int} not null,
    counts {text} not null
){strict};
create index screening_run_by_month on screening_run (month, run_no);

-- Warnings. state, month, amount, urgency, text, explanation and last_seen are the current state;
-- warning_event holds what happened.
create table warning (
    warning_id {int} primary key not null check (warning_id >= 1),
    rule {text} not null,
    entity_kind {text} not null,
    entity_id {int} not null,
    household_id {int} references household (household_id),
    person_id {int} references person (person_id),
    area {text} not null,
    month {text} not null,
    amount {int},
    urgency {int} not null,
    text {text} not null,
    explanation {text} not null,
    state {text} not null check (state in ('open', 'closed')),
    first_raised {text} not null,
    last_seen {text} not null,
    closed_at {text},
    closed_why {text} not null
){strict};
create unique index warning_one_open on warning (rule, entity_kind, entity_id) where state = 'open';
create index warning_by_urgency on warning (state, urgency, warning_id);
create index warning_by_area on warning (state, area, rule);
create index warning_by_household on warning (household_id);
create index warning_by_person on warning (person_id);

create table warning_event (
    event_no {int} primary key not null,
    warning_id {int} not null references warning (warning_id),
    at {text} not null,
    event {text} not null,
    month {text} not null,
    amount {int},
    why {text} not null
){strict};
create index warning_event_by_warning on warning_event (warning_id, event_no);

-- Officials and grid workers who get tasks.
create table worker (
    worker_id {int} primary key not null,
    login {text} not null unique,
    name {text} not null,
    role {text} not null,
    area {text} not null,
    task_budget {int} not null check (task_budget >= 0)
){strict};

-- Tasks. state, worker_id and due are the current state; task_event holds what happened.
create table task (
    task_id {int} primary key not null check (task_id >= 1),
    kind {text} not null,
    household_id {int} references household (household_id),
    person_id {int} references person (person_id),
    area {text} not null,
    worker_id {int} references worker (worker_id),
    due {text},
    urgency {int} not null,
    state {text} not null check (state in ('open', 'done', 'cancelled')),
    cause_kind {text} not null,
    cause_id {int} not null,
    summary {text} not null,
    created_at {text} not null,
    closed_at {text},
    check (household_id is not null or person_id is not null or cause_id > 0)
){strict};
create unique index task_one_per_door on task (kind, household_id) where state = 'open' and household_id is not null;
create unique index task_one_per_person on task (kind, person_id)
    where state = 'open' and household_id is null and person_id is not null;
create index task_by_worker on task (worker_id, state, urgency, task_id);
create index task_by_area on task (state, area, urgency, task_id);

create table task_warning (
    task_id {int} not null references task (task_id),
    warning_id {int} not null references warning (warning_id),
    primary key (task_id, warning_id)
){strict};
create index task_warning_by_warning on task_warning (warning_id);

create table task_event (
    event_no {int} primary key not null,
    task_id {int} not null references task (task_id),
    at {text} not null,
    actor {text} not null,
    event {text} not null,
    why {text} not null
){strict};
create index task_event_by_task on task_event (task_id, event_no);

-- Numbers made ready for pages; replaced whole by (kind, month), rebuilt from the lake.
create table summary (
    kind {text} not null,
    month {text} not null,
    area {text} not null,
    name {text} not null,
    value {int} not null,
    detail {text} not null,
    primary key (kind, month, area, name)
){strict};

insert into audit_head (head, seq, digest, hlc_at, hlc_tick) values (1, 0, {no_bytes}, '', 0);

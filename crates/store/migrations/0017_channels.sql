-- 工单, 政策找人, 困难家庭查询 and 滞留. One text for both databases. What a reporter wrote, their name and telephone
-- stand under seal; no name and no number of a person stands in any of these tables.

-- 工单: whatever channel somebody came by, it is one row here. The receipt is kept as a digest. state goes from
-- open to answered to closed; role, desk and due change with a referral; answer is told to the reporter.
create table tickets (
    ticket_no {int} primary key not null check (ticket_no >= 1),
    form_key {text} not null unique check (form_key <> ''),
    receipt {bytes} not null unique check (length(receipt) = 32),
    kind {text} not null check (kind <> ''),
    channel {text} not null check (channel <> ''),
    line {text} not null,
    urgent {int} not null check (urgent in (0, 1)),
    anonymous {int} not null check (anonymous in (0, 1)),
    area {text} not null check (length(area) = 12),
    person_id {int} references person (person_id),
    content {int} not null references portal_sealed (seal_no),
    origin {bytes} check (origin is null or length(origin) = 16),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    taken_by {text} not null check (taken_by <> ''),
    desk {text} not null check (desk <> ''),
    role {text} not null check (role <> ''),
    due {text} check (due is null or length(due) = 10),
    state {text} not null check (state in ('open', 'answered', 'closed')),
    answer {text} not null,
    answered_at {text},
    closed_at {text},
    source {text} not null,
    constraint tickets_answered_once check ((answer = '') = (answered_at is null)),
    constraint tickets_closed_with_an_answer check ((state = 'closed') = (closed_at is not null)),
    constraint tickets_nothing_closed_unanswered check (state = 'open' or answer <> '')
){strict};
create index tickets_by_area on tickets (state, area, ticket_no);
create index tickets_by_origin on tickets (origin, at);
create unique index tickets_by_source on tickets (source) where source <> '';

-- What happened to a ticket, oldest first. Appended to, never changed.
create table ticket_events (
    ticket_no {int} not null references tickets (ticket_no),
    event_no {int} not null check (event_no >= 1),
    what {text} not null check (what in ('taken', 'referred', 'answered', 'closed', 'linked')),
    to_desk {text} not null,
    to_kind {text} not null,
    text {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (ticket_no, event_no)
){strict};

-- 政策找人: a programme the rules find possible, confirmed by a person and put to the department that owns it.
-- Answered once. because names the conditions, never an amount.
create table policy_finds (
    find_no {int} primary key not null check (find_no >= 1),
    household_id {int} not null references household (household_id),
    person_id {int} references person (person_id),
    subject {text} not null check (subject <> ''),
    programme {text} not null check (programme <> ''),
    month {text} not null check (length(month) = 7),
    place {int} not null check (place >= 1),
    verdict {text} not null check (verdict in ('met', 'unsettled')),
    because {text} not null check (because <> ''),
    department {text} not null check (department <> ''),
    office {text} not null,
    area {text} not null check (length(area) = 12),
    day {text} not null check (length(day) = 10),
    due {text} not null check (length(due) = 10),
    at {text} not null,
    by_login {text} not null check (by_login <> ''),
    outcome {text} check (outcome in ('accepted', 'refused', 'already')),
    answer {text} not null,
    answered_at {text},
    answered_by {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint policy_finds_in_time check (due >= day),
    constraint policy_finds_answered_in_words check (
        (outcome is null and answered_at is null and answer = '')
        or (outcome is not null and answered_at is not null and answer <> ''))
){strict};
create unique index policy_finds_one_open on policy_finds (subject, programme) where outcome is null;
create index policy_finds_by_area on policy_finds (area, find_no);
create index policy_finds_by_household on policy_finds (household_id, find_no);

-- 困难家庭查询: who looked whom up, why, and what was told. The number typed is kept as a keyed digest, so that a
-- look-up of somebody who is in no register stays on record. The effect is told once.
create table lookups (
    lookup_no {int} primary key not null check (lookup_no >= 1),
    token {bytes} not null check (length(token) = 16),
    person_id {int} references person (person_id),
    login {text} not null check (login <> ''),
    office {text} not null,
    purpose {text} not null check (purpose <> ''),
    statuses {text} not null,
    day {text} not null check (length(day) = 10),
    at {text} not null,
    outcome {text} check (outcome in ('given', 'not-given')),
    effect {text} not null,
    effect_at {text},
    check ((outcome is null) = (effect_at is null))
){strict};
create index lookups_by_login on lookups (login, at);
create index lookups_by_office on lookups (office, day);

-- 未查询先救助: help a department's file says was given, without a look-up in time before. One of a row, once;
-- explained once.
create table lookup_gaps (
    gap_no {int} primary key not null check (gap_no >= 1),
    feed {text} not null check (feed <> ''),
    row_id {int} not null,
    person_id {int} not null references person (person_id),
    area {text} check (area is null or length(area) = 12),
    department {text} not null check (department <> ''),
    given_day {text} not null check (length(given_day) = 10),
    month {text} not null check (length(month) = 7),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    because {text} not null,
    explained_at {text},
    explained_by {text} not null,
    check ((because = '') = (explained_at is null)),
    unique (feed, row_id)
){strict};
create index lookup_gaps_by_month on lookup_gaps (month, gap_no);

-- 滞留: somebody at the rescue station whom nobody can name, under the station's own number. The days are counted
-- from admission and never kept; what identifies them stays at the station. Ended once.
create table stays (
    stay_no {int} primary key not null check (stay_no >= 1),
    station_no {text} not null unique check (station_no <> ''),
    area {text} not null check (length(area) = 12),
    admitted {text} not null check (length(admitted) = 10),
    ticket_no {int} references tickets (ticket_no),
    at {text} not null,
    taken_by {text} not null check (taken_by <> ''),
    outcome {text} check (outcome in ('identified', 'left', 'died')),
    because {text} not null,
    ended_day {text} check (ended_day is null or length(ended_day) = 10),
    ended_at {text},
    constraint stays_ended_in_words check (
        (outcome is null and ended_day is null and ended_at is null and because = '')
        or (outcome is not null and ended_day >= admitted and ended_at is not null and because <> ''))
){strict};
create index stays_by_area on stays (area, stay_no);

-- 安置任务 that was done, each once. A task that is open is no row: it follows from the days.
create table stay_tasks (
    stay_no {int} not null references stays (stay_no),
    task {text} not null check (task <> ''),
    note {text} not null check (note <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (stay_no, task)
){strict};

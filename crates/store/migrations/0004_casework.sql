-- Casework: applications, and the cases they open. One text for both databases. A table is appended
-- to unless its comment says what else may happen to it. Names and numbers stand in none of them:
-- a person is a number of the register. Rows that a decision rests on carry their own digest.

-- What somebody came with, once, however many programmes it is for. area is where it is handled;
-- taken_area where it was handed in, which may be elsewhere; the time of receipt never changes.
create table applications (
    application_no {int} primary key not null check (application_no >= 1),
    form_key {text} not null unique check (form_key <> ''),
    cause {text} not null check (cause in ('apply', 'on-behalf', 'warning', 'clue', 'hotline', 'found')),
    cause_id {int},
    applicant {int} not null references person (person_id),
    helper {int} references person (person_id),
    household_id {int} references household (household_id),
    area {text} not null check (length(area) = 12),
    taken_area {text} not null check (length(taken_area) = 12),
    received_at {text} not null,
    received_day {text} not null check (length(received_day) = 10),
    taken_by {text} not null check (taken_by <> ''),
    digest {bytes} not null check (length(digest) = 32),
    check (helper is null or helper <> applicant),
    check (cause not in ('warning', 'clue') or cause_id is not null)
){strict};
create index applications_by_applicant on applications (applicant, application_no);
create index applications_by_household on applications (household_id, application_no);

-- Who belongs to it, as the applicant says.
create table application_members (
    application_no {int} not null references applications (application_no),
    person_id {int} not null references person (person_id),
    relation {text} not null check (relation <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (application_no, person_id)
){strict};
create index application_members_by_person on application_members (person_id, application_no);

-- Help or an application found elsewhere for one of them: why it goes on all the same.
create table application_flags (
    application_no {int} not null references applications (application_no),
    flag_no {int} not null,
    person_id {int} not null references person (person_id),
    kind {text} not null check (kind in ('on-roll', 'pending')),
    programme {text} not null,
    case_no {int},
    because {text} not null check (because <> ''),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    primary key (application_no, flag_no)
){strict};

-- What the applicant declares, never mixed with what is found; the newest of a fact counts.
create table declared (
    declared_no {int} primary key not null check (declared_no >= 1),
    application_no {int} not null references applications (application_no),
    person_id {int} references person (person_id),
    fact {text} not null check (fact <> ''),
    value {text} not null,
    period {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index declared_by_application on declared (application_no, declared_no);

-- Papers of an application: handed in, missing, or to follow later; the newest of a paper counts.
create table papers (
    paper_no {int} primary key not null check (paper_no >= 1),
    application_no {int} not null references applications (application_no),
    paper {text} not null check (paper <> ''),
    state {text} not null check (state in ('given', 'missing', 'later')),
    because {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> '')
){strict};
create index papers_by_application on papers (application_no, paper_no);

-- Clues: somebody may need help. The same person reported again joins the open one. state goes on
-- from open once.
create table clues (
    clue_no {int} primary key not null check (clue_no >= 1),
    person_id {int} not null references person (person_id),
    area {text} not null check (length(area) = 12),
    source {text} not null check (source in ('worker', 'hotline', 'resident', 'department')),
    urgent {int} not null check (urgent in (0, 1)),
    text {text} not null check (text <> ''),
    state {text} not null check (state in ('open', 'joined', 'applied', 'closed')),
    into_clue {int} references clues (clue_no),
    application_no {int} references applications (application_no),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    check ((state = 'joined') = (into_clue is not null)),
    check (into_clue is null or into_clue < clue_no),
    check ((state = 'applied') = (application_no is not null))
){strict};
create unique index clues_one_open on clues (person_id) where state = 'open';
create index clues_by_area on clues (state, area, urgent, clue_no);

-- Cases. The procedure is the one in force on rules_day, to the end of the case. From state on the
-- columns are the current standing, derived from case_events and rebuilt from them at any time.
create table cases (
    case_no {int} primary key not null check (case_no >= 1),
    application_no {int} not null references applications (application_no),
    programme {text} not null check (programme <> ''),
    procedure {text} not null check (procedure <> ''),
    rules_day {text} not null check (length(rules_day) = 10),
    subject_kind {text} not null check (subject_kind in ('household', 'person')),
    subject_id {int} not null,
    household_id {int} references household (household_id),
    applicant {int} not null references person (person_id),
    opened_at {text} not null,
    state {text} not null check (state in ('open', 'closed')),
    area {text} not null check (length(area) = 12),
    step {text} not null,
    since {text} not null,
    due {text},
    overall_due {text},
    no_calendar {int},
    paused {text} not null,
    pause_ends {text},
    marks {text} not null,
    outcome {text} not null,
    last_seq {int} not null check (last_seq >= 1),
    closed_at {text},
    check ((state = 'closed') = (closed_at is not null)),
    check ((state = 'closed') = (outcome <> '')),
    check (subject_kind = 'person' or household_id = subject_id),
    unique (application_no, programme, subject_kind, subject_id)
){strict};
create unique index cases_one_open on cases (programme, subject_kind, subject_id) where state = 'open';
create index cases_by_area on cases (state, area, case_no);
create index cases_by_household on cases (household_id, case_no);
create index cases_by_applicant on cases (applicant, case_no);

-- Everything that happened to a case. Numbers are gapless: each row stands on the one before it.
create table case_events (
    case_no {int} not null references cases (case_no),
    seq {int} not null check (seq >= 1),
    before_seq {int},
    kind {text} not null check (kind in ('submitted', 'completed', 'sent-back', 'paused', 'resumed',
        'circumstance', 'transferred', 'handed-over', 'closed')),
    step {text} not null,
    name {text} not null,
    others {text} not null,
    outcome {text} not null,
    because {text} not null,
    detail {text} not null,
    day {text} not null check (length(day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (case_no, seq),
    foreign key (case_no, before_seq) references case_events (case_no, seq),
    check ((seq = 1 and before_seq is null) or (seq > 1 and before_seq is not null and before_seq = seq - 1)),
    check ((seq = 1) = (kind = 'submitted')),
    check (kind not in ('sent-back', 'paused', 'closed', 'transferred') or because <> ''),
    check (kind <> 'closed' or outcome <> '')
){strict};
create unique index case_events_closed_once on case_events (case_no) where kind = 'closed';

-- Who may do the open step of each open case; derived with the row in cases. owner is the one
-- official it was handed to, empty for whoever holds the role there; not_by names accounts that must
-- not do it because of what they did before.
create table case_waits (
    case_no {int} not null references cases (case_no),
    step {text} not null,
    role {text} not null,
    area {text} not null check (length(area) = 12),
    owner {text} not null,
    not_by {text} not null,
    due {text} not null,
    primary key (case_no, step, role)
){strict};
create index case_waits_by_role on case_waits (role, area, due, case_no);

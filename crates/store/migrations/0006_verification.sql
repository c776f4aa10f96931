-- Verification with departments: consents, batches of requests, answers, differences, reports. One text
-- for both databases. A table is appended to unless its comment says what else may happen to it. No
-- name and no number of a person stands in any of them.

-- Consent of one person to one source. Withdrawn once, never given again under the same number.
create table consents (
    consent_no {int} primary key not null check (consent_no >= 1),
    person_id {int} not null references person (person_id),
    source {text} not null check (source <> ''),
    application_no {int} references applications (application_no),
    text_version {text} not null check (text_version <> ''),
    signed {text} not null check (signed in ('paper', 'screen', 'guardian')),
    given_day {text} not null check (length(given_day) = 10),
    until_day {text} not null check (length(until_day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    withdrawn_at {text},
    withdrawn_by {text} not null,
    withdrawn_why {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    unique (consent_no, person_id, source),
    check (given_day <= until_day),
    check ((withdrawn_at is null) = (withdrawn_by = ''))
){strict};
create index consents_by_person on consents (person_id, source, consent_no);

-- A batch: what is asked on one day for some applications.
create table verifications (
    verification_no {int} primary key not null check (verification_no >= 1),
    form_key {text} not null unique check (form_key <> ''),
    area {text} not null check (length(area) = 12),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> '')
){strict};

-- The applications of a batch; version counts the times an application was verified.
create table verification_subjects (
    verification_no {int} not null references verifications (verification_no),
    application_no {int} not null references applications (application_no),
    version {int} not null check (version >= 1),
    primary key (verification_no, application_no),
    unique (application_no, version)
){strict};

-- One question about one person to one source. There is none without the consent it rests on, and no
-- second one of a batch. stopped_at is set once: the consent was withdrawn before the answer came.
create table verification_requests (
    request_no {int} primary key not null check (request_no >= 1),
    verification_no {int} not null references verifications (verification_no),
    person_id {int} not null,
    source {text} not null,
    consent_no {int} not null,
    due {text} not null check (length(due) = 10),
    stopped_at {text},
    unique (verification_no, person_id, source),
    foreign key (consent_no, person_id, source) references consents (consent_no, person_id, source)
){strict};
create index verification_requests_by_source on verification_requests (source, verification_no, request_no);
create index verification_requests_by_consent on verification_requests (consent_no);

-- Who was not asked, and why.
create table verification_left_out (
    verification_no {int} not null references verifications (verification_no),
    person_id {int} not null references person (person_id),
    source {text} not null,
    because {text} not null check (because <> ''),
    primary key (verification_no, person_id, source)
){strict};

-- Files of answers, taken or sent back.
create table verification_files (
    file_no {int} primary key not null check (file_no >= 1),
    verification_no {int} not null references verifications (verification_no),
    source {text} not null,
    file_name {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    state {text} not null check (state in ('taken', 'sent-back')),
    lines {int} not null,
    mistakes {int} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    unique (verification_no, source, digest),
    check ((state = 'taken') = (mistakes = 0))
){strict};

create table verification_mistakes (
    file_no {int} not null references verification_files (file_no),
    seq {int} not null,
    line {int} not null,
    field {text} not null,
    code {text} not null,
    message {text} not null,
    masked {text} not null,
    primary key (file_no, seq)
){strict};

-- What a source answered to a request: 查得 or 查无. A later file may correct it; the newest counts.
create table verification_answers (
    answer_no {int} primary key not null check (answer_no >= 1),
    request_no {int} not null references verification_requests (request_no),
    file_no {int} not null references verification_files (file_no),
    state {text} not null check (state in ('found', 'none')),
    as_of {text} not null check (length(as_of) = 10),
    digest {bytes} not null check (length(digest) = 32),
    unique (request_no, file_no)
){strict};

-- The facts an answer gives, as case tables write them; what it does not tell is no row.
create table verification_found (
    answer_no {int} not null references verification_answers (answer_no),
    fact {text} not null check (fact <> ''),
    value {text} not null check (value <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (answer_no, fact)
){strict};

-- Where declared and found differ, the applicant is asked to explain by a day; what is said is kept.
create table verification_explanations (
    explanation_no {int} primary key not null check (explanation_no >= 1),
    verification_no {int} not null,
    application_no {int} not null,
    person_id {int} not null references person (person_id),
    fact {text} not null check (fact <> ''),
    kind {text} not null check (kind in ('asked', 'explained', 'not-accepted')),
    due {text},
    says {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    foreign key (verification_no, application_no)
        references verification_subjects (verification_no, application_no),
    check ((kind = 'asked') = (due is not null)),
    check (kind = 'asked' or says <> '')
){strict};
create index verification_explanations_of on verification_explanations
    (verification_no, application_no, explanation_no);

-- 催办 of a source that is late.
create table verification_urges (
    verification_no {int} not null references verifications (verification_no),
    source {text} not null,
    day {text} not null check (length(day) = 10),
    task_id {int} not null references task (task_id),
    requests {int} not null check (requests >= 1),
    actor {text} not null check (actor <> ''),
    primary key (verification_no, source, day)
){strict};

-- 核对报告. Its text is kept as it was issued, so that it can be read again byte for byte.
create table verification_reports (
    report_no {int} primary key not null check (report_no >= 1),
    number {text} not null unique check (number <> ''),
    verification_no {int} not null,
    application_no {int} not null,
    version {int} not null,
    day {text} not null check (length(day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    content {text} not null check (content <> ''),
    digest {bytes} not null check (length(digest) = 32),
    unique (application_no, version),
    foreign key (verification_no, application_no)
        references verification_subjects (verification_no, application_no)
){strict};

-- 结果互认: which case used a report, and by which act of it.
create table verification_uses (
    report_no {int} not null references verification_reports (report_no),
    case_no {int} not null references cases (case_no),
    step {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    primary key (report_no, case_no, step)
){strict};
create index verification_uses_by_case on verification_uses (case_no);

-- Residents: how they come in, what they began, what they said, what they think of it. One text for both
-- databases. No name, number, telephone or free text stands in the clear: all of it is in portal_sealed.
-- A table is appended to unless its comment says what else may happen to it.

-- What residents wrote, under seal. A draft's content is written anew while it is open; keys are changed.
create table portal_sealed (
    seal_no {int} primary key not null check (seal_no >= 1),
    key_id {int} not null,
    content {bytes} not null
){strict};
create index portal_sealed_by_key on portal_sealed (key_id, seal_no);

-- Accounts of residents, found by the keyed digest of their telephone. They hold no role of an official.
-- person_id is set once by the register's own telephone or by an official who saw the papers and the telephone;
-- claim is what somebody says of themselves until then, and goes when it was not so. generation rises when all
-- sessions end. closed_at is set once: the account is nobody's then, and the telephone opens a new one.
create table residents (
    resident_no {int} primary key not null check (resident_no >= 1),
    phone_token {bytes} not null check (length(phone_token) = 16),
    phone {int} not null references portal_sealed (seal_no),
    claim {int} references portal_sealed (seal_no),
    claimed_at {text},
    claim_area {text} check (length(claim_area) = 12),
    person_id {int} references person (person_id),
    bound_at {text},
    bound_by {text} not null,
    generation {int} not null check (generation >= 1),
    at {text} not null,
    closed_at {text},
    check ((person_id is null) = (bound_at is null)),
    check (closed_at is null or person_id is null),
    check ((claim is null) = (claimed_at is null)),
    check ((claim is null) = (claim_area is null))
){strict};
create unique index residents_one_of_phone on residents (phone_token) where closed_at is null;
create unique index residents_one_of_person on residents (person_id) where person_id is not null;
create index residents_waiting on residents (claim_area, claimed_at)
    where person_id is null and claim is not null
    and closed_at is null;

-- One-time codes by telephone. tries rises, used_at is set once.
create table resident_codes (
    code_no {int} primary key not null check (code_no >= 1),
    phone_token {bytes} not null check (length(phone_token) = 16),
    purpose {text} not null check (purpose in ('sign-in', 'assist', 'claim', 'sign')),
    digest {bytes} not null check (length(digest) = 32),
    origin {bytes} not null check (length(origin) = 16),
    at {text} not null,
    expires_at {text} not null,
    tries {int} not null check (tries >= 0),
    used_at {text}
){strict};
create index resident_codes_by_phone on resident_codes (phone_token, purpose, code_no);
create index resident_codes_by_origin on resident_codes (origin, at);
create index resident_codes_by_at on resident_codes (at);

-- Sessions of residents, apart from those of officials. Ended once.
create table resident_sessions (
    session_no {int} primary key not null check (session_no >= 1),
    token {bytes} not null unique check (length(token) = 32),
    resident_no {int} not null references residents (resident_no),
    generation {int} not null,
    started_at {text} not null,
    expires_at {text} not null,
    ended_at {text}
){strict};
create index resident_sessions_by_resident on resident_sessions (resident_no);

-- Applications that are being filled in: a resident's, or one an official fills in for somebody. content is
-- written anew; state goes on from open once.
create table drafts (
    draft_no {int} primary key not null check (draft_no >= 1),
    owner_kind {text} not null check (owner_kind in ('resident', 'worker')),
    owner {text} not null check (owner <> ''),
    form_key {text} not null unique check (form_key <> ''),
    content {int} not null references portal_sealed (seal_no),
    state {text} not null check (state in ('open', 'sent', 'dropped')),
    at {text} not null,
    saved_at {text} not null
){strict};
create unique index drafts_one_open on drafts (owner) where state = 'open' and owner_kind = 'resident';
create index drafts_by_owner on drafts (owner_kind, owner, draft_no);
create index drafts_untouched on drafts (saved_at) where state = 'open';

-- What was sent. Whoever is not bound to a person waits for an official; state goes on from waiting once.
create table submissions (
    submission_no {int} primary key not null check (submission_no >= 1),
    form_key {text} not null unique check (form_key <> ''),
    resident_no {int} references residents (resident_no),
    content {int} not null references portal_sealed (seal_no),
    area {text} not null check (length(area) = 12),
    state {text} not null check (state in ('waiting', 'taken', 'refused')),
    application_no {int} references applications (application_no),
    at {text} not null,
    day {text} not null check (length(day) = 10),
    settled_at {text},
    settled_by {text} not null,
    because {text} not null,
    check ((state = 'taken') = (application_no is not null)),
    check ((state = 'waiting') = (settled_at is null))
){strict};
create index submissions_by_resident on submissions (resident_no, submission_no);
create index submissions_by_area on submissions (state, area, submission_no);
create index submissions_by_application on submissions (application_no);

-- Members of a sent application whom the register does not know under that name: for the window, never
-- answered to whoever wrote them. state goes on from open once.
create table submission_doubts (
    doubt_no {int} primary key not null check (doubt_no >= 1),
    application_no {int} not null references applications (application_no),
    area {text} not null check (length(area) = 12),
    content {int} not null references portal_sealed (seal_no),
    state {text} not null check (state in ('open', 'settled')),
    at {text} not null,
    settled_at {text},
    settled_by {text} not null,
    because {text} not null,
    check ((state = 'settled') = (settled_at is not null))
){strict};
create index submission_doubts_by_area on submission_doubts (state, area, doubt_no);

-- Grown-up members sign for themselves through a link. tries rises; until it is used, a new secret may take the
-- old one's place; used_at is set once.
create table consent_invites (
    invite_no {int} primary key not null check (invite_no >= 1),
    token {bytes} not null unique check (length(token) = 32),
    application_no {int} not null references applications (application_no),
    person_id {int} not null references person (person_id),
    at {text} not null,
    expires_at {text} not null,
    tries {int} not null check (tries >= 0),
    used_at {text}
){strict};
create index consent_invites_by_application on consent_invites (application_no, person_id);

-- Messages to telephones, for the gateway. Without income, diagnosis or anybody else's name.
create table outbox (
    message_no {int} primary key not null check (message_no >= 1),
    kind {text} not null check (kind <> ''),
    phone {int} not null references portal_sealed (seal_no),
    body {int} not null references portal_sealed (seal_no),
    at {text} not null
){strict};

-- 好差评: one of a closed case, by a token told to the applicant; a new token takes the old one's place while
-- nothing was said. After 不满意 it is put right by a day; answered once.
create table ratings (
    rating_no {int} primary key not null check (rating_no >= 1),
    case_no {int} not null unique references cases (case_no),
    area {text} not null check (length(area) = 12),
    token {bytes} not null unique check (length(token) = 32),
    at {text} not null,
    expires_at {text} not null,
    grade {text} check (grade in ('very-good', 'good', 'fair', 'bad', 'very-bad')),
    words {int} references portal_sealed (seal_no),
    rated_at {text},
    due {text},
    answer {text} not null,
    answered_at {text},
    answered_by {text} not null,
    check ((grade is null) = (rated_at is null)),
    check (due is null or grade is not null),
    check ((answered_at is null) = (answer = ''))
){strict};
create index ratings_by_area on ratings (area, rating_no);
create index ratings_to_put_right on ratings (area, rated_at)
    where grade in ('bad', 'very-bad') and answered_at is null;

-- 投诉: its text, and the case by which it is handled.
create table complaints (
    complaint_no {int} primary key not null check (complaint_no >= 1),
    person_id {int} not null references person (person_id),
    case_no {int} not null unique references cases (case_no),
    about_case {int} references cases (case_no),
    content {int} not null references portal_sealed (seal_no),
    at {text} not null
){strict};
create index complaints_by_person on complaints (person_id, complaint_no);

-- 更新、更正、补充 of a fact by the person it is about: asked of whoever owns the fact, by a day. Answered once.
create table corrections (
    correction_no {int} primary key not null check (correction_no >= 1),
    person_id {int} not null references person (person_id),
    area {text} not null check (length(area) = 12),
    fact {text} not null check (fact <> ''),
    kind {text} not null check (kind in ('update', 'rectify', 'complement')),
    source {text} not null,
    department {text} not null check (department <> ''),
    office {text} not null,
    content {int} not null references portal_sealed (seal_no),
    at {text} not null,
    due {text},
    state {text} not null check (state in ('open', 'accepted', 'refused')),
    because {text} not null,
    answered_at {text},
    answered_by {text} not null,
    check ((state = 'open') = (answered_at is null)),
    check (state = 'open' or because <> '')
){strict};
create index corrections_by_person on corrections (person_id, correction_no);
create index corrections_by_area on corrections (state, area, correction_no);

-- 求助登记 of whoever comes, without signing in. Answered once.
create table helps (
    help_no {int} primary key not null check (help_no >= 1),
    form_key {text} not null unique check (form_key <> ''),
    area {text} not null check (length(area) = 12),
    content {int} not null references portal_sealed (seal_no),
    origin {bytes} not null check (length(origin) = 16),
    at {text} not null,
    day {text} not null check (length(day) = 10),
    state {text} not null check (state in ('open', 'answered')),
    answer {text} not null,
    answered_at {text},
    answered_by {text} not null,
    check ((state = 'open') = (answered_at is null))
){strict};
create index helps_by_area on helps (state, area, help_no);

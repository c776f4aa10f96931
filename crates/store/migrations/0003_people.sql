-- Who works here: organisations, users, roles, sessions. One text for both databases.
-- A table is appended to unless its comment says what else may happen to it; every change is
-- an act in the chain.

-- Offices, bureaux, committees and providers on five levels; closed_at is set once.
create table organisation (
    organisation_id {int} primary key not null check (organisation_id >= 1),
    code {text} not null unique check (code <> ''),
    name {text} not null check (name <> ''),
    level {text} not null check (level in ('province', 'city', 'county', 'township', 'village')),
    area {text} not null check (length(area) = 12),
    parent_id {int} references organisation (organisation_id),
    created_at {text} not null,
    closed_at {text},
    check (parent_id is null or parent_id <> organisation_id)
){strict};
create index organisation_by_area on organisation (area, organisation_id);

-- Accounts. A login is never given to somebody else. state, the password's digest, the sealed
-- second factor and the generation are the current state; a raised generation ends all sessions.
create table office_user (
    user_id {int} primary key not null check (user_id >= 1),
    login {text} not null unique check (login <> ''),
    name {text} not null,
    organisation_id {int} not null references organisation (organisation_id),
    state {text} not null check (state in ('active', 'disabled')),
    password {text} not null,
    password_at {text} not null,
    must_change {int} not null check (must_change in (0, 1)),
    key_id {int},
    totp {bytes},
    totp_at {text},
    totp_step {int} not null,
    generation {int} not null check (generation >= 1),
    created_at {text} not null,
    check (totp is null or key_id is not null),
    check (totp_at is null or totp is not null)
){strict};
create index office_user_by_organisation on office_user (organisation_id, user_id);
create index office_user_by_key on office_user (key_id, user_id) where totp is not null;

-- Roles over time, each for a place and all inside it. until_at is the planned end, ended_at the
-- real one, set once. Nobody holds two open roles of those that guard each other (guard = 1).
create table role_grant (
    grant_id {int} primary key not null,
    user_id {int} not null references office_user (user_id),
    role {text} not null check (role <> ''),
    area {text} not null check (length(area) = 12),
    guard {int} not null check (guard in (0, 1)),
    from_at {text} not null,
    until_at {text},
    given_by {text} not null,
    reason {text} not null,
    ended_at {text},
    ended_by {text} not null,
    ended_why {text} not null,
    check (until_at is null or from_at < until_at),
    check (ended_at is null or ended_by <> '')
){strict};
create unique index role_grant_once on role_grant (user_id, role, area) where ended_at is null;
create unique index role_grant_guards_apart on role_grant (user_id) where guard = 1 and ended_at is null;
create index role_grant_by_user on role_grant (user_id, grant_id);

-- Sign-ins and interface tokens; only the digest of the secret is kept. second_factor and
-- ended_at are set once.
create table session (
    session_id {int} primary key not null,
    token {bytes} not null unique check (length(token) = 32),
    user_id {int} not null references office_user (user_id),
    kind {text} not null check (kind in ('page', 'program')),
    generation {int} not null,
    second_factor {int} not null check (second_factor in (0, 1)),
    label {text} not null,
    started_at {text} not null,
    expires_at {text} not null,
    ended_at {text},
    ended_why {text} not null,
    check (started_at < expires_at)
){strict};
create index session_by_user on session (user_id, session_id);

-- Every attempt to sign in; account and origin are keyed digests, since what was typed there may
-- be a password.
create table sign_in_attempt (
    attempt_no {int} primary key not null,
    account {bytes} not null check (length(account) = 16),
    origin {bytes} not null check (length(origin) = 16),
    at {text} not null,
    outcome {text} not null check (outcome in ('good', 'refused'))
){strict};
create index sign_in_attempt_by_account on sign_in_attempt (account, attempt_no);
create index sign_in_attempt_by_origin on sign_in_attempt (account, origin, outcome);

-- Whom an official must not work on: themselves and their near relatives; ended_at is set once.
create table recusal (
    recusal_id {int} primary key not null,
    user_id {int} not null references office_user (user_id),
    person_id {int} not null references person (person_id),
    relation {text} not null check (relation <> ''),
    declared_by {text} not null,
    at {text} not null,
    ended_at {text},
    ended_why {text} not null
){strict};
create unique index recusal_once on recusal (user_id, person_id) where ended_at is null;
create index recusal_by_person on recusal (person_id, relation);

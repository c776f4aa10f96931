-- Programs of other offices. One text for both databases. A row is added once and never changed; what ends
-- a token is the end of its session.

-- Accounts no person signs in with.
create table service_account (
    user_id {int} primary key not null references office_user (user_id),
    made_at {text} not null,
    made_by {text} not null check (made_by <> '')
){strict};

-- What a token is narrowed to, beside what its account may: rights by code with blanks between, and a place.
create table service_token (
    session_id {int} primary key not null references session (session_id),
    rights {text} not null check (rights <> ''),
    area {text} not null check (length(area) = 12),
    because {text} not null check (because <> ''),
    made_by {text} not null check (made_by <> '')
){strict};

-- What a program sent under a word of its own choosing: the same word with another content is told apart.
-- Both are keyed digests, since a name and a number stand in what was sent.
create table service_request (
    user_id {int} not null references office_user (user_id),
    mark {bytes} not null check (length(mark) = 32),
    body {bytes} not null check (length(body) = 32),
    at {text} not null,
    primary key (user_id, mark)
){strict};

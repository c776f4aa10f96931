-- 导出: what left as a file, and what may leave only when another person agreed. One text for both databases.

-- What somebody wanted to take and may not take alone. It waits for a purpose, then for another person.
create table export_ask (
    ask_no {int} primary key not null check (ask_no >= 1),
    kind {text} not null check (kind <> ''),
    subject {text} not null,
    title {text} not null,
    row_count {int} not null check (row_count >= 0),
    because {text} not null,
    by_login {text} not null check (by_login <> ''),
    purpose {text} not null,
    at {text} not null,
    ruled_by {text} not null,
    ruled {text} not null check (ruled in ('', 'agreed', 'refused')),
    ruled_because {text} not null,
    ruled_at {text},
    until {text},
    check ((ruled = '') = (ruled_by = '') and (ruled = '') = (ruled_at is null)),
    check (ruled = '' or purpose <> ''),
    check ((ruled = 'agreed') = (until is not null)),
    constraint export_ask_two check (ruled_by <> by_login)
){strict};
-- One that waits for each account and thing at a time.
create unique index export_ask_waits on export_ask (by_login, kind, subject) where ruled = '';
create index export_ask_agreed on export_ask (by_login, kind, subject, until) where ruled = 'agreed';

-- What left: one row for each file, written before its first byte.
create table export (
    export_no {int} primary key not null check (export_no >= 1),
    kind {text} not null check (kind <> ''),
    subject {text} not null,
    title {text} not null,
    row_count {int} not null check (row_count >= 0),
    by_login {text} not null check (by_login <> ''),
    channel {text} not null,
    on_day {text} not null check (length(on_day) = 10),
    at {text} not null,
    ask_no {int} references export_ask (ask_no),
    alone {int} not null check (alone in (0, 1))
){strict};
create index export_by on export (by_login, on_day);

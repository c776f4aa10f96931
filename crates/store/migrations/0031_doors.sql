-- 督办: what somebody in charge urged a place to do about what is late there, and what the place answered. One text for
-- both databases. Rows are added once and never changed; they hold no name and no number of anybody a case is about.
create table urges (
    urge_no {int} primary key not null check (urge_no >= 1),
    area {text} not null check (length(area) = 12),
    late {int} not null check (late >= 1),
    words {text} not null check (words <> ''),
    due {text} not null check (length(due) = 10),
    by_login {text} not null check (by_login <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint urges_due_later check (due >= day)
){strict};
create index urges_by_area on urges (area, urge_no);

-- One answer an urging: with it the urging is done.
create table urge_answers (
    urge_no {int} primary key not null references urges (urge_no),
    words {text} not null check (words <> ''),
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};

-- 送达 of the letter about a procedure that was ended before a decision: one a case.
create table ending_deliveries (
    case_no {int} primary key not null references cases (case_no),
    document {text} not null check (document <> ''),
    way {text} not null check (way in ('in-person', 'post', 'public')),
    receiver {text} not null check (receiver <> ''),
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};

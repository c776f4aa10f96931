-- 到期销毁: files of the lake whose term is over, noted first and gone some days later, and what is kept beyond its term.
-- One text for both databases.

-- A file past its term. It goes when its day has come and its term still is over; then the row stays as what was destroyed.
-- A term that was made longer, or a hold, takes the row back before that.
create table lake_expiry (
    file_no {int} primary key not null references lake_manifest (file_no),
    noted_on {text} not null check (length(noted_on) = 10),
    goes_on {text} not null check (length(goes_on) = 10),
    destroyed_at {text},
    removed_at {text},
    check (noted_on < goes_on),
    check (removed_at is null or destroyed_at is not null)
){strict};

-- What was written in cells of a feed and month that were sent back, past its term: noted and forgotten likewise.
create table refused_expiry (
    feed {text} not null,
    period {text} not null check (length(period) = 7),
    noted_on {text} not null check (length(noted_on) = 10),
    goes_on {text} not null check (length(goes_on) = 10),
    primary key (feed, period),
    check (noted_on < goes_on)
){strict};

-- 暂停销毁: nothing of these months goes while it stands; of one kind of material, or of every one where it is empty.
create table keeping_hold (
    hold_no {int} primary key not null check (hold_no >= 1),
    material {text} not null,
    from_month {text} not null check (length(from_month) = 7),
    to_month {text} not null check (length(to_month) = 7),
    because {text} not null check (because <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    ended_by {text} not null,
    ended_because {text} not null,
    ended_at {text},
    check (from_month <= to_month),
    check ((ended_at is null) = (ended_by = '') and (ended_at is null) = (ended_because = '')),
    constraint keeping_hold_two check (ended_by <> by_login)
){strict};
create index keeping_hold_stands on keeping_hold (from_month) where ended_at is null;

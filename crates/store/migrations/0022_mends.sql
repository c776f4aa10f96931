-- 重新打开 and 终止备案: what was refused and is looked at again, and a declared relation that no longer holds.
-- One text for both databases.

-- What an office refused of a resident and took up again, with the answer it gave before. A row is added once
-- and never changed.
create table reopenings (
    reopening_no {int} primary key not null check (reopening_no >= 1),
    kind {text} not null check (kind in ('submission', 'correction')),
    matter_no {int} not null check (matter_no >= 1),
    refused_because {text} not null check (refused_because <> ''),
    refused_by {text} not null check (refused_by <> ''),
    refused_at {text} not null,
    because {text} not null check (because <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    day {text} not null check (length(day) = 10)
){strict};
create index reopenings_by_matter on reopenings (kind, matter_no, reopening_no);

-- That a declared relation no longer holds, since which day and why. Whoever declared it asks; another person
-- settles it, once. The declaration stays.
create table recusal_endings (
    ending_no {int} primary key not null check (ending_no >= 1),
    recusal_id {int} not null references recusal (recusal_id),
    day {text} not null check (length(day) = 10),
    because {text} not null check (because <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    state {text} not null check (state in ('asked', 'confirmed', 'refused')),
    settled_because {text} not null,
    settled_by {text} not null,
    settled_at {text},
    constraint recusal_endings_by_two check (settled_by <> by_login),
    check ((state = 'asked') = (settled_at is null)),
    check ((state = 'asked') = (settled_by = ''))
){strict};
create unique index recusal_endings_one_open on recusal_endings (recusal_id) where state = 'asked';
create index recusal_endings_by_recusal on recusal_endings (recusal_id, ending_no);

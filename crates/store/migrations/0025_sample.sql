-- 抽查: every case that comes to the step its county looks into by lot, in the order in which they came. What a
-- case is drawn by is the entry of the chain with which it came: nobody knows it before, nobody can come twice.
-- A row is added once and never changed.
create table sample_arrivals (
    place_no {int} primary key not null check (place_no >= 1),
    case_no {int} not null unique references cases (case_no),
    programme {text} not null check (programme <> ''),
    month {text} not null check (length(month) = 7),
    share {int} not null check (share between 1 and 10000),
    act {text} not null check (act <> ''),
    authority {text} not null check (authority <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index sample_arrivals_by_month on sample_arrivals (programme, month, place_no);

-- What was found when a case was looked into; a pass that was sent back is looked into again.
create table sample_checks (
    check_no {int} primary key not null check (check_no >= 1),
    case_no {int} not null references cases (case_no),
    found {text} not null check (found in ('agrees', 'differs')),
    says {text} not null check (says <> ''),
    by_login {text} not null check (by_login <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index sample_checks_by_case on sample_checks (case_no, check_no);

-- The lot as it held when the case was decided, to be compared with the lot computed again.
create table sample_lots (
    decision_no {int} primary key not null references decisions (decision_no),
    case_no {int} not null references cases (case_no),
    entry_no {int} not null check (entry_no >= 1),
    seed {text} not null check (length(seed) = 64),
    why {text} not null check (why in ('lot', 'share', 'relative', 'none')),
    check_no {int} references sample_checks (check_no),
    digest {bytes} not null check (length(digest) = 32),
    constraint sample_lots_drawn_are_checked check (why = 'none' or check_no is not null)
){strict};
create index sample_lots_by_case on sample_lots (case_no, decision_no);

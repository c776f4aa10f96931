-- 紧急通道: whose help was extended, which 特困 households are swept for their carers, and who is looked at again
-- after it; and 第三方报告: what an outside investigator reported, and which of it the township visits again. One text
-- for both databases. No name and no number of a person stands in any of them.

-- 到期救助自动延长: what would have ended in the crisis, and what goes on in its place. undone_* are set once.
create table crisis_extensions (
    extension_no {int} primary key not null check (extension_no >= 1),
    crisis_no {int} not null references crisis_channels (crisis_no),
    ended_id {int} not null references entitlement (entitlement_id),
    entitlement_id {int} not null unique references entitlement (entitlement_id),
    from_month {text} not null check (length(from_month) = 7),
    last_month {text} not null check (length(last_month) = 7),
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    undone_day {text} check (undone_day is null or length(undone_day) = 10),
    undone_by {text} not null,
    undone_because {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check (last_month >= from_month),
    constraint crisis_extensions_undone_why check ((undone_day is null) = (undone_because = '')
        and (undone_day is null) = (undone_by = '')),
    constraint crisis_extensions_once unique (ended_id)
){strict};
create index crisis_extensions_by_crisis on crisis_extensions (crisis_no, extension_no);

-- 照料人排查 (sweep) and 复核 (gap: a case admitted without its papers; extended: an extension): each with the task
-- that goes to the door. about_no is the entitlement, the case or the extension.
create table crisis_doors (
    crisis_no {int} not null references crisis_channels (crisis_no),
    kind {text} not null check (kind in ('sweep', 'gap', 'extended')),
    about_no {int} not null check (about_no >= 1),
    task_id {int} not null references task (task_id),
    due_day {text} not null check (length(due_day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint crisis_doors_once primary key (crisis_no, kind, about_no)
){strict};
create index crisis_doors_by_task on crisis_doors (task_id);

-- 第三方报告: in the order in which they came, with the share of the rulebook on that day.
create table outside_reports (
    place_no {int} primary key not null check (place_no >= 1),
    visit_no {int} not null unique references visits (visit_no),
    login {text} not null check (login <> ''),
    organisation_id {int} not null,
    month {text} not null check (length(month) = 7),
    share {int} not null check (share between 1 and 10000),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index outside_reports_by_month on outside_reports (month, place_no);

-- Those that were drawn: the entry of the chain they were drawn by, and the task of the second visit.
create table outside_rechecks (
    visit_no {int} primary key not null references outside_reports (visit_no),
    entry_no {int} not null check (entry_no >= 1),
    seed {text} not null check (length(seed) = 64),
    why {text} not null check (why in ('lot', 'share')),
    task_id {int} not null references task (task_id),
    due_day {text} not null check (length(due_day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index outside_rechecks_by_task on outside_rechecks (task_id);

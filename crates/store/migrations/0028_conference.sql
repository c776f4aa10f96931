-- 联席会议: who took part, what was entrusted to whom by when, and what came of it. One text for both databases. Rows
-- are added once and never changed; they hold no name and no number of anybody a case is about.
create table conference_members (
    member_no {int} primary key not null check (member_no >= 1),
    conference_no {int} not null references conferences (conference_no),
    office {text} not null check (office <> ''),
    login {text} not null,
    came {text} not null check (came in ('no', 'yes')),
    digest {bytes} not null check (length(digest) = 32),
    constraint conference_members_once unique (conference_no, office, login)
){strict};

create table conference_tasks (
    task_no {int} primary key not null check (task_no >= 1),
    conference_no {int} not null references conferences (conference_no),
    item_no {int} references conference_items (item_no),
    area {text} not null check (length(area) = 12),
    login {text} not null check (login <> ''),
    what {text} not null check (what <> ''),
    due {text} not null check (length(due) = 10),
    by_login {text} not null check (by_login <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint conference_tasks_due_later check (due >= day)
){strict};
create index conference_tasks_by_conference on conference_tasks (conference_no, task_no);
create index conference_tasks_by_login on conference_tasks (login, task_no);
create index conference_tasks_by_area on conference_tasks (area, due);

-- One result a task: with it the task is done.
create table conference_results (
    task_no {int} primary key not null references conference_tasks (task_no),
    result {text} not null check (result <> ''),
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};

-- 协办: what a department was asked about a case, by when, and what it answered. One text for both databases.
-- Answered once. step is empty where an official asked beside the steps. No name and no number of a person
-- stands here.
create table assists (
    assist_no {int} primary key not null check (assist_no >= 1),
    case_no {int} not null references cases (case_no),
    step {text} not null,
    department {text} not null check (department <> ''),
    office {text} not null,
    area {text} not null check (length(area) = 12),
    question {text} not null check (question <> ''),
    choices {text} not null check (choices <> ''),
    day {text} not null check (length(day) = 10),
    due {text} not null check (length(due) = 10),
    at {text} not null,
    by_login {text} not null check (by_login <> ''),
    outcome {text} not null,
    answer {text} not null,
    answered_at {text},
    answered_by {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint assists_in_time check (due >= day),
    constraint assists_answered_in_words check (
        (outcome = '' and answered_at is null and answer = '' and answered_by = '')
        or (outcome <> '' and answered_at is not null and answer <> '' and answered_by <> ''))
){strict};
create index assists_by_case on assists (case_no, assist_no);
create index assists_by_area on assists (area, due, assist_no);

-- 走访: who went to which door, what was answered there, and what became of a warning. One text for both
-- databases. A table is appended to unless its comment says what else may happen to it. No name and no
-- number of a person stands in any of them.

-- A visit for the open step of a case, or for a task. It ends once, with those who went.
create table visits (
    visit_no {int} primary key not null check (visit_no >= 1),
    case_no {int} references cases (case_no),
    application_no {int} references applications (application_no),
    task_id {int} references task (task_id),
    household_id {int} references household (household_id),
    area {text} not null check (length(area) = 12),
    step {text} not null check (step <> ''),
    form {text} not null check (form <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    state {text} not null check (state in ('open', 'done')),
    visitors {text} not null,
    outcome {text} not null check (outcome in ('', 'true', 'false', 'partly', 'not-met')),
    because {text} not null,
    done_day {text},
    done_at {text},
    check ((case_no is null) <> (task_id is null)),
    check ((case_no is null) = (application_no is null)),
    check ((state = 'done') = (done_at is not null)),
    check ((state = 'done') = (done_day is not null)),
    check ((state = 'done') = (visitors <> ''))
){strict};
create unique index visits_one_of_case on visits (case_no) where state = 'open' and case_no is not null;
create unique index visits_one_of_task on visits (task_id) where state = 'open' and task_id is not null;
create index visits_by_application on visits (application_no, visit_no);
create index visits_by_task on visits (task_id, visit_no);

-- What was seen or said at the door. base is the number of the answer that stood on the form, 0 for none:
-- two answers cannot stand on the same one. Without a person it is of the household.
create table visit_answers (
    answer_no {int} primary key not null check (answer_no >= 1),
    visit_no {int} not null references visits (visit_no),
    person_id {int} references person (person_id),
    fact {text} not null check (fact <> ''),
    value {text} not null check (value <> ''),
    base {int} not null check (base >= 0 and base < answer_no),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32)
){strict};
create unique index visit_answers_one_after_another
    on visit_answers (visit_no, coalesce(person_id, 0), fact, base);

-- 不属实: the same rule says nothing of the same household or person up to a day, that day included.
create table warning_silences (
    warning_id {int} primary key not null references warning (warning_id),
    rule {text} not null check (rule <> ''),
    entity_kind {text} not null check (entity_kind in ('household', 'person', 'area')),
    entity_id {int} not null,
    until_day {text} not null check (length(until_day) = 10),
    because {text} not null check (because <> ''),
    at {text} not null,
    actor {text} not null check (actor <> '')
){strict};
create index warning_silences_by_day on warning_silences (until_day);

-- 经办查实, 先行救助 and 即时发放. One text for both databases. Rows are added and never changed: what is found
-- out anew is a new row, and the newest of a fact counts.

-- What an official found out for a case, on which paper or photo. person_id is null for a fact of the household.
create table found_fact (
    found_no {int} primary key not null check (found_no >= 1),
    case_no {int} not null references cases (case_no),
    household_id {int} references household (household_id),
    person_id {int} references person (person_id),
    fact {text} not null check (fact <> ''),
    value {text} not null check (value <> ''),
    because {text} not null check (because <> ''),
    evidence {text} not null check (evidence <> ''),
    photo_no {int},
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index found_fact_by_case on found_fact (case_no, found_no);
create index found_fact_by_household on found_fact (household_id, found_no);
create index found_fact_by_person on found_fact (person_id, found_no);
create index found_fact_by_fact on found_fact (fact, found_no);

-- 先行救助: who was helped with how much before the papers, with the facts and rules it rests on. Once a case.
create table first_help (
    help_no {int} primary key not null check (help_no >= 1),
    case_no {int} not null unique references cases (case_no),
    entitlement_id {int} not null unique references entitlement (entitlement_id),
    amount {int} not null check (amount >= 1),
    day {text} not null check (length(day) = 10),
    because {text} not null check (because <> ''),
    articles {text} not null check (articles <> ''),
    decider {text} not null check (decider <> ''),
    capsule {text} not null check (capsule <> ''),
    capsule_digest {bytes} not null check (length(capsule_digest) = 32),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};

-- 即时发放: a month of an entitlement that waits for no month's batch. Working days count from ready_day.
create table prompt_payment (
    entitlement_id {int} not null references entitlement (entitlement_id),
    month {text} not null check (length(month) = 7),
    kind {text} not null check (kind <> ''),
    case_no {int} not null references cases (case_no),
    part {int} not null check (part >= 1),
    parts {int} not null check (parts >= part),
    ready_day {text} not null check (length(ready_day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    primary key (entitlement_id, month)
){strict};
create index prompt_payment_by_kind on prompt_payment (kind, entitlement_id);
create index prompt_payment_by_case on prompt_payment (case_no, entitlement_id);

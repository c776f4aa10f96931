-- 户外亲属: those obliged to support a member of a case who do not live with the family, and what was established
-- about them. One text for both databases. Rows are added and never changed: what is told anew is a new row, and
-- the newest counts.

-- Whom a member has outside the household. withdrawn says that the row takes back what was told of the two before.
create table kin (
    kin_no {int} primary key not null check (kin_no >= 1),
    case_no {int} not null references cases (case_no),
    member_id {int} not null references person (person_id),
    person_id {int} not null references person (person_id),
    relation {text} not null check (relation <> ''),
    withdrawn {int} not null check (withdrawn in (0, 1)),
    because {text} not null,
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint kin_others check (member_id <> person_id),
    constraint kin_withdrawn_with_reason check (withdrawn = 0 or because <> '')
){strict};
create index kin_by_case on kin (case_no, kin_no);
create index kin_by_member on kin (member_id, kin_no);
create index kin_by_person on kin (person_id, kin_no);

-- What was established about one of them: how, on which paper of which day.
create table kin_fact (
    kin_fact_no {int} primary key not null check (kin_fact_no >= 1),
    case_no {int} not null references cases (case_no),
    person_id {int} not null references person (person_id),
    fact {text} not null check (fact <> ''),
    value {text} not null check (value <> ''),
    way {text} not null check (way <> ''),
    paper {text} not null check (paper <> ''),
    paper_day {text} not null check (length(paper_day) = 10),
    day {text} not null check (length(day) = 10),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint kin_fact_paper_before check (paper_day <= day)
){strict};
create index kin_fact_by_case on kin_fact (case_no, kin_fact_no);
create index kin_fact_by_person on kin_fact (person_id, kin_fact_no);
create index kin_fact_by_fact on kin_fact (fact, kin_fact_no);

-- Of what an amount of an entitlement is made up, as the rules worked it out: each part whole, and where it is given
-- for members, each member's share of it with the member.
create table entitlement_part (
    part_no {int} primary key not null check (part_no >= 1),
    change_no {int} not null references entitlement_amount (change_no),
    part {text} not null check (part <> ''),
    person_id {int} references person (person_id),
    amount {int} not null check (amount >= 0),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index entitlement_part_by_change on entitlement_part (change_no, part_no);
create index entitlement_amount_by_cause on entitlement_amount (cause_kind, cause_id);

-- Opinion, public notice, objection, sample, decision, delivery, publication. A table is appended to
-- unless its comment says what else may happen to it. What is shown in public is kept exactly as it was
-- shown, masked; what a decision rests on is kept whole in its capsule, by numbers of the register.

-- Texts kept by what they say: the rulebook a decision was made under can never change or vanish.
create table kept_texts (
    digest {bytes} primary key not null check (length(digest) = 32),
    body {text} not null
){strict};

-- 初审意见. result is what the rules said at that moment; proposes is what its writer says.
create table opinions (
    opinion_no {int} primary key not null check (opinion_no >= 1),
    case_no {int} not null references cases (case_no),
    step {text} not null check (step <> ''),
    result {text} not null check (result in ('eligible', 'ineligible', 'pending')),
    proposes {text} not null check (proposes in ('grant', 'refuse')),
    amount {int} check (amount is null or amount >= 0),
    because {text} not null check (because <> ''),
    by_login {text} not null check (by_login <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    unique (opinion_no, case_no),
    unique (opinion_no, by_login)
){strict};
create index opinions_by_case on opinions (case_no, opinion_no);

-- 公示. last_day is the last day it hangs; after it nothing shows it, whoever forgets what. taken_at and
-- taken_because are set once when it is taken down earlier.
create table notices (
    notice_no {int} primary key not null check (notice_no >= 1),
    case_no {int} not null references cases (case_no),
    opinion_no {int} not null references opinions (opinion_no),
    step {text} not null check (step <> ''),
    area {text} not null check (length(area) = 12),
    from_day {text} not null check (length(from_day) = 10),
    last_day {text} not null check (length(last_day) = 10),
    document {text} not null check (document <> ''),
    shown {text} not null check (shown <> ''),
    posted_by {text} not null check (posted_by <> ''),
    at {text} not null,
    taken_at {text},
    taken_because {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check (from_day < last_day),
    check ((taken_at is null) = (taken_because = '')),
    unique (notice_no, case_no, last_day)
){strict};
create index notices_by_day on notices (last_day, area);
create index notices_by_case on notices (case_no, notice_no);

-- 异议, within the time of a notice. Settled once, by two persons, neither of whom posted it.
create table objections (
    objection_no {int} primary key not null check (objection_no >= 1),
    case_no {int} not null references cases (case_no),
    notice_no {int} not null references notices (notice_no),
    channel {text} not null check (channel in ('window', 'page')),
    text {text} not null check (text <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    told_by {text} not null check (told_by <> ''),
    state {text} not null check (state in ('open', 'upheld', 'dismissed')),
    settled_by {text},
    settled_with {text},
    settled_because {text} not null,
    settled_at {text},
    digest {bytes} not null check (length(digest) = 32),
    check ((state = 'open') = (settled_at is null)),
    check (state = 'open' or (settled_by is not null and settled_with is not null
        and settled_by <> settled_with and settled_because <> ''))
){strict};
create index objections_by_case on objections (case_no, objection_no);

-- 抽查: what was drawn of a month's cases, by a seed told to everybody.
create table samples (
    sample_no {int} primary key not null check (sample_no >= 1),
    month {text} not null check (length(month) = 7),
    programme {text} not null check (programme <> ''),
    seed {text} not null check (seed <> ''),
    share {int} not null check (share between 0 and 10000),
    numbers {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    digest {bytes} not null check (length(digest) = 32),
    unique (month, programme)
){strict};

-- The cases of a draw that are looked into, and why.
create table sample_cases (
    sample_no {int} not null references samples (sample_no),
    case_no {int} not null references cases (case_no),
    why {text} not null check (why in ('drawn', 'relative')),
    primary key (sample_no, case_no)
){strict};
create index sample_cases_by_case on sample_cases (case_no);

-- 决定. state goes on from effective to replaced once. A decision cannot rest on what is not known:
-- result has no third word. Who decides never wrote the opinion.
create table decisions (
    decision_no {int} primary key not null check (decision_no >= 1),
    case_no {int} not null references cases (case_no),
    programme {text} not null check (programme <> ''),
    day {text} not null check (length(day) = 10),
    outcome {text} not null check (outcome in ('granted', 'refused')),
    result {text} not null check (result in ('eligible', 'ineligible')),
    departs {int} not null check (departs in (0, 1)),
    amount {int} check (amount is null or amount >= 1),
    from_month {text} check (from_month is null or length(from_month) = 7),
    reasons {text} not null,
    articles {text} not null,
    remedy {text} not null,
    because {text} not null,
    opinion_no {int} not null,
    opinion_by {text} not null,
    notice_no {int},
    notice_last_day {text},
    no_notice {text} not null,
    decider {text} not null check (decider <> ''),
    state {text} not null check (state in ('effective', 'replaced')),
    capsule {text} not null check (capsule <> ''),
    capsule_digest {bytes} not null check (length(capsule_digest) = 32),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    foreign key (opinion_no, case_no) references opinions (opinion_no, case_no),
    foreign key (opinion_no, opinion_by) references opinions (opinion_no, by_login),
    foreign key (notice_no, case_no, notice_last_day) references notices (notice_no, case_no, last_day),
    constraint decisions_not_by_the_investigator check (decider <> opinion_by),
    constraint decisions_after_the_notice check ((notice_no is null and no_notice <> '' and notice_last_day is null)
        or (notice_no is not null and no_notice = '' and notice_last_day is not null and notice_last_day < day)),
    constraint decisions_departing_say_why check (departs = 0 or because <> ''),
    check (departs = 1 or (outcome = 'granted') = (result = 'eligible')),
    check (outcome = 'granted' or amount is null),
    check ((outcome = 'granted') = (from_month is not null)),
    constraint decisions_refusals_say_all check (outcome = 'granted'
        or (reasons <> '' and articles <> '' and remedy <> ''))
){strict};
create unique index decisions_one_effective on decisions (case_no, programme, day) where state = 'effective';
create index decisions_by_case on decisions (case_no, decision_no);

-- 送达: which letter, how and when.
create table deliveries (
    delivery_no {int} primary key not null check (delivery_no >= 1),
    decision_no {int} not null references decisions (decision_no),
    document {text} not null check (document <> ''),
    way {text} not null check (way in ('in-person', 'post', 'public')),
    receiver {text} not null check (receiver <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null,
    by_login {text} not null check (by_login <> ''),
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index deliveries_by_decision on deliveries (decision_no, delivery_no);

-- 公布 after the decision, exactly as shown. taken_at is set once when it is taken down.
create table publications (
    publication_no {int} primary key not null check (publication_no >= 1),
    decision_no {int} not null unique references decisions (decision_no),
    area {text} not null check (length(area) = 12),
    shown {text} not null check (shown <> ''),
    from_day {text} not null check (length(from_day) = 10),
    at {text} not null,
    by_login {text} not null check (by_login <> ''),
    taken_at {text},
    taken_because {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check ((taken_at is null) = (taken_because = ''))
){strict};
create index publications_by_area on publications (area, publication_no);

-- What comes after a decision: 核查, 变更, 渐退, 停发 and 追回, the family's own words before a cut, what was
-- said to workers' work, the crisis channel, the joint conference. One text for both databases. A table is
-- appended to unless its comment says what else may happen to it. No name and no number of a person stands
-- in any of them.

-- Which help a case is about, and what it came from. A recovery has one case, once.
create table after_cases (
    case_no {int} primary key not null references cases (case_no),
    purpose {text} not null check (purpose in ('review', 'change', 'gradual-exit', 'ending', 'recovery')),
    entitlement_id {int} not null references entitlement (entitlement_id),
    recovery_id {int} references recovery (recovery_id),
    cause_kind {text} not null check (cause_kind in ('due', 'warning', 'case', 'recovery', 'act')),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null,
    actor {text} not null check (actor <> ''),
    check ((purpose = 'recovery') = (recovery_id is not null))
){strict};
create unique index after_cases_one_of_recovery on after_cases (recovery_id) where recovery_id is not null;
create index after_cases_by_entitlement on after_cases (entitlement_id, case_no);
create index after_cases_by_cause on after_cases (cause_kind, cause_id);

-- 听取意见告知: what is meant to be done, why, and until when the family may answer. The months and the amount
-- told bind the decision: from_month the first month it holds, amount the least paid a month (none for
-- nothing), last_month the last month paid of an exit.
create table hearing_notices (
    hearing_notice_no {int} primary key not null check (hearing_notice_no >= 1),
    case_no {int} not null references cases (case_no),
    told_day {text} not null check (length(told_day) = 10),
    until_day {text} not null check (length(until_day) = 10),
    way {text} not null check (way in ('in-person', 'post', 'public')),
    plan {text} not null check (plan <> ''),
    from_month {text} check (from_month is null or length(from_month) = 7),
    last_month {text} check (last_month is null or length(last_month) = 7),
    amount {int} check (amount is null or amount > 0),
    articles {text} not null check (articles <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check (until_day >= told_day),
    check (last_month is null or (from_month is not null and last_month >= from_month)),
    unique (hearing_notice_no, case_no, told_day, until_day)
){strict};
create index hearing_notices_by_case on hearing_notices (case_no, hearing_notice_no);

-- 意见记录 and 听证笔录: what the family said, or that they said nothing until the time was over.
create table hearings (
    hearing_no {int} primary key not null check (hearing_no >= 1),
    hearing_notice_no {int} not null,
    case_no {int} not null references cases (case_no),
    told_day {text} not null,
    until_day {text} not null,
    step {text} not null check (step <> ''),
    day {text} not null check (length(day) = 10),
    form {text} not null check (form in ('spoken', 'written', 'hearing', 'none')),
    answer {text} not null check (answer in ('agrees', 'objects', 'silent')),
    words {text} not null check (words <> ''),
    by_login {text} not null check (by_login <> ''),
    with_login {text} not null check (with_login <> by_login),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    foreign key (hearing_notice_no, case_no, told_day, until_day)
        references hearing_notices (hearing_notice_no, case_no, told_day, until_day),
    constraint hearings_after_they_were_told check (day >= told_day),
    constraint hearings_silent_only_when_over check (answer <> 'silent' or day > until_day),
    check ((answer = 'silent') = (form = 'none')),
    constraint hearings_by_two check (form <> 'hearing' or with_login <> ''),
    unique (hearing_no, case_no)
){strict};
create index hearings_by_case on hearings (case_no, hearing_no);

-- 处理决定. state goes from signed to effective once, with the delivery, and to replaced once. Nothing that
-- takes away stands without its reasons, articles, remedy, a hearing or the article that spares it, and a
-- person who did not look into it; nor is it effective before it was handed over.
create table after_decisions (
    after_decision_no {int} primary key not null check (after_decision_no >= 1),
    case_no {int} not null references cases (case_no),
    entitlement_id {int} not null references entitlement (entitlement_id),
    step {text} not null check (step <> ''),
    kind {text} not null check (kind in ('kept', 'raised', 'restored', 'cut', 'exit', 'stopped',
        'recover')),
    day {text} not null check (length(day) = 10),
    before_amount {int} not null check (before_amount >= 0),
    after_amount {int} check (after_amount is null or after_amount >= 0),
    from_month {text} check (from_month is null or length(from_month) = 7),
    last_month {text} check (last_month is null or length(last_month) = 7),
    reasons {text} not null,
    articles {text} not null,
    remedy {text} not null,
    looked_by {text} not null check (looked_by <> ''),
    hearing_no {int},
    no_hearing {text} not null,
    decider {text} not null check (decider <> ''),
    capsule {text} not null,
    at {text} not null,
    state {text} not null check (state in ('signed', 'effective', 'replaced')),
    delivered_day {text} check (delivered_day is null or length(delivered_day) = 10),
    delivered_way {text} check (delivered_way is null or delivered_way in ('in-person', 'post', 'public')),
    delivered_to {text},
    delivered_by {text},
    effective_from {text} check (effective_from is null or length(effective_from) = 7),
    recovery_id {int} references recovery (recovery_id),
    digest {bytes} not null check (length(digest) = 32),
    foreign key (hearing_no, case_no) references hearings (hearing_no, case_no),
    constraint after_decisions_not_by_who_looked check (decider <> looked_by),
    constraint after_decisions_say_all check (kind in ('kept', 'raised', 'restored')
        or (reasons <> '' and articles <> '' and remedy <> '')),
    constraint after_decisions_heard check (kind in ('kept', 'raised', 'restored')
        or (hearing_no is not null and no_hearing = '') or (hearing_no is null and no_hearing <> '')),
    constraint after_decisions_raise check (kind <> 'raised' or after_amount > before_amount),
    constraint after_decisions_restored check (kind <> 'restored' or after_amount >= before_amount),
    constraint after_decisions_cut check (kind <> 'cut' or (after_amount > 0 and after_amount < before_amount)),
    check (kind not in ('raised', 'restored', 'cut', 'exit') or from_month is not null),
    check (kind <> 'exit' or (last_month is not null and last_month >= from_month and after_amount > 0)),
    check (kind <> 'stopped' or (from_month is not null and after_amount is null)),
    constraint after_decisions_delivered check ((state <> 'effective')
        or (delivered_day is not null and delivered_way is not null and delivered_to <> ''
            and delivered_by <> '' and delivered_day >= day)),
    check (effective_from is null or delivered_day is not null)
){strict};
create index after_decisions_by_case on after_decisions (case_no, after_decision_no);
create index after_decisions_by_entitlement on after_decisions (entitlement_id, after_decision_no);

-- H7 责任认定: what a supervisor found of somebody's work: good faith, and whether it was put right in time.
create table work_findings (
    work_finding_no {int} primary key not null check (work_finding_no >= 1),
    case_no {int} not null references cases (case_no),
    login {text} not null check (login <> ''),
    what {text} not null check (what <> ''),
    good_faith {text} not null check (good_faith in ('yes', 'no')),
    corrected_day {text} check (corrected_day is null or length(corrected_day) = 10),
    because {text} not null check (because <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint work_findings_not_of_oneself check (by_login <> login)
){strict};
create index work_findings_by_login on work_findings (login, work_finding_no);

-- 紧急通道: where, for what and until when papers may follow help. It ends by itself with last_day; ended_*
-- are set once when somebody ends it earlier.
create table crisis_channels (
    crisis_no {int} primary key not null check (crisis_no >= 1),
    title {text} not null check (title <> ''),
    area {text} not null check (length(area) = 12),
    programmes {text} not null check (programmes <> ''),
    because {text} not null check (because <> ''),
    from_day {text} not null check (length(from_day) = 10),
    last_day {text} not null check (length(last_day) = 10),
    papers_days {int} not null check (papers_days >= 1),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    ended_day {text} check (ended_day is null or length(ended_day) = 10),
    ended_because {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check (last_day >= from_day),
    check ((ended_day is null) = (ended_because = ''))
){strict};
create index crisis_channels_by_area on crisis_channels (area, from_day);

-- Who came through it, and until when the papers are to follow.
create table crisis_cases (
    crisis_no {int} not null references crisis_channels (crisis_no),
    case_no {int} primary key not null references cases (case_no),
    papers_due {text} not null check (length(papers_due) = 10),
    at {text} not null
){strict};
create index crisis_cases_by_crisis on crisis_cases (crisis_no, case_no);

-- 联席会议: one meeting with what it dealt with.
create table conferences (
    conference_no {int} primary key not null check (conference_no >= 1),
    area {text} not null check (length(area) = 12),
    day {text} not null check (length(day) = 10),
    title {text} not null check (title <> ''),
    offices {text} not null check (offices <> ''),
    attendees {int} not null check (attendees >= 2),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index conferences_by_area on conferences (area, conference_no);

-- 一事一议: an item of it. Of the case there is its number; what is searched for are programme, circumstances
-- and words without a name.
create table conference_items (
    item_no {int} primary key not null check (item_no >= 1),
    conference_no {int} not null references conferences (conference_no),
    case_no {int} references cases (case_no),
    programme {text} not null check (programme <> ''),
    circumstances {text} not null check (circumstances <> ''),
    question {text} not null check (question <> ''),
    resolution {text} not null check (resolution <> ''),
    departs {text} not null check (departs in ('no', 'yes')),
    because {text} not null,
    articles {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint conference_items_departing_say_why check (departs = 'no' or because <> '')
){strict};
create index conference_items_by_conference on conference_items (conference_no, item_no);
create index conference_items_by_case on conference_items (case_no, item_no);
create index conference_items_by_programme on conference_items (programme, item_no);

-- Versions of the rulebook. A version is proposed whole and never changes: only its signatures, its
-- state and how it ended are set, each once. The first signature is of one person, the second of
-- another; with the second it is in force. Its texts lie in the data folder, by their digests.
create table rulebook_version (
    version_no {int} primary key not null check (version_no >= 1),
    digest {bytes} not null check (length(digest) = 32),
    base_no {int} not null check (base_no >= 0 and base_no < version_no),
    base_digest {bytes} not null check (length(base_digest) = 32),
    effective_from {text} not null check (effective_from = '' or length(effective_from) = 10),
    because {text} not null check (because <> ''),
    state {text} not null check (state in ('draft', 'waiting', 'active', 'withdrawn')),
    proposed_by {int} not null references office_user (user_id),
    proposed_at {text} not null,
    first_by {int} references office_user (user_id),
    first_person {int},
    first_at {text},
    second_by {int} references office_user (user_id),
    second_person {int},
    second_at {text},
    ended_by {int} references office_user (user_id),
    ended_at {text},
    ended_why {text} not null,
    check ((first_by is null) = (first_person is null)),
    check ((first_by is null) = (first_at is null)),
    check ((second_by is null) = (second_person is null)),
    check ((second_by is null) = (second_at is null)),
    check (second_by is null or first_by is not null),
    constraint two_persons_sign
        check (second_by is null or (second_by <> first_by and second_person <> first_person)),
    check ((state = 'active') = (second_by is not null)),
    check ((state = 'withdrawn') = (ended_at is not null)),
    check ((ended_by is null) = (ended_at is null)),
    check ((ended_at is null) = (ended_why = ''))
){strict};
-- Each version that was in force has one successor at the most: the history is a line.
create unique index rulebook_version_line on rulebook_version (base_no) where state = 'active';

create table rulebook_text (
    version_no {int} not null references rulebook_version (version_no),
    path {text} not null check (path <> ''),
    digest {bytes} not null check (length(digest) = 32),
    primary key (version_no, path)
){strict};

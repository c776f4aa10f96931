-- 待认人: what a doubtful row says of somebody, what was answered, and how a file's rows were linked.

-- What the row of a doubtful_link says, sealed as identity is. `asked` is a keyed digest of feed, number as
-- written, folded name and birth date: the same question in another month has the same. Rows are added;
-- only the seal may change (rotation of keys).
create table doubt_row (
    row_id {int} primary key not null references doubtful_link (row_id),
    feed {text} not null,
    month {text} not null check (length(month) = 7),
    area {text} not null check (length(area) = 12),
    asked {bytes} not null check (length(asked) = 16),
    number_part {text} not null check (number_part in ('same', 'other', 'missing')),
    name_part {text} not null check (name_part in ('same', 'other', 'missing')),
    birth {text},
    task_id {int} references task (task_id),
    key_id {int} not null,
    name {bytes},
    number {bytes}
){strict};
create index doubt_row_by_asked on doubt_row (asked, row_id);
create index doubt_row_by_area on doubt_row (area, row_id);
create index doubt_row_by_task on doubt_row (task_id);
create index doubt_row_by_feed on doubt_row (feed, row_id);

-- Answers in the order given; of several to one question the newest counts. person_id is the one it
-- is, and none when it is nobody of those asked about.
create table link_answer (
    answer_no {int} primary key not null,
    asked {bytes} not null check (length(asked) = 16),
    row_id {int} not null references doubt_row (row_id),
    verdict {text} not null check (verdict in ('same', 'other', 'new')),
    person_id {int} references person (person_id),
    candidates {text} not null,
    actor {text} not null,
    reason {text} not null check (reason <> ''),
    at {text} not null,
    check ((verdict = 'other') = (person_id is null))
){strict};
create index link_answer_by_asked on link_answer (asked, answer_no);
create index link_answer_by_row on link_answer (row_id, answer_no);

-- How the rows of a file were linked when it came.
create table link_count (
    batch_no {int} primary key not null references feed_batch (batch_no),
    certain {int} not null,
    doubtful {int} not null,
    unknown {int} not null
){strict};

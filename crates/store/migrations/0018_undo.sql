-- 撤回: a file that should not have been taken. Its rows leave the lists they were read from; the batch, its
-- refusals and the files of the lake stay. One text for both databases. A row is added once and never changed.
create table feed_undo (
    batch_no {int} primary key not null references feed_batch (batch_no),
    actor {text} not null check (actor <> ''),
    reason {text} not null check (reason <> ''),
    at {text} not null
){strict};

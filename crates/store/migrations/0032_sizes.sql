-- 中位数: of what size the amounts of a file were, column by column; the next file of its kind is compared with it, so
-- that one in another unit is noticed. One text for both databases. A row is added once and never changed.
create table feed_size (
    batch_no {int} not null references feed_batch (batch_no),
    column_name {text} not null check (column_name <> ''),
    amounts {int} not null check (amounts >= 1),
    median_fen {int} not null check (median_fen >= 1),
    primary key (batch_no, column_name)
){strict};

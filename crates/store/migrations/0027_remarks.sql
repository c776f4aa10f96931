-- 提醒: cells that were taken as they came and deserve a look, such as an identity number of fifteen digits. One
-- text for both databases. A row is added once and never changed; it holds no name and no number.
create table feed_remark (
    batch_no {int} not null references feed_batch (batch_no),
    remark_no {int} not null check (remark_no >= 1),
    row_no {int} not null,
    column_name {text} not null,
    code {text} not null check (code <> ''),
    message {text} not null,
    primary key (batch_no, remark_no)
){strict};

-- 登记簿: lists single matters are judged over, such as advisers and funds. A list comes whole; the newest one
-- of a register counts and those before it stay. One text for both databases. A row is added once and never
-- changed.
create table register_list (
    list_no {int} primary key not null check (list_no >= 1),
    locality {text} not null check (locality <> ''),
    register {text} not null check (register <> ''),
    row_count {int} not null check (row_count >= 0),
    because {text} not null check (because <> ''),
    actor {text} not null check (actor <> ''),
    at {text} not null
){strict};
create index register_list_by_register on register_list (locality, register, list_no);

-- One thing of a list by its code; its cells in the order of the register's columns.
create table register_row (
    list_no {int} not null references register_list (list_no),
    entry_key {text} not null check (entry_key <> ''),
    cells {text} not null,
    primary key (list_no, entry_key)
){strict};

-- 处置率 and 公布. One text for both databases.
-- Warnings by the day they were raised, to be counted for a month without reading the others.
create index warning_by_raised on warning (first_raised, area, rule);

-- What was published for a month, as it was then: kept once by whoever signed it, and never changed. Numbers that
-- are hidden were never written here, so that nobody can find them behind a page either.
create table publication (
    month {text} primary key not null check (length(month) = 7),
    as_of {text} not null check (length(as_of) = 10),
    least {int} not null check (least >= 1),
    actor {text} not null check (actor <> ''),
    at {text} not null
){strict};

-- A cell: a figure of a place. around is the place it is listed in, itself for the whole; unplaced are those of a
-- place that stand in none below it. Without a number the cell is hidden.
create table published_figure (
    month {text} not null references publication (month),
    around {text} not null check (length(around) = 12),
    area {text} not null check (length(area) = 12),
    unplaced {int} not null check (unplaced in (0, 1)),
    figure {text} not null check (figure <> ''),
    title {text} not null check (title <> ''),
    name {text} not null check (name <> ''),
    count_whole {int},
    count_part {int},
    amount {int},
    primary key (month, around, area, unplaced, figure),
    check (count_whole is not null or (count_part is null and amount is null))
){strict};

-- 补做: what a newer program worked out once over a record that an older one had kept, by its name and when. A row is
-- added once and never changed. One text for both databases.
create table upkeep (
    name {text} primary key not null check (name <> ''),
    at {text} not null
){strict};

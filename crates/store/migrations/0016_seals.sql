-- 印记: what every protected table holds, so that a row changed, added, removed or put back behind the
-- program is found. The column `seal` of those tables is added by schema.rs, to old and new ones alike.

-- One row a protected table: how many rows carry a seal, and the hidden sum of their seals; updated by the
-- write that changes the table. seq is the entry of the chain that changed it last.
create table seal_head (
    table_name {text} primary key not null,
    rows {int} not null check (rows >= 0),
    sum {bytes} not null,
    seq {int} not null
){strict};

-- The keyed digest over all of seal_head as the newest write left it.
alter table audit_head add column tables {bytes};
-- The last entry of a write binds that digest, with the key, to its place in the chain.
alter table audit add column state {bytes};

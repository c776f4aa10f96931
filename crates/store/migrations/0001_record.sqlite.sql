-- What SQLite says differently: no exclusion constraint, so triggers and the single writer.
create trigger membership_no_overlap before insert on membership
when exists (
    select 1 from membership m
    where m.person_id = new.person_id
      and (new.to_day is null or m.from_day < new.to_day)
      and (m.to_day is null or new.from_day < m.to_day))
begin select raise(abort, 'membership_no_overlap'); end;

create trigger membership_closed_once before update on membership
when old.to_day is not null or new.to_day is null
  or new.membership_id <> old.membership_id or new.person_id <> old.person_id
  or new.household_id <> old.household_id or new.from_day <> old.from_day
  or new.relation <> old.relation or new.counted <> old.counted
  or new.reason <> old.reason or new.row_id <> old.row_id
begin select raise(abort, 'membership_closed_once'); end;

create trigger membership_stays before delete on membership
begin select raise(abort, 'membership_stays'); end;

create trigger audit_no_change before update on audit
begin select raise(abort, 'audit_no_change'); end;
create trigger audit_no_removal before delete on audit
begin select raise(abort, 'audit_no_removal'); end;

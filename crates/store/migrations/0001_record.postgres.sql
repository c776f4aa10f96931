-- What PostgreSQL says differently: an exclusion constraint instead of a trigger.
create extension if not exists btree_gist;
create type day_range as range (subtype = text, collation = "C");

alter table membership add constraint membership_no_overlap
    exclude using gist (person_id with =, day_range(from_day, to_day) with &&);

create function membership_closed_once() returns trigger language plpgsql as $$
begin
    if old.to_day is not null or new.to_day is null
       or (new.membership_id, new.person_id, new.household_id, new.from_day, new.relation,
           new.counted, new.reason, new.row_id)
          is distinct from
          (old.membership_id, old.person_id, old.household_id, old.from_day, old.relation,
           old.counted, old.reason, old.row_id)
    then raise exception 'membership_closed_once'; end if;
    return new;
end $$;
create trigger membership_closed_once before update on membership
    for each row execute function membership_closed_once();

create function refuse_by_name() returns trigger language plpgsql as $$
begin raise exception '%', tg_name; end $$;
create trigger membership_stays before delete on membership
    for each row execute function refuse_by_name();
create trigger audit_no_change before update on audit
    for each row execute function refuse_by_name();
create trigger audit_no_removal before delete on audit
    for each row execute function refuse_by_name();

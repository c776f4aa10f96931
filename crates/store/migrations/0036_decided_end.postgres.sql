-- A row may only be stopped; what was decided of its end stays.
create or replace function entitlement_stopped_once() returns trigger language plpgsql as $$
begin
    if (old.to_month is not null and new.to_month >= old.to_month) or new.to_month is null
       or (new.entitlement_id, new.programme, new.component, new.subject_kind, new.subject_id,
           new.household_id, new.payee, new.fund, new.area, new.from_month, new.cause_kind,
           new.cause_id, new.at, new.decided_to)
          is distinct from
          (old.entitlement_id, old.programme, old.component, old.subject_kind, old.subject_id,
           old.household_id, old.payee, old.fund, old.area, old.from_month, old.cause_kind,
           old.cause_id, old.at, old.decided_to)
    then raise exception 'entitlement_stopped_once'; end if;
    return new;
end $$;
drop trigger entitlement_stopped_once on entitlement;
create trigger entitlement_stopped_once before update of
    entitlement_id, programme, component, subject_kind, subject_id, household_id, payee, fund,
    area, from_month, to_month, cause_kind, cause_id, at, stopped_cause, stopped_at, decided_to
    on entitlement for each row execute function entitlement_stopped_once();

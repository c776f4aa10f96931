-- A row may only be stopped; what was decided of its end stays.
drop trigger entitlement_stopped_once;
create trigger entitlement_stopped_once before update of
    entitlement_id, programme, component, subject_kind, subject_id, household_id, payee, fund,
    area, from_month, to_month, cause_kind, cause_id, at, stopped_cause, stopped_at, decided_to
    on entitlement
when (old.to_month is not null and new.to_month >= old.to_month) or new.to_month is null
  or new.entitlement_id <> old.entitlement_id or new.programme <> old.programme
  or new.component <> old.component or new.subject_kind <> old.subject_kind
  or new.subject_id <> old.subject_id or new.household_id <> old.household_id
  or new.payee <> old.payee or new.fund <> old.fund or new.area <> old.area
  or new.from_month <> old.from_month or new.cause_kind <> old.cause_kind
  or new.cause_id <> old.cause_id or new.at <> old.at or new.decided_to is not old.decided_to
begin select raise(abort, 'entitlement_stopped_once'); end;

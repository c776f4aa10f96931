-- What PostgreSQL says differently: an exclusion constraint instead of a trigger.
alter table entitlement add constraint entitlement_no_overlap
    exclude using gist (programme with =, component with =, subject_kind with =, subject_id with =,
        day_range(from_month, to_month) with &&);

create function entitlement_stopped_once() returns trigger language plpgsql as $$
begin
    if (old.to_month is not null and new.to_month >= old.to_month) or new.to_month is null
       or (new.entitlement_id, new.programme, new.component, new.subject_kind, new.subject_id,
           new.household_id, new.payee, new.fund, new.area, new.from_month, new.cause_kind,
           new.cause_id, new.at)
          is distinct from
          (old.entitlement_id, old.programme, old.component, old.subject_kind, old.subject_id,
           old.household_id, old.payee, old.fund, old.area, old.from_month, old.cause_kind,
           old.cause_id, old.at)
    then raise exception 'entitlement_stopped_once'; end if;
    return new;
end $$;
create trigger entitlement_stopped_once before update on entitlement
    for each row execute function entitlement_stopped_once();

create function payment_line_only_state() returns trigger language plpgsql as $$
begin
    if (new.line_id, new.batch_no, new.line_no, new.entitlement_id, new.month, new.attempt,
        new.reissue_of, new.programme, new.fund, new.household_id, new.payee, new.account_id,
        new.identity_id, new.amount, new.area, new.digest)
       is distinct from
       (old.line_id, old.batch_no, old.line_no, old.entitlement_id, old.month, old.attempt,
        old.reissue_of, old.programme, old.fund, old.household_id, old.payee, old.account_id,
        old.identity_id, old.amount, old.area, old.digest)
       or (old.state = 'returned' and new.state <> 'returned')
       or (old.state in ('sent', 'unknown', 'paid')
           and new.state in ('proposed', 'apart', 'batched', 'void'))
    then raise exception 'payment_line_only_state'; end if;
    return new;
end $$;
create trigger payment_line_only_state before update on payment_line
    for each row execute function payment_line_only_state();

create trigger entitlement_stays before delete on entitlement
    for each row execute function refuse_by_name();
create trigger entitlement_amount_no_change before update on entitlement_amount
    for each row execute function refuse_by_name();
create trigger entitlement_amount_stays before delete on entitlement_amount
    for each row execute function refuse_by_name();
create trigger payment_line_stays before delete on payment_line
    for each row execute function refuse_by_name();
create trigger payment_batch_stays before delete on payment_batch
    for each row execute function refuse_by_name();
create trigger bank_answer_row_no_change before update on bank_answer_row
    for each row execute function refuse_by_name();
create trigger bank_answer_row_stays before delete on bank_answer_row
    for each row execute function refuse_by_name();
create trigger ledger_transfer_no_change before update on ledger_transfer
    for each row execute function refuse_by_name();
create trigger ledger_transfer_stays before delete on ledger_transfer
    for each row execute function refuse_by_name();

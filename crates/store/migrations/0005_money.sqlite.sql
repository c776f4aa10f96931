-- What SQLite says differently: no exclusion constraint, so triggers and the single writer.
create trigger entitlement_no_overlap before insert on entitlement
when exists (
    select 1 from entitlement e
    where e.programme = new.programme and e.component = new.component
      and e.subject_kind = new.subject_kind and e.subject_id = new.subject_id
      and (new.to_month is null or e.from_month < new.to_month)
      and (e.to_month is null or new.from_month < e.to_month)
      and (new.to_month is null or new.from_month < new.to_month)
      and (e.to_month is null or e.from_month < e.to_month))
begin select raise(abort, 'entitlement_no_overlap'); end;

create trigger entitlement_stopped_once before update on entitlement
when (old.to_month is not null and new.to_month >= old.to_month) or new.to_month is null
  or new.entitlement_id <> old.entitlement_id or new.programme <> old.programme
  or new.component <> old.component or new.subject_kind <> old.subject_kind
  or new.subject_id <> old.subject_id or new.household_id <> old.household_id
  or new.payee <> old.payee or new.fund <> old.fund or new.area <> old.area
  or new.from_month <> old.from_month or new.cause_kind <> old.cause_kind
  or new.cause_id <> old.cause_id or new.at <> old.at
begin select raise(abort, 'entitlement_stopped_once'); end;

create trigger payment_line_only_state before update on payment_line
when new.line_id <> old.line_id or new.batch_no <> old.batch_no or new.line_no <> old.line_no
  or new.entitlement_id <> old.entitlement_id or new.month <> old.month
  or new.attempt <> old.attempt or new.reissue_of is not old.reissue_of
  or new.programme <> old.programme or new.fund <> old.fund
  or new.household_id <> old.household_id or new.payee <> old.payee
  or new.account_id is not old.account_id or new.identity_id is not old.identity_id
  or new.amount <> old.amount or new.area <> old.area or new.digest <> old.digest
  or (old.state = 'returned' and new.state <> 'returned')
  or (old.state in ('sent', 'unknown', 'paid') and new.state in ('proposed', 'apart', 'batched', 'void'))
begin select raise(abort, 'payment_line_only_state'); end;

create trigger entitlement_stays before delete on entitlement
begin select raise(abort, 'entitlement_stays'); end;
create trigger entitlement_amount_no_change before update on entitlement_amount
begin select raise(abort, 'entitlement_amount_no_change'); end;
create trigger entitlement_amount_stays before delete on entitlement_amount
begin select raise(abort, 'entitlement_amount_stays'); end;
create trigger payment_line_stays before delete on payment_line
begin select raise(abort, 'payment_line_stays'); end;
create trigger payment_batch_stays before delete on payment_batch
begin select raise(abort, 'payment_batch_stays'); end;
create trigger bank_answer_row_no_change before update on bank_answer_row
begin select raise(abort, 'bank_answer_row_no_change'); end;
create trigger bank_answer_row_stays before delete on bank_answer_row
begin select raise(abort, 'bank_answer_row_stays'); end;
create trigger ledger_transfer_no_change before update on ledger_transfer
begin select raise(abort, 'ledger_transfer_no_change'); end;
create trigger ledger_transfer_stays before delete on ledger_transfer
begin select raise(abort, 'ledger_transfer_stays'); end;

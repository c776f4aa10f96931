-- A trigger on changes names the columns it holds, so that the seal beside them can be written.
drop trigger membership_closed_once;
create trigger membership_closed_once before update of
    membership_id, person_id, household_id, from_day, to_day, relation, counted, reason, row_id
    on membership
when old.to_day is not null or new.to_day is null
  or new.membership_id <> old.membership_id or new.person_id <> old.person_id
  or new.household_id <> old.household_id or new.from_day <> old.from_day
  or new.relation <> old.relation or new.counted <> old.counted
  or new.reason <> old.reason or new.row_id <> old.row_id
begin select raise(abort, 'membership_closed_once'); end;

drop trigger entitlement_stopped_once;
create trigger entitlement_stopped_once before update of
    entitlement_id, programme, component, subject_kind, subject_id, household_id, payee, fund,
    area, from_month, to_month, cause_kind, cause_id, at, stopped_cause, stopped_at
    on entitlement
when (old.to_month is not null and new.to_month >= old.to_month) or new.to_month is null
  or new.entitlement_id <> old.entitlement_id or new.programme <> old.programme
  or new.component <> old.component or new.subject_kind <> old.subject_kind
  or new.subject_id <> old.subject_id or new.household_id <> old.household_id
  or new.payee <> old.payee or new.fund <> old.fund or new.area <> old.area
  or new.from_month <> old.from_month or new.cause_kind <> old.cause_kind
  or new.cause_id <> old.cause_id or new.at <> old.at
begin select raise(abort, 'entitlement_stopped_once'); end;

drop trigger payment_line_only_state;
create trigger payment_line_only_state before update of
    line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of, programme, fund,
    household_id, payee, account_id, identity_id, amount, area, state, digest
    on payment_line
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

drop trigger entitlement_amount_no_change;
create trigger entitlement_amount_no_change before update of
    change_no, entitlement_id, from_month, amount, cause_kind, cause_id, at
    on entitlement_amount
begin select raise(abort, 'entitlement_amount_no_change'); end;

drop trigger bank_answer_row_no_change;
create trigger bank_answer_row_no_change before update of
    answer_no, row_no, batch_no, line_no, outcome, code, amount, parked
    on bank_answer_row
begin select raise(abort, 'bank_answer_row_no_change'); end;

drop trigger ledger_transfer_no_change;
create trigger ledger_transfer_no_change before update of
    transfer_no, entry_no, from_account, to_account, amount, phase, settles, batch_no, cause_kind,
    cause_id, at, digest
    on ledger_transfer
begin select raise(abort, 'ledger_transfer_no_change'); end;

drop trigger rulebook_version_stays;
create trigger rulebook_version_stays before update of
    version_no, digest, base_no, base_digest, effective_from, because, state, proposed_by,
    proposed_at, first_by, first_person, first_at, second_by, second_person, second_at, ended_by,
    ended_at, ended_why
    on rulebook_version
when old.state in ('active', 'withdrawn')
  or new.version_no <> old.version_no or new.digest <> old.digest or new.base_no <> old.base_no
  or new.base_digest <> old.base_digest or new.effective_from <> old.effective_from
  or new.because <> old.because or new.proposed_by <> old.proposed_by
  or new.proposed_at <> old.proposed_at
  or (old.first_by is not null and (new.first_by is not old.first_by
      or new.first_person is not old.first_person or new.first_at is not old.first_at))
begin select raise(abort, 'rulebook_version_stays'); end;

drop trigger rulebook_text_stays;
create trigger rulebook_text_stays before update of
    version_no, path, digest
    on rulebook_text
begin select raise(abort, 'rulebook_text_stays'); end;

drop trigger rulebook_preview_stays;
create trigger rulebook_preview_stays before update of
    preview_no, version_no, digest, month, days, on_roll, turned, figures, figures_digest,
    made_by, made_at, approved_by, approved_person, approved_at
    on rulebook_preview
when old.approved_by is not null
  or new.preview_no <> old.preview_no or new.version_no <> old.version_no
  or new.digest <> old.digest or new.month <> old.month or new.days <> old.days
  or new.on_roll <> old.on_roll or new.turned <> old.turned or new.figures <> old.figures
  or new.figures_digest <> old.figures_digest or new.made_by <> old.made_by
  or new.made_at <> old.made_at
begin select raise(abort, 'rulebook_preview_stays'); end;

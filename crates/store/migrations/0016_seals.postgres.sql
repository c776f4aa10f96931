-- A trigger on changes names the columns it holds, so that the seal beside them can be written.
drop trigger membership_closed_once on membership;
create trigger membership_closed_once before update of
    membership_id, person_id, household_id, from_day, to_day, relation, counted, reason, row_id
    on membership for each row execute function membership_closed_once();

drop trigger entitlement_stopped_once on entitlement;
create trigger entitlement_stopped_once before update of
    entitlement_id, programme, component, subject_kind, subject_id, household_id, payee, fund,
    area, from_month, to_month, cause_kind, cause_id, at, stopped_cause, stopped_at
    on entitlement for each row execute function entitlement_stopped_once();

drop trigger payment_line_only_state on payment_line;
create trigger payment_line_only_state before update of
    line_id, batch_no, line_no, entitlement_id, month, attempt, reissue_of, programme, fund,
    household_id, payee, account_id, identity_id, amount, area, state, digest
    on payment_line for each row execute function payment_line_only_state();

drop trigger entitlement_amount_no_change on entitlement_amount;
create trigger entitlement_amount_no_change before update of
    change_no, entitlement_id, from_month, amount, cause_kind, cause_id, at
    on entitlement_amount for each row execute function refuse_by_name();

drop trigger bank_answer_row_no_change on bank_answer_row;
create trigger bank_answer_row_no_change before update of
    answer_no, row_no, batch_no, line_no, outcome, code, amount, parked
    on bank_answer_row for each row execute function refuse_by_name();

drop trigger ledger_transfer_no_change on ledger_transfer;
create trigger ledger_transfer_no_change before update of
    transfer_no, entry_no, from_account, to_account, amount, phase, settles, batch_no, cause_kind,
    cause_id, at, digest
    on ledger_transfer for each row execute function refuse_by_name();

drop trigger rulebook_version_stays on rulebook_version;
create trigger rulebook_version_stays before update of
    version_no, digest, base_no, base_digest, effective_from, because, state, proposed_by,
    proposed_at, first_by, first_person, first_at, second_by, second_person, second_at, ended_by,
    ended_at, ended_why
    on rulebook_version for each row execute function rulebook_version_stays();

drop trigger rulebook_text_kept on rulebook_text;
create trigger rulebook_text_kept before update of
    version_no, path, digest
    or delete on rulebook_text for each row execute function rulebook_kept();

drop trigger rulebook_preview_stays on rulebook_preview;
create trigger rulebook_preview_stays before update of
    preview_no, version_no, digest, month, days, on_roll, turned, figures, figures_digest,
    made_by, made_at, approved_by, approved_person, approved_at
    on rulebook_preview for each row execute function rulebook_preview_stays();

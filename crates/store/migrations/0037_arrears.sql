-- 补以前月份的两本账: what a decision says is due for a month that has its payment already, and what later payments brought of
-- it, or came back for it. What a month lacks is worked out from both each time, so that a payment that is voided
-- leaves nothing to be mended. One text for both databases. Rows are added and never changed.

-- What is due for a month that was paid otherwise, or is drawn again; the newest counts.
create table month_due (
    due_no {int} primary key not null check (due_no >= 1),
    entitlement_id {int} not null references entitlement (entitlement_id),
    month {text} not null check (length(month) = 7),
    amount {int} not null check (amount >= 0),
    cause_kind {text} not null check (cause_kind <> ''),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index month_due_by_month on month_due (entitlement_id, month, due_no);
create index month_due_of_month on month_due (month, entitlement_id);

-- What a month had beside its own payment: with a later payment, by a grant of its own, or less, where money came back
-- on a recovery and is due after all. A payment that is voided brought nothing.
create table arrears (
    arrears_no {int} primary key not null check (arrears_no >= 1),
    entitlement_id {int} not null references entitlement (entitlement_id),
    month {text} not null check (length(month) = 7),
    amount {int} not null,
    line_id {int} references payment_line (line_id),
    grant_id {int} references entitlement (entitlement_id),
    recovery_id {int} references recovery (recovery_id),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    constraint arrears_one_way check (
        (line_id is not null and grant_id is null and recovery_id is null and amount > 0)
        or (line_id is null and grant_id is not null and recovery_id is null and amount > 0)
        or (line_id is null and grant_id is null and recovery_id is not null and amount < 0))
){strict};
create index arrears_by_month on arrears (entitlement_id, month, arrears_no);
create index arrears_by_line on arrears (line_id) where line_id is not null;

-- Money: cards, who is entitled to what, batches with their lines, the bank's answers, the ledger,
-- recoveries. A table is appended to unless its comment says what else may happen to it.

-- Bank cards, sealed, found by a keyed digest; rotation rewrites the seal.
create table bank_account (
    account_id {int} primary key not null check (account_id >= 1),
    token {bytes} not null unique check (length(token) = 16),
    key_id {int} not null,
    card {bytes} not null,
    check_digit_fits {int} not null check (check_digit_fits in (0, 1)),
    at {text} not null
){strict};
create index bank_account_by_key on bank_account (key_id, account_id);

-- Which row of a department's file told which card.
create table bank_account_row (
    row_id {int} primary key not null,
    account_id {int} not null references bank_account (account_id)
){strict};

-- Somebody looked at what a check found about a card or a household, and answers for it.
create table payment_confirmation (
    confirmation_id {int} primary key not null,
    about {text} not null check (about in ('account', 'entitlement')),
    about_id {int} not null,
    code {text} not null check (code <> ''),
    by_login {text} not null check (by_login <> ''),
    at {text} not null,
    why {text} not null check (why <> '')
){strict};
create unique index payment_confirmation_once on payment_confirmation (about, about_id, code);

-- Entitlements: who is paid what from which month. to_month is the first month no longer paid, set
-- once with its reason. Overlap is refused by 0005_money.<database>.sql.
create table entitlement (
    entitlement_id {int} primary key not null check (entitlement_id >= 1),
    programme {text} not null check (programme <> ''),
    component {text} not null check (component <> ''),
    subject_kind {text} not null check (subject_kind in ('person', 'household')),
    subject_id {int} not null,
    household_id {int} not null references household (household_id),
    payee {int} not null references person (person_id),
    fund {text} not null check (fund <> ''),
    area {text} not null check (length(area) = 12),
    from_month {text} not null check (length(from_month) = 7),
    to_month {text} check (to_month is null or length(to_month) = 7),
    cause_kind {text} not null check (cause_kind <> ''),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null,
    stopped_cause {text} not null,
    stopped_at {text},
    check (to_month is null or from_month <= to_month)
){strict};
create index entitlement_by_subject on entitlement (programme, component, subject_kind, subject_id);
create index entitlement_by_household on entitlement (household_id, entitlement_id);
create index entitlement_by_component on entitlement (component, entitlement_id);

-- Amounts of a month; of those that have begun, the newest holds.
create table entitlement_amount (
    change_no {int} primary key not null,
    entitlement_id {int} not null references entitlement (entitlement_id),
    from_month {text} not null check (length(from_month) = 7),
    amount {int} not null check (amount >= 1),
    cause_kind {text} not null check (cause_kind <> ''),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null
){strict};
create index entitlement_amount_by_entitlement on entitlement_amount (entitlement_id, change_no);

-- The card an entitlement is paid to; the newest holds.
create table entitlement_account (
    change_no {int} primary key not null,
    entitlement_id {int} not null references entitlement (entitlement_id),
    account_id {int} not null references bank_account (account_id),
    by_login {text} not null,
    cause_kind {text} not null check (cause_kind <> ''),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null
){strict};
create index entitlement_account_by_entitlement on entitlement_account (entitlement_id, change_no);
create index entitlement_account_by_account on entitlement_account (account_id, entitlement_id);

-- Batches. state, the hands, the sums and the digests move on with the state, each set once.
create table payment_batch (
    batch_no {int} primary key not null check (batch_no >= 1),
    kind {text} not null check (kind <> ''),
    component {text} not null check (component <> ''),
    month {text} not null check (length(month) = 7),
    bank {text} not null check (bank <> ''),
    state {text} not null check (state in ('preparing', 'draft', 'checked', 'approved', 'sealed',
        'released', 'answered', 'closed', 'void')),
    round {int} not null check (round >= 0),
    lines {int} not null check (lines >= 0),
    amount {int} not null check (amount >= 0),
    apart {int} not null check (apart >= 0),
    apart_amount {int} not null check (apart_amount >= 0),
    prepared_by {int} references office_user (user_id),
    prepared_at {text} not null,
    checked_by {int} references office_user (user_id),
    checked_at {text},
    approved_by {int} references office_user (user_id),
    approved_at {text},
    sealed_at {text},
    digest {bytes} check (digest is null or length(digest) = 32),
    released_by {int} references office_user (user_id),
    released_at {text},
    file_digest {bytes} check (file_digest is null or length(file_digest) = 32),
    closed_at {text},
    constraint payment_batch_three_persons check (
        (checked_by is null or checked_by <> prepared_by)
        and (approved_by is null or (approved_by <> prepared_by and approved_by <> checked_by))
        and (released_by is null or (released_by <> prepared_by and released_by <> checked_by))),
    constraint payment_batch_hands_in_order check (
        (state in ('preparing', 'void') or prepared_by is not null)
        and (state not in ('checked', 'approved', 'sealed', 'released', 'answered', 'closed') or checked_by is not null)
        and (state not in ('approved', 'sealed', 'released', 'answered', 'closed') or approved_by is not null)
        and (state not in ('sealed', 'released', 'answered', 'closed') or digest is not null)
        and (state not in ('released', 'answered', 'closed') or (released_by is not null and file_digest is not null)))
){strict};
create unique index payment_batch_one_open on payment_batch (kind, month)
    where state in ('preparing', 'draft', 'checked', 'approved');
create index payment_batch_by_month on payment_batch (month, batch_no);

-- Lines: one entitlement in one month. Only state changes; digest covers all the rest.
create table payment_line (
    line_id {int} primary key not null,
    batch_no {int} not null references payment_batch (batch_no),
    line_no {int} not null check (line_no >= 1),
    entitlement_id {int} not null references entitlement (entitlement_id),
    month {text} not null check (length(month) = 7),
    attempt {int} not null check (attempt >= 1),
    reissue_of {int} references payment_line (line_id),
    programme {text} not null,
    fund {text} not null,
    household_id {int} not null,
    payee {int} not null references person (person_id),
    account_id {int} references bank_account (account_id),
    identity_id {int},
    amount {int} not null check (amount >= 1),
    area {text} not null,
    state {text} not null check (state in ('proposed', 'apart', 'batched', 'sent', 'paid', 'returned',
        'unknown', 'void')),
    digest {bytes} not null check (length(digest) = 32),
    unique (batch_no, line_no),
    check (attempt = 1 or reissue_of is not null)
){strict};
create unique index payment_line_once on payment_line (entitlement_id, month)
    where state in ('proposed', 'batched', 'sent', 'unknown', 'paid');
create unique index payment_line_reissued_once on payment_line (reissue_of)
    where reissue_of is not null and state not in ('apart', 'void');
create index payment_line_of_month on payment_line (entitlement_id, month);
create index payment_line_by_household on payment_line (household_id, line_id);
create index payment_line_by_state on payment_line (batch_no, state, line_no);
create index payment_line_returned on payment_line (state, line_id) where state in ('returned', 'unknown');

-- What the checks found; of a batch the newest round holds.
create table payment_finding (
    batch_no {int} not null references payment_batch (batch_no),
    round {int} not null,
    line_no {int} not null,
    code {text} not null,
    says {text} not null,
    primary key (batch_no, round, line_no, code)
){strict};

-- The bank's files, and what became of each of their rows. A line takes each outcome once.
create table bank_answer (
    answer_no {int} primary key not null,
    batch_no {int} not null references payment_batch (batch_no),
    file_name {text} not null,
    file_digest {bytes} not null check (length(file_digest) = 32),
    rows {int} not null,
    applied {int} not null,
    parked {int} not null,
    note {text} not null,
    by_login {text} not null,
    at {text} not null,
    unique (batch_no, file_digest),
    check (rows = applied + parked)
){strict};
create table bank_answer_row (
    answer_no {int} not null references bank_answer (answer_no),
    row_no {int} not null,
    batch_no {int} not null,
    line_no {int},
    outcome {text} not null,
    code {text} not null,
    amount {int},
    parked {text} not null,
    primary key (answer_no, row_no)
){strict};
create unique index bank_answer_row_once on bank_answer_row (batch_no, line_no, outcome) where parked = '';

-- Accounts of the ledger with their sums; each transfer moves them in its own write. Only where the
-- money comes from may go below nothing.
create table ledger_account (
    ledger_account_no {int} primary key not null,
    kind {text} not null,
    of_what {text} not null,
    posted_in {int} not null check (posted_in >= 0),
    posted_out {int} not null check (posted_out >= 0),
    pending_in {int} not null check (pending_in >= 0),
    pending_out {int} not null check (pending_out >= 0),
    unique (kind, of_what),
    constraint ledger_account_covers check (kind = 'treasury' or posted_in - posted_out - pending_out >= 0)
){strict};

-- Transfers: one row takes from one account and gives to another, so all rows sum to zero. Rows of
-- an entry stand together. A pending one is settled once, by a row that posts or voids it.
create table ledger_transfer (
    transfer_no {int} primary key not null,
    entry_no {int} not null,
    from_account {int} not null references ledger_account (ledger_account_no),
    to_account {int} not null references ledger_account (ledger_account_no),
    amount {int} not null check (amount >= 1),
    phase {text} not null check (phase in ('posted', 'pending', 'post', 'void')),
    settles {int} unique references ledger_transfer (transfer_no),
    batch_no {int} references payment_batch (batch_no),
    cause_kind {text} not null check (cause_kind <> ''),
    cause_id {text} not null check (cause_id <> ''),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check (from_account <> to_account),
    check ((settles is null) = (phase in ('posted', 'pending'))),
    unique (cause_kind, cause_id, from_account, to_account, phase)
){strict};
create index ledger_transfer_by_batch on ledger_transfer (batch_no, transfer_no);
create index ledger_transfer_by_entry on ledger_transfer (entry_no);

-- Recoveries: what was paid and must come back. state goes from open to closed.
create table recovery (
    recovery_id {int} primary key not null check (recovery_id >= 1),
    entitlement_id {int} not null references entitlement (entitlement_id),
    household_id {int} not null,
    programme {text} not null,
    amount {int} not null check (amount >= 1),
    state {text} not null check (state in ('open', 'closed')),
    cause {text} not null check (cause <> ''),
    opened_by {text} not null,
    opened_at {text} not null,
    closed_at {text}
){strict};
create unique index recovery_one_open on recovery (entitlement_id) where state = 'open';
create index recovery_by_household on recovery (household_id, recovery_id);
create table recovery_line (
    recovery_id {int} not null references recovery (recovery_id),
    line_id {int} not null references payment_line (line_id),
    primary key (recovery_id, line_id)
){strict};
create unique index recovery_line_once on recovery_line (line_id);
create table recovery_step (
    step_no {int} primary key not null,
    recovery_id {int} not null references recovery (recovery_id),
    step {text} not null check (step <> ''),
    amount {int} check (amount is null or amount >= 1),
    by_login {text} not null,
    at {text} not null,
    says {text} not null
){strict};
create index recovery_step_by_recovery on recovery_step (recovery_id, step_no);

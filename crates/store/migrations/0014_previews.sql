-- 影响预览: what a proposed version of the rulebook would do to the people of a month, as it was worked out,
-- and who answers for having read it. One text for both databases; no name and no number of a person stands
-- in it. A preview is appended and never changes but once, when it is approved.
create table rulebook_preview (
    preview_no {int} primary key not null check (preview_no >= 1),
    version_no {int} not null references rulebook_version (version_no),
    -- Of the proposal's texts, which was looked at: a preview is of these texts and of no others.
    digest {bytes} not null check (length(digest) = 32),
    month {text} not null check (length(month) = 7),
    -- The days on which it is tried, with 、 between.
    days {text} not null check (days <> ''),
    on_roll {int} not null check (on_roll >= 0),
    turned {int} not null check (turned >= 0 and turned <= on_roll),
    figures {text} not null check (figures <> ''),
    figures_digest {bytes} not null check (length(figures_digest) = 32),
    made_by {int} not null references office_user (user_id),
    made_at {text} not null,
    approved_by {int} references office_user (user_id),
    approved_person {int},
    approved_at {text},
    check ((approved_by is null) = (approved_person is null)),
    check ((approved_by is null) = (approved_at is null))
){strict};
create index rulebook_preview_by_version on rulebook_preview (version_no, preview_no);

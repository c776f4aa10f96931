-- 决定的止月: the first month no longer paid as the decision that gave it said, kept when a later one stops it sooner, so
-- that help which is restored ends when it was to end. Null where it was given without an end, and where it was stopped
-- before this was kept.
alter table entitlement add column decided_to {text};
update entitlement set decided_to = to_month where to_month is not null and stopped_cause = '';

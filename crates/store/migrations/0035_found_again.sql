-- Ways to what is asked for often: the kin of a family in all its cases, letters of ended procedures nobody handed over,
-- who looked at a case from where, cases of which a circumstance holds, and what was declared of somebody. One text for both databases.
create index cases_by_subject on cases (subject_id, case_no) where subject_kind = 'person';
create index cases_ended on cases (procedure, area, case_no) where state = 'closed' and outcome = 'ended';
create index audit_by_authority on audit (authority, seq) where authority <> '';
create index case_events_told on case_events (name, case_no, seq) where kind = 'circumstance';
create index declared_by_person on declared (person_id, declared_no) where person_id is not null;

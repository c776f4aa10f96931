-- 网上送达: a letter the applicant reads signed in is delivered by that; and why a household did not sign at the door.
-- One text for both databases.

-- read_at is the moment of reading; a row with it was delivered online. Its way says in-person, because the words a
-- row may carry there were fixed with the table and because nobody but the person's own session can set it.
alter table deliveries add column read_at {text};
alter table after_decisions add column read_at {text};

-- Why nobody of the household signed the form of a visit, by the rulebook's list; null where somebody did.
alter table visits add column not_signed {text};

-- That the applicant of a case agreed to be handed its letters by reading them: in the application, or on the page.
-- A row is added once and never changed.
create table reading_consents (
    case_no {int} primary key not null references cases (case_no),
    actor {text} not null check (actor <> ''),
    day {text} not null check (length(day) = 10),
    at {text} not null
){strict};

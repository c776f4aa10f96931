-- What SQLite says differently: how a trigger is written.
create trigger rulebook_version_stays before update on rulebook_version
when old.state in ('active', 'withdrawn')
  or new.version_no <> old.version_no or new.digest <> old.digest or new.base_no <> old.base_no
  or new.base_digest <> old.base_digest or new.effective_from <> old.effective_from
  or new.because <> old.because or new.proposed_by <> old.proposed_by
  or new.proposed_at <> old.proposed_at
  or (old.first_by is not null and (new.first_by is not old.first_by
      or new.first_person is not old.first_person or new.first_at is not old.first_at))
begin select raise(abort, 'rulebook_version_stays'); end;

create trigger rulebook_version_kept before delete on rulebook_version
begin select raise(abort, 'rulebook_version_kept'); end;

create trigger rulebook_text_stays before update on rulebook_text
begin select raise(abort, 'rulebook_text_stays'); end;

create trigger rulebook_text_kept before delete on rulebook_text
begin select raise(abort, 'rulebook_text_kept'); end;

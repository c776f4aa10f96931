-- What SQLite says differently: how a trigger is written.
create trigger rulebook_preview_stays before update on rulebook_preview
when old.approved_by is not null
  or new.preview_no <> old.preview_no or new.version_no <> old.version_no
  or new.digest <> old.digest or new.month <> old.month or new.days <> old.days
  or new.on_roll <> old.on_roll or new.turned <> old.turned or new.figures <> old.figures
  or new.figures_digest <> old.figures_digest or new.made_by <> old.made_by
  or new.made_at <> old.made_at
begin select raise(abort, 'rulebook_preview_stays'); end;

create trigger rulebook_preview_kept before delete on rulebook_preview
begin select raise(abort, 'rulebook_preview_kept'); end;

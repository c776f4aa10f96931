-- What PostgreSQL says differently: how a trigger is written.
create function rulebook_preview_stays() returns trigger language plpgsql as $$
begin
    if old.approved_by is not null
       or (new.preview_no, new.version_no, new.digest, new.month, new.days, new.on_roll, new.turned,
           new.figures, new.figures_digest, new.made_by, new.made_at)
          is distinct from
          (old.preview_no, old.version_no, old.digest, old.month, old.days, old.on_roll, old.turned,
           old.figures, old.figures_digest, old.made_by, old.made_at)
    then raise exception 'rulebook_preview_stays'; end if;
    return new;
end $$;
create trigger rulebook_preview_stays before update on rulebook_preview
    for each row execute function rulebook_preview_stays();

create function rulebook_preview_kept() returns trigger language plpgsql as $$
begin
    raise exception 'rulebook_preview_kept';
end $$;
create trigger rulebook_preview_kept before delete on rulebook_preview
    for each row execute function rulebook_preview_kept();

-- What PostgreSQL says differently: how a trigger is written.
create function rulebook_version_stays() returns trigger language plpgsql as $$
begin
    if old.state in ('active', 'withdrawn')
       or (new.version_no, new.digest, new.base_no, new.base_digest, new.effective_from,
           new.because, new.proposed_by, new.proposed_at)
          is distinct from
          (old.version_no, old.digest, old.base_no, old.base_digest, old.effective_from,
           old.because, old.proposed_by, old.proposed_at)
       or (old.first_by is not null and (new.first_by, new.first_person, new.first_at)
           is distinct from (old.first_by, old.first_person, old.first_at))
    then raise exception 'rulebook_version_stays'; end if;
    return new;
end $$;
create trigger rulebook_version_stays before update on rulebook_version
    for each row execute function rulebook_version_stays();

create function rulebook_kept() returns trigger language plpgsql as $$
begin
    raise exception 'rulebook_kept';
end $$;
create trigger rulebook_version_kept before delete on rulebook_version
    for each row execute function rulebook_kept();
create trigger rulebook_text_kept before update or delete on rulebook_text
    for each row execute function rulebook_kept();

-- Areas of a whole country: the place around each, the edition that stated it, and the lists taken in.
-- area: besides valid_to, a valid_from and an urban_rural that were not known may be set once.
alter table area add column parent {text};
alter table area add column edition {text} not null default '';
update area set parent = case level
    when 'city' then substr(code, 1, 2) || '0000000000'
    when 'county' then substr(code, 1, 4) || '00000000'
    when 'township' then substr(code, 1, 6) || '000000'
    when 'village' then substr(code, 1, 9) || '000'
end;
create index area_by_parent on area (parent, code);
create index area_by_name on area (name, code, valid_from);
create index area_by_level on area (level, code);

-- Lists of areas taken in: the day each stands for, and the part of the country and levels it tells of.
create table area_edition (
    edition_no {int} primary key not null,
    edition {text} not null check (length(edition) = 10),
    file_name {text} not null,
    file_digest {bytes} not null check (length(file_digest) = 32),
    scope {text} not null,
    levels {text} not null,
    whole {int} not null check (whole in (0, 1)),
    listed {int} not null,
    added {int} not null,
    changed {int} not null,
    ended {int} not null,
    at {text} not null,
    unique (file_digest, edition, whole)
){strict};

-- 照片和扫描件, and the tablet at the door. One text for both databases. A table is appended to unless its
-- comment says what else may happen to it. No name, number or place of a person stands in the clear.

-- One content. Its bytes lie sealed in the data folder, in a file named by mark: a keyed digest of the bytes as they
-- came. file_key opens them and is itself sealed; told holds what the picture says of itself (place, moment), sealed.
-- Only key_id, file_key and told change, when keys do; file_key and told are emptied when what it belonged to was
-- destroyed and it stands nowhere else, and filled again when the same content comes once more.
create table photo_files (
    file_no {int} primary key not null check (file_no >= 1),
    mark {bytes} not null unique check (length(mark) = 32),
    kind {text} not null check (kind in ('jpeg', 'png', 'webp', 'pdf')),
    size {int} not null check (size >= 1),
    wide {int} not null check (wide >= 0),
    high {int} not null check (high >= 0),
    located {int} not null check (located in (0, 1)),
    key_id {int} not null,
    file_key {bytes} not null,
    told {bytes} not null,
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32)
){strict};
create index photo_files_by_key on photo_files (key_id, file_no);

-- What a content belongs to. It ends when it is taken back or goes on to something else; the row stays.
create table photos (
    photo_no {int} primary key not null check (photo_no >= 1),
    file_no {int} not null references photo_files (file_no),
    about_kind {text} not null check (about_kind in
        ('visit', 'case', 'application', 'draft', 'clue', 'complaint', 'correction', 'consent')),
    about_key {text} not null check (about_key <> ''),
    matter {text} not null check (matter <> ''),
    role {text} not null check (role in ('photo', 'paper', 'signature')),
    label {text} not null,
    key_id {int} not null,
    name {bytes} not null,
    said_at {text} not null,
    at {text} not null,
    actor {text} not null check (actor <> ''),
    ended_at {text},
    ended_by {text} not null,
    ended_because {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    check ((ended_at is null) = (ended_by = ''))
){strict};
create unique index photos_once on photos (about_kind, about_key, file_no, role, label) where ended_at is null;
create index photos_by_about on photos (about_kind, about_key, photo_no);
create index photos_by_file on photos (file_no);
create index photos_by_key on photos (key_id, photo_no);

-- 另一名调查人: who went along says so by a session of their own, up to which answer.
create table visit_confirmations (
    visit_no {int} not null references visits (visit_no),
    login {text} not null check (login <> ''),
    answer_no {int} not null check (answer_no >= 0),
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    primary key (visit_no, login, answer_no)
){strict};

-- 带到平板: what one session took along. token is a digest of a word only the tablet has. It may be filled in until
-- until_at; after that it is only sent, once whoever took it signs in again. It ends with its session, and when the
-- account is no longer what it was. Nothing of it changes.
create table tablet_packages (
    package_no {int} primary key not null check (package_no >= 1),
    token {bytes} not null unique check (length(token) = 32),
    user_id {int} not null references office_user (user_id),
    session_id {int} not null references session (session_id),
    generation {int} not null,
    at {text} not null,
    until_at {text} not null
){strict};
create index tablet_packages_by_session on tablet_packages (session_id);

create table tablet_visits (
    package_no {int} not null references tablet_packages (package_no),
    visit_no {int} not null references visits (visit_no),
    primary key (package_no, visit_no)
){strict};

-- What a tablet changed, each once: change_key is the tablet's own word for it, seq its order there. said_at is what
-- the tablet's clock said; at is ours, and ours stands.
create table visit_changes (
    package_no {int} not null references tablet_packages (package_no),
    change_key {text} not null check (change_key <> ''),
    visit_no {int} not null references visits (visit_no),
    seq {int} not null check (seq >= 1),
    person_id {int} references person (person_id),
    fact {text} not null check (fact <> ''),
    value {text} not null check (value <> ''),
    base {int} not null check (base >= 0),
    outcome {text} not null check (outcome in ('kept', 'same', 'older', 'differs', 'refused')),
    answer_no {int} references visit_answers (answer_no),
    said_at {text} not null,
    said_now {text} not null,
    at {text} not null,
    digest {bytes} not null check (length(digest) = 32),
    primary key (package_no, change_key),
    check ((outcome = 'kept') = (answer_no is not null))
){strict};
create index visit_changes_by_visit on visit_changes (visit_no, package_no, seq);

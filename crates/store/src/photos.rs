//! 照片和扫描件: contents under seal in the data folder, and what each belongs to.
//!
//! A content is kept once, in a file named by a keyed digest of its bytes, under a key of its own that is
//! sealed in the record. When keys change only that key is sealed anew. Without its row a file opens for
//! nobody.

mod files;

use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::keys::{self, ColumnSeal};
use crate::notices::once;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, counted, words};
use std::path::Path;
use std::time::SystemTime;
use zeroize::Zeroizing;

statements! {
    FIND_FILE = "select file_no from photo_files where mark = $1 and length(file_key) > 0";
    FIND_EMPTIED = "select file_no from photo_files where mark = $1 and length(file_key) = 0";
    EMPTY_FILE = "update photo_files set file_key = $1, told = $2
        where file_no = $3
          and not exists (select 1 from photos p where p.file_no = $3 and p.ended_at is null)";
    ADD_FILE = "insert into photo_files (file_no, mark, kind, size, wide, high, located, key_id, file_key, told, at,
            digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    THE_SAME = "select photo_no from photos
        where about_kind = $1 and about_key = $2 and file_no = $3 and role = $4 and label = $5
          and ended_at is null";
    ADD = "insert into photos (photo_no, file_no, about_kind, about_key, matter, role, label, key_id, name, said_at,
            at, actor, ended_by, ended_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', $13)";
    OF = "select p.photo_no, p.about_kind, p.about_key, p.matter, p.role, p.label, p.said_at, p.at, p.actor,
            f.file_no, f.kind, f.size, f.wide, f.high, f.located
        from photos p join photo_files f on f.file_no = p.file_no
        where p.about_kind = $1 and p.about_key = $2 and p.ended_at is null order by p.photo_no";
    FIND = "select p.photo_no, p.about_kind, p.about_key, p.matter, p.role, p.label, p.said_at, p.at, p.actor,
            f.file_no, f.kind, f.size, f.wide, f.high, f.located
        from photos p join photo_files f on f.file_no = p.file_no
        where p.photo_no = $1 and p.ended_at is null";
    ELSEWHERE = "select distinct matter from photos
        where file_no = $1 and matter <> $2 and ended_at is null order by matter";
    SEALED_NAME = "select name from photos where photo_no = $1";
    SEALED_FILE = "select mark, file_key from photo_files where file_no = $1";
    SEALED_TOLD = "select told from photo_files where file_no = $1";
    END = "update photos set ended_at = $1, ended_by = $2, ended_because = $3
        where photo_no = $4 and ended_at is null";
    FILES = "select file_no, mark, kind, size from photo_files
        where file_no > $1 and length(file_key) > 0 order by file_no limit $2";
    OLD_FILES = "select file_no, file_key, told from photo_files
        where key_id < $1 and length(file_key) > 0 order by file_no limit $2";
    SEAL_FILE = "update photo_files set key_id = $1, file_key = $2, told = $3 where file_no = $4";
    OLD_NAMES = "select photo_no, name from photos where key_id < $1 order by photo_no limit $2";
    SEAL_NAME = "update photos set key_id = $1, name = $2 where photo_no = $3";
    LEFT_FILES = "select count(*) from photo_files where key_id < $1 and length(file_key) > 0";
    LEFT_NAMES = "select count(*) from photos where key_id < $1";
}

words! {
    /// What a photo belongs to.
    AboutKind {
        /// 走访.
        Visit = "visit",
        /// 办件.
        Case = "case",
        /// 申请.
        Application = "application",
        /// 申请草稿.
        Draft = "draft",
        /// 线索.
        Clue = "clue",
        /// 投诉.
        Complaint = "complaint",
        /// 信息更正.
        Correction = "correction",
        /// 授权.
        Consent = "consent",
    }
}

words! {
    /// What a photo is for.
    PhotoRole {
        /// 照片.
        Photo = "photo",
        /// 材料扫描件.
        Paper = "paper",
        /// 签名.
        Signature = "signature",
    }
}

words! {
    /// What a content is, by its own first bytes.
    PhotoKind {
        /// JPEG.
        Jpeg = "jpeg",
        /// PNG.
        Png = "png",
        /// WebP.
        Webp = "webp",
        /// PDF.
        Pdf = "pdf",
    }
}

/// What a photo belongs to: a kind of thing and its number there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoAbout {
    /// What kind of thing.
    pub kind: AboutKind,
    /// Which one.
    pub key: String,
}

impl PhotoAbout {
    /// A thing by its kind and number.
    #[must_use]
    pub fn new(kind: AboutKind, key: impl ToString) -> Self {
        Self {
            kind,
            key: key.to_string(),
        }
    }
}

/// A content to be kept. Has no printable form.
pub struct NewContent<'a> {
    /// What it is.
    pub kind: PhotoKind,
    /// Pixels across; 0 for a paper.
    pub wide: u32,
    /// Pixels down; 0 for a paper.
    pub high: u32,
    /// Whether it says where it was taken.
    pub located: bool,
    /// What it says of itself, as JSON; kept sealed.
    pub told: &'a str,
    /// The bytes as they came.
    pub bytes: &'a [u8],
}

/// What a content is to belong to. Has no printable form: the file's name may be somebody's.
pub struct NewPhoto<'a> {
    /// The thing.
    pub about: &'a PhotoAbout,
    /// The matter it is part of, such as `application:12`.
    pub matter: &'a str,
    /// What for.
    pub role: PhotoRole,
    /// Which paper, or who signed.
    pub label: &'a str,
    /// The file's name as it was sent; kept sealed.
    pub name: &'a str,
    /// What the device's clock said; may be empty.
    pub said_at: &'a str,
}

/// 照片或扫描件, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Its number.
    pub no: i64,
    /// What it belongs to.
    pub about: PhotoAbout,
    /// The matter.
    pub matter: String,
    /// What for.
    pub role: PhotoRole,
    /// Which paper, or who signed.
    pub label: String,
    /// What the device's clock said; may be empty.
    pub said_at: String,
    /// When it came.
    pub at: At,
    /// Who brought it.
    pub actor: String,
    /// The content's number.
    pub file: i64,
    /// What the content is.
    pub kind: PhotoKind,
    /// Its bytes, as they came.
    pub size: i64,
    /// Pixels across.
    pub wide: i64,
    /// Pixels down.
    pub high: i64,
    /// Whether it says where it was taken.
    pub located: bool,
}

/// What keeping a photo came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptPhoto {
    /// Its number.
    pub no: i64,
    /// The content's number.
    pub file: i64,
    /// Whether it was there already.
    pub again: bool,
}

/// The seals of what is kept beside the files.
struct Seals {
    file_key: ColumnSeal,
    told: ColumnSeal,
    name: ColumnSeal,
}

impl Seals {
    fn of(on: &impl Reads) -> Self {
        let ring = on.key_ring();
        Self {
            file_key: ring.0.column("photo_files", "file_key"),
            told: ring.0.column("photo_files", "told"),
            name: ring.0.column("photos", "name"),
        }
    }
}

fn mark(on: &impl Reads, bytes: &[u8]) -> [u8; 32] {
    let ring = on.key_ring();
    ring.0.token_key("photo", "content").digest(&[bytes])
}

/// Keeps a content and what it belongs to. The file is on the disk before the write can be committed; the
/// same content for the same thing is nothing new.
pub async fn keep(
    tx: &mut JournalTx,
    folder: &Path,
    (at, actor): (&At, &str),
    content: &NewContent<'_>,
    new: &NewPhoto<'_>,
) -> Result<KeptPhoto> {
    if let Some(there) = same(tx, new, content.bytes).await? {
        return Ok(there);
    }
    let mark = mark(tx, content.bytes);
    let known = tx.rows(FIND_FILE, vec![mark.into()]).await?;
    let file = match known.first() {
        Some(row) => row.int(0)?,
        None => match tx.rows(FIND_EMPTIED, vec![mark.into()]).await?.first() {
            Some(row) => fill_again(tx, folder, (row.int(0)?, mark), content).await?,
            None => add_file(tx, folder, at, mark, content).await?,
        },
    };
    let no = tx.take_numbers("photo", 1).await?;
    let ring = tx.key_ring();
    let columns = [
        ("photo_no", Value::from(no)),
        ("file_no", file.into()),
        ("about_kind", new.about.kind.into()),
        ("about_key", new.about.key.as_str().into()),
        ("matter", new.matter.into()),
        ("role", new.role.into()),
        ("label", new.label.into()),
        ("key_id", ring.0.newest().into()),
        (
            "name",
            Seals::of(tx).name.seal(no, new.name.as_bytes())?.into(),
        ),
        ("said_at", new.said_at.into()),
        ("at", at.into()),
        ("actor", actor.into()),
    ];
    // What is sealed anew with the next key is no part of what must stay.
    let stays: Vec<(&str, Value)> = columns
        .iter()
        .filter(|(name, _)| !matches!(*name, "key_id" | "name"))
        .cloned()
        .collect();
    let mut values: Vec<Value> = columns.into_iter().map(|(_, value)| value).collect();
    values.push(of_row("photos", &stays).into());
    tx.execute(ADD, values).await?;
    Ok(KeptPhoto {
        no,
        file,
        again: false,
    })
}

/// The photo of this content that belongs to the thing already.
pub async fn same(on: &impl Reads, new: &NewPhoto<'_>, bytes: &[u8]) -> Result<Option<KeptPhoto>> {
    let rows = on.rows(FIND_FILE, vec![mark(on, bytes).into()]).await?;
    let Some(file) = rows.first().map(|row| row.int(0)).transpose()? else {
        return Ok(None);
    };
    let thing = same_values(new.about, file, new.role, new.label);
    let rows = on.rows(THE_SAME, thing).await?;
    let found = |row: &Row| {
        Ok(KeptPhoto {
            no: row.int(0)?,
            file,
            again: true,
        })
    };
    rows.first().map(found).transpose()
}

fn same_values(about: &PhotoAbout, file: i64, role: PhotoRole, label: &str) -> Vec<Value> {
    vec![
        about.kind.into(),
        about.key.as_str().into(),
        file.into(),
        role.into(),
        label.into(),
    ]
}

async fn add_file(
    tx: &JournalTx,
    folder: &Path,
    at: &At,
    mark: [u8; 32],
    content: &NewContent<'_>,
) -> Result<i64> {
    let no = tx.take_numbers("photo_file", 1).await?;
    let key = Zeroizing::new(keys::random()?);
    let seals = Seals::of(tx);
    let newest = tx.key_ring().0.newest();
    let columns = [
        ("file_no", Value::from(no)),
        ("mark", mark.into()),
        ("kind", content.kind.into()),
        ("size", counted(content.bytes.len(), "照片")?.into()),
        ("wide", content.wide.into()),
        ("high", content.high.into()),
        ("located", i64::from(content.located).into()),
        ("key_id", newest.into()),
        ("file_key", seals.file_key.seal(no, key.as_slice())?.into()),
        ("told", seals.told.seal(no, content.told.as_bytes())?.into()),
        ("at", at.into()),
    ];
    let stays: Vec<(&str, Value)> = columns
        .iter()
        .filter(|(name, _)| !matches!(*name, "key_id" | "file_key" | "told"))
        .cloned()
        .collect();
    let mut values: Vec<Value> = columns.into_iter().map(|(_, value)| value).collect();
    values.push(of_row("photo_files", &stays).into());
    // The row first: of two who bring the same content at once one waits here, and none writes over the
    // other's file with another key.
    tx.execute(ADD_FILE, values).await?;
    let sealed = files::seal(&key, &mark, content.bytes)?;
    files::write(folder, &mark, sealed).await?;
    Ok(no)
}

/// A content that was destroyed and comes once more: under another key.
async fn fill_again(
    tx: &JournalTx,
    folder: &Path,
    (no, mark): (i64, [u8; 32]),
    content: &NewContent<'_>,
) -> Result<i64> {
    let key = Zeroizing::new(keys::random()?);
    let seals = Seals::of(tx);
    let values = vec![
        tx.key_ring().0.newest().into(),
        seals.file_key.seal(no, key.as_slice())?.into(),
        seals.told.seal(no, content.told.as_bytes())?.into(),
        no.into(),
    ];
    tx.execute(SEAL_FILE, values).await?;
    let sealed = files::seal(&key, &mark, content.bytes)?;
    files::write(folder, &mark, sealed).await?;
    Ok(no)
}

/// Nothing belongs to a thing any longer. A content that stands nowhere else loses its key, so that nobody
/// opens it again; its file goes with [`sweep`]. Answers how many there were.
pub async fn destroy(
    tx: &mut JournalTx,
    (at, actor): (&At, &str),
    about: &PhotoAbout,
    because: &str,
) -> Result<usize> {
    let all = of(tx, about).await?;
    for one in &all {
        end(tx, at, actor, one.no, because).await?;
    }
    for one in &all {
        let none = || Value::from(Vec::<u8>::new());
        let values = vec![none(), none(), one.file.into()];
        tx.execute(EMPTY_FILE, values).await?;
    }
    Ok(all.len())
}

/// Removes the files that were last written before a moment and that no row opens; answers how many.
pub async fn sweep(on: &impl Reads, folder: &Path, before: SystemTime) -> Result<usize> {
    let mut gone = 0_usize;
    for (mark, path) in files::older(folder, before).await? {
        let known = match mark {
            Some(mark) => !on.rows(FIND_FILE, vec![mark.into()]).await?.is_empty(),
            // What was being written when the machine stopped.
            None => false,
        };
        if !known && files::remove(path, before).await? {
            gone = gone.saturating_add(1);
        }
    }
    Ok(gone)
}

/// What belongs to a thing, oldest first.
pub async fn of(on: &impl Reads, about: &PhotoAbout) -> Result<Vec<Photo>> {
    let values = vec![about.kind.into(), about.key.as_str().into()];
    let rows = on.rows(OF, values).await?;
    rows.iter().map(photo).collect()
}

/// One that was not taken back.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Photo>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(photo).transpose()
}

/// The other matters in which the same content stands.
pub async fn elsewhere(on: &impl Reads, file: i64, matter: &str) -> Result<Vec<String>> {
    let rows = on.rows(ELSEWHERE, vec![file.into(), matter.into()]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The bytes of a content as they came. Whoever asks has written down who looks.
pub async fn content(on: &impl Reads, folder: &Path, file: i64) -> Result<Vec<u8>> {
    let rows = on.rows(SEALED_FILE, vec![file.into()]).await?;
    let row = rows.first().ok_or(StoreError::NotThere {
        what: "照片",
        id: file,
    })?;
    let mark: [u8; 32] = row.array(0)?;
    let key = Seals::of(on).file_key.open(file, &row.bytes(1)?)?;
    let sealed = files::read(folder, &mark).await?;
    let opened = files::open(&key, &mark, &sealed);
    opened.ok_or(StoreError::SealBroken {
        table: "photo_files",
        column: "file",
        row: file,
    })
}

/// What a content says of itself: place and moment, as JSON. Whoever asks has written down who looks.
pub async fn told(on: &impl Reads, file: i64) -> Result<String> {
    let rows = on.rows(SEALED_TOLD, vec![file.into()]).await?;
    let row = rows.first().ok_or(StoreError::NotThere {
        what: "照片",
        id: file,
    })?;
    Seals::of(on).told.open_text(file, &row.bytes(0)?)
}

/// The name of a file as it was sent.
pub async fn name(on: &impl Reads, no: i64) -> Result<String> {
    let rows = on.rows(SEALED_NAME, vec![no.into()]).await?;
    let row = rows.first().ok_or(StoreError::NotThere {
        what: "照片",
        id: no,
    })?;
    Seals::of(on).name.open_text(no, &row.bytes(0)?)
}

/// A photo belongs to its thing no longer.
pub async fn end(tx: &mut JournalTx, at: &At, actor: &str, no: i64, because: &str) -> Result<()> {
    let values = vec![at.into(), actor.into(), because.into(), no.into()];
    once(tx.execute(END, values).await?, "照片", no)
}

/// What belonged to one thing belongs to another from now on; answers how many.
pub async fn carry(
    tx: &mut JournalTx,
    (at, actor): (&At, &str),
    from: &PhotoAbout,
    (to, matter): (&PhotoAbout, &str),
) -> Result<usize> {
    let seals = Seals::of(tx);
    let newest = tx.key_ring().0.newest();
    let all = of(tx, from).await?;
    for one in &all {
        end(tx, at, actor, one.no, "转入").await?;
        let thing = same_values(to, one.file, one.role, &one.label);
        if !tx.rows(THE_SAME, thing).await?.is_empty() {
            continue;
        }
        let name = name(tx, one.no).await?;
        let no = tx.take_numbers("photo", 1).await?;
        let stays = [
            ("photo_no", Value::from(no)),
            ("file_no", one.file.into()),
            ("about_kind", to.kind.into()),
            ("about_key", to.key.as_str().into()),
            ("matter", matter.into()),
            ("role", one.role.into()),
            ("label", one.label.as_str().into()),
            ("said_at", one.said_at.as_str().into()),
            ("at", at.into()),
            ("actor", one.actor.as_str().into()),
        ];
        let digest = of_row("photos", &stays);
        let mut values: Vec<Value> = stays.into_iter().map(|(_, value)| value).collect();
        values.insert(7, newest.into());
        values.insert(8, seals.name.seal(no, name.as_bytes())?.into());
        values.push(digest.into());
        tx.execute(ADD, values).await?;
    }
    Ok(all.len())
}

/// Files that cannot be read back as the row of their content says, in an official's words; at most some.
pub async fn unsound(on: &impl Reads, folder: &Path, most: usize) -> Result<(Vec<String>, u64)> {
    const PAGE: i64 = 500;
    let (mut wrong, mut looked, mut after) = (Vec::new(), 0_u64, 0_i64);
    loop {
        let rows = on.rows(FILES, vec![after.into(), PAGE.into()]).await?;
        for row in &rows {
            after = row.int(0)?;
            looked = looked.saturating_add(1);
            let size = row.int(3)?;
            let whole = match content(on, folder, after).await {
                Ok(bytes) => {
                    counted(bytes.len(), "照片")? == size && mark(on, &bytes) == row.array(1)?
                }
                Err(StoreError::File { .. } | StoreError::SealBroken { .. }) => false,
                Err(error) => return Err(error),
            };
            if !whole && wrong.len() < most {
                wrong.push(format!("第 {after} 份照片的文件不在或者被改动"));
            }
        }
        if rows.is_empty() {
            return Ok((wrong, looked));
        }
    }
}

/// Seals what stands under older keys anew, up to `limit` rows of each table; answers how many.
pub(crate) async fn seal_anew(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seals = Seals::of(tx);
    let mut files = Vec::new();
    for row in tx.rows(OLD_FILES, old.clone()).await? {
        let no = row.int(0)?;
        let key = seals.file_key.open(no, &row.bytes(1)?)?;
        let told = seals.told.open(no, &row.bytes(2)?)?;
        files.push(vec![
            newest.into(),
            seals.file_key.seal(no, &key)?.into(),
            seals.told.seal(no, &told)?.into(),
            no.into(),
        ]);
    }
    let mut names = Vec::new();
    for row in tx.rows(OLD_NAMES, old).await? {
        let no = row.int(0)?;
        let name = seals.name.open(no, &row.bytes(1)?)?;
        let anew = seals.name.seal(no, &name)?;
        names.push(vec![newest.into(), anew.into(), no.into()]);
    }
    let files: u64 = tx.execute_each(SEAL_FILE, files).await?.iter().sum();
    let names: u64 = tx.execute_each(SEAL_NAME, names).await?.iter().sum();
    Ok(files.saturating_add(names))
}

fn photo(row: &Row) -> Result<Photo> {
    Ok(Photo {
        no: row.int(0)?,
        about: PhotoAbout {
            kind: row.word(1, AboutKind::from_word)?,
            key: row.text(2)?,
        },
        matter: row.text(3)?,
        role: row.word(4, PhotoRole::from_word)?,
        label: row.text(5)?,
        said_at: row.text(6)?,
        at: row.at(7)?,
        actor: row.text(8)?,
        file: row.int(9)?,
        kind: row.word(10, PhotoKind::from_word)?,
        size: row.int(11)?,
        wide: row.int(12)?,
        high: row.int(13)?,
        located: row.int(14)? == 1,
    })
}

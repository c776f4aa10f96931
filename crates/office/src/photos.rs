//! 照片和扫描件: taken in by what they are and never by their names, kept under seal, shown as copies
//! without place and moment, each look in the chain before its bytes leave.
//!
//! Nothing here decodes a picture. Who may bring or see something is asked at the door of what it belongs to.

mod bytes;
mod clearing;
mod exif;
mod jpeg;
mod looking;
mod pdf;
mod picture;
mod png;
#[cfg(test)]
mod tests;
mod webp;

pub use store::photos::{AboutKind, PhotoAbout, PhotoKind, PhotoRole};

use crate::access::{Acting, Right, Scope};
use crate::casework::{self, CaseError, Done, without_numbers};
use crate::desk::minute;
use crate::error::OfficeError;
use crate::office::Office;
pub use clearing::sweep;
pub(crate) use clearing::{destroy, unsound};
use domain::{ApplicationNo, CaseNo};
pub use looking::looked;
use looking::sized;
use picture::Wrong;
use store::photos::{self as kept, NewContent, Photo};
use store::visits::VisitFor;
use store::{Act, JournalTx, Reads, StoreError};

/// Bytes of one file.
pub const PHOTO_BYTES_MAX: usize = 10 * MIB;
/// Files of one thing.
pub const PHOTO_FILES_MAX: usize = 30;
/// Bytes of all files of one thing.
pub const PHOTOS_BYTES_MAX: usize = 60 * MIB;

const MIB: usize = 1024 * 1024;
/// Characters of a label, of a file's name and of what a device's clock said.
const LABEL_MAX: usize = 60;
const NAME_MAX: usize = 255;
const MOMENT_MAX: usize = 40;

/// A file to be kept. Has no printable form: its name may be somebody's.
pub struct NewPhoto<'a> {
    /// What it belongs to.
    pub about: &'a PhotoAbout,
    /// The matter that is part of: `application:12`, `draft:7`, `task:3`.
    pub under: &'a str,
    /// What for.
    pub role: PhotoRole,
    /// Which paper, or who signed; never a person's name or number.
    pub label: &'a str,
    /// The file's name as it was sent; kept sealed, never used.
    pub name: &'a str,
    /// What the device's clock said; may be empty.
    pub said_at: &'a str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What keeping a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub no: i64,
    /// Whether the same was there already.
    pub again: bool,
    /// In how many other matters the same content stands.
    pub elsewhere: usize,
}

/// A photo as a page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoView {
    /// Its number.
    pub no: i64,
    /// What for.
    pub role: PhotoRole,
    /// Which paper, or who signed.
    pub label: String,
    /// JPEG 照片 · 1.2 MB · 4000×3000.
    pub what: String,
    /// Whether a page can show it in place.
    pub is_picture: bool,
    /// Who brought it.
    pub by: String,
    /// When it came.
    pub at: String,
    /// What the device's clock said; may be empty.
    pub said_at: String,
    /// Whether it says where it was taken; that stays sealed.
    pub located: bool,
    /// In how many other matters the same content stands.
    pub elsewhere: usize,
}

/// A copy on its way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// What it is, by its own bytes.
    pub mime: &'static str,
    /// photo-12.jpg
    pub name: String,
    /// Whether a browser may show it in place.
    pub inline: bool,
    /// The picture, without what was written beside it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Served({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// Why a file cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// It has no bytes.
    #[error("文件是空的,请重新选择")]
    Empty,
    /// It breaks off.
    #[error("{0};请重新拍照或者重新选择")]
    Broken(&'static str),
    /// Its picture would be too large to be shown anywhere.
    #[error("图片有 {wide}×{high} 像素,太大了,没有打开;请用普通照片的尺寸")]
    TooWide {
        /// Across.
        wide: u32,
        /// Down.
        high: u32,
    },
    /// It has too many bytes.
    #[error("这个文件有 {found},超过每份 {most};请缩小以后再传")]
    TooLarge {
        /// How many it has.
        found: String,
        /// How many it may have.
        most: String,
    },
    /// There are too many, or too many bytes in all.
    #[error("这里已经有 {files} 份、共 {bytes};最多 {most} 份、共 {room}。请先撤下不用的")]
    TooMany {
        /// How many are there.
        files: usize,
        /// Their bytes.
        bytes: String,
        /// How many there may be.
        most: usize,
        /// The bytes they may have.
        room: String,
    },
    /// It is no picture and no paper.
    #[error("这个文件是{0},不收;请传 JPEG、PNG、WebP 照片,或者扫描的 PDF")]
    NotTaken(&'static str),
    /// It could do something.
    #[error("{0}")]
    Unsafe(&'static str),
    /// The label is none.
    #[error("{0}")]
    Label(&'static str),
    /// The thing it belongs to, or the record.
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl PhotoError {
    /// The status a page answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Empty | Self::Broken(_) | Self::TooWide { .. } | Self::Label(_) => 400,
            Self::TooLarge { .. } | Self::TooMany { .. } => 413,
            Self::NotTaken(_) | Self::Unsafe(_) => 415,
            Self::Case(_) => 422,
        }
    }
}

impl From<StoreError> for PhotoError {
    fn from(error: StoreError) -> Self {
        Self::Case(error.into())
    }
}

impl From<Wrong> for PhotoError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::NotTaken(what) => Self::NotTaken(what),
            Wrong::Unsafe(why) => Self::Unsafe(why),
            Wrong::Broken(why) => Self::Broken(why),
            Wrong::TooWide(wide, high) => Self::TooWide { wide, high },
        }
    }
}

impl From<PhotoError> for CaseError {
    fn from(error: PhotoError) -> Self {
        match error {
            PhotoError::Case(error) => error,
            other => Self::Refused(other.to_string()),
        }
    }
}

/// 1.2 MB.
fn mib(bytes: usize) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(MIB);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} MB"),
        (whole, tenth) => format!("{whole}.{tenth} MB"),
    }
}

/// Keeps a file, in the caller's own write and with an act of its own. Who may was asked by the caller.
///
/// # Errors
/// It is none of what is taken, it is too large, there are too many, or the record cannot be written.
pub async fn keep(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    new: NewPhoto<'_>,
) -> Result<Kept, PhotoError> {
    sized(&new.bytes)?;
    let label = new.label.trim();
    if label.chars().count() > LABEL_MAX {
        return Err(PhotoError::Label("说明太长,请写短一些"));
    }
    without_numbers(label)?;
    let seen = picture::look(&new.bytes)?;
    let there = kept::of(tx, new.about).await?;
    let sizes = there
        .iter()
        .map(|one| usize::try_from(one.size).unwrap_or(0));
    let bytes = sizes.fold(0_usize, usize::saturating_add);
    let told = told(&seen.told);
    let at = office.clock.at();
    let content = NewContent {
        kind: seen.kind,
        wide: seen.wide,
        high: seen.high,
        located: seen.told.place.is_some(),
        told: &told,
        bytes: &new.bytes,
    };
    let name: String = new.name.chars().take(NAME_MAX).collect();
    let said_at: String = new.said_at.chars().take(MOMENT_MAX).collect();
    let photo = kept::NewPhoto {
        about: new.about,
        matter: new.under,
        role: new.role,
        label,
        name: &name,
        said_at: &said_at,
    };
    // The same once more takes no room.
    let full =
        there.len() >= PHOTO_FILES_MAX || bytes.saturating_add(new.bytes.len()) > PHOTOS_BYTES_MAX;
    if full && kept::same(tx, &photo, &new.bytes).await?.is_none() {
        return Err(PhotoError::TooMany {
            files: there.len(),
            bytes: mib(bytes),
            most: PHOTO_FILES_MAX,
            room: mib(PHOTOS_BYTES_MAX),
        });
    }
    let done = kept::keep(tx, office.store.folder(), (&at, actor), &content, &photo).await?;
    let elsewhere = kept::elsewhere(tx, done.file, new.under).await?;
    if !done.again {
        let told = serde_json::json!({
            "about": format!("{}:{}", new.about.kind.word(), new.about.key),
            "role": new.role.word(), "file": done.file, "elsewhere": elsewhere,
        });
        let why = match elsewhere.is_empty() {
            true => "",
            false => "同一份照片别处也用过",
        };
        tx.record(
            Act::new(&at, actor, "photo.keep")
                .on("photo", done.no)
                .under(new.under)
                .because(why)
                .carrying(told.to_string()),
        );
    }
    Ok(Kept {
        no: done.no,
        again: done.again,
        elsewhere: elsewhere.len(),
    })
}

/// Place and moment, as they are kept under seal.
fn told(told: &exif::Told) -> String {
    let place = told.place.map(|(north, east)| {
        serde_json::json!({
            "north_millionths": north, "east_millionths": east,
        })
    });
    serde_json::json!({"place": place, "taken": told.taken}).to_string()
}

/// What belongs to a thing, oldest first.
///
/// # Errors
/// The record cannot be read.
pub async fn of(_office: &Office, on: &impl Reads, about: &PhotoAbout) -> Done<Vec<PhotoView>> {
    let mut out = Vec::new();
    for one in kept::of(on, about).await? {
        let elsewhere = kept::elsewhere(on, one.file, &one.matter).await?;
        out.push(view(one, elsewhere.len()));
    }
    Ok(out)
}

/// What belongs to a case: its own, its application's, and what was seen at its visits.
///
/// # Errors
/// The record cannot be read.
pub(crate) async fn of_case(office: &Office, case: &casework::Case) -> Done<Vec<PhotoView>> {
    let store = &office.store;
    let application = case.application.no;
    let mut about = vec![
        PhotoAbout::new(AboutKind::Case, case.no()),
        PhotoAbout::new(AboutKind::Application, application.get()),
    ];
    for visit in store::visits::of_application(store, application).await? {
        about.push(PhotoAbout::new(AboutKind::Visit, visit.no));
    }
    let mut out = Vec::new();
    for one in &about {
        out.append(&mut of(office, store, one).await?);
    }
    out.sort_by_key(|one| one.no);
    Ok(out)
}

fn view(one: Photo, elsewhere: usize) -> PhotoView {
    let kind = match one.kind {
        PhotoKind::Jpeg => "JPEG 照片",
        PhotoKind::Png => "PNG 图片",
        PhotoKind::Webp => "WebP 图片",
        PhotoKind::Pdf => "PDF 扫描件",
    };
    let is_picture = one.kind != PhotoKind::Pdf;
    let size = mib(usize::try_from(one.size).unwrap_or(0));
    let what = match is_picture {
        true => format!("{kind} · {size} · {}×{}", one.wide, one.high),
        false => format!("{kind} · {size}"),
    };
    PhotoView {
        no: one.no,
        role: one.role,
        label: one.label,
        what,
        is_picture,
        by: one.actor,
        at: minute(&one.at),
        said_at: one.said_at,
        located: one.located,
        elsewhere,
    }
}

fn missing(no: i64) -> CaseError {
    CaseError::NotFound(format!("没有编号为 {no} 的照片;请从它所在的页面打开"))
}

/// A copy for an official, within their places; the look is in the chain before the bytes leave.
///
/// # Errors
/// No right, no such photo within the places, a near relative's, or the file is gone.
pub async fn serve(office: &Office, who: &Acting, no: i64) -> Done<Served> {
    let scope = who.scope(Right::PHOTO)?;
    let photo = kept::find(&office.store, no).await?;
    let photo = photo.ok_or_else(|| missing(no))?;
    // Whoever looks from outside is told the same as where there is none, and not of what it belongs to.
    let seen = may_see(office, who, &scope, &photo).await;
    seen.map_err(|why| match why {
        CaseError::NotFound(_) => missing(no),
        why => why,
    })?;
    out(office, (who.login(), who.channel().word()), &photo).await
}

/// Whether somebody may see what a photo belongs to.
async fn may_see(office: &Office, who: &Acting, scope: &Scope, photo: &Photo) -> Done<()> {
    let no = photo.no;
    let number = photo.about.key.parse::<i64>().map_err(|_| missing(no));
    match photo.about.kind {
        AboutKind::Visit => of_visit(office, who, number?).await?,
        AboutKind::Case => {
            casework::load(office, who, CaseNo::new(number?)).await?;
        }
        AboutKind::Application => of_application(office, who, number?).await?,
        AboutKind::Clue => {
            let clue = store::applications::find_clue(&office.store, number?).await?;
            let clue = clue.ok_or_else(|| missing(no))?;
            if !scope.contains(&clue.content.area) {
                return Err(missing(no));
            }
            if who.is_kept_from_person(clue.content.person) {
                return Err(crate::views::ViewError::kept_from().into());
            }
        }
        // Each is opened at the door of its own page.
        AboutKind::Draft | AboutKind::Complaint | AboutKind::Correction | AboutKind::Consent => {
            return Err(missing(no));
        }
    }
    Ok(())
}

/// A visit of a case is seen by whoever sees the case too.
async fn of_visit(office: &Office, who: &Acting, no: i64) -> Done<()> {
    let visit = store::visits::find(&office.store, no).await?;
    let visit = visit.ok_or_else(|| missing(no))?;
    match visit.content.about {
        VisitFor::Case(case, _) if who.may(Right::CASE) => {
            casework::load(office, who, case).await?;
        }
        VisitFor::Case(..) | VisitFor::Task(_) => crate::visits::may_see(office, who, no).await?,
    }
    Ok(())
}

async fn of_application(office: &Office, who: &Acting, no: i64) -> Done<()> {
    let cases = store::cases::of_application(&office.store, ApplicationNo::new(no)).await?;
    let mut refused = missing(no);
    for case in cases {
        match casework::load(office, who, case.no).await {
            Ok(_) => return Ok(()),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// A copy for somebody whose right the caller has asked: the photo must belong to that thing.
///
/// # Errors
/// It does not, or the file is gone.
pub async fn serve_as(
    office: &Office,
    reader: &str,
    channel: &str,
    about: &PhotoAbout,
    no: i64,
) -> Done<Served> {
    let photo = kept::find(&office.store, no).await?;
    let photo = photo.filter(|photo| photo.about == *about);
    let photo = photo.ok_or_else(|| missing(no))?;
    out(office, (reader, channel), &photo).await
}

async fn out(office: &Office, (reader, channel): (&str, &str), photo: &Photo) -> Done<Served> {
    let look = Act::new(&office.clock.at(), reader, "read.photo")
        .on("photo", photo.no)
        .under(photo.matter.as_str())
        .carrying(format!("{{\"channel\":\"{channel}\"}}"));
    office.store.record_alone(look).await?;
    let bytes = kept::content(&office.store, office.store.folder(), photo.file).await?;
    let (mime, ending) = match photo.kind {
        PhotoKind::Jpeg => ("image/jpeg", "jpg"),
        PhotoKind::Png => ("image/png", "png"),
        PhotoKind::Webp => ("image/webp", "webp"),
        PhotoKind::Pdf => ("application/pdf", "pdf"),
    };
    let copy = picture::copy(photo.kind, bytes);
    let broken = || CaseError::Office(OfficeError::Other("照片读不出副本".to_owned()));
    Ok(Served {
        mime,
        name: format!("photo-{}.{ending}", photo.no),
        inline: photo.kind != PhotoKind::Pdf,
        bytes: copy.ok_or_else(broken)?,
    })
}

/// What belonged to one thing belongs to another from now on; answers how many.
///
/// # Errors
/// The record cannot be written.
pub async fn carry(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    from: &PhotoAbout,
    to: &PhotoAbout,
    under: &str,
) -> Result<usize, PhotoError> {
    let at = office.clock.at();
    let many = kept::carry(tx, (&at, actor), from, (to, under)).await?;
    if many > 0 {
        tx.record(
            Act::new(&at, actor, "photo.carry")
                .on(to.kind.word(), &to.key)
                .under(under)
                .because(format!(
                    "{many} 份由 {}:{} 转入",
                    from.kind.word(),
                    from.key
                )),
        );
    }
    Ok(many)
}

/// Takes a photo back, with a reason; what was written down of it stays.
///
/// # Errors
/// It does not belong to the thing, no reason, or the record.
pub async fn withdraw(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    about: &PhotoAbout,
    no: i64,
    because: &str,
) -> Result<(), PhotoError> {
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(PhotoError::Label("请写明为什么撤下"));
    }
    let photo = kept::find(tx, no).await?;
    let photo = photo.filter(|photo| photo.about == *about);
    let photo = photo.ok_or_else(|| missing(no))?;
    let at = office.clock.at();
    kept::end(tx, &at, actor, photo.no, because).await?;
    tx.record(
        Act::new(&at, actor, "photo.withdraw")
            .on("photo", no)
            .under(photo.matter.as_str())
            .because(because),
    );
    Ok(())
}

/// The photos of a case, for somebody who may see both; none for whoever may see the case alone.
///
/// # Errors
/// No right, no such case within the scope, a near relative's, or the record.
pub async fn shown_of_case(office: &Office, who: &Acting, no: CaseNo) -> Done<Vec<PhotoView>> {
    if !who.may(Right::PHOTO) {
        return Ok(Vec::new());
    }
    let case = casework::load(office, who, no).await?;
    of_case(office, &case).await
}

/// Keeps the scan of a paper of a case's application, at the window.
///
/// # Errors
/// No right, no such case, it is closed, or the file is not taken.
pub async fn add_paper(
    office: &Office,
    who: &Acting,
    no: CaseNo,
    (label, name): (&str, &str),
    bytes: Vec<u8>,
) -> Result<Kept, PhotoError> {
    let case = casework::load_with(office, who, Right::CASE_HANDLE, no).await?;
    if case.standing.open.is_none() {
        let said = "这一件已经办结,不再收材料";
        return Err(CaseError::Refused(said.to_owned()).into());
    }
    let known = case.papers.iter().any(|paper| paper.name == label);
    if !label.is_empty() && !known {
        let said = format!("这一件的材料里没有“{label}”,请从清单里选");
        return Err(CaseError::Refused(said).into());
    }
    let application = case.application.no;
    let about = PhotoAbout::new(AboutKind::Application, application.get());
    let under = format!("application:{application}");
    let bytes = looked(office, &about, vec![bytes]).await?;
    let mut tx = office.begin().await?;
    let new = NewPhoto {
        about: &about,
        under: &under,
        role: PhotoRole::Paper,
        label,
        name,
        said_at: "",
        bytes: bytes.into_iter().next().unwrap_or_default(),
    };
    let kept = keep(office, &mut tx, who.login(), new).await?;
    if !kept.again {
        office.end(tx).await?;
    }
    Ok(kept)
}

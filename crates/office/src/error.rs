//! What can go wrong in the office, named by what went wrong and told to the person who meets it.

use std::io::ErrorKind;
use std::path::PathBuf;

/// What Unix calls a failure of the device itself; the standard library has no kind for it.
const IO_FAILED: i32 = 5;

/// Why the office could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The record.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Bulk work.
    #[error(transparent)]
    Engine(engine::EngineError),
    /// A file cannot be read.
    #[error("读不到 `{path}`,请核对文件名和文件夹")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The rulebook has mistakes and must not be used.
    #[error("规则手册有 {count} 处错误,先改好再用;第一处:{first}")]
    Rulebook {
        /// How many.
        count: usize,
        /// The first, with its place.
        first: String,
    },
    /// A whole file is refused; nothing of it was taken.
    #[error("整个文件退回:{0}")]
    FileRefused(String),
    /// Nobody described such a feed.
    #[error("规则手册里没有来文 `{0}`;文件名应为 来文编号.csv,如 register.csv")]
    FeedUnknown(String),
    /// The month has no register yet.
    #[error("{0} 还没有户籍登记来文,不能做当月判断;先导入 register")]
    NoRegister(domain::Month),
    /// A rule of the version in force cannot be read by this program; says which, and how to sign it anew.
    #[error("{0}")]
    Outdated(String),
    /// Something asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// The storage failed, or the line to it; says whether anything was kept, and what to do.
    #[error("{0}")]
    Storage(String),
    /// The demo's own words.
    #[error("{0}")]
    Other(String),
}

/// The result of an office function.
pub type Result<T, E = OfficeError> = std::result::Result<T, E>;

/// Turns an I/O error into one that names its file.
pub(crate) fn at_path(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> OfficeError {
    let path = path.to_path_buf();
    move |source| match of_storage(&source, &path.display().to_string()) {
        Some(said) => OfficeError::Storage(said),
        None => OfficeError::File { path, source },
    }
}

/// What to tell when it was the storage that failed, and not a name that is wrong.
fn of_storage(source: &std::io::Error, what: &str) -> Option<String> {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(
            format!("存储空间不足,`{what}` 没有写成;请清理磁盘后再做一次"),
        ),
        _ if source.raw_os_error() == Some(IO_FAILED) => Some(format!(
            "存储设备读写失败,`{what}` 没有写成;请管理员检查磁盘,再做一次"
        )),
        _ => None,
    }
}

impl From<engine::EngineError> for OfficeError {
    fn from(error: engine::EngineError) -> Self {
        // A full disk comes wrapped by whoever was writing to it.
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(one) = cause {
            let io = one.downcast_ref::<std::io::Error>();
            if let Some(said) = io.and_then(|io| of_storage(io, "数据湖")) {
                return Self::Storage(said);
            }
            cause = one.source();
        }
        Self::Engine(error)
    }
}

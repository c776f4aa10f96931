//! What can go wrong with the record, in words an official or an administrator can act on.

/// Anything the record could not do, named by what went wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error("数据目录 `{folder}` 正被另一个程序使用;请先停止它,再启动本程序")]
    FolderInUse {
        /// The data folder.
        folder: String,
    },
    /// There is no SQLite record in a folder.
    #[error("`{folder}` 里没有记录(doudi.db);请核对数据文件夹,或者记录在 PostgreSQL 里")]
    NoRecord {
        /// The folder.
        folder: String,
    },
    /// A file or folder of the record could not be read or written.
    #[error("无法读写 `{path}`:{source}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The SQLite library is one that may corrupt the record.
    #[error("SQLite 版本 {found} 有已知的数据损坏缺陷;需要 3.51.3 或更高版本")]
    SqliteTooOld {
        /// The version number of the library, such as 3040001.
        found: i32,
    },
    /// The database was made by a newer program.
    #[error(
        "数据库已由较新的程序升级(结构第 {found} 版),本程序只认识到第 {known} 版;没有打开,数据没有改动,请使用较新的程序"
    )]
    SchemaNewer {
        /// Version in the database.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// A migration applied earlier differs from the one in this program.
    #[error("第 {version} 版结构与本程序中的不一致;数据库或程序被改动过,请核对程序来源")]
    MigrationChanged {
        /// The version that differs.
        version: i64,
    },
    /// The key file is missing although the database holds sealed values.
    #[error("密钥文件 `{path}` 不存在,而数据库中已有加密数据;请从保管处取回密钥文件,切勿新建")]
    KeyFileMissing {
        /// Where it should be.
        path: String,
    },
    /// The key file cannot be understood.
    #[error("密钥文件 `{path}` 第 {line} 行无法识别;请用备份的密钥文件替换")]
    KeyFileUnreadable {
        /// Where it is.
        path: String,
        /// The first line that is wrong, counted from 1; 0 when something is missing.
        line: usize,
    },
    /// The key file may be read by other accounts of the machine.
    #[error("密钥文件 `{path}` 可被其他账户读取;请执行 chmod 600 后再启动")]
    KeyFileOpenToOthers {
        /// Where it is.
        path: String,
    },
    /// The key file belongs to another database.
    #[error("密钥文件与数据库不匹配;请换用本数据库的密钥文件")]
    KeyFileOfAnotherRecord,
    /// A value was sealed with a key that is not in the key file.
    #[error("缺少编号为 {key_id} 的密钥,`{table}.{column}` 的第 {row} 行无法解密;请补齐密钥文件")]
    KeyMissing {
        /// Number of the missing key.
        key_id: u32,
        /// Table of the value.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// Row of the value.
        row: i64,
    },
    /// A sealed value does not belong where it stands, or was changed.
    #[error("`{table}.{column}` 的第 {row} 行密文校验失败:内容被改动或被换了位置")]
    SealBroken {
        /// Table of the value.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// Row of the value.
        row: i64,
    },
    /// The system gave no random bytes.
    #[error("系统未能提供随机数,无法加密;请检查操作系统")]
    NoRandomness,
    /// A write was to be committed without any audit entry.
    #[error("写入未登记审计事由,已全部撤回")]
    NothingRecorded,
    /// A statement of this write failed earlier, so none of it may stand.
    #[error("本次写入中途出错,已全部撤回;请查明前一条错误后重试")]
    WriteBroken,
    /// A constraint of the database refused the rows.
    #[error("数据库约束拒绝了写入:{rule}")]
    Refused {
        /// The constraint, in the database's words.
        rule: String,
    },
    /// Two writes stood in each other's way; trying again is safe.
    #[error("数据正忙,本次写入已撤回;请重试")]
    Busy,
    /// No room left on the storage.
    #[error("存储空间不足,未保存;请清理磁盘后重试")]
    StorageFull,
    /// The storage reported a failed write; nothing more is accepted until a restart.
    #[error(
        "存储设备写入失败,已停止接受写入;请管理员检查磁盘并重启程序,重启后先看刚才这一步在不在,不在再做一次"
    )]
    NotWritable,
    /// The record has been closed.
    #[error("数据库已关闭")]
    Closed,
    /// The database server cannot be reached; nothing of this write stands.
    #[error(
        "连不上数据库服务器({reason}),这一步没有保存;请稍后再试,仍不行请管理员看数据库服务器是不是在运行"
    )]
    Unreachable {
        /// What the driver said.
        reason: String,
    },
    /// The line broke while the write was being made durable, and nobody could be asked afterwards.
    #[error(
        "保存到一半与数据库服务器断开({reason}),不知道这一步有没有存上;连上以后先看它在不在,不在再做一次"
    )]
    OutcomeUnknown {
        /// What the driver said.
        reason: String,
    },
    /// The address of the database server is not understood.
    #[error("数据库地址无法识别:{reason}")]
    BadAddress {
        /// What the driver said.
        reason: String,
    },
    /// A stored value is not of the kind expected there.
    #[error("数据库中 `{what}` 的值无法识别,可能被改动过;请运行 doudi doctor")]
    BadValue {
        /// Column or kind of the value.
        what: String,
    },
    /// A moment was not written as RFC 3339.
    #[error("时刻 `{text}` 不是 2026-09-14T01:00:00Z 的写法")]
    BadMoment {
        /// The text given.
        text: String,
    },
    /// A number is too large to be kept.
    #[error("`{what}` 超出可以保存的范围")]
    TooLarge {
        /// What is too large.
        what: &'static str,
    },
    /// The lease of a job has passed to another worker.
    #[error("任务 {job} 的执行权已到期或已转给其他进程;请停止本次执行")]
    LeaseLost {
        /// Number of the job.
        job: i64,
    },
    /// The thing to be changed does not exist or is no longer in the state it must be in.
    #[error("{what} {id} 不存在,或当前状态不允许此操作;请刷新后重试")]
    NotThere {
        /// Kind of thing, in an official's word.
        what: &'static str,
        /// Its number.
        id: i64,
    },
    /// Counts that must add up do not.
    #[error("批次 {batch_no} 的行数不平:收到 {received},各类合计 {sum};已撤回")]
    CountsDisagree {
        /// Number of the batch.
        batch_no: i64,
        /// Rows received.
        received: i64,
        /// Sum of the outcomes.
        sum: i64,
    },
    /// Any other failure of the database.
    #[error("数据库出错:{reason}")]
    Database {
        /// What the database said; never holds a bound value.
        reason: String,
    },
}

/// Answer of every function of the record.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// True when the storage or the line to it failed, and not the program: whoever asked can do something.
    #[must_use]
    pub fn is_of_storage(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::StorageFull
                | Self::NotWritable
                | Self::Unreachable { .. }
                | Self::OutcomeUnknown { .. }
        )
    }

    /// The same for somebody else whose act was in the same write: what they are to do is the same.
    pub(crate) fn for_another(&self) -> Self {
        match self {
            Self::StorageFull => Self::StorageFull,
            Self::NotWritable => Self::NotWritable,
            Self::Closed => Self::Closed,
            Self::Unreachable { reason } => Self::Unreachable {
                reason: reason.clone(),
            },
            Self::OutcomeUnknown { reason } => Self::OutcomeUnknown {
                reason: reason.clone(),
            },
            _ => Self::Busy,
        }
    }

    /// True when doing the same again may succeed.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Unreachable { .. } | Self::StorageFull
        )
    }
}

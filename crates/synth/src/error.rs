//! What can go wrong while generating.

use std::path::{Path, PathBuf};

/// Why a county could not be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No months, too many, or not in order.
    #[error("月份要1到40个,按先后排列,不重复")]
    Months,
    /// No persons, or more than the fictional province has room for.
    #[error("人数要在1到{most}之间,给的是`{given}`")]
    Persons {
        /// What was asked for.
        given: u64,
        /// The most that can be numbered.
        most: u64,
    },
    /// The counties have no room for the persons, or are more than there can be.
    #[error("这么多人要分在{fewest}到{most}个县里,给的是`{given}`个")]
    Counties {
        /// What was asked for.
        given: u64,
        /// The fewest these persons fit into.
        fewest: u64,
        /// The most there can be.
        most: u64,
    },
    /// A bank cannot read the file it was sent, or the description of its files.
    #[error("银行文件读不懂:{0}")]
    Bank(String),
    /// A file could not be made.
    #[error("`{path}`写不了:{source};请检查磁盘空间和目录权限")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A CSV file could not be written.
    #[error("`{path}`写不了:{source};请检查磁盘空间和目录权限")]
    Csv {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// A workbook could not be written.
    #[error("`{path}`写不了:{source};请检查磁盘空间和目录权限")]
    Xlsx {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<rust_xlsxwriter::XlsxError>,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn csv(path: &Path, source: csv::Error) -> Self {
        Self::Csv {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn xlsx(path: &Path, source: rust_xlsxwriter::XlsxError) -> Self {
        Self::Xlsx {
            path: path.to_path_buf(),
            source: Box::new(source),
        }
    }
}

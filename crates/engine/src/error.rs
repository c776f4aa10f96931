//! What can go wrong in bulk work, said so that an official or a developer knows the next step.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use std::path::PathBuf;

/// Why a bulk step stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A number left the range the checker promised, or a column has another type than promised.
    #[error("列计算失败:{0}")]
    Columns(#[from] DataFusionError),
    /// Arrays that do not fit together.
    #[error("列数据不合:{0}")]
    Arrays(#[from] ArrowError),
    /// A lake file cannot be read or written as Parquet.
    #[error("数据湖文件无法读写:{0}")]
    Parquet(#[from] ParquetError),
    /// A lake file cannot be read or written at all.
    #[error("无法读写 `{path}`:{source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A lake file is not what its name says.
    #[error("数据湖文件 `{path}` 的内容与登记的校验值不符,请从备份恢复")]
    Altered {
        /// Which file.
        path: PathBuf,
    },
    /// A rule uses a form the columns have no place for; the checker should have refused it.
    #[error("`{item}` 不能按列计算:{why}")]
    Form {
        /// Which quantity.
        item: String,
        /// What is not possible.
        why: &'static str,
    },
    /// A column given to the engine is missing or of another type.
    #[error("输入表缺少列 `{column}` 或类型不对")]
    Column {
        /// Which column.
        column: String,
    },
}

/// The result of a bulk step.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

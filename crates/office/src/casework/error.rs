//! Why something cannot be done to a case, told to whoever wanted to do it.

use crate::access::Denied;
use crate::error::OfficeError;
use crate::views::ViewError;
use domain::casework::Refusal;

/// Why something cannot be done to a case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Somebody else has to do it; says who.
    #[error("{0}")]
    Forbidden(String),
    /// The procedure does not allow it now.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// What was sent cannot be taken; says what to put right.
    #[error("{0}")]
    Refused(String),
    /// There is no such case, application or person.
    #[error("{0}")]
    NotFound(String),
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

/// The result of an act on a case.
pub type Done<T> = Result<T, CaseError>;

impl From<store::StoreError> for CaseError {
    fn from(error: store::StoreError) -> Self {
        match error {
            // Somebody else was quicker: for whoever asks this is no failure of the machine.
            store::StoreError::NotThere { .. } => Self::Refused(error.to_string()),
            other => Self::Office(OfficeError::Store(other)),
        }
    }
}

impl From<crate::pdf::PdfError> for CaseError {
    fn from(error: crate::pdf::PdfError) -> Self {
        match error {
            crate::pdf::PdfError::Refused(said) => Self::Refused(said),
            broken @ crate::pdf::PdfError::Broken(_) => Self::Office(broken.into()),
        }
    }
}

impl From<ViewError> for CaseError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotFound(said) => Self::NotFound(said),
            ViewError::NotAnswerable(said) => Self::Refused(said),
            ViewError::Forbidden(said) => Self::Forbidden(said),
            ViewError::Storage(said) => Self::Office(OfficeError::Storage(said)),
            ViewError::Failed(said) => Self::Office(OfficeError::Other(said)),
        }
    }
}

impl From<CaseError> for ViewError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Denied(denied) => denied.into(),
            CaseError::Forbidden(said) => Self::Forbidden(said),
            CaseError::Refusal(why) => Self::NotAnswerable(why.to_string()),
            CaseError::Refused(said) => Self::NotAnswerable(said),
            CaseError::NotFound(said) => Self::NotFound(said),
            CaseError::Office(error) => error.into(),
        }
    }
}

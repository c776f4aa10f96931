//! What comes out of a form, as words.

use super::{CaseError, Done};
use domain::AreaCode;

/// Whether a circumstance is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// From now on.
    Yes,
    /// No longer.
    No,
}

/// An area out of a form.
///
/// # Errors
/// It is no code of one.
pub fn area(code: &str) -> Done<AreaCode> {
    AreaCode::parse(code).map_err(|error| CaseError::Refused(error.to_string()))
}

/// A sum of 元 out of a form.
///
/// # Errors
/// It is none.
pub fn yuan(text: &str) -> Done<domain::Fen> {
    domain::Fen::parse(text).map_err(|error| CaseError::Refused(format!("金额:{error}")))
}

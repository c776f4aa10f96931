//! 演示: one account asks for a list and another agrees, by the same acts as anybody.

use super::{rule, say, shown};
use crate::access::Acting;
use crate::casework::{CaseError, Done};
use crate::office::Office;

/// Takes something; where another person has to agree first, after that one did.
///
/// # Errors
/// What taking it is refused with otherwise, or what one of the two is refused with.
pub async fn with_another<T>(
    office: &Office,
    (who, other): (&Acting, &Acting),
    take: impl AsyncFn() -> Done<T>,
) -> Done<T> {
    match take().await {
        Err(CaseError::Forbidden(_)) => {
            agree(office, who, other).await?;
            take().await
        }
        taken => taken,
    }
}

/// Has another person agree to whatever waits of an account.
///
/// # Errors
/// What one of the two is refused with.
pub async fn agree(office: &Office, who: &Acting, other: &Acting) -> Done<()> {
    let view = shown(office, who, None).await?;
    for row in view.own.iter().filter(|row| row.waits) {
        say(office, who, row.no, "交给这个来源去核对").await?;
        rule(office, other, (row.no, row.rows), (true, "看过,可以")).await?;
    }
    Ok(())
}

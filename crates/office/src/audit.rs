//! 审计: the chain of all acts, computed again and compared with what was kept elsewhere.

use crate::error::{OfficeError, Result};
use crate::office::Office;
use store::audit::{Checkpoint, Verdict};
use store::digest::hex;

/// Computes the whole chain again.
///
/// # Errors
/// The record cannot be read; what is wrong with the chain is in the answer.
pub async fn verify(office: &Office) -> Result<Verdict> {
    verify_against(office, &[]).await
}

/// The same, and compares it with places of the chain kept outside the record.
///
/// # Errors
/// The record cannot be read; what is wrong with the chain is in the answer.
pub async fn verify_against(office: &Office, kept: &[Checkpoint]) -> Result<Verdict> {
    Ok(store::audit::verify(&office.store, kept).await?)
}

/// A place of the chain in one line, to be written down elsewhere: `412:9f0c…`.
pub fn write_checkpoint(checkpoint: &Checkpoint) -> String {
    format!("{}:{}", checkpoint.seq, hex(&checkpoint.digest))
}

/// Reads such a line.
///
/// # Errors
/// It is none.
pub fn read_checkpoint(line: &str) -> Result<Checkpoint> {
    let wrong = || {
        OfficeError::NotFound(format!(
            "`{line}` 不是链头;链头像 412:9f0c…,由 doudi audit verify 打印"
        ))
    };
    let (seq, digits) = line.trim().split_once(':').ok_or_else(wrong)?;
    let seq = seq.parse().map_err(|_| wrong())?;
    let digest = crate::intake::unhex(digits);
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok(Checkpoint {
        seq,
        digest: digest.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_chain_survives_being_written_down() {
        let place = Checkpoint {
            seq: 412,
            digest: (0..32).collect(),
        };
        let line = write_checkpoint(&place);
        assert_eq!(read_checkpoint(&line).ok(), Some(place));
        for wrong in ["", "412", "412:", "x:00", "412:zz"] {
            assert!(read_checkpoint(wrong).is_err(), "{wrong}");
        }
    }
}

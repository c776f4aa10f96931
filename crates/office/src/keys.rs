//! 密钥轮换: a newer key for names, numbers, cards and photos, everything sealed anew with it, the old keys taken
//! away. Stopped anywhere it goes on where it was, and what is sealed stays readable throughout.

use crate::error::Result;
use crate::office::Office;
use store::Act;
use store::identity;

/// Values of each table sealed in one write: short enough that nobody at work waits for it.
const AT_ONCE: u32 = 2_000;

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Number of the key everything is under now.
    pub key: u32,
    /// Values sealed anew.
    pub sealed: u64,
}

/// Adds a key, seals everything anew and takes the old keys out of the key file. `tell` hears how many values are
/// done and how many are left.
///
/// A rotation that was stopped has its newer key: `goes_on` finishes it instead of adding another.
///
/// # Errors
/// The disk, the record; a value that no key of the file opens, which leaves the old keys in place.
pub async fn rotate(
    office: &Office,
    actor: &str,
    goes_on: bool,
    mut tell: impl FnMut(u64, u64),
) -> Result<Rotated> {
    let store = &office.store;
    let key = match goes_on {
        true => store.newest_key(),
        false => {
            let act = Act::new(&office.clock.at(), actor, "identity.add_key").because("密钥轮换");
            store.add_key(act).await?
        }
    };
    let mut sealed = 0_u64;
    loop {
        let step = identity::rotate(store, &office.clock.at(), actor, AT_ONCE).await?;
        sealed = sealed.saturating_add(step.sealed_anew);
        tell(sealed, step.left);
        if step.left == 0 || step.sealed_anew == 0 {
            break;
        }
    }
    identity::retire_old_keys(store, &office.clock.at(), actor).await?;
    crate::audit::keep(office).await?;
    Ok(Rotated { key, sealed })
}

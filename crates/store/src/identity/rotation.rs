//! Key rotation: seals old values anew with the newest key, some at a time. Stopped anywhere, it
//! goes on from what is left; old and new values are readable throughout.

use super::{ALL, Sealed, Seals};
use crate::at::At;
use crate::audit::{self, Act};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Value, count};

statements! {
    OLD_IDENTITIES = "select identity_id, person_id, name, id_number, phone, address, card
        from identity where key_id < $1 order by identity_id limit $2";
    SEAL_IDENTITY = "update identity set key_id = $1, name = $2, id_number = $3, phone = $4,
        address = $5, card = $6 where identity_id = $7";
    OLD_PAYLOADS = "select seq, sealed from audit_payload where key_id < $1 order by seq limit $2";
    SEAL_PAYLOAD = "update audit_payload set key_id = $1, sealed = $2 where seq = $3";
    LEFT_IDENTITIES = "select count(*) from identity where key_id < $1";
    LEFT_PAYLOADS = "select count(*) from audit_payload where key_id < $1";
}

/// How far a rotation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Values sealed anew by this step.
    pub sealed_anew: u64,
    /// Values still under older keys.
    pub left: u64,
}

/// Seals up to `limit` old rows of each table anew, in one write.
pub async fn rotate(store: &Store, at: &At, actor: &str, limit: u32) -> Result<Rotation> {
    let mut tx = store.write().await?;
    let newest = i64::from(tx.key_ring().0.newest());
    let old = vec![Value::from(newest), limit.into()];
    let identities = seal_identities(&tx, newest, old.clone()).await?;
    let payloads = seal_payloads(&tx, newest, old.clone()).await?;
    let secrets = crate::users::seal_anew(&tx, newest, old).await?;
    let doubts = crate::doubts::seal_anew(&tx, newest, vec![Value::from(newest), limit.into()]);
    let cards =
        crate::bank_accounts::seal_anew(&tx, newest, vec![Value::from(newest), limit.into()]);
    let photos = crate::photos::seal_anew(&tx, newest, vec![Value::from(newest), limit.into()]);
    let portal = crate::portal::seal_anew(&tx, newest, vec![Value::from(newest), limit.into()]);
    let sealed_anew = identities
        .saturating_add(payloads)
        .saturating_add(secrets)
        .saturating_add(doubts.await?)
        .saturating_add(cards.await?)
        .saturating_add(photos.await?)
        .saturating_add(portal.await?);
    let left = left(&tx, newest).await?;
    if sealed_anew > 0 {
        tx.record(
            Act::new(at, actor, "identity.rotate")
                .on("key", newest)
                .because("密钥轮换"),
        );
        tx.commit().await?;
    }
    Ok(Rotation { sealed_anew, left })
}

/// Takes older keys out of the key file; refused while a value still needs one.
pub async fn retire_old_keys(store: &Store, at: &At, actor: &str) -> Result<()> {
    let newest = i64::from(store.key_ring().0.newest());
    let mut tx = store.write().await?;
    let left = left(&tx, newest).await?;
    if left > 0 {
        let rule = format!("仍有 {left} 项内容使用旧密钥");
        return Err(StoreError::Refused { rule });
    }
    tx.record(
        Act::new(at, actor, "identity.retire_keys")
            .on("key", newest)
            .because("密钥轮换"),
    );
    tx.commit().await?;
    store.drop_old_keys()
}

async fn seal_identities(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seals = Seals::of(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD_IDENTITIES, old).await? {
        let sealed = Sealed::from_row(&row)?;
        let opened = seals.open(&sealed, &ALL)?;
        let mut values: Vec<Value> = vec![newest.into()];
        values.extend(seals.seal(sealed.identity_id, &opened)?);
        values.push(sealed.identity_id.into());
        sets.push(values);
    }
    Ok(tx.execute_each(SEAL_IDENTITY, sets).await?.iter().sum())
}

async fn seal_payloads(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seal = audit::payload_seal(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD_PAYLOADS, old).await? {
        let seq = row.int(0)?;
        let opened = seal.open(seq, &row.bytes(1)?)?;
        sets.push(vec![
            newest.into(),
            seal.seal(seq, &opened)?.into(),
            seq.into(),
        ]);
    }
    Ok(tx.execute_each(SEAL_PAYLOAD, sets).await?.iter().sum())
}

async fn left(on: &impl Reads, newest: i64) -> Result<u64> {
    let mut left = 0_u64;
    for statement in [
        LEFT_IDENTITIES,
        LEFT_PAYLOADS,
        crate::users::LEFT_SECRETS,
        crate::doubts::LEFT_SEALS,
        crate::bank_accounts::LEFT_CARDS,
        crate::photos::LEFT_FILES,
        crate::portal::LEFT_SEALS,
        crate::photos::LEFT_NAMES,
    ] {
        let rows = on.rows(statement, vec![newest.into()]).await?;
        left = left.saturating_add(rows.first().map_or(Ok(0), |row| row.int(0).map(count))?);
    }
    Ok(left)
}

//! 居民: what a resident may do, as the same rules say it. A resident has the one role of residents in the
//! place where they live, and no other; no session of an official gives it.

use super::acting::{Acting, Channel, KeptFrom, Who};
use super::book::Class;
use super::journal::{OpeningRow, did, named};
use super::{Access, AreaCode};
use crate::clock::Watch;
use crate::error::Result;
use domain::PersonId;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::audit::{self, About, Entry};
use store::users::UserId;

impl Access {
    /// The watch by which sessions end.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// A resident of a place, by the number of the account.
    pub(crate) fn resident(&self, no: i64, area: AreaCode) -> Acting {
        self.of_residents(actor(no), area)
    }

    /// Somebody who signs for themselves without an account.
    pub(crate) fn signer(&self, person: PersonId, area: AreaCode) -> Acting {
        self.of_residents(format!("person:{person}"), area)
    }

    fn of_residents(&self, login: String, area: AreaCode) -> Acting {
        let roles = self.book.roles().iter();
        let own = roles.filter(|role| role.class == Class::Resident);
        let who = Who {
            user: UserId::new(0),
            login,
            name: "居民".to_owned(),
            session: 0,
            channel: Channel::Screen,
            fresh: false,
            grants: own.map(|role| (role.code.clone(), area)).collect(),
            whole: None,
            kept_from: KeptFrom::default(),
            only: None,
        };
        Acting::new(who, Arc::clone(&self.book))
    }

    /// Who looked at things, newest first: of each kind and number, every look that is in the chain.
    pub(crate) async fn looks(
        &self,
        objects: &BTreeSet<(String, String)>,
        most: u32,
    ) -> Result<Vec<OpeningRow>> {
        let store = &self.office.store;
        let mut entries: Vec<Entry> = Vec::new();
        for (kind, id) in objects {
            let about = About::Object {
                kind: kind.clone(),
                id: id.clone(),
            };
            entries.extend(audit::list(store, &about, i64::MAX, most).await?);
        }
        entries.retain(|entry| did(&entry.act).is_some());
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        entries.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        let names = self.names().await?;
        let mut out = Vec::new();
        for entry in entries {
            let mut said = did(&entry.act).unwrap_or_default().to_owned();
            if entry.act == "identity.reveal" {
                said = format!("{said}:{}", self.fields_of(&entry).await?);
            }
            out.push(OpeningRow {
                at: crate::desk::minute(&entry.at),
                by: named(&names, &entry.actor),
                did: said,
                // What waited at the door is for officials and auditors.
                purpose: match entry.act.as_str() {
                    "read.household" => String::new(),
                    _ => entry.purpose.clone(),
                },
                cause: entry.authority.clone(),
            });
        }
        Ok(out)
    }
}

/// How the chain calls a resident.
pub(crate) fn actor(no: i64) -> String {
    format!("resident:{no}")
}

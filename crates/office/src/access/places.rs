//! The places of the county by name, so that nobody who gives a role has to know a code by heart.

use super::accounts::{permitted, refused};
use super::{Access, By, Done, Right};
use domain::{AreaCode, AreaLevel};
use std::collections::BTreeMap;

impl Access {
    /// What the places of the county are called: a village after its township. Empty where the record holds more
    /// than a county, or no list of areas.
    ///
    /// # Errors
    /// The record cannot be read.
    pub(super) async fn named_places(&self) -> Done<BTreeMap<AreaCode, String>> {
        let today = self.office.clock.today();
        let mut out = BTreeMap::new();
        let Some(home) = self.office.home().await? else {
            return Ok(out);
        };
        if home.code.level() < AreaLevel::County {
            return Ok(out);
        }
        for area in store::areas::list_inside(&self.office.store, &home.code, today).await? {
            let above = area
                .code
                .parent()
                .filter(|_| area.level > AreaLevel::Township);
            let above = above.and_then(|above| out.get(&above).cloned());
            let name = match above {
                Some(above) => format!("{above} · {}", area.name),
                None => area.name,
            };
            out.insert(area.code, name);
        }
        Ok(out)
    }

    /// The names somebody may choose from where a place is asked for.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn place_names(&self, by: By<'_>) -> Done<Vec<String>> {
        permitted(by, Right::USER)?;
        Ok(self.named_places().await?.into_values().collect())
    }

    /// A place as somebody writes it: its code, or its name as the list shows it.
    pub(super) async fn place_of(&self, text: &str) -> Done<AreaCode> {
        let text = text.trim();
        if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
            let wrong = |error| refused(format!("地区 `{text}`:{error};请从列表里选,或者写代码"));
            return AreaCode::parse(text).map_err(wrong);
        }
        let own = |name: &str| name == text || name.rsplit(" · ").next() == Some(text);
        let named = self.named_places().await?.into_iter();
        let found: Vec<(AreaCode, String)> = named.filter(|(_, name)| own(name)).collect();
        match found.as_slice() {
            [(code, _)] => Ok(*code),
            [] => Err(refused(format!(
                "没有叫“{text}”的地方;请从列表里选,或者写地区代码"
            ))),
            _ => {
                let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
                Err(refused(format!(
                    "叫“{text}”的不止一处,请写全:{}",
                    names.join("、")
                )))
            }
        }
    }
}

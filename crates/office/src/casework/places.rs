//! Names of places as lists and letters say them: the township and the village; what lies above them by its own.

use super::Done;
use crate::office::Office;
use domain::{Area, AreaCode, AreaLevel, Day};
use std::collections::{BTreeMap, BTreeSet};

/// The name of one place.
pub(crate) async fn place_name(office: &Office, place: &AreaCode, day: Day) -> Done<String> {
    let mut names = place_names(office, [*place], day).await?;
    Ok(names
        .remove(place)
        .unwrap_or_else(|| place.as_str().to_owned()))
}

/// The names of the places of one list, asked for once.
pub(crate) async fn place_names(
    office: &Office,
    places: impl IntoIterator<Item = AreaCode>,
    day: Day,
) -> Done<BTreeMap<AreaCode, String>> {
    let places: BTreeSet<AreaCode> = places.into_iter().collect();
    let asked = places
        .iter()
        .flat_map(|place| local(*place).chain([*place]));
    let known = store::areas::find_many(&office.store, asked, day).await?;
    Ok(places
        .into_iter()
        .map(|place| (place, name(&known, place)))
        .collect())
}

/// A place and those around it, up to its township.
fn local(place: AreaCode) -> impl Iterator<Item = AreaCode> {
    let up = std::iter::successors(Some(place), AreaCode::parent);
    up.take_while(|at| at.level() >= AreaLevel::Township)
}

fn name(known: &BTreeMap<AreaCode, Area>, place: AreaCode) -> String {
    let mut names: Vec<&str> = local(place)
        .filter_map(|at| known.get(&at))
        .map(|area| area.name.as_str())
        .collect();
    names.reverse();
    match (names.is_empty(), known.get(&place)) {
        (false, _) => names.join(" · "),
        (true, Some(whole)) => whole.name.clone(),
        (true, None) => place.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    fn check(code: &str, expected: &str) {
        let area = |code: &str, name: &str| {
            let code = AreaCode::parse(code).unwrap();
            let area = Area {
                code,
                name: name.to_owned(),
                level: code.level(),
                urban_rural: None,
                valid_from: None,
                valid_to: None,
            };
            (code, area)
        };
        let known = BTreeMap::from([
            area("990101", "示例县"),
            area("990101100", "东镇"),
            area("990101100001", "一村"),
        ]);
        assert_eq!(name(&known, AreaCode::parse(code).unwrap()), expected);
    }

    #[test]
    fn a_village_is_named_with_its_township_a_county_by_itself_and_an_unknown_place_by_its_code() {
        check("990101100001", "东镇 · 一村");
        check("990101100", "东镇");
        check("990101", "示例县");
        check("990101200", "990101200");
    }
}

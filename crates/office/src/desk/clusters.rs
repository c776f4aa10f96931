//! One household as a situation: its members, those obliged to support them, and the households
//! of these. Nobody else is looked at.

use super::month::{Judgement, targets};
use domain::AreaCode;
use engine::arrow::array::Array;
use engine::differential::{Cluster, Sides, situation_of};
use std::collections::BTreeSet;

/// A household, or a person without one, with all whom the rules may look at.
pub(super) fn around(judgement: &Judgement, household: Option<i64>, person: Option<i64>) -> Sides {
    let data = &judgement.data;
    let mut persons: BTreeSet<i64> = person.into_iter().collect();
    let mut households: BTreeSet<i64> = household.into_iter().collect();
    persons.extend(household.into_iter().flat_map(|h| judgement.members(h)));
    let core: Vec<i64> = persons.iter().copied().collect();
    for member in core {
        for obliged in targets(data, "义务人", member) {
            persons.insert(obliged);
            // An obliged person's means are those of the household around them.
            if let Some(home) = home_of(judgement, obliged)
                && households.insert(home)
            {
                persons.extend(judgement.members(home));
            }
        }
    }
    let areas = areas(judgement, &persons, &households);
    let mut cluster = Cluster::default();
    for (name, ids) in [("个人", persons), ("家庭", households), ("地区", areas)] {
        if let Some(entity) = judgement.entity(name) {
            cluster.ids.insert(entity, ids.into_iter().collect());
        }
    }
    situation_of(&data.program, &data.frames, &cluster)
}

/// The household of a person in the month.
pub(super) fn home_of(judgement: &Judgement, person: i64) -> Option<i64> {
    let frame = judgement.frame("个人")?;
    let row = usize::try_from(frame.position(person)?).ok()?;
    frame
        .households()
        .is_valid(row)
        .then(|| frame.households().value(row))
}

/// The areas these people live in, and all above them.
fn areas(
    judgement: &Judgement,
    persons: &BTreeSet<i64>,
    households: &BTreeSet<i64>,
) -> BTreeSet<i64> {
    let Some(frame) = judgement.frame("地区") else {
        return BTreeSet::new();
    };
    let lived: BTreeSet<AreaCode> = persons
        .iter()
        .filter_map(|p| judgement.area_of("个人", *p))
        .chain(
            households
                .iter()
                .filter_map(|h| judgement.area_of("家庭", *h)),
        )
        .collect();
    let holds = |code: &str| lived.iter().any(|at| at.full().starts_with(code));
    let rows = frame.ids().values().iter().zip(frame.areas().iter());
    rows.filter(|(_, code)| code.is_some_and(holds))
        .map(|(id, _)| *id)
        .collect()
}

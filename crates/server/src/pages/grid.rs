//! 我的网格: today's doors, what is late, what was begun and not sent, and the households of the grid by layer.

use askama::Template;
use office::access::Right;
use office::portal::{self, DraftLine, Writer};
use office::views::{AssessedValue, AssessmentFilter, ViewError, WarningFilter, WarningState};
use office::visits::{self, VisitList};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Link as _, warnings};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

/// The assessment that says in which layer a household stands, and its quantity.
const LAYERS: &str = "layers";
const LAYER: &str = "层";

#[derive(Template)]
#[template(path = "grid.html")]
struct GridPage {
    shell: Shell,
    visits: VisitList,
    /// Applications begun for somebody and not sent.
    drafts: Vec<DraftLine>,
    /// Open warnings here, and the list of them.
    warnings: Option<(u64, String)>,
    /// Whether the list of those nobody has found yet is theirs to see.
    targets: bool,
    /// Layer by layer: the word, how many, and the list; with the month and the unit.
    layers: Option<(String, String, Vec<AssessedValue>)>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let office = desk.access.office();
    let visits = visits::visit_list(office, &desk.who).await;
    let visits = visits.map_err(|error| desk.refuse(error.into()))?;
    let drafts = match desk.who.may(Right::CASE_ASSIST) {
        true => portal::drafts_of(office, &Writer::Worker(desk.who.clone())).await,
        false => Ok(Vec::new()),
    };
    let page = GridPage {
        drafts: drafts.map_err(|error| desk.refuse(error.into()))?,
        warnings: waiting(&desk).await?,
        targets: desk.who.may(Right::WARNING),
        layers: layers(&desk).await?,
        shell: desk.shell("我的网格", Some(Menu::Grid)),
        visits,
    };
    desk.show(&page)
}

/// What is not there yet is left out: nothing was judged, or the place takes no such assessment.
fn there<T>(desk: &Desk, answer: Result<T, ViewError>) -> Result<Option<T>, Refusal> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ViewError::NotFound(_) | ViewError::NotAnswerable(_)) => Ok(None),
        Err(error) => Err(desk.refuse(error)),
    }
}

async fn waiting(desk: &Desk) -> Result<Option<(u64, String)>, Refusal> {
    if !desk.who.may(Right::WARNING) {
        return Ok(None);
    }
    let filter = WarningFilter {
        state: Some(WarningState::Open),
        ..WarningFilter::default()
    };
    let list = warnings(&filter);
    let found = there(desk, desk.views.warnings(&desk.who, filter).await)?;
    Ok(found.map(|found| (found.page.total, list)))
}

async fn layers(desk: &Desk) -> Result<Option<(String, String, Vec<AssessedValue>)>, Refusal> {
    if !desk.who.may(Right::ROLL) {
        return Ok(None);
    }
    let filter = AssessmentFilter {
        assessment: LAYERS.to_owned(),
        ..AssessmentFilter::default()
    };
    let found = there(desk, desk.views.assessments(&desk.who, filter).await)?;
    Ok(found.and_then(|list| {
        let own = list.quantities.into_iter().find(|one| one.name == LAYER)?;
        let month = list.filter.month.unwrap_or_default();
        Some((month, list.unit, own.values))
    }))
}

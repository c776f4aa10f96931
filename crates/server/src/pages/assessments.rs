//! 评估名单: the persons, households or places behind a value of an assessment.

use askama::Template;
use office::views::{AssessmentFilter, AssessmentList};

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, assessment};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "assessments.html")]
struct AssessmentsPage {
    shell: Shell,
    pager: Pager,
    /// All who have a value of the quantity shown.
    whole: String,
    view: AssessmentList,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let filter = desk.fields.assessment_filter();
    let view = desk.views.assessments(&desk.who, filter).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let page = AssessmentsPage {
        shell: desk.shell(format!("评估名单 · {}", view.title), Some(Menu::Programmes)),
        pager: pager(&view.page, &view.unit, |key| {
            assessment(&AssessmentFilter {
                cursor: Some(key),
                ..view.filter.clone()
            })
        }),
        whole: assessment(&AssessmentFilter {
            value: String::new(),
            cursor: None,
            ..view.filter.clone()
        }),
        view,
    };
    desk.show(&page)
}

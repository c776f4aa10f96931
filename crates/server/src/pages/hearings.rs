//! 听取意见: families that were told what is meant to be done, and until when they may answer.

use askama::Template;
use office::casework::afterwards::{self, HearingLine};

use crate::desk::{Answered, Desk};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "hearings.html")]
struct HearingsPage {
    shell: Shell,
    rows: Vec<HearingLine>,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let rows = afterwards::running_hearings(desk.access.office(), &desk.who).await;
    let page = HearingsPage {
        shell: desk.shell("听取意见", Some(Menu::Reviews)),
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
    };
    desk.show(&page)
}

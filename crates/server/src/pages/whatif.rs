//! 调标试算: a changed number against the real roll; nothing is saved.

use askama::Template;
use office::views::{WhatIf, WhatIfAsk};

use crate::chart::{self, Curve};
use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "whatif.html")]
struct WhatIfPage {
    shell: Shell,
    ask: WhatIfAsk,
    curve: Option<Curve>,
    view: WhatIf,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let field = |name| desk.fields.get(name);
    let ask = field("parameter")
        .or_else(|| field("value"))
        .map(|_| WhatIfAsk {
            parameter: field("parameter").unwrap_or_default(),
            value: field("value").unwrap_or_default(),
            month: field("month").unwrap_or_default(),
        });
    let view = desk
        .views
        .whatif(ask.clone())
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = WhatIfPage {
        shell: desk.shell("调标试算", Some(Menu::WhatIf)),
        ask: view.ask.clone().or(ask).unwrap_or_default(),
        curve: view
            .result
            .as_ref()
            .and_then(|result| chart::curve(&result.curve)),
        view,
    };
    desk.show(&page)
}

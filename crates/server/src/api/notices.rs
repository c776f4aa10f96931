//! 公示和公布, as anybody may read them: the fields the law names, names masked, for their days only.

use office::casework::{decision, notice};

use super::operation::{Call, Operation, Shown};
use super::problem::Told;
use super::shape::{Date, shapes};
use crate::routes::{Need, Routes};

shapes! {
    /// 一项内容。
    ShownField {
        /// 项目。
        name: String,
        /// 内容。
        value: String,
    }
    /// 一份公示。
    Notice {
        /// 公示编号;提异议时用。
        no: i64,
        /// 地方。
        place: String,
        /// 第一天。
        from: Date,
        /// 最后一天。
        last: Date,
        /// 公示的内容,按流程规定的顺序。
        shown: Vec<ShownField>,
    }
    /// 一条公布。
    Published {
        /// 地方。
        place: String,
        /// 公布的内容。
        shown: Vec<ShownField>,
    }
    /// 今天的公示和公布。
    Notices {
        /// 正在公示的。
        notices: Vec<Notice>,
        /// 正在公布的。
        published: Vec<Published>,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    routes.gives(
        Operation::get("/api/v1/notices", Need::Nothing, "listNotices")
            .about("公示", "今天的公示和公布;不用登录,过了期就没有了"),
        list,
    )
}

async fn list(call: Call) -> Told<Shown<Notices>> {
    let office = call.app.access.office();
    let fields = |shown: Vec<(String, String)>| {
        let shown = shown.into_iter();
        shown
            .map(|(name, value)| ShownField { name, value })
            .collect()
    };
    let hanging = notice::hanging(office, None).await?;
    let published = decision::published(office, office.clock().today()).await?;
    Ok(Shown(Notices {
        notices: hanging
            .into_iter()
            .map(|one| Notice {
                no: one.no,
                place: one.place,
                from: Date::of(one.from),
                last: Date::of(one.last),
                shown: fields(one.shown),
            })
            .collect(),
        published: published
            .into_iter()
            .map(|(place, shown)| Published {
                place,
                shown: fields(shown),
            })
            .collect(),
    }))
}

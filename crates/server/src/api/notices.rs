//! 公示和公布, as anybody may read them: the fields the law names, names masked, for their days only.

use office::casework;
use office::casework::publicity::{self, Asked};

use super::operation::{Call, Kind, Operation, Shown};
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
        /// 第几页。
        page: i64,
        /// 公示、公布里页数多的那一样有几页。
        pages: i64,
    }
}

pub(super) fn add(routes: Routes) -> Routes {
    routes.gives(
        Operation::get("/api/v1/notices", Need::Nothing, "listNotices")
            .about("公示", "今天的公示和公布;不用登录,过了期就没有了")
            .field("area", "乡镇或者村(社区)的区划代码", Kind::Area)
            .field("page", "第几页,从 1 起", Kind::Number),
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
    let page = call.field_number("page").unwrap_or(1);
    let area = call.field("area").map(|code| casework::area(&code));
    let asked = Asked {
        area: area.transpose()?,
        hanging: page,
        published: page,
    };
    let view = publicity::publicity(office, &asked).await?;
    let pages = view.hanging.pages.max(view.published.pages);
    let (hanging, published) = (view.hanging, view.published);
    let of = |page: u32| page == asked.hanging;
    let hanging = hanging.rows.into_iter().filter(|_| of(hanging.page));
    let published = published.rows.into_iter().filter(|_| of(published.page));
    Ok(Shown(Notices {
        page: i64::from(page),
        pages: i64::from(pages),
        notices: hanging
            .map(|one| Notice {
                no: one.no,
                place: one.place,
                from: Date::of(one.from),
                last: Date::of(one.last),
                shown: fields(one.shown),
            })
            .collect(),
        published: published
            .map(|one| Published {
                place: one.place,
                shown: fields(one.shown),
            })
            .collect(),
    }))
}

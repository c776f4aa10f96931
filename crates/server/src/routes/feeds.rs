//! 部门来文: what came, what a department hands in, and 撤回.

use office::access::Right;

use super::Need::Right as Has;
use super::Routes;
use crate::pages::exports;
use crate::pages::feeds::{self, keeping, upload};

/// What came, what a department hands in, a batch that is taken back, what left, and how long it is kept.
pub(super) fn add(routes: Routes) -> Routes {
    let errors = "/dept/upload/{batch}/errors.xlsx";
    routes
        .get(Has(Right::FEED), "/feeds", feeds::list)
        .get(Has(Right::FEED), "/feeds/{batch}", feeds::show)
        .get(
            Has(Right::FEED_EXPORT),
            "/feeds/{batch}/errors.xlsx",
            feeds::errors,
        )
        .get(Has(Right::FEED_DELIVER), "/dept/upload", upload::show)
        .post(Has(Right::FEED_DELIVER), "/dept/upload", upload::send)
        .get(
            Has(Right::FEED_DELIVER),
            "/dept/upload/going/{no}",
            upload::going,
        )
        .get(
            Has(Right::FEED_DELIVER),
            "/dept/upload/{batch}",
            upload::report,
        )
        .get(Has(Right::FEED_DELIVER), errors, upload::errors)
        .post(Has(Right::FEED_UNDO), "/feeds/{batch}/undo", feeds::undo)
        .get(Has(Right::EXPORT), "/exports", exports::show)
        .post(Has(Right::EXPORT), "/exports/{no}/purpose", exports::say)
        .post(Has(Right::EXPORT), "/exports/{no}/drop", exports::give_up)
        .post(
            Has(Right::EXPORT_AGREE),
            "/exports/{no}/rule",
            exports::rule,
        )
        .get(Has(Right::KEEPING), "/keeping", keeping::show)
        .post(Has(Right::KEEPING_HOLD), "/keeping/holds", keeping::hold)
        .post(
            Has(Right::KEEPING_END),
            "/keeping/holds/{no}/end",
            keeping::end,
        )
}

//! Addresses of 信息核对.

use office::access::Right;

use super::Need::Right as Has;
use super::Routes;
use crate::pages;

/// Departments asked, their answers, the report.
pub(super) fn add(routes: Routes) -> Routes {
    let diff = "/verify/{no}/diff/{application}";
    let consents = "/verify/consents/{case}";
    let request = "/verify/{no}/request/{source}";
    let errors = "/verify/{no}/files/{file}/errors.xlsx";
    routes
        .get(Has(Right::VERIFY_ANSWER), "/verify", pages::verify::list)
        .post(Has(Right::VERIFY), "/verify", pages::verify::open)
        .get(
            Has(Right::VERIFY_ANSWER),
            "/verify/{no}",
            pages::verify::show,
        )
        .post(Has(Right::VERIFY), "/verify/{no}/urge", pages::verify::urge)
        .post(
            Has(Right::VERIFY_ANSWER),
            "/verify/{no}/answers",
            pages::verify::answers,
        )
        .post(
            Has(Right::VERIFY_ANSWER),
            "/verify/{no}/answers/file",
            pages::verify::answers_file,
        )
        .get(Has(Right::VERIFY_EXPORT), request, pages::verify::request)
        .get(
            Has(Right::VERIFY_ANSWER),
            "/verify/{no}/files/{file}",
            pages::verify::mistakes,
        )
        .get(
            Has(Right::VERIFY_ANSWER),
            errors,
            pages::verify::mistakes_book,
        )
        .get(Has(Right::VERIFY), diff, pages::verify::diff)
        .post(Has(Right::VERIFY), diff, pages::verify::settle)
        .get(
            Has(Right::VERIFY_REPORT),
            "/verify/reports/{report}",
            pages::verify::report,
        )
        .get(
            Has(Right::VERIFY_REPORT),
            "/verify/reports/{report}/print",
            pages::verify::print,
        )
        .get(
            Has(Right::VERIFY_REPORT),
            "/verify/reports/{report}/pdf",
            pages::verify::pdf,
        )
        .get(
            Has(Right::VERIFY_CONSENT),
            consents,
            pages::verify::consents,
        )
        .post(Has(Right::VERIFY_CONSENT), consents, pages::verify::consent)
        .post(
            Has(Right::VERIFY),
            "/verify/recognise/{case}",
            pages::verify::recognise,
        )
}

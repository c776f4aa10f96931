//! Every address we answer, and what it asks of whoever comes. A route cannot be added without saying
//! which right of the rulebook it needs.

mod changes;
mod channels;
mod feeds;
mod figures;
mod offices;
mod portal;
mod roles;
mod tokens;
mod verification;

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};
use office::access::Right;

use crate::api::Operation;
use crate::desk::App;
use crate::{api, assets, pages};

/// What a route asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it tells nothing of anybody.
    Nothing,
    /// A session, however far its holder has come in signing in.
    Session(Step),
    /// A resident's own session, which is none of an official.
    Resident,
    /// A right of the access rules, held at this moment.
    Right(Right),
}

/// Which step of signing in a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Typing the changing code.
    Code,
    /// Changing the password.
    Password,
    /// Binding a second factor.
    Enrol,
    /// Any of them: leaving, and the size of the letters.
    Any,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// GET or POST.
    pub method: &'static str,
    /// Its path, with the names of its parts in braces.
    pub path: &'static str,
    /// What it asks.
    pub need: Need,
}

/// The routes with their handlers.
pub(crate) struct Routes {
    router: Router<App>,
    list: Vec<Route>,
    operations: Vec<Arc<Operation>>,
}

impl Routes {
    fn new() -> Self {
        Self {
            router: Router::new(),
            list: Vec::new(),
            operations: Vec::new(),
        }
    }

    pub(crate) fn get<H, T>(self, need: Need, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(MethodFilter::GET, "GET", need, path, handler)
    }

    pub(crate) fn post<H, T>(self, need: Need, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(MethodFilter::POST, "POST", need, path, handler)
    }

    fn add<H, T>(
        mut self,
        filter: MethodFilter,
        method: &'static str,
        need: Need,
        path: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.router = self.router.route(path, on(filter, handler));
        self.list.push(Route { method, path, need });
        self
    }

    /// An operation of the interface: what it says it asks is asked of every call.
    pub(crate) fn operation<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let operation = Arc::new(operation);
        let filter = match operation.method {
            "POST" => MethodFilter::POST,
            _ => MethodFilter::GET,
        };
        let checks = from_fn_with_state(Arc::clone(&operation), api::checked);
        let one = on(filter, handler).layer(checks);
        self.router = self.router.route(operation.path, one);
        self.list.push(Route {
            method: operation.method,
            path: operation.path,
            need: operation.need,
        });
        self.operations.push(operation);
        self
    }

    /// The operations of the interface.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().map(Arc::as_ref)
    }

    /// The router and the list it was made with: one cannot hold what the other lacks.
    pub(crate) fn parts(self) -> (Router<App>, Arc<[Route]>) {
        (self.router, self.list.into())
    }
}

/// Every route there is.
pub(crate) fn all() -> Routes {
    let routes = Routes::new();
    let routes = outside(routes);
    let routes = casework(routes);
    let routes = at_the_door(routes);
    let routes = decisions(routes);
    let routes = afterwards(routes);
    let routes = payments(routes);
    let routes = verification::add(routes);
    let routes = offices::routes(routes);
    let routes = changes::changes(routes);
    let routes = portal::add(routes);
    let routes = channels::add(routes);
    let routes = feeds::add(routes);
    let routes = tokens::add(routes);
    let routes = figures::add(routes);
    let routes = roles::add(routes);
    api::add(routes)
}

/// The routes and what they ask, for tests and for whoever audits.
#[must_use]
pub fn list() -> Vec<Route> {
    all().parts().1.to_vec()
}

/// The door itself, and one's own account.
fn outside(routes: Routes) -> Routes {
    use Need::{Nothing, Right as Has, Session};
    routes
        .get(Nothing, "/sign-in", pages::sign_in::show)
        .post(Nothing, "/sign-in", pages::sign_in::enter)
        .get(Session(Step::Code), "/sign-in/code", pages::sign_in::code)
        .post(
            Session(Step::Code),
            "/sign-in/code",
            pages::sign_in::show_code,
        )
        .post(Session(Step::Any), "/sign-out", pages::sign_in::leave)
        .post(Nothing, "/display", pages::display::change)
        .get(
            Session(Step::Password),
            "/account/password",
            pages::account::password,
        )
        .post(
            Session(Step::Password),
            "/account/password",
            pages::account::change_password,
        )
        .get(
            Session(Step::Enrol),
            "/account/second-factor",
            pages::account::second_factor,
        )
        .post(
            Session(Step::Enrol),
            "/account/second-factor",
            pages::account::bind,
        )
        .get(Has(Right::ACCOUNT), "/account", pages::account::show)
        .post(
            Has(Right::ACCOUNT),
            "/account/sessions/end",
            pages::account::end_all,
        )
        .post(
            Has(Right::ACCOUNT),
            "/account/sessions/{session}/end",
            pages::account::end_one,
        )
        .post(
            Has(Right::ACCOUNT),
            "/account/tokens",
            pages::account::program_token,
        )
        .post(
            Has(Right::ACCOUNT),
            "/account/recusals",
            pages::account::declare,
        )
        .post(
            Has(Right::ACCOUNT),
            "/account/recusals/{id}/end",
            pages::account::end_relation,
        )
        .get(Nothing, "/guide", pages::guide::show)
        .post(Nothing, "/guide", pages::guide::ask)
        .get(Nothing, "/guide/{id}", pages::guide::one)
        .get(Nothing, "/check", pages::check::show)
        .post(Nothing, "/check", pages::check::answer)
        .get(Nothing, "/favicon.ico", assets::favicon)
        .get(Nothing, "/assets/{hash}/{*path}", assets::serve)
}

/// What officials work with.
fn casework(routes: Routes) -> Routes {
    use Need::Right as Has;
    let identity = "/households/{id}/persons/{person}/identity";
    routes
        .get(Has(Right::CASE_HANDLE), "/inbox", pages::inbox::show)
        .get(Has(Right::CASE), "/cases", pages::inbox::all)
        .get(Has(Right::CASE_ACCEPT), "/accept", pages::accept::show)
        .post(Has(Right::CASE_ACCEPT), "/accept", pages::accept::send)
        .get(Has(Right::CASE), "/case/{no}", pages::case::show)
        .post(Has(Right::CASE_HANDLE), "/case/{no}", pages::case::act)
        .get(Has(Right::VISIT_REPORT), "/visits", pages::visits::list)
        .post(Has(Right::VISIT_REPORT), "/visits", pages::visits::begin)
        .get(
            Has(Right::CASE),
            "/visits/ledger",
            pages::visit_ledger::show,
        )
        .get(
            Has(Right::CASE),
            "/visits/ledger.xlsx",
            pages::visit_ledger::workbook,
        )
        .get(Has(Right::VISIT_REPORT), "/visit/{no}", pages::visits::show)
        .post(Has(Right::VISIT_REPORT), "/visit/{no}", pages::visits::send)
        .get(Has(Right::CLUE_REPORT), "/clues/new", pages::clues::show)
        .post(Has(Right::CLUE_REPORT), "/clues/new", pages::clues::send)
        .get(Has(Right::CASE), "/clues/{no}", pages::clues::one)
        .post(Has(Right::CASE_ACCEPT), "/clues/{no}", pages::clues::close)
        .post(
            Has(Right::WARNING),
            "/warnings/{id}",
            pages::warnings::dispose,
        )
        .get(Has(Right::OVERVIEW), "/", pages::overview::show)
        .get(Has(Right::WARNING), "/warnings", pages::warnings::list)
        .get(Has(Right::WARNING), "/warnings/{id}", pages::warnings::show)
        .get(Has(Right::ROLL), "/programmes", pages::programmes::show)
        .get(Has(Right::ROLL), "/assessments", pages::assessments::show)
        .get(
            Has(Right::HOUSEHOLD),
            "/households/{id}",
            pages::households::show,
        )
        .get(Has(Right::HOUSEHOLD), "/persons/{id}", pages::persons::show)
        .get(Has(Right::REVEAL), identity, pages::identity::ask)
        .post(Has(Right::REVEAL), identity, pages::identity::show)
        .get(Has(Right::DOUBT), "/doubts", pages::doubts::list)
        .get(Has(Right::DOUBT), "/doubts/{row}", pages::doubts::show)
        .post(Has(Right::DOUBT), "/doubts/{row}", pages::doubts::answer)
        .get(Has(Right::RULEBOOK), "/rulebook", pages::rulebook::index)
        .get(
            Has(Right::RULEBOOK),
            "/rulebook/{*path}",
            pages::rulebook::show,
        )
        .get(Has(Right::RULEBOOK), "/matters", pages::matters::list)
        .get(
            Has(Right::RULEBOOK),
            "/matters/{place}/{id}",
            pages::matters::show,
        )
        .post(
            Has(Right::RULEBOOK),
            "/matters/{place}/{id}",
            pages::matters::ask,
        )
        .post(
            Has(Right::FEED_DELIVER),
            "/matters/{place}/{id}/register",
            pages::matters::record,
        )
        .get(Has(Right::TRIAL), "/whatif", pages::whatif::show)
        .get(Has(Right::TRIAL), "/whatif/print", pages::whatif::print)
        .get(
            Has(Right::TRIAL),
            "/whatif/export.xlsx",
            pages::whatif::workbook,
        )
        .get(Has(Right::TRIAL), "/whatif/export.pdf", pages::whatif::pdf)
        .get(Has(Right::OVERVIEW), "/indicators", pages::indicators::list)
        .get(
            Has(Right::OVERVIEW),
            "/indicators/{id}",
            pages::indicators::show,
        )
        .get(
            Has(Right::ROLL),
            "/indicators/{id}/rows",
            pages::indicators::rows,
        )
        .get(Has(Right::TRIAL), "/line", pages::line::show)
        .get(Has(Right::SEARCH), "/search", pages::search::show)
        .post(Has(Right::SEARCH), "/search", pages::search::find)
        .get(Has(Right::AREA), "/areas", pages::areas::show)
        .get(Has(Right::AREA), "/areas/{code}", pages::areas::show_one)
}

/// Photos, scanned papers, and the tablet at the door.
fn at_the_door(routes: Routes) -> Routes {
    use Need::{Nothing, Right as Has};
    let sync = "/visit/{no}/sync";
    routes
        .get(Has(Right::PHOTO), "/photos/{no}", pages::photos::show)
        .post(
            Has(Right::CASE_HANDLE),
            "/case/{no}/photos",
            pages::photos::paper,
        )
        .post(
            Has(Right::VISIT_REPORT),
            "/visit/{no}/photos",
            pages::visits::add,
        )
        .post(Has(Right::VISIT_REPORT), sync, pages::tablet::sync)
        .get(
            Has(Right::VISIT_REPORT),
            "/visit-package",
            pages::tablet::reopen,
        )
        .post(
            Has(Right::VISIT_REPORT),
            "/visit-package",
            pages::tablet::take,
        )
        .get(Nothing, "/visit-package/{token}", pages::tablet::holds)
        .get(Nothing, "/visit-tablet", pages::tablet::shell)
        .get(Nothing, "/visit-worker.js", pages::tablet::worker)
}

/// From the first opinion to what is made public.
fn decisions(routes: Routes) -> Routes {
    use Need::{Nothing, Right as Has};
    routes
        .get(Has(Right::CASE), "/case/{no}/review", pages::review::show)
        .post(
            Has(Right::CASE_HANDLE),
            "/case/{no}/review",
            pages::review::act,
        )
        .post(
            Has(Right::DECISION),
            "/case/{no}/decide",
            pages::review::decide,
        )
        .post(
            Has(Right::DECISION),
            "/case/{no}/first-help",
            pages::review::help_first,
        )
        .get(Has(Right::CASE), "/case/{no}/found", pages::recorded::show)
        .post(
            Has(Right::CASE_HANDLE),
            "/case/{no}/found",
            pages::recorded::act,
        )
        .get(Has(Right::CASE), "/case/{no}/kin", pages::kin::show)
        .post(Has(Right::CASE_HANDLE), "/case/{no}/kin", pages::kin::act)
        .get(
            Has(Right::CASE_HANDLE),
            "/case/{no}/letters/{title}",
            pages::review::letter,
        )
        .get(
            Has(Right::CASE_HANDLE),
            "/case/{no}/letters/{title}/pdf",
            pages::review::pdf,
        )
        .get(Has(Right::DECISION), "/review2", pages::review::list)
        .get(Has(Right::DECISION), "/sample", pages::review::sample)
        .get(
            Has(Right::DECISION),
            "/sample/reports",
            pages::outside_reports::show,
        )
        .post(
            Has(Right::DECISION),
            "/sample/reports",
            pages::outside_reports::draw,
        )
        .post(
            Has(Right::DECISION),
            "/case/{no}/check",
            pages::review::check,
        )
        .get(Nothing, "/notice", pages::publicity::show)
        .post(Nothing, "/notice/{no}/objection", pages::publicity::object)
}

/// What comes after a decision.
fn afterwards(routes: Routes) -> Routes {
    use Need::Right as Has;
    let history = "/households/{id}/history";
    routes
        .get(Has(Right::CASE), "/reviews", pages::reviews::list)
        .post(Has(Right::REVIEW_OPEN), "/reviews", pages::reviews::open)
        .post(
            Has(Right::CASE_HANDLE),
            "/reviews/begin",
            pages::reviews::begin,
        )
        .get(
            Has(Right::CASE_OVERSEE),
            "/reviews/workers",
            pages::reviews::workers,
        )
        .post(
            Has(Right::CASE_OVERSEE),
            "/reviews/workers",
            pages::reviews::find_fault,
        )
        .get(Has(Right::CASE), "/reviews/{no}", pages::reviews::show)
        .post(
            Has(Right::CASE_HANDLE),
            "/reviews/{no}",
            pages::reviews::act,
        )
        .post(
            Has(Right::DECISION),
            "/reviews/{no}/decide",
            pages::reviews::decide,
        )
        .post(
            Has(Right::CASE_HANDLE),
            "/warnings/{id}/change",
            pages::reviews::from_warning,
        )
        .get(Has(Right::HOUSEHOLD), history, pages::reviews::history)
        .get(Has(Right::CASE), "/hearings", pages::hearings::list)
        .get(Has(Right::CASE), "/duties", pages::duties::show)
        .get(Has(Right::CASE), "/crisis", pages::crisis::list)
        .post(Has(Right::CRISIS), "/crisis", pages::crisis::switch_on)
        .get(Has(Right::CASE), "/crisis/{no}", pages::crisis::show)
        .get(
            Has(Right::CASE),
            "/crisis/{no}/list.xlsx",
            pages::crisis::workbook,
        )
        .post(Has(Right::CRISIS), "/crisis/{no}", pages::crisis::act)
        .get(
            Has(Right::CASE_HANDLE),
            "/crisis/{no}/letters/{title}",
            pages::crisis::letter,
        )
        .post(Has(Right::CRISIS), "/crisis/{no}/end", pages::crisis::end)
        .get(Has(Right::CASE), "/conference", pages::conference::list)
        .post(
            Has(Right::CONFERENCE),
            "/conference",
            pages::conference::hold,
        )
        .get(
            Has(Right::ACCOUNT),
            "/conference/tasks",
            pages::conference::own,
        )
        .post(
            Has(Right::ACCOUNT),
            "/conference/tasks/{no}",
            pages::conference::finish,
        )
        .get(
            Has(Right::CASE),
            "/conference/{no}",
            pages::conference::show,
        )
        .post(
            Has(Right::CONFERENCE),
            "/conference/{no}",
            pages::conference::add,
        )
}

/// Money on its way to people.
fn payments(routes: Routes) -> Routes {
    use Need::Right as Has;
    routes
        .get(Has(Right::PAYMENT), "/payments", pages::payments::list)
        .post(
            Has(Right::PAYMENT_PREPARE),
            "/payments",
            pages::payments::prepare,
        )
        .get(
            Has(Right::PAYMENT),
            "/payments/recoveries",
            pages::payments::recoveries,
        )
        .get(
            Has(Right::PAYMENT),
            "/payments/recoveries/{no}",
            pages::payments::recovery,
        )
        .post(
            Has(Right::PAYMENT_APPROVE),
            "/payments/recoveries/{no}",
            pages::payments::recover,
        )
        .post(
            Has(Right::PAYMENT_PREPARE),
            "/payments/entitlements/{id}/card",
            pages::payments::card,
        )
        .post(
            Has(Right::PAYMENT_APPROVE),
            "/payments/entitlements/{id}/recover",
            pages::payments::ask_back,
        )
        .get(Has(Right::PAYMENT), "/payments/{no}", pages::payments::show)
        .post(
            Has(Right::PAYMENT),
            "/payments/{no}/act",
            pages::payments::act,
        )
        .post(
            Has(Right::PAYMENT_CHECK),
            "/payments/{no}/answer",
            pages::payments::answer,
        )
        .post(
            Has(Right::PAYMENT_CHECK),
            "/payments/{no}/answer/file",
            pages::payments::answer_file,
        )
        .get(
            Has(Right::PAYMENT_FILE),
            "/payments/{no}/bank-file",
            pages::payments::file,
        )
        .get(
            Has(Right::PAYMENT_FILE),
            "/payments/{no}/roster.xlsx",
            pages::payments::roster,
        )
        .get(
            Has(Right::HOUSEHOLD),
            "/households/{id}/payments",
            pages::payments::household,
        )
}

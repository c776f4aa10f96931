//! Pages and JSON over office; nothing else.
//!
//! A page asks [`office::views::Views`] as somebody, and shows what it is given. There is no SQL, no
//! rule and no sum here. Every route names the right it needs; what changes anything is a form of our
//! own with the word of its session.

mod again;
mod api;
mod assets;
mod chart;
mod desk;
mod guard;
mod limits;
mod links;
mod look;
mod pages;
mod resident;
mod routes;
mod serve;
mod shell;
mod takeover;
mod upload;

pub use api::description as openapi;
pub use pages::whatif::printed as printed_trial;
pub use routes::{Need, Route, Step, list as routes};
pub use serve::{Front, House, ServeError, router, serve};
pub use takeover::Pages;

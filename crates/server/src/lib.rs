//! Pages and JSON over office; nothing else.
//!
//! A page asks [`office::views::Views`] and shows what it is given. There is no SQL, no rule and no
//! sum here, nothing is changed through these routes, and only this machine may open them.

mod api;
mod assets;
mod chart;
mod desk;
mod guard;
mod links;
mod look;
mod pages;
mod serve;
mod shell;

pub use serve::{ServeError, router, serve};

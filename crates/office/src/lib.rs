//! What people do; the only crate that decides that something happens.

pub mod views;

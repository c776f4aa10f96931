//! The pages over an office that exists only here.

mod ask;
mod fixture;
mod guard;
mod pages;
mod show;

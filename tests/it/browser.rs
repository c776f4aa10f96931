//! What an official's own browser sees: Debian's chromium, driven from here over its debugging pipe, with
//! the real server behind a port of the loopback. Things are found by their role and their Chinese name,
//! as people and screen readers find them. After each step: no serious finding of axe, no error in the
//! console, no report of the content policy, one heading, no sideways scroll.

mod after;
mod casework;
mod channels;
mod chrome;
mod county;
mod every_page;
mod figures;
mod first_day;
mod first_hour;
mod grid;
mod j6;
mod keyboard;
mod monitoring;
mod page;
mod payments;
mod pictures;
mod place;
mod resident;
mod residents;
mod rulebook;
mod sign_in;
mod tablet;
mod verification;
mod window;

use page::Page;

/// A phone held upright, and an office's screen.
pub(crate) const PHONE: u32 = 375;
pub(crate) const DESK: u32 = 1280;

/// Ends a test with everything that was found on its pages.
fn nothing_found(pages: impl IntoIterator<Item = Page>) {
    let found: Vec<String> = pages.into_iter().flat_map(Page::findings).collect();
    assert!(
        found.is_empty(),
        "{} findings:\n{}",
        found.len(),
        found.join("\n")
    );
}

//! 区划: an area, the way up from it, what lies directly below, and areas looked up.

use serde::Serialize;

use super::{Count, Page};

/// What of the areas is to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AreaAsk {
    /// The area by its code; [`AreaRow::COUNTRY`] for all provinces; the own place without.
    pub code: Option<String>,
    /// The beginning of a name or a code to look up; nothing is looked up without.
    pub words: Option<String>,
    /// The key a page begins after.
    pub after: Option<String>,
}

/// One area with its neighbours up and down; a whole country is walked one level at a time.
#[derive(Clone, Debug, Serialize)]
pub struct AreaTree {
    /// From the top down to the area itself.
    pub trail: Vec<AreaRow>,
    /// The area.
    pub here: AreaRow,
    /// Former names, what became of an abolished one.
    pub notes: Vec<String>,
    /// Directly below it.
    pub below: Page<AreaRow>,
    /// What was looked up, where something was.
    pub found: Option<AreaFound>,
}

/// One area.
#[derive(Clone, Debug, Serialize)]
pub struct AreaRow {
    /// 12-digit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// 省 市 县 乡 村.
    pub level: String,
    /// 城镇 or 农村, where it is known.
    pub urban_rural: Option<String>,
    /// How many areas lie directly below.
    pub children: u64,
    /// Persons living there; `None` where no register was received, or outside one's places.
    pub persons: Option<u64>,
    /// Households living there.
    pub households: Option<u64>,
    /// Open warnings.
    pub warnings: Count,
}

impl AreaRow {
    /// What stands for a code where all provinces are meant.
    pub const COUNTRY: &str = "0";
}

/// Areas whose name or code begins with the words, abolished ones too.
#[derive(Clone, Debug, Serialize)]
pub struct AreaFound {
    /// The words.
    pub words: String,
    /// One page.
    pub rows: Vec<AreaHit>,
    /// The key of the page after this one.
    pub next: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
}

/// An area that was found.
#[derive(Clone, Debug, Serialize)]
pub struct AreaHit {
    /// 12-digit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The names around it.
    pub path: String,
    /// 省 市 县 乡 村.
    pub level: String,
    /// 现行, or from when to when.
    pub validity: String,
    /// How many areas lie directly below.
    pub children: u64,
}

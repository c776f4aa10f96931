//! Whose the rows of a batch are, close together: a file never changes, so what was read of it once serves
//! every month it counts for.

use engine::Sheet;
use std::collections::HashMap;
use std::sync::Arc;
use store::RowId;

/// Batches that were read, by the path of their links.
pub(super) type Shelf = HashMap<String, Arc<Owners>>;

/// The rows of one batch by whom they are of.
pub(super) struct Owners {
    batch_no: i64,
    /// Rising; with `places` they are pairs.
    owners: Vec<i64>,
    places: Vec<u32>,
    /// The number each row had in its file, by its place in the lake's.
    numbers: Vec<u32>,
}

impl Owners {
    /// From the links of a batch.
    pub(super) fn of_links(batch_no: i64, link: &Sheet) -> Self {
        let rows = link.ints("row_id").iter();
        let numbers = rows.map(|row| row.map_or(0, |row| RowId::from_get(row).row_no()));
        // A feed's rows are all persons' or all households', so the feed keeps the two apart.
        let mut pairs: Vec<(i64, u32)> = Vec::with_capacity(link.len());
        for column in ["person_id", "household_id"] {
            let owners = (0_u32..).zip(link.ints(column));
            pairs.extend(owners.filter_map(|(place, owner)| Some(((*owner)?, place))));
        }
        pairs.sort_unstable();
        let (owners, places) = pairs.into_iter().unzip();
        Self {
            batch_no,
            owners,
            places,
            numbers: numbers.collect(),
        }
    }

    /// The rows of a person or household, in the order of the file.
    pub(super) fn of(&self, owner: i64) -> impl DoubleEndedIterator<Item = RowId> + '_ {
        let first = self.owners.partition_point(|known| *known < owner);
        let past = self.owners.partition_point(|known| *known <= owner);
        let places = self.places.get(first..past).unwrap_or_default().iter();
        places.filter_map(|place| {
            let number = self.numbers.get(usize::try_from(*place).ok()?)?;
            RowId::new(self.batch_no, *number)
        })
    }

    /// Where a row stands in the lake's file.
    pub(super) fn place(&self, row: RowId) -> Option<usize> {
        let number = row.row_no();
        // Rows stand as they came; one that does not is looked for.
        match self.numbers.binary_search(&number) {
            Ok(place) => Some(place),
            Err(_) => self.numbers.iter().position(|known| *known == number),
        }
    }
}

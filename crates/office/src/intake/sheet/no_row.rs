//! Lines of a sheet that are no rows: sums, which are compared with the rows above them, the header again, who
//! wrote it, and lines with more or fewer cells than the header.

use super::super::records::Written;
use super::super::totals::{self, NoRow, Said};
use super::{ColumnKind, SentBack, Table, fold, is_sum};

impl Table<'_> {
    /// Why a line is no row of the table at all; a sum is compared with the rows above it.
    pub(super) fn no_row(
        &mut self,
        written: &Written<'_>,
        back: &mut SentBack,
    ) -> Option<(&'static str, String)> {
        let first = written.cells().map(str::trim).find(|cell| !cell.is_empty());
        let first = first.unwrap_or("");
        match totals::no_row(first) {
            Some(NoRow::Footer) => {
                return Some(("total-row", "这一行不是数据,已跳过".to_owned()));
            }
            Some(NoRow::Sum) => {
                let feed = self.feed;
                let places = self.places.iter().enumerate();
                let said = places.filter_map(|(at, place)| {
                    let text = written.cell((*place)?)?.trim();
                    let column = feed.columns.get(at)?;
                    let header = column.headers.first()?;
                    let identity =
                        matches!(column.kind, ColumnKind::IdNumber | ColumnKind::PersonName);
                    match text.is_empty() {
                        true => None,
                        false if identity => Some(Said::Count(text)),
                        false => is_sum(column).then_some(Said::Money(at, header, text)),
                    }
                });
                let compared = self.totals.compare(written.number, said);
                let told = match compared {
                    Ok(told) => told,
                    Err(said) => {
                        back.condemned.get_or_insert(said);
                        String::new()
                    }
                };
                let said = format!("这一行是合计,不是数据,已跳过{told}");
                return Some(("total-row", said));
            }
            None => {}
        }
        let same = |(cell, header): (&str, &String)| fold(cell) == *header;
        if self.header.first().is_some_and(|h| *h == fold(first))
            && written.cells().zip(&self.header).all(same)
        {
            return Some(("total-row", "这一行又是表头,不是数据,已跳过".to_owned()));
        }
        let width = self.header.len();
        (written.len() != width).then(|| {
            back.damaged = back.damaged.saturating_add(1);
            self.totals.row();
            for column in 0..self.feed.columns.len() {
                self.totals.lose(column, written.number);
            }
            let said = format!(
                "这一行有 {} 格,表头有 {width} 格;请对照表头补齐或者删去多的格",
                written.len()
            );
            ("columns", said)
        })
    }
}

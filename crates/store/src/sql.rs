//! Statements and tables, written once for both databases: lower case, `$1 … $n`.
//!
//! Every statement is a named constant made by [`statements!`], which also lists it, so that a
//! test can prepare each of them on each database.

/// One statement of the record.
#[derive(Clone, Copy, Debug)]
pub struct Sql(pub(crate) &'static str);

/// Kind of a column, as both databases know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `integer` or `bigint`.
    Int,
    /// `text`.
    Text,
    /// `blob` or `bytea`.
    Bytes,
}

/// A table that is filled in bulk: a prepared loop on SQLite, `copy` on PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns given, in order.
    pub columns: &'static [(&'static str, Kind)],
}

/// What stands behind the columns given of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// Nothing.
    Nothing,
    /// The seal of the row.
    Seal,
}

impl Table {
    fn names(&self, with: With) -> Vec<&'static str> {
        let names = self.columns.iter().map(|(name, _)| *name);
        names
            .chain((with == With::Seal).then_some("seal"))
            .collect()
    }

    /// The statement that adds one row.
    pub(crate) fn insert(&self, with: With) -> String {
        let names = self.names(with);
        let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
        format!(
            "insert into {} ({}) values ({})",
            self.name,
            names.join(", "),
            places.join(", ")
        )
    }

    /// The statement that takes rows as a stream, for PostgreSQL.
    pub(crate) fn copy(&self, with: With) -> String {
        let names = self.names(with).join(", ");
        format!("copy {} ({names}) from stdin binary", self.name)
    }
}

/// Names statements and lists them as `STATEMENTS` (and bulk tables as `TABLES`).
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$meta])* pub(crate) const $name: $crate::sql::Sql = $crate::sql::Sql($text);)*
        /// Every statement of this module.
        pub(crate) const STATEMENTS: &[$crate::sql::Sql] = &[$($name),*];
    };
}
pub(crate) use statements;

//! The rule language for everyone, in columns; the only crate that sees DataFusion.

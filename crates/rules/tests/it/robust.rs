//! Any text is read without a panic: what is wrong is told.

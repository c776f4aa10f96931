//! One module a command: its arguments, the office function it calls, and how the answer is shown.

pub mod areas;
pub mod audit;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod months;
pub mod serve;
pub mod simulate;
pub mod synth;
pub mod trace;
pub mod users;
pub mod workbook;

//! One module a command: its arguments, the office function it calls, and how the answer is shown.

pub mod areas;
pub mod ask;
pub mod audit;
pub mod bank_sim;
pub mod cases;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod indicators;
pub mod line;
pub mod months;
pub mod parameters;
pub mod pay;
pub mod replay;
pub mod rulebook;
pub mod sample;
pub mod serve;
mod signed_in;
pub mod simulate;
pub mod synth;
pub mod token;
pub mod trace;
pub mod users;
pub mod verify;
pub mod workbook;

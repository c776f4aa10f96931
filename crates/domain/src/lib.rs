//! The nouns of the office, exact and pure: money, days, areas, identity, people and their households.
//!
//! No clock, no files, no floating point, no policy: whatever the law may change is in the rulebook.
//! Text that comes from outside never panics here; it yields a value or an error an official can read.

mod area;
mod bank_card;
pub mod calendar;
pub mod casework;
mod credit_code;
mod day;
mod disability_card;
mod fen;
pub mod household;
mod id_number;
mod ids;
pub mod instalments;
pub mod ledger;
pub mod letters;
mod month;
pub mod names;
pub mod payment;
mod person;
pub mod procedure;
pub mod recovery;
mod span;
pub mod task;
mod text;

pub use area::{Area, AreaCode, AreaError, AreaLevel, PrefixHistory, UrbanRural, roll_up};
pub use bank_card::{BankCard, CardError, CardNote, ParsedCard, card_check_digit};
pub use calendar::{NoCalendar, WorkCalendar};
pub use credit_code::{CreditCodeError, UnifiedSocialCreditCode, credit_check_character};
pub use day::{Day, DayError, age_in_years};
pub use disability_card::{
    DisabilityCard, DisabilityCardError, DisabilityCategory, DisabilityGrade, ParsedDisabilityCard,
};
pub use fen::{Fen, MoneyError, MoneyNote};
pub use household::{Household, HouseholdProblem, Membership, Relation, Standing};
pub use id_number::{IdError, IdKind, IdNote, IdNumber, ParsedId, Sex, id_check_digit};
pub use ids::{ApplicationNo, CaseNo, HouseholdId, PersonId, TaskId, WarningId, WorkerId};
pub use month::{Month, add_months, full_months};
pub use person::Person;
pub use span::Span;

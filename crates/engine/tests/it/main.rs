//! The columns against the household's evaluator, and the machine around them.

mod differential;
mod lake;
mod linkage;
mod whole_month;

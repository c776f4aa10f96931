//! Words to the terminal: results on stdout, asides on stderr.

use serde_json::Value;
use std::fmt::Display;
use std::io::Write;

/// A line of the result. A reader who has seen enough (`| head`) is no error.
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}"));
}

/// A line beside the result.
pub fn aside(text: impl Display) {
    let mut err = std::io::stderr().lock();
    drop(writeln!(err, "{text}"));
}

/// The result for a program.
pub fn json(value: &Value) {
    line(format!("{value:#}"));
}

/// `12,044`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_grouped_by_thousands() {
        let said: Vec<String> = [0, 999, 1_000, 1_234_567].into_iter().map(count).collect();
        assert_eq!(said, ["0", "999", "1,000", "1,234,567"]);
    }
}

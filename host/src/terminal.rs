//! What the program prints, other than its log: all of it escaped, apart from line feeds.

use std::fmt::Display;
use std::io::Write as _;

use crate::text::Lines;

/// Writes to standard output. A reader that closed the pipe has read enough.
pub fn print(text: impl Display) {
    let _ = write!(std::io::stdout().lock(), "{}", Lines(text));
}

/// Writes a line to standard error.
pub fn report(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", Lines(text));
}

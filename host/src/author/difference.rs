//! Unified diffs.

use similar::TextDiff;

/// A unified diff; empty if the texts are the same.
pub(super) fn difference(expected_name: &str, expected: &str, actual_name: &str, actual: &str) -> String {
    if expected == actual {
        return String::new();
    }
    let diff = TextDiff::from_lines(expected, actual);
    diff.unified_diff().context_radius(2).header(expected_name, actual_name).to_string()
}

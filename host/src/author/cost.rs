//! What calls used of their limits, as a table.

use std::fmt::Write as _;

use super::case_run::Peak;
use crate::limits::Limits;

const HEAD: [&str; 7] = ["calls", "cpu", "instructions", "memory", "lifted", "rows", "series"];

/// The lines of the table in progress.
#[derive(Debug, Default)]
pub(super) struct CostTable {
    lines: Vec<(String, [String; 7])>,
    maximum: Peak,
}

impl CostTable {
    pub(super) fn add(&mut self, case: &str, peak: &Peak) {
        self.maximum.merge(peak);
        self.lines.push((case.to_owned(), cells(peak)));
    }

    /// A line per case with the maximum over its calls, then the limits and how much of them was used.
    pub(super) fn render(mut self, limits: &Limits) -> String {
        let bounds = [
            String::new(),
            format!("{} ms", limits.cpu.as_millis()),
            String::new(),
            bytes(limits.memory),
            bytes(limits.lifted_bytes),
            limits.rows.to_string(),
            limits.series.to_string(),
        ];
        let share = |used: f64, limit: f64| format!("{:.1} %", 100.0 * used / limit.max(f64::MIN_POSITIVE));
        #[expect(clippy::cast_precision_loss, reason = "a share in percent")]
        let of = |used: usize, limit: usize| share(used as f64, limit as f64);
        let Peak { usage, rows, series, .. } = &self.maximum;
        let used = [
            String::new(),
            share(usage.cpu.as_secs_f64(), limits.cpu.as_secs_f64()),
            String::new(),
            of(usage.memory, limits.memory),
            of(usage.lifted_bytes, limits.lifted_bytes),
            of(*rows, limits.rows),
            of(*series, limits.series),
        ];
        self.lines.insert(0, ("most per call".to_owned(), HEAD.map(str::to_owned)));
        self.lines.push(("limit".to_owned(), bounds));
        self.lines.push(("used".to_owned(), used));
        align(&self.lines)
    }
}

fn cells(peak: &Peak) -> [String; 7] {
    [
        peak.calls.to_string(),
        format!("{:.2} ms", 1000.0 * peak.usage.cpu.as_secs_f64()),
        peak.instructions.to_string(),
        bytes(peak.usage.memory),
        bytes(peak.usage.lifted_bytes),
        peak.rows.to_string(),
        peak.series.to_string(),
    ]
}

fn align(lines: &[(String, [String; 7])]) -> String {
    let name = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut widths = [0; 7];
    for (_, cells) in lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for (case, cells) in lines {
        let mut line = format!("{case:name$}");
        for (width, cell) in widths.iter().zip(cells) {
            let _ = write!(line, "  {cell:>width$}");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// `1.5 MiB`.
pub(super) fn bytes(bytes: usize) -> String {
    const KIB: usize = 1024;
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let in_units = |unit: usize| bytes as f64 / unit as f64;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..0x10_0000 => format!("{:.1} KiB", in_units(KIB)),
        _ => format!("{:.1} MiB", in_units(KIB * KIB)),
    }
}

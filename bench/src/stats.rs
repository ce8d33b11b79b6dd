//! Samples of a measurement: median and range.

use std::fmt;
use std::time::Duration;

/// Samples in ascending order; never empty.
#[derive(Debug, Clone)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        if samples.is_empty() {
            samples.push(f64::NAN);
        }
        Self(samples)
    }

    /// In milliseconds.
    pub(crate) fn times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(times.into_iter().map(milliseconds))
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(crate) fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a few hundred samples"
    )]
    fn quantile(&self, share: f64) -> f64 {
        let position = (share * (self.0.len() - 1) as f64).round() as usize;
        self.0.get(position).copied().unwrap_or(f64::NAN)
    }

    /// Formats as `41 ms (39–48, n=20)`.
    pub(crate) fn show(&self, unit: &str) -> String {
        let (median, count) = (Rounded(self.median()), self.0.len());
        if count == 1 {
            return format!("{median} {unit}");
        }
        format!("{median} {unit} ({}–{}, n={count})", Rounded(self.min()), Rounded(self.max()))
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Formats with three significant digits.
pub(crate) struct Rounded(pub(crate) f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.0.abs() {
            value if value >= 100.0 => 0,
            value if value >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{:.decimals$}", self.0)
    }
}

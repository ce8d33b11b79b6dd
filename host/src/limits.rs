//! The limits of a collector: one table with each limit's name, default, unit and help.
//!
//! Every default leaves room for components compiled from JavaScript or Python (about 18 MiB of code, 36 MiB compiled,
//! 50,000 table elements) and still fits a small machine when all slots are in use.

use std::fmt;
use std::time::Duration;

use crate::units::{duration, duration_text, size, size_text};

const MIB: usize = 1024 * 1024;

/// The unit of a limit, which decides how its value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `32MiB`
    Bytes,
    /// `200000`
    Count,
    /// `500ms`
    Time,
}

/// Where a limit applies, and so what happens beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Loading a component: it is refused.
    Load,
    /// One call: it is aborted, or loses its rows.
    Call,
    /// One part of a call's output: it is dropped or shortened.
    Part,
    /// All calls of the collector in one scrape.
    Scrape,
}

/// A limit's value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Number(usize),
    Time(Duration),
}

/// A row of the table.
#[derive(Debug)]
pub struct Limit {
    /// As grants and `--sandbox.limit` spell it.
    pub name: &'static str,
    pub unit: Unit,
    pub scope: Scope,
    pub help: &'static str,
    get: fn(&Limits) -> Value,
    set: fn(&mut Limits, Value),
}

impl Limit {
    /// The limit with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name)
    }

    /// The default as people write it: `32MiB`, `2s`, `200000`.
    #[must_use]
    pub fn default_text(&self) -> String {
        match ((self.get)(&Limits::default()), self.unit) {
            (Value::Time(time), _) => duration_text(time),
            (Value::Number(bytes), Unit::Bytes) => size_text(bytes),
            (Value::Number(number), _) => number.to_string(),
        }
    }
}

/// A new value for one limit, parsed from a flag or a grant.
#[derive(Clone, Copy)]
pub struct LimitOverride {
    limit: &'static Limit,
    value: Value,
}

impl LimitOverride {
    /// Parses a name and a value; the error names the limit and the remedy.
    pub fn parse(name: &str, value: &str) -> Result<Self, String> {
        let Some(limit) = Limit::named(name) else {
            let names: Vec<&str> = LIMITS.iter().map(|limit| limit.name).collect();
            return Err(format!("{name} is not a limit; the limits are {}", names.join(", ")));
        };
        let value = match limit.unit {
            Unit::Time => duration(value).map(Value::Time),
            Unit::Bytes | Unit::Count => size(value).map(Value::Number),
        };
        let value = value.map_err(|remedy| format!("{name}: {remedy}"))?;
        Ok(Self { limit, value })
    }
}

impl fmt::Debug for LimitOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.limit.name, self.value)
    }
}

impl PartialEq for LimitOverride {
    fn eq(&self, other: &Self) -> bool {
        self.limit.name == other.limit.name && self.value == other.value
    }
}

impl Limits {
    /// These limits with some of them replaced; the last override of a limit wins.
    #[must_use]
    pub fn with(&self, overrides: &[LimitOverride]) -> Self {
        let mut limits = self.clone();
        for LimitOverride { limit, value } in overrides {
            (limit.set)(&mut limits, *value);
        }
        limits.concurrency = limits.concurrency.max(1);
        limits
    }
}

macro_rules! limits {
    (@type Time) => { Duration };
    (@type $unit:ident) => { usize };
    (@value Time, $value:expr) => { Value::Time($value) };
    (@value $unit:ident, $value:expr) => { Value::Number($value) };
    // `parse` made the value in the limit's own unit, so the pattern matches.
    (@set Time, $field:expr, $value:expr) => { if let Value::Time(value) = $value { $field = value } };
    (@set $unit:ident, $field:expr, $value:expr) => { if let Value::Number(value) = $value { $field = value } };
    ($( $(#[$comment:meta])* $field:ident, $name:literal, $unit:ident, $scope:ident, $default:expr, $help:literal; )*) => {
        /// The limits of one collector.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Limits {
            $( #[doc = $help] $(#[$comment])* pub $field: limits!(@type $unit), )*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        /// Every limit, in the order of the documentation.
        pub static LIMITS: &[Limit] = &[ $( Limit {
            name: $name,
            unit: Unit::$unit,
            scope: Scope::$scope,
            help: $help,
            get: |limits| limits!(@value $unit, limits.$field),
            set: |limits, value| limits!(@set $unit, limits.$field, value),
        }, )* ];
    };
}

limits! {
    /// 10,000 guests take a built-in some 40 ms; a Python collector is ten times slower. Measured on the thread's own clock, so
    /// a busy machine does not fail a collector; the epoch tick (10 ms) is its resolution.
    cpu, "cpu", Time, Call, Duration::from_secs(2), "CPU time of a call, instantiation included";
    memory, "memory", Bytes, Call, 128 * MIB, "Linear memory of a call, all memories together";
    table_elements, "table-elements", Count, Call, 100_000, "Elements of all tables of a call";
    /// As wasmtime counts them: lists by the size of their host type, strings by their length.
    lifted_bytes, "lifted-bytes", Bytes, Call, 64 * MIB, "Size of what a call returns";
    rows, "rows", Count, Call, 200_000, "Rows of a call";
    series, "series", Count, Call, 500_000, "Series of a call, state-sets expanded";
    /// `resources` makes 18 MiB of 10,000 guests.
    exposition_bytes, "exposition-bytes", Bytes, Scrape, 64 * MIB, "The collector's part of an exposition, all places together";
    label_value_bytes, "label-value-bytes", Bytes, Part, 1024, "A label value; longer ones are shortened";
    warnings, "warnings", Count, Part, 10, "Warnings kept of a call";
    log_lines, "log-lines", Count, Part, 20, "Log lines kept of a call";
    message_bytes, "message-bytes", Bytes, Part, 1024, "A log line or a warning; longer ones are cut";
    /// Two third-party collectors that use all of it leave a core to the built-ins.
    scrape_cpu, "scrape-cpu", Time, Scrape, Duration::from_secs(10), "CPU time of all calls of the collector in a scrape";
    collector_bytes, "collector-bytes", Bytes, Scrape, 256 * MIB, "Memory of the collector's calls, rows and kept rows together";
    /// A slow collector leaves slots to the others.
    concurrency, "concurrency", Count, Scrape, 2, "Calls of the collector at the same time";
    component_bytes, "component-bytes", Bytes, Load, 32 * MIB, "The component file";
    /// The largest one tried, 17.6 MiB of Python, takes 6 s on two cores.
    compile_time, "compile-time", Time, Load, Duration::from_secs(60), "Compiling a component of a folder, wall time";
    /// Checked before anything of a manifest is copied.
    manifest_bytes, "manifest-bytes", Bytes, Load, MIB, "Size of a manifest";
    requests, "requests", Count, Load, 32, "Requests in a manifest";
    tables, "tables", Count, Load, 64, "Tables in a manifest";
    metrics, "metrics", Count, Load, 512, "Metrics in a manifest, all tables together";
    help_bytes, "help-bytes", Bytes, Load, 1024, "A help text";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_parses_back_to_itself() {
        for limit in LIMITS {
            let parsed = LimitOverride::parse(limit.name, &limit.default_text()).unwrap();
            assert_eq!(parsed.value, (limit.get)(&Limits::default()), "{}", limit.name);
        }
    }

    #[test]
    fn an_override_changes_its_limit_alone() {
        for limit in LIMITS {
            let value = if limit.unit == Unit::Time { "123ms" } else { "123" };
            let limits = Limits::default().with(&[LimitOverride::parse(limit.name, value).unwrap()]);
            for other in LIMITS {
                let changed = (other.get)(&limits) != (other.get)(&Limits::default());
                assert_eq!(changed, other.name == limit.name, "{} {}", limit.name, other.name);
            }
        }
    }

    #[test]
    fn the_last_override_wins_and_concurrency_is_at_least_one() {
        let overrides = [("rows", "5"), ("rows", "6"), ("concurrency", "0")];
        let overrides = overrides.map(|(name, value)| LimitOverride::parse(name, value).unwrap());
        let limits = Limits::default().with(&overrides);
        assert_eq!((limits.rows, limits.concurrency), (6, 1));
    }
}

//! What a collector writes: rows of its tables, and warnings.

use crate::contract::{Output, Row, Value};

impl Output {
    /// Adds a row of one of the collector's tables.
    pub fn push(&mut self, row: impl TableRow) {
        self.rows.push(row.into_row());
    }

    /// Notes something odd that did not stop the collection. The host logs and counts a few of them, so sum up:
    /// one warning with a number is better than a hundred.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}

/// A row of a table. [`tables!`](crate::tables) implements it; nothing else should.
pub trait TableRow {
    /// Labels and values in the order of the table.
    fn into_row(self) -> Row;
}

/// The states of a state-set. [`states!`](crate::states) implements it.
pub trait States: Copy + 'static {
    /// State names, in the order of the exposition.
    const NAMES: &'static [&'static str];

    /// The state with this name.
    fn named(name: &str) -> Option<Self>;

    /// Position in [`NAMES`](Self::NAMES).
    fn position(self) -> u32;
}

/// What a row says of a state-set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State<S> {
    /// Not known: no series.
    #[default]
    Absent,
    /// A state that is not listed: every series is 0.
    Other,
    /// This state: its series is 1, the others are 0.
    Is(S),
}

impl<S: States> State<S> {
    /// The state with this name, or [`Other`](Self::Other).
    ///
    /// ```
    /// use pve_collector::{State, states};
    ///
    /// states! {
    ///     /// Whether a guest runs.
    ///     pub Power { On = "running", Off = "stopped" }
    /// }
    ///
    /// assert_eq!(State::named("running"), State::Is(Power::On));
    /// assert_eq!(State::<Power>::named("paused"), State::Other);
    /// ```
    pub fn named(name: &str) -> Self {
        S::named(name).map_or(Self::Other, Self::Is)
    }
}

/// Fields that are values of a row: `Option<f64>` and [`State`].
pub trait IntoValue {
    /// The contract's form.
    fn into_value(self) -> Value;
}

impl IntoValue for Option<f64> {
    fn into_value(self) -> Value {
        self.map_or(Value::Absent, Value::Number)
    }
}

impl<S: States> IntoValue for State<S> {
    fn into_value(self) -> Value {
        match self {
            Self::Absent => Value::Absent,
            Self::Other => Value::State(None),
            Self::Is(state) => Value::State(Some(state.position())),
        }
    }
}

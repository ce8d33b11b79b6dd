//! Why a place was not collected, as a label value: one list for metrics, documentation and tests.

use std::fmt;

use crate::budget::{OverBudget, Purpose};
use crate::contract::FetchErrorKind;

macro_rules! reasons {
    ($( $variant:ident, $label:literal, $help:literal; )*) => {
        /// Why a place was not collected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $( #[doc = $help] $variant, )*
        }

        impl Reason {
            pub const ALL: &[Self] = &[ $( Self::$variant, )* ];

            /// As a label value.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $label, )*
                }
            }

            /// One sentence for the documentation.
            #[must_use]
            pub fn help(self) -> &'static str {
                match self {
                    $( Self::$variant => $help, )*
                }
            }
        }
    };
}

reasons! {
    Forbidden, "forbidden", "The API refused a request: the credentials are wrong or lack a privilege.";
    NotFound, "not_found", "The API does not have the path or the object.";
    TimedOut, "timed_out", "A request had no answer in time.";
    Unavailable, "unavailable", "The API or the node is unreachable or reported a server error.";
    TooLarge, "too_large", "An answer is larger than `--api.max-body`.";
    Malformed, "malformed", "An answer is not the API's JSON.";
    Deadline, "deadline", "The scrape's deadline passed first.";
    LocalNode, "local_node_unknown", "`/pve` can't tell which node answers.";
    Place, "place", "A request path can't be built for the place.";
    Quarantined, "quarantined", "The collector broke down repeatedly and is left out for a while.";
    CpuLimit, "cpu_limit", "A call exceeded the limit `cpu`.";
    MemoryLimit, "memory_limit", "A call exceeded the limit `memory`.";
    TableLimit, "table_limit", "A call exceeded the limit `table-elements`.";
    LiftedBytesLimit, "lifted_bytes_limit", "A call exceeded the limit `lifted-bytes`.";
    RowsLimit, "rows_limit", "A call exceeded the limit `rows`.";
    SeriesLimit, "series_limit", "A call exceeded the limit `series`.";
    ExpositionBytesLimit, "exposition_bytes_limit", "The collector exceeded the limit `exposition-bytes`.";
    Stalled, "stalled", "A call made no progress.";
    Trap, "trap", "A call panicked or trapped.";
    MalformedAnswer, "malformed_answer", "The collector does not understand an answer.";
    Settings, "settings", "The collector rejects its settings.";
    Failed, "failed", "The collector reported a failure of its own.";
    Engine, "engine", "The WebAssembly engine refused the call.";
    ScrapeCpuLimit, "scrape_cpu_limit", "The collector exceeded the limit `scrape-cpu` in this scrape.";
    CollectorBytesLimit, "collector_bytes_limit", "The collector exceeded the limit `collector-bytes`.";
    Shortage, "shortage", "The exporter's memory budget or its instances are exhausted.";
    HostPanic, "host_panic", "The exporter itself panicked: a bug.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<FetchErrorKind> for Reason {
    fn from(kind: FetchErrorKind) -> Self {
        match kind {
            FetchErrorKind::Forbidden => Self::Forbidden,
            FetchErrorKind::NotFound => Self::NotFound,
            FetchErrorKind::TimedOut => Self::TimedOut,
            FetchErrorKind::Unavailable => Self::Unavailable,
            FetchErrorKind::TooLarge => Self::TooLarge,
            FetchErrorKind::Malformed => Self::Malformed,
        }
    }
}

impl From<&OverBudget> for Reason {
    fn from(over: &OverBudget) -> Self {
        match over.purpose {
            Purpose::Collector => Self::CollectorBytesLimit,
            _ => Self::Shortage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_error_keeps_its_label() {
        for kind in FetchErrorKind::ALL {
            assert_eq!(Reason::from(kind).as_str(), kind.as_str());
        }
    }

    #[test]
    fn labels_are_distinct() {
        let labels: std::collections::HashSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
    }
}

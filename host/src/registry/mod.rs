//! The registry: which collectors there are, what each may give, and whether what it gave is that.
//!
//! - [`Schema`]: a manifest that was checked, with its tables sorted into metric families.
//! - [`Rows`]: one call's rows, held against the schema; what does not fit is lost and counted, row by row.
//! - [`Collected`]: all rows of one collector in one scrape, free of duplicates, ready to be encoded.
//! - [`Collector`], [`CollectorSet`]: components with their schemas; a metric name belongs to one of them.
//!
//! Nothing a component returns reaches the exposition without having passed through here: one bad line would cost
//! Prometheus the whole scrape.

mod builtin;
mod collected;
mod collector;
mod rows;
mod schema;
mod set;

pub use builtin::{builtin_names, builtins};
pub use collected::Collected;
pub use collector::{Collection, Collector, CollectorError, Origin};
pub use rows::{Budget, Rejections, Rows};
pub use schema::{Family, Kind, ManifestError, Request, Schema};
pub use set::{CollectorSet, Conflict};

//! The registry: which collectors there are, what each may give, and whether what it gave is that.
//!
//! - [`Schema`]: a manifest that was checked, with its tables sorted into metric families.
//! - [`Rows`]: one call's rows, held against the schema; what does not fit is lost and counted, row by row.
//! - [`Collected`]: all rows of one collector in one scrape, free of duplicates, ready to be encoded.
//! - [`Catalog`]: every collector there is, built in or in a folder, and the reload that takes new versions in.
//! - [`Grant`]: what a collector of a folder may see and use.
//! - [`Collector`], [`CollectorSet`]: components with their schemas; a metric name belongs to one of them.
//!
//! Nothing a component returns reaches the exposition without having passed through here: one bad line would cost
//! Prometheus the whole scrape.

mod builtin;
mod catalog;
mod changes;
mod check;
mod collected;
mod collector;
mod folder;
mod grant;
mod health;
mod loader;
mod losses;
mod outline;
mod rows;
mod schema;
mod set;

pub use builtin::{builtin_names, builtins};
pub use catalog::{Catalog, Entry, Standing};
pub use changes::Changes;
pub use collected::Collected;
pub use collector::{Collection, CollectionError, Collector, CollectorError, Origin};
pub use grant::{Grant, GrantError, Refusal};
pub use health::Health;
pub use loader::{Loader, NoTrial, Trial};
pub use losses::{Budget, Rejections};
pub use outline::Outline;
pub use rows::Rows;
pub use schema::{Family, Kind, ManifestError, Request, Schema};
pub use set::{CollectorSet, Conflict};

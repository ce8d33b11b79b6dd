//! What a collector declared, and whether what it returned fits.
//!
//! - [`Schema`]: a checked manifest, its tables sorted into metric families.
//! - [`Rows`]: one call's rows, checked against the schema; a row that does not fit is dropped and counted.
//! - [`Collected`]: all rows of one collector in one scrape, without duplicates, ready to be encoded.
//!
//! Nothing a component returns reaches the exposition without passing through here: one bad line would cost Prometheus the
//! whole scrape.

mod check;
mod collected;
mod fit;
mod losses;
mod manifest;
mod outline;
mod rows;

pub use check::ManifestError;
pub use collected::Collected;
pub use losses::{OutputLimit, Rejection, Rejections};
pub use manifest::{Family, Kind, Request, Schema};
pub use outline::Outline;
pub use rows::Rows;

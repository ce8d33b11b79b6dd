//! A scrape: from a cluster, collectors and a deadline to everything that could be collected, and a report of what could not.
//!
//! discover → plan → fetch and collect, without a barrier: a place is collected as soon as its own answers have arrived.
//!
//! - [`Scraper`]: the clusters being scraped. `flights`: overlapping scrapes of the same thing share one run.
//! - `run`: one scrape. `answers`: where each answer comes from. `gathering`: rows and report as they come in.
//! - [`Inventory`]: the nodes, guests and storages of a cluster, from two requests.
//! - [`Plan`]: which requests to make and which places to collect, each distinct GET once.
//! - [`Report`]: what happened, by collector; `web` shows it and `series` turns it into metrics.
//! - `journal`: what the log says about it.
//! - `end_of_wait`: when a scrape no longer waits for nodes that hang.
//! - `costly`: which requests are made only where they are needed, one at a time.
//! - `kept_answers`, `kept_rows`: what later scrapes may reuse.

mod answers;
mod cluster;
mod costly;

mod discovery;
mod end_of_wait;
mod fetch;
mod flights;
mod gathering;
mod inventory;
mod job;
mod journal;
mod kept_answers;
mod kept_rows;
mod not_collected;
mod outcome;
mod plan;
mod report;
mod run;
mod running;
mod samples;
mod scraper;
mod series;

pub use cluster::{Cluster, Clusters};
pub use inventory::{Dropped, Inventory, Node};
pub use not_collected::NotCollected;
pub use outcome::Scrape;
pub use plan::{NodeScope, Plan, Scope};
pub use report::{CollectorReport, PlaceFailure, Report};
pub use scraper::{ScrapeError, ScrapeRequest, Scraper};

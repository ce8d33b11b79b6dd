//! Talking to Proxmox VE: one client per cluster, and why a request failed.
//!
//! The only module that uses credentials and opens connections to a cluster. What leaves it is the JSON text of an answer's
//! `data` member or a [`FetchError`]; the collectors interpret it.

mod answer;
mod auth;
mod cause;
mod client;
mod error;
mod link;
mod outage;
mod slots;
mod tls;

pub use answer::Answer;
pub use client::{Client, ClientError, NoObserver, Observer};
pub use error::FetchError;

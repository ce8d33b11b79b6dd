//! Requests to Proxmox VE: a client per cluster, and why a request failed.
//!
//! The only module that uses credentials and connects to clusters. It returns the JSON text of an answer's `data` member, which
//! the collectors interpret, or a [`FetchError`].

mod addresses;
mod answer;
mod auth;
mod cause;
mod certificate;
mod client;
mod dials;
mod encoding;
mod endpoint;
mod error;
mod exchange;
mod link;
mod login;
mod observer;
mod outage;
mod redactor;
mod slots;
mod tls;

pub use addresses::AddressInUse;
pub use answer::Answer;
pub use client::{Client, ClientError};
pub use error::FetchError;
pub use observer::{NoObserver, Observer};

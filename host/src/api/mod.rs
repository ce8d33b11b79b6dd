//! Talking to Proxmox VE: which paths can be asked, one client for each cluster, and why a request failed.
//!
//! The only module that holds credentials in use and opens connections to a cluster. What leaves it is the JSON text
//! of an answer's `data` member or a [`FetchError`]; what that means is the collectors' business.

mod answer;
mod auth;
mod cause;
mod client;
mod error;
mod link;
mod outage;
mod path;
mod place;
mod segment;
mod slots;
mod template;
mod tls;

pub use answer::Answer;
pub use client::{Client, ClientError, Limits, NoObserver, Observer};
pub use error::{FetchError, FetchErrorKind};
pub use path::Path;
pub use place::{GuestType, Place};
pub use segment::Placeholders;
pub use template::{BindError, Template, TemplateError};

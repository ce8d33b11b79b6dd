//! Requests in flight.

use std::future::Future;
use std::pin::Pin;

use futures_util::future::Shared;

use crate::api::{Answer, FetchError};

pub(super) type Fetched = Result<Answer, FetchError>;
/// A request that several jobs await; it runs when the first of them polls it.
pub(super) type SharedFetch = Shared<Pin<Box<dyn Future<Output = Fetched> + Send>>>;

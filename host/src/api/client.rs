//! The client of a cluster with one set of credentials: bounded concurrency, deadlines, failover between addresses.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, Received};
use super::auth::{Auth, Pass};
use super::error::FetchError;
use super::link::{Link, Repeat, Reply};
use super::observer::Observer;
use super::outage::Outages;
use super::redactor::Redactor;
use super::slots::Slots;
use super::tls;
use crate::budget::ByteBudget;
use crate::config::{ClientOptions, Module, Targets};
use crate::contract::FetchErrorKind;
use crate::request::Path;

/// Size in bytes from which a body is checked on a blocking thread: it takes a millisecond.
const LARGE: usize = 256 << 10;

/// A module's files can't be used. One line with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("module {module}: {problem}")]
pub struct ClientError {
    module: String,
    problem: String,
}

/// The client of a cluster. Keeps connections: create one for each (module, targets) and share it.
pub struct Client {
    link: Link,
    auth: Auth,
    slots: Slots,
    outages: Outages,
    timeout: Duration,
    budget: Arc<ByteBudget>,
    redactor: Arc<Redactor>,
}

impl Client {
    /// Checks the module's files like [`Client::new`], for modules whose targets come with requests.
    pub fn check(module: &Module) -> Result<(), ClientError> {
        match tls::client_config(module) {
            Ok(_) => Ok(()),
            Err(problem) => Err(ClientError { module: module.name.clone(), problem }),
        }
    }

    /// Reads the module's CA and certificate files; does not connect.
    pub fn new(
        module: &Module,
        targets: &Targets,
        options: ClientOptions,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, ClientError> {
        Self::with_budget(module, targets, options, observer, ByteBudget::unlimited())
    }

    /// [`new`](Self::new) with a budget for answers.
    pub fn with_budget(
        module: &Module,
        targets: &Targets,
        options: ClientOptions,
        observer: Arc<dyn Observer>,
        budget: Arc<ByteBudget>,
    ) -> Result<Self, ClientError> {
        let error = |problem| ClientError { module: module.name.clone(), problem };
        let max_concurrent = module.max_concurrent.unwrap_or(options.max_concurrent);
        let per_node = module.max_concurrent_per_node.unwrap_or(options.max_concurrent_per_node);
        let redactor = Arc::new(Redactor::new(&module.credentials));
        let (shared, held) = (Arc::clone(&redactor), Arc::clone(&budget));
        Ok(Self {
            link: Link::new(module, targets, options.max_body, max_concurrent, held, shared, observer)
                .map_err(error)?,
            auth: Auth::new(&module.credentials, options.ticket_age, Arc::clone(&redactor)).map_err(error)?,
            redactor,
            slots: Slots::new(max_concurrent, per_node),
            outages: Outages::default(),
            timeout: module.timeout,
            budget,
        })
    }

    /// What the answers of this cluster may occupy.
    #[must_use]
    pub fn budget(&self) -> &Arc<ByteBudget> {
        &self.budget
    }

    /// GETs a path. Waits for a free slot, then requests with the module's timeout; finishes by `deadline` in any case.
    pub async fn get(&self, path: &Path, deadline: Instant) -> Result<Answer, FetchError> {
        let redactor = Arc::clone(&self.redactor);
        let parse = move |body: Received, content_type: &str| Answer::parse_redacted(body, content_type, &redactor);
        self.get_parsed(path, deadline, parse).await
    }

    /// [`get`](Self::get) for a large answer that the caller deserializes anyway: see [`Answer::parse_reading`].
    pub async fn get_reading<R: Send + 'static>(
        &self,
        path: &Path,
        deadline: Instant,
        read: fn(&str) -> serde_json::Result<R>,
    ) -> Result<(Answer, Option<R>), FetchError> {
        let redactor = Arc::clone(&self.redactor);
        let parse = move |body, content_type: &str| Answer::parse_reading(body, content_type, &redactor, read);
        self.get_parsed(path, deadline, parse).await
    }

    async fn get_parsed<A: Send + 'static>(
        &self,
        path: &Path,
        deadline: Instant,
        parse: impl FnOnce(Received, &str) -> Result<A, FetchError> + Send + 'static,
    ) -> Result<A, FetchError> {
        let asked = Instant::now();
        let slot = timeout_at(deadline, self.slots.take(path.node_name())).await;
        // Slots are also released when other requests reach the same deadline.
        if slot.is_err() || Instant::now() >= deadline {
            let queue = path.node().unwrap_or("the cluster");
            let detail = format!("no free slot before the deadline: other requests to {queue} took too long");
            return Err(FetchError::new(FetchErrorKind::TimedOut, detail));
        }
        if let Some(outage) = self.outages.since(path.node_name(), asked) {
            return Err(outage);
        }
        let end = deadline.min(Instant::now() + self.timeout);
        let answer = match self.ask_twice(path, end).await {
            Ok(reply) => check(reply, parse).await,
            Err(error) => Err(error),
        };
        let answer = answer.map_err(|error| self.redactor.clean(error));
        self.outages.note(path.node_name(), answer.as_ref().map(drop));
        answer
    }

    /// Retries once with a new ticket if the ticket was refused.
    async fn ask_twice(&self, path: &Path, end: Instant) -> Result<Reply, FetchError> {
        let (mut reply, pass) = self.ask(path, end).await?;
        if reply.status == 401 && self.auth.refused(&pass) {
            (reply, _) = self.ask(path, end).await?;
            if reply.status == 401 {
                self.auth.give_up(&FetchError::of_status(401, &reply.reason));
            }
        }
        Ok(reply)
    }

    async fn ask(&self, path: &Path, end: Instant) -> Result<(Reply, Pass), FetchError> {
        let pass = self.auth.pass(&self.link, end).await?;
        let make =
            |http: &reqwest::Client, root: &str| http.get(format!("{root}{path}")).header(&pass.name, &pass.value);
        let reply = self.link.ask(path.template(), end, Repeat::IfClosed, make).await?;
        Ok((reply, pass))
    }
}

async fn check<A: Send + 'static>(
    reply: Reply,
    parse: impl FnOnce(Received, &str) -> Result<A, FetchError> + Send + 'static,
) -> Result<A, FetchError> {
    if !reply.is_success() {
        return Err(FetchError::of_status(reply.status, &reply.reason));
    }
    let status = reply.status;
    let answer = if reply.body.bytes.len() < LARGE {
        parse(reply.body, &reply.content_type)
    } else {
        match tokio::task::spawn_blocking(move || parse(reply.body, &reply.content_type)).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(FetchError::new(FetchErrorKind::Malformed, "the response could not be checked: shutting down"))
            }
        }
    };
    answer.map_err(|error| FetchError { status: Some(status), ..error })
}

//! The client of a cluster with one set of credentials: bounded concurrency, deadlines, failover between addresses.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::addresses::AddressInUse;
use super::answer::{Answer, Received};
use super::auth::{Auth, Pass};
use super::cause::ExchangeError;
use super::error::FetchError;
use super::exchange::{Exchange, Reply};
use super::link::{Link, Repeat};
use super::observer::Observer;
use super::outage::{Outages, Outcome};
use super::redactor::Redactor;
use super::slots::Slots;
use super::tls;
use crate::budget::ByteBudget;
use crate::config::{ClientOptions, Module, Targets};
use crate::contract::FetchErrorKind;
use crate::request::Path;

/// Size in bytes from which a body is checked on a blocking thread: it takes a millisecond.
const LARGE: usize = 256 << 10;

/// The shortest wait for a response that says something about a ticket: any client can ask for a scrape that ends soon.
const ENOUGH: Duration = Duration::from_millis(750);

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
    /// Bounds probes, which must not take the slots of requests.
    probing: Semaphore,
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
        let exchange = Exchange {
            max_body: options.max_body,
            budget: Arc::clone(&budget),
            redactor: Arc::clone(&redactor),
            observer,
        };
        Ok(Self {
            link: Link::new(module, targets, max_concurrent, exchange).map_err(error)?,
            auth: Auth::new(&module.credentials, options.ticket_age, Arc::clone(&redactor)).map_err(error)?,
            redactor,
            slots: Slots::new(max_concurrent, per_node),
            outages: Outages::default(),
            probing: Semaphore::new(max_concurrent),
            timeout: module.timeout,
            budget,
        })
    }

    /// What the answers of this cluster may occupy.
    #[must_use]
    pub fn budget(&self) -> &Arc<ByteBudget> {
        &self.budget
    }

    /// The target that requests are sent to first.
    #[must_use]
    pub fn preferred_target(&self) -> String {
        self.link.preferred_target()
    }

    /// The address that responded last.
    pub fn address_in_use(&self) -> Option<AddressInUse> {
        self.link.address_in_use()
    }

    /// GETs a path. Waits for a free slot, then requests with the module's timeout; finishes by `deadline` in any case.
    pub async fn get(&self, path: &Path, deadline: Instant) -> Result<Answer, FetchError> {
        self.get_parsed(path, deadline, Repeat::IfClosed, self.parser()).await
    }

    /// [`get`](Self::get) from whichever address responds.
    pub async fn discover(&self, path: &Path, deadline: Instant) -> Result<Answer, FetchError> {
        self.get_parsed(path, deadline, Repeat::Anywhere, self.parser()).await
    }

    /// [`discover`](Self::discover) for a large answer that the caller deserializes anyway.
    pub async fn discover_reading<R: Send + 'static>(
        &self,
        path: &Path,
        deadline: Instant,
        read: fn(&str) -> serde_json::Result<R>,
    ) -> Result<(Answer, Option<R>), FetchError> {
        let redactor = Arc::clone(&self.redactor);
        let parse = move |body, content_type: &str| Answer::parse_reading(body, content_type, &redactor, read);
        self.get_parsed(path, deadline, Repeat::Anywhere, parse).await
    }

    fn parser(&self) -> impl FnOnce(Received, &str) -> Result<Answer, FetchError> + Send + 'static {
        let redactor = Arc::clone(&self.redactor);
        move |body, content_type| Answer::parse_redacted(body, content_type, &redactor)
    }

    /// Why a node gets no requests, if it hangs.
    pub fn hang(&self, node: &str) -> Option<FetchError> {
        self.outages.hang(node)
    }

    /// Waits until a node does not hang.
    pub async fn until_back(&self, node: &str) {
        self.outages.until_back(node).await;
    }

    /// The probes to send to hanging nodes. Those that `wanted` does not accept are forgotten.
    pub fn probes(&self, wanted: impl Fn(&str) -> bool) -> Vec<Path> {
        self.outages.probes(wanted)
    }

    /// Sends a probe. If its node responds, it gets requests again.
    pub async fn probe(&self, path: &Path) {
        let _turn = self.probing.acquire().await;
        let end = Instant::now() + self.timeout;
        let result = match self.ask_twice(path, end, Repeat::IfClosed).await {
            Ok(reply) => check(reply, |_, _| Ok(())).await,
            Err(failure) => Err(failure.error),
        };
        self.outages.note_probe(path, result.as_ref().map(drop));
    }

    /// Allows a login at once, even if the last one was refused.
    pub fn retry_login(&self) {
        self.auth.retry();
    }

    async fn get_parsed<A: Send + 'static>(
        &self,
        path: &Path,
        deadline: Instant,
        repeat: Repeat,
        parse: impl FnOnce(Received, &str) -> Result<A, FetchError> + Send + 'static,
    ) -> Result<A, FetchError> {
        let asked = Instant::now();
        if let Some(hang) = path.node().and_then(|node| self.outages.hang(node)) {
            return Err(hang);
        }
        let slot = timeout_at(deadline, self.slots.take(path)).await;
        // Slots are also released when other requests reach the same deadline.
        if slot.is_err() || Instant::now() >= deadline {
            let queue = path.node().unwrap_or("the cluster");
            let detail = format!("no free slot before the deadline: other requests to {queue} took too long");
            return Err(FetchError::new(FetchErrorKind::TimedOut, detail));
        }
        if let Some(outage) = self.outages.since(path.node_name(), asked) {
            return Err(outage);
        }
        let start = Instant::now();
        let result = self.ask_twice(path, deadline.min(start + self.timeout), repeat).await;
        let had_no_response = result.as_ref().is_err_and(ExchangeError::had_no_response);
        let answer = match result {
            Ok(reply) => check(reply, parse).await,
            Err(failure) => Err(failure.error),
        };
        let answer = answer.map_err(|error| self.redactor.clean(error));
        let outcome = match &answer {
            Ok(_) => Outcome::Response,
            Err(error) if had_no_response => Outcome::NoResponse(error),
            Err(error) => Outcome::Error(error),
        };
        self.outages.note(path, start, outcome);
        answer
    }

    /// Retries once with a new ticket if the ticket was refused.
    async fn ask_twice(&self, path: &Path, end: Instant, repeat: Repeat) -> Result<Reply, ExchangeError> {
        let (mut reply, pass) = self.ask(path, end, repeat).await?;
        if reply.status == 401 && self.auth.refused(&pass) {
            (reply, _) = self.ask(path, end, repeat).await?;
            if reply.status == 401 {
                self.auth.give_up(&reply.error());
            }
        }
        Ok(reply)
    }

    async fn ask(&self, path: &Path, end: Instant, repeat: Repeat) -> Result<(Reply, Pass), ExchangeError> {
        let pass = self.auth.pass(&self.link, end).await?;
        let start = Instant::now();
        let make =
            |http: &reqwest::Client, root: &str| http.get(format!("{root}{path}")).header(&pass.name, &pass.value);
        match self.link.ask(path.template(), end, repeat, make).await {
            Ok(reply) => {
                if reply.status != 401 {
                    self.auth.answered(&pass);
                }
                Ok((reply, pass))
            }
            Err(failure) => {
                if failure.had_no_response() && start.elapsed() >= ENOUGH {
                    self.auth.unanswered(&pass, start);
                }
                Err(failure)
            }
        }
    }
}

async fn check<A: Send + 'static>(
    reply: Reply,
    parse: impl FnOnce(Received, &str) -> Result<A, FetchError> + Send + 'static,
) -> Result<A, FetchError> {
    if !reply.is_success() {
        return Err(reply.error());
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

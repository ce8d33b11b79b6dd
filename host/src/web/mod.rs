//! HTTP as one stack: `routes` is the route table with its layers, `server` accepts connections for it.
//!
//! | Route | Response |
//! |---|---|
//! | `GET /metrics` | the exporter's own metrics and, if a module has a `target`, that cluster |
//! | `GET /pve` | one cluster, as prometheus-pve-exporter serves it: `module`, `target`, `cluster`, `node` |
//! | `GET /sd` | the configured clusters, for Prometheus's HTTP service discovery |
//! | `GET /` | the status page: collectors, clusters, errors |
//! | `GET /-/healthy` | 200 while the process runs |
//! | `GET /-/ready` | 200 while it serves, 503 while it shuts down |
//! | `POST /-/reload` | reloads configuration and collectors, and returns what changed and what was refused |
//!
//! Handlers return a response or a `HttpRefusal`. What concerns every request (counting, security headers, authentication,
//! rate limit) is a layer, so no handler can forget it. What concerns connections comes before: `admission` counts them,
//! `exchange` times them, and `web_config` reads the file that configures TLS and authentication.

mod admission;
mod client;
mod connection;
mod counting;
mod descriptors;
mod exchange;
mod gate;
mod lifecycle;
mod listening;
mod occasionally;
mod refusal;
mod rendering;
mod routes;
mod scraping;
mod security_headers;
mod server;
mod service_discovery;
mod site;
mod status_page;
mod timeouts;
mod watched_stream;
mod web_config;

pub use listening::{ListenError, Listener, listen};
pub use server::serve;
pub use site::Site;
pub use web_config::{LiveWebConfig, WebConfigError};

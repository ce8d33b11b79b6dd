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
//! Handlers return a response or a `HttpRefusal`. What concerns every request (counting, security headers, error
//! responses) is a layer, so no handler can forget it.

mod counting;
mod https;
mod lifecycle;
mod refusal;
mod rendering;
mod routes;
mod scraping;
mod security_headers;
mod server;
mod service_discovery;
mod site;
mod status_page;

pub use https::{TlsError, acceptor};
pub use server::{ServeError, listen, serve};
pub use site::Site;

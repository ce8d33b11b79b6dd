//! The HTTP side.
//!
//! | path | answer |
//! |---|---|
//! | `GET /metrics` | the exporter's own metrics and, where a module names its `target`, that cluster |
//! | `GET /pve` | one cluster as prometheus-pve-exporter serves it: `module`, `target`, `cluster`, `node` |
//! | `GET /sd` | the configured clusters, for Prometheus's HTTP service discovery |
//! | `GET /` | a page for people: collectors, clusters, what is wrong |
//! | `GET /-/healthy` | 200 while the process runs |
//! | `POST /-/reload` | configuration and collectors read again: what changed, what was refused and why |
//! | `GET /-/ready` | 200 while it serves, 503 while it shuts down |

mod metrics;
mod sd;
mod server;
mod status;
mod tls;

pub use server::{ServeError, listen, serve};
pub use tls::{TlsError, acceptor};

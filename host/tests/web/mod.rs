//! The HTTP side: the real binary, approached as browsers, scrapers and attackers do.

mod client_certificates;
mod corpus;
mod lifecycle;
mod limits;
mod listening;
mod load;
mod passwords;
mod pki;
mod scraping;
mod secrets;
mod slow_clients;
mod stack;
mod support;
mod tls;

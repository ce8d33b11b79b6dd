//! The API client against a server that answers what a script says, byte for byte. One binary, since each links the
//! whole host.

mod answers;
mod auth;
mod connections;
mod paths;
mod server;
mod verification;

//! The API client against a scripted server, byte for byte.

mod answers;
mod auth;
mod connections;
mod identity;
mod paths;
mod server;
mod verification;

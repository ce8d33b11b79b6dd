//! Hostile collectors, clusters and clients against a running exporter. Under each of them the health endpoint responds, nothing but
//! what is attacked is lost, and memory stays bounded; afterwards every series is back.

mod clients;
mod clusters;
mod collectors;
mod siege;

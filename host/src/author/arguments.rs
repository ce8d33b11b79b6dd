//! The command line below `pve-exporter collector`.

use std::path::PathBuf;

use crate::config::ListenAddress;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// What an author asks for.
#[derive(Debug, Parser)]
#[command(about = "Write, check and try collectors", disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make a project that builds and passes its own test
    New(New),
    /// Show what a component is, what it asks for and what it gives
    Inspect(Inspect),
    /// Name every rule a component breaks; for CI
    Check(Check),
    /// Run a component on fixtures and compare with what is expected
    Test(Test),
    /// Serve what a component gives for fixtures or a cluster, and follow its changes
    Run(Run),
    /// Take fixtures from a cluster, with names, addresses and keys replaced
    Record(Record),
}

/// A component and the terms it is loaded under.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// The component, a .wasm file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Grant file [default: the one beside the component, with the ending .yml]
    #[arg(long, value_name = "PATH")]
    pub(super) grant: Option<PathBuf>,

    /// Private folder for compiled code [default: pve-exporter in $CACHE_DIRECTORY, $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "PATH")]
    pub(super) cache_directory: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,

    /// Write a grant file for all it asks for, pinned to this very file
    #[arg(long)]
    pub(super) write_grant: bool,

    /// Let --write-grant replace a file that is there
    #[arg(long, requires = "write_grant")]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,

    /// Count warnings as errors
    #[arg(long)]
    pub(super) strict: bool,

    /// Case folders to tell from how many series it gives
    #[arg(long, value_name = "DIR")]
    pub(super) fixtures: Option<PathBuf>,

    /// Nodes of the cluster that series and requests are reckoned for
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(super) nodes: u64,

    /// Guests of that cluster
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(super) guests: u64,

    /// Storages of each of its nodes
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) storages: u64,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Folder with a folder for each case
    #[arg(long, value_name = "DIR")]
    pub(super) fixtures: PathBuf,

    /// Write what the collector gives as what is expected
    #[arg(long)]
    pub(super) update: bool,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// Name of the collector: lower-case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub(super) name: String,

    /// Language it is written in
    #[arg(long, value_name = "LANG", default_value = "rust")]
    pub(super) lang: Language,

    /// Folder of the project [default: NAME]
    #[arg(long, value_name = "DIR")]
    pub(super) path: Option<PathBuf>,

    /// Folder with the crate pve-collector, in place of its published version
    #[arg(long, value_name = "DIR")]
    pub(super) sdk: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// The crate pve-collector
    Rust,
    /// componentize-js
    Js,
    /// componentize-py
    Python,
}

/// A cluster, as the exporter's configuration has it.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// Module of the configuration [default: the one that names a target]
    #[arg(long, value_name = "NAME")]
    pub(super) module: Option<String>,

    /// The configuration: modules with credentials and targets
    #[arg(long = "config.file", value_name = "PATH", default_value = "/etc/prometheus/pve.yml")]
    pub(super) config_file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) subject: Subject,

    /// Load the component again whenever it or its fixtures change, and print what that changed
    #[arg(long)]
    pub(super) watch: bool,

    /// Case folders to serve, in place of a cluster
    #[arg(long, value_name = "DIR", conflicts_with_all = ["module", "config_file"])]
    pub(super) fixtures: Option<PathBuf>,

    /// Which of the cases [default: the first]
    #[arg(long, value_name = "NAME", requires = "fixtures")]
    pub(super) case: Option<String>,

    #[command(flatten)]
    pub(super) cluster: Cluster,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9222")]
    pub(super) listen: ListenAddress,
}

#[derive(Debug, Args)]
pub(super) struct Record {
    /// The component whose requests are made, a .wasm file
    #[arg(long = "collector", value_name = "FILE")]
    pub(super) file: PathBuf,

    #[command(flatten)]
    pub(super) cluster: Cluster,

    /// Folder for the case; must not have anything in it
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,

    /// Nodes, guests or storages to record at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) places: usize,
}

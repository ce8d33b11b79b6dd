//! The command line below `pve-exporter collector`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::ListenAddress;

#[derive(Debug, Parser)]
#[command(about = "Write, check and test collectors", disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Create a project that builds and passes its own test
    New(NewArguments),
    /// Describe a component: its requests, its metrics, its grant
    Inspect(InspectArguments),
    /// Report every rule that a component breaks; for CI
    Check(CheckArguments),
    /// Run a component on fixtures and compare with the expected output
    Test(TestArguments),
    /// Serve a component's metrics for fixtures or a cluster, and follow its changes
    Run(RunArguments),
    /// Record fixtures from a cluster, with names, addresses and keys replaced
    Record(RecordArguments),
}

/// A component and the terms it is loaded under.
#[derive(Debug, Args)]
pub(super) struct ComponentArguments {
    /// The component, a .wasm file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Grant file [default: the one next to the component, with the extension .yml]
    #[arg(long, value_name = "PATH")]
    pub(super) grant: Option<PathBuf>,

    /// Private directory for compiled code [default: pve-exporter in $CACHE_DIRECTORY, $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "PATH")]
    pub(super) cache_directory: Option<PathBuf>,
}

impl ComponentArguments {
    pub(super) fn grant_file(&self) -> PathBuf {
        self.grant.clone().unwrap_or_else(|| self.file.with_extension("yml"))
    }
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    #[command(flatten)]
    pub(super) component: ComponentArguments,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,

    /// Write a grant file that allows all its requests, pinned to this file's digest
    #[arg(long)]
    pub(super) write_grant: bool,

    /// Let --write-grant overwrite an existing file
    #[arg(long, requires = "write_grant")]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) component: ComponentArguments,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,

    /// Treat warnings as errors
    #[arg(long)]
    pub(super) strict: bool,

    /// Directory of cases, to estimate the number of series from
    #[arg(long, value_name = "DIR")]
    pub(super) fixtures: Option<PathBuf>,

    /// Nodes of the cluster that series and requests are estimated for
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
pub(super) struct TestArguments {
    #[command(flatten)]
    pub(super) component: ComponentArguments,

    /// Directory with a directory for each case
    #[arg(long, value_name = "DIR")]
    pub(super) fixtures: PathBuf,

    /// Write the collector's output as the expected output
    #[arg(long)]
    pub(super) update: bool,
}

#[derive(Debug, Args)]
pub(super) struct NewArguments {
    /// Name of the collector: lower-case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub(super) name: String,

    /// Language to write it in
    #[arg(long, value_name = "LANG", default_value = "rust")]
    pub(super) lang: Language,

    /// Directory of the project [default: NAME]
    #[arg(long, value_name = "DIR")]
    pub(super) path: Option<PathBuf>,

    /// Directory of the crate pve-collector, to use instead of its published version
    #[arg(long, value_name = "DIR")]
    pub(super) sdk: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// With the crate pve-collector
    Rust,
    /// With componentize-js
    Js,
    /// With componentize-py
    Python,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ConsentArguments {
    /// Send the component's requests although it has no grant
    #[arg(long)]
    pub(super) yes: bool,
}

/// A cluster in the exporter's configuration.
#[derive(Debug, Args)]
pub(super) struct ClusterArguments {
    /// Module of the configuration [default: the one that has a target]
    #[arg(long, value_name = "NAME")]
    pub(super) module: Option<String>,

    /// The configuration: modules with credentials and targets
    #[arg(long = "config.file", value_name = "PATH", default_value = "/etc/prometheus/pve.yml")]
    pub(super) config_file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) component: ComponentArguments,

    /// Reload the component when it or its fixtures change, and print what changed in the exposition
    #[arg(long)]
    pub(super) watch: bool,

    /// Directory of cases to serve instead of a cluster
    #[arg(long, value_name = "DIR", conflicts_with_all = ["module", "config_file"])]
    pub(super) fixtures: Option<PathBuf>,

    /// Which of the cases to serve [default: the first]
    #[arg(long, value_name = "NAME", requires = "fixtures")]
    pub(super) case: Option<String>,

    #[command(flatten)]
    pub(super) consent: ConsentArguments,

    #[command(flatten)]
    pub(super) cluster: ClusterArguments,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9222")]
    pub(super) listen: ListenAddress,
}

#[derive(Debug, Args)]
pub(super) struct RecordArguments {
    /// The component whose requests to make, a .wasm file
    #[arg(long = "collector", value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Its grant [default: the .yml file next to it]
    #[arg(long, value_name = "FILE")]
    pub(super) grant: Option<PathBuf>,

    #[command(flatten)]
    pub(super) consent: ConsentArguments,

    #[command(flatten)]
    pub(super) cluster: ClusterArguments,

    /// Directory of the case to create; must be empty or not exist
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,

    /// Record at most this many nodes, guests or storages
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) places: usize,
}

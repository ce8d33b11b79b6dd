//! The command line. Names and defaults are prometheus-pve-exporter's where it has them, and, as there, an unambiguous
//! beginning of a flag is enough and the last one given counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};

use super::client::ClientOptions;
use super::web_flags::WebFlags;
use crate::limits::{LimitOverride, Limits};
use crate::units::{duration, size, size_text};

/// What the command line says.
#[derive(Debug, Clone, Parser)]
#[command(name = "pve-exporter", version, about = "Prometheus exporter for Proxmox VE with sandboxed collectors")]
#[command(infer_long_args = true, args_override_self = true, disable_help_subcommand = true)]
pub struct Flags {
    /// The configuration: modules with credentials and targets
    #[arg(long = "config.file", value_name = "PATH", default_value = "/etc/prometheus/pve.yml")]
    pub config_file: PathBuf,

    /// Check configuration, collectors and clusters, then exit: 0 good, 2 configuration, 1 anything else
    #[arg(long = "config.check")]
    pub config_check: bool,

    #[command(flatten)]
    pub web: WebFlags,

    /// Seconds to answer before Prometheus's scrape time-out
    #[arg(long = "web.timeout-offset", value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub timeout_offset: Duration,

    /// Answer /pve with 500 where anything could not be collected, as prometheus-pve-exporter does
    #[arg(long)]
    pub strict: bool,

    /// A setting of a built-in collector, such as resources.deprecated=0; may be given more than once
    #[arg(long = "collectors.setting", value_name = "COLLECTOR.SETTING=VALUE", value_parser = setting)]
    pub collectors_settings: Vec<(String, String, String)>,

    /// API requests in flight to one cluster
    #[arg(long = "api.max-concurrent", value_name = "N", default_value_t = ClientOptions::default().max_concurrent,
        value_parser = count)]
    pub api_max_concurrent: usize,

    /// API requests in flight to one node, which has three workers
    #[arg(long = "api.max-concurrent-per-node", value_name = "N", default_value_t = ClientOptions::default().max_concurrent_per_node,
        value_parser = count)]
    pub api_max_concurrent_per_node: usize,

    /// Largest API answer accepted, decompressed
    #[arg(long = "api.max-body", value_name = "SIZE", 
        default_value = size_text(ClientOptions::default().max_body), value_parser = body_size)]
    pub api_max_body: usize,

    /// How old an answer may be at most, whatever a collector allows; 0s asks for everything at each scrape
    #[arg(long = "api.max-age", value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub api_max_age: Duration,

    /// Folder with collectors (*.wasm, each with its grant *.yml beside it); may be given more than once
    #[arg(long = "collectors.directory", value_name = "PATH")]
    pub collectors_directories: Vec<PathBuf>,

    /// How often the folders are looked at where nothing reports a change
    #[arg(long = "collectors.poll-interval", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub collectors_poll_interval: Duration,

    /// A limit of every collector, such as cpu=500ms; may be given more than once; grants may set their own
    #[arg(long = "sandbox.limit", value_name = "LIMIT=VALUE", value_parser = limit)]
    pub sandbox_limits: Vec<LimitOverride>,

    /// Most memory any collector may be granted
    #[arg(long = "sandbox.max-memory", value_name = "SIZE", default_value = "512MiB", value_parser = size)]
    pub sandbox_max_memory: usize,

    /// Private folder for compiled code [default: pve-exporter in $CACHE_DIRECTORY, $XDG_CACHE_HOME or ~/.cache]
    #[arg(long = "sandbox.cache-directory", value_name = "PATH")]
    pub sandbox_cache_directory: Option<PathBuf>,

    /// Collectors running at once [default: twice the number of processors, 4 at least]
    #[arg(long = "sandbox.max-instances", value_name = "N", default_value_t = default_instances(), value_parser = count,
        hide_default_value = true)]
    pub sandbox_max_instances: usize,

    /// Lowest level that is logged
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: LogLevel,

    /// Form of a log line
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", ignore_case = true)]
    pub log_format: LogFormat,

    /// What `--collector.<name>` and `--no-collector.<name>` say; a collector that no flag names is not in it.
    #[arg(skip)]
    pub collectors: BTreeMap<String, bool>,
}

impl Flags {
    /// The command line's grammar, with a pair of flags for each of these collectors.
    pub fn command(builtins: &[&str]) -> Command {
        builtins.iter().fold(<Self as CommandFactory>::command(), |command, name| {
            let (on, off) = (format!("collector.{name}"), format!("no-collector.{name}"));
            let flag = |id: &str, other: &str| {
                Arg::new(id.to_owned())
                    .long(id.to_owned())
                    .action(ArgAction::SetTrue)
                    .overrides_with(other.to_owned())
                    .help_heading("Collectors")
            };
            command
                .arg(flag(&on, &off).help(format!("Run the collector {name}; --{off} leaves it out")))
                .arg(flag(&off, &on).hide(true))
        })
    }

    /// From what [`Flags::command`], perhaps with subcommands added, matched.
    pub fn from_matches(matches: &ArgMatches, builtins: &[&str]) -> Result<Self, clap::Error> {
        let mut flags = <Self as FromArgMatches>::from_arg_matches(matches)?;
        for name in builtins {
            if matches.get_flag(&format!("collector.{name}")) {
                flags.collectors.insert((*name).to_owned(), true);
            } else if matches.get_flag(&format!("no-collector.{name}")) {
                flags.collectors.insert((*name).to_owned(), false);
            }
        }
        Ok(flags)
    }

    /// Both steps, from arguments that begin with the program's name.
    pub fn parse_args<A>(arguments: impl IntoIterator<Item = A>, builtins: &[&str]) -> Result<Self, clap::Error>
    where
        A: Into<OsString> + Clone,
    {
        Self::from_matches(&Self::command(builtins).try_get_matches_from(arguments)?, builtins)
    }

    /// The bounds of API clients.
    #[must_use]
    pub fn client_options(&self) -> ClientOptions {
        ClientOptions {
            max_concurrent: self.api_max_concurrent,
            max_concurrent_per_node: self.api_max_concurrent_per_node,
            max_body: self.api_max_body,
            ..ClientOptions::default()
        }
    }

    /// The limits of every collector.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::default().with(&self.sandbox_limits)
    }

    /// Whether a collector runs; `default` if no flag names it.
    pub fn collector(&self, name: &str, default: bool) -> bool {
        self.collectors.get(name).copied().unwrap_or(default)
    }
}

/// Lowest level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Every request.
    Debug,
    /// What changes.
    Info,
    /// What was lost.
    Warn,
    /// What stops.
    Error,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `level=info msg="…"`.
    Logfmt,
    /// One JSON object a line.
    Json,
}

fn default_instances() -> usize {
    std::thread::available_parallelism().map_or(4, |processors| (processors.get() * 2).max(4))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "write seconds, such as 0.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "write seconds, 0 or more".to_owned())
}

fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=10_000).contains(n))
        .ok_or_else(|| "write a whole number from 1 to 10000".to_owned())
}

/// Collector, setting and value.
fn setting(text: &str) -> Result<(String, String, String), String> {
    let remedy = || "write collector.setting=value, such as resources.deprecated=0".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(remedy)?;
    let (collector, setting) = name.split_once('.').ok_or_else(remedy)?;
    Ok((collector.to_owned(), setting.to_owned(), value.to_owned()))
}

fn limit(text: &str) -> Result<LimitOverride, String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write limit=value, such as cpu=500ms".to_owned())?;
    LimitOverride::parse(name, value)
}

fn body_size(text: &str) -> Result<usize, String> {
    size(text).and_then(|bytes| {
        if bytes >= 1 << 10 { Ok(bytes) } else { Err("write a size of 1 KiB at least, such as 32MiB".to_owned()) }
    })
}

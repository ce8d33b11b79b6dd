//! The command line. Names and defaults are prometheus-pve-exporter's where it has them. As there, unambiguous prefixes of flags
//! are accepted, and the last value of a flag counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};

use super::client::ClientOptions;
use crate::budget::default_budget;
use crate::limits::{LimitOverride, Limits};
use crate::units::{duration, size, size_text};

/// With less than this, not even small clusters can be scraped.
const LEAST_BUDGET: usize = 16 << 20;

/// Switches of prometheus-pve-exporter for its own metrics: accepted, so that its command lines keep working. The exporter always
/// exports such metrics, as `pve_exporter_api_…` and `pve_exporter_scrape_…`.
const PEER_SWITCHES: [&str; 2] = ["pve-api-metrics", "target-metrics"];

#[derive(Debug, Clone, Parser)]
#[command(name = "pve-exporter", version, about = "Prometheus exporter for Proxmox VE with sandboxed collectors")]
#[command(infer_long_args = true, args_override_self = true, disable_help_subcommand = true)]
pub struct Flags {
    /// Configuration file: modules with credentials and targets
    #[arg(long = "config.file", value_name = "PATH", default_value = "/etc/prometheus/pve.yml")]
    pub config_file: PathBuf,

    /// Check configuration, collectors and clusters, then exit: 0 success, 2 wrong configuration, 1 any other error
    #[arg(long = "config.check")]
    pub config_check: bool,

    /// Host that --config.check scrapes with the modules that have no target
    #[arg(long = "target", value_name = "HOST", requires = "config_check")]
    pub target: Option<String>,

    /// Address to listen on; repeatable
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = "[::]:9221")]
    pub listen_addresses: Vec<ListenAddress>,

    /// Seconds to respond before Prometheus's scrape timeout
    #[arg(long = "web.timeout-offset", value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub timeout_offset: Duration,

    /// Respond to /pve with 500 if anything could not be collected, as prometheus-pve-exporter does
    #[arg(long)]
    pub strict: bool,

    /// Setting of a built-in collector, such as resources.deprecated=0; repeatable
    #[arg(long = "collectors.setting", value_name = "COLLECTOR.SETTING=VALUE", value_parser = setting)]
    pub collectors_settings: Vec<(String, String, String)>,

    /// PEM file with the private key for HTTPS
    #[arg(long = "server.keyfile", value_name = "PATH", requires = "server_certfile")]
    pub server_keyfile: Option<PathBuf>,

    /// PEM file with the certificate for HTTPS
    #[arg(long = "server.certfile", value_name = "PATH", requires = "server_keyfile")]
    pub server_certfile: Option<PathBuf>,

    /// Maximum API requests in flight to one cluster
    #[arg(long = "api.max-concurrent", value_name = "N", default_value_t = ClientOptions::default().max_concurrent,
        value_parser = count)]
    pub api_max_concurrent: usize,

    /// Maximum API requests in flight to one node, which has three workers
    #[arg(long = "api.max-concurrent-per-node", value_name = "N", default_value_t = ClientOptions::default().max_concurrent_per_node,
        value_parser = count)]
    pub api_max_concurrent_per_node: usize,

    /// Maximum size of an API response, decompressed
    #[arg(long = "api.max-body", value_name = "SIZE", 
        default_value = size_text(ClientOptions::default().max_body), value_parser = body_size)]
    pub api_max_body: usize,

    /// Maximum age of reused API responses, whatever collectors allow; 0s requests everything at each scrape
    #[arg(long = "api.max-age", value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub api_max_age: Duration,

    /// Directory with third-party collectors (*.wasm, each with its grant *.yml next to it); repeatable
    #[arg(long = "collectors.directory", value_name = "PATH")]
    pub collectors_directories: Vec<PathBuf>,

    /// How often the directories are read if the system reports no changes
    #[arg(long = "collectors.poll-interval", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub collectors_poll_interval: Duration,

    /// Limit of every collector, such as cpu=500ms; repeatable; grants can override it
    #[arg(long = "sandbox.limit", value_name = "LIMIT=VALUE", value_parser = limit)]
    pub sandbox_limits: Vec<LimitOverride>,

    /// Maximum memory that a grant can allow
    #[arg(long = "sandbox.max-memory", value_name = "SIZE", default_value = "512MiB", value_parser = size)]
    pub sandbox_max_memory: usize,

    /// Memory for answers, collectors and responses together [default: half of the cgroup's or the machine's, at most 512MiB]
    #[arg(long = "memory.budget", value_name = "SIZE", default_value = size_text(default_budget()), value_parser = budget,
        hide_default_value = true)]
    pub memory_budget: usize,

    /// Private directory for compiled code [default: $CACHE_DIRECTORY, or pve-exporter in $XDG_CACHE_HOME or ~/.cache]
    #[arg(long = "sandbox.cache-directory", value_name = "PATH")]
    pub sandbox_cache_directory: Option<PathBuf>,

    /// Maximum collector calls running at once [default: twice the number of processors, at least 4]
    #[arg(long = "sandbox.max-instances", value_name = "N", default_value_t = default_instances(), value_parser = count,
        hide_default_value = true)]
    pub sandbox_max_instances: usize,

    /// Lowest level to log
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: LogLevel,

    /// Format of log lines
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", ignore_case = true)]
    pub log_format: LogFormat,

    /// Collectors named by `--collector.<name>` (true) or `--no-collector.<name>` (false).
    #[arg(skip)]
    pub collectors: BTreeMap<String, bool>,

    /// Whether the command line has `--config.file`.
    #[arg(skip)]
    pub config_file_given: bool,
}

impl Flags {
    /// The command line's syntax, with a pair of flags for each of these collectors.
    pub fn command(builtins: &[&str]) -> Command {
        let command = builtins.iter().fold(<Self as CommandFactory>::command(), |command, name| {
            let [on, off] = switch(name);
            let help = format!("Run the collector {name}; --no-collector.{name} disables it");
            command.arg(on.help(help)).arg(off.hide(true))
        });
        PEER_SWITCHES.iter().fold(command, |command, name| {
            let [on, off] = switch(name);
            command.arg(on.hide(true)).arg(off.hide(true))
        })
    }

    /// From the matches of [`Flags::command`], to which subcommands may have been added.
    pub fn from_matches(matches: &ArgMatches, builtins: &[&str]) -> Result<Self, clap::Error> {
        let mut flags = <Self as FromArgMatches>::from_arg_matches(matches)?;
        flags.config_file_given = matches.value_source("config_file") == Some(ValueSource::CommandLine);
        for name in builtins {
            if matches.get_flag(&format!("collector.{name}")) {
                flags.collectors.insert((*name).to_owned(), true);
            } else if matches.get_flag(&format!("no-collector.{name}")) {
                flags.collectors.insert((*name).to_owned(), false);
            }
        }
        Ok(flags)
    }

    /// Both steps; the arguments start with the program's name.
    pub fn parse_args<A>(arguments: impl IntoIterator<Item = A>, builtins: &[&str]) -> Result<Self, clap::Error>
    where
        A: Into<OsString> + Clone,
    {
        Self::from_matches(&Self::command(builtins).try_get_matches_from(arguments)?, builtins)
    }

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

    /// Whether a collector is enabled; `default` if no flag names it.
    pub fn collector(&self, name: &str, default: bool) -> bool {
        self.collectors.get(name).copied().unwrap_or(default)
    }
}

/// The flags `--collector.<name>` and `--no-collector.<name>`, of which the last one counts.
fn switch(name: &str) -> [Arg; 2] {
    let flag = |id: String, other: String| {
        let arg = Arg::new(id.clone()).long(id).action(ArgAction::SetTrue);
        arg.overrides_with(other).help_heading("Collectors")
    };
    let (on, off) = (format!("collector.{name}"), format!("no-collector.{name}"));
    [flag(on.clone(), off.clone()), flag(off, on)]
}

/// Where to listen. `:9221` is every address; host names are resolved when the socket is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Without brackets.
    pub host: String,
    /// 0 is any free port.
    pub port: u16,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let remedy = || "write host:port, [address]:port or :port".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(remedy)?;
        let port = port.parse().map_err(|_| remedy())?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().map_err(|_| remedy())?.to_string(),
            None if host.contains([':', '[', ']', '/', ' ']) => return Err(remedy()),
            None if host.is_empty() => "::".to_owned(),
            None => host.to_owned(),
        };
        Ok(Self { host, port })
    }
}

/// In the format of `TcpListener::bind`.
impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Logfmt,
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

fn budget(text: &str) -> Result<usize, String> {
    size(text).and_then(|bytes| {
        if bytes >= LEAST_BUDGET { Ok(bytes) } else { Err("write a size of at least 16MiB, such as 256MiB".to_owned()) }
    })
}

fn body_size(text: &str) -> Result<usize, String> {
    size(text).and_then(|bytes| {
        if bytes >= 1 << 10 { Ok(bytes) } else { Err("write a size of 1 KiB at least, such as 32MiB".to_owned()) }
    })
}

//! `--web.config.file`: TLS, authentication, headers and rate limit, in the format of the Prometheus exporter toolkit
//! (docs/web-configuration.md there).
//!
//! Every mistake is reported at once with its key and the remedy; no value is quoted, since any could be a misplaced secret. The
//! toolkit accepts a few files that can't do what they seem to say; those are refused here (`tests/web/corpus/stricter`).

mod client_certificates;
mod error;
mod go_duration;
mod live;
mod pem;
mod place;
mod rate_limit;
mod response_headers;
mod section;
mod sources;
mod subject_names;
mod tls_keys;
mod tls_names;
mod tls_server;
mod users;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::WebFlags;
use crate::yaml::{self, Node};

pub use error::WebConfigError;
pub use live::LiveWebConfig;

use rate_limit::RateLimit;
pub(super) use response_headers::ResponseHeaders;
use section::{Problems, Section};
use sources::Sources;
use tls_keys::TlsKeys;
pub(super) use tls_server::HTTP_2;
use tls_server::Tls;
pub(super) use users::{Credentials, Users};

/// What decides how connections and requests are treated.
#[derive(Debug, Default)]
pub(super) struct WebConfig {
    /// `None`: plain HTTP.
    pub(super) tls: Option<Tls>,
    pub(super) headers: ResponseHeaders,
    /// `None`: no basic authentication.
    pub(super) users: Option<Arc<Users>>,
    pub(super) rate_limit: Option<Arc<RateLimit>>,
    /// What is ignored, to be logged.
    warnings: Vec<String>,
}

/// Where the configuration comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// Plain HTTP.
    Nowhere,
    File(PathBuf),
    /// `--server.certfile` and `--server.keyfile`.
    Certificate {
        certificate: PathBuf,
        key: PathBuf,
    },
}

impl Origin {
    fn of(flags: &WebFlags) -> Self {
        match (flags.config_file(), &flags.server_certfile, &flags.server_keyfile) {
            (Some(file), _, _) => Self::File(file.to_owned()),
            (None, Some(certificate), Some(key)) => {
                Self::Certificate { certificate: certificate.clone(), key: key.clone() }
            }
            _ => Self::Nowhere,
        }
    }

    /// The file that errors are about, unless they name a flag.
    fn file(&self) -> Option<PathBuf> {
        if let Self::File(file) = self { Some(file.clone()) } else { None }
    }
}

impl WebConfig {
    /// Whether a client needs a password or a verified certificate.
    pub(super) fn authenticates(&self) -> bool {
        self.users.is_some() || self.tls.as_ref().is_some_and(|tls| tls.authenticates)
    }

    fn load(origin: &Origin, sources: &mut Sources) -> Result<Self, WebConfigError> {
        let mut problems = Problems::default();
        let config = match origin {
            Origin::Nowhere => Self::default(),
            Origin::File(file) => Self::read(document(file, sources)?, file, sources, &mut problems),
            Origin::Certificate { certificate, key } => {
                let keys = TlsKeys::of_flags(certificate, key, sources, &mut problems);
                sources.has_secret(key);
                let mut config = Self::default();
                config.tls = keys.and_then(|keys| Tls::new(&keys, true, &mut config.warnings, &mut problems));
                config
            }
        };
        problems.into_result(config, origin.file())
    }

    fn read(document: Node, file: &Path, sources: &mut Sources, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        let mut root = Section::root(document, problems);
        let mut http = root.section("http_server_config", problems);
        let http2 = http.boolean("http2", true, problems);
        config.headers = ResponseHeaders::read(http.section("headers", problems), problems);
        http.finish(problems);
        let folder = file.parent().unwrap_or(Path::new(""));
        let tls = TlsKeys::read(root.section("tls_server_config", problems), folder, sources, problems);
        if let Some(tls) = &tls {
            sources.has_secret(tls.key.file().unwrap_or(file));
        }
        config.tls = tls.and_then(|tls| Tls::new(&tls, http2, &mut config.warnings, problems));
        config.users = Users::read(root.section("basic_auth_users", problems), problems).map(Arc::new);
        if config.users.is_some() {
            sources.has_secret(file);
        }
        config.rate_limit = RateLimit::read(root.section("rate_limit", problems), problems).map(Arc::new);
        root.finish(problems);
        config
    }

    /// Keeps the bucket of an unchanged rate limit, so that a reload does not fill it.
    fn inherit(&mut self, before: &Self) {
        if let (Some(limit), Some(before)) = (&mut self.rate_limit, &before.rate_limit)
            && limit.same(before)
        {
            *limit = Arc::clone(before);
        }
    }
}

/// The file as YAML.
fn document(file: &Path, sources: &mut Sources) -> Result<Node, WebConfigError> {
    let text = sources.read(file).and_then(yaml::decode);
    let text = text.map_err(|error| WebConfigError::Unreadable { path: file.to_owned(), error })?;
    yaml::parse(&text).map_err(|error| WebConfigError::Syntax { path: file.to_owned(), error })
}

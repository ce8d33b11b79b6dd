//! Grants: what an operator allows a third-party collector to see and use, in `name.yml` next to `name.wasm`.
//!
//! A grant allows requests by their exact template, without wildcards or prefixes. If a manifest has a request that its grant does
//! not allow, the component is refused with the lines to add.

use crate::limits::{LimitOverride, Limits};
use crate::request::Template;
use crate::schema::Schema;

/// A parsed grant file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grant {
    /// The SHA-256 of the only component it is for, in lower-case hexadecimal; `None` for any component.
    pub sha256: Option<String>,
    pub allow: Vec<Template>,
    pub settings: Vec<(String, String)>,
    pub(super) limits: Vec<LimitOverride>,
}

/// Why a grant does not cover a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("its sha256 is {found}, but the grant is for {granted}; if you trust this version, write: sha256: {found}")]
    Digest { found: String, granted: String },
    #[error("the collector requests more than is allowed; add to its grant file: {}", allow_lines(.missing))]
    Requests { missing: Vec<String> },
    /// No grant can allow it.
    #[error("the collector requests {path}, which no grant can allow: {reason}")]
    Forbidden { path: String, reason: String },
}

impl Grant {
    /// The collector's limits: the grant's, and `global` for the others.
    #[must_use]
    pub fn limits(&self, global: &Limits) -> Limits {
        global.with(&self.limits)
    }

    /// Checks a version of a component: the one rule for everything that serves from a folder.
    pub fn check(&self, digest: &str, schema: &Schema) -> Result<(), Refusal> {
        self.check_digest(digest)?;
        self.check_requests(schema)
    }

    /// The part of [`check`](Self::check) that needs no manifest, so that other components are not even compiled.
    pub fn check_digest(&self, digest: &str) -> Result<(), Refusal> {
        match &self.sha256 {
            Some(granted) if granted != digest => {
                Err(Refusal::Digest { found: digest.to_owned(), granted: granted.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The part of [`check`](Self::check) about the manifest.
    pub fn check_requests(&self, schema: &Schema) -> Result<(), Refusal> {
        for template in schema.requests.iter().map(|request| &request.template) {
            if let Some(reason) = template.forbidden() {
                return Err(Refusal::Forbidden { path: template.to_string(), reason: reason.to_owned() });
            }
        }
        let missing: Vec<String> = schema
            .requests
            .iter()
            .map(|request| &request.template)
            .filter(|template| !self.allow.contains(template))
            .map(ToString::to_string)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Refusal::Requests { missing }) }
    }
}

fn allow_lines(missing: &[String]) -> String {
    let quoted: Vec<String> = missing.iter().map(|path| format!("\"{path}\"")).collect();
    format!("allow: [{}]", quoted.join(", "))
}

//! What a new configuration changes, in words without values.

use std::collections::BTreeSet;

use super::module::{Config, Module};

impl Config {
    /// What another configuration changes in this one: a line for each module.
    #[must_use]
    pub fn changes(&self, to: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.modules.keys().chain(to.modules.keys()).collect();
        let change = |name: &String| match (self.modules.get(name), to.modules.get(name)) {
            (None, _) => Some(format!("added module {name}")),
            (_, None) => Some(format!("removed module {name}")),
            (Some(old), Some(new)) => {
                let keys = differences(old, new);
                (!keys.is_empty()).then(|| format!("changed module {name}: {}", keys.join(", ")))
            }
        };
        names.into_iter().filter_map(change).collect()
    }
}

/// The keys with other values.
fn differences(old: &Module, new: &Module) -> Vec<&'static str> {
    let Module {
        name: _,
        targets,
        allowed_targets,
        credentials,
        port,
        verify,
        timeout,
        path_prefix,
        client_certificate,
        max_concurrent,
        max_concurrent_per_node,
    } = old;
    let same = [
        ("user, token or password", *credentials == new.credentials),
        ("target", *targets == new.targets),
        ("allowed_targets", *allowed_targets == new.allowed_targets),
        ("port", *port == new.port),
        ("verify_ssl or fingerprint", *verify == new.verify),
        ("cert", *client_certificate == new.client_certificate),
        ("timeout", *timeout == new.timeout),
        ("path_prefix", *path_prefix == new.path_prefix),
        ("max_concurrent", *max_concurrent == new.max_concurrent),
        ("max_concurrent_per_node", *max_concurrent_per_node == new.max_concurrent_per_node),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(key, _)| key).collect()
}

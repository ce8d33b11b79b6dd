//! Pseudonyms for what a recording must not reveal: who owns the cluster, where it is, what runs on it.
//!
//! Three kinds of text are replaced: names that the cluster has (nodes, guests, storages) wherever they occur, members
//! whose key says that they identify somebody (serial numbers, notes, keys), and texts of a recognisable form (addresses,
//! UUIDs, fingerprints). The same text has the same pseudonym everywhere. Pseudonyms are numbered in the order of the
//! texts, so a second recording has the same ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::members::{is_contained, pseudonym_prefix};
use super::scrubber::{Pattern, scan};

/// Storages that every installation has: they reveal nothing, and readers know them.
const COMMON_STORAGES: [&str; 3] = ["local", "local-lvm", "local-zfs"];

/// File extensions, which are not domains: `node01.pem`.
const FILE_EXTENSIONS: [&str; 6] = ["cfg", "conf", "json", "key", "log", "pem"];

/// Names that the cluster has.
#[derive(Debug, Default)]
pub(super) struct ClusterNames {
    pub(super) nodes: BTreeSet<String>,
    guests: BTreeSet<String>,
    storages: BTreeSet<String>,
    clusters: BTreeSet<String>,
}

impl ClusterNames {
    /// Adds the names in `/cluster/status` and `/cluster/resources`.
    pub(super) fn discover(&mut self, answers: impl Iterator<Item = Value>) {
        for answer in answers {
            for entry in answer.as_array().into_iter().flatten() {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
                let name = text("name").filter(|name| !name.is_empty());
                match text("type").as_deref() {
                    Some("qemu" | "lxc") => self.guests.extend(name),
                    Some("storage") => self.storages.extend(text("storage")),
                    Some("cluster") => self.clusters.extend(name),
                    _ => {}
                }
            }
        }
    }

    /// Pseudonyms for these names and for everything else in the answers that needs one.
    pub(super) fn pseudonyms<'a>(&self, answers: impl Iterator<Item = &'a Value>) -> Pseudonyms {
        let mut found = Identifying::default();
        for answer in answers {
            found.walk(answer, None);
        }
        let mut names = BTreeMap::new();
        let storages = self.storages.iter().filter(|name| !COMMON_STORAGES.contains(&name.as_str()));
        number(&mut names, self.clusters.iter(), |n| format!("cluster{n:02}"));
        number(&mut names, self.guests.iter(), |n| format!("guest{n:02}"));
        number(&mut names, storages, |n| format!("storage{n:02}"));
        // Last, to win over others of the same name: paths contain node names.
        number(&mut names, self.nodes.iter(), |n| format!("node{n:02}"));
        let mut members = BTreeMap::new();
        for (prefix, texts) in &found.members {
            let mut pseudonyms = BTreeMap::new();
            number(&mut pseudonyms, texts.iter(), |n| format!("{prefix}-{n:02}"));
            if is_contained(prefix) {
                let new = pseudonyms.iter().filter(|(name, _)| !names.contains_key(*name));
                let new: Vec<_> = new.map(|(name, pseudonym)| (name.clone(), pseudonym.clone())).collect();
                names.extend(new);
            }
            members.insert(*prefix, pseudonyms);
        }
        let mut longest: Vec<(String, String)> = names.into_iter().collect();
        longest.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut patterns = BTreeMap::new();
        for (pattern, texts) in &found.patterns {
            let mut pseudonyms = BTreeMap::new();
            number(&mut pseudonyms, texts.iter(), |n| pattern.pseudonym(n));
            patterns.insert(*pattern, pseudonyms);
        }
        Pseudonyms { names: longest, members, patterns }
    }
}

fn number<'a>(
    into: &mut BTreeMap<String, String>,
    texts: impl Iterator<Item = &'a String>,
    pseudonym: impl Fn(usize) -> String,
) {
    for (position, text) in texts.enumerate() {
        into.insert(text.clone(), pseudonym(position + 1));
    }
}

/// Texts in the answers that need a pseudonym, besides names.
#[derive(Debug, Default)]
struct Identifying {
    members: BTreeMap<&'static str, BTreeSet<String>>,
    patterns: BTreeMap<Pattern, BTreeSet<String>>,
}

impl Identifying {
    fn walk(&mut self, value: &Value, key: Option<&str>) {
        match value {
            Value::String(text) => match pseudonym_prefix(key) {
                Some(prefix) => drop(self.members.entry(prefix).or_default().insert(text.clone())),
                None => self.scan(text),
            },
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, key)),
            Value::Object(members) => {
                for (key, member) in members {
                    self.scan(key);
                    self.walk(member, Some(key));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn scan(&mut self, text: &str) {
        for (pattern, found) in scan(text).filter_map(|(piece, pattern)| Some((pattern?, piece))) {
            self.patterns.entry(pattern).or_default().insert(found.to_owned());
        }
    }
}

/// The pseudonym of each text.
#[derive(Debug)]
pub(super) struct Pseudonyms {
    /// Longest first, so that a name within a longer one does not replace part of it.
    names: Vec<(String, String)>,
    members: BTreeMap<&'static str, BTreeMap<String, String>>,
    patterns: BTreeMap<Pattern, BTreeMap<String, String>>,
}

impl Pseudonyms {
    /// The answer with everything replaced.
    pub(super) fn replace(&self, value: &Value) -> Value {
        self.replace_member(value, None)
    }

    fn replace_member(&self, value: &Value, key: Option<&str>) -> Value {
        match value {
            Value::String(text) => {
                Value::String(match pseudonym_prefix(key).and_then(|prefix| self.members.get(prefix)) {
                    Some(pseudonyms) => pseudonyms.get(text).cloned().unwrap_or_default(),
                    None => self.text(text),
                })
            }
            Value::Array(items) => items.iter().map(|item| self.replace_member(item, key)).collect(),
            Value::Object(members) => Value::Object(
                members.iter().map(|(key, member)| (self.text(key), self.replace_member(member, Some(key)))).collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// The text with names and addresses replaced.
    pub(super) fn text(&self, text: &str) -> String {
        let (mut scrubbed, mut plain) = (String::with_capacity(text.len()), String::new());
        for (piece, pattern) in scan(text) {
            match pattern.and_then(|pattern| self.patterns.get(&pattern)?.get(piece)) {
                Some(pseudonym) => {
                    scrubbed.push_str(&self.rename(&std::mem::take(&mut plain)));
                    scrubbed.push_str(pseudonym);
                }
                // Collected first: a name may contain spaces, which end a piece.
                None => plain.push_str(piece),
            }
        }
        scrubbed.push_str(&self.rename(&plain));
        scrubbed
    }

    /// Replaces names that are not part of a longer word. Replacements are not searched again.
    fn rename(&self, text: &str) -> String {
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        let mut before: Option<char> = None;
        while let Some(first) = rest.chars().next() {
            let begins = before.is_none_or(|before| !before.is_alphanumeric());
            let named = self.names.iter().filter(|_| begins).find_map(|(name, pseudonym)| {
                let behind = rest.strip_prefix(name.as_str()).filter(|_| !name.is_empty())?;
                let ends = behind.chars().next().is_none_or(|after| !after.is_alphanumeric());
                ends.then_some((behind, pseudonym))
            });
            match named {
                Some((behind, pseudonym)) => {
                    renamed.push_str(pseudonym);
                    let domain = domain(behind);
                    if domain > 0 {
                        renamed.push_str(".example.com");
                    }
                    (rest, before) = (behind.get(domain..).unwrap_or_default(), Some('0'));
                }
                None => {
                    renamed.push(first);
                    (rest, before) = (rest.get(first.len_utf8()..).unwrap_or_default(), Some(first));
                }
            }
        }
        renamed
    }

    /// How many texts were replaced, for people.
    pub(super) fn describe(&self) -> String {
        let names = (!self.names.is_empty()).then(|| format!("{} names", self.names.len()));
        let members = self.members.iter().map(|(prefix, texts)| format!("{} × {prefix}", texts.len()));
        let patterns = self.patterns.iter().map(|(pattern, texts)| format!("{} {}", texts.len(), pattern.plural()));
        let all: Vec<String> = names.into_iter().chain(members).chain(patterns).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    }
}

/// Length of the domain at the beginning of a text, including its first dot: a domain after a host name reveals the owner.
fn domain(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')).unwrap_or(text.len());
    let domain = text.get(..end).unwrap_or_default().trim_end_matches('.');
    let labels = domain.strip_prefix('.').unwrap_or_default();
    let last = labels.rsplit('.').next().unwrap_or_default();
    let is_domain = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_domain && !FILE_EXTENSIONS.contains(&labels) { domain.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms(answer: &Value) -> Pseudonyms {
        let mut names = ClusterNames::default();
        names.nodes.extend(["alpha".to_owned(), "alpha2".to_owned()]);
        names.discover(std::iter::once(serde_json::json!([
            {"type": "qemu", "name": "payroll"}, {"type": "storage", "storage": "vault"}, {"type": "storage", "storage": "local"}
        ])));
        names.pseudonyms(std::iter::once(answer))
    }

    #[test]
    fn everything_that_identifies_is_replaced() {
        let answer = serde_json::json!({
            "node": "alpha2", "id": "qemu/100", "name": "payroll", "volume": "vault:vm-100-disk-0", "local": "local:iso",
            "ip": "10.1.2.3", "again": "http://10.1.2.3:8006/", "serial": "S3CR3T", "uuid": "a3bb189e-8bf9-3888-9912-ace4e6543002",
            "net0": "virtio=BC:24:11:AA:BB:CC,bridge=vmbr0", "alpha": {"alphabet": "x"}, "maxmem": 7,
            "url": "https://alpha.corp.example.org/x", "file": "alpha.pem", "notes": ["of payroll"],
            "pool": "finance", "link": "/pool/finance", "disk": "ata-X_S3CR3T-part1"
        });
        let replaced = pseudonyms(&answer).replace(&answer).to_string();
        for gone in ["alpha2", "payroll", "vault", "10.1.2.3", "S3CR3T", "a3bb189e", "BC:24", "corp", "finance"] {
            assert!(!replaced.contains(gone), "{gone}: {replaced}");
        }
        for stays in [
            "\"node02\"",
            "qemu/100",
            "storage01:vm-100-disk-0",
            "local:iso",
            "alphabet",
            "bridge=vmbr0",
            "http://192.0.2.1:8006/",
            "\"/pool/pool-01\"",
            "ata-X_serial-01-part1",
        ] {
            assert!(replaced.contains(stays), "{stays}: {replaced}");
        }
    }
}

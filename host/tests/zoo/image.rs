//! Values as they lie in a component's memory: the canonical ABI's layout of manifests and results.
//!
//! Written by hand, so that a component can hold what no SDK would make. Equal strings and lists are stored once, and
//! every list that has them points there: a small file can claim to be a large answer.

use std::collections::HashMap;

use pve_collector::contract::{Failure, Kind, Manifest, Metric, Output, Request, Row, StateSet, Table, Value};

/// Where the image begins: nothing lies at address 0.
pub(crate) const BASE: u32 = 4096;

/// A piece of memory in the making.
#[derive(Default)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
}

impl Image {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn store(&mut self, value: Vec<u8>) -> u32 {
        if let Some(address) = self.known.get(&value) {
            return *address;
        }
        // The strictest alignment there is, for all.
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = BASE + u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend_from_slice(&value);
        self.known.insert(value, address);
        address
    }

    fn string(&mut self, text: &str) -> Vec<u8> {
        let address = self.store(text.as_bytes().to_vec());
        words(&[address, text.len().try_into().unwrap()])
    }

    fn list<T>(&mut self, items: &[T], mut lower: impl FnMut(&mut Self, &T) -> Vec<u8>) -> Vec<u8> {
        let mut elements = Vec::new();
        for item in items {
            elements.extend(lower(self, item));
        }
        let address = self.store(elements);
        words(&[address, items.len().try_into().unwrap()])
    }

    fn strings(&mut self, texts: &[String]) -> Vec<u8> {
        self.list(texts, |image, text| image.string(text))
    }

    /// The address of a manifest.
    pub(crate) fn manifest(&mut self, manifest: &Manifest) -> u32 {
        let Manifest { name, version, description, requests, tables } = manifest;
        let mut value = [self.string(name), self.string(version), self.string(description)].concat();
        value.extend(self.list(requests, Self::request));
        value.extend(self.list(tables, Self::table));
        self.store(value)
    }

    fn request(&mut self, request: &Request) -> Vec<u8> {
        let Request { path, max_age_seconds, optional } = request;
        [self.string(path), words(&[*max_age_seconds, u32::from(*optional)])].concat()
    }

    fn table(&mut self, table: &Table) -> Vec<u8> {
        [self.strings(&table.label_names), self.list(&table.metrics, Self::metric)].concat()
    }

    fn metric(&mut self, Metric { name, help, kind }: &Metric) -> Vec<u8> {
        let kind = match kind {
            Kind::Gauge => words(&[0, 0, 0, 0, 0]),
            Kind::Counter => words(&[1, 0, 0, 0, 0]),
            Kind::Info => words(&[2, 0, 0, 0, 0]),
            Kind::StateSet(StateSet { label, states }) => {
                [words(&[3]), self.string(label), self.strings(states)].concat()
            }
        };
        [self.string(name), self.string(help), kind].concat()
    }

    /// The address of what `collect` gives.
    pub(crate) fn result(&mut self, result: &Result<Output, Failure>) -> u32 {
        let value = match result {
            Ok(Output { rows, warnings }) => [words(&[0]), self.list(rows, Self::row), self.strings(warnings)].concat(),
            Err(failure) => {
                let (case, text) = match failure {
                    Failure::Malformed(text) => (0, text),
                    Failure::Settings(text) => (1, text),
                    Failure::Other(text) => (2, text),
                };
                [words(&[1, case]), self.string(text), words(&[0])].concat()
            }
        };
        self.store(value)
    }

    fn row(&mut self, Row { table, labels, values }: &Row) -> Vec<u8> {
        [words(&[*table]), self.strings(labels), self.list(values, |_, value| lower_value(*value))].concat()
    }
}

fn lower_value(value: Value) -> Vec<u8> {
    match value {
        Value::Absent => words(&[0, 0, 0, 0]),
        Value::Number(number) => [words(&[1, 0]), number.to_le_bytes().to_vec()].concat(),
        Value::State(None) => words(&[2, 0, 0, 0]),
        Value::State(Some(state)) => words(&[2, 0, 1, state]),
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

//! Forges components: the contract around a core module in which any piece can be something else.
//!
//! Without a change it is a well-behaved collector with one gauge. What it says of itself and what it gives are values of
//! the contract; what it does is WebAssembly text.

use pve_collector::contract::{Failure, Kind, Manifest, Metric, Output, Row, Table, Value};

use crate::image::{BASE, Image};

const CONTRACT: &str = include_str!("contract.wat");

/// A component in the making.
#[derive(Clone)]
pub(crate) struct Forge {
    manifest: Manifest,
    result: Result<Output, Failure>,
    pieces: Vec<(&'static str, String)>,
    replaced: Vec<(&'static str, String)>,
}

/// A collector of this name that does what it should: one row of one gauge, `pve_<name>`.
pub(crate) fn forge(name: &str) -> Forge {
    let metric = format!("pve_{}", name.replace('-', "_"));
    Forge {
        manifest: Manifest {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            description: "An animal of the zoo".to_owned(),
            requests: Vec::new(),
            tables: vec![table(&["case"], &[(&metric, Kind::Gauge)])],
        },
        result: Ok(Output { rows: vec![row(0, &["calm"], &[Value::Number(1.0)])], warnings: Vec::new() }),
        pieces: Vec::new(),
        replaced: Vec::new(),
    }
}

/// A table whose metrics all have a help text.
pub(crate) fn table(labels: &[&str], metrics: &[(&str, Kind)]) -> Table {
    let metric = |(name, kind): &(&str, Kind)| Metric {
        name: (*name).to_owned(),
        help: "An animal of the zoo.".to_owned(),
        kind: kind.clone(),
    };
    Table { label_names: texts(labels), metrics: metrics.iter().map(metric).collect() }
}

pub(crate) fn row(table: u32, labels: &[&str], values: &[Value]) -> Row {
    Row { table, labels: texts(labels), values: values.to_vec() }
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Forge {
    pub(crate) fn manifest(mut self, change: impl FnOnce(&mut Manifest)) -> Self {
        change(&mut self.manifest);
        self
    }

    pub(crate) fn requests(self, paths: &[&str]) -> Self {
        let request = |path: &&str| pve_collector::contract::Request {
            path: (*path).to_owned(),
            max_age_seconds: 0,
            optional: false,
        };
        self.manifest(|manifest| manifest.requests = paths.iter().map(request).collect())
    }

    pub(crate) fn tables(self, tables: Vec<Table>) -> Self {
        self.manifest(|manifest| manifest.tables = tables)
    }

    pub(crate) fn rows(mut self, rows: Vec<Row>) -> Self {
        self.result = Ok(Output { rows, warnings: Vec::new() });
        self
    }

    pub(crate) fn gives(mut self, result: Result<Output, Failure>) -> Self {
        self.result = result;
        self
    }

    /// Puts WebAssembly text in place of a piece: see the percent signs in `contract.wat`.
    pub(crate) fn piece(mut self, piece: &'static str, text: &str) -> Self {
        self.pieces.push((piece, text.to_owned()));
        self
    }

    /// Changes the contract's own text.
    pub(crate) fn replace(mut self, from: &'static str, to: &str) -> Self {
        assert!(CONTRACT.contains(from), "{from}");
        self.replaced.push((from, to.to_owned()));
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut image = Image::default();
        let (manifest, output) = (image.manifest(&self.manifest), image.result(&self.result));
        let end = BASE as usize + image.bytes().len();
        // A page for what the host hands in.
        let pages = end.div_ceil(1 << 16) + 1;
        let escaped: String = image.bytes().iter().map(|byte| format!("\\{byte:02x}")).collect();
        let mut text = CONTRACT.to_owned();
        for (from, to) in &self.replaced {
            text = text.replace(from, to);
        }
        let fixed = [
            ("manifest", manifest.to_string()),
            ("output", output.to_string()),
            ("free", end.next_multiple_of(16).to_string()),
            ("base", BASE.to_string()),
        ];
        let default = [
            ("version", "0.1.0".to_owned()),
            ("memory", pages.to_string()),
            ("describe", "(global.get $manifest)".to_owned()),
            ("collect", "(global.get $output)".to_owned()),
            (
                "realloc",
                "(global.get $free) (global.set $free (i32.add (global.get $free) \
                 (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))"
                    .to_owned(),
            ),
            ("post", String::new()),
            ("inside", String::new()),
            ("outside", String::new()),
            ("export", "collect".to_owned()),
        ];
        for (piece, with) in self.pieces.iter().chain(&default).chain(&fixed) {
            text = text.replace(&format!("%{piece}%"), with);
        }
        text = text.replace("%image%", &escaped);
        wat::parse_str(&text)
            .unwrap_or_else(|error| panic!("{}", error.to_string().chars().take(500).collect::<String>()))
    }
}

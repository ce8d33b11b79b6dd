//! Running the binary in a folder, and comparing what it prints with golden files.

use std::path::PathBuf;

use pve_collector::contract::{Kind, Request, StateSet, Value};

use harness::{Forge, assert_golden, command, forge, repository, row, table};

/// A test's folder.
pub(crate) struct Bench {
    pub(crate) directory: tempfile::TempDir,
}

/// What a command returned and printed.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) text: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// `pve-exporter collector …` in this folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let output = command().arg("collector").args(arguments).current_dir(self.directory.path()).output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        // Printed only where compiling takes a while.
        let text = text.split_inclusive('\n').filter(|line| !line.starts_with("compiling ")).collect();
        Outcome { status: output.status.code().unwrap(), text }
    }

    /// The same, compared with `tests/golden/author/<name>.txt`.
    pub(crate) fn golden(&self, name: &str, arguments: &[&str]) {
        let Outcome { status, text } = self.run(arguments);
        let text = format!("$ pve-exporter collector {}\n{}exit status {status}\n", arguments.join(" "), mask(&text));
        assert_golden(&repository().join(format!("host/tests/golden/author/{name}.txt")), &text);
    }
}

/// Masks digests, file sizes and CPU times, which differ between machines and builds.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("\"size_bytes\"") {
            masked.push_str("  \"size_bytes\": N,\n");
            continue;
        }
        // The first percentage is the share of the CPU limit.
        if let Some(shares) = line.strip_prefix("used  ") {
            masked.push_str(&format!("used           N %{}", shares.split_once('%').map_or("", |(_, rest)| rest)));
            continue;
        }
        let words = line.split_inclusive([' ', '\n', '"', ',']).collect::<Vec<_>>();
        for (position, word) in words.iter().enumerate() {
            let bare = word.trim_end_matches([' ', '\n', '"', ',']);
            let next = words.get(position + 1).map_or("", |next| next.trim());
            let is_time = next == "ms" && bare.contains('.');
            let is_size = next.starts_with("bytes") && position > 0 && !bare.is_empty() && line.starts_with("file ");
            if bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                masked.push_str(&word.replace(bare, "SHA256"));
            } else if is_time || is_size {
                masked.push_str(&word.replace(bare, "N"));
            } else {
                masked.push_str(word);
            }
        }
    }
    masked
}

/// A collector with one of everything, which always returns the same two rows.
pub(crate) fn sample(name: &str) -> Forge {
    let health = StateSet { label: "health".to_owned(), states: vec!["ONLINE".to_owned(), "DEGRADED".to_owned()] };
    let request = |path: &str, max_age_seconds, optional| Request { path: path.to_owned(), max_age_seconds, optional };
    forge(name)
        .manifest(|manifest| {
            manifest.requests = vec![
                request("/nodes/{node}/disks/zfs", 60, false),
                request("/cluster/ha/resources", 0, true),
                request("/nodes/{node}/netstat", 0, true),
            ];
        })
        .tables(vec![
            table(
                &["node", "pool"],
                &[("pve_sample_size_bytes", Kind::Gauge), ("pve_sample_health", Kind::StateSet(health))],
            ),
            table(&[], &[("pve_sample_errors_total", Kind::Counter), ("pve_sample_info", Kind::Info)]),
        ])
        .rows(vec![
            row(0, &["node01", "tank"], &[Value::Number(1000.0), Value::State(Some(1))]),
            row(1, &[], &[Value::Number(3.0), Value::Absent]),
        ])
}

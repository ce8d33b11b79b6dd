//! The binary, a folder to work in, and texts held against files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pve_collector::contract::{Kind, Request, StateSet, Value};

use harness::{Forge, forge, row, table};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A folder of its own for a test.
pub(crate) struct Bench {
    pub(crate) directory: tempfile::TempDir,
}

/// What a command came to.
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
        let output = exporter().arg("collector").args(arguments).current_dir(self.directory.path()).output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        // Said on a busy machine, or where nothing is compiled yet.
        let text = text.split_inclusive('\n').filter(|line| !line.starts_with("compiling ")).collect();
        Outcome { status: output.status.code().unwrap(), text }
    }

    /// The same, held against `tests/golden/author/<name>.txt`.
    pub(crate) fn golden(&self, name: &str, arguments: &[&str]) {
        let Outcome { status, text } = self.run(arguments);
        let text = format!("$ pve-exporter collector {}\n{}exit status {status}\n", arguments.join(" "), mask(&text));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/author");
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, text).unwrap();
            return;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{}: if this is as it should be, UPDATE_GOLDEN=1", path.display());
    }
}

/// The binary, with compiled code kept for the next test.
pub(crate) fn exporter() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pve-exporter"));
    command.env("CACHE_DIRECTORY", root().join("target/author-cache")).stdin(Stdio::null());
    for name in ["PVE_USER", "PVE_PASSWORD", "PVE_TOKEN_NAME", "PVE_TOKEN_VALUE", "PVE_VERIFY_SSL", "PVE_TARGET"] {
        command.env_remove(name);
    }
    command
}

/// Digests, sizes of files and CPU times, which are other ones elsewhere.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("\"size_bytes\"") {
            masked.push_str("  \"size_bytes\": N,\n");
            continue;
        }
        // The first share is that of the CPU time.
        if let Some(shares) = line.strip_prefix("used of it") {
            masked.push_str(&format!("used of it  N %{}", shares.split_once('%').map_or("", |(_, rest)| rest)));
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

/// A collector that has one of everything, and always gives the same two rows.
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

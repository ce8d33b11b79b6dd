//! Good and bad web configurations: ours and promtool's verdicts are the same, and every mistake is reported with file, key and
//! remedy, never with a value. `corpus/stricter` has what promtool accepts and is refused here, since it can't do what it seems to say.
//!
//! Golden: `UPDATE_GOLDEN=1` rewrites `tests/golden/web`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::Optional;
use pve_exporter::config::Flags;
use pve_exporter::web::LiveWebConfig;

use super::pki::Pki;

/// Keys of the toolkit that Debian's promtool is too old for.
const NEWER: [&str; 5] = ["cert", "key", "client_ca", "client_allowed_sans", "rate_limit"];

/// Stands for any value that must not be quoted.
const SECRET: &str = "hunter2";

/// A folder of the corpus, by name.
fn files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/corpus").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (stem(&path), std::fs::read_to_string(path).unwrap())).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// A directory with the files that configurations name.
struct Place {
    directory: tempfile::TempDir,
    pki: Pki,
}

impl Place {
    fn new() -> Self {
        let pki = Pki::new();
        let directory = pki.directory();
        std::fs::write(directory.path().join("other.key"), pki.issue(&[]).key).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("note.txt", "a note, not PEM: hunter2\n");
        write("begin.txt", "-----BEGIN PRIVATE KEY hunter2\n");
        write("end.txt", "-----BEGIN PRIVATE KEY hunter2-----\nAAAA\n");
        write("007", &pki.server.certificate);
        Self { directory, pki }
    }

    fn write(&self, text: &str) -> PathBuf {
        let indented = |pem: &str| pem.trim_end().replace('\n', "\n    ");
        let text = text
            .replace("{certificate}", &indented(&self.pki.server.certificate))
            .replace("{key}", &indented(&self.pki.server.key))
            .replace("{authority}", &indented(&self.pki.authority()));
        let path = self.directory.path().join("web.yml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn ours(&self, text: &str) -> Result<(), String> {
        let path = self.write(text);
        let arguments = ["pve-exporter", "--web.config.file", path.to_str().unwrap()];
        let flags = Flags::parse_args(arguments, &[]).unwrap();
        let directory = self.directory.path().to_str().unwrap();
        LiveWebConfig::load(&flags.web).map(drop).map_err(|error| error.to_string().replace(directory, "DIRECTORY"))
    }

    /// `None` if promtool does not know a key.
    fn promtools(&self, text: &str) -> Option<Result<(), String>> {
        let output = Command::new("promtool").args(["check", "web-config"]).arg(self.write(text)).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let unknown = NEWER.iter().any(|key| said.contains(&format!("field {key} not found")));
        (!unknown).then_some(if output.status.success() { Ok(()) } else { Err(said) })
    }
}

#[test]
fn good_files_are_accepted() {
    let place = Place::new();
    for (name, text) in files("good") {
        assert_eq!(place.ours(&text), Ok(()), "{name}");
    }
}

#[test]
fn bad_files_are_refused_with_key_and_remedy() {
    let place = Place::new();
    for (name, text) in files("bad").into_iter().chain(files("stricter")) {
        let Err(error) = place.ours(&text) else { panic!("{name} is accepted") };
        assert!(!error.contains(SECRET), "{name}: {error}");
        assert!(error.lines().all(|line| line.starts_with("DIRECTORY/web.yml:")), "{name}: {error}");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/web/{name}.txt"));
        harness::assert_golden(&golden, &(error + "\n"));
    }
}

#[test]
fn promtools_verdicts_are_the_same() {
    if !Optional::Prometheus.program("promtool") {
        return;
    }
    let place = Place::new();
    for (folder, accepts) in [("good", true), ("bad", false), ("stricter", true)] {
        let mut compared = 0;
        for (name, text) in files(folder) {
            if let Some(verdict) = place.promtools(&text) {
                assert_eq!(verdict.is_ok(), accepts, "{folder}/{name}: {verdict:?}");
                compared += 1;
            }
        }
        assert!(compared > 5, "{folder}: {compared}");
    }
}

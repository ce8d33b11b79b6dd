//! Ours accepts every flag of the peer, so that a unit file needs no change but the binary.

use std::collections::BTreeSet;
use std::process::Command;

use super::peer;
use harness::command;

/// The flags in the peer's help.
fn flags() -> BTreeSet<String> {
    let output = Command::new(peer::program("pve_exporter")).arg("--help").env("COLUMNS", "200").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.split(|c: char| c.is_whitespace() || ",[]|".contains(c));
    words.filter(|word| word.starts_with("--") && word.len() > 2 && *word != "--help").map(str::to_owned).collect()
}

#[test]
fn every_flag_is_known() {
    if !peer::available() {
        return;
    }
    let flags = flags();
    assert_eq!(flags.len(), 28, "{flags:?}");
    for flag in flags {
        let value = match flag.as_str() {
            "--config.file" => Some("nowhere.yml"),
            "--web.listen-address" => Some("127.0.0.1:0"),
            "--server.keyfile" | "--server.certfile" => Some("nowhere.pem"),
            _ => None,
        };
        // Flag and `--no-` flag, of which the last one counts. The program then fails because of the missing file.
        let rest = ["--server.keyfile=x", "--server.certfile=y", "--config.file=nowhere.yml"];
        let output = command().arg(&flag).args(value).args(rest).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("nowhere.yml: no such file"), "{flag}: {said}");
    }
}

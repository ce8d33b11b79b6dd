//! Every flag of the peer is one of ours: whoever changes the binary in a unit file changes nothing else in it.

use std::collections::BTreeSet;
use std::process::Command;

use super::peer;
use harness::command;

/// The flags that the peer's help names.
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
        // Both halves of a pair; the last one of a kind counts. It ends with the file that is missing.
        let rest = ["--server.keyfile=x", "--server.certfile=y", "--config.file=nowhere.yml"];
        let output = command().arg(&flag).args(value).args(rest).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("nowhere.yml: no such file"), "{flag}: {said}");
    }
}

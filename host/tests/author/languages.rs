//! Collectors in JavaScript and Python: the examples and the templates, built from source and run with the default limits.
//!
//! `make examples` builds the examples with the tools that `make setup` installs; where these are missing the tests are
//! skipped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pve_exporter::catalog::{Catalog, Loader, NoAnswers};
use pve_exporter::limits::Limits;
use pve_exporter::sandbox::{Capacity, Sandbox};

use super::support::Bench;
use harness::{Optional, cache_directory, repository};

/// A file below `target/languages`, where `make setup` installs the tools.
fn tool(path: &str) -> Option<PathBuf> {
    let path = repository().join("target/languages").join(path);
    Optional::Languages.found(&path.display().to_string(), path.exists()).then_some(path)
}

/// Compiles a component into the tests' cache. These components are large: next to other tests, compiling them can take longer
/// than the default limit.
fn compile(bench: &Bench, component: &str) {
    bench.write("compile.yml", "limits: {compile-time: 10m}\n");
    let outcome = bench.run(&["inspect", component, "--grant", "compile.yml"]);
    assert!(!outcome.text.contains("compiling took longer"), "{}", outcome.text);
}

fn example(name: &str, folder: &str) {
    let component = repository().join("target/examples").join(format!("{name}.wasm"));
    if !Optional::Languages.found(&component.display().to_string(), component.exists()) {
        return;
    }
    let bench = Bench::new();
    let folder = repository().join("docs/examples").join(folder);
    let path = component.to_str().unwrap();
    compile(&bench, path);
    for command in ["test", "check"] {
        let fixtures = folder.join("fixtures");
        let arguments = [command, path, "--fixtures", fixtures.to_str().unwrap()];
        let outcome = bench.run(&arguments);
        assert_eq!(outcome.status, 0, "{}", outcome.text);
    }
    loads_with_no_more_than_its_grant(&component, &folder, name);
}

/// Loads it from a collectors folder, as an operator would: with the default limits and the example's grant file.
fn loads_with_no_more_than_its_grant(component: &Path, folder: &Path, name: &str) {
    let bench = Bench::new();
    std::fs::copy(component, bench.path(&format!("{name}.wasm"))).unwrap();
    std::fs::copy(folder.join(format!("{name}.yml")), bench.path(&format!("{name}.yml"))).unwrap();
    let limits = Limits::default();
    let cache = cache_directory();
    std::fs::create_dir_all(&cache).unwrap();
    let sandbox =
        Sandbox::new(Capacity { slots: 4, max_memory: limits.memory }, Some(&cache.canonicalize().unwrap())).unwrap();
    let loader = Loader { sandbox, compiler: None, max_memory: limits.memory, limits };
    let catalog = Catalog::new(loader, Vec::new(), vec![bench.directory.path().to_owned()]);
    let changes = catalog.reload(&NoAnswers);
    assert!(!changes.has_problems(), "{changes}");
    assert!(catalog.serving().get(name).is_some());
}

#[test]
fn zfs_pools_in_javascript() {
    example("zfs-pools", "zfs-pools-js");
}

#[test]
fn certificate_expiry_in_python() {
    example("certificate-expiry", "certificate-expiry-py");
}

#[test]
fn a_javascript_project_passes_its_own_test() {
    let Some(modules) = tool("js/node_modules") else { return };
    let bench = Bench::new();
    assert_eq!(bench.run(&["new", "fresh", "--lang", "js"]).status, 0);
    std::os::unix::fs::symlink(modules, bench.path("fresh/node_modules")).unwrap();
    break_on_demand(
        &bench,
        "fresh/collector.js",
        "  const status = answer(input, 0);\n",
        "  if (status.slip === \"exception\") status.nothing.there;\n  \
         if (status.slip === \"type\") return [{ table: 0, labels: [\"a\"], values: [7] }];\n",
    );
    passes(&bench, Command::new("npm").args(["run", "build"]));
    says_what_went_wrong(&bench, "failed: other: TypeError: can't access property", "received `7`");
}

#[test]
fn a_syntax_error_in_javascript_has_a_line() {
    if !Optional::Languages.program("npm") {
        return;
    }
    let bench = Bench::new();
    assert_eq!(bench.run(&["new", "fresh", "--lang", "js"]).status, 0);
    bench.write("fresh/collector.js", "export function describe() {\n  retrn {};\n}\n");
    let output = Command::new("npm").args(["run", "build"]).current_dir(bench.path("fresh")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("collector.js:2\n"), "{said}");
}

#[test]
fn a_python_project_passes_its_own_test() {
    let Some(componentize) = tool("py/bin/componentize-py") else { return };
    let bench = Bench::new();
    assert_eq!(bench.run(&["new", "fresh", "--lang", "python"]).status, 0);
    std::fs::create_dir(bench.path("fresh/build")).unwrap();
    let arguments = ["-d", "wit", "-w", "collector", "componentize", "collector", "-o", "build/fresh.wasm"];
    break_on_demand(
        &bench,
        "fresh/collector.py",
        "    status = answer(input, 0)\n",
        "    if status.get(\"slip\") == \"exception\":\n        status[\"nothing\"]\n    \
         if status.get(\"slip\") == \"type\":\n        return [Row(table=0, labels=[7], values=[])]\n",
    );
    passes(&bench, Command::new(componentize).args(arguments));
    says_what_went_wrong(&bench, "failed: other: KeyError('nothing')", "'int' object is not an instance of 'str'");
}

/// Inserts mistakes that an author may make into a fresh collector, after a line.
fn break_on_demand(bench: &Bench, file: &str, after: &str, mistakes: &str) {
    let source = bench.read(file);
    assert!(source.contains(after), "{source}");
    bench.write(file, source.replace(after, &format!("{after}{mistakes}")));
}

/// The failure contains the exception's message; the log explains a value of the wrong type.
fn says_what_went_wrong(bench: &Bench, exception: &str, value: &str) {
    for slip in ["exception", "type"] {
        bench.write(&format!("slips/{slip}/nodes/node01/status.json"), format!("{{\"data\":{{\"slip\":\"{slip}\"}}}}"));
    }
    let outcome = bench.run(&["test", "fresh/build/fresh.wasm", "--fixtures", "slips"]);
    assert!(outcome.text.contains(exception) && outcome.text.contains(value), "{}", outcome.text);
}

fn passes(bench: &Bench, build: &mut Command) {
    let output = build.current_dir(bench.path("fresh")).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    compile(bench, "fresh/build/fresh.wasm");
    let outcome = bench.run(&["test", "fresh/build/fresh.wasm", "--fixtures", "fresh/fixtures"]);
    assert_eq!(outcome.status, 0, "{}", outcome.text);
}

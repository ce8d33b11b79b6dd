//! Embeds the built-in collectors: the components that `make components` leaves in `target/components`, and the version
//! control revision for `--version`. Configures glibc's heap.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match embed().and_then(|()| one_heap()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=PVE_EXPORTER_COMPONENTS");
    println!("cargo::rerun-if-env-changed=PVE_EXPORTER_REVISION");
    let manifest = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?);
    let workspace = manifest.parent().ok_or("the crate is not in its workspace")?;
    let folder =
        std::env::var_os("PVE_EXPORTER_COMPONENTS").map_or_else(|| workspace.join("target/components"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut components = Vec::new();
    let entries = std::fs::read_dir(&folder).map_err(|error| {
        format!("no built-in collectors in {}: {error}; run `make components` first", folder.display())
    })?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            components.push(path);
        }
    }
    if components.is_empty() {
        return Err(format!("no built-in collectors in {}; run `make components` first", folder.display()));
    }
    components.sort();

    let mut code = String::from("static BUILTINS: &[(&str, &[u8])] = &[\n");
    for path in &components {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a component's name is not UTF-8")?;
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.display().to_string())
            .map_err(|error| error.to_string())?;
    }
    code.push_str("];\n/// The settings of the built-ins that have any.\nstatic SETTINGS: &[(&str, &[&str])] = &[\n");
    for path in &components {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let settings = settings(&workspace.join("guests").join(name).join("Cargo.toml"))?;
        writeln!(code, "    ({name:?}, &{settings:?}),").map_err(|error| error.to_string())?;
    }
    code.push_str("];\n");
    let out = std::env::var("OUT_DIR").map_err(|error| error.to_string())?;
    std::fs::write(Path::new(&out).join("builtins.rs"), code).map_err(|error| error.to_string())?;

    println!("cargo::rustc-env=PVE_EXPORTER_REVISION={}", revision(workspace));
    Ok(())
}

/// The settings that the manifest of a built-in lists; none for components from elsewhere.
fn settings(manifest: &Path) -> Result<Vec<String>, String> {
    println!("cargo::rerun-if-changed={}", manifest.display());
    let Ok(text) = std::fs::read_to_string(manifest) else { return Ok(Vec::new()) };
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", manifest.display()))?;
    let metadata = ["package", "metadata", "pve-exporter"]
        .iter()
        .try_fold(&toml::Value::Table(table), |value, key| value.get(key))
        .and_then(|metadata| metadata.get("settings"))
        .cloned();
    let list = metadata.map_or_else(|| Ok(Vec::new()), toml::Value::try_into);
    list.map_err(|error| format!("{}: settings: {error}", manifest.display()))
}

/// Links `heap.c` into the binary. As an object file: the linker would leave a library out, since nothing refers to it.
fn one_heap() -> Result<(), String> {
    println!("cargo::rerun-if-changed=heap.c");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        let objects = cc::Build::new().file("heap.c").try_compile_intermediates().map_err(|error| error.to_string())?;
        for object in objects {
            println!("cargo::rustc-link-arg-bins={}", object.display());
        }
    }
    Ok(())
}

/// The commit this is built from; `unknown` outside a checkout.
fn revision(workspace: &Path) -> String {
    if let Ok(revision) = std::env::var("PVE_EXPORTER_REVISION") {
        return revision;
    }
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(workspace).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

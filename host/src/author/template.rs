//! `collector new`: a project that builds and passes its own test.
//!
//! The templates are part of the binary, with the contract that this binary implements: an author needs nothing else to
//! start.

use std::path::{Path, PathBuf};

use super::Printout;
use super::arguments::{Language, NewArguments};
use super::error::AuthorError;

const WIT: &str = include_str!("../../../wit/collector.wit");
const USAGE: &str = include_str!("../../templates/common/usage.md.tmpl");

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../templates/", $path))
    };
}

/// Path in the project and text.
type TemplateFile = (&'static str, &'static str);

const COMMON: &[TemplateFile] = &[
    ("wit/collector.wit", WIT),
    ("fixtures/one-node/nodes/node01/status.json", template!("common/one-node/status.json")),
    ("fixtures/one-node/expected.prom", template!("common/one-node/expected.prom.tmpl")),
    ("fixtures/uptime-unknown/nodes/node01/status.json", template!("common/unknown/status.json")),
    ("fixtures/uptime-unknown/expected.prom", ""),
];

const RUST: &[TemplateFile] = &[
    ("Cargo.toml", template!("rust/Cargo.toml.tmpl")),
    (".cargo/config.toml", template!("rust/config.toml")),
    (".gitignore", template!("rust/gitignore")),
    ("README.md", template!("rust/README.md.tmpl")),
    ("src/lib.rs", template!("rust/src/lib.rs.tmpl")),
    ("tests/golden.rs", template!("rust/tests/golden.rs.tmpl")),
];

const JS: &[TemplateFile] = &[
    ("package.json", template!("js/package.json.tmpl")),
    (".gitignore", template!("js/gitignore")),
    ("README.md", template!("js/README.md.tmpl")),
    ("build.js", template!("js/build.js.tmpl")),
    ("collector.js", template!("js/collector.js.tmpl")),
];

const PYTHON: &[TemplateFile] = &[
    ("requirements.txt", template!("python/requirements.txt")),
    (".gitignore", template!("python/gitignore")),
    ("README.md", template!("python/README.md.tmpl")),
    ("collector.py", template!("python/collector.py.tmpl")),
];

/// The required version of the published SDK.
const SDK_VERSION: &str = "0.1";

/// Printed if the SDK comes from the registry.
const CRATE: &str = "
Cargo takes the crate pve-collector from crates.io. If it is not published there yet, start over with --sdk PATH: the
directory guests/sdk in a checkout of pve-exporter.
";

/// Writes a project into a directory that must not exist or be empty.
pub(super) fn new(arguments: &NewArguments) -> Result<Printout, AuthorError> {
    check_name(&arguments.name)?;
    let directory = arguments.path.clone().unwrap_or_else(|| PathBuf::from(&arguments.name));
    if directory.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || directory.is_file() {
        return Err(AuthorError::NotEmpty { directory, flag: "--path" });
    }
    let values = Values::of(arguments)?;
    let files = match arguments.lang {
        Language::Rust => RUST,
        Language::Js => JS,
        Language::Python => PYTHON,
    };
    for (path, text) in files.iter().chain(COMMON) {
        write(&directory.join(path), &values.fill(text))?;
    }
    let directory = directory.display();
    let component = &values.component;
    let steps = match arguments.lang {
        Language::Rust => "rustup target add wasm32-unknown-unknown\ncargo test\ncargo build --release --target wasm32-unknown-unknown".to_owned(),
        Language::Js => "npm install\nnpm run build".to_owned(),
        Language::Python => format!(
            "python3 -m venv venv && venv/bin/pip install -r requirements.txt\n\
             mkdir -p build && venv/bin/componentize-py -d wit -w collector componentize collector -o {component}"
        ),
    };
    let mut text = format!(
        "created {directory}; next:\n\ncd {directory}\n{steps}\npve-exporter collector test {component} --fixtures fixtures\n"
    );
    if arguments.lang == Language::Rust && arguments.sdk.is_none() {
        text.push_str(CRATE);
    }
    Ok(Printout { text, success: true })
}

/// The values of a template's placeholders.
struct Values {
    name: String,
    component: String,
    sdk: String,
}

impl Values {
    fn of(NewArguments { name, lang, sdk, .. }: &NewArguments) -> Result<Self, AuthorError> {
        let component = match lang {
            Language::Rust => format!("target/wasm32-unknown-unknown/release/{}.wasm", snake(name)),
            Language::Js | Language::Python => format!("build/{name}.wasm"),
        };
        let sdk = match sdk {
            // Absolute: the project may be anywhere.
            Some(path) => {
                let path = path.canonicalize().map_err(AuthorError::file(path))?;
                format!("{{ path = {:?} }}", path.display().to_string())
            }
            None => format!("{SDK_VERSION:?}"),
        };
        Ok(Self { name: name.clone(), component, sdk })
    }

    fn fill(&self, text: &str) -> String {
        let snake = snake(&self.name);
        text.replace("{{usage}}", USAGE.trim_end())
            .replace("{{name}}", &self.name)
            .replace("{{snake}}", &snake)
            .replace("{{crate}}", &snake)
            .replace("{{type}}", &pascal(&self.name))
            .replace("{{component}}", &self.component)
            .replace("{{sdk}}", &self.sdk)
    }
}

/// The contract's rule, and Cargo's: a crate can't have the name of a keyword.
fn check_name(name: &str) -> Result<(), AuthorError> {
    const KEYWORDS: [&str; 12] = ["as", "do", "fn", "if", "in", "for", "mod", "pub", "self", "test", "type", "use"];
    let mut bytes = name.bytes();
    let right = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.len() <= 63
        && !name.ends_with('-')
        && !name.contains("--")
        && !KEYWORDS.contains(&name);
    if right { Ok(()) } else { Err(AuthorError::Name(name.to_owned())) }
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn pascal(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(capital).collect()
}

fn write(path: &Path, text: &str) -> Result<(), AuthorError> {
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory).map_err(AuthorError::file(directory))?;
    std::fs::write(path, text).map_err(AuthorError::file(path))
}

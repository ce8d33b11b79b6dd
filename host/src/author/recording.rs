//! `collector record`: fixtures from a cluster, fit to be published.
//!
//! Everything is fetched first and written afterwards: pseudonyms are given in order of what they stand for, so that two
//! recordings of the same cluster are the same whatever order the API answered in.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Report;
use super::arguments::{Record, Subject};
use super::error::AuthorError;
use super::fixture::contract_name;
use super::places::path_at;
use super::pseudonyms::Pseudonyms;
use super::source::cluster;
use super::workbench::Workbench;
use crate::api::{Answer, Client, NoObserver};
use crate::config::ClientOptions;
use crate::contract::FetchErrorKind;
use crate::request::{GuestType, Place, Template};
use crate::schema::Schema;
use crate::scrape::Inventory;

/// For everything; a node that does not answer costs its own requests their module's time-out.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What was fetched: a template and a place, and the answer or why there is none.
type Fetched = (Template, Place, Result<Value, FetchErrorKind>);

/// Records one case.
pub(super) fn record(arguments: &Record) -> Result<Report, AuthorError> {
    let out = &arguments.out;
    if out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || out.is_file() {
        return Err(AuthorError::NotEmpty { folder: out.clone(), flag: " with --out" });
    }
    let subject = Subject { file: arguments.file.clone(), grant: None, cache_directory: None };
    let bench = Workbench::load(&subject)?;
    let (module, targets) = cluster(&arguments.cluster)?;
    let client = Client::new(&module, &targets, ClientOptions::default(), std::sync::Arc::new(NoObserver))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AuthorError::Runtime)?;
    let (names, fetched) = runtime.block_on(fetch(&client, &bench.collector.schema, arguments.places))?;
    let pseudonyms = names.of(fetched.iter().filter_map(|(_, _, answer)| answer.as_ref().ok()));

    let mut written = BTreeMap::new();
    for (template, place, answer) in &fetched {
        let path = path_at(template, &renamed(place, &pseudonyms));
        let (file, text) = match answer {
            Ok(data) => {
                let body = serde_json::json!({ "data": pseudonyms.replace(data) });
                (format!("{path}.json"), serde_json::to_string_pretty(&body)? + "\n")
            }
            Err(kind) => (format!("{path}.error"), contract_name(*kind) + "\n"),
        };
        written.insert(file, text);
    }
    for (file, text) in &written {
        write(&out.join(file.trim_start_matches('/')), text)?;
    }
    let text = format!(
        "recorded {} answers in {}; replaced: {}\n\
         read them before you publish them: a name in a free text may have stayed\n\
         then write what is expected: pve-exporter collector test {} --fixtures {} --update\n",
        written.len(),
        out.display(),
        pseudonyms.account(),
        arguments.file.display(),
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).display(),
    );
    Ok(Report { text, success: true })
}

/// Asks what there is, then everything the collector asks for.
async fn fetch(
    client: &Client,
    schema: &Schema,
    most: usize,
) -> Result<(super::pseudonyms::Names, Vec<Fetched>), AuthorError> {
    let deadline = Instant::now() + TIMEOUT;
    let status = get(client, "/cluster/status", deadline).await?;
    let resources = get(client, "/cluster/resources", deadline).await?;
    let inventory = Inventory::read(&status, &resources)
        .map_err(|source| AuthorError::Api { path: "/cluster/status".to_owned(), source })?;
    let mut names = super::pseudonyms::Names::default();
    names.nodes.extend(inventory.nodes.iter().map(|node| node.name.to_string()));
    names.discover([&status, &resources].into_iter().flatten().filter_map(|answer| parse(answer.data())));

    let templates: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
    let mut fetched = Vec::new();
    let mut known = std::collections::HashSet::new();
    for place in inventory.places(&templates, |_| true).into_iter().take(most) {
        for template in &templates {
            let Ok(path) = template.bind(&place) else { continue };
            if known.insert(path.clone()) {
                let answer = client.get(&path, deadline).await.map_err(|error| error.kind);
                let answer = answer.and_then(|answer| parse(answer.data()).ok_or(FetchErrorKind::Malformed));
                fetched.push(((*template).clone(), place.clone(), answer));
            }
        }
    }
    Ok((names, fetched))
}

/// Fails only if the path is no template.
async fn get(
    client: &Client,
    path: &str,
    deadline: Instant,
) -> Result<Result<Answer, crate::api::FetchError>, AuthorError> {
    let path = Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok());
    let path = path.ok_or_else(|| AuthorError::Module("no path".to_owned()))?;
    Ok(client.get(&path, deadline).await)
}

fn parse(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

/// A place under its pseudonyms: paths name nodes and storages too.
fn renamed(place: &Place, pseudonyms: &Pseudonyms) -> Place {
    let name = |name: &std::sync::Arc<str>| pseudonyms.text(name).into();
    let guest_type: Option<GuestType> = place.guest_type;
    Place {
        node: place.node.as_ref().map(name),
        guest_type,
        vmid: place.vmid,
        storage: place.storage.as_ref().map(name),
    }
}

fn write(path: &Path, text: &str) -> Result<(), AuthorError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(AuthorError::file(folder))?;
    std::fs::write(path, text).map_err(AuthorError::file(path))
}

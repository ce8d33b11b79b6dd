//! `collector record`: fixtures from a cluster, fit to be published.
//!
//! Everything is fetched first and written afterwards: pseudonyms are numbered in the order of what they replace, so two
//! recordings of a cluster are the same, whatever the order of the answers.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pve_collector::Place as SdkPlace;
use pve_collector::testing::{Case, path_at};
use serde_json::Value;
use tokio::time::Instant;

use super::Printout;
use super::arguments::{ComponentArguments, RecordArguments};
use super::consent::Consent;
use super::error::AuthorError;
use super::pseudonyms::{ClusterNames, Pseudonyms};
use super::source::cluster;
use super::workbench::Workbench;
use crate::api::{Answer, Client, FetchError, NoObserver};
use crate::config::ClientOptions;
use crate::contract::FetchErrorKind;
use crate::request::{Place, Template};
use crate::schema::Schema;
use crate::scrape::Inventory;

/// For all requests together; a node that does not answer costs its own requests their module's timeout.
const TIMEOUT: Duration = Duration::from_secs(300);

const STATUS: &str = "/cluster/status";
const RESOURCES: &str = "/cluster/resources";

/// The answer of a request at a place.
struct Recorded {
    template: Template,
    place: Place,
    answer: Result<Value, FetchErrorKind>,
}

/// Records one case.
pub(super) fn record(arguments: &RecordArguments) -> Result<Printout, AuthorError> {
    let out = &arguments.out;
    if out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || out.is_file() {
        return Err(AuthorError::NotEmpty { directory: out.clone(), flag: "--out" });
    }
    let (file, grant) = (arguments.file.clone(), arguments.grant.clone());
    let bench = Workbench::load(&ComponentArguments { file, grant, cache_directory: None })?;
    Consent::new(&arguments.consent).check(&bench)?;
    let (module, targets) = cluster(&arguments.cluster)?;
    let client = Client::new(&module, &targets, ClientOptions::default(), Arc::new(NoObserver))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AuthorError::Runtime)?;
    let (names, recorded) = runtime.block_on(fetch(&client, &bench.collector.schema, arguments.places))?;
    let pseudonyms = names.pseudonyms(recorded.iter().filter_map(|recorded| recorded.answer.as_ref().ok()));
    let case = anonymised(&recorded, &pseudonyms);
    case.write_answers(out)?;
    let text = format!(
        "recorded {} answers in {}; replaced: {}\n\
         read them before you publish them: free text may still contain names\n\
         then write the expected output: pve-exporter collector test {} --fixtures {} --update\n",
        case.paths().count(),
        out.display(),
        pseudonyms.describe(),
        arguments.file.display(),
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).display(),
    );
    Ok(Printout { text, success: true })
}

fn anonymised(recorded: &[Recorded], pseudonyms: &Pseudonyms) -> Case {
    recorded.iter().fold(Case::new(), |case, Recorded { template, place, answer }| {
        let path = path_at(template.as_str(), &renamed(place, pseudonyms));
        match answer {
            Ok(data) => case.answer(&path, pseudonyms.replace(data).to_string()),
            Err(kind) => case.failed(&path, (*kind).into()),
        }
    })
}

/// Discovers the cluster, then makes all requests of the collector.
async fn fetch(
    client: &Client,
    schema: &Schema,
    most_places: usize,
) -> Result<(ClusterNames, Vec<Recorded>), AuthorError> {
    let deadline = Instant::now() + TIMEOUT;
    let status = get(client, STATUS, deadline).await?;
    let resources = get(client, RESOURCES, deadline).await?;
    let inventory = Inventory::read(&status, &resources).map_err(|source| AuthorError::Api { path: STATUS, source })?;
    let mut names = ClusterNames::default();
    names.nodes.extend(inventory.nodes.iter().map(|node| node.name.to_string()));
    names.discover([&status, &resources].into_iter().flatten().filter_map(|answer| parse(answer.data())));

    let templates: Vec<&Template> = schema.requests.iter().map(|request| &request.template).collect();
    let mut recorded = Vec::new();
    let mut known = HashSet::new();
    for place in inventory.places(&templates, |_| true).into_iter().take(most_places) {
        for template in &templates {
            let Ok(path) = template.bind(&place) else { continue };
            if known.insert(path.clone()) {
                let answer = client.get(&path, deadline).await.map_err(|error| error.kind);
                let answer = answer.and_then(|answer| parse(answer.data()).ok_or(FetchErrorKind::Malformed));
                recorded.push(Recorded { template: (*template).clone(), place: place.clone(), answer });
            }
        }
    }
    Ok((names, recorded))
}

/// Fails only if the path is not a template.
async fn get(client: &Client, path: &str, deadline: Instant) -> Result<Result<Answer, FetchError>, AuthorError> {
    let bound = Template::parse(path).ok().and_then(|template| template.bind(&Place::cluster()).ok());
    let bound = bound.ok_or_else(|| AuthorError::Module(format!("{path} is not a request path")))?;
    Ok(client.get(&bound, deadline).await)
}

fn parse(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

/// The place with pseudonyms: paths contain the names of nodes and storages.
fn renamed(place: &Place, pseudonyms: &Pseudonyms) -> SdkPlace {
    let SdkPlace { node, guest_type, vmid, storage } = place.into();
    let rename = |name: String| pseudonyms.text(&name);
    SdkPlace { node: node.map(rename), guest_type, vmid, storage: storage.map(rename) }
}

//! Reverse proxies in front of the API, as docs/configuration.md configures them: Debian's nginx, HAProxy and Caddy.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use harness::{Exporter, Exposition, Optional, Process, client, module_config, repository, wait_for};
use pve_sim::{Connections, Fault, FaultKind, Sim, Spec};

/// A proxy, and the language of its block in the documentation.
struct Product {
    program: &'static str,
    language: &'static str,
    /// What makes the block a whole configuration that needs no privileges: before and after it.
    around: [&'static str; 2],
    arguments: &'static [&'static str],
}

const PRODUCTS: [Product; 3] = [
    Product {
        program: "/usr/sbin/nginx",
        language: "nginx",
        around: [
            "daemon off; pid pid; error_log stderr; events {}\nhttp {\n  access_log off; client_body_temp_path body; \
             proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n",
            "}\n",
        ],
        arguments: &["-e", "stderr", "-p", ".", "-c", "config"],
    },
    Product {
        program: "/usr/sbin/haproxy",
        language: "haproxy",
        around: ["defaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n", ""],
        arguments: &["-db", "-f", "config"],
    },
    Product {
        program: "/usr/bin/caddy",
        language: "caddyfile",
        around: ["{\n  admin off\n  auto_https off\n}\n", ""],
        arguments: &["run", "--adapter", "caddyfile", "--config", "config"],
    },
];

/// The documented configuration for a simulated cluster.
fn config(product: &Product, port: u16, sim: &Sim, directory: &Path) -> String {
    let page = std::fs::read_to_string(repository().join("docs/configuration.md")).unwrap();
    let start = format!("```{}\n", product.language);
    let block = page.split_once(&start).unwrap().1.split_once("```").unwrap().0;
    let [before, after] = product.around;
    // Its certificate has this name.
    let backend = format!("localhost:{}", sim.addr().port());
    let block = block
        .replace(":8443", &format!(":{port}"))
        .replace("listen 8443", &format!("listen 127.0.0.1:{port}"))
        .replace("bind :", "bind 127.0.0.1:")
        .replace("pve1.example.org:8006", &backend)
        .replace("pve1.example.org", "localhost")
        .replace("/etc/proxy", directory.to_str().unwrap());
    format!("{before}{block}{after}")
}

/// A port that is free at the moment: none of these programs reports one that the system chose.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a proxy and waits until it listens; on another port if that one was taken in the meantime.
fn start(product: &Product, sim: &Sim, directory: &Path) -> (Process, SocketAddr) {
    loop {
        let port = free_port();
        std::fs::write(directory.join("config"), config(product, port, sim, directory)).unwrap();
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let child = Command::new(product.program)
            .args(product.arguments)
            .current_dir(directory)
            .env_clear()
            .env("HOME", directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut process = Process(child);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listens = wait_for(product.program, || match process.0.try_wait().unwrap() {
            Some(_) => Some(false),
            None => TcpStream::connect(address).is_ok().then_some(true),
        });
        if listens {
            return (process, address);
        }
        let log = std::fs::read_to_string(directory.join("log")).unwrap();
        assert!(log.contains("in use"), "{} ended:\n{log}", product.program);
    }
}

fn write_identity(directory: &Path) {
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (identity.cert.pem(), identity.signing_key.serialize_pem());
    std::fs::write(directory.join("cert.pem"), &certificate).unwrap();
    std::fs::write(directory.join("key.pem"), &key).unwrap();
    std::fs::write(directory.join("both.pem"), certificate + &key).unwrap();
}

async fn scrape(exporter: &Exporter) -> Exposition {
    Exposition(client().get(exporter.url("/metrics")).send().await.unwrap().text().await.unwrap())
}

/// The cluster's samples.
fn samples(exposition: &Exposition) -> Vec<&str> {
    let of_cluster = |line: &&str| line.starts_with("pve_") && !line.starts_with("pve_exporter_");
    exposition.0.lines().filter(of_cluster).collect()
}

async fn check(product: &Product) {
    let sim = Sim::start(Spec { nodes: 3, guests: 30, ..Spec::default() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    write_identity(directory.path());
    std::fs::write(directory.path().join("pve-root-ca.pem"), sim.ca_pem()).unwrap();
    let (_proxy, address) = start(product, &sim, directory.path());
    let module = module_config("default", &sim, directory.path());
    let certificate = directory.path().join("cert.pem");
    std::fs::copy(&certificate, directory.path().join("default.pem")).unwrap();
    let config = directory.path().join("pve.yml");
    std::fs::write(&config, format!("{module}  target: {address}\n  path_prefix: pve\n")).unwrap();
    let exporter = Exporter::start(&config, &[]);

    let exposition = scrape(&exporter).await;
    assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0), "{}", exporter.log());
    assert_eq!(exposition.samples("pve_exporter_collector_failed_places"), Vec::<&str>::new());
    let direct_config = directory.path().join("direct.yml");
    let direct = module_config("direct", &sim, directory.path());
    std::fs::write(&direct_config, format!("{direct}  target: {}\n", sim.addr())).unwrap();
    let direct = Exporter::start(&direct_config, &[]);
    assert_eq!(samples(&exposition), samples(&scrape(&direct).await));

    // What the API says about an error arrives, whatever becomes of the reason phrase.
    sim.fault(Fault {
        path: "/nodes/{node}/status".to_owned(),
        node: Some("node02".to_owned()),
        status: Some(500),
        reason: Some("Configuration file 'x' does not exist".to_owned()),
        ..Fault::default()
    });
    let failed = "pve_exporter_collector_failed_places{collector=\"node-status\",node=\"node02\",reason=\"not_found\"}";
    assert_eq!(scrape(&exporter).await.value(failed), Some(1.0), "{}", exporter.log());
    exporter.log_with("500 Configuration file 'x' does not exist");
    sim.clear_faults();

    // The proxy has nobody behind it.
    sim.fault(Fault::new(FaultKind::Connections(Connections::Refused)));
    sim.settled().await;
    assert_eq!(scrape(&exporter).await.value("pve_exporter_target_up"), Some(0.0));
    exporter.log_with("a proxy in front of the API can't reach it");
    sim.clear_faults();
    sim.settled().await;
    wait_for_recovery(&exporter).await;

    // Another path of the same server.
    std::fs::write(&config, format!("{module}  target: {address}\n  path_prefix: elsewhere\n")).unwrap();
    let reload = client().post(exporter.url("/-/reload")).send().await.unwrap().text().await.unwrap();
    assert_eq!(reload, "changed module default: path_prefix\n");
    assert_eq!(scrape(&exporter).await.value("pve_exporter_target_up"), Some(0.0));
    exporter.log_with("check target, port and path_prefix");
}

/// Proxies may leave a server out for a while that failed.
async fn wait_for_recovery(exporter: &Exporter) {
    let start = std::time::Instant::now();
    while scrape(exporter).await.value("pve_exporter_target_up") != Some(1.0) {
        assert!(start.elapsed() < harness::PATIENCE, "{}", exporter.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_behind_a_documented_proxy() {
    for product in &PRODUCTS {
        if Optional::Proxies.found(product.program, Path::new(product.program).exists()) {
            check(product).await;
        }
    }
}

//! Several addresses of one cluster.

use harness::{Exporter, Exposition, client, module_config};
use pve_sim::{Certificate, Connections, Fault, FaultBody, FaultKind, Sim, Spec};

struct Pair {
    first: Sim,
    second: Sim,
    exporter: Exporter,
    _directory: tempfile::TempDir,
}

impl Pair {
    /// Two entries to what the exporter takes for one cluster.
    async fn start() -> Self {
        let spec = || Spec { nodes: 2, guests: 8, ..Spec::default() };
        let (first, second) = (Sim::start(spec()).await.unwrap(), Sim::start(spec()).await.unwrap());
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("pve.yml");
        let module = module_config("default", &first, directory.path());
        std::fs::write(directory.path().join("default.pem"), first.ca_pem().to_owned() + second.ca_pem()).unwrap();
        std::fs::write(&config, format!("{module}  target: ['{}', '{}']\n", first.addr(), second.addr())).unwrap();
        let exporter = Exporter::start(&config, &[]);
        Self { first, second, exporter, _directory: directory }
    }

    async fn scrape(&self) -> Exposition {
        let answer = client().get(self.exporter.url("/metrics")).send().await.unwrap();
        Exposition(answer.text().await.unwrap())
    }
}

/// The address that the exporter says it uses.
fn in_use(exposition: &Exposition) -> String {
    let samples = exposition.samples("pve_exporter_target_address_info");
    let [sample] = samples.as_slice() else { panic!("{samples:?}") };
    sample.split("target=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_one_line_and_a_label() {
    let pair = Pair::start().await;
    assert_eq!(in_use(&pair.scrape().await), pair.first.addr().to_string());
    for fault in [
        Fault::new(FaultKind::Connections(Connections::Refused)),
        Fault::new(FaultKind::Connections(Connections::Ignored)),
        Fault { status: Some(503), body: Some(FaultBody::ProxyPage), ..Fault::default() },
    ] {
        pair.second.clear_faults();
        pair.second.settled().await;
        let (from, to) = match in_use(&pair.scrape().await) {
            address if address == pair.first.addr().to_string() => (&pair.first, &pair.second),
            _ => (&pair.second, &pair.first),
        };
        let before = failovers(&pair);
        from.fault(fault.clone());
        from.settled().await;
        let exposition = pair.scrape().await;
        assert_eq!(exposition.value("pve_exporter_target_up"), Some(1.0), "{fault:?}");
        assert_eq!(in_use(&exposition), to.addr().to_string(), "{fault:?}");
        pair.scrape().await;
        let line = format!("address={} before={}", to.addr(), from.addr());
        pair.exporter.log_with(&line);
        assert_eq!(failovers(&pair), before + 1, "{}", pair.exporter.log());
        from.clear_faults();
        from.settled().await;
    }
}

fn failovers(pair: &Pair) -> usize {
    pair.exporter.log().lines().filter(|line| line.contains("another address of the cluster is in use")).count()
}

/// A session that is resumed would skip the check.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_changes_is_checked() {
    let pair = Pair::start().await;
    assert_eq!(pair.scrape().await.value("pve_exporter_target_up"), Some(1.0));
    for sim in [&pair.first, &pair.second] {
        // Ends the connections, but not the server's memory of sessions.
        sim.fault(Fault::new(FaultKind::Connections(Connections::Refused)));
        sim.settled().await;
        sim.clear_faults();
        sim.fault(Fault::new(FaultKind::Certificate(Certificate::OtherCa)));
        sim.settled().await;
    }
    for _ in 0..3 {
        assert_eq!(pair.scrape().await.value("pve_exporter_target_up"), Some(0.0));
    }
    pair.exporter.log_with("signed by an unknown authority");
}

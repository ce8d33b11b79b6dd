//! The clusters on which both programs are compared.

use pve_sim::{Down, Fault, FaultBody, Pve, Qdevice, Sim, Spec};

/// A cluster, and a change after its start.
pub(crate) struct Shape {
    /// The name of its module.
    pub(crate) name: &'static str,
    pub(crate) spec: Spec,
    pub(crate) prepare: Prepare,
}

/// Changes a running cluster.
type Prepare = fn(&Sim);

fn shape(name: &'static str, spec: Spec) -> Shape {
    Shape { name, spec, prepare: |_| {} }
}

/// Frozen clusters, of which both programs get the same answers.
pub(crate) fn shapes() -> Vec<Shape> {
    let base = || Spec { nodes: 3, guests: 30, ha: 6, ..Spec::default() };
    let mut shapes = vec![
        shape("default", Spec { guests: 50, ..base() }),
        shape("standalone", Spec { standalone: true, guests: 12, ha: 0, ..base() }),
        shape("another-local-node", Spec { local: 2, ..base() }),
        // Without quorum the lists of replication jobs, which need a lock, fail for both.
        shape("no-quorum", Spec { quorate: false, replication: 0, ..base() }),
        shape("nothing-in-it", Spec { guests: 0, ha: 0, pools: 0, replication: 0, sdn: false, ..base() }),
        shape("pve7", Spec { pve: Pve::V7, guests: 40, ..base() }),
        shape("pve8", Spec { pve: Pve::V8, guests: 40, ..base() }),
        shape("pve9", Spec { pve: Pve::V9, guests: 40, ..base() }),
        shape("pools-and-sdn", Spec { pve: Pve::V8, pools: 7, sdn: true, ..base() }),
        shape("pools-and-networks", Spec { pve: Pve::V9, pools: 7, sdn: true, ..base() }),
        // Templates, every lock, every HA state of guests, a node in maintenance, and a queued service, which has no state.
        shape("every-state", Spec { nodes: 6, guests: 170, ha: 60, ..base() }),
        shape(
            "names",
            Spec { guests: 40, cluster_name: "qu\"o\\te\nünï-日本 🦀".to_owned(), odd_names: true, ..base() },
        ),
        shape("not-backed-up", Spec { not_backed_up: 30, ..base() }),
        shape("qdevice-connected", Spec { qdevice: Qdevice::Connected, ..base() }),
        shape("qdevice-failing", Spec { qdevice: Qdevice::Failing, ..base() }),
        shape("qdevice-none", Spec { qdevice: Qdevice::None, ..base() }),
        shape("replication", Spec { replication: 15, ..base() }),
    ];
    // Guests of a node that is down have few attributes, its HA services wait to be fenced, and replication to it fails. A
    // node that has just died, or whose API does not answer, is still reported online.
    let downs: [(&str, Prepare); 4] = [
        ("down", |sim| sim.node_down("node02", Down::NoRoute).unwrap()),
        ("refused", |sim| sim.node_down("node02", Down::Refused).unwrap()),
        ("stale", |sim| sim.node_down("node02", Down::Stale).unwrap()),
        ("silent", |sim| sim.node_down("node02", Down::Timeout).unwrap()),
    ];
    for (name, prepare) in downs {
        shapes.push(Shape { prepare, ..shape(name, Spec { ha: 20, replication: 9, ..base() }) });
    }
    // A node that is down and has no HA service: its state is unknown.
    shapes.push(Shape {
        prepare: |sim| sim.node_down("node03", Down::NoRoute).unwrap(),
        ..shape("down-without-ha", Spec { ha: 1, ..base() })
    });
    // Versions before 6, missing privileges, a qnetd that hangs: the peer takes any error for "no QDevice".
    let broken: [(&str, Prepare); 3] = [
        ("qdevice-501", |sim| qdevice(sim, 501)),
        ("qdevice-403", |sim| qdevice(sim, 403)),
        ("qdevice-500", |sim| qdevice(sim, 500)),
    ];
    shapes.extend(broken.map(|(name, prepare)| Shape { prepare, ..shape(name, base()) }));
    for name in ["new", "notfound", "active", "invalid", "expired", "suspended"] {
        shapes.push(shape(name, Spec { subscription: name.to_owned(), ..base() }));
    }
    // An unknown status, no level, an empty date.
    let prepare: Prepare = |sim| {
        let path = "/nodes/{node}/subscription".to_owned();
        let body = r#"{"data":{"status":"unheard-of","nextduedate":""}}"#;
        sim.fault(Fault { path, body: Some(FaultBody::Raw(body.to_owned())), ..Fault::default() });
    };
    shapes.push(Shape { prepare, ..shape("odd-subscription", base()) });
    shapes
}

fn qdevice(sim: &Sim, status: u16) {
    sim.fault(Fault { path: "/cluster/config/qdevice".to_owned(), status: Some(status), ..Fault::default() });
}

//! A family in several tables: what the rules allow, and the order of its samples.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pve_collector::{Collector, Failure, Input, Output, Package, Request, State, Table, states, tables, testing::Case};
use serde::Deserialize;

const THINGS: Request = Request::get("/nodes/{node}/things");

states! {
    /// States of a guest.
    Guest { Started = "started", Error = "error" }
}

states! {
    /// States of a node: different ones.
    Node { Online = "online", Gone = "gone" }
}

tables! {
    /// A guest.
    GuestRow(id) {
        state state: Guest("state") "pve_thing_state" "State.";
        gauge seen "pve_thing_seen_total" "A gauge despite its name, which users know.";
    }

    /// A node.
    NodeRow(id) {
        state state: Node("state") "pve_thing_state" "State.";
    }
}

struct Things;

#[derive(Deserialize)]
struct Thing {
    id: String,
    state: String,
}

impl Collector for Things {
    const PACKAGE: Package = Package { name: "things", version: "1.0.0", description: "Things." };
    const REQUESTS: &'static [Request] = &[THINGS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        for Thing { id, state } in input.list(THINGS, output)? {
            if id.starts_with("node/") {
                output.push(NodeRow { id, state: State::named(&state) });
            } else {
                output.push(GuestRow { id, state: State::named(&state), seen: None });
            }
        }
        Ok(())
    }
}

#[test]
fn samples_come_place_by_place_and_table_by_table() {
    let collected = Case::new()
        .answer("/nodes/a/things", r#"[{"id":"node/a","state":"online"},{"id":"qemu/1","state":"started"}]"#)
        .answer("/nodes/b/things", r#"[{"id":"node/b","state":"gone"},{"id":"qemu/2","state":"?"}]"#)
        .collect::<Things>();
    assert_eq!(collected.violations(), Vec::<String>::new());
    assert_eq!(
        collected.exposition(),
        r#"# HELP pve_thing_state State.
# TYPE pve_thing_state gauge
pve_thing_state{id="qemu/1",state="started"} 1
pve_thing_state{id="qemu/1",state="error"} 0
pve_thing_state{id="node/a",state="online"} 1
pve_thing_state{id="node/a",state="gone"} 0
pve_thing_state{id="qemu/2",state="started"} 0
pve_thing_state{id="qemu/2",state="error"} 0
pve_thing_state{id="node/b",state="online"} 0
pve_thing_state{id="node/b",state="gone"} 1
"#
    );
}

#[test]
fn two_rows_of_a_table_with_the_same_labels_are_a_violation() {
    let twice = r#"[{"id":"qemu/1","state":"started"},{"id":"qemu/1","state":"error"}]"#;
    let collected = Case::new().answer("/nodes/a/things", twice).collect::<Things>();
    let violations = collected.violations();
    assert_eq!(violations.first().unwrap(), "two rows of table 0 have the labels [\"qemu/1\"]");
}

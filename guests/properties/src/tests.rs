//! Each property finds the collector that violates it.

use pve_collector::lenient::{Number, Text};
use pve_collector::{Failure, Input, Output, Package, Request, Table, tables};
use serde::Deserialize;
use serde_json::json;

use super::*;

const DISKS: Request = Request::get("/disks");

tables! {
    /// A disk.
    Disk(name) {
        gauge size "pve_disk_bytes" "Size of the disk, from size.";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    size: Number,
}

/// A collector with the fault that its setting names.
struct Faulty;

impl Collector for Faulty {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[DISKS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let fault = input.setting("fault");
        let disks: Vec<Answer> = match fault {
            Some("fails") => input.object(DISKS)?,
            Some("ignores failures") => input.list(DISKS, output).unwrap_or_default(),
            Some("panics") => input.list(DISKS, output).expect("a list"),
            _ => input.list(DISKS, output)?,
        };
        for disk in disks {
            let name = disk.name.label();
            if name.is_empty() && fault == Some("stops") {
                break;
            }
            if !name.is_empty() {
                output.push(Disk { name, size: disk.size.0 });
            }
        }
        Ok(())
    }
}

fn faulty(fault: &str) -> Subject<Faulty> {
    Subject {
        path: DISKS.path,
        answers: vec![json!([{"name": "sda", "size": 1}, {"name": "sdb", "size": 2}])],
        others: Case::new().setting("fault", fault),
        unit: |_| Some(1),
        ignored: None,
        kept: Vec::new(),
        collector: PhantomData,
    }
}

#[test]
fn a_collector_without_a_fault_passes() {
    let subject = faulty("none");
    subject.a_malformed_value_costs_only_its_own_series();
    subject.a_truncated_answer_fails();
    subject.no_text_makes_it_panic();
    subject.keeps("0", "{name=\"sda\"} 1").keeps("1", "{name=\"sdb\"} 2").a_malformed_value_costs_only_its_own_series();
}

#[test]
#[should_panic(expected = "minimal failing input")]
fn failing_on_one_element_is_found() {
    faulty("fails").a_malformed_value_costs_only_its_own_series();
}

#[test]
#[should_panic(expected = "lost: ")]
fn losing_the_other_elements_is_found() {
    faulty("stops").a_malformed_value_costs_only_its_own_series();
}

#[test]
#[should_panic(expected = "lost: ")]
fn losing_what_must_be_kept_is_found() {
    faulty("stops").keeps("1", "{name=\"sdb\"} 2").a_malformed_value_costs_only_its_own_series();
}

#[test]
#[should_panic(expected = "minimal failing input")]
fn ignoring_a_truncated_answer_is_found() {
    faulty("ignores failures").a_truncated_answer_fails();
}

#[test]
#[should_panic(expected = "minimal failing input")]
fn panicking_is_found() {
    faulty("panics").no_text_makes_it_panic();
}

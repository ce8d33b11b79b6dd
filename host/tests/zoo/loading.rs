//! Animals that must not load: other files, other contracts, and attacks before the first call.

use super::support::{Animal, Outcome, animal, show};
use harness::{forge, zoo_component};

const CPU_LIMIT: Outcome = Outcome::Refused("250 ms are allowed (limits: cpu)");
const MEMORY_LIMIT: Outcome = Outcome::Refused("67108864 are allowed (limits: memory)");
const LOOP: &str = "(loop $again (br $again)) (unreachable)";

pub(crate) fn animals() -> Vec<Animal> {
    [no_components(), other_contracts(), before_the_first_call()].concat()
}

fn no_components() -> Vec<Animal> {
    let whole = forge("truncated").build();
    vec![
        animal("0 bytes", Vec::new(), Outcome::Refused("the file is empty")),
        animal("text", b"(component)".to_vec(), Outcome::Refused("is not WebAssembly")),
        animal("a shell script", b"#!/bin/sh\nrm -rf /\n".to_vec(), Outcome::Refused("is not WebAssembly")),
        animal("compiled code", b"\x7fELF\x02\x01\x01".to_vec(), Outcome::Refused("is not WebAssembly")),
        animal("a core module", wat::parse_str("(module)").unwrap(), Outcome::Refused("a core WebAssembly module")),
        animal(
            "an empty component",
            wat::parse_str("(component)").unwrap(),
            Outcome::Refused("it exports no function"),
        ),
        animal("the first half", whole[..whole.len() / 2].to_vec(), Outcome::Refused("does not compile: ")),
        animal("the last byte missing", whole[..whole.len() - 1].to_vec(), Outcome::Refused("does not compile: ")),
        animal("the magic number alone", b"\0asm".to_vec(), Outcome::Refused("unexpected end-of-file")),
        animal("a version to come", b"\0asm\x0e\0\x01\0".to_vec(), Outcome::Refused("unknown binary version")),
        animal("two in one file", [&whole[..], &whole[..]].concat(), Outcome::Refused("does not compile: ")),
        animal("beyond the size", vec![0; 1000], Outcome::Refused("the file has 1000 bytes, 999 are allowed"))
            .limits(|limits| limits.component_bytes = 999),
    ]
}

fn other_contracts() -> Vec<Animal> {
    let version = |version: &str| forge("version").piece("version", version).build();
    vec![
        animal("0.2.0", version("0.2.0"), Outcome::Refused("built for version 0.2.0 of the collector contract")),
        animal("1.0.0", version("1.0.0"), Outcome::Refused("built for version 1.0.0 of the collector contract")),
        animal("0.10.0", version("0.10.0"), Outcome::Refused("built for version 0.10.0 of the collector contract")),
        // Within 0.1 the types do not change; only functions may be added.
        animal("0.1.7", version("0.1.7"), Outcome::Gives(1, &[])),
        animal(
            "a field more",
            forge("field-more")
                .replace("(field \"optional\" bool)", "(field \"optional\" bool) (field \"more\" bool)")
                .build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "a time that may be negative",
            forge("signed").replace("(field \"now-unix-seconds\" u64)", "(field \"now-unix-seconds\" s64)").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "a case more",
            forge("case-more").replace("(enum \"qemu\" \"lxc\")", "(enum \"qemu\" \"lxc\" \"oci\")").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "no collect",
            forge("no-collect").piece("export", "gather").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "an import nobody has",
            forge("import").piece("outside", "(import \"exec\" (func (param \"command\" string)))").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "an import of WASI HTTP",
            forge("http")
                .piece("outside", "(import \"wasi:http/types@0.2.4\" (instance (export \"x\" (func))))")
                .build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn before_the_first_call() -> Vec<Animal> {
    let start = |body: &str| format!("(func $start {body}) (start $start)");
    let memory64 = "(core module (memory i64 1))";
    vec![
        animal("endless start", forge("s").piece("inside", &start(LOOP)).build(), CPU_LIMIT),
        animal("start traps", forge("s").piece("inside", &start("(unreachable)")).build(), Outcome::Refused("describe: trapped")),
        animal("endless describe", forge("d").piece("describe", LOOP).build(), CPU_LIMIT),
        animal("describe traps", forge("d").piece("describe", "(unreachable)").build(), Outcome::Refused("describe: trapped")),
        animal(
            "memory bomb in describe",
            forge("m")
                .piece("describe", "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)")
                .build(),
            MEMORY_LIMIT,
        ),
        animal("4 GiB declared", forge("m").piece("memory", "65536").build(), Outcome::Refused("memory")),
        animal("80 MiB declared", forge("m").piece("memory", "1280").build(), MEMORY_LIMIT),
        animal(
            "a hundred instances",
            forge("i")
                .piece("outside", &format!("(core module $m) {}", "(core instance (instantiate $m))".repeat(100)))
                .build(),
            Outcome::Refused("instances"),
        ),
        animal(
            "memories without end",
            forge("m")
                .piece("outside", &format!("(core module $m (memory 1)) {}", "(core instance (instantiate $m))".repeat(10)))
                .build(),
            Outcome::Refused("memor"),
        ),
        animal(
            "tables without end",
            forge("t")
                .piece("outside", &format!("(core module $m (table 1 funcref)) {}", "(core instance (instantiate $m))".repeat(40)))
                .build(),
            Outcome::Refused("tables"),
        ),
        animal("a table declared too large", forge("t").piece("inside", "(table 200000 funcref)").build(), Outcome::Refused("table")),
        animal(
            "table bomb in describe",
            forge("t")
                .piece("inside", "(table $t 1 funcref)")
                .piece(
                    "describe",
                    "(loop $again (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable)",
                )
                .build(),
            Outcome::Refused("100000 are allowed (limits: table-elements)"),
        ),
        animal("64-bit memory", wat::parse_str(format!("(component {memory64})")).unwrap(), Outcome::Refused("does not compile: ")),
        animal(
            "shared memory",
            wat::parse_str("(component (core module (memory 1 1 shared)))").unwrap(),
            Outcome::Refused("does not compile: "),
        ),
        animal(
            "garbage collection",
            wat::parse_str("(component (core module (type (struct))))").unwrap(),
            Outcome::Refused("does not compile: "),
        ),
        animal(
            "a manifest that lies outside",
            forge("d").piece("describe", "(i32.const -8)").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "a manifest that is not aligned",
            forge("d").piece("describe", "(i32.const 4097)").build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "a name that is not UTF-8",
            forge("d")
                .piece("describe", "(i32.store8 (i32.load (global.get $manifest)) (i32.const 0xff)) (global.get $manifest)")
                .build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "a name of 4 GiB",
            forge("d")
                .piece("describe", "(i32.store offset=4 (global.get $manifest) (i32.const -1)) (global.get $manifest)")
                .build(),
            Outcome::Refused("does not fit the collector contract 0.1.0: "),
        ),
        animal(
            "describe floods the log",
            forge("flood")
                .piece("inside", "(func $say (call $log (i32.const 3) (i32.const 4096) (i32.const 8)))")
                .piece("describe", "(loop $again (call $say) (br $again)) (unreachable)")
                .build(),
            CPU_LIMIT,
        ),
        animal("the panicking one's first kilobyte", zoo_component("panics")[..1000].to_vec(), Outcome::Refused("does not compile: ")),
    ]
}

#[test]
fn what_does_not_load_says_why() {
    show(&animals());
}

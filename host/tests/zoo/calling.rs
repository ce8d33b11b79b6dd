//! Animals that load, but break down when called, or return invalid pointers.

use super::support::{Animal, Outcome, animal, built_case, show};
use harness::{forge, zoo_component};

const LOOP: &str = "(loop $again (br $again)) (unreachable)";
const CPU_LIMIT: Outcome = Outcome::Fails("cpu_limit", "250 ms are allowed (limits: cpu)");
const MEMORY_LIMIT: Outcome = Outcome::Fails("memory_limit", "67108864 are allowed (limits: memory)");

pub(crate) fn animals() -> Vec<Animal> {
    [built_ones(), breakdowns(), wild_pointers(), abi()].concat()
}

/// `fixtures/zoo`: what a collector in Rust can do by mistake or on purpose.
fn built_ones() -> Vec<Animal> {
    vec![
        animal("endless collect", zoo_component("endless-collect"), CPU_LIMIT),
        animal("memory bomb", zoo_component("memory-eater"), MEMORY_LIMIT),
        animal("panic", zoo_component("panics"), Outcome::Fails("trap", "the zoo is closed today")),
        built_case("breaks-down", "abort", Outcome::Fails("trap", "unreachable")),
        built_case("breaks-down", "exit", Outcome::Fails("trap", "unreachable")),
        built_case("breaks-down", "division", Outcome::Fails("trap", "attempt to divide by zero")),
        built_case(
            "breaks-down",
            "index",
            Outcome::Fails("trap", "index out of bounds: the len is 3 but the index is 7"),
        ),
        built_case("breaks-down", "borrow", Outcome::Fails("trap", "already borrowed")),
        // Rust's stack, in linear memory, overflows before wasmtime's, which `deep` below exhausts.
        built_case("breaks-down", "recursion", Outcome::Fails("trap", "out of bounds memory access")),
        built_case("breaks-down", "lines", Outcome::Fails("trap", "first line second line")),
        built_case("breaks-down", "long", Outcome::Fails("trap", "xxxxxxxx")),
        built_case("breaks-down", "gigabyte", MEMORY_LIMIT),
        built_case("breaks-down", "sort", CPU_LIMIT),
        built_case("breaks-down", "malformed", Outcome::Fails("malformed_answer", "not what I wanted")),
        built_case("breaks-down", "settings", Outcome::Fails("settings", "no such setting")),
        built_case("breaks-down", "other", Outcome::Fails("failed", "moody")),
        built_case("floods", "rows", MEMORY_LIMIT),
        built_case("floods", "text", Outcome::Fails("lifted_bytes_limit", ""))
            .limits(|limits| limits.lifted_bytes = 8 << 20),
        built_case("floods", "label", Outcome::Gives(1, &[("label_value_length", 1)])),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn breakdowns() -> Vec<Animal> {
    let collect = |body: &str| forge("collect").piece("collect", body).build();
    let post = |body: &str| forge("post").piece("post", body).build();
    let realloc = |name: &str, outcome, body: &str| {
        let mut animal = animal(name, forge("realloc").piece("realloc", body).build(), outcome);
        animal.settings.push(("key".to_owned(), "value".to_owned()));
        animal
    };
    vec![
        animal("unreachable", collect("(unreachable)"), Outcome::Fails("trap", "unreachable")),
        animal(
            "division",
            collect("(i32.div_u (i32.const 1) (i32.const 0))"),
            Outcome::Fails("trap", "integer divide by zero"),
        ),
        animal(
            "overflow",
            collect("(i32.trunc_f64_s (f64.const 1e300))"),
            Outcome::Fails("trap", "integer overflow"),
        ),
        animal("out of bounds", collect("(i32.load (i32.const -4))"), Outcome::Fails("trap", "out of bounds memory access")),
        animal(
            "no function there",
            forge("table")
                .piece("inside", "(table 1 funcref)")
                .piece("collect", "(call_indirect (result i32) (i32.const 7))")
                .build(),
            Outcome::Fails("trap", "table"),
        ),
        animal(
            "recursion",
            forge("deep").piece("inside", "(func $down (call $down))").piece("collect", "(call $down) (unreachable)").build(),
            Outcome::Fails("trap", "call stack exhausted"),
        ),
        animal(
            "recursion by tail calls",
            forge("tail").piece("inside", "(func $on (return_call $on))").piece("collect", "(call $on) (unreachable)").build(),
            CPU_LIMIT,
        ),
        animal(
            "bulk writing without end",
            forge("fill")
                .piece("memory", "900")
                .piece(
                    "collect",
                    "(loop $again (memory.fill (i32.const 65536) (i32.const 7) (i32.const 58000000)) (br $again)) (unreachable)",
                )
                .build(),
            CPU_LIMIT,
        ),
        animal(
            "memory bomb",
            collect("(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)"),
            MEMORY_LIMIT,
        ),
        animal(
            "all memory at once",
            collect("(drop (memory.grow (i32.const 65000))) (global.get $output)"),
            MEMORY_LIMIT,
        ),
        animal("endless after its answer", post(LOOP), CPU_LIMIT),
        animal("traps after its answer", post("(unreachable)"), Outcome::Fails("trap", "unreachable")),
        realloc("endless taking its input", CPU_LIMIT, LOOP),
        realloc("no room for its input", Outcome::Fails("trap", "unreachable"), "(unreachable)"),
        realloc("input beyond memory", Outcome::Fails("engine", "realloc return: beyond end of memory"), "(i32.const -16)"),
        realloc("input not aligned", Outcome::Fails("engine", "realloc return: result not aligned"), "(i32.const 5001)"),
        // The input overwrites the rest of its memory, which only affects itself.
        realloc("input over its manifest", Outcome::Gives(1, &[]), "(i32.const 4096)"),
        realloc(
            "logs while taking its input",
            Outcome::Fails("trap", "cannot leave component instance"), "(call $log (i32.const 1) (i32.const 4096) (i32.const 1)) (i32.const 4096)",
        ),
    ]
}

/// Answers with invalid pointers or invalid contents.
fn wild_pointers() -> Vec<Animal> {
    let patched = |patch: &str| forge("wild").piece("collect", &format!("{patch} (global.get $output)")).build();
    let store = |offset: u32, value: &str| {
        patched(&format!("(i32.store offset={offset} (global.get $output) (i32.const {value}))"))
    };
    vec![
        animal("answer outside", forge("a").piece("collect", "(i32.const -64)").build(), Outcome::Fails("engine", "")),
        animal(
            "answer at the edge",
            forge("a").piece("collect", "(i32.const 0x1fff8)").build(),
            Outcome::Fails("engine", ""),
        ),
        animal(
            "answer not aligned",
            forge("a").piece("collect", "(i32.const 4097)").build(),
            Outcome::Fails("engine", ""),
        ),
        animal("neither result nor error", store(0, "2"), Outcome::Fails("engine", "")),
        animal("rows outside", store(4, "-16"), Outcome::Fails("engine", "")),
        animal("rows not aligned", store(4, "4097"), Outcome::Fails("engine", "")),
        animal("4 Gi rows", store(8, "-1"), Outcome::Fails("engine", "")),
        animal("2 Gi warnings", store(16, "0x7fffffff"), Outcome::Fails("engine", "")),
        animal(
            "a failure of 2 GiB",
            patched(
                "(i32.store (global.get $output) (i32.const 1)) (i32.store offset=4 (global.get $output) (i32.const 0)) (i32.store offset=8 (global.get $output) (i32.const 0)) (i32.store offset=12 (global.get $output) (i32.const 0x7fffffff))",
            ),
            Outcome::Fails("engine", ""),
        ),
        animal(
            "a value of no type",
            // The first row's values.
            patched("(i32.store (i32.load offset=12 (i32.load offset=4 (global.get $output))) (i32.const 9))"),
            Outcome::Fails("engine", ""),
        ),
        animal(
            "a label that is not UTF-8",
            patched(
                "(i32.store8 (i32.load (i32.load offset=4 (i32.load offset=4 (global.get $output)))) (i32.const 0xc0))",
            ),
            Outcome::Fails("engine", ""),
        ),
    ]
}

/// Misuse of the host's functions.
fn abi() -> Vec<Animal> {
    let log = |arguments: &str| {
        forge("log").piece("collect", &format!("(call $log {arguments}) (global.get $output)")).build()
    };
    vec![
        animal("a log line outside", log("(i32.const 1) (i32.const -8) (i32.const 64)"), Outcome::Fails("engine", "")),
        animal("a log line of 4 GiB", log("(i32.const 1) (i32.const 0) (i32.const -1)"), Outcome::Fails("engine", "")),
        animal(
            "a log level there is none",
            log("(i32.const 9) (i32.const 4096) (i32.const 8)"),
            Outcome::Fails("engine", ""),
        ),
        animal(
            "a log line of 50 MiB",
            forge("log")
                .piece("memory", "900")
                .piece(
                    "collect",
                    "(call $log (i32.const 0) (i32.const 65536) (i32.const 52428800)) (global.get $output)",
                )
                .build(),
            Outcome::Gives(1, &[]),
        ),
        animal(
            "a log line beyond what may be lifted",
            forge("log")
                .piece("memory", "900")
                .piece(
                    "collect",
                    "(call $log (i32.const 0) (i32.const 65536) (i32.const 52428800)) (global.get $output)",
                )
                .build(),
            Outcome::Fails("lifted_bytes_limit", "1000000 bytes"),
        )
        .limits(|limits| limits.lifted_bytes = 1_000_000),
    ]
}

#[test]
fn what_breaks_down_fails_with_its_reason() {
    show(&animals());
}

/// Each call starts with the component's initial memory.
#[test]
fn nothing_is_kept_from_one_call_to_the_next() {
    use pve_exporter::collector::{Collector, Origin};
    use pve_exporter::request::Place;

    use super::support::{expose, limits, sandbox};

    let sandbox = sandbox();
    for bytes in [zoo_component("remembers"), remembering()] {
        let collector = Collector::load(&sandbox, &bytes, Origin::Builtin, limits()).unwrap();
        let mut texts = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let collection = collector.collect(1_763_000_000, &Place::cluster(), &[]);
            texts.insert(expose(&collector, vec![collection.outcome.unwrap()]).0);
        }
        let texts: Vec<String> = texts.into_iter().collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].ends_with(" 1\n"), "{texts:?}");
    }
}

/// Counts its calls in memory, in a global and in the size of its memory; its value is the product.
fn remembering() -> Vec<u8> {
    forge("remembering")
        .piece("inside", "(global $calls (mut i32) (i32.const 0))")
        .piece(
            "collect",
            "(local $calls i32)
            (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (local.set $calls (i32.mul (i32.load (i32.const 64)) (global.get $calls)))
            (local.set $calls (i32.mul (local.get $calls) (i32.sub (memory.grow (i32.const 1)) (i32.const 1))))
            (f64.store offset=8 (i32.load offset=12 (i32.load offset=4 (global.get $output)))
              (f64.convert_i32_u (local.get $calls)))
            (global.get $output)",
        )
        .build()
}

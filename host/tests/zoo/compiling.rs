//! Compile bombs: components that exhaust time or memory while they are compiled. The compiler's process is killed.

use std::path::Path;
use std::time::{Duration, Instant};

use pve_exporter::collector::{Collector, Origin};
use pve_exporter::limits::Limits;
use pve_exporter::request::Place;
use pve_exporter::sandbox::{Capacity, Compiler, Sandbox};

use super::support::{Healthy, MEMORY, limits};
use harness::{binary, forge};

fn compiler(cache: &Path) -> Compiler {
    Compiler::new(binary(), cache.to_owned(), Capacity { slots: 1, max_memory: 128 << 20 })
}

/// A component whose core module contains these functions.
fn with(inside: &str) -> Vec<u8> {
    forge("bomb").piece("inside", inside).build()
}

/// One function of about the maximum size.
fn huge_function() -> Vec<u8> {
    let step = "(local.set 0 (i64.mul (i64.add (local.get 1) (local.get 0)) (i64.rotl (local.get 0) (local.get 1))))\n";
    with(&format!("(func (param i64 i64) {})", step.repeat(400_000)))
}

/// Hundreds of thousands of functions that call each other.
fn many_functions() -> Vec<u8> {
    let function = "(func (param i64) (result i64) (local i64 i64 f64) (loop (br_if 0 (i64.eqz (local.tee 1 (i64.div_u \
                    (local.get 0) (i64.const 3))))) (local.set 2 (call 2 (local.get 1)))) (i64.xor (local.get 2) (local.get 1)))\n";
    // Function 0 is the imported log and 1 the module's first, so 2 is one of these.
    with(&function.repeat(300_000))
}

/// Branches that keep many values alive, which costs the compiler memory.
pub(crate) fn branches() -> Vec<u8> {
    let locals = "(local i64) ".repeat(2_000);
    let block = |number: usize| {
        format!(
            "(if (i32.wrap_i64 (local.get {})) (then (local.set {} (i64.const {number}))))\n",
            number % 2000,
            (number * 7) % 2000
        )
    };
    let body: String = (0..150_000).map(block).collect();
    let uses: String = (0..2_000).map(|local| format!("(drop (i64.add (local.get {local}) (i64.const 1)))")).collect();
    with(&format!("(func {locals} (loop {body} {uses} (br 0)))"))
}

#[test]
fn a_compile_bomb_ends_with_its_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = compiler(folder.path());
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: 128 << 20 }, Some(folder.path())).unwrap();
    let healthy = Healthy::new(&sandbox);
    // On an idle machine the fastest of the three takes 1 s to compile; a tenth leaves room for a faster machine.
    let limits = Limits { compile_time: Duration::from_millis(100), ..limits() };
    let mut wrong = Vec::new();
    for (name, bytes) in [("huge function", huge_function()), ("functions", many_functions()), ("branches", branches())]
    {
        let began = Instant::now();
        let outcome = compiler.compile(&bytes, &limits).map_err(|error| error.to_string());
        println!("{name}: {} bytes, {:?}, {outcome:?}", bytes.len(), began.elapsed());
        match outcome {
            Err(text) if text.contains("compiling took longer than 0.1 s (limits: compile-time)") => {}
            other => wrong.push(format!("{name}: {other:?}")),
        }
        healthy.check(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Types that double with every line, nest deeply or are numerous: the parser refuses them, or they compile quickly.
#[test]
fn other_bombs_do_not_go_off() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = compiler(folder.path());
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: 128 << 20 }, Some(folder.path())).unwrap();
    let doubling: String = (1..40).map(|level| format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1)).collect();
    let nested: String = (1..20_000).map(|level| format!("(type $n{level} (list $n{}))", level - 1)).collect();
    let deep = "(import \"f\" (func (param \"p\" $n19999)))";
    let blocks = format!("(func {} {})", "(block ".repeat(100_000), ")".repeat(100_000));
    let imports: String = (0..20_000).map(|number| format!("(import \"i{number}\" (func))")).collect();
    let outside = |text: &str| forge("bomb").piece("outside", text).build();
    let bombs = [
        (
            "types that double",
            outside(&format!("(type $t0 (tuple u8 u8)) {doubling}")),
            Some("effective type size exceeds"),
        ),
        ("lists of lists", outside(&format!("(type $n0 (list u8)) {nested} {deep}")), Some("type nesting is too deep")),
        ("a thousand components in components", nest(1_000), Some("it does not import pve:collector/types")),
        // 240 KB that would take gigabytes: the compiler's memory limit.
        ("20,000 components in components", nest(20_000), Some("memory allocation of")),
        ("20,000 imports", outside(&imports), Some("component imports function `i0`")),
        ("100,000 blocks in blocks", with(&blocks), None),
    ];
    for (name, bytes, words) in bombs {
        let compiled = compiler.compile(&bytes, &limits());
        let loaded = compiled.map_err(|error| error.to_string()).and_then(|()| {
            Collector::load(&sandbox, &bytes, Origin::Builtin, limits()).map_err(|error| error.to_string())
        });
        match (loaded, words) {
            (Err(text), Some(words)) if text.contains(words) && !text.contains('\n') => {}
            (Ok(_), None) => {}
            (loaded, _) => panic!("{name}: {loaded:?}"),
        }
    }
}

/// Nested components: headers and sections of type 4, from the innermost outwards.
fn nest(depth: usize) -> Vec<u8> {
    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut length = HEADER.len();
    let mut headers: Vec<Vec<u8>> = vec![HEADER.to_vec()];
    for _ in 0..depth {
        let mut header = [HEADER, &[4]].concat();
        let mut left = length;
        while left >= 0x80 {
            header.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
            left >>= 7;
        }
        header.push(u8::try_from(left).unwrap());
        length += header.len();
        headers.push(header);
    }
    headers.reverse();
    headers.concat()
}

/// The sandbox finds what the child process has compiled; the child reports what it can't compile.
#[test]
fn the_child_compiles_what_is_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = compiler(folder.path());
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: 128 << 20 }, Some(folder.path())).unwrap();
    let good = forge("good").build();
    compiler.compile(&good, &limits()).unwrap();
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_some(), "nothing in the cache");
    let collector = Collector::load(&sandbox, &good, Origin::Builtin, limits()).unwrap();
    assert_eq!(collector.collect(0, &Place::cluster(), &[]).outcome.unwrap().rows(), 1);

    let error = |bytes: &[u8]| compiler.compile(bytes, &limits()).unwrap_err().to_string();
    let text = error(&good[..good.len() - 10]);
    assert!(text.starts_with("does not compile: ") && text.matches("does not compile").count() == 1, "{text}");
    assert!(error(b"").contains("is empty") && error(b"#!/bin/sh").contains("is not WebAssembly"));
    assert!(error(&forge("m").piece("memory", "65536").build()).contains("memory"), "a memory of 4 GiB");
    let missing = Compiler::new(
        "/nonexistent/pve-exporter".into(),
        folder.path().to_owned(),
        Capacity { slots: 1, max_memory: MEMORY },
    );
    let text = missing.compile(&good, &limits()).unwrap_err().to_string();
    assert!(text.contains("the compiler process does not start"), "{text}");
}

/// Files of compiled code in the cache.
fn cached(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // Next to the code are files with an extension, about its use.
    entries.map(|path| if path.is_dir() { cached(&path) } else { usize::from(path.extension().is_none()) }).sum()
}

#[test]
fn one_child_compiles_several_components() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = compiler(folder.path());
    let [a, b, c] = ["a", "b", "c"].map(|name| forge(name).build());
    compiler.compile_all(&[&a, &b], &limits()).unwrap();
    let compiled = cached(folder.path());
    assert!(compiled >= 2, "{compiled}");
    let sandbox = Sandbox::new(Capacity { slots: 1, max_memory: 128 << 20 }, Some(folder.path())).unwrap();
    for component in [&a, &b] {
        Collector::load(&sandbox, component, Origin::Builtin, limits()).unwrap();
    }
    assert_eq!(cached(folder.path()), compiled, "the child has compiled both");

    compiler.compile_all(&[&a, &c], &limits()).unwrap();
    assert_eq!(cached(folder.path()), compiled, "the first is cached, so the child does not look at the others");
    compiler.compile_all(&[&c, &a], &limits()).unwrap();
    assert!(cached(folder.path()) > compiled);
    let error = compiler.compile_all(&[&b, b"#!/bin/sh"], &limits()).unwrap_err().to_string();
    assert!(error.contains("is not WebAssembly"), "{error}");
}

//! Manifests and rows of arbitrary components: what the schema lets through is an exposition that Prometheus's own parser accepts, has
//! the series that were counted, and is no larger than was estimated.
//!
//! promtool is a process, so it sees one input in 64; the cheaper checks see all.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use pve_exporter::budget::ByteBudget;
use pve_exporter::contract::{KindDecl, Manifest, MetricDecl, RequestDecl, Row, TableDecl, Value};
use pve_exporter::exposition::{Encoder, Format};
use pve_exporter::limits::Limits;
use pve_exporter::schema::{Collected, Rows, Schema};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let (Ok(manifest), Ok(rows)) = (manifest(&mut input), rows(&mut input)) else { return };
    let limits = Limits { rows: 1000, series: 5000, exposition_bytes: 1 << 20, ..Limits::default() };
    let schema = match Schema::check(manifest, &limits) {
        Ok(schema) => Arc::new(schema),
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 8192 && !text.contains(char::is_control), "{text:?}");
            return;
        }
    };
    let Ok((rows, _)) = Rows::check(rows, &schema, &limits, &ByteBudget::unlimited()) else { return };
    let most = rows.text_bytes();
    let (collected, _) = Collected::join(schema, vec![rows]);
    let text = encode(&collected, Format::Text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    assert!(
        samples.clone().map(|line| line.len() + 1).sum::<usize>() <= most * 2 + 64,
        "more than {most} bytes:\n{text}"
    );
    assert_eq!(samples.count() as u64, collected.series(), "{text}");
    let open = encode(&collected, Format::OpenMetrics);
    assert!(open.ends_with("# EOF\n") && open.matches("# EOF").count() >= 1, "{open}");
    if bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)) % 64 == 0 {
        promtool(&text);
    }
});

fn encode(collected: &Collected, format: Format) -> String {
    let mut encoder = Encoder::new(format, 4096);
    collected.encode(&mut encoder);
    String::from_utf8(encoder.finish()).expect("UTF-8")
}

/// Panics if promtool can't parse the text. Its lints about names don't matter here.
fn promtool(text: &str) {
    let child =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("promtool in PATH");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("error while"), "{said}\n{text}");
}

/// Text that is often a name, sometimes the same as before, and sometimes anything.
fn text(input: &mut Unstructured<'_>) -> Result<String> {
    const NAMES: [&str; 8] = ["pve_a", "pve_b_total", "pve_c_info", "id", "node", "a\"b", "x\n# EOF\n", "\u{202e}\\"];
    match input.int_in_range(0..=9_usize)? {
        choice @ 0..=7 => Ok(NAMES.get(choice).copied().unwrap_or_default().to_owned()),
        _ => Ok(input.arbitrary::<&str>()?.to_owned()),
    }
}

fn several<T>(
    input: &mut Unstructured<'_>,
    most: u8,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..input.int_in_range(0..=most)?).map(|_| one(input)).collect()
}

fn manifest(input: &mut Unstructured<'_>) -> Result<Manifest> {
    let request = |input: &mut Unstructured<'_>| {
        Ok(RequestDecl { path: text(input)?, max_age_seconds: input.arbitrary()?, optional: input.arbitrary()? })
    };
    Ok(Manifest {
        name: if input.ratio(1, 16)? { text(input)? } else { "fuzz".to_owned() },
        version: text(input)?,
        description: text(input)?,
        requests: if input.ratio(1, 16)? { several(input, 3, request)? } else { Vec::new() },
        tables: several(input, 3, table)?,
    })
}

fn table(input: &mut Unstructured<'_>) -> Result<TableDecl> {
    let metric = |input: &mut Unstructured<'_>| {
        Ok(MetricDecl { name: text(input)?, help: format!("H{}", text(input)?), kind: kind(input)? })
    };
    Ok(TableDecl { label_names: several(input, 3, text)?, metrics: several(input, 3, metric)? })
}

fn kind(input: &mut Unstructured<'_>) -> Result<KindDecl> {
    Ok(match input.int_in_range(0..=3)? {
        0 => KindDecl::Gauge,
        1 => KindDecl::Counter,
        2 => KindDecl::Info,
        _ => KindDecl::StateSet { label: text(input)?, states: several(input, 3, text)? },
    })
}

fn rows(input: &mut Unstructured<'_>) -> Result<Vec<Row>> {
    let value = |input: &mut Unstructured<'_>| {
        Ok(match input.int_in_range(0..=3)? {
            0 => Value::Absent,
            1 => Value::Number(1.0),
            2 => Value::Number(input.arbitrary()?),
            _ => Value::State(input.arbitrary::<Option<u8>>()?.map(u32::from)),
        })
    };
    let row = |input: &mut Unstructured<'_>| {
        let table = input.int_in_range(0..=3)?;
        Ok(Row { table, labels: several(input, 3, text)?, values: several(input, 3, value)? })
    };
    several(input, 20, row)
}

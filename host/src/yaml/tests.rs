//! Documents and their trees.

use super::{Entry, Node, Scalar, Value, parse};

/// The tree as one line: `[a, {b: c}]`.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Scalar(Scalar { text, plain: true }) => text.clone(),
        Value::Scalar(Scalar { text, plain: false }) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Mapping(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key, shown(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn read(text: &str) -> String {
    shown(&parse(text).unwrap())
}

fn problem(text: &str) -> String {
    parse(text).map(|node| shown(&node)).unwrap_err().to_string()
}

#[test]
fn scalars_are_what_the_file_says() {
    for text in ["0x1F", "0o17", "0b101", "+49", "98765432109876543210", "007", "1_000", "1e3", "yes", "~", "12:30:45"]
    {
        assert_eq!(read(text), text);
    }
    assert_eq!(read("'it''s'"), "\"it's\"");
    assert_eq!(read("\"a\\u00fc\""), "\"aü\"");
    assert_eq!(read("!!str 5"), "\"5\"");
    assert_eq!(read("a: |\n  x\n  y"), "{a: \"x\\ny\"}");
    assert!(parse("").unwrap().is_null() && parse("# x\n").unwrap().is_null() && parse("null").unwrap().is_null());
    assert!(!parse("'null'").unwrap().is_null());
}

#[test]
fn merge_keys_and_aliases() {
    assert_eq!(
        read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: *a\n"),
        "{a: {x: 1, y: 2}, b: {y: 3, z: 4}, c: {x: 0, y: 2, z: 4}, d: {x: 1, y: 2}}"
    );
    assert_eq!(read("{'<<': x}"), "{<<: \"x\"}".replace('"', ""));
    assert_eq!(problem("<<: 1"), "1:5: << must be a mapping or a list of mappings");
    assert_eq!(problem("a: *b"), "1:4: an alias (*) without its anchor (&): quote values that start with *");
    assert_eq!(problem("a: &a [*a]"), "1:8: an alias (*) without its anchor (&): quote values that start with *");
}

#[test]
fn keys_differ() {
    assert_eq!(problem("a: 1\na: 2"), "2:1: a appears twice: remove one");
    assert_eq!(problem("{s3same: 1, s3same: 2}"), "1:13: a key appears twice: remove one");
    assert_eq!(problem("[a]: 1"), "1:1: keys must be text");
}

#[test]
fn positions_and_spans() {
    let text = "ä: 1\nb:\n  - 'x y'\n";
    let Value::Mapping(entries) = parse(text).unwrap().value else { panic!("a mapping") };
    assert_eq!((entries[0].at.to_string(), entries[0].value.at.to_string()), ("1:1".to_owned(), "1:4".to_owned()));
    let Value::List(items) = &entries[1].value.value else { panic!("a list") };
    assert_eq!((items[0].at.to_string(), &text[items[0].span.clone()]), ("3:5".to_owned(), "'x y'"));
}

#[test]
fn documents_are_bounded() {
    let bomb: String = (0..6).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))).collect();
    let bomb = bomb.replace("*a-1,", "x,");
    assert!(problem(&bomb).ends_with("too large, or nested too deeply"), "{bomb}");
    assert!(problem(&"[".repeat(100_000)).ends_with("too large, or nested too deeply"));
    assert!(problem(&"- ".repeat(1000)).ends_with("too large, or nested too deeply"));
    assert!(problem(&"- x\n".repeat(20_000)).ends_with("too large, or nested too deeply"));
    // Through aliases as well.
    let deep: String = (0..30)
        .map(|n| format!("a{n}: &a{n} [{}]\n", if n == 0 { String::new() } else { format!("*a{}", n - 1) }))
        .collect();
    assert!(problem(&deep).ends_with("too large, or nested too deeply"));
}

#[test]
fn errors_name_the_remedy_and_no_text() {
    for (text, words) in [
        ("a:\n\tb: s3same", "2:1: a tab can't indent a line: use spaces"),
        ("a:\n  b: 1\n\tc: s3same", "3:1: a tab can't indent a line: use spaces"),
        ("a: [s3same\nb: 1\n", "1:4: a bracket is not closed"),
        ("a: 's3same\nb: 1\n", "1:4: a quote is not closed"),
        ("a: 's3same'x\n", "1:12: text after a closing quote: quote the whole value"),
        ("a: @s3same\n", "1:4: a value starts with a character that YAML reserves: quote the value"),
        ("a: %s3same\n", "1:4: a value starts with a character that YAML reserves: quote the value"),
        ("a: \"\\s3same\"\n", "1:4: not a known escape sequence"),
        ("a: b: s3same\n", "1:5: a second colon, or a line with the wrong indentation"),
        ("a: 1\ns3same\n", "2:1: no \"key: value\" here"),
        ("a: !s3same x\n", "1:12: a tag (!): quote values that start with !"),
        ("a: !!int 5\n", "1:10: a tag (!)"),
        ("a: 1\n---\ns3same: 1\n", "2:1: more than one document: remove ---"),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with(words) && !problem.contains("s3same"), "{text}: {problem}");
    }
}

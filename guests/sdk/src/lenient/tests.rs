//! Each lenient type with each kind of value.

use super::*;

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> T {
    serde_json::from_str(json).unwrap()
}

#[test]
fn numbers() {
    for (json, number) in [
        ("1.74", Some(1.74)),
        ("-5", Some(-5.0)),
        ("18446744073709551615", Some(18_446_744_073_709_551_615.0)),
        (r#""1.74""#, Some(1.74)),
        (r#"" 7200 ""#, Some(7200.0)),
        (r#""1e3""#, Some(1000.0)),
        (r#""\u0031""#, Some(1.0)),
        (r#""nan""#, None),
        (r#""NaN""#, None),
        (r#""inf""#, None),
        (r#""1e999""#, None),
        (r#""0x10""#, None),
        (r#""1 2""#, None),
        (r#""""#, None),
        (r#""N/A""#, None),
        (r#""null""#, None),
        ("null", None),
        ("true", None),
        ("[1]", None),
        (r#"{"value":1}"#, None),
    ] {
        assert_eq!(read::<Number>(json), Number(number), "{json}");
    }
}

#[test]
fn texts() {
    for (json, text) in [
        (r#""node01""#, Some("node01")),
        (r#""""#, Some("")),
        (r#""tab\t""#, Some("tab\t")),
        ("112", Some("112")),
        ("-1", Some("-1")),
        ("0.5", Some("0.5")),
        ("true", None),
        ("null", None),
        (r#"["a"]"#, None),
        ("{}", None),
    ] {
        assert_eq!(read::<Text>(json).as_str(), text, "{json}");
    }
    assert!(matches!(read(r#""node01""#), Text(Some(Cow::Borrowed("node01")))));
    assert_eq!(read::<Text>(r#""ATA     ""#).label(), "ATA");
}

#[test]
fn flags() {
    for (json, flag) in [
        ("1", Some(true)),
        ("true", Some(true)),
        (r#""1""#, Some(true)),
        ("0", Some(false)),
        ("false", Some(false)),
        (r#""0""#, Some(false)),
        (r#""""#, Some(false)),
        ("2", None),
        ("-1", None),
        ("1.0", None),
        (r#""yes""#, None),
        ("null", None),
        ("[]", None),
    ] {
        assert_eq!(read::<Flag>(json), Flag(flag), "{json}");
    }
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Pair {
    a: Number,
    b: Number,
}

#[test]
fn objects_are_not_read_from_lists() {
    assert_eq!(
        read::<Object<Pair>>(r#"{"b":"2","c":[{}]}"#),
        Object(Some(Pair { a: Number(None), b: Number(Some(2.0)) }))
    );
    for json in ["[1,2]", "null", "1", "-1", "1.5", r#""{}""#, "true", "[[]]"] {
        assert_eq!(read::<Object<Pair>>(json), Object(None), "{json}");
    }
}

#[test]
fn lists_keep_positions() {
    assert_eq!(read::<List<Number>>(r#"["1",null,3]"#).0, [Number(Some(1.0)), Number(None), Number(Some(3.0))]);
    for json in ["{}", r#"{"0":1}"#, "null", "1", r#""[1]""#, "false"] {
        assert!(read::<List<Number>>(json).is_empty(), "{json}");
    }
}

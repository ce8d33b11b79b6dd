//! The lenient types read any JSON, and what follows it.

use proptest::prelude::*;
use pve_collector::lenient::{Flag, List, Number, Object, Text};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default)]
    number: Number,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(default)]
    flag: Flag,
    #[serde(borrow, default)]
    object: Object<Inner<'a>>,
    #[serde(borrow, default)]
    list: List<Text<'a>>,
    #[serde(default)]
    last: Number,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        prop_oneof!["[0-9]{1,4}", "-?[0-9]+\\.[0-9]+", "nan|inf|-inf|N/A|1e999| 1 "].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("text|list|[a-z]{1,3}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_fails_or_spoils_the_rest(value in any_json()) {
        let entry = json!({
            "number": value, "text": value, "flag": value, "object": value, "list": value, "unknown": value, "last": 7,
        });
        let text = entry.to_string();
        let read: Entry = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.last, Number(Some(7.0)));
        prop_assert!(read.number.0.is_none_or(f64::is_finite));
        prop_assert_eq!(read.text.as_str().is_some(), value.is_string() || value.is_number());
        prop_assert_eq!(read.object.0.is_some(), value.is_object());
        prop_assert_eq!(read.list.len(), value.as_array().map_or(0, Vec::len));
        if let Some(inner) = read.object.0 {
            let text = value["text"].to_string();
            let text: Text = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(inner.text, text);
        }
        if let Some(flag) = value.as_bool() {
            prop_assert_eq!(read.flag, Flag(Some(flag)));
        }
    }

    #[test]
    fn a_number_is_the_same_as_a_string(number in any::<f64>().prop_filter("JSON has no others", |n| n.is_finite())) {
        let text = json!(number).to_string();
        let plain: Number = serde_json::from_str(&text).unwrap();
        let quoted = json!(text).to_string();
        let quoted: Number = serde_json::from_str(&quoted).unwrap();
        prop_assert_eq!(plain, quoted);
    }
}

//! Answers made odd: for property tests that a collector neither panics nor loses more than the odd part.
//!
//! ```
//! use pve_collector::testing::mutation;
//! use serde_json::json;
//!
//! let mut answer = json!([{"vmid": 112, "status": "running"}, {"vmid": 113}]);
//! assert_eq!(mutation::count(&answer), 5);
//! let place = mutation::replace(&mut answer, 1, Some(json!("N/A")));
//! assert_eq!(answer, json!([{"vmid": 112, "status": "N/A"}, {"vmid": 113}]));
//! assert_eq!(place, ["0", "status"]);
//! ```

use serde_json::{Value, json};

/// Values that stand where they should not: wrong types, extremes, numbers as strings, what Perl makes of nothing.
pub fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!(f64::MAX),
        json!(""),
        json!("0"),
        json!("1"),
        json!("99.87"),
        json!("N/A"),
        json!("nan"),
        json!("inf"),
        json!("-1e999"),
        json!("quote \" backslash \\ newline \n ünï \u{1f980}"),
        json!([]),
        json!([1, "2", null]),
        json!({}),
        json!({"total": "3", "sid": ["vm:1"]}),
    ]
}

/// How many values are in a document, not counting the document itself.
pub fn count(document: &Value) -> usize {
    children(document).map(|child| 1 + count(child)).sum()
}

/// Replaces the `n`th value of a document (below its [`count`]) or, with `None`, removes it. Gives the way there: list
/// positions and member names.
pub fn replace(document: &mut Value, n: usize, with: Option<Value>) -> Vec<String> {
    let mut before = 0;
    let keys: Vec<String> = match document {
        Value::Array(list) => (0..list.len()).map(|position| position.to_string()).collect(),
        Value::Object(object) => object.keys().cloned().collect(),
        _ => Vec::new(),
    };
    for key in keys {
        if n == before {
            match (document, with) {
                (Value::Array(list), Some(value)) => list[index(&key)] = value,
                (Value::Array(list), None) => drop(list.remove(index(&key))),
                (Value::Object(object), Some(value)) => drop(object.insert(key.clone(), value)),
                (Value::Object(object), None) => drop(object.remove(&key)),
                _ => {}
            }
            return vec![key];
        }
        let child = match document {
            Value::Array(list) => &mut list[index(&key)],
            Value::Object(object) => &mut object[&key],
            _ => break,
        };
        let inside = count(child);
        if n <= before + inside {
            let mut path = vec![key];
            path.extend(replace(child, n - before - 1, with));
            return path;
        }
        before += 1 + inside;
    }
    Vec::new()
}

/// A document without the value at `path`, which must be there: what is left when the odd part is lost.
pub fn without(document: &Value, path: &[String]) -> Value {
    let mut rest = document.clone();
    let (last, way) = path.split_last().expect("a path has at least one step");
    let parent = way.iter().fold(&mut rest, |value, key| match value {
        Value::Array(list) => &mut list[index(key)],
        value => &mut value[key.as_str()],
    });
    match parent {
        Value::Array(list) => drop(list.remove(index(last))),
        Value::Object(object) => drop(object.remove(last)),
        _ => panic!("{path:?} leads to no list or object"),
    }
    rest
}

fn index(key: &str) -> usize {
    key.parse().expect("keys of a list are its positions")
}

fn children(document: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match document {
        Value::Array(list) => Box::new(list.iter()),
        Value::Object(object) => Box::new(object.values()),
        _ => Box::new(std::iter::empty()),
    }
}

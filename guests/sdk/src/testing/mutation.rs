//! Answers made odd, for property tests: a collector must neither panic nor lose more than the odd part.
//!
//! ```
//! use pve_collector::testing::mutation;
//! use serde_json::json;
//!
//! let mut answer = json!([{"vmid": 112, "status": "running"}, {"vmid": 113}]);
//! assert_eq!(mutation::count(&answer), 5);
//! let path = mutation::replace(&mut answer, 1, Some(json!("N/A")));
//! assert_eq!(answer, json!([{"vmid": 112, "status": "N/A"}, {"vmid": 113}]));
//! assert_eq!(path, ["0", "status"]);
//! ```
//!
//! `Zfs` in the examples below is the collector of the [module above](super).

use serde_json::{Value, json};

/// Values a collector does not expect: wrong types, extremes, numbers as strings, the ways Perl spells nothing.
///
/// ```
/// use pve_collector::testing::{Case, mutation};
/// use serde_json::json;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// for odd in mutation::odd_values() {
///     let pools = json!([odd, {"name": "rpool", "size": odd}, {"name": "tank", "health": "ONLINE"}]);
///     let collected = Case::new().answer("/nodes/node01/disks/zfs", pools.to_string()).collect::<Zfs>();
///     assert!(collected.failures().is_empty(), "{odd}");
///     let healthy = "pve_zfs_pool_health{node=\"node01\",pool=\"tank\",health=\"ONLINE\"} 1\n";
///     assert!(collected.exposition().contains(healthy), "{odd}");
/// }
/// ```
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

/// The number of values in a document, not counting the document itself.
///
/// ```
/// use pve_collector::testing::mutation;
/// use serde_json::json;
///
/// let pools = json!([{"name": "rpool", "size": 3999587221504_u64}, {"name": "tank"}]);
/// assert_eq!(mutation::count(&pools), 5); // two pools with three members
/// ```
pub fn count(document: &Value) -> usize {
    children(document).map(|child| 1 + count(child)).sum()
}

/// Replaces the `n`th value of a document (below its [`count`]) or, with `None`, removes it. Returns the value's path: list
/// positions and member names.
///
/// ```
/// use pve_collector::testing::{Case, mutation};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// // Whatever member is missing, the collector neither panics nor fails.
/// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
/// let pools = case.document("/nodes/node01/disks/zfs");
/// for n in 0..mutation::count(&pools) {
///     let mut changed = pools.clone();
///     let path = mutation::replace(&mut changed, n, None);
///     let collected = Case::new().answer("/nodes/node01/disks/zfs", changed.to_string()).collect::<Zfs>();
///     assert!(collected.failures().is_empty(), "without {path:?}");
/// }
/// ```
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

/// A document without the value at `path`, which must exist: what is left when the odd part is lost.
///
/// ```
/// use pve_collector::testing::{Case, mutation};
/// use serde_json::json;
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// const POOLS: &str = "/nodes/node01/disks/zfs";
/// let collect = |pools: &serde_json::Value| Case::new().answer(POOLS, pools.to_string()).collect::<Zfs>();
///
/// // A pool that is not an object is lost alone.
/// let pools = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded")).document(POOLS);
/// let mut changed = pools.clone();
/// let path = mutation::replace(&mut changed, 0, Some(json!("N/A")));
/// let others = mutation::without(&pools, &path);
/// assert_eq!(collect(&changed).exposition(), collect(&others).exposition());
/// ```
pub fn without(document: &Value, path: &[String]) -> Value {
    let mut rest = document.clone();
    let (last, parents) = path.split_last().expect("a path has at least one step");
    let parent = parents.iter().fold(&mut rest, |value, key| match value {
        Value::Array(list) => &mut list[index(key)],
        value => &mut value[key.as_str()],
    });
    match parent {
        Value::Array(list) => drop(list.remove(index(last))),
        Value::Object(object) => drop(object.remove(last)),
        _ => panic!("{path:?} is not in a list or an object"),
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

//! Whatever a manifest, a grant file or the cluster's names contain, a request path stays below the API root, has the
//! segments of its template, and only that template grants it.
//!
//! The input has three lines: a template, a node's name and a storage's. The whole input is parsed as a grant file as well.

#![no_main]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use pve_exporter::catalog::Grant;
use pve_exporter::request::{GuestType, Place, Template};

fuzz_target!(|text: &str| {
    if let Ok(grant) = Grant::parse(text) {
        for template in &grant.allow {
            check(template, "node01", "local");
        }
    }
    let mut lines = text.splitn(3, '\n');
    let (path, node, storage) = (lines.next().unwrap_or(""), lines.next().unwrap_or("a"), lines.next().unwrap_or("b"));
    let Ok(template) = Template::parse(path) else { return };
    assert_eq!(template.as_str(), path);
    check(&template, node, storage);
    let grant = Grant::parse(&format!("allow: {}", serde_json::to_string(&[path]).expect("JSON"))).expect("a grant");
    assert_eq!(grant.allow, [template]);
});

fn check(template: &Template, node: &str, storage: &str) {
    for guest_type in [GuestType::Qemu, GuestType::Lxc] {
        let place = Place {
            node: Some(node.into()),
            guest_type: Some(guest_type),
            vmid: Some(100),
            storage: Some(storage.into()),
        };
        let Ok(bound) = template.bind(&place) else { continue };
        let (path, query) = split(bound.as_str());
        let (shown, shown_query) = split(template.as_str());
        assert_eq!(query, shown_query, "the query is the template's");
        let (segments, shown): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), shown.split('/').collect());
        assert_eq!(segments.len(), shown.len(), "{bound} of {template}");
        assert_eq!(segments.first(), Some(&""), "{bound} begins with a slash");
        for (segment, shown) in segments.iter().zip(&shown).skip(1) {
            assert!(!matches!(*segment, "" | "." | ".."), "{bound} of {template}");
            let means = percent_decode_str(segment).collect::<Vec<u8>>();
            match *shown {
                "{node}" => assert_eq!(means, node.as_bytes(), "{bound}"),
                "{storage}" => assert_eq!(means, storage.as_bytes(), "{bound}"),
                "{type}" => assert_eq!(*segment, guest_type.as_str()),
                "{vmid}" => assert_eq!(*segment, "100"),
                literal => {
                    assert_eq!(*segment, literal);
                    assert!(!literal.contains(['%', '\\', '{', '}']), "{template}");
                }
            }
            assert!(!segment.contains(['?', '#', ';', '\\']), "{bound}");
        }
        assert!(bound.as_str().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{bound}");
        assert_eq!(template.forbidden().is_some(), segments.get(1) == Some(&"access"), "{bound}");
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)))
}

//! SECURITY.md: every claim names tests that exist.

use super::pages;

#[test]
fn every_claim_names_its_tests() {
    let claims = pages::under("SECURITY.md", "Claims").split_off(1);
    assert!(claims.len() > 15, "{claims:?}");
    for claim in claims {
        let tests = claim.code(1);
        assert!(!tests.is_empty(), "{claim:?}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("{test}: no module"));
            let file = format!("host/tests/{}.rs", module.replace("::", "/"));
            let source = pages::read(&file);
            let (before, _) =
                source.split_once(&format!("fn {name}()")).unwrap_or_else(|| panic!("{file} has no {name}"));
            let attribute = before.trim_end_matches("async ").trim_end().rsplit('\n').next().unwrap_or_default();
            assert!(attribute.starts_with("#[test]") || attribute.starts_with("#[tokio::test"), "{test}: {attribute}");
        }
    }
}

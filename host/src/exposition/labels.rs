//! Label names and values: valid names, and escaping.
//!
//! A row's labels are rendered once, into a block such as `node="pve1",id="qemu/100"`, and each of the row's samples has that
//! block.

/// Appends `name="value"` to a block, after a comma if the block has labels.
pub fn push_label(block: &mut String, name: &str, value: &str) {
    if !block.is_empty() {
        block.push(',');
    }
    push_pair(block, name, value);
}

/// Appends `name="value"` without a comma.
pub(crate) fn push_pair(block: &mut String, name: &str, value: &str) {
    block.push_str(name);
    block.push_str("=\"");
    push_escaped(block, value, true);
    block.push('"');
}

/// Appends text with `\` and line feeds escaped, and quotes too if `quotes` is set (label values, not help texts).
pub(super) fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    while let Some(at) = memchr::memchr3(b'\\', b'\n', b'"', rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('"') if quotes => out.push_str("\\\""),
            Some(other) => out.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`: names that every Prometheus accepts, without the colon reserved for recording rules.
#[must_use]
pub fn is_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The same, but not starting with two underscores: those names belong to Prometheus.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let mut block = String::new();
        push_label(&mut block, "a", "x");
        push_label(&mut block, "b", "q\" b\\ n\n ü");
        assert_eq!(block, r#"a="x",b="q\" b\\ n\n ü""#);
    }

    #[test]
    fn help_keeps_quotes() {
        let mut out = String::new();
        push_escaped(&mut out, "a \"b\" \\ \n", false);
        assert_eq!(out, "a \"b\" \\\\ \\n");
    }

    #[test]
    fn names() {
        assert!(is_metric_name("pve_up") && is_metric_name("_x9"));
        for bad in ["", "9a", "a-b", "a:b", "a b", "ä", "a\n"] {
            assert!(!is_metric_name(bad), "{bad:?}");
        }
        assert!(is_label_name("_a") && !is_label_name("__a"));
    }
}

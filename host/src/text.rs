//! Text that comes from outside: components, the API, files.

/// The beginning of `text`, at most `bytes` long, cut at a character boundary.
#[must_use]
pub fn shorten(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

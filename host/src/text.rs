//! Text from outside: components, the API, file names, clients. Before it is shown it is escaped, shortened and cleared of secrets.
//!
//! Errors hold foreign text as [`Foreign`], which is escaped from the start. What prints (terminal, log, HTTP responses) passes
//! everything through [`Lines`] once more, so that a forgotten text can't control a terminal either.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;

/// Characters of a foreign text that are shown, unless its limit is another.
pub const SHOWN: usize = 1024;

/// Shortest secret that is looked for: the text around a shorter one would give it away.
const SHORTEST: usize = 6;

/// The start of `text`, at most `bytes` long, cut at a character boundary.
#[must_use]
pub fn shorten(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// Foreign text on one line, escaped and shortened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreign(Box<str>);

impl Foreign {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::within(text, SHOWN)
    }

    /// At most `characters` of the text.
    #[must_use]
    pub fn within(text: &str, characters: usize) -> Self {
        let mut characters_left = text.chars();
        let mut shown = String::with_capacity(text.len().min(characters));
        for c in characters_left.by_ref().take(characters) {
            push(&mut shown, c);
        }
        if characters_left.next().is_some() {
            shown.push('…');
        }
        Self(shown.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Foreign {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Foreign {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Foreign {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Foreign {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl From<&Path> for Foreign {
    fn from(path: &Path) -> Self {
        Self::new(&path.to_string_lossy())
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path for a message: `Path::display` would print control characters.
#[must_use]
pub fn path(path: &Path) -> Foreign {
    path.into()
}

/// Whole messages on their way out: line feeds and tabs stay, other control and bidirectional characters are escaped.
#[derive(Debug, Clone, Copy)]
pub struct Lines<T>(pub T);

impl<T: fmt::Display> fmt::Display for Lines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(f), "{}", self.0)
    }
}

struct Escaper<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.split_inclusive(['\n', '\t']).try_for_each(|part| {
            let line = part.trim_end_matches(['\n', '\t']);
            self.0.write_str(&escaped(line))?;
            self.0.write_str(part.get(line.len()..).unwrap_or_default())
        })
    }
}

/// Text with its control and bidirectional characters escaped. Costs little where there are none.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut shown, c));
    Cow::Owned(shown)
}

/// [`escaped`] for JSON, in which these characters can only be in strings. Line feeds and tabs between values stay.
#[must_use]
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !matches!(c, '\n' | '\t');
    if !json.chars().any(hidden) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn push(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if is_hidden(c) => text.extend(c.escape_unicode()),
        c => text.push(c),
    }
}

/// Characters that move a cursor, start a line, or change the direction or the look of what is around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // direction
            | '\u{2028}' | '\u{2029}' // lines
            | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}') // invisible
}

/// Secrets, to be removed from text that may repeat them.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Box<str>>);

impl Secrets {
    /// Adds a secret in one of its spellings.
    pub fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| **known == *secret) {
            self.0.push(secret.into());
            // Those within others come last.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// The text with `<secret>` in place of each secret, in any case.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, secret| match replaced(&text, secret) {
            Some(redacted) => Cow::Owned(redacted),
            None => text,
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// Not even how many.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secrets>")
    }
}

/// `None` if the secret is not in the text.
fn replaced(text: &str, secret: &str) -> Option<String> {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(at) =
        rest.as_bytes().windows(secret.len()).position(|window| window.eq_ignore_ascii_case(secret.as_bytes()))
    {
        let (before, after) = (rest.get(..at)?, rest.get(at + secret.len()..)?);
        redacted.push_str(before);
        redacted.push_str("<secret>");
        rest = after;
    }
    if redacted.is_empty() { None } else { Some(redacted + rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidirectional_characters_are_escaped() {
        let text = "a\u{1b}]0;x\u{7}\n\u{202e}b\u{9b}31m\u{feff}ü—☃";
        assert_eq!(Foreign::new(text).as_str(), "a\\u{1b}]0;x\\u{7}\\n\\u{202e}b\\u{9b}31m\\u{feff}ü—☃");
        assert_eq!(Lines("\ta\n\nb\u{1b}\r\n").to_string(), "\ta\n\nb\\u{1b}\\r\n");
        assert!(matches!(escaped("plain ü"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(Foreign::within("äöü", 2).as_str(), "äö…");
        assert_eq!(Foreign::within("äö", 2).as_str(), "äö");
        assert!(Foreign::new(&"\u{1b}".repeat(1 << 20)).as_str().len() <= SHOWN * 7);
    }

    #[test]
    fn secrets_are_redacted_in_any_case() {
        let mut secrets = Secrets::default();
        secrets.add("0a1B2c3d");
        secrets.add("0a1B2c3d-long");
        secrets.add("pve");
        assert_eq!(secrets.redact("x 0A1b2C3d y 0a1B2c3d-LONG pve"), "x <secret> y <secret> pve");
        assert!(!format!("{secrets:?}").contains("0a1B"));
        secrets.add("secret");
        assert_eq!(secrets.redact("secret 0a1B2c3d"), "<secret> <<secret>>");
    }
}

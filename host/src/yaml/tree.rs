//! The tree of a document: scalars as written, aliases and merge keys resolved.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use super::error::{Fault, Position, SyntaxError};
use super::name::Name;

/// Nodes of a document, aliased ones counted at each alias.
const NODES: usize = 10_000;
/// Levels of lists and mappings.
const DEPTH: usize = 16;

/// A value and its position.
#[derive(Clone)]
pub struct Node {
    pub at: Position,
    pub value: Value,
    /// Bytes of the document; empty where the value came from an alias.
    pub span: Range<usize>,
}

#[derive(Clone)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// Text as written, with quotes and escapes resolved.
#[derive(Clone)]
pub struct Scalar {
    pub text: String,
    /// Without quotes: numbers, booleans and null are.
    pub plain: bool,
}

/// A key and its value. Keys of a mapping differ.
#[derive(Clone)]
pub struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl Node {
    /// A text that is not from a document.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let value = Value::Scalar(Scalar { text: text.into(), plain: false });
        Self { at: Position { line: 1, column: 1 }, value, span: 0..0 }
    }

    /// A list of texts that is not from a document.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Node>) -> Self {
        Self { value: Value::List(items.into_iter().collect()), ..Self::text("") }
    }

    /// The text of a scalar.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        if let Value::Scalar(scalar) = self.value { Some(scalar.text) } else { None }
    }

    /// Nothing, `~` or `null`, without quotes.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar { text, plain: true })
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Values may be secrets.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.value {
            Value::Scalar(_) => "scalar",
            Value::List(_) => "list",
            Value::Mapping(_) => "mapping",
        };
        write!(f, "{kind} at {}", self.at)
    }
}

/// Reads a document. An empty one is null.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let options = granit_parser::options! {
        // Secrets in block scalars end as PyYAML ends them.
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: DEPTH + 1,
        block_nesting_limit: DEPTH + 1,
    };
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        text,
        anchors: HashMap::new(),
        nodes: 0,
        last: Marker::new(0, 1, 0),
        brackets: Vec::new(),
    };
    reader.document()
}

struct Reader<'text, P> {
    parser: P,
    text: &'text str,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    last: Marker,
    /// Lists and mappings in brackets that are open.
    brackets: Vec<Marker>,
}

impl<'text, P: Iterator<Item = Result<(Event<'text>, Span), ScanError>>> Reader<'text, P> {
    fn event(&mut self) -> Result<(Event<'text>, Span), SyntaxError> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                self.last = span.start;
                Ok((event, span))
            }
            Some(Err(error)) => Err(SyntaxError::of_parser(&error, self.text, self.brackets.last().copied())),
            None => Err(SyntaxError::new(self.last, Fault::Other)),
        }
    }

    fn document(&mut self) -> Result<Node, SyntaxError> {
        let mut root = None;
        loop {
            let (event, span) = self.event()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(SyntaxError::new(span.start, Fault::Documents));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.event()?;
                    root = Some(self.node(event, span, DEPTH)?);
                }
                Event::StreamEnd => break,
                _ => return Err(SyntaxError::new(span.start, Fault::Other)),
            }
        }
        let null = Value::Scalar(Scalar { text: String::new(), plain: true });
        Ok(root.unwrap_or(Node { at: Position { line: 1, column: 1 }, value: null, span: 0..0 }))
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, SyntaxError> {
        let start = span.start;
        let fail = |fault| Err(SyntaxError::new(start, fault));
        self.nodes += 1;
        if self.nodes > NODES {
            return fail(Fault::TooLarge);
        }
        let (value, anchor, end) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                // `!!str` is what quotes are.
                let text_tag = tag.as_deref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                if tag.is_some() && !text_tag {
                    return fail(Fault::Tag);
                }
                let plain = style == ScalarStyle::Plain && !text_tag;
                (Value::Scalar(Scalar { text: text.into_owned(), plain }), anchor, span.end)
            }
            Event::SequenceStart(style, anchor, tag) if depth > 0 => {
                refuse_tag(tag.as_deref(), start)?;
                let (items, end) = self.within(style, start, |reader| reader.list(depth - 1))?;
                (Value::List(items), anchor, end)
            }
            Event::MappingStart(style, anchor, tag) if depth > 0 => {
                refuse_tag(tag.as_deref(), start)?;
                let (entries, end) = self.within(style, start, |reader| reader.mapping(depth - 1))?;
                (Value::Mapping(entries), anchor, end)
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => return fail(Fault::TooLarge),
            Event::Alias(id) => {
                // An alias within its own anchor is not there yet.
                let Some(node) = self.anchors.get(&id).cloned() else { return fail(Fault::Alias) };
                self.nodes += size(&node) - 1;
                if self.nodes > NODES || deeper(&node, depth) {
                    return fail(Fault::TooLarge);
                }
                return Ok(Node { at: Position::of(start), value: node.value, span: 0..0 });
            }
            _ => return fail(Fault::Other),
        };
        let bytes = start.byte_offset().unwrap_or_default()..end.byte_offset().unwrap_or_default();
        let node = Node { at: Position::of(start), value, span: bytes };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// Reads a list or a mapping, and remembers where its bracket is.
    fn within<T>(
        &mut self,
        style: StructureStyle,
        start: Marker,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let bracket = style == StructureStyle::Flow;
        if bracket {
            self.brackets.push(start);
        }
        let result = read(self)?;
        if bracket {
            self.brackets.pop();
        }
        Ok(result)
    }

    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, Marker), SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd, span) => return Ok((items, span.end)),
                (event, span) => items.push(self.node(event, span, depth)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<(Vec<Entry>, Marker), SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        let end = loop {
            let (event, span) = self.event()?;
            if event == Event::MappingEnd {
                break span.end;
            }
            let key = self.node(event, span, depth)?;
            let Value::Scalar(Scalar { text, plain }) = key.value else {
                return Err(SyntaxError::new(span.start, Fault::KeyKind));
            };
            let (event, value_span) = self.event()?;
            let value = self.node(event, value_span, depth)?;
            if plain && text == "<<" {
                merge(value, &mut merged).map_err(|fault| SyntaxError::new(value_span.start, fault))?;
            } else if entries.iter().any(|entry| entry.key == text) {
                return Err(SyntaxError::new(span.start, Fault::Repeated(Name::new(&text))));
            } else {
                entries.push(Entry { key: text, at: key.at, value });
            }
        };
        // The mapping's own keys win, then those of the first mapping that has them.
        for entry in merged {
            if !entries.iter().any(|own| own.key == entry.key) {
                entries.push(entry);
            }
        }
        Ok((entries, end))
    }
}

fn refuse_tag(tag: Option<&Tag>, at: Marker) -> Result<(), SyntaxError> {
    if tag.is_some() { Err(SyntaxError::new(at, Fault::Tag)) } else { Ok(()) }
}

/// The entries that a `<<` adds.
fn merge(value: Node, merged: &mut Vec<Entry>) -> Result<(), Fault> {
    match value.value {
        Value::Mapping(entries) => merged.extend(entries),
        Value::List(items) => {
            for item in items {
                let Value::Mapping(entries) = item.value else { return Err(Fault::Merge) };
                merged.extend(entries);
            }
        }
        Value::Scalar(_) => return Err(Fault::Merge),
    }
    Ok(())
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar(_) => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
    }
}

/// Whether a node has more than `depth` levels.
fn deeper(node: &Node, depth: usize) -> bool {
    let inside = |node: &Node| deeper(node, depth.saturating_sub(1));
    match &node.value {
        Value::Scalar(_) => false,
        Value::List(items) => depth == 0 || items.iter().any(inside),
        Value::Mapping(entries) => depth == 0 || entries.iter().any(|entry| inside(&entry.value)),
    }
}

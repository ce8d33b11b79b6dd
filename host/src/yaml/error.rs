//! What is wrong with a document, in fixed words.

use std::fmt;

use granit_parser::{ErrorKind, Marker, ScanError};

use super::Name;

/// Line and column in a file, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    pub(super) fn of(marker: Marker) -> Self {
        Self { line: marker.line(), column: marker.col() + 1 }
    }
}

/// `3:13`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A document that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct SyntaxError {
    pub at: Position,
    pub fault: Fault,
}

/// What is wrong with a document, with the remedy. Has no room for text of the file, apart from key names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a tab can't indent a line: use spaces")]
    Tab,
    #[error("a bracket is not closed: close it, or quote a value that starts with one")]
    Bracket,
    #[error("a quote is not closed: close it, or put the other kind of quotes around the value")]
    Quote,
    #[error("a value starts with a character that YAML reserves: quote the value")]
    Character,
    #[error("text after a closing quote: quote the whole value")]
    AfterQuote,
    #[error("not a known escape sequence: use single quotes, in which \\ has no meaning")]
    Escape,
    #[error("a second colon, or a line with the wrong indentation: align the keys, and quote values with \": \"")]
    Colon,
    #[error(
        "no \"key: value\" here: align the keys, write a space after the colon, and quote values with special characters"
    )]
    Key,
    #[error("an alias (*) without its anchor (&): quote values that start with *")]
    Alias,
    #[error("a tag (!): quote values that start with !")]
    Tag,
    #[error("<< must be a mapping or a list of mappings")]
    Merge,
    #[error("{} appears twice: remove one", named(.0))]
    Repeated(Option<Name>),
    #[error("keys must be text")]
    KeyKind,
    #[error("more than one document: remove ---")]
    Documents,
    #[error("too large, or nested too deeply")]
    TooLarge,
    #[error("not valid YAML: quote values with special characters")]
    Other,
}

fn named(name: &Option<Name>) -> &str {
    name.as_ref().map_or("a key", Name::as_str)
}

impl SyntaxError {
    pub(super) fn new(marker: Marker, fault: Fault) -> Self {
        Self { at: Position::of(marker), fault }
    }

    /// `text` is the document: a tab before the error's position explains it better than the parser does, as does a `bracket`
    /// that was open there.
    pub(super) fn of_parser(error: &ScanError, text: &str, bracket: Option<Marker>) -> Self {
        let at = Position::of(*error.marker());
        let indented_with_tab = |line: &&str| {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            line.get(..indentation).is_some_and(|indentation| indentation.contains('\t'))
        };
        // The parser may have stopped in the line before the tab, or in the one after it.
        let mut around = text.lines().enumerate().skip(at.line.saturating_sub(2)).take(3);
        let tab = around.find(|(_, line)| indented_with_tab(line));
        match (fault(error.kind()), tab, bracket) {
            (Fault::Tab | Fault::Character | Fault::Colon | Fault::Key | Fault::Other, Some((line, _)), _) => {
                Self { at: Position { line: line + 1, column: 1 }, fault: Fault::Tab }
            }
            (Fault::Bracket | Fault::Colon | Fault::Key | Fault::Other, None, Some(bracket)) => {
                Self::new(bracket, Fault::Bracket)
            }
            (fault, _, _) => Self { at, fault },
        }
    }
}

fn fault(kind: &ErrorKind) -> Fault {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => Fault::Tab,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => Fault::Bracket,
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => Fault::Quote,
        ErrorKind::UnexpectedCharacter { .. }
        | ErrorKind::MissingAnchorOrAliasName
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator
        | ErrorKind::InvalidBlockScalarHeader => Fault::Character,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Fault::AfterQuote
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::InvalidLowSurrogateHexEscape => Fault::Escape,
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => Fault::Colon,
        ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedNodeContent
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed => Fault::Key,
        ErrorKind::UnknownAnchor => Fault::Alias,
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidGlobalTagCharacter
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape => Fault::Tag,
        ErrorKind::ExpectedDocumentStart
        | ErrorKind::MissingDocumentEndBeforeDirective
        | ErrorKind::InvalidDocumentEnd => Fault::Documents,
        ErrorKind::RecursionLimitExceeded | ErrorKind::AnchorCountOverflow => Fault::TooLarge,
        _ => Fault::Other,
    }
}

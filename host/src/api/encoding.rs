//! How secrets are percent-encoded in requests.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC};

/// The server percent-decodes `Authorization` values.
pub(super) const HEADER: &AsciiSet = &CONTROLS.add(b'%').add(b' ');
/// Everything except RFC 3986's unreserved characters.
pub(super) const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

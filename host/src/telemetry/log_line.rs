//! Formats events of the log. The one exit for all text in the log: control and bidirectional characters are escaped, values
//! shortened.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::log_budget::{Admission, LogBudget, name};
use crate::config::LogFormat;
use crate::text::escaped_json;

/// Characters of a value: the lines of a large grant fit.
const SHOWN: usize = 16 * 1024;

/// Writes the lines that the budget admits.
#[derive(Debug)]
pub struct LineFormat {
    format: LogFormat,
    budget: LogBudget,
}

impl LineFormat {
    #[must_use]
    pub fn new(format: LogFormat) -> Self {
        Self { format, budget: LogBudget::new(Instant::now()) }
    }

    fn line(&self, fields: &Fields, level: Level, target: &str) -> Result<String, fmt::Error> {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        Ok(match self.format {
            LogFormat::Logfmt => fields.logfmt(&time, level, target),
            LogFormat::Json => fields.json(&time, level, target),
        })
    }
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = *event.metadata().level();
        let (notice, written) = match self.budget.admit(level, Instant::now()) {
            Admission::Write => (None, true),
            Admission::WriteAfter(notice) => (Some(notice), true),
            Admission::WriteInstead(notice) => (Some(notice), false),
            Admission::Drop => return Ok(()),
        };
        if let Some(notice) = notice {
            let fields = Fields { message: notice.to_string(), ..Fields::default() };
            writeln!(writer, "{}", self.line(&fields, level, module_path!())?)?;
        }
        if written {
            let mut fields = Fields::default();
            event.record(&mut fields);
            writeln!(writer, "{}", self.line(&fields, level, event.metadata().target())?)?;
        }
        Ok(())
    }
}

/// The message, and the names and texts of the fields.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

enum Value {
    Text(String),
    /// A number or a boolean, as JSON.
    Bare(String),
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Shortened::default();
        // Cut off where it is long enough.
        let _ = write!(text, "{value:?}");
        self.add(field, text.0);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Shortened::default();
        let _ = text.write_str(value);
        self.add(field, text.0);
    }
}

impl Fields {
    fn add(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            name => self.others.push((name, Value::Text(text))),
        }
    }

    /// `ts=… level=info target=… message="…" …`
    fn logfmt(&self, time: &str, level: Level, target: &str) -> String {
        let mut line = format!("ts={time} level={} target={target}", name(level));
        let _ = write!(line, " message={}", quoted_if_needed(&self.message));
        for (name, value) in &self.others {
            let _ = match value {
                Value::Text(text) => write!(line, " {name}={}", quoted_if_needed(text)),
                Value::Bare(text) => write!(line, " {name}={text}"),
            };
        }
        line
    }

    /// One object, with the fields next to the event's own members.
    fn json(&self, time: &str, level: Level, target: &str) -> String {
        let mut line = format!("{{\"timestamp\":{},\"level\":\"{level}\"", quoted(time));
        let _ = write!(line, ",\"message\":{}", quoted(&self.message));
        for (name, value) in &self.others {
            let _ = match value {
                Value::Text(text) => write!(line, ",{}:{}", quoted(name), quoted(text)),
                Value::Bare(text) => write!(line, ",{}:{text}", quoted(name)),
            };
        }
        let _ = write!(line, ",\"target\":{}}}", quoted(target));
        line
    }
}

fn quoted_if_needed(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    if !text.is_empty() && text.bytes().all(plain) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// A JSON string, as logfmt quotes values too.
fn quoted(text: &str) -> String {
    let string = serde_json::Value::from(text).to_string();
    escaped_json(&string).into_owned()
}

/// Takes text up to its limit.
#[derive(Default)]
struct Shortened(String);

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = SHOWN.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(crate::text::shorten(text, room));
        self.0.push('…');
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let path = Value::Text("a\u{1b}[0m b\u{202e}\u{e0041}".to_owned());
        let others = vec![("count", Value::Bare("3".to_owned())), ("path", path)];
        Fields { message: "it's \"here\"\nlevel=error forged".to_owned(), others }
    }

    #[test]
    fn logfmt() {
        assert_eq!(
            fields().logfmt("T", Level::WARN, "x"),
            r#"ts=T level=warn target=x message="it's \"here\"\nlevel=error forged" count=3 path="a\u001b[0m b\u202e\udb40\udc41""#
        );
    }

    #[test]
    fn json() {
        let line = fields().json("T", Level::WARN, "x");
        assert_eq!(
            line,
            r#"{"timestamp":"T","level":"WARN","message":"it's \"here\"\nlevel=error forged","count":3,"path":"a\u001b[0m b\u202e\udb40\udc41","target":"x"}"#
        );
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["path"], "a\u{1b}[0m b\u{202e}\u{e0041}");
    }

    #[test]
    fn values_are_shortened() {
        let mut text = Shortened::default();
        assert!(write!(text, "{}", "ü".repeat(1 << 20)).is_err());
        assert!(text.0.len() <= SHOWN + 3 && text.0.ends_with('…'));
    }
}

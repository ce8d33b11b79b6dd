//! Sizes and durations as people write them: `32MiB`, `100ms`.

use std::time::Duration;

/// Bytes: `33554432`, `32MiB`, `512k`. Units are powers of 1024, with or without `iB`.
pub fn size(text: &str) -> Result<usize, String> {
    let remedy = || "write a size such as 32MiB".to_owned();
    let (number, unit) = split(text);
    let unit: usize = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(remedy()),
    };
    number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(remedy)
}

/// A duration: `100ms`, `2s`, `1.5s`, `5m`. A number alone is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let remedy = || "write a time such as 100ms, 2s or 5m".to_owned();
    let (number, unit) = split(text);
    let unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(remedy()),
    };
    let number: f64 = number.parse().map_err(|_| remedy())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| remedy())
}

/// The way [`size`] reads it back, in the largest unit that leaves a whole number: `32MiB`.
#[must_use]
pub fn size_text(bytes: usize) -> String {
    [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        .into_iter()
        .find(|(_, shift)| bytes > 0 && bytes.trailing_zeros() >= *shift)
        .map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

/// The way [`duration`] reads it back: `2s`, `500ms`.
#[must_use]
pub fn duration_text(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

fn split(text: &str) -> (&str, &str) {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    (number.trim_end(), text.get(number.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("33554432"), Ok(33_554_432));
        assert_eq!(size("32MiB"), Ok(32 << 20));
        assert_eq!(size("4 k"), Ok(4096));
        for odd in ["", "MiB", "1.5MiB", "-1", "3 bananas", "99999999999999999999", "17179869184G"] {
            assert!(size(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn texts_parse_back() {
        for bytes in [0, 1, 1000, 1024, 1536, 32 << 20, 3 << 30, usize::MAX >> 40] {
            assert_eq!(size(&size_text(bytes)), Ok(bytes));
        }
        assert_eq!((size_text(32 << 20), size_text(1536)), ("32MiB".to_owned(), "1536".to_owned()));
        for time in [0, 1, 999, 1000, 1500, 60_000].map(Duration::from_millis) {
            assert_eq!(duration(&duration_text(time)), Ok(time));
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        for odd in ["", "ms", "-1s", "1d", "nan", "1e400"] {
            assert!(duration(odd).is_err(), "{odd}");
        }
    }
}

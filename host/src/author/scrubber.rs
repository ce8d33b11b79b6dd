//! Texts of a form that identifies a cluster: addresses, UUIDs, fingerprints, mail addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A form of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pattern {
    Ipv4,
    Ipv6,
    Mac,
    Fingerprint,
    Uuid,
    Mail,
}

impl Pattern {
    /// From the ranges that are reserved for documentation.
    pub(super) fn pseudonym(self, number: usize) -> String {
        let (high, low) = (number / 254, number % 254 + 1);
        match self {
            Self::Ipv4 if number <= 254 => format!("192.0.2.{number}"),
            Self::Ipv4 => format!("198.18.{}.{low}", high % 256),
            Self::Ipv6 => format!("2001:db8::{number:x}"),
            Self::Mac => format!("02:00:00:00:{:02X}:{:02X}", number / 256 % 256, number % 256),
            Self::Fingerprint => format!("{}{:02X}:{:02X}", "00:".repeat(30), number / 256 % 256, number % 256),
            Self::Uuid => format!("00000000-0000-4000-8000-{number:012}"),
            Self::Mail => format!("someone{number:02}@example.com"),
        }
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4 addresses",
            Self::Ipv6 => "IPv6 addresses",
            Self::Mac => "MAC addresses",
            Self::Fingerprint => "fingerprints",
            Self::Uuid => "UUIDs",
            Self::Mail => "mail addresses",
        }
    }

    fn of(word: &str) -> Option<Self> {
        if word.parse::<Ipv4Addr>().is_ok_and(|address| !address.is_unspecified() && !address.is_loopback()) {
            return Some(Self::Ipv4);
        }
        let pairs = || word.split(':').filter(|pair| pair.len() == 2 && is_hex(pair)).count();
        let colons = word.matches(':').count();
        if colons == 5 && pairs() == 6 {
            return Some(Self::Mac);
        }
        if colons >= 15 && pairs() == colons + 1 {
            return Some(Self::Fingerprint);
        }
        if colons >= 2
            && word.parse::<Ipv6Addr>().is_ok_and(|address| !address.is_unspecified() && !address.is_loopback())
        {
            return Some(Self::Ipv6);
        }
        let groups: Vec<&str> = word.split('-').collect();
        if groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| is_hex(group)) {
            return Some(Self::Uuid);
        }
        match word.split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') && !host.contains('@') => Some(Self::Mail),
            _ => None,
        }
    }
}

/// Splits a text into pieces, each with its pattern if it has one. Joined, the pieces are the text.
pub(super) fn scan(text: &str) -> impl Iterator<Item = (&str, Option<Pattern>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let in_word = rest.chars().next().map(is_word)?;
        let end = rest.find(|c: char| is_word(c) != in_word).unwrap_or(rest.len());
        let (run, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some((run, in_word))
    })
    .flat_map(|(run, in_word)| if in_word { pieces(run) } else { vec![(run, None)] })
}

/// Splits a run of word characters: a pattern as a whole, or one with a port or a prefix.
fn pieces(run: &str) -> Vec<(&str, Option<Pattern>)> {
    if let Some(pattern) = Pattern::of(run) {
        return vec![(run, Some(pattern))];
    }
    // `10.0.0.1:8006`, `local:10.0.0.1`, a sentence's full stop.
    for separator in [':', '.'] {
        let cut = if separator == ':' { run.find(separator) } else { run.strip_suffix('.').map(str::len) };
        if let Some((head, tail)) = cut.and_then(|at| run.split_at_checked(at))
            && let Some(tail_rest) = tail.strip_prefix(separator)
            && (Pattern::of(head).is_some() || Pattern::of(tail_rest).is_some())
        {
            let colon = tail.get(..1).unwrap_or_default();
            return vec![(head, Pattern::of(head)), (colon, None), (tail_rest, Pattern::of(tail_rest))];
        }
    }
    vec![(run, None)]
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '@' | '+')
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_recognised_and_join_to_the_text() {
        for (text, patterns) in [
            ("10.0.0.1", vec![Pattern::Ipv4]),
            ("https://10.0.0.1:8006/x", vec![Pattern::Ipv4]),
            ("ip=10.0.0.5/24,gw=10.0.0.1", vec![Pattern::Ipv4, Pattern::Ipv4]),
            ("fe80::1", vec![Pattern::Ipv6]),
            ("virtio=BC:24:11:AA:BB:CC,x", vec![Pattern::Mac]),
            ("uuid=a3bb189e-8bf9-3888-9912-ace4e6543002", vec![Pattern::Uuid]),
            ("a@b.org", vec![Pattern::Mail]),
            ("root@pam", vec![]),
            ("12:34:56", vec![]),
            ("pve-manager/8.4.14/9d436f37a0ac4172", vec![]),
            ("0.0.0.0 127.0.0.1 ::", vec![]),
            ("Address is 10.0.0.1.", vec![Pattern::Ipv4]),
            ("", vec![]),
        ] {
            let found: Vec<Pattern> = scan(text).filter_map(|(_, pattern)| pattern).collect();
            assert_eq!(found, patterns, "{text}");
            assert_eq!(scan(text).map(|(piece, _)| piece).collect::<String>(), text);
        }
        let fingerprint = vec!["AB"; 32].join(":");
        assert_eq!(Pattern::of(&fingerprint), Some(Pattern::Fingerprint));
    }
}

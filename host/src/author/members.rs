//! Members of answers whose text identifies somebody, by key: the text itself does not show it.

/// Members whose text is replaced as a whole, and the prefix of their pseudonyms.
const BY_KEY: &[(&str, &str)] = &[
    ("serial", "serial"),
    ("wwn", "wwn"),
    ("by_id_link", "disk-link"),
    ("description", "note"),
    ("comment", "note"),
    ("notes", "note"),
    ("tags", "tag"),
    ("pool", "pool"),
    ("key", "key"),
    ("serverid", "server-id"),
    ("regdate", "date"),
    ("pem", "pem"),
    ("subject", "subject"),
    ("issuer", "issuer"),
    ("sshkeys", "key"),
    ("ssh-public-keys", "key"),
    ("cipassword", "secret"),
    ("password", "secret"),
    ("ciuser", "user"),
    ("user", "user"),
    ("username", "user"),
    ("userid", "user"),
    ("tokenid", "token"),
    ("upid", "task"),
    ("email", "mail"),
    ("mailto", "mail"),
    ("server", "server"),
    ("export", "export"),
    ("portal", "portal"),
    ("monhost", "server"),
    ("smbios1", "smbios"),
    ("vmgenid", "generation"),
    ("digest", "digest"),
    ("searchdomain", "domain"),
    ("search", "domain"),
    ("hostname", "host"),
    ("fqdn", "host"),
    ("san", "host"),
    ("args", "arguments"),
    ("hookscript", "script"),
];

/// Prefixes of texts that other texts contain too: `/pool/NAME` is an id, and a disk's link has its serial number.
const CONTAINED: [&str; 5] = ["pool", "serial", "wwn", "host", "server"];

/// Whether texts with pseudonyms of this prefix are replaced wherever they are words of other texts.
pub(super) fn is_contained(prefix: &str) -> bool {
    CONTAINED.contains(&prefix)
}

/// The prefix of a member's pseudonyms, if its text is replaced as a whole.
pub(super) fn pseudonym_prefix(key: Option<&str>) -> Option<&'static str> {
    let key = key?;
    BY_KEY.iter().find(|(name, _)| key.eq_ignore_ascii_case(name)).map(|(_, prefix)| *prefix)
}

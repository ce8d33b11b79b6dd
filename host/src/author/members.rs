//! Members of answers whose text is somebody's, by their key: what no look at the text itself would tell.

/// Members whose text is replaced whole, and what their pseudonyms begin with.
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

/// What pseudonyms of a member begin with, where its text is replaced whole.
pub(super) fn word(key: Option<&str>) -> Option<&'static str> {
    let key = key?;
    BY_KEY.iter().find(|(name, _)| key.eq_ignore_ascii_case(name)).map(|(_, word)| *word)
}

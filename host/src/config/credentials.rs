//! The credentials of a module: a token or a password, in every spelling. No problem shows a value: users put secrets under wrong
//! keys.

use super::keys::Keys;
use super::module::Credentials;
use super::problem::Complaint;
use super::secret::Secret;

/// What else a whole token replaces.
const PARTS: [&str; 7] = ["user", "token_name", "token_value", "token_value_file", "password", "password_file", "otp"];

/// The secrets a token makes useless.
const UNUSED: [(&str, &str); 3] = [
    ("password", "password is not used, because a token is set: remove one of them"),
    ("password_file", "password_file is not used, because a token is set: remove one of them"),
    ("otp", "otp is not used, because a token needs no second factor: remove it"),
];

/// Reports a problem if it returns `None`.
pub(super) fn credentials(keys: &mut Keys) -> Option<Credentials> {
    if keys.has("token") {
        return whole_token(keys);
    }
    if !keys.has("user") {
        keys.problem("user", "is missing: write user: prometheus@pve");
    }
    let before = keys.problems();
    let given: Vec<&str> = UNUSED.iter().filter(|(key, _)| keys.has(key)).map(|(_, words)| *words).collect();
    let user = keys.text("user");
    let mut token_name = keys.text("token_name");
    let token_value = keys.secret_or_file("token_value", "token_value_file");
    let password = keys.secret_or_file("password", "password_file");
    let otp = keys.secret("otp");
    if keys.problems() > before {
        // An invalid key would be reported as missing too.
        return None;
    }
    let user = split_user(keys, user?, &mut token_name)?;
    match (token_name, token_value, password) {
        (Some(name), Some(value), _) => {
            check_token_name(keys, &name)?;
            if !is_token_secret(value.reveal()) {
                keys.problem("token_value", "must be the token's secret alone, 8-4-4-4-12 hexadecimal digits");
                return None;
            }
            given.into_iter().for_each(|words| keys.notice(words));
            Some(Credentials::Token { user, name, value })
        }
        (Some(_), None, _) => {
            keys.problem("token_value", "is missing: Proxmox VE shows it once, when the token is created");
            None
        }
        (None, Some(_), _) => {
            keys.problem("token_name", "is missing: for the token prometheus@pve!exporter it is exporter");
            None
        }
        (None, None, Some(password)) => Some(Credentials::Password { user, password, otp }),
        (None, None, None) => {
            keys.problem("user", "has no credentials: set token_name and token_value, or password");
            None
        }
    }
}

/// `prometheus@pve`, or `prometheus@pve!exporter` with the token's name.
fn split_user(keys: &mut Keys, user: String, token_name: &mut Option<String>) -> Option<String> {
    if user.contains('=') {
        keys.problem("user", "must not contain a whole token: write token: user@realm!name=value instead");
        return None;
    }
    let user = match user.split_once('!') {
        None => user,
        Some((user, name)) => {
            if token_name.is_some() {
                keys.problem("user", "and token_name both name a token: remove the \"!\" and what follows from user");
                return None;
            }
            *token_name = Some(name.to_owned());
            user.to_owned()
        }
    };
    check_user(keys, "user", &user)?;
    Some(user)
}

/// `token: user@realm!name=value`, as in an `Authorization` header.
fn whole_token(keys: &mut Keys) -> Option<Credentials> {
    for other in PARTS {
        if keys.has(other) {
            keys.problem(other, "and token are both set, and token includes all credentials: remove one");
            keys.ignore(other);
        }
    }
    let token = keys.secret("token")?;
    let token = token.reveal().strip_prefix("PVEAPIToken=").unwrap_or(token.reveal());
    let (user, name, value) = match split_token(token) {
        Ok(parts) => parts,
        Err(problem) => {
            keys.problem("token", problem);
            return None;
        }
    };
    check_user(keys, "token", user)?;
    Some(Credentials::Token { user: user.to_owned(), name: name.to_owned(), value: Secret::new(value) })
}

/// User, name and secret of a whole token.
fn split_token(token: &str) -> Result<(&str, &str, &str), &'static str> {
    let Some((user, rest)) = token.split_once('!') else {
        return Err("has no \"!\": write the whole token, user@realm!name=value");
    };
    let Some((name, value)) = rest.split_once('=') else {
        return Err("has no \"=\": write the whole token, user@realm!name=value");
    };
    if user.contains('=') || !user.contains('@') {
        return Err("has no user@realm before the \"!\": write the whole token, user@realm!name=value");
    }
    if name.contains('!') {
        return Err("has two \"!\": write user@realm!name=value, without anything else");
    }
    if !is_token_name(name) {
        return Err("has a name that is not letters, digits, -, _ and .: write user@realm!name=value");
    }
    if !is_token_secret(value) {
        return Err("must end with the token's secret, 8-4-4-4-12 hexadecimal digits: user@realm!name=value");
    }
    Ok((user, name, value))
}

fn check_user(keys: &mut Keys, key: &'static str, user: &str) -> Option<()> {
    let realm = user.rsplit_once('@').map(|(name, realm)| !name.is_empty() && !realm.is_empty());
    let complaint = if realm != Some(true) {
        "has no realm: write name@realm, such as prometheus@pve or root@pam"
    } else if user.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/' | '!')) {
        "contains a character that is not allowed in user names: write name@realm alone"
    } else {
        return Some(());
    };
    keys.problem(key, Complaint::Words(complaint));
    None
}

fn check_token_name(keys: &mut Keys, name: &str) -> Option<()> {
    if is_token_name(name) {
        return Some(());
    }
    keys.problem(
        "token_name",
        if name.contains('=') {
            "must not contain the secret: write only the part between \"!\" and \"=\", and the secret as token_value"
        } else if name.contains('!') {
            "must be only the part of the token's ID after the \"!\""
        } else {
            "must be letters, digits, -, _ and .: the part of the token's ID after the \"!\""
        },
    );
    None
}

fn is_token_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Valid in a header, and not a whole token. Proxmox VE generates UUIDs; simulators may not.
fn is_token_secret(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && c != '!' && c != '=')
}

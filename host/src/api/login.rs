//! The requests of a login: password, and the code of a second factor.
//!
//! Proxmox VE 7.1 and newer answer the password with a challenge, which a second request answers with `totp:123456`
//! (PVE/API2/AccessControl.pm, `create_ticket`). Before that, the bare code goes along with the password. A 400 tells them apart: those
//! versions do not know the parameter `new-format`, and refuse the request before they look at the password.

use memchr::memmem;
use percent_encoding::percent_encode;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::answer::Answer;
use super::encoding::FORM;
use super::error::FetchError;
use super::exchange::Reply;
use super::link::{Link, Repeat};
use crate::config::Secret;
use crate::contract::FetchErrorKind;

/// The path of the login, also for the observer.
const LOGIN: &str = "/access/ticket";

/// What the server returns for a password.
pub(super) enum FirstFactor {
    Ticket(Secret),
    /// The challenge for the second factor.
    Challenge(Secret),
    /// The server is too old to ask for it.
    CodeWithPassword,
}

/// Sends a password, or an old ticket in its place. With `code`, a code for the second factor is there to be sent next.
pub(super) async fn first_factor(
    link: &Link,
    user: &str,
    password: &Secret,
    code: bool,
    end: Instant,
) -> Result<FirstFactor, FetchError> {
    let mut form = vec![("username", user), ("password", password.reveal())];
    if code {
        form.push(("new-format", "1"));
    }
    let reply = post(link, &form, Repeat::Login, end).await?;
    if code && reply.status == 400 {
        return Ok(FirstFactor::CodeWithPassword);
    }
    let refused = forbidden(&reply, "refused: check user and password in the configuration");
    let data = data(reply)?;
    match data.ticket.filter(|ticket| !ticket.is_empty()) {
        Some(ticket) if data.need_tfa => Ok(FirstFactor::Challenge(Secret::new(ticket))),
        Some(ticket) => Ok(FirstFactor::Ticket(Secret::new(ticket))),
        None => Err(refused),
    }
}

/// Answers a challenge.
pub(super) async fn second_factor(
    link: &Link,
    user: &str,
    challenge: &Secret,
    code: &Secret,
    end: Instant,
) -> Result<Secret, FetchError> {
    let response = typed(code.reveal());
    let form = [
        ("username", user),
        ("password", response.as_str()),
        ("tfa-challenge", challenge.reveal()),
        ("new-format", "1"),
    ];
    ticket(post(link, &form, Repeat::Never, end).await?)
}

/// Sends the password and the bare code, for old servers.
pub(super) async fn both_factors(
    link: &Link,
    user: &str,
    password: &Secret,
    code: &Secret,
    end: Instant,
) -> Result<Secret, FetchError> {
    let code = code.reveal();
    let bare = code.strip_prefix("totp:").or_else(|| code.strip_prefix("yubico:")).unwrap_or(code);
    let form = [("username", user), ("password", password.reveal()), ("otp", bare)];
    ticket(post(link, &form, Repeat::Never, end).await?)
}

/// A code with its type: `totp:123456`.
fn typed(code: &str) -> String {
    let has_type = code
        .split_once(':')
        .is_some_and(|(kind, _)| !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let kind = if has_type {
        return code.to_owned();
    } else if code.chars().all(|c| c.is_ascii_digit()) {
        "totp"
    } else if code.len() == 19 && code.chars().all(|c| c == '-' || c.is_ascii_hexdigit()) {
        "recovery"
    } else {
        "yubico"
    };
    format!("{kind}:{code}")
}

async fn post(link: &Link, form: &[(&str, &str)], repeat: Repeat, end: Instant) -> Result<Reply, FetchError> {
    let encoded = |(name, value): &(&str, &str)| format!("{name}={}", percent_encode(value.as_bytes(), FORM));
    let body = form.iter().map(encoded).collect::<Vec<_>>().join("&");
    let make = |http: &reqwest::Client, root: &str| {
        http.post(format!("{root}{LOGIN}")).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone())
    };
    Ok(link.ask(LOGIN, end, repeat, make).await?)
}

struct TicketData {
    ticket: Option<String>,
    need_tfa: bool,
}

fn data(reply: Reply) -> Result<TicketData, FetchError> {
    #[derive(Deserialize)]
    struct Data {
        ticket: Option<String>,
        #[serde(rename = "NeedTFA", default)]
        need_tfa: Value,
    }
    if !reply.is_success() {
        return Err(reply.error());
    }
    // No error may show the ticket, not even a part of it.
    let not_the_apis = || FetchError::new(FetchErrorKind::Malformed, "the response to the login is not the API's");
    let has_ticket = memmem::find(&reply.body.bytes, b"ticket").is_some();
    let answer = Answer::parse(reply.body, &reply.content_type)
        .map_err(|error| if has_ticket { not_the_apis() } else { error })?;
    let data: Data = serde_json::from_str(answer.data()).map_err(|_| not_the_apis())?;
    let need_tfa = match &data.need_tfa {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_u64() != Some(0),
        Value::String(text) => !matches!(text.as_str(), "" | "0"),
        _ => true,
    };
    Ok(TicketData { ticket: data.ticket, need_tfa })
}

/// The ticket after the last factor.
fn ticket(reply: Reply) -> Result<Secret, FetchError> {
    let refused = forbidden(&reply, "the server wants another second factor than the code");
    match data(reply)? {
        TicketData { ticket: Some(ticket), need_tfa: false } if !ticket.is_empty() => Ok(Secret::new(ticket)),
        _ => Err(refused),
    }
}

fn forbidden(reply: &Reply, detail: &str) -> FetchError {
    FetchError { status: Some(reply.status), ..FetchError::new(FetchErrorKind::Forbidden, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_type() {
        for (code, response) in [
            ("123456", "totp:123456"),
            ("totp:123456", "totp:123456"),
            ("recovery:0000-1111-2222-3333", "recovery:0000-1111-2222-3333"),
            ("0000-1111-2222-aaaa", "recovery:0000-1111-2222-aaaa"),
            ("cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj", "yubico:cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj"),
        ] {
            assert_eq!(typed(code), response);
        }
    }
}

//! Who gets to a handler: rate limit, authentication, size of the request.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::connection::Peer;
use super::refusal::HttpRefusal;
use super::site::Site;
use super::web_config::{Credentials, Users};
use crate::config::Secret;

/// No request needs a body; this is room for what clients send all the same.
const MAX_BODY: u64 = 64 << 10;

pub(super) async fn admit(
    State(site): State<Site>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match check(&site, peer, request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn check(site: &Site, peer: Peer, headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let config = site.web.current();
    if config.rate_limit.as_ref().is_some_and(|limit| !limit.allow()) {
        return Err(HttpRefusal::RateLimit);
    }
    if let Some(users) = &config.users {
        authenticate(users, peer, headers).await?;
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return Err(HttpRefusal::BodyTooLarge);
    }
    Ok(())
}

async fn authenticate(users: &Users, Peer(client): Peer, headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let credentials = headers.get(header::AUTHORIZATION).and_then(credentials).ok_or(HttpRefusal::Unauthorized)?;
    if users.verify(client, credentials).await { Ok(()) } else { Err(HttpRefusal::Unauthorized) }
}

/// `Basic` and `user:password` in Base64.
fn credentials(header: &HeaderValue) -> Option<Credentials> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: Secret::new(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials() {
        let parse = |text: &str| {
            let credentials = credentials(&HeaderValue::from_str(text).unwrap())?;
            Some((credentials.user, credentials.password.reveal().to_owned()))
        };
        let encoded = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let expected = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(parse(&encoded("alice:se:cret")), expected("alice", "se:cret"));
        assert_eq!(parse(&encoded("alice:")), expected("alice", ""));
        assert_eq!(parse(&encoded("alice:x").replace("Basic", "bAsIc")), expected("alice", "x"));
        for wrong in ["", "Basic", "Bearer abc", "Basic !", &encoded("alice")] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

//! Authentication: a token in a header, or a ticket in a cookie.
//!
//! A ticket is valid for two hours. It is renewed before that, with itself as the password, so that a second factor's code is
//! needed only once; after a 401 it is replaced once. Concurrent requests share one login. A refused login is not retried for
//! half a minute: the server delays its response to a wrong password and may ban clients that insist.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::error::FetchError;
use super::link::{Link, Reply};
use crate::config::{Credentials, Secret};
use crate::contract::FetchErrorKind;

/// The path of the login, also for the observer.
const LOGIN: &str = "/access/ticket";
/// Age at which a ticket can no longer be renewed.
const EXPIRED: Duration = Duration::from_secs(118 * 60);
/// Time between a refused login and the next one.
const REFUSED: Duration = Duration::from_secs(30);

/// The server percent-decodes `Authorization` values.
const HEADER: &AsciiSet = &CONTROLS.add(b'%').add(b' ');
/// Everything except RFC 3986's unreserved characters.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) enum Auth {
    Token(HeaderValue),
    Ticket(Box<Login>),
}

pub(super) struct Login {
    user: String,
    password: Secret,
    otp: Option<Secret>,
    /// Age at which a ticket is renewed.
    age: Duration,
    state: Mutex<LoginState>,
    /// Held during a login: other requests wait here, then find the new ticket.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct LoginState {
    ticket: Option<Ticket>,
    /// The last refusal, and when the next login may be tried.
    refusal: Option<(FetchError, Instant)>,
    logins: u64,
}

struct Ticket {
    text: Secret,
    cookie: HeaderValue,
    since: Instant,
    /// The number of its login.
    number: u64,
}

impl Ticket {
    fn pass(&self) -> Pass {
        Pass { name: COOKIE, value: self.cookie.clone(), number: Some(self.number) }
    }
}

impl LoginState {
    /// The last refusal while it lasts, or a ticket younger than `age`.
    fn known(&self, age: Duration) -> Option<Result<Pass, FetchError>> {
        match &self.refusal {
            Some((error, until)) if Instant::now() < *until => Some(Err(error.clone())),
            _ => Some(Ok(self.ticket.as_ref().filter(|ticket| ticket.since.elapsed() < age)?.pass())),
        }
    }
}

/// The header that authenticates a request.
pub(super) struct Pass {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    /// The ticket's number; `None` for a token.
    number: Option<u64>,
}

impl Auth {
    pub(super) fn new(credentials: &Credentials, ticket_age: Duration) -> Result<Self, String> {
        match credentials {
            Credentials::Token { user, name, value } => {
                let token = format!("{user}!{name}={}", value.reveal());
                let text = format!("PVEAPIToken={}", utf8_percent_encode(&token, HEADER));
                let header =
                    HeaderValue::from_str(&text).map_err(|_| "the token is not valid in a header".to_owned())?;
                Ok(Self::Token(sensitive(header)))
            }
            Credentials::Password { user, password, otp } => Ok(Self::Ticket(Box::new(Login {
                user: user.clone(),
                password: password.clone(),
                otp: otp.clone(),
                age: ticket_age,
                state: Mutex::default(),
                gate: tokio::sync::Mutex::default(),
            }))),
        }
    }

    /// The header to send. Logs in if there is no ticket or it is old; finishes by `end`.
    pub(super) async fn pass(&self, link: &Link, end: Instant) -> Result<Pass, FetchError> {
        match self {
            Self::Token(header) => Ok(Pass { name: AUTHORIZATION, value: header.clone(), number: None }),
            Self::Ticket(login) => login.pass(link, end).await,
        }
    }

    /// Call after a 401: true if the request should be retried with a new pass.
    pub(super) fn refused(&self, pass: &Pass) -> bool {
        let (Self::Ticket(login), Some(number)) = (self, pass.number) else { return false };
        login.state().ticket.take_if(|ticket| ticket.number == number);
        true
    }

    /// Call after a 401 to a new ticket: more logins would not help.
    pub(super) fn give_up(&self, error: &FetchError) {
        if let Self::Ticket(login) = self {
            login.state().refusal = Some((error.clone(), Instant::now() + REFUSED));
        }
    }
}

impl Login {
    fn state(&self) -> MutexGuard<'_, LoginState> {
        self.state.lock()
    }

    async fn pass(&self, link: &Link, end: Instant) -> Result<Pass, FetchError> {
        if let Some(known) = self.state().known(self.age) {
            return known;
        }
        let Ok(_gate) = timeout_at(end, self.gate.lock()).await else {
            return Err(FetchError::new(FetchErrorKind::TimedOut, "another request's login took too long"));
        };
        if let Some(known) = self.state().known(self.age) {
            return known;
        }
        let since = Instant::now();
        let result = match self.renew(link, end).await {
            Some(result) => result,
            None => self.login(link, &self.password, self.otp.as_ref(), end).await,
        };
        let mut state = self.state();
        match result.and_then(|text| Ok((cookie(&text)?, text))) {
            Ok((cookie, text)) => {
                state.logins += 1;
                let ticket = Ticket { cookie, text, since, number: state.logins };
                let pass = ticket.pass();
                state.ticket = Some(ticket);
                state.refusal = None;
                Ok(pass)
            }
            Err(error) if error.kind == FetchErrorKind::Forbidden => {
                state.ticket = None;
                state.refusal = Some((error.clone(), Instant::now() + REFUSED));
                Err(error)
            }
            // The server can't be reached, but the old ticket may still be valid.
            Err(error) => state.known(EXPIRED).unwrap_or(Err(error)),
        }
    }

    /// Exchanges an old ticket for a new one; `None` if that takes the password.
    async fn renew(&self, link: &Link, end: Instant) -> Option<Result<Secret, FetchError>> {
        let old = self.state().ticket.as_ref().filter(|ticket| ticket.since.elapsed() < EXPIRED)?.text.clone();
        match self.login(link, &old, None, end).await {
            Err(error) if error.kind == FetchErrorKind::Forbidden => None,
            result => Some(result),
        }
    }

    async fn login(
        &self,
        link: &Link,
        password: &Secret,
        otp: Option<&Secret>,
        end: Instant,
    ) -> Result<Secret, FetchError> {
        let form = |text: &str| percent_encode(text.as_bytes(), FORM).to_string();
        let mut body = format!("username={}&password={}", form(&self.user), form(password.reveal()));
        if let Some(otp) = otp {
            body.push_str("&otp=");
            body.push_str(&form(otp.reveal()));
        }
        let make = |http: &reqwest::Client, root: &str| {
            http.post(format!("{root}{LOGIN}"))
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone())
        };
        let reply = link.ask(LOGIN, end, make).await?;
        let result = ticket(reply);
        result.map_err(|error| FetchError { detail: format!("login of {}: {}", self.user, error.detail), ..error })
    }
}

#[derive(Deserialize)]
struct TicketData {
    ticket: Option<String>,
    #[serde(rename = "NeedTFA", default)]
    need_tfa: Value,
}

fn ticket(reply: Reply) -> Result<Secret, FetchError> {
    let forbidden =
        |detail: &str| FetchError { status: Some(reply.status), ..FetchError::new(FetchErrorKind::Forbidden, detail) };
    if !reply.is_success() {
        return Err(FetchError::of_status(reply.status, &reply.reason));
    }
    let refused = forbidden("refused: check user and password in the configuration");
    let second_factor = forbidden("the user needs a second factor: use an API token, or set its code as otp");
    let answer = Answer::parse(reply.body, &reply.content_type)?;
    // serde's message may contain the ticket.
    let data: TicketData = serde_json::from_str(answer.data())
        .map_err(|_| FetchError::new(FetchErrorKind::Malformed, "the response to the login is not the API's"))?;
    let wanted = match &data.need_tfa {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_u64() != Some(0),
        Value::String(text) => !matches!(text.as_str(), "" | "0"),
        _ => true,
    };
    match data.ticket {
        _ if wanted => Err(second_factor),
        Some(ticket) if !ticket.is_empty() => Ok(Secret::new(ticket)),
        _ => Err(refused),
    }
}

fn cookie(ticket: &Secret) -> Result<HeaderValue, FetchError> {
    let text = format!("PVEAuthCookie={}", utf8_percent_encode(ticket.reveal(), FORM));
    let header = HeaderValue::from_str(&text);
    header.map(sensitive).map_err(|_| FetchError::new(FetchErrorKind::Malformed, "the ticket is not valid in a cookie"))
}

fn sensitive(mut header: HeaderValue) -> HeaderValue {
    header.set_sensitive(true);
    header
}

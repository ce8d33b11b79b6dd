//! Authentication: a token in a header, or a ticket in a cookie.
//!
//! A ticket is valid for two hours. It is renewed before that, with itself as the password, so that a second factor's code is
//! needed only once; after a 401 it is replaced once. Since a 401 takes the server 3 s, which may be longer than a request waits, it is
//! also replaced once nothing sent with it is answered. Concurrent requests share one login. A refused login is retried after half
//! a minute, and then ever more rarely: the server delays its response to a wrong password and may ban clients that insist. The code
//! of a second factor is sent once; once the ticket is lost, only a new configuration helps.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use percent_encoding::utf8_percent_encode;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::encoding::{FORM, HEADER};
use super::error::FetchError;
use super::link::Link;
use super::login::{FirstFactor, both_factors, first_factor, second_factor};
use super::redactor::Redactor;
use crate::config::{Credentials, Secret};
use crate::contract::FetchErrorKind;
use crate::text::Foreign;

/// Age at which a ticket can no longer be renewed.
const EXPIRED: Duration = Duration::from_secs(118 * 60);
/// Time between a refused login and the next one; it doubles with each refusal.
const REFUSED: Duration = Duration::from_secs(30);
const REFUSED_LONGEST: Duration = Duration::from_secs(15 * 60);

const CODE_SENT: &str =
    "the code of the second factor (otp) was used for the last login: set a new code and reload, or use an API token";
const CODE_REFUSED: &str = "the code of the second factor (otp) did not work, and is not sent again: set a new code and reload, or use an API token";

pub(super) enum Auth {
    Token(HeaderValue),
    Ticket(Box<Login>),
}

pub(super) struct Login {
    user: String,
    password: Secret,
    otp: Option<Secret>,
    redactor: Arc<Redactor>,
    /// Age at which a ticket is renewed.
    age: Duration,
    state: Mutex<LoginState>,
    /// Held during a login: other requests wait here, then find the new ticket.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct LoginState {
    ticket: Option<Ticket>,
    refusal: Option<Refusal>,
    /// Consecutive ones.
    refusals: u32,
    logins: u64,
    /// Whether the code of the second factor was sent.
    code_sent: bool,
}

/// The last refused login.
struct Refusal {
    error: FetchError,
    /// When the next one may be tried; `None`: not with this configuration.
    until: Option<Instant>,
}

struct Ticket {
    text: Secret,
    cookie: HeaderValue,
    since: Instant,
    /// The number of its login.
    number: u64,
    /// When a request with it was last answered.
    answered: Option<Instant>,
    /// Whether requests with it are not answered.
    is_doubtful: bool,
}

impl Ticket {
    fn pass(&self) -> Pass {
        Pass { name: COOKIE, value: self.cookie.clone(), number: Some(self.number) }
    }
}

impl LoginState {
    /// The last refusal while it lasts, or a ticket younger than `age` that is not doubtful.
    fn known(&self, age: Duration) -> Option<Result<Pass, FetchError>> {
        match &self.refusal {
            Some(Refusal { error, until }) if until.is_none_or(|until| Instant::now() < until) => {
                Some(Err(error.clone()))
            }
            _ => {
                let good = |ticket: &&Ticket| ticket.since.elapsed() < age && !ticket.is_doubtful;
                Some(Ok(self.ticket.as_ref().filter(good)?.pass()))
            }
        }
    }

    /// Keeps a refusal until the next login may be tried: never, if it takes another code.
    fn refuse(&mut self, error: FetchError) {
        let wait = REFUSED.saturating_mul(2_u32.saturating_pow(self.refusals)).min(REFUSED_LONGEST);
        let until = (!self.code_sent).then(|| Instant::now() + wait);
        self.refusals = self.refusals.saturating_add(1);
        self.refusal = Some(Refusal { error, until });
    }

    fn ticket(&mut self, number: Option<u64>) -> Option<&mut Ticket> {
        self.ticket.as_mut().filter(|ticket| Some(ticket.number) == number)
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
    pub(super) fn new(
        credentials: &Credentials,
        ticket_age: Duration,
        redactor: Arc<Redactor>,
    ) -> Result<Self, String> {
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
                redactor,
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
            login.state().refuse(error.clone());
        }
    }

    /// Call after a response other than a 401.
    pub(super) fn answered(&self, pass: &Pass) {
        if let Self::Ticket(login) = self {
            let mut state = login.state();
            state.refusals = 0;
            if let Some(ticket) = state.ticket(pass.number) {
                (ticket.answered, ticket.is_doubtful) = (Some(Instant::now()), false);
            }
        }
    }

    /// Call after a request that was sent at `start` and had no response. If no other one had either, the ticket may have died. One
    /// that took a code is kept: the code can't be sent again.
    pub(super) fn unanswered(&self, pass: &Pass, start: Instant) {
        if let Self::Ticket(login) = self {
            let mut state = login.state();
            if !state.code_sent
                && let Some(ticket) = state.ticket(pass.number)
            {
                ticket.is_doubtful |= ticket.answered.is_none_or(|answered| answered < start);
            }
        }
    }

    /// Allows a login at once, even if the last one was refused.
    pub(super) fn retry(&self) {
        if let Self::Ticket(login) = self {
            let mut state = login.state();
            state.refusal.take_if(|refusal| refusal.until.is_some());
            state.refusals = 0;
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
            None => self.log_in(link, end).await,
        };
        let result =
            result.map_err(|error| FetchError { detail: Foreign::new(&format!("login: {}", error.detail)), ..error });
        let mut state = self.state();
        match result.and_then(|text| Ok((cookie(&text)?, text))) {
            Ok((cookie, text)) => {
                self.redactor.add(&text);
                state.logins += 1;
                let (number, answered) = (state.logins, None);
                let ticket = Ticket { cookie, text, since, number, answered, is_doubtful: false };
                let pass = ticket.pass();
                state.ticket = Some(ticket);
                state.refusal = None;
                Ok(pass)
            }
            Err(error) if error.kind == FetchErrorKind::Forbidden => {
                state.ticket = None;
                state.refuse(error.clone());
                Err(error)
            }
            // The server can't be reached, but the old ticket may still be valid.
            Err(error) => state.known(EXPIRED).unwrap_or(Err(error)),
        }
    }

    /// Exchanges an old ticket for a new one; `None` if that takes the password.
    async fn renew(&self, link: &Link, end: Instant) -> Option<Result<Secret, FetchError>> {
        let good = |ticket: &&Ticket| ticket.since.elapsed() < EXPIRED && !ticket.is_doubtful;
        let old = self.state().ticket.as_ref().filter(good)?.text.clone();
        match first_factor(link, &self.user, &old, false, end).await {
            Ok(FirstFactor::Ticket(ticket)) => Some(Ok(ticket)),
            Err(error) if error.kind != FetchErrorKind::Forbidden => Some(Err(error)),
            _ => None,
        }
    }

    /// Logs in with the password, and with the code of a second factor if the server asks for it. The code is sent once: it is valid
    /// once, and Proxmox VE locks users after a few wrong ones.
    async fn log_in(&self, link: &Link, end: Instant) -> Result<Secret, FetchError> {
        let forbidden = |detail| FetchError::new(FetchErrorKind::Forbidden, detail);
        if self.state().code_sent {
            return Err(forbidden(CODE_SENT));
        }
        let (user, password) = (&self.user, &self.password);
        let factor = first_factor(link, user, password, self.otp.is_some(), end).await?;
        let result = match (factor, &self.otp) {
            (FirstFactor::Ticket(ticket), _) => return Ok(ticket),
            (_, None) => {
                return Err(forbidden("the user needs a second factor: use an API token, or set its code as otp"));
            }
            (FirstFactor::Challenge(challenge), Some(code)) => {
                self.state().code_sent = true;
                second_factor(link, user, &challenge, code, end).await
            }
            (FirstFactor::CodeWithPassword, Some(code)) => {
                self.state().code_sent = true;
                both_factors(link, user, password, code, end).await
            }
        };
        // Whether it has arrived or not, it can't be sent again.
        result.map_err(|error| {
            let detail = format!("{CODE_REFUSED} ({})", error.detail);
            FetchError { status: error.status, ..FetchError::new(FetchErrorKind::Forbidden, detail) }
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_logins_become_rare() {
        let mut state = LoginState::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            state.refuse(FetchError::new(FetchErrorKind::Forbidden, "401"));
            let until = state.refusal.as_ref().unwrap().until.unwrap();
            waits.push((until - Instant::now()).as_secs_f64().round());
        }
        assert_eq!(waits, [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]);
        // A code can't be sent again.
        state.code_sent = true;
        state.refuse(FetchError::new(FetchErrorKind::Forbidden, "401"));
        assert_eq!(state.refusal.unwrap().until, None);
    }
}

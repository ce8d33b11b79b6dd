//! Tickets: one login, renewal, refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pve_exporter::config::ClientOptions;
use pve_exporter::contract::FetchErrorKind;

use super::server::{Asker, Reply, Seen, Server, module_of};

fn asker(server: &Server, keys: &str) -> Asker {
    let keys = format!("user: p@pve, password: 'sesame&/ü', verify_ssl: false, target: '{}', {keys}", server.address);
    Asker::new(&module_of(&keys), ClientOptions::default())
}

fn login(ticket: &str) -> Reply {
    Reply::json(&format!(r#"{{"data":{{"ticket":"{ticket}","CSRFPreventionToken":"x","username":"p@pve"}}}}"#))
}

fn is_login(seen: &Seen) -> bool {
    seen.head.starts_with("POST /api2/json/access/ticket ")
}

fn logins(server: &Server) -> usize {
    server.seen().iter().filter(|seen| is_login(seen)).count()
}

#[tokio::test]
async fn one_login_for_many_requests() {
    let server = Server::start(|seen| {
        if is_login(seen) {
            return login("PVE:p@pve:5F::a+b/c==").after(Duration::from_millis(50));
        }
        assert_eq!(seen.header("cookie"), Some("PVEAuthCookie=PVE%3Ap%40pve%3A5F%3A%3Aa%2Bb%2Fc%3D%3D"));
        assert_eq!(seen.header("authorization"), None);
        Reply::json(r#"{"data":1}"#)
    })
    .await;
    let asker = Arc::new(asker(&server, ""));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let asker = asker.clone();
            tokio::spawn(async move { asker.get("/version").await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((logins(&server), server.seen().len()), (1, 11));
    let seen = server.seen();
    let post = seen.iter().find(|seen| is_login(seen)).unwrap();
    assert_eq!(post.body, "username=p%40pve&password=sesame%26%2F%C3%BC");
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asker.log.lines().iter().filter(|line| *line == "/access/ticket 200").count(), 1);
}

#[tokio::test]
async fn a_refused_ticket_is_replaced_by_one_login() {
    let valid = Arc::new(Mutex::new("PVE:1".to_owned()));
    let server = Server::start({
        let valid = valid.clone();
        move |seen| {
            let valid = valid.lock();
            if is_login(seen) {
                return login(&valid);
            }
            if seen.header("cookie") == Some(&format!("PVEAuthCookie={}", valid.replace(':', "%3A"))) {
                return Reply::json(r#"{"data":1}"#);
            }
            let refusal = Reply::status("401 permission denied - invalid PVE ticket", "text/plain", b"");
            Reply { close: true, ..refusal }.after(Duration::from_millis(30))
        }
    })
    .await;
    let asker = Arc::new(asker(&server, ""));
    asker.get("/version").await.unwrap();
    "PVE:2".clone_into(&mut valid.lock());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let asker = asker.clone();
            tokio::spawn(async move { asker.get("/version").await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(logins(&server), 2);
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_at_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let asked = asked.clone();
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Reply {
                close: true,
                ..Reply::status("401 authentication failure", "application/json", br#"{"data":null}"#)
            }
        }
    })
    .await;
    let asker = asker(&server, "");
    for _ in 0..3 {
        let error = asker.error("/version").await;
        assert_eq!((error.kind, error.status), (FetchErrorKind::Forbidden, Some(401)));
        assert_eq!(
            error.detail,
            "login: 401 authentication failure: check user, token_name and token_value (or password) in the \
             configuration"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_fresh_ticket_that_is_refused_ends_it() {
    let server = Server::start(|seen| match is_login(seen) {
        true => login("PVE:1"),
        false => Reply { close: true, ..Reply::status("401 No ticket", "text/plain", b"") },
    })
    .await;
    let asker = asker(&server, "");
    assert_eq!(asker.error("/version").await.kind, FetchErrorKind::Forbidden);
    assert_eq!((logins(&server), server.seen().len()), (2, 4));
    assert_eq!(asker.error("/version").await.kind, FetchErrorKind::Forbidden);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn answers_to_a_login_that_are_no_ticket() {
    let cases = [
        (r#"{"data":{"ticket":"PVE:!tfa!x","NeedTFA":1}}"#, FetchErrorKind::Forbidden, "needs a second factor"),
        (r#"{"data":{"ticket":"PVE:!tfa!x","NeedTFA":"1"}}"#, FetchErrorKind::Forbidden, "needs a second factor"),
        (r#"{"data":{"username":"p@pve"}}"#, FetchErrorKind::Forbidden, "refused: check user and password"),
        (r#"{"data":null}"#, FetchErrorKind::Malformed, "the response has no data"),
        (
            r#"{"data":{"ticket":{"sesame":1}}}"#,
            FetchErrorKind::Malformed,
            "the response to the login is not the API's",
        ),
        ("<html>", FetchErrorKind::Malformed, "HTML page"),
    ];
    for (body, kind, words) in cases {
        let server = Server::start(move |_| Reply::json(body)).await;
        let error = asker(&server, "").error("/version").await;
        assert_eq!(error.kind, kind, "{body}");
        assert!(error.detail.starts_with("login: ") && error.detail.contains(words), "{}", error.detail);
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::start(|seen| match is_login(seen) {
        true => Reply::json(r#"{"data":{"ticket":"PVE:1","NeedTFA":0}}"#),
        false => Reply::json(r#"{"data":1}"#),
    })
    .await;
    asker(&server, "").get("/version").await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_asked_once() {
    let server =
        Server::start(|_| Reply { close: true, ..Reply::status("401 invalid token value!", "text/plain", b"") }).await;
    let asker = Asker::of(&server, "");
    assert_eq!(asker.error("/version").await.kind, FetchErrorKind::Forbidden);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_old_ticket_is_its_own_password() {
    let renewable = Arc::new(AtomicUsize::new(1));
    let server = Server::start({
        let renewable = renewable.clone();
        move |seen| match (is_login(seen), renewable.load(Ordering::SeqCst)) {
            (false, _) => Reply::json(r#"{"data":1}"#),
            (true, 0) if seen.body.contains("password=PVE") => {
                Reply { close: true, ..Reply::status("401 authentication failure", "text/plain", b"") }
            }
            (true, 2) => Reply { close: true, ..Reply::status("500 no quorum", "text/plain", b"") },
            (true, _) => login("PVE:1"),
        }
    })
    .await;
    let keys = format!("user: p@pve, password: sesame, verify_ssl: false, target: '{}'", server.address);
    // Every ticket is old enough to be renewed.
    let asker = Asker::new(&module_of(&keys), ClientOptions { ticket_age: Duration::ZERO, ..ClientOptions::default() });
    let bodies = || -> Vec<String> {
        server.seen().into_iter().filter(is_login).map(|seen| seen.body.replace("username=p%40pve&", "")).collect()
    };
    let (password, ticket) = ("password=sesame", "password=PVE%3A1");

    asker.get("/version").await.unwrap();
    assert_eq!(bodies(), [password]);
    asker.get("/version").await.unwrap();
    assert_eq!(bodies(), [password, ticket]);

    // Refused as a password: the real one is used.
    renewable.store(0, Ordering::SeqCst);
    asker.get("/version").await.unwrap();
    assert_eq!(bodies(), [password, ticket, ticket, password]);

    // The login fails: the old ticket is still good for two hours.
    renewable.store(2, Ordering::SeqCst);
    asker.get("/version").await.unwrap();
    assert_eq!(bodies().len(), 5);
}

/// The form of a login, decoded.
fn form(seen: &Seen) -> Vec<String> {
    seen.body.split('&').map(|pair| percent_encoding::percent_decode_str(pair).decode_utf8().unwrap().into()).collect()
}

/// Proxmox VE 7.1 and newer: the code is the answer to a challenge.
#[tokio::test]
async fn the_code_of_a_second_factor_is_sent_with_its_type() {
    for (otp, response) in
        [("123456", "totp:123456"), ("'totp:123456'", "totp:123456"), ("'recovery:a-b'", "recovery:a-b")]
    {
        let server = Server::start(move |seen| {
            if !is_login(seen) {
                return Reply::json(r#"{"data":1}"#);
            }
            match form(seen).as_slice() {
                [_, password, format] if password == "password=sesame&/ü" && format == "new-format=1" => {
                    Reply::json(r#"{"data":{"ticket":"PVE:!tfa!%7B%22totp%22%3Atrue%7D:5F::x","NeedTFA":1}}"#)
                }
                [_, password, challenge, _]
                    if *password == format!("password={response}")
                        && challenge == "tfa-challenge=PVE:!tfa!%7B%22totp%22%3Atrue%7D:5F::x" =>
                {
                    login("PVE:1")
                }
                _ => Reply { close: true, ..Reply::status("401 authentication failure", "text/plain", b"") },
            }
        })
        .await;
        let asker = asker(&server, &format!("otp: {otp}"));
        asker.get("/version").await.unwrap();
        asker.get("/version").await.unwrap();
        assert_eq!(logins(&server), 2, "{otp}");
    }
}

/// Older ones take the bare code along with the password.
#[tokio::test]
async fn an_old_server_gets_the_bare_code() {
    let server = Server::start(|seen| match (is_login(seen), seen.body.contains("new-format")) {
        (false, _) => Reply::json(r#"{"data":1}"#),
        (true, true) => Reply { close: true, ..Reply::status("400 Parameter verification failed.", "text/plain", b"") },
        (true, false) => {
            assert_eq!(form(seen), ["username=p@pve", "password=sesame&/ü", "otp=123456"]);
            login("PVE:1")
        }
    })
    .await;
    asker(&server, "otp: 'totp:123456'").get("/version").await.unwrap();
    assert_eq!(logins(&server), 2);
}

/// A second code is not there, and the first one is not tried again: the server locks users after some wrong ones.
#[tokio::test]
async fn a_code_is_sent_once() {
    let challenge = r#"{"data":{"ticket":"PVE:!tfa!x","NeedTFA":1}}"#;
    // Used for a ticket that is lost later, refused, and without a response.
    for (code, words) in [
        (login("PVE:1"), "the code of the second factor (otp) was used for the last login"),
        (
            Reply { close: true, ..Reply::status("401 authentication failure", "text/plain", b"") },
            "the code of the second factor (otp) did not work, and is not sent again",
        ),
        (Reply::closed(), "the code of the second factor (otp) did not work, and is not sent again"),
    ] {
        let server = Server::start(move |seen| match (is_login(seen), seen.body.contains("tfa-challenge")) {
            (true, false) => Reply::json(challenge),
            (true, true) => code.clone(),
            (false, _) => Reply { close: true, ..Reply::status("401 No ticket", "text/plain", b"") },
        })
        .await;
        let asker = asker(&server, "otp: 123456");
        let error = asker.error("/version").await;
        assert_eq!(error.kind, FetchErrorKind::Forbidden);
        let codes = || server.seen().iter().filter(|seen| seen.body.contains("tfa-challenge")).count();
        let (sent, requests) = (codes(), server.seen().len());
        for _ in 0..3 {
            let error = asker.error("/version").await;
            assert_eq!(error.kind, FetchErrorKind::Forbidden);
            assert!(error.detail.contains(words), "{}", error.detail);
            assert!(error.detail.contains("set a new code and reload, or use an API token"), "{}", error.detail);
        }
        assert_eq!((sent, codes(), server.seen().len()), (1, 1, requests));
    }
}

#[tokio::test]
async fn a_code_that_nobody_wants_is_kept() {
    let server = Server::start(|seen| match is_login(seen) {
        true => login("PVE:1"),
        false => Reply::json(r#"{"data":1}"#),
    })
    .await;
    asker(&server, "otp: 123456").get("/version").await.unwrap();
    assert!(!server.seen().iter().any(|seen| seen.body.contains("123456")));
}

/// A 401 takes Proxmox VE 3 s, which may be longer than a request waits: no response at all is a sign of a dead ticket.
#[tokio::test]
async fn a_ticket_without_a_response_is_replaced() {
    let valid = Arc::new(Mutex::new("PVE:1"));
    let server = Server::start({
        let valid = valid.clone();
        move |seen| {
            let valid = *valid.lock();
            if is_login(seen) {
                // As a password, the dead ticket has no response in time either.
                let refused = Reply::status("401 authentication failure", "text/plain", b"");
                return if seen.body.contains("sesame") { login(valid) } else { refused.after(Duration::from_secs(3)) };
            }
            let good = seen.header("cookie") == Some(&format!("PVEAuthCookie={}", valid.replace(':', "%3A")));
            let refused = Reply::status("401 No ticket", "text/plain", b"").after(Duration::from_secs(3));
            if good && !seen.path().contains("hangs") { Reply::json(r#"{"data":1}"#) } else { refused }
        }
    })
    .await;
    let asker = asker(&server, "");
    let get = |path: &'static str| asker.get_within(path, Duration::from_secs(1));
    get("/version").await.unwrap();

    // Other requests are answered: the ticket is not the reason.
    let (hanging, good) = tokio::join!(get("/hangs"), async {
        server.reached(1).await;
        get("/version").await
    });
    assert_eq!(hanging.unwrap_err().kind, FetchErrorKind::TimedOut);
    good.unwrap();
    get("/version").await.unwrap();
    assert_eq!(logins(&server), 1);

    *valid.lock() = "PVE:2";
    assert_eq!(get("/version").await.unwrap_err().kind, FetchErrorKind::TimedOut);
    get("/version").await.unwrap();
    assert_eq!(logins(&server), 2);
}

/// Somebody repaired the password and reloads.
#[tokio::test]
async fn a_reload_ends_the_wait_after_a_refused_login() {
    let server = Server::start(|_| Reply::status("401 authentication failure", "text/plain", b"")).await;
    let asker = asker(&server, "");
    asker.error("/version").await;
    asker.error("/version").await;
    assert_eq!(logins(&server), 1);
    asker.client.retry_login();
    asker.error("/version").await;
    assert_eq!(logins(&server), 2);
}

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
    let asker = Arc::new(asker(&server, "otp: 123456"));
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
    assert_eq!(post.body, "username=p%40pve&password=sesame%26%2F%C3%BC&otp=123456");
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
            "login of p@pve: 401 authentication failure: check user, token_name and token_value (or password) in the \
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
        (r#"{"data":{"ticket":{"sesame":1}}}"#, FetchErrorKind::Malformed, "the answer to the login is not the API's"),
        ("<html>", FetchErrorKind::Malformed, "HTML page"),
    ];
    for (body, kind, words) in cases {
        let server = Server::start(move |_| Reply::json(body)).await;
        let error = asker(&server, "").error("/version").await;
        assert_eq!(error.kind, kind, "{body}");
        assert!(error.detail.starts_with("login of p@pve: ") && error.detail.contains(words), "{}", error.detail);
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
    let keys = format!("user: p@pve, password: sesame, otp: 1, verify_ssl: false, target: '{}'", server.address);
    // Every ticket is old enough to be renewed.
    let asker = Asker::new(&module_of(&keys), ClientOptions { ticket_age: Duration::ZERO, ..ClientOptions::default() });
    let bodies = || -> Vec<String> {
        server.seen().into_iter().filter(is_login).map(|seen| seen.body.replace("username=p%40pve&", "")).collect()
    };
    let (password, ticket) = ("password=sesame&otp=1", "password=PVE%3A1");

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

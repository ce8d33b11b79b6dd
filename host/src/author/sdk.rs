//! The SDK's types, which fixtures are made of, and the host's.

use pve_collector::contract::{Failure, Level, Request};
use pve_collector::{FetchError, GuestType as SdkGuestType, Place as SdkPlace};

use crate::contract::{FailureKind, FetchErrorKind, LogLevel};
use crate::request::{GuestType, Place};
use crate::schema::Schema;

/// The requests of a manifest, to match fixtures against.
pub(super) fn requests(schema: &Schema) -> Vec<Request> {
    let request = |request: &crate::schema::Request| Request {
        path: request.template.to_string(),
        max_age_seconds: request.max_age_seconds,
        optional: request.optional,
    };
    schema.requests.iter().map(request).collect()
}

/// A collector's failure as native tests write it, so that both expect the same log.
pub(super) fn failure(kind: FailureKind, message: &str) -> Failure {
    match kind {
        FailureKind::Malformed => Failure::Malformed(message.to_owned()),
        FailureKind::Settings => Failure::Settings(message.to_owned()),
        FailureKind::Other => Failure::Other(message.to_owned()),
    }
}

pub(super) fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::Debug => Level::Debug,
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warn,
        LogLevel::Error => Level::Error,
    }
}

impl From<&SdkPlace> for Place {
    fn from(place: &SdkPlace) -> Self {
        let guest_type = place.guest_type.map(|guest_type| match guest_type {
            SdkGuestType::Qemu => GuestType::Qemu,
            SdkGuestType::Lxc => GuestType::Lxc,
        });
        Self {
            node: place.node.as_deref().map(Into::into),
            guest_type,
            vmid: place.vmid,
            storage: place.storage.as_deref().map(Into::into),
        }
    }
}

impl From<&Place> for SdkPlace {
    fn from(place: &Place) -> Self {
        let guest_type = place.guest_type.map(|guest_type| match guest_type {
            GuestType::Qemu => SdkGuestType::Qemu,
            GuestType::Lxc => SdkGuestType::Lxc,
        });
        Self {
            node: place.node.as_deref().map(Into::into),
            guest_type,
            vmid: place.vmid,
            storage: place.storage.as_deref().map(Into::into),
        }
    }
}

impl From<FetchError> for FetchErrorKind {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Forbidden => Self::Forbidden,
            FetchError::NotFound => Self::NotFound,
            FetchError::TimedOut => Self::TimedOut,
            FetchError::Unavailable => Self::Unavailable,
            FetchError::TooLarge => Self::TooLarge,
            FetchError::Malformed => Self::Malformed,
        }
    }
}

impl From<FetchErrorKind> for FetchError {
    fn from(kind: FetchErrorKind) -> Self {
        match kind {
            FetchErrorKind::Forbidden => Self::Forbidden,
            FetchErrorKind::NotFound => Self::NotFound,
            FetchErrorKind::TimedOut => Self::TimedOut,
            FetchErrorKind::Unavailable => Self::Unavailable,
            FetchErrorKind::TooLarge => Self::TooLarge,
            FetchErrorKind::Malformed => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Answer;
    use pve_collector::testing::CaseDirectory;

    #[test]
    fn fetch_errors_have_the_same_names() {
        for kind in FetchErrorKind::ALL {
            assert_eq!(FetchError::from(kind).as_str(), kind.as_str().replace('_', "-"));
            assert_eq!(FetchErrorKind::from(FetchError::from(kind)), kind);
        }
    }

    /// A fixture is malformed exactly if the API client rejects the body, and its data is the same text.
    #[test]
    fn fixtures_are_read_as_the_client_reads_answers() {
        let bodies: [&[u8]; 16] = [
            br#"{"data":[1, 2],"total":2}"#,
            br#" {"total":2, "data" : {"a" : "\u00e9"} } "#,
            br#"{"data":0}"#,
            br#"{"data":null}"#,
            br#"{"data":1,"data":2}"#,
            b"{\"data\":\"\xff\"}",
            b"{}",
            b"",
            b"  \n",
            b"[]",
            br#"[{"data":1}]"#,
            b"7",
            b"<html>",
            br#"{"data":[1,]}"#,
            br#"{"data":[1]} {}"#,
            "\u{feff}{\"data\":1}".as_bytes(),
        ];
        for body in bodies {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join("version.json"), body).unwrap();
            let fixture = CaseDirectory::read(directory.path()).unwrap();
            let request = Request { path: "/version".to_owned(), max_age_seconds: 0, optional: true };
            let input = fixture.case().input(&[request], &SdkPlace::default()).unwrap();
            let answer = Answer::parse(body.to_vec(), "application/json");
            let shown = String::from_utf8_lossy(body);
            match (&input.responses[0], &answer) {
                (Ok(fixture), Ok(answer)) => assert_eq!(fixture, answer.data(), "{shown}"),
                (Err(error), Err(_)) => assert_eq!(*error, FetchError::Malformed, "{shown}"),
                (fixture, answer) => panic!("{shown}: {fixture:?}, {answer:?}"),
            }
            assert_eq!(fixture.malformed().count(), usize::from(answer.is_err()), "{shown}");
        }
    }
}

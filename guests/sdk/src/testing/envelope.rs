//! The envelope around an answer's data, read by the host's rules.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The JSON text of `data` in a body, or why the host would reject the body as malformed.
pub(super) fn data(body: Vec<u8>) -> Result<String, String> {
    let body = String::from_utf8(body)
        .map_err(|error| format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))?;
    if body.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    // serde would accept a list for a struct.
    if !body.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&body).is_ok() {
        return Err("it is not a JSON object with the member data".to_owned());
    }
    match serde_json::from_str::<Envelope>(&body) {
        Ok(Envelope { data: Some(data) }) => Ok(data.get().to_owned()),
        Ok(Envelope { data: None }) => Err("its data is missing or null".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

/// A body with this JSON text as its data.
pub(super) fn body(data: &str) -> serde_json::Result<String> {
    let data: serde_json::Value = serde_json::from_str(data)?;
    serde_json::to_string_pretty(&serde_json::json!({ "data": data })).map(|body| body + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_data_out_of_the_envelope() {
        let data = |body: &str| data(body.as_bytes().to_vec());
        assert_eq!(data(r#"{"data":[1, 2],"total":2}"#), Ok("[1, 2]".to_owned()));
        for (body, why) in [
            (r#"{"data":null}"#, "data is missing or null"),
            ("{}", "data is missing or null"),
            ("", "is empty"),
            (" \n", "is empty"),
            ("<html>", "not JSON"),
            (r#"{"data":[1,]}"#, "line 1 column 12"),
            ("[]", "not a JSON object"),
            (r#"[{"data":1}]"#, "not a JSON object"),
        ] {
            assert!(data(body).is_err_and(|words| words.contains(why)), "{body}: {:?}", data(body));
        }
    }

    #[test]
    fn a_body_that_is_not_utf_8_is_malformed() {
        assert_eq!(data(b"{\"data\":\"\xff\"}".to_vec()), Err("it is not UTF-8 at byte 9".to_owned()));
    }
}

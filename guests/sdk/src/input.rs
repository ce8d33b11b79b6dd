//! What a collector reads: its place, its settings, and the answers to its requests.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use crate::{
    Request,
    contract::{self, Failure, FetchError, GuestType, Output},
};

/// What one call of [`Collector::collect`](crate::Collector::collect) works on.
#[derive(Clone, Debug)]
pub struct Input {
    input: contract::Input,
    requests: &'static [Request],
}

impl Input {
    /// The input of a collector with these requests. The host and the test harness make it; collectors only read.
    pub fn new(input: contract::Input, requests: &'static [Request]) -> Self {
        Self { input, requests }
    }

    /// The bare node name (`node01`); empty if no request has `{node}`.
    pub fn node(&self) -> &str {
        self.input.place.node.as_deref().unwrap_or_default()
    }

    /// What `{type}` is bound to, if a request has it.
    pub fn guest_type(&self) -> Option<GuestType> {
        self.input.place.guest_type
    }

    /// What `{vmid}` is bound to, if a request has it.
    pub fn vmid(&self) -> Option<u32> {
        self.input.place.vmid
    }

    /// The storage's name; empty if no request has `{storage}`.
    pub fn storage(&self) -> &str {
        self.input.place.storage.as_deref().unwrap_or_default()
    }

    /// The time of the scrape, in seconds since 1970-01-01 UTC.
    pub fn now(&self) -> u64 {
        self.input.now_unix_seconds
    }

    /// The operator's setting of this name; the first if there are several.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.input.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The operator's setting of this name, read as a `T`; `default` if there is none.
    ///
    /// # Errors
    ///
    /// [`Failure::Settings`] where the text is no `T`.
    pub fn setting_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, Failure>
    where
        T::Err: fmt::Display,
    {
        let Some(value) = self.setting(name) else { return Ok(default) };
        value.parse().map_err(|error| Failure::Settings(format!("setting {name} is {value:?}: {error}")))
    }

    /// The text of an answer's `data` member, or why there is none. Only an [optional](Request::optional) request can
    /// have failed; [`NotFound`](FetchError::NotFound) also stands for one that is not among the collector's requests.
    ///
    /// # Errors
    ///
    /// Why the request failed.
    pub fn response(&self, request: Request) -> Result<&str, FetchError> {
        let position = self.requests.iter().position(|known| known.path == request.path);
        match position.and_then(|position| self.input.responses.get(position)) {
            Some(Ok(text)) => Ok(text),
            Some(Err(error)) => Err(*error),
            None => Err(FetchError::NotFound),
        }
    }

    /// An answer that is an object, read as a `T`. Members of `T` should be [`lenient`](crate::lenient) and have
    /// `#[serde(default)]`: any member may be missing or odd.
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with the path and serde's message where the answer is no object or no `T`;
    /// [`Failure::Other`] where the request failed.
    pub fn object<'a, T: Deserialize<'a>>(&'a self, request: Request) -> Result<T, Failure> {
        let Object(value) = serde_json::from_str(self.required(request)?).map_err(malformed(request))?;
        Ok(value)
    }

    /// An answer that is a list of objects, each read as a `T`: all of them, in a `Vec`. See
    /// [`for_each`](Self::for_each), which needs no memory for what was read.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    pub fn list<'a, T: Deserialize<'a>>(&'a self, request: Request, output: &mut Output) -> Result<Vec<T>, Failure> {
        let mut values = Vec::new();
        self.for_each(request, output, |value, _| values.push(value))?;
        Ok(values)
    }

    /// An answer that is a list of objects: hands each to `visit` as a `T`, one after the other, along with the output.
    /// An element that is no object or no `T` is lost alone: all of them together make one warning.
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with the path and serde's message where the answer is no list; [`Failure::Other`] where
    /// the request failed.
    pub fn for_each<'a, T: Deserialize<'a>>(
        &'a self,
        request: Request,
        output: &mut Output,
        mut visit: impl FnMut(T, &mut Output),
    ) -> Result<(), Failure> {
        let text = self.required(request)?;
        let mut read = 0;
        let each = Each(
            |Object(value): Object<T>| {
                read += 1;
                visit(value, output);
            },
            PhantomData,
        );
        let mut json = serde_json::Deserializer::from_str(text);
        if json.deserialize_seq(each).is_ok() && json.end().is_ok() {
            return Ok(());
        }
        // Somewhere behind those that were read stands one that is no `T`: the rest again, one by one.
        let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(malformed(request))?;
        let total = elements.len();
        let (mut lost, mut first) = (0, None);
        for (position, element) in elements.into_iter().enumerate().skip(read) {
            match serde_json::from_str(element.get()) {
                Ok(Object(value)) => visit(value, output),
                Err(error) => {
                    lost += 1;
                    first = first.or(Some((position, error)));
                }
            }
        }
        if let Some((position, error)) = first {
            let path = request.path;
            output.warn(format!("{lost} of {total} entries of {path} not understood, first entry {position}: {error}"));
        }
        Ok(())
    }

    fn required(&self, request: Request) -> Result<&str, Failure> {
        self.response(request).map_err(|error| Failure::Other(format!("{} has no answer: {error}", request.path)))
    }
}

fn malformed(request: Request) -> impl FnOnce(serde_json::Error) -> Failure {
    move |error| Failure::Malformed(format!("answer of {} not understood: {error}", request.path))
}

/// A list whose elements go to a function as they are read.
struct Each<F, T>(F, PhantomData<T>);

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}

/// A `T` from a JSON object and nothing else: serde's derived structs would read `[1, 2]` too, by position.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(Object(T::deserialize(MapAccessDeserializer::new(map))?))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

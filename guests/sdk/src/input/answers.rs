//! The answers to a collector's requests, as text or as the collector's types.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::Input;
use crate::{
    Request,
    contract::{Failure, FetchError, Output},
};

impl Input {
    /// The JSON text of an answer's `data` member, or why there is none. Only an [optional](Request::optional) request can
    /// have failed. A request that the collector does not declare is [`NotFound`](FetchError::NotFound).
    ///
    /// ```
    /// use pve_collector::{Failure, Input, Request};
    /// # use pve_collector::{FetchError, Place, testing::Case};
    /// use serde_json::Value;
    ///
    /// const CEPH: Request = Request::get("/cluster/ceph/status").optional();
    ///
    /// /// The answer as a document, for what no struct describes; `None` without Ceph.
    /// fn ceph(input: &Input) -> Result<Option<Value>, Failure> {
    ///     let Ok(text) = input.response(CEPH) else { return Ok(None) };
    ///     let status = serde_json::from_str(text);
    ///     status.map(Some).map_err(|error| Failure::Malformed(format!("{}: {error}", CEPH.path)))
    /// }
    /// # let input = |case: Case| Input::new(case.input(&[CEPH], &Place::default()).unwrap(), &[CEPH]);
    ///
    /// let case = Case::new().answer("/cluster/ceph/status", r#"{"health":{"status":"HEALTH_OK"}}"#);
    /// assert_eq!(ceph(&input(case))?.unwrap()["health"]["status"], "HEALTH_OK");
    /// assert_eq!(ceph(&input(Case::new().failed("/cluster/ceph/status", FetchError::Unavailable)))?, None);
    /// # Ok::<(), Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The reason why the request failed.
    pub fn response(&self, request: Request) -> Result<&str, FetchError> {
        let position = self.requests.iter().position(|known| known.path == request.path);
        match position.and_then(|position| self.input.responses.get(position)) {
            Some(Ok(text)) => Ok(text),
            Some(Err(error)) => Err(*error),
            None => Err(FetchError::NotFound),
        }
    }

    /// An answer that is an object, as a `T`. The members of `T` should be [`lenient`](crate::lenient) types with
    /// `#[serde(default)]`: any of them may be missing or odd.
    ///
    /// ```
    /// use pve_collector::{
    ///     Failure, Input, Request,
    ///     lenient::{Number, Object},
    /// };
    /// # use pve_collector::{Place, testing::Case};
    /// use serde::Deserialize;
    ///
    /// const STATUS: Request = Request::get("/nodes/{node}/status");
    ///
    /// #[derive(Deserialize)]
    /// struct Status {
    ///     #[serde(default)]
    ///     memory: Object<Memory>,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Memory {
    ///     #[serde(default)]
    ///     used: Number,
    /// }
    ///
    /// fn used(input: &Input) -> Result<Option<f64>, Failure> {
    ///     let status: Status = input.object(STATUS)?;
    ///     Ok(status.memory.0.and_then(|memory| memory.used.0))
    /// }
    /// # let place = Place { node: Some("node01".into()), ..Place::default() };
    /// # let input = |data: &str| {
    /// #     let case = Case::new().answer("/nodes/node01/status", data);
    /// #     Input::new(case.input(&[STATUS], &place).unwrap(), &[STATUS])
    /// # };
    ///
    /// assert_eq!(used(&input(r#"{"memory":{"used":"67645743104"}}"#))?, Some(67645743104.0));
    /// assert_eq!(used(&input(r#"{"memory":null}"#))?, None);
    /// assert!(used(&input("[]")).is_err());
    /// # Ok::<(), Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with the path and serde's message if the answer is not an object or not a `T`;
    /// [`Failure::Other`] if the request failed.
    pub fn object<'a, T: Deserialize<'a>>(&'a self, request: Request) -> Result<T, Failure> {
        let Object(value) = serde_json::from_str(self.required(request)?).map_err(malformed(request))?;
        Ok(value)
    }

    /// An answer that is a list of objects, each as a `T`: for collectors that need all of them at once. Others should use
    /// [`for_each`](Self::for_each).
    ///
    /// ```
    /// use pve_collector::{Failure, Input, Output, Request};
    /// # use pve_collector::{Place, testing::Case};
    /// use serde::Deserialize;
    ///
    /// const BACKUP: Request = Request::get("/cluster/backup-info/not-backed-up");
    ///
    /// #[derive(Deserialize)]
    /// struct Guest {
    ///     vmid: u32, // not lenient: an element without it is useless
    /// }
    ///
    /// /// Guests that no backup job covers.
    /// fn uncovered(input: &Input, output: &mut Output) -> Result<Vec<u32>, Failure> {
    ///     let guests: Vec<Guest> = input.list(BACKUP, output)?;
    ///     Ok(guests.into_iter().map(|guest| guest.vmid).collect())
    /// }
    /// # let case = Case::new().answer(BACKUP.path, r#"[{"vmid":112},{"vmid":null},{"vmid":210}]"#);
    /// # let input = Input::new(case.input(&[BACKUP], &Place::default()).unwrap(), &[BACKUP]);
    ///
    /// // The answer is [{"vmid":112},{"vmid":null},{"vmid":210}].
    /// let mut output = Output::default();
    /// assert_eq!(uncovered(&input, &mut output)?, [112, 210]);
    /// assert!(
    ///     output.warnings[0].starts_with("1 of 3 entries of /cluster/backup-info/not-backed-up not understood")
    /// );
    /// # Ok::<(), Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    pub fn list<'a, T: Deserialize<'a>>(&'a self, request: Request, output: &mut Output) -> Result<Vec<T>, Failure> {
        let mut values = Vec::new();
        self.for_each(request, output, |value, _| values.push(value))?;
        Ok(values)
    }

    /// An answer that is a list of objects: calls `visit` with each as a `T`, one after the other, and with the output. Only one
    /// of them is in memory at a time, which matters for the thousands of entries of `/cluster/resources`.
    ///
    /// An element that is not an object or not a `T` is skipped. All such elements together make one warning.
    ///
    /// ```
    /// use pve_collector::{
    ///     Failure, Input, Output, Request,
    ///     lenient::{Flag, Text},
    ///     tables,
    /// };
    /// # use pve_collector::{Place, testing::Case};
    /// use serde::Deserialize;
    ///
    /// const RESOURCES: Request = Request::get("/cluster/resources");
    ///
    /// tables! {
    ///     /// A guest.
    ///     Guest(id) { gauge template "pve_guest_template" "Whether the guest is a template."; }
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct Resource<'a> {
    ///     #[serde(borrow, default)]
    ///     id: Text<'a>,
    ///     #[serde(default)]
    ///     template: Flag,
    /// }
    ///
    /// fn templates(input: &Input, output: &mut Output) -> Result<(), Failure> {
    ///     input.for_each(RESOURCES, output, |resource: Resource, output| {
    ///         if let Some(template) = resource.template.0 {
    ///             output.push(Guest { id: resource.id.label(), template: Some(f64::from(template)) });
    ///         }
    ///     })
    /// }
    /// # let answer = r#"[{"id":"qemu/100","template":1},{"id":"node/node01"},{"id":"lxc/101","template":"0"},7]"#;
    /// # let case = Case::new().answer(RESOURCES.path, answer);
    /// # let input = Input::new(case.input(&[RESOURCES], &Place::default()).unwrap(), &[RESOURCES]);
    ///
    /// // The answer is [{"id":"qemu/100","template":1},{"id":"node/node01"},{"id":"lxc/101","template":"0"},7].
    /// let mut output = Output::default();
    /// templates(&input, &mut output)?;
    /// assert_eq!(output.rows.iter().map(|row| row.labels[0].as_str()).collect::<Vec<_>>(), ["qemu/100", "lxc/101"]);
    /// assert!(output.warnings[0].starts_with("1 of 4 entries of /cluster/resources not understood, first entry 3"));
    /// # Ok::<(), Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with the path and serde's message if the answer is not a list; [`Failure::Other`] if the
    /// request failed.
    pub fn for_each<'a, T: Deserialize<'a>>(
        &'a self,
        request: Request,
        output: &mut Output,
        mut visit: impl FnMut(T, &mut Output),
    ) -> Result<(), Failure> {
        let text = self.required(request)?;
        let mut read = 0;
        let visit_next = |Object(value): Object<T>| {
            read += 1;
            visit(value, output);
        };
        let mut json = serde_json::Deserializer::from_str(text);
        if json.deserialize_seq(Each(visit_next, PhantomData)).is_ok() && json.end().is_ok() {
            return Ok(());
        }
        // The element after those that were read is not a `T`: read the rest again, one by one.
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

/// A list whose elements are passed to a function as they are read.
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

/// A `T` from a JSON object and nothing else: structs with serde's derive accept `[1, 2]` too, by position.
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

//! Running a collector on a case: its places, and what it receives at each.

use std::{collections::BTreeSet, fmt};

use super::{
    Case,
    collected::{Collected, Collection},
    places::{self, Requested},
};
use crate::{Collector, FetchError, Input, Output, Place, contract, describe, log::capture};

/// A required answer that is missing, which is why a place is not collected; see [`Case::input`].
///
/// ```
/// use pve_collector::{Collector, FetchError, Place, testing::Case};
/// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
/// use zfs::Zfs;
///
/// let case = Case::new().failed("/nodes/node01/disks/zfs", FetchError::Forbidden);
/// let node01 = Place { node: Some("node01".to_owned()), ..Place::default() };
/// let missing = case.input(Zfs::REQUESTS, &node01).unwrap_err();
/// assert_eq!(missing.error, FetchError::Forbidden);
/// assert_eq!(missing.to_string(), "not collected: /nodes/node01/disks/zfs has no answer: forbidden");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingAnswer {
    /// The path.
    pub path: String,
    /// Why it has no answer.
    pub error: FetchError,
}

impl fmt::Display for MissingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not collected: {} has no answer: {}", self.path, self.error)
    }
}

impl std::error::Error for MissingAnswer {}

impl Case {
    /// The places for which a collector with these requests is called, in order: one for each binding of all its
    /// placeholders that the path of an answer shows. Without placeholders the only place is the cluster.
    ///
    /// ```
    /// use pve_collector::{Collector, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = Case::new().answer("/nodes/node02/disks/zfs", "[]").answer("/nodes/node01/disks/zfs", "[]");
    /// let places = case.places(Zfs::REQUESTS);
    /// assert_eq!(places.iter().map(ToString::to_string).collect::<Vec<_>>(), ["node01", "node02"]);
    /// ```
    pub fn places<R: Requested>(&self, requests: &[R]) -> BTreeSet<Place> {
        places::places(requests, self.paths())
    }

    /// Runs a collector for each of its places, in order. A place without a required answer is not collected, as in the
    /// host; a path that the case does not mention is [`FetchError::NotFound`].
    ///
    /// ```
    /// use pve_collector::{FetchError, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let collected = Case::new()
    ///     .answer("/nodes/node02/disks/zfs", r#"[{"name":"rpool"}]"#)
    ///     .failed("/nodes/node01/disks/zfs", FetchError::Forbidden)
    ///     .collect::<Zfs>();
    /// let places = collected.collections.iter().map(|collection| collection.place.to_string());
    /// assert_eq!(places.collect::<Vec<_>>(), ["node01", "node02"]);
    /// ```
    pub fn collect<C: Collector>(&self) -> Collected {
        let places = self.places(C::REQUESTS);
        let collections = places.into_iter().map(|place| self.collect_place::<C>(place)).collect();
        Collected { manifest: describe::<C>(), collections }
    }

    /// The input of a collector with these requests at a place. For code that calls a collector itself, such as a
    /// benchmark.
    ///
    /// ```
    /// use pve_collector::{Collector, Input, Output, Place, testing::Case};
    /// # mod zfs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/zfs.rs")); }
    /// use zfs::Zfs;
    ///
    /// let case = Case::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/degraded"));
    /// let node = |name: &str| Place { node: Some(name.to_owned()), ..Place::default() };
    /// let input = case.input(Zfs::REQUESTS, &node("node01")).unwrap();
    /// let mut output = Output::default();
    /// Zfs::collect(&Input::new(input, Zfs::REQUESTS), &mut output).unwrap();
    /// assert_eq!(output.rows.len(), 2);
    ///
    /// let missing = case.input(Zfs::REQUESTS, &node("node02")).unwrap_err();
    /// assert_eq!(missing.path, "/nodes/node02/disks/zfs");
    /// ```
    ///
    /// # Errors
    ///
    /// If a required answer is missing; the first one is named.
    pub fn input<R: Requested>(&self, requests: &[R], place: &Place) -> Result<contract::Input, MissingAnswer> {
        let mut responses = Vec::new();
        for request in requests {
            let path = places::path_at(request.path(), place);
            let response = self.answers.get(&path).cloned().unwrap_or(Err(FetchError::NotFound));
            match response {
                Err(error) if !request.is_optional() => return Err(MissingAnswer { path, error }),
                response => responses.push(response),
            }
        }
        Ok(contract::Input {
            now_unix_seconds: self.now,
            place: place.clone(),
            settings: self.settings.clone(),
            responses,
        })
    }

    fn collect_place<C: Collector>(&self, place: Place) -> Collection {
        let input = match self.input(C::REQUESTS, &place) {
            Ok(input) => input,
            Err(missing) => return Collection::not_collected(place, &missing),
        };
        let mut output = Output::default();
        let (result, log) = capture(|| C::collect(&Input::new(input, C::REQUESTS), &mut output));
        match result {
            Ok(()) => Collection { place, output, failure: None, log },
            Err(failure) => Collection { place, output: Output::default(), failure: Some(failure.to_string()), log },
        }
    }
}

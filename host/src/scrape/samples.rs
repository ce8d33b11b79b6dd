//! The last answer for each request template, on which a new version of a collector is tried before it serves.
//!
//! One answer per template, so that memory does not grow with the cluster.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::api::Answer;
use crate::contract::{FetchErrorKind, PlaceAnswers};
use crate::request::{Path, Place};
use crate::schema::{Request, Schema};

/// One cluster's samples, by template.
#[derive(Debug, Default)]
pub(super) struct Samples(Mutex<HashMap<String, Sample>>);

#[derive(Debug)]
struct Sample {
    place: Place,
    path: Path,
    answer: Answer,
}

impl Samples {
    pub(super) fn put(&self, place: &Place, path: &Path, answer: &Answer) {
        let sample = Sample { place: place.clone(), path: path.clone(), answer: answer.clone() };
        self.0.lock().insert(path.template().to_owned(), sample);
    }

    /// A place, and its answers to all required requests of a manifest.
    pub(super) fn answers(&self, schema: &Schema) -> Option<PlaceAnswers> {
        let samples = self.0.lock();
        let of = |request: &Request| samples.get(request.template.as_str());
        // The sample with the most placeholders decides the place; the others must be from the same one.
        let place = schema.requests.iter().filter_map(of).map(|sample| &sample.place).max()?.clone();
        let answers = schema.requests.iter().map(|request| {
            let path = request.template.bind(&place).ok()?;
            match of(request).filter(|sample| sample.path == path) {
                Some(sample) => Some(Ok(sample.answer.data().into())),
                None if request.optional => Some(Err(FetchErrorKind::NotFound)),
                None => None,
            }
        });
        let answers = answers.collect::<Option<_>>()?;
        Some(PlaceAnswers { place, answers })
    }
}

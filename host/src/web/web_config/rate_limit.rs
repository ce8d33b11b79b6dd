//! `rate_limit`: a token bucket for all requests together.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::go_duration::go_duration;
use super::section::{Problems, Section};

#[derive(Debug)]
pub(in super::super) struct RateLimit {
    interval: Duration,
    burst: NonZeroU32,
    bucket: DefaultDirectRateLimiter,
}

impl RateLimit {
    /// `None` without an interval, or with the interval 0.
    pub(super) fn read(mut section: Section, problems: &mut Problems) -> Option<Self> {
        let interval = section.text("interval", problems).map_or(Some(Duration::ZERO), |text| go_duration(&text));
        if interval.is_none() {
            problems.add(&section.places.of("interval"), "write a duration such as 1s, 500ms or 1m30s");
        }
        let burst = section.text("burst", problems).map_or(Some(0), |text| text.parse::<u32>().ok());
        if burst.is_none() {
            problems.add(&section.places.of("burst"), "write a whole number");
        }
        let place = section.places.of("burst");
        section.finish(problems);
        let (interval, burst) = (interval?, NonZeroU32::new(burst?));
        // Quotas have no period of 0.
        let quota = Quota::with_period(interval)?;
        let Some(burst) = burst else {
            problems.add(&place, "0 would refuse every request; write 1 or more");
            return None;
        };
        Some(Self { interval, burst, bucket: RateLimiter::direct(quota.allow_burst(burst)) })
    }

    /// Takes a token, if there is one.
    pub(in super::super) fn allow(&self) -> bool {
        self.bucket.check().is_ok()
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        (self.interval, self.burst) == (other.interval, other.burst)
    }
}

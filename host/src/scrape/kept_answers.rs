//! Answers kept for requests with `max-age-seconds`: expensive ones that change slowly.
//!
//! They are renewed a slice at a time: each scrape renews the oldest ones, as many as it takes to renew all of them once within
//! their age. So the first scrape requests everything, and every later one a bounded number, instead of all at once when they
//! expire.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::plan::Fetch;
use crate::api::Answer;
use crate::budget::ByteBudget;
use crate::request::Path;

/// One cluster's kept answers.
#[derive(Debug, Default)]
pub(super) struct KeptAnswers {
    kept: Mutex<HashMap<Path, Kept>>,
    turn: Mutex<Turn>,
}

/// Whose turn it is to be renewed.
#[derive(Debug, Default)]
struct Turn {
    last_scrape: Option<Instant>,
    /// Fractions of an answer that are due, by age class: a disk list that may be 300 s old is due at every 20th scrape of
    /// 15 s.
    due: HashMap<Duration, f64>,
}

#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) answer: Answer,
    fetched: Instant,
    max_age: Duration,
}

impl Kept {
    /// How long ago it was fetched.
    pub(super) fn age(&self) -> Duration {
        self.fetched.elapsed()
    }
}

impl KeptAnswers {
    /// The kept answers that are young enough for these requests, and those of them that this scrape renews.
    pub(super) fn for_scrape(&self, fetches: &[Fetch]) -> (HashMap<Path, Kept>, HashSet<Path>) {
        let now = Instant::now();
        let mut turn = self.turn.lock();
        let since = turn.last_scrape.replace(now).map_or(Duration::ZERO, |last| now.duration_since(last));
        let kept = self.kept.lock();
        let usable: HashMap<Path, Kept> = fetches
            .iter()
            .filter_map(|fetch| {
                let max_age = Duration::from_secs(fetch.max_age_seconds.into());
                let kept = kept.get(&fetch.path).filter(|kept| kept.age() < max_age)?;
                Some((fetch.path.clone(), Kept { max_age, ..kept.clone() }))
            })
            .collect();
        let renew = slice(&usable, since, &mut turn.due);
        (usable, renew)
    }

    /// Keeps an answer if the request allows a maximum age and there is room.
    pub(super) fn put(&self, fetch: &Fetch, answer: &Answer, budget: &ByteBudget) {
        // The rest is for answers in flight.
        let has_room = budget.used() <= budget.limit() / 4 * 3;
        if fetch.max_age_seconds > 0 && has_room {
            let max_age = Duration::from_secs(fetch.max_age_seconds.into());
            let kept = Kept { answer: answer.clone(), fetched: Instant::now(), max_age };
            self.kept.lock().insert(fetch.path.clone(), kept);
        }
    }

    /// Forgets expired answers, such as those of removed guests.
    pub(super) fn sweep(&self) {
        self.kept.lock().retain(|_, kept| kept.age() < kept.max_age);
    }
}

/// The oldest answers of each age class: the fraction of them that `since` is of their age, plus what was left over before.
fn slice(usable: &HashMap<Path, Kept>, since: Duration, due: &mut HashMap<Duration, f64>) -> HashSet<Path> {
    let mut classes: HashMap<Duration, Vec<(&Path, Duration)>> = HashMap::new();
    for (path, kept) in usable {
        classes.entry(kept.max_age).or_default().push((path, kept.age()));
    }
    let mut renew = HashSet::new();
    for (max_age, mut answers) in classes {
        answers.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let due = due.entry(max_age).or_default();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let all = answers.len() as f64;
        *due = (*due + all * since.as_secs_f64() / max_age.as_secs_f64()).min(all);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, from 0 to all")]
        let now = due.floor() as usize;
        *due -= due.floor();
        renew.extend(answers.into_iter().take(now).map(|(path, _)| path.clone()));
    }
    renew
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Place, Template};

    fn usable(count: usize, max_age: u64) -> HashMap<Path, Kept> {
        let template = Template::parse("/nodes/{node}/status").unwrap();
        let answer = Answer::parse(b"{\"data\":1}".to_vec(), "application/json").unwrap();
        (0..count)
            .map(|index| {
                let path = template.bind(&Place::node(format!("n{index:04}"))).unwrap();
                let fetched = Instant::now().checked_sub(Duration::from_millis(index as u64)).unwrap();
                (path, Kept { answer: answer.clone(), fetched, max_age: Duration::from_secs(max_age) })
            })
            .collect()
    }

    #[test]
    fn a_scrape_renews_its_share_of_the_oldest() {
        let renew = slice(&usable(1000, 600), Duration::from_secs(15), &mut HashMap::new());
        assert_eq!(renew.len(), 25);
        assert!(renew.iter().all(|path| path.as_str() >= "/nodes/n0975/status"));
    }

    #[test]
    fn no_time_renews_nothing_and_an_age_renews_all() {
        let mut due = HashMap::new();
        assert!(slice(&usable(10, 600), Duration::ZERO, &mut due).is_empty());
        assert_eq!(slice(&usable(10, 600), Duration::from_secs(600), &mut due).len(), 10);
        assert_eq!(slice(&usable(10, 600), Duration::from_secs(6000), &mut due).len(), 10);
    }

    #[test]
    fn a_single_answer_is_renewed_once_within_its_age() {
        let mut due = HashMap::new();
        let renewed = (0..40).map(|_| slice(&usable(1, 300), Duration::from_secs(15), &mut due).len()).sum::<usize>();
        assert_eq!(renewed, 2);
    }
}

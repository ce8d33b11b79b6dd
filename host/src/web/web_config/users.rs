//! `basic_auth_users`: passwords hashed with bcrypt, and what was verified before.
//!
//! A verification takes 50 ms and more of one processor, on purpose. So the outcome is remembered (as a keyed digest, never the
//! password), verifications run one at a time off the async workers, and each client address has one of them waiting at most: a
//! client that tries passwords delays others by one verification, not by its whole queue.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rustls::crypto::ring;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::section::{Problems, Section};
use crate::config::Secret;
use crate::web::client::ClientKey;

/// bcrypt's own bounds, but 2^18 rounds take 20 s already and block the end of the process for as long.
const COSTS: std::ops::RangeInclusive<u32> = 4..=18;
/// Wrong credentials remembered.
const WRONG_KEPT: usize = 256;

/// A user name and a password from a request.
pub(in super::super) struct Credentials {
    pub(in super::super) user: String,
    pub(in super::super) password: Secret,
}

pub(in super::super) struct Users {
    hashes: BTreeMap<String, Secret>,
    /// Makes the digests below useless to anybody else.
    salt: [u8; 32],
    verdicts: Mutex<Verdicts>,
    /// One verification at a time.
    turn: Arc<Semaphore>,
    /// One verification per client address.
    waiting: Mutex<HashMap<Option<ClientKey>, Weak<AsyncMutex<()>>>>,
}

#[derive(Default)]
struct Verdicts {
    /// The digest of each user's right credentials.
    right: HashMap<String, [u8; 32]>,
    wrong: HashSet<[u8; 32]>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Users").field(&self.hashes.keys()).finish()
    }
}

impl Users {
    /// `None` without users.
    pub(super) fn read(section: Section, problems: &mut Problems) -> Option<Self> {
        let section_place = section.places.section();
        let mut hashes = BTreeMap::new();
        for (user, (place, hash)) in section.into_texts(problems) {
            if let Err(problem) = check_hash(&hash) {
                problems.add(&place, problem);
            }
            hashes.insert(user, Secret::new(hash));
        }
        let mut salt = [0; 32];
        if ring::default_provider().secure_random.fill(&mut salt).is_err() {
            problems.add(&section_place, "the system has no random numbers");
        }
        (!hashes.is_empty()).then(|| Self {
            hashes,
            salt,
            verdicts: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        })
    }

    /// Whether user and password are right.
    pub(in super::super) async fn verify(&self, client: Option<ClientKey>, credentials: Credentials) -> bool {
        let digest = self.digest(&credentials);
        if let Some(verdict) = self.known(&credentials.user, &digest) {
            return verdict;
        }
        let place = self.place(client);
        let _place = place.lock().await;
        // Whoever had the place before may have verified the same.
        if let Some(verdict) = self.known(&credentials.user, &digest) {
            return verdict;
        }
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return false };
        // An unknown user costs as much time as a wrong password.
        let (hash, exists) = match self.hashes.get(&credentials.user) {
            Some(hash) => (hash.clone(), true),
            None => (self.decoy(), false),
        };
        let (user, password) = (credentials.user, credentials.password);
        let matches = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(password.reveal(), hash.reveal()).unwrap_or(false)
        });
        let verdict = matches.await.unwrap_or(false) && exists;
        self.remember(user, digest, verdict);
        verdict
    }

    fn digest(&self, credentials: &Credentials) -> [u8; 32] {
        let user = credentials.user.as_bytes();
        let mut digest = Sha256::new();
        digest.update(self.salt);
        digest.update((user.len() as u64).to_le_bytes());
        digest.update(user);
        digest.update(credentials.password.reveal());
        digest.finalize().into()
    }

    fn known(&self, user: &str, digest: &[u8; 32]) -> Option<bool> {
        let verdicts = self.verdicts.lock();
        if verdicts.right.get(user) == Some(digest) {
            return Some(true);
        }
        verdicts.wrong.contains(digest).then_some(false)
    }

    fn remember(&self, user: String, digest: [u8; 32], verdict: bool) {
        let mut verdicts = self.verdicts.lock();
        if verdict {
            verdicts.right.insert(user, digest);
        } else {
            if verdicts.wrong.len() >= WRONG_KEPT {
                verdicts.wrong.clear();
            }
            verdicts.wrong.insert(digest);
        }
    }

    fn place(&self, client: Option<ClientKey>) -> Arc<AsyncMutex<()>> {
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, place| place.strong_count() > 0);
        if let Some(place) = waiting.get(&client).and_then(Weak::upgrade) {
            return place;
        }
        let place = Arc::new(AsyncMutex::new(()));
        waiting.insert(client, Arc::downgrade(&place));
        place
    }

    fn decoy(&self) -> Secret {
        // There is at least one user.
        self.hashes.values().next().cloned().unwrap_or_else(|| Secret::new(""))
    }
}

/// `$2y$10$` and 53 characters.
fn check_hash(hash: &str) -> Result<(), String> {
    let remedy = "is not a bcrypt hash; make one with htpasswd -nBC 10 \"\"";
    let mut parts = hash.split('$').skip(1);
    let version = parts.next().filter(|version| matches!(*version, "2" | "2a" | "2b" | "2x" | "2y"));
    let cost = parts.next().filter(|cost| cost.len() == 2).and_then(|cost| cost.parse::<u32>().ok());
    let rest = parts.next().filter(|rest| rest.len() == 53 && rest.bytes().all(is_bcrypt64));
    match (version, cost, rest, parts.next()) {
        (Some(_), Some(cost), Some(_), None) if COSTS.contains(&cost) => Ok(()),
        (Some(_), Some(_), Some(_), None) => {
            Err(format!("its cost must be from {} to {}: a higher one takes minutes", COSTS.start(), COSTS.end()))
        }
        _ => Err(remedy.to_owned()),
    }
}

fn is_bcrypt64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/')
}

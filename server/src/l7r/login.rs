//! Passwords: argon2id, and how often one may be tried.
//!
//! Failed attempts are counted in memory, not in the database: they are worth nothing after a restart, and an attacker
//! would otherwise turn each guess into a write. Users that do not exist cost the same time and the same attempts as
//! those that do. The table is bounded; when it is full the entry that expires first makes room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use qvd_protocol::Secret;
use tokio::sync::Semaphore;

use crate::config;

/// Entries of the table of failed attempts.
const ENTRIES: usize = 20_000;

/// Hashes a password: argon2id with the crate's parameters (19 MiB, 2 passes) and a random salt, as a PHC string.
pub fn hash_password(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// Checks passwords, at most one for each processor at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Hash of a password that nobody knows, for users that do not exist.
    nobody: Arc<str>,
    turns: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, argon2::password_hash::Error> {
        let nobody = hash_password(&uuid::Uuid::new_v4().to_string())?.into();
        let turns = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { nobody, turns: Semaphore::new(turns) })
    }

    /// Whether `password` belongs to `hash`; `None` is a user that does not exist.
    pub(crate) async fn verify(&self, password: Secret, hash: Option<String>) -> bool {
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let verified = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok()
            })
        });
        verified.await.unwrap_or(false) && exists
    }
}

/// Counts failed attempts for users and addresses.
#[derive(Debug)]
pub(crate) struct Attempts {
    limits: config::Login,
    failed: Mutex<HashMap<Key, Failed>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    User(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    count: u32,
    /// When it is forgotten.
    until: Instant,
}

impl Attempts {
    pub(crate) fn new(limits: config::Login) -> Self {
        Self { limits, failed: Mutex::default() }
    }

    /// Counts an attempt before it is made; when there were too many, gives the time until the next.
    pub(crate) fn begin(&self, user: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = [
            (Key::User(user.into()), self.limits.attempts_per_user),
            (Key::Address(network(address)), self.limits.attempts_per_address),
        ];
        let waits = keys.iter().filter_map(|(key, most)| {
            let entry = failed.get(key)?;
            (entry.count >= *most).then(|| entry.until.checked_duration_since(now)).flatten()
        });
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (key, _) in keys {
            if failed.len() >= ENTRIES && !failed.contains_key(&key) {
                make_room(&mut failed, now);
            }
            let until = now + Duration::from_secs(self.limits.window_s);
            let entry = failed.entry(key).or_insert(Failed { count: 0, until });
            if entry.until <= now {
                *entry = Failed { count: 0, until };
            }
            entry.count = entry.count.saturating_add(1);
        }
        Ok(())
    }

    /// The attempt was right: it does not count, and the user's earlier ones are forgiven.
    pub(crate) fn succeeded(&self, user: &str, address: IpAddr) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.remove(&Key::User(user.into()));
        if let Some(entry) = failed.get_mut(&Key::Address(network(address))) {
            entry.count = entry.count.saturating_sub(1);
        }
    }
}

fn make_room(failed: &mut HashMap<Key, Failed>, now: Instant) {
    failed.retain(|_, entry| entry.until > now);
    if failed.len() >= ENTRIES
        && let Some(first) = failed.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone())
    {
        failed.remove(&first);
    }
}

/// What counts as one address: of IPv6 the /64 network, since a host may use any address of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        Attempts::new(config::Login {
            token_lifetime_s: 1,
            attempts_per_user: 2,
            attempts_per_address: 3,
            window_s: 60,
        })
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_user_waits_after_too_many_failures_and_not_for_ever() {
        let (attempts, now) = (attempts(), Instant::now());
        assert!(attempts.begin("ann", HERE, now).is_ok());
        assert!(attempts.begin("ann", THERE, now).is_ok());
        assert_eq!(attempts.begin("ann", THERE, now), Err(Duration::from_mins(1)));
        assert!(attempts.begin("bob", THERE, now).is_ok());
        assert!(attempts.begin("ann", HERE, now + Duration::from_secs(61)).is_ok());
    }

    #[test]
    fn an_address_waits_whatever_users_it_tries() {
        let (attempts, now) = (attempts(), Instant::now());
        for user in ["a", "b", "c"] {
            assert!(attempts.begin(user, HERE, now).is_ok());
        }
        assert!(attempts.begin("d", HERE, now).is_err());
        assert!(attempts.begin("d", THERE, now).is_ok());
    }

    #[test]
    fn success_is_not_counted() {
        let (attempts, now) = (attempts(), Instant::now());
        for _ in 0..10 {
            assert!(attempts.begin("ann", HERE, now).is_ok());
            attempts.succeeded("ann", HERE);
        }
    }

    #[test]
    fn the_table_stays_bounded() {
        let attempts =
            Attempts::new(config::Login { attempts_per_address: 1_000_000, ..config::Login::default() });
        let now = Instant::now();
        for user in 0..ENTRIES + 100 {
            attempts.begin(&user.to_string(), HERE, now).unwrap();
        }
        assert!(attempts.failed.lock().unwrap().len() <= ENTRIES);
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_only() {
        let passwords = Passwords::new().unwrap();
        let hash = hash_password("right").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify(Secret::new("right"), Some(hash.clone())).await);
        assert!(!passwords.verify(Secret::new("wrong"), Some(hash)).await);
        assert!(!passwords.verify(Secret::new("right"), None).await);
    }
}

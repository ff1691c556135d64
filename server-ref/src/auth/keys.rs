//! A cache of API keys: valid ones until any key changes, unknown ones for a limited time.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::access::{Denied, KeyAccess};
use super::tokens::{self, Claims};
use crate::Error;
use crate::ids::{KeyHash, key_hash};
use crate::store::{Store, StoredKey};
use crate::time::{Micros, now};

/// The time for which an unknown key is not looked up again, unless it is evicted.
const WRONG_KEY_LIFETIME: Duration = Duration::from_secs(60);
const WRONG_KEYS_MAX: usize = 10_000;
/// Tokens whose signatures were verified.
const TOKENS_MAX: usize = 10_000;
/// The shortest interval between two records of a key's use.
const USE_INTERVAL: Micros = 60 * 1_000_000;

/// The cached keys. A lookup per request would cost more than the moderation.
#[derive(Debug)]
pub(super) struct Keys {
    known: RwLock<KeyCache>,
    /// Wrong keys, by the hash of the presented key.
    wrong: Cache<KeyHash, Instant>,
    /// A signature stays valid whatever happens to the key.
    verified: Cache<KeyHash, Arc<Claims>>,
    /// Uses to be recorded, at most one per key and minute.
    uses: Mutex<Vec<(String, Micros)>>,
}

#[derive(Debug, Default)]
struct KeyCache {
    by_hash: HashMap<KeyHash, Arc<CachedKey>>,
    by_id: HashMap<String, Arc<CachedKey>>,
    /// Counts changes, so that a key read before one is not kept after it.
    generation: u64,
}

#[derive(Debug)]
struct CachedKey {
    key: Arc<StoredKey>,
    used_at: AtomicI64,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            known: RwLock::default(),
            wrong: Cache::new(WRONG_KEYS_MAX),
            verified: Cache::new(TOKENS_MAX),
            uses: Mutex::default(),
        }
    }
}

impl Keys {
    /// The access that a key or a token gives to a request with this `Origin`.
    pub(super) async fn access(
        &self,
        store: &Store,
        credential: &str,
        origin: Option<&[u8]>,
    ) -> Result<Result<KeyAccess, Denied>, Error> {
        let (known, claims) = if tokens::is_token(credential) {
            match self.by_token(store, credential).await? {
                Some((known, claims)) => (known, Some(claims)),
                None => return Ok(Err(Denied::Unknown)),
            }
        } else {
            match self.by_key(store, credential).await? {
                Some(known) => (known, None),
                None => return Ok(Err(Denied::Unknown)),
            }
        };
        let access = KeyAccess::new(known.key.clone(), claims.as_deref());
        if let Err(denied) = access.check(now()).and_then(|()| access.check_origin(origin)) {
            return Ok(Err(denied));
        }
        self.used(&known, now());
        Ok(Ok(access))
    }

    /// Forgets all keys. Must be called after every committed change of a key; changes are rare.
    pub(super) fn forget(&self) {
        let mut state = self.write();
        state.generation += 1;
        state.by_hash.clear();
        state.by_id.clear();
    }

    /// Uses that are to be recorded.
    pub(super) fn take_uses(&self) -> Vec<(String, Micros)> {
        mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn used(&self, known: &CachedKey, at: Micros) {
        let before = known.used_at.load(Ordering::Relaxed);
        if at.saturating_sub(before) < USE_INTERVAL {
            return;
        }
        if known.used_at.compare_exchange(before, at, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).push((known.key.id.clone(), at));
        }
    }

    async fn by_key(&self, store: &Store, key: &str) -> Result<Option<Arc<CachedKey>>, Error> {
        let Some(hash) = key_hash(key) else {
            return Ok(None);
        };
        let generation = {
            let state = self.read();
            if let Some(known) = state.by_hash.get(&hash) {
                return Ok(Some(known.clone()));
            }
            state.generation
        };
        if self.was_wrong(&hash) {
            return Ok(None);
        }
        let Some(key) = store.key_by_hash(&hash).await? else {
            self.wrong.insert(hash, Instant::now());
            return Ok(None);
        };
        Ok(Some(self.keep(key, Some(hash), generation)))
    }

    async fn by_token(&self, store: &Store, token: &str) -> Result<Option<(Arc<CachedKey>, Arc<Claims>)>, Error> {
        let hash: KeyHash = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.verified.get(&hash) {
            return Ok(self.by_id(store, &claims.key_id, |_| true).await?.map(|known| (known, claims)));
        }
        let Some(signed) = tokens::read(token) else {
            return Ok(None);
        };
        if self.was_wrong(&hash) {
            return Ok(None);
        }
        let has_token_key = |key: &StoredKey| key.token_key.is_some();
        let known = self.by_id(store, &signed.claims.key_id, has_token_key).await?;
        let is_good =
            |known: &Arc<CachedKey>| known.key.token_key.as_deref().is_some_and(|key| signed.is_signed_by(key));
        let Some(known) = known.filter(is_good) else {
            self.wrong.insert(hash, Instant::now());
            return Ok(None);
        };
        let claims = Arc::new(signed.claims);
        self.verified.insert(hash, claims.clone());
        Ok(Some((known, claims)))
    }

    /// Looks the key up in the database if the cache has no answer.
    async fn by_id(
        &self,
        store: &Store,
        id: &str,
        suffices: impl Fn(&StoredKey) -> bool,
    ) -> Result<Option<Arc<CachedKey>>, Error> {
        let generation = {
            let state = self.read();
            if let Some(known) = state.by_id.get(id).filter(|known| suffices(&known.key)) {
                return Ok(Some(known.clone()));
            }
            state.generation
        };
        Ok(store.key_by_id(id).await?.map(|key| self.keep(key, None, generation)))
    }

    fn keep(&self, key: StoredKey, hash: Option<KeyHash>, generation: u64) -> Arc<CachedKey> {
        let id = key.id.clone();
        let used_at = AtomicI64::new(key.last_used_at.unwrap_or_default());
        let known = Arc::new(CachedKey { key: Arc::new(key), used_at });
        let mut state = self.write();
        if state.generation == generation {
            state.by_id.insert(id, known.clone());
            if let Some(hash) = hash {
                state.by_hash.insert(hash, known.clone());
            }
        }
        known
    }

    fn was_wrong(&self, hash: &KeyHash) -> bool {
        self.wrong.get(hash).is_some_and(|since| since.elapsed() < WRONG_KEY_LIFETIME)
    }

    fn read(&self) -> RwLockReadGuard<'_, KeyCache> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, KeyCache> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

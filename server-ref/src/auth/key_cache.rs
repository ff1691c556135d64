//! A cache of API keys. Known keys stay cached until any key is revoked or switched on or off, any project is deleted, or such a change may
//! have been missed; unknown keys stay cached for a limited time.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::key_access::{KeyAccess, KeyRefusal};
use super::tokens::{self, Claims};
use crate::Error;
use crate::ids::{CredentialHash, api_key_hash};
use crate::store::{Store, StoredKey};
use crate::time::{Micros, now};

/// Time for which an unknown key or token is not looked up again, unless it is evicted earlier.
const WRONG_CREDENTIAL_LIFETIME: Duration = Duration::from_secs(60);
const WRONG_CREDENTIALS_MAX: usize = 10_000;
/// Maximum number of cached tokens with verified signatures.
const VERIFIED_TOKENS_MAX: usize = 10_000;
/// Minimum time between two recorded uses of a key, in microseconds.
const USE_RECORD_INTERVAL: Micros = 60 * 1_000_000;

/// The cache of keys and tokens. A database look-up for each request would cost more than moderating an item.
#[derive(Debug)]
pub(super) struct KeyCache {
    known_keys: RwLock<CachedKeys>,
    /// Times at which unknown keys and invalid tokens were last looked up, by the hash of the key or token.
    wrong_credentials: Cache<CredentialHash, Instant>,
    /// Claims of verified tokens, by the hash of the token. The claims are never invalidated, because a token's signature remains valid
    /// when the state of its key changes.
    verified_tokens: Cache<CredentialHash, Arc<Claims>>,
    /// Uses that are not yet recorded, each given by the key's id and the time; at most one per key per minute while the key stays cached.
    unrecorded_uses: Mutex<Vec<(String, Micros)>>,
}

#[derive(Debug, Default)]
struct CachedKeys {
    by_hash: HashMap<CredentialHash, Arc<CachedKey>>,
    by_id: HashMap<String, Arc<CachedKey>>,
    /// Number of times that [`KeyCache::clear`] has been called. A key that was read from the database before such a call may be outdated,
    /// so it must not be cached afterwards.
    generation: u64,
}

#[derive(Debug)]
struct CachedKey {
    key: Arc<StoredKey>,
    last_used_at: AtomicI64,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            known_keys: RwLock::default(),
            wrong_credentials: Cache::new(WRONG_CREDENTIALS_MAX),
            verified_tokens: Cache::new(VERIFIED_TOKENS_MAX),
            unrecorded_uses: Mutex::default(),
        }
    }
}

impl KeyCache {
    /// Returns the access that a key or a token grants to a request with this `Origin` header, or the reason why the key or token is
    /// refused.
    pub(super) async fn authenticate(
        &self,
        store: &Store,
        credential: &str,
        origin: Option<&[u8]>,
    ) -> Result<Result<KeyAccess, KeyRefusal>, Error> {
        let (known, claims) = if tokens::has_token_prefix(credential) {
            match self.find_by_token(store, credential).await? {
                Some((known, claims)) => (known, Some(claims)),
                None => return Ok(Err(KeyRefusal::UnknownKey)),
            }
        } else {
            match self.find_by_key(store, credential).await? {
                Some(known) => (known, None),
                None => return Ok(Err(KeyRefusal::UnknownKey)),
            }
        };
        let access = KeyAccess::new(known.key.clone(), claims.as_deref());
        if let Err(refusal) = access.check_validity(now()).and_then(|()| access.check_origin(origin)) {
            return Ok(Err(refusal));
        }
        self.note_use(&known, now());
        Ok(Ok(access))
    }

    /// Removes all known keys from the cache. Must be called after keys are revoked or switched on or off, after a project is deleted, and
    /// if such a change may have been missed.
    pub(super) fn clear(&self) {
        let mut state = self.lock_for_writing();
        state.generation += 1;
        state.by_hash.clear();
        state.by_id.clear();
    }

    /// Removes and returns the uses that are not yet recorded in the database.
    pub(super) fn take_unrecorded_uses(&self) -> Vec<(String, Micros)> {
        mem::take(&mut *self.unrecorded_uses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_use(&self, known: &CachedKey, at: Micros) {
        let before = known.last_used_at.load(Ordering::Relaxed);
        if at.saturating_sub(before) < USE_RECORD_INTERVAL {
            return;
        }
        if known.last_used_at.compare_exchange(before, at, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.unrecorded_uses.lock().unwrap_or_else(PoisonError::into_inner).push((known.key.id.clone(), at));
        }
    }

    async fn find_by_key(&self, store: &Store, key: &str) -> Result<Option<Arc<CachedKey>>, Error> {
        let Some(hash) = api_key_hash(key) else {
            return Ok(None);
        };
        let generation = {
            let state = self.lock_for_reading();
            if let Some(known) = state.by_hash.get(&hash) {
                return Ok(Some(known.clone()));
            }
            state.generation
        };
        if self.is_known_wrong(&hash) {
            return Ok(None);
        }
        let Some(key) = store.key_by_hash(&hash).await? else {
            self.wrong_credentials.insert(hash, Instant::now());
            return Ok(None);
        };
        Ok(Some(self.insert_unless_changed(key, Some(hash), generation)))
    }

    async fn find_by_token(&self, store: &Store, token: &str) -> Result<Option<(Arc<CachedKey>, Arc<Claims>)>, Error> {
        let hash: CredentialHash = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.verified_tokens.get(&hash) {
            return Ok(self.find_by_id(store, &claims.key_id, |_| true).await?.map(|known| (known, claims)));
        }
        let Some(signed) = tokens::parse(token) else {
            return Ok(None);
        };
        if self.is_known_wrong(&hash) {
            return Ok(None);
        }
        let has_token_public_key = |key: &StoredKey| key.token_public_key.is_some();
        let known = self.find_by_id(store, &signed.claims.key_id, has_token_public_key).await?;
        let is_signature_valid =
            |known: &Arc<CachedKey>| known.key.token_public_key.as_deref().is_some_and(|key| signed.is_signed_by(key));
        let Some(known) = known.filter(is_signature_valid) else {
            self.wrong_credentials.insert(hash, Instant::now());
            return Ok(None);
        };
        let claims = Arc::new(signed.claims);
        self.verified_tokens.insert(hash, claims.clone());
        Ok(Some((known, claims)))
    }

    /// Returns the key with this id. Reads the key from the database unless `suffices` accepts the cached key.
    async fn find_by_id(
        &self,
        store: &Store,
        id: &str,
        suffices: impl Fn(&StoredKey) -> bool,
    ) -> Result<Option<Arc<CachedKey>>, Error> {
        let generation = {
            let state = self.lock_for_reading();
            if let Some(known) = state.by_id.get(id).filter(|known| suffices(&known.key)) {
                return Ok(Some(known.clone()));
            }
            state.generation
        };
        Ok(store.key_by_id(id).await?.map(|key| self.insert_unless_changed(key, None, generation)))
    }

    fn insert_unless_changed(&self, key: StoredKey, hash: Option<CredentialHash>, generation: u64) -> Arc<CachedKey> {
        let id = key.id.clone();
        let last_used_at = AtomicI64::new(key.last_used_at.unwrap_or_default());
        let known = Arc::new(CachedKey { key: Arc::new(key), last_used_at });
        let mut state = self.lock_for_writing();
        if state.generation == generation {
            state.by_id.insert(id, known.clone());
            if let Some(hash) = hash {
                state.by_hash.insert(hash, known.clone());
            }
        }
        known
    }

    fn is_known_wrong(&self, hash: &CredentialHash) -> bool {
        self.wrong_credentials.get(hash).is_some_and(|since| since.elapsed() < WRONG_CREDENTIAL_LIFETIME)
    }

    fn lock_for_reading(&self) -> RwLockReadGuard<'_, CachedKeys> {
        self.known_keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_for_writing(&self) -> RwLockWriteGuard<'_, CachedKeys> {
        self.known_keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

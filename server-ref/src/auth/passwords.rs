//! Hashing and verification of passwords with Argon2id, on dedicated threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;

use crate::Error;

/// Number of threads that hash passwords. Each uses 19 MiB of memory.
const HASH_THREADS: usize = 2;
/// Maximum number of queued passwords. Hashing all passwords in a full queue takes a few seconds; further ones are refused.
const HASH_QUEUE_LENGTH: usize = 64;

/// Hash against which the password of an unknown user is verified, so that the answer takes as long as for a known user. No password with
/// this hash is known.
pub(super) const UNKNOWN_USER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y29uc3RhbnRseS1zbG93IQ$p3rFq0m2Jt9vZ6wq1n5xk8Yc4uBd7sLhXe0aGfTiRoM";

type HashJob = Box<dyn FnOnce(&mut HashMemory) + Send>;

/// A handle to the threads that hash and verify passwords.
#[derive(Debug)]
pub(crate) struct PasswordThreads(SyncSender<HashJob>);

impl Default for PasswordThreads {
    fn default() -> Self {
        let (sender, jobs) = sync_channel(HASH_QUEUE_LENGTH);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..HASH_THREADS {
            let jobs = jobs.clone();
            let started = thread::Builder::new().name("passwords".into()).spawn(move || run_jobs(&jobs));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for passwords could not be started");
            }
        }
        Self(sender)
    }
}

/// Runs jobs until the sender is dropped.
fn run_jobs(jobs: &Mutex<Receiver<HashJob>>) {
    let mut memory = HashMemory::default();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // A panic drops the sender of the result, so the caller receives an error; the thread continues.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(|| job(&mut memory)))),
            Err(_) => return,
        }
    }
}

impl PasswordThreads {
    pub(super) async fn verify(&self, password: String, hash: String) -> Result<bool, Error> {
        self.run_job(move |memory| memory.verify(&password, &hash).unwrap_or(false)).await
    }

    /// Hashes a password with a random salt. Returns a PHC string.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        let hash = self.run_job(move |memory| memory.hash(&password)).await?;
        hash.map_err(|error| Error::Internal(error.to_string()))
    }

    async fn run_job<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HashMemory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |memory: &mut HashMemory| {
            // The work is skipped if the caller is no longer waiting for the result.
            if !answer.is_closed() {
                let _ = answer.send(work(memory));
            }
        });
        self.0.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Internal("no thread for passwords".into()),
        })?;
        answered.await.map_err(|error| Error::Internal(error.to_string()))
    }
}

/// The working memory of Argon2. It is reused, because allocators don't return all memory to the system when 19 MiB are allocated and freed
/// repeatedly.
#[derive(Default)]
struct HashMemory(Vec<Block>);

impl HashMemory {
    fn hash(&mut self, password: &str) -> argon2::password_hash::Result<String> {
        let (salt, params) = (Salt::generate(), Params::DEFAULT);
        let hash = PasswordHash {
            algorithm: Algorithm::default().ident(),
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(self.compute_output(&Argon2::from(params), password, &salt)?),
        };
        Ok(hash.to_string())
    }

    fn verify(&mut self, password: &str, hash: &str) -> argon2::password_hash::Result<bool> {
        let hash = PasswordHash::new(hash)?;
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Ok(false) };
        let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm.as_str())?, version, Params::try_from(&hash)?);
        // The comparison takes constant time.
        Ok(self.compute_output(&argon2, password, salt)? == *expected)
    }

    fn compute_output(
        &mut self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &Salt,
    ) -> argon2::password_hash::Result<Output> {
        let params = argon2.params();
        self.0.resize(params.block_count(), Block::default());
        let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut self.0[..])?;
        Ok(Output::new(&output)?)
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    #[test]
    fn the_hash_for_unknown_users_can_be_verified() {
        assert!(!HashMemory::default().verify("x", UNKNOWN_USER_HASH).unwrap());
    }

    /// Compares the results with the library's own hashing and verification.
    #[test]
    fn hashes_agree_with_the_library() {
        let mut memory = HashMemory::default();
        let hash: PasswordHash = Argon2::default().hash_password(b"secret").unwrap();
        assert!(memory.verify("secret", &hash.to_string()).unwrap());
        assert!(!memory.verify("Secret", &hash.to_string()).unwrap());
        // The parameters in the hash apply, not the defaults.
        let small = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(64, 1, 1, Some(16)).unwrap());
        let hash = small.hash_password(b"secret").unwrap();
        assert!(memory.verify("secret", &hash.to_string()).unwrap());
        assert!(!memory.verify("Secret", &hash.to_string()).unwrap());
        let hash = memory.hash("secret").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        Argon2::default().verify_password(b"secret", hash.as_str()).unwrap();
        assert_ne!(memory.hash("secret").unwrap(), hash);
    }

    #[tokio::test]
    async fn passwords_beyond_the_queue_are_refused() {
        let passwords = PasswordThreads::default();
        let all = (0..HASH_QUEUE_LENGTH + 10).map(|_| passwords.verify("x".into(), UNKNOWN_USER_HASH.into()));
        let all = futures_util::future::join_all(all).await;
        let refused = all.iter().filter(|answer| matches!(answer, Err(Error::Busy))).count();
        assert!((1..=10).contains(&refused), "{refused}");
        assert!(all.iter().flatten().all(|is_right| !is_right));
        assert!(!passwords.verify("x".into(), UNKNOWN_USER_HASH.into()).await.unwrap());
    }
}

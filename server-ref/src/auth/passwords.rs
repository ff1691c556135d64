//! Passwords: Argon2id, a few at once.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::Error;

/// Argon2 takes 19 MiB each time: more at once would only be slower.
const CONCURRENT_HASHES: usize = 2;

/// Checked when the user is unknown, so that the answer takes as long. No password is known that it fits.
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y29uc3RhbnRseS1zbG93IQ$p3rFq0m2Jt9vZ6wq1n5xk8Yc4uBd7sLhXe0aGfTiRoM";

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT_HASHES)))
    }
}

impl Passwords {
    pub(super) async fn is_right(&self, password: String, hash: String) -> Result<bool, Error> {
        let is_right = move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        };
        self.work(is_right).await
    }

    /// With a random salt, as a PHC string.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        let hash = move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
        self.work(hash).await?.map_err(|error| Error::Internal(error.to_string()))
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = self.0.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|error| Error::Internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_checked_in_earnest() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        let error = Argon2::default().verify_password(b"x", &hash).unwrap_err();
        assert_eq!(error, argon2::password_hash::Error::PasswordInvalid);
    }
}

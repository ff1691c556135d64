//! Creation of the first administrator, on a page whose address the server prints to stderr.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use super::App;
use crate::Error;
use crate::auth::trim_and_check_email;
use crate::ids::random_token;
use crate::store::User;

impl App {
    /// Creates a token for the setup page, or returns `None` if a user exists. Only the token's hash is stored. All nodes accept the
    /// token until the first user exists, or until another token is created more than 30 days later.
    pub(crate) async fn create_setup_token(&self) -> Result<Option<String>, Error> {
        if self.store.has_users().await? {
            return Ok(None);
        }
        let token = random_token();
        self.store.add_setup_token(&hash_setup_token(&token)).await?;
        Ok(Some(token))
    }

    pub(crate) async fn is_setup_token(&self, token: &str) -> Result<bool, Error> {
        self.store.is_valid_setup_token(&hash_setup_token(token)).await
    }

    /// Creates the first administrator, or returns `None` if the token is invalid or a user exists.
    pub(crate) async fn create_first_admin(
        &self,
        token: &str,
        email: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<Option<User>, Error> {
        // Hashing a password is expensive, so callers without a valid token must not be able to cause it.
        if !self.is_setup_token(token).await? {
            return Ok(None);
        }
        let email = trim_and_check_email(email)?;
        let password = self.auth.check_and_hash_password(password).await?;
        let user = self.store.create_first_admin(&hash_setup_token(token), &email, &password, address).await?;
        if let Some(user) = &user {
            tracing::info!(email = user.email, "the first administrator was created");
        }
        Ok(user)
    }
}

fn hash_setup_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

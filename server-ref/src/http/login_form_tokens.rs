//! The token that protects the login form. The form and a cookie contain the same token, and a page on another site can't set both.
//!
//! The server stores nothing for visitors. The token contains its time of creation, and is signed with a secret that all nodes share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use tower_sessions::cookie::time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

use crate::Error;
use crate::auth::SigningSecret;
use crate::ids::random_token;
use crate::time::Micros;

const FORM_TOKEN_COOKIE: &str = "login_form";
/// Time after which the token of an open form expires, in microseconds.
const FORM_TOKEN_LIFETIME: Micros = 60 * 60 * 1_000_000;
/// Maximum tolerated difference between the clocks of two nodes, in microseconds.
const CLOCK_SKEW_MAX: Micros = 5 * 60 * 1_000_000;

/// Uses a secret to issue and verify the tokens of login forms.
pub(super) struct LoginFormTokens<'a>(pub(super) &'a SigningSecret);

impl LoginFormTokens<'_> {
    /// Creates a token for a form that is shown at this time.
    pub(super) fn issue(&self, at: Micros) -> String {
        let token = format!("{}.{at}", random_token());
        let signature = self.mac(&token).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{token}.{}", signature.unwrap_or_default())
    }

    /// Returns the token in the request's cookie, if its signature is valid and it has not expired.
    pub(super) fn token_from_cookie(&self, headers: &HeaderMap, at: Micros) -> Option<String> {
        let token = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == FORM_TOKEN_COOKIE)?;
        self.is_valid(token.value(), at).then(|| token.value().to_owned())
    }

    fn is_valid(&self, token: &str, at: Micros) -> bool {
        let Some((signed, signature)) = token.rsplit_once('.') else { return false };
        let issued: Option<Micros> = signed.rsplit_once('.').and_then(|(_, issued)| issued.parse().ok());
        let fresh =
            issued.is_some_and(|issued| (-CLOCK_SKEW_MAX..FORM_TOKEN_LIFETIME).contains(&at.saturating_sub(issued)));
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        fresh && self.mac(signed).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    }

    fn mac(&self, token: &str) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.new_mac()?;
        mac.update(token.as_bytes());
        Some(mac)
    }
}

/// Returns the header that stores the token in the browser until it expires.
pub(super) fn form_token_cookie_header(token: &str, secure: bool) -> Result<(HeaderName, HeaderValue), Error> {
    let cookie = Cookie::build((FORM_TOKEN_COOKIE, token))
        .path("/auth")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(Duration::microseconds(FORM_TOKEN_LIFETIME));
    let value = HeaderValue::from_str(&cookie.to_string()).map_err(|error| Error::Internal(error.to_string()))?;
    Ok((SET_COOKIE, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers_with_cookie(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, format!("a=b; {FORM_TOKEN_COOKIE}={token}").parse().unwrap());
        headers
    }

    #[test]
    fn a_token_is_valid_for_a_limited_time_and_one_secret() {
        let (one, two) = (SigningSecret::new("one"), SigningSecret::new("two"));
        let secret = LoginFormTokens(&one);
        let token = secret.issue(0);
        assert_eq!(secret.token_from_cookie(&headers_with_cookie(&token), 1), Some(token.clone()));
        assert_eq!(secret.token_from_cookie(&headers_with_cookie(&token), FORM_TOKEN_LIFETIME), None);
        assert_eq!(secret.token_from_cookie(&headers_with_cookie(&token), -2 * CLOCK_SKEW_MAX), None);
        assert_eq!(LoginFormTokens(&two).token_from_cookie(&headers_with_cookie(&token), 1), None);
        let later = token.replacen(".0.", ".9.", 1);
        for forged in ["", "x", "a.b", "a.0.b", &later, &token[1..]] {
            assert_eq!(secret.token_from_cookie(&headers_with_cookie(forged), 1), None, "{forged}");
        }
        assert_ne!(token, secret.issue(0));
    }
}

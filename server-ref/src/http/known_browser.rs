//! The cookie by which the server recognises a browser that has signed in to an account before.
//!
//! The cookie only determines which limit on failed sign-ins applies. The server does not store it. The cookie is signed together with the
//! account's e-mail address, using a secret that all nodes share, so it is valid only for that account.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use tower_sessions::cookie::time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

use crate::Error;
use crate::auth::SigningSecret;
use crate::ids::random_token;
use crate::time::Micros;

const BROWSER_COOKIE: &str = "known_browser";
/// Time for which a browser is recognised after its last sign-in, in microseconds.
const BROWSER_LIFETIME: Micros = 180 * 24 * 60 * 60 * 1_000_000;

/// Uses a secret to issue and verify the cookies of known browsers.
pub(super) struct KnownBrowserCookies<'a>(pub(super) &'a SigningSecret);

/// Response extension with the cookie to set after the session's cookie.
#[derive(Debug, Clone)]
struct PendingBrowserCookie(HeaderValue);

impl KnownBrowserCookies<'_> {
    /// Adds a cookie to the response. The cookie lets the server recognise the browser at its next sign-in to this account.
    pub(super) fn add_cookie(&self, answer: &mut Response, email: &str, at: Micros, secure: bool) -> Result<(), Error> {
        let cookie = Cookie::build((BROWSER_COOKIE, self.issue_value(email, at)))
            .path("/auth")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(secure)
            .max_age(Duration::microseconds(BROWSER_LIFETIME));
        let value = HeaderValue::from_str(&cookie.to_string());
        let value = value.map_err(|error| Error::Internal(error.to_string()))?;
        answer.extensions_mut().insert(PendingBrowserCookie(value));
        Ok(())
    }

    /// Returns the signed part of the browser's cookie, which identifies the browser, if the cookie is valid for this account and has not
    /// expired.
    pub(super) fn known_browser_id(&self, headers: &HeaderMap, email: &str, at: Micros) -> Option<String> {
        let cookie = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == BROWSER_COOKIE)?;
        let (signed, signature) = cookie.value().rsplit_once('.')?;
        let issued: Micros = signed.rsplit_once('.')?.1.parse().ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed, email)?.verify_slice(&signature).ok()?;
        (at.saturating_sub(issued) < BROWSER_LIFETIME).then(|| signed.to_owned())
    }

    fn issue_value(&self, email: &str, at: Micros) -> String {
        let signed = format!("{}.{at}", random_token());
        let signature = self.mac(&signed, email).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{signed}.{}", signature.unwrap_or_default())
    }

    fn mac(&self, signed: &str, email: &str) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.new_mac()?;
        mac.update(signed.as_bytes());
        mac.update(b"\0");
        mac.update(email.to_ascii_lowercase().as_bytes());
        Some(mac)
    }
}

/// Adds the cookie from [`KnownBrowserCookies::add_cookie`] after the session's cookie.
pub(super) async fn set_known_browser_cookie(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if let Some(PendingBrowserCookie(cookie)) = answer.extensions_mut().remove() {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_recognised_at_its_account_for_a_limited_time() {
        let (one, two) = (SigningSecret::new("one"), SigningSecret::new("two"));
        let secret = KnownBrowserCookies(&one);
        let value = secret.issue_value("a@example.org", 0);
        let known = |secret: &KnownBrowserCookies<'_>, value: &str, email: &str, at| {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, format!("a=b; {BROWSER_COOKIE}={value}").parse().unwrap());
            secret.known_browser_id(&headers, email, at).is_some()
        };
        assert!(known(&secret, &value, "a@example.org", 1) && known(&secret, &value, "A@Example.org", 1));
        assert!(!known(&secret, &value, "b@example.org", 1));
        assert!(!known(&secret, &value, "a@example.org", BROWSER_LIFETIME));
        assert!(!known(&KnownBrowserCookies(&two), &value, "a@example.org", 1));
        for forged in ["", "x", "a.b", "a.0.b", &value.replacen(".0.", ".9.", 1), &value[1..]] {
            assert!(!known(&secret, forged, "a@example.org", 1), "{forged}");
        }
    }
}

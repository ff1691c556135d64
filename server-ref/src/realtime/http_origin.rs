//! The origins whose pages may open a socket with the visitor's session cookie.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Returns true if the request's origin is the server's own host or an allowed origin, or if the request has no `Origin` header: browsers
/// add this header to every WebSocket handshake, and to every cross-origin request whose response the page can read. Pages of other origins
/// must not use the cookie, which the browser may send even with their requests.
pub(super) fn may_use_cookie(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if is_allowed_origin(origin, allowed) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match (origin.split_once("://"), host) {
        (Some((_, origin_host)), Some(host)) => origin_host.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// Returns true if the operator has allowed this origin.
pub(crate) fn is_allowed_origin(origin: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|one| one.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_and_allowed_origins_may_use_the_cookie() {
        let check = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "mod.example:6217".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            may_use_cookie(&headers, &["https://app.example/".into()])
        };
        assert!(check(None));
        assert!(check(Some("http://mod.example:6217")));
        assert!(check(Some("https://APP.example")));
        for foreign in ["http://mod.example", "https://evil.example", "null", "http://mod.example:6217.evil.example"] {
            assert!(!check(Some(foreign)), "{foreign}");
        }
    }
}

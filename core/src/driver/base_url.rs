//! Base URL of a server, and the URLs derived from it.

use url::Url;

use crate::Error;

/// Base URL of a server: scheme, host, port and path prefix.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct BaseUrl(Url);

impl BaseUrl {
    /// Parses `http(s)://host[:port][/prefix]`. The schemes `ws` and `wss` are equivalent to `http` and `https`.
    /// `option` is the option's name in error messages.
    pub(crate) fn parse(option: &str, text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::invalid_argument(format!("{option}: {why}"));
        let text = text.trim();
        if !text.contains("://") {
            return Err(wrong("the scheme is missing, as in http://localhost:6217"));
        }
        let http = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
            _ => text.to_owned(),
        };
        let mut url = Url::parse(&http).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("the scheme must be http, https, ws or wss"));
        }
        if !url.has_host() {
            return Err(wrong("the host is missing"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("the address must not contain credentials; use the options for them"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("the address must not contain a query or fragment; use the option query"));
        }
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/"));
        Ok(Self(url))
    }

    /// Returns `true` if connections to this URL are encrypted.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the host in URI form, with an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the port, or the scheme's default port if the URL contains none.
    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// Returns `scheme://host[:port]`, for error messages.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Returns the base URL without its trailing slash.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Returns the URL of a path below the base URL.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{}", self.0.path(), path.trim_start_matches('/')));
        url
    }

    /// Returns the URL of an Engine.IO transport.
    pub(crate) fn socket_url(&self, transport: &str, sid: Option<&str>, query: &[(String, String)]) -> Url {
        let mut url = self.join("socket.io/");
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("EIO", "4").append_pair("transport", transport);
            if let Some(sid) = sid {
                pairs.append_pair("sid", sid);
            }
            for (name, value) in query {
                pairs.append_pair(name, value);
            }
        }
        url
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_addresses_are_parsed() {
        for (text, wanted) in [
            ("http://localhost:6217", "http://localhost:6217/socket.io/?EIO=4&transport=websocket"),
            ("wss://mod.example/a/b/", "https://mod.example/a/b/socket.io/?EIO=4&transport=websocket"),
            ("ws://[::1]:8080", "http://[::1]:8080/socket.io/?EIO=4&transport=websocket"),
        ] {
            let base_url = BaseUrl::parse("url", text).unwrap();
            assert_eq!(base_url.socket_url("websocket", None, &[]).as_str(), wanted);
        }
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for text in ["localhost:6217", "ftp://host", "http://", "", "http://u:p@host", "http://host/?api_key=k"] {
            let error = BaseUrl::parse("url", text).unwrap_err();
            assert_eq!(error.code(), "invalid_argument", "{text:?}");
            assert!(error.to_string().starts_with("url: "), "{error}");
        }
    }
}

//! Login through the web form. The login page sets a cookie and contains a CSRF token, and a successful login redirects
//! to another page.

use http::header::{COOKIE, LOCATION, REFERER, SET_COOKIE};
use reqwest::Response;

use super::{
    Authenticator, Endpoint,
    http_body::{BodyError, read_body},
};
use crate::{Error, ErrorKind, Stage, events::Secret, session::ConnectionFailure};

const LOGIN_PATH: &str = "auth/login";
/// Maximum size of the login page, in bytes.
const LOGIN_PAGE_BYTES_MAX: usize = 1024 * 1024;

impl Authenticator {
    /// Logs in at this address, and stores and returns the cookie.
    pub(super) async fn log_in(
        &self,
        endpoint: &Endpoint,
        email: &str,
        password: &Secret,
    ) -> Result<Secret, ConnectionFailure> {
        let cookie = submit_login_form(endpoint, email, password).await.map_err(|failure| match failure {
            // The server would refuse the same password again and count another failed login. Only a provider can
            // supply a different one.
            ConnectionFailure::Credentials(error) if self.provider.is_none() => {
                ConnectionFailure::CredentialsExhausted(error)
            }
            ConnectionFailure::NoLoginForm(error) if !self.has_spare_api_key() => ConnectionFailure::Dial(error),
            failure => failure,
        })?;
        self.add_secret_to_redact(&cookie);
        self.cache().login_cookies.insert(endpoint.base_url.clone(), cookie.clone());
        Ok(cookie)
    }
}

/// Logs in and returns the value of the `Cookie` header for later requests.
async fn submit_login_form(endpoint: &Endpoint, email: &str, password: &Secret) -> Result<Secret, ConnectionFailure> {
    let http = endpoint.http_client().map_err(ConnectionFailure::Dial)?;
    let url = endpoint.base_url.join(LOGIN_PATH);
    let failed = |error: reqwest::Error| ConnectionFailure::Dial(endpoint.request_error(Stage::Credentials, &error));
    let mut page = http.get(url.clone()).send().await.map_err(failed)?;
    if page.status().is_redirection() {
        return Err(redirect_failure(&page));
    }
    if !page.status().is_success() {
        let failure = status_failure(&page, "the login page");
        return Err(match page.status().as_u16() {
            404 | 405 | 410 => ConnectionFailure::NoLoginForm(failure.into_error()),
            _ => failure,
        });
    }
    let cookies = received_cookies(&page);
    let html = read_body(&mut page, LOGIN_PAGE_BYTES_MAX).await.map_err(|error| match error {
        BodyError::Http(error) => failed(error),
        BodyError::TooLarge => {
            let text = format!("the login page exceeds {LOGIN_PAGE_BYTES_MAX} bytes");
            ConnectionFailure::Dial(Error::connect_failed(Stage::Credentials, text).with_retryable(false))
        }
    })?;
    let Some(token) = csrf_token(&String::from_utf8_lossy(&html)) else {
        let text = "the login page contains no form with a csrf_token";
        return Err(ConnectionFailure::NoLoginForm(
            Error::connect_failed(Stage::Credentials, text).with_retryable(false),
        ));
    };
    let form = [("csrf_token", token.as_str()), ("email", email), ("password", password.expose())];
    let answer = http
        .post(url.clone())
        .header(COOKIE, cookie_header(&cookies))
        .header(REFERER, url.as_str())
        .form(&form)
        .send()
        .await
        .map_err(failed)?;
    let status = answer.status();
    if status.is_redirection() {
        let mut all = cookies;
        for (name, value) in received_cookies(&answer) {
            all.retain(|(known, _)| *known != name);
            all.push((name, value));
        }
        return Ok(cookie_header(&all).into());
    }
    // The server returns the form again if the email address or password is wrong.
    if status.is_success() || status == http::StatusCode::UNAUTHORIZED {
        let text = "the server does not accept this email and password";
        let error = Error::new(ErrorKind::AuthenticationFailed, text).with_stage(Stage::Credentials);
        return Err(ConnectionFailure::Credentials(error));
    }
    Err(status_failure(&answer, "the login form"))
}

fn redirect_failure(page: &Response) -> ConnectionFailure {
    let to = page.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("");
    let text = if to.starts_with("https:") {
        "the server requires https: use an https:// address".to_owned()
    } else {
        "the login page redirects to another page".to_owned()
    };
    ConnectionFailure::Dial(
        Error::connect_failed(Stage::Credentials, text).with_status(page.status().as_u16()).with_retryable(false),
    )
}

fn status_failure(answer: &Response, what: &str) -> ConnectionFailure {
    let status = answer.status().as_u16();
    let error = Error::connect_failed(Stage::Credentials, format!("{what} was answered with status {status}"));
    ConnectionFailure::Dial(error.with_status(status).with_retryable(status == 400 || status == 429 || status >= 500))
}

fn received_cookies(answer: &Response) -> Vec<(String, String)> {
    let pairs = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| {
        let (name, value) = cookie.to_str().ok()?.split(';').next()?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    pairs.filter(|(_, value)| !value.is_empty()).collect()
}

fn cookie_header(cookies: &[(String, String)]) -> String {
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}

/// Returns the value of the hidden input `csrf_token`, regardless of the order of its attributes.
pub(crate) fn csrf_token(html: &str) -> Option<String> {
    html.split("<input").skip(1).find_map(|rest| {
        let tag = &rest[..rest.find('>')?];
        (attribute_value(tag, "name")? == "csrf_token").then(|| attribute_value(tag, "value"))?
    })
}

fn attribute_value(tag: &str, name: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let at = from + tag[from..].find(name)?;
        let before = tag[..at].chars().next_back();
        let rest = tag[at + name.len()..].trim_start();
        if before.is_none_or(char::is_whitespace)
            && let Some(value) = rest.strip_prefix('=')
        {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let text = match quote {
                Some(quote) => value[1..].split(quote).next(),
                None => value.split(|c: char| c.is_whitespace() || c == '/').next(),
            };
            return text.map(unescape_html);
        }
        from = at + name.len();
    }
}

fn unescape_html(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::csrf_token;

    #[test]
    fn the_token_is_found_in_any_html_syntax() {
        for html in [
            r#"<form><input type="hidden" name="csrf_token" value="a.b-c"/></form>"#,
            r#"<input id="csrf_token" value='a.b-c' name='csrf_token' type=hidden>"#,
            "<input name=email>\n<input\n name=csrf_token\n value=a.b-c>",
            r#"<input data-name="x" data-value="y" name="csrf_token" value="a.b-c">"#,
        ] {
            assert_eq!(csrf_token(html).as_deref(), Some("a.b-c"), "{html}");
        }
        assert_eq!(csrf_token("<input name=email value=x>"), None);
        assert_eq!(csrf_token("<input name=\"csrf_token\" value=\"cut"), None);
    }
}

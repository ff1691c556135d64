//! Validation of e-mail addresses and passwords.

use crate::Error;

const EMAIL_CHARS_MAX: usize = 254;
const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_CHARS_MAX: usize = 1000;

/// Validates an e-mail address and returns it without surrounding white space.
pub(crate) fn trim_and_check_email(text: &str) -> Result<String, Error> {
    let email = text.trim();
    let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !is_address || email.chars().count() > EMAIL_CHARS_MAX || email.chars().any(char::is_control) {
        return Err(Error::Refused(format!("email must be an e-mail address of at most {EMAIL_CHARS_MAX} characters")));
    }
    Ok(email.to_owned())
}

pub(crate) fn check_password_length(password: &str) -> Result<(), Error> {
    match password.chars().count() {
        PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX => Ok(()),
        _ => Err(Error::Refused(format!(
            "password must have from {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters"
        ))),
    }
}

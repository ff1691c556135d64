//! Reads HTTP response bodies up to a size limit, which applies after decompression.

use reqwest::Response;

/// Reason why a body could not be read completely.
pub(crate) enum BodyError {
    Http(reqwest::Error),
    TooLarge,
}

/// Reads a response body of at most `max` bytes.
pub(crate) async fn read_body(answer: &mut Response, max: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(BodyError::Http)? {
        if body.len() + chunk.len() > max {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

//! Converts names between naming conventions.

/// Converts snake case such as `content_id` to camel case such as `contentId`.
pub(crate) fn to_camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalize(word))
}

/// Converts the first letter to lower case, as in `moderationUpdate`.
pub(crate) fn lowercase_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

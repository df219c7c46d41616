//! The parameters of a follower's request.

use http::Uri;
use message_store::Cursor;

use crate::Problem;

/// The cursor in `after`; `None` where it is absent: from the oldest message that is retained.
///
/// # Errors
///
/// `400` where it is no cursor, empty, or given twice.
pub fn after(uri: &Uri) -> Result<Option<Cursor>, Problem> {
    match parameter(uri, "after")? {
        None => Ok(None),
        Some(text) => Ok(Some(text.parse()?)),
    }
}

/// The parameter `name` of the target's query, percent-decoded.
///
/// # Errors
///
/// `400` where it is given twice.
pub fn parameter(uri: &Uri, name: &str) -> Result<Option<String>, Problem> {
    let query = uri.query().unwrap_or_default();
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("`{name}` is given twice")));
    }
    Ok(value)
}

//! What makes a transport's network worse, and the rules on it.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// The longest delay each way, in milliseconds.
pub const MAX_DELAY_MS: u32 = 1_000;

/// The most jitter each way, in milliseconds.
pub const MAX_JITTER_MS: u32 = 500;

/// The most octets a second that a limit can be set to.
pub const MAX_OCTETS_PER_SECOND: u32 = 1_000_000_000;

/// The longest blackhole, in seconds.
pub const MAX_BLACKHOLE_SECONDS: u32 = 60;

/// Disturbances of one transport; the default disturbs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Disturbances {
    /// Milliseconds by which octets are late, each way: 0 to [`MAX_DELAY_MS`].
    pub delay_ms: u32,
    /// Milliseconds by which the delay differs at most, up or down at random; the order is kept: 0 to
    /// [`MAX_JITTER_MS`].
    pub jitter_ms: u32,
    /// Octets a second each way: 1 to [`MAX_OCTETS_PER_SECOND`]; 0 is no limit.
    pub bandwidth: u32,
    /// Octets a second that the client reads: 1 to [`MAX_OCTETS_PER_SECOND`]; 0 reads all there is.
    pub slow_reader: u32,
    /// The share of requests that are answered with `500`, and of messages on which a WebSocket is cut: 0 to 1.
    pub fail_share: f64,
}

/// A value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisturbanceError {
    /// The content is no JSON object.
    #[error("the content must be a JSON object with fields such as `delay_ms`")]
    NotAnObject,
    /// There is no such field.
    #[error("`{field}` is no field of it; there are: {known}")]
    Unknown {
        /// Its name, cut.
        field: String,
        /// Those that there are.
        known: &'static str,
    },
    /// A number must be whole and within bounds.
    #[error("`{field}` must be a whole number from {min} to {max}")]
    NotWhole {
        /// Its name.
        field: &'static str,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// A share must be a number from 0 to 1.
    #[error("`{field}` must be a number from 0 to 1")]
    NotAShare {
        /// Its name.
        field: &'static str,
    },
}

const FIELDS: &str = "`delay_ms`, `jitter_ms`, `bandwidth`, `slow_reader`, `fail_share`";

/// The longest name of an unknown field that an error repeats, in characters.
const MAX_NAME_CHARS: usize = 64;

impl Disturbances {
    /// The same with the fields of `change`, a JSON object of any of them.
    ///
    /// # Errors
    ///
    /// The first field that breaks a rule.
    pub fn with(mut self, change: &Value) -> Result<Self, DisturbanceError> {
        for (name, value) in change.as_object().ok_or(DisturbanceError::NotAnObject)? {
            match name.as_str() {
                "delay_ms" => self.delay_ms = whole(value, "delay_ms", 0, MAX_DELAY_MS)?,
                "jitter_ms" => self.jitter_ms = whole(value, "jitter_ms", 0, MAX_JITTER_MS)?,
                "bandwidth" => self.bandwidth = whole(value, "bandwidth", 0, MAX_OCTETS_PER_SECOND)?,
                "slow_reader" => self.slow_reader = whole(value, "slow_reader", 0, MAX_OCTETS_PER_SECOND)?,
                "fail_share" => {
                    let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
                    self.fail_share = share.ok_or(DisturbanceError::NotAShare { field: "fail_share" })?;
                }
                _ => return Err(unknown(name, FIELDS)),
            }
        }
        Ok(self)
    }

    /// When octets that come now are due, from what they would be without jitter.
    pub(crate) fn lateness(&self) -> Duration {
        let delay = f64::from(self.delay_ms);
        let jitter = f64::from(self.jitter_ms) * (2.0 * fastrand::f64() - 1.0);
        Duration::from_secs_f64((delay + jitter).max(0.0) / 1e3)
    }

    /// Whether one of the share that fails is drawn.
    pub(crate) fn draws_failure(&self) -> bool {
        // Below 1, so that a share of 1 is all and a share of 0 none.
        fastrand::f64() < self.fail_share
    }

    /// What is not as it is by default, for people: `delay 200 ms, 50 % fail`.
    pub(crate) fn in_words(&self) -> String {
        let mut words = Vec::new();
        if self.delay_ms > 0 || self.jitter_ms > 0 {
            words.push(match self.jitter_ms {
                0 => format!("delay {} ms", self.delay_ms),
                jitter => format!("delay {} ± {jitter} ms", self.delay_ms),
            });
        }
        if self.bandwidth > 0 {
            words.push(format!("bandwidth {} octets/s", self.bandwidth));
        }
        if self.slow_reader > 0 {
            words.push(format!("reads {} octets/s", self.slow_reader));
        }
        if self.fail_share > 0.0 {
            words.push(format!("{} % fail", self.fail_share * 100.0));
        }
        if words.is_empty() { "undisturbed".to_owned() } else { words.join(", ") }
    }
}

/// The one field `field` of a JSON object, a whole number.
///
/// # Errors
///
/// It is missing, another field is there, or the number is not within `min` and `max`.
pub fn only_whole(content: &Value, field: &'static str, min: u32, max: u32) -> Result<u32, DisturbanceError> {
    let object = content.as_object().ok_or(DisturbanceError::NotAnObject)?;
    if let Some(name) = object.keys().find(|name| *name != field) {
        return Err(unknown(name, field));
    }
    whole(object.get(field).unwrap_or(&Value::Null), field, min, max)
}

fn whole(value: &Value, field: &'static str, min: u32, max: u32) -> Result<u32, DisturbanceError> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.filter(|number| (min..=max).contains(number)).ok_or(DisturbanceError::NotWhole { field, min, max })
}

fn unknown(name: &str, known: &'static str) -> DisturbanceError {
    DisturbanceError::Unknown { field: name.chars().take(MAX_NAME_CHARS).collect(), known }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_leaves_the_other_fields() {
        let all =
            json!({"delay_ms": 1000, "jitter_ms": 500, "bandwidth": 1, "slow_reader": 2, "fail_share": 0.5});
        let disturbed = Disturbances::default().with(&all).unwrap();
        assert_eq!(
            disturbed,
            Disturbances { delay_ms: 1000, jitter_ms: 500, bandwidth: 1, slow_reader: 2, fail_share: 0.5 }
        );
        assert_eq!(
            disturbed.with(&json!({"delay_ms": 0})).unwrap(),
            Disturbances { delay_ms: 0, ..disturbed }
        );
        assert_eq!(disturbed.with(&json!({})).unwrap(), disturbed);
    }

    #[test]
    fn a_wrong_value_names_the_field() {
        for (change, field) in [
            (json!({"delay_ms": 1001}), "`delay_ms`"),
            (json!({"delay_ms": -1}), "`delay_ms`"),
            (json!({"jitter_ms": 1.5}), "`jitter_ms`"),
            (json!({"bandwidth": "1"}), "`bandwidth`"),
            (json!({"slow_reader": null}), "`slow_reader`"),
            (json!({"fail_share": 1.1}), "`fail_share`"),
            (json!({"fail_share": -0.1}), "`fail_share`"),
            (json!({"delay": 1}), "`delay`"),
            (json!([]), "JSON object"),
        ] {
            let told = Disturbances::default().with(&change).unwrap_err().to_string();
            assert!(told.contains(field), "{change}: {told}");
        }
    }

    #[test]
    fn one_field_is_asked_for_alone() {
        assert_eq!(only_whole(&json!({"seconds": 60}), "seconds", 1, 60), Ok(60));
        for wrong in [json!({}), json!({"seconds": 0}), json!({"seconds": 61}), json!({"seconds": 1, "x": 1})]
        {
            assert!(
                only_whole(&wrong, "seconds", 1, 60).unwrap_err().to_string().contains("`seconds`")
                    || wrong.get("x").is_some()
            );
        }
    }

    #[test]
    fn jitter_goes_up_and_down_and_never_below_nothing() {
        let disturbed = Disturbances { delay_ms: 100, jitter_ms: 200, ..Disturbances::default() };
        let drawn: Vec<_> = (0..1000).map(|_| disturbed.lateness()).collect();
        assert!(drawn.iter().all(|late| *late <= Duration::from_millis(300)));
        assert!(drawn.iter().any(|late| *late > Duration::from_millis(200)));
        assert!(drawn.iter().any(Duration::is_zero));
    }
}

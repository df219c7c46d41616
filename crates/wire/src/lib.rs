//! What passes between socket and transport.
//!
//! - [`explain`]: captured octets become spans that tile them exactly: name, value, meaning, RFC section.
//! - [`tap`]: a relay before one transport's server, which counts, captures and disturbs.
//! - [`disturb`]: what makes a transport's network worse.
//! - [`clock`]: the time that all taps of a process tell.
//!
//! No transport is used here, and none knows of this crate.
#![forbid(unsafe_code)]

pub mod clock;
pub mod disturb;
pub mod explain;
pub mod tap;

pub use clock::Clock;
pub use disturb::Disturbances;
pub use tap::Tap;

//! What passes between socket and transport.
//!
//! - [`explain`]: captured octets become spans that tile them exactly: name, value, meaning, RFC section.
//! - [`tap`]: a relay before one transport's server, which counts, captures and disturbs.
//! - [`disturb`]: what makes a transport's network worse.
//! - [`clock`]: the time that all taps of a process tell.
//!
//! All but [`explain`] is there with the feature `tap`, which is on unless it is turned off.
//!
//! No transport is used here, and none knows of this crate.
#![forbid(unsafe_code)]

#[cfg(feature = "tap")]
pub mod clock;
#[cfg(feature = "tap")]
pub mod disturb;
pub mod explain;
#[cfg(feature = "tap")]
pub mod tap;

#[cfg(feature = "tap")]
pub use clock::Clock;
#[cfg(feature = "tap")]
pub use disturb::Disturbances;
#[cfg(feature = "tap")]
pub use tap::Tap;

//! What passes between socket and transport.
//!
//! - [`explain`]: captured octets become spans that tile them exactly: name, value, meaning, RFC section.
//!
//! No transport is used here, and none knows of this crate.
#![forbid(unsafe_code)]

pub mod explain;

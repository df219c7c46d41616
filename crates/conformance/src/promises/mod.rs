//! What every transport promises, a file for each group. Each promise starts a server of its own.

pub mod deadlines;
pub mod delivery;
pub mod drafts;
pub mod nonces;
pub mod requests;
pub mod resuming;
pub mod slowness;
pub mod stopping;
pub mod texts;

//! What every transport promises, a file for each group. Each promise starts a server of its own.

pub mod delivery;

//! RFC 6455 and RFC 7692 once more, to judge by: whole input, no state kept for later, no care for speed.

pub mod extensions;
pub mod handshake;
pub mod inflate;
pub mod receiver;
pub mod wire;

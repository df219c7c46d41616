//! The wall of a class: who is at which step. Opt-in, on loopback or a local network, without accounts, without code.
//!
//! A learner who has [joined] has each `check` [report](report::Report) where they stand. The [wall] keeps
//! the last report of each learner, and puts it into a log that its page follows from a cursor, as a chat's does: the
//! wall's transport is long polling. It goes through whatever lets a web page through, needs no certificate, asks
//! nothing of a page while nobody checks, and a report is one `POST` that any program can write.

pub mod joined;
pub mod kept;
pub mod report;
pub mod wall;

use std::net::IpAddr;

/// Whether an address is of this machine or of a local network: loopback, private (RFC 1918), unique local (RFC 4193) or
/// link-local.
pub fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_routed_over_the_internet_is_not_near() {
        for near in
            ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.5", "169.254.1.1", "fd00::1", "fe80::1"]
        {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["192.0.2.1", "8.8.8.8", "172.32.0.1", "0.0.0.0", "2001:db8::1", "::ffff:8.8.8.8", "::"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }
}

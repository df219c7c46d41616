//! How many connections may be open: of one server, and of one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use crate::limits;

/// The address of the other side.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// What limits count by: an IPv4 address, or the /64 that one IPv6 host commonly has to itself.
    pub(crate) fn key(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        }
    }

    fn is_loopback(self) -> bool {
        self.0.to_canonical().is_loopback()
    }
}

/// Counts the open connections of one server.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    max: usize,
    open: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(crate) fn new(max: usize) -> Self {
        Self(Arc::new(Mutex::new(Counts { max, open: 0, by_address: HashMap::new() })))
    }

    pub(crate) fn admit(&self, peer: Peer) -> Option<Permit> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.open >= counts.max {
            return None;
        }
        let address = (!peer.is_loopback()).then(|| peer.key());
        if let Some(address) = address {
            let open = counts.by_address.entry(address).or_default();
            if *open >= limits::MAX_CONNECTIONS_PER_ADDRESS {
                return None;
            }
            *open += 1;
        }
        counts.open += 1;
        drop(counts);
        Some(Permit { connections: self.clone(), address })
    }
}

/// The right to keep one connection open; dropping it gives the place back.
#[derive(Debug)]
pub struct Permit {
    connections: Connections,
    address: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.open -= 1;
        if let Some(address) = self.address
            && let Some(open) = counts.by_address.get_mut(&address)
        {
            *open -= 1;
            if *open == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer(address.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_share_and_loopback_is_exempt() {
        let connections = Connections::new(20_000);
        let held: Vec<_> = (0..limits::MAX_CONNECTIONS_PER_ADDRESS)
            .map(|_| connections.admit(peer("192.0.2.1")).unwrap())
            .collect();
        assert!(connections.admit(peer("192.0.2.1")).is_none(), "one more than its share");
        assert!(connections.admit(peer("::ffff:192.0.2.1")).is_none(), "the same address, mapped into IPv6");
        assert!(connections.admit(peer("192.0.2.2")).is_some(), "another address");
        let loopback: Vec<_> = (0..limits::MAX_CONNECTIONS_PER_ADDRESS + 1)
            .map(|_| connections.admit(peer("127.0.0.1")))
            .collect();
        assert!(loopback.iter().all(Option::is_some), "loopback has no share");
        drop(held);
        assert!(connections.admit(peer("192.0.2.1")).is_some(), "places come back");
    }

    #[test]
    fn one_ipv6_host_is_its_network_of_64_bits() {
        assert_eq!(peer("2001:db8::1").key(), peer("2001:db8::ffff:1").key());
        assert_ne!(peer("2001:db8::1").key(), peer("2001:db8:0:1::1").key());
    }

    #[test]
    fn a_server_has_its_maximum() {
        let connections = Connections::new(2);
        let first = connections.admit(peer("127.0.0.1"));
        let _second = connections.admit(peer("127.0.0.1"));
        assert!(connections.admit(peer("127.0.0.1")).is_none());
        drop(first);
        assert!(connections.admit(peer("127.0.0.1")).is_some());
    }
}

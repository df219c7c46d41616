//! The star: the point where all arms meet, and what each size has of the arms.

use crate::record::Parameters;

/// A point of the plan: what a delivery is asked with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Messages a second.
    pub rate: f64,
    /// Clients.
    pub audience: u32,
    /// Delay each way (ms).
    pub delay_ms: u32,
    /// The text (octets).
    pub payload: u32,
}

impl Place {
    /// Where all arms meet.
    pub const COMMON: Self = Self { rate: 10.0, audience: 100, delay_ms: 20, payload: 64 };

    /// Sets what it is.
    pub fn set(self, parameters: &mut Parameters) {
        (parameters.rate, parameters.audience) = (self.rate, self.audience);
        (parameters.delay_ms, parameters.payload_octets) = (self.delay_ms, self.payload);
    }
}

/// How long a run warms up and is measured.
#[derive(Clone, Copy, Debug)]
pub struct Seconds {
    /// Before anything is counted (s).
    pub warm_up: f64,
    /// The window (s).
    pub window: f64,
    /// The window where few messages come (s): it runs beside others.
    pub rare: f64,
}

/// Up to so many messages a second, to the common audience, runs are made side by side.
const RARE: f64 = 1.0;

impl Place {
    /// True if so little happens that servers can be measured side by side: the machine is as good as idle.
    pub fn is_rare(self) -> bool {
        self.rate <= RARE && self.audience <= Self::COMMON.audience
    }
}

impl Seconds {
    /// The window of a point (s); four messages have room in it.
    pub fn window(self, place: Place) -> f64 {
        if place.is_rare() { self.rare } else { self.window.max(4.0 / place.rate) }
    }
}

/// What a size has: arms, each with the values of its parameter beside the common one, and corners.
#[derive(Clone, Copy, Debug)]
pub struct Star {
    /// How long a run is.
    pub seconds: Seconds,
    rates: &'static [f64],
    audiences: &'static [u32],
    delays_ms: &'static [u32],
    payloads: &'static [u32],
    /// Rate, audience and delay.
    corners: &'static [(f64, u32, u32)],
}

impl Star {
    /// All its points, the common one first.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        const COMMON: Place = Place::COMMON;
        let rates = self.rates.iter().map(|&rate| Place { rate, ..COMMON });
        let audiences = self.audiences.iter().map(|&audience| Place { audience, ..COMMON });
        let delays = self.delays_ms.iter().map(|&delay_ms| Place { delay_ms, ..COMMON });
        let payloads = self.payloads.iter().map(|&payload| Place { payload, ..COMMON });
        let corner =
            |&(rate, audience, delay_ms): &(f64, u32, u32)| Place { rate, audience, delay_ms, ..COMMON };
        let arms = rates.chain(audiences).chain(delays).chain(payloads);
        std::iter::once(COMMON).chain(arms).chain(self.corners.iter().map(corner))
    }
}

/// Two delays, to see that all works.
pub const QUICK: Star = Star {
    seconds: Seconds { warm_up: 0.3, window: 0.7, rare: 5.0 },
    rates: &[],
    audiences: &[],
    delays_ms: &[0, 80],
    payloads: &[],
    corners: &[],
};

/// No arm asks for more than 10,000 deliveries a second, which server, relay and load can do on two cores: so 1,000
/// messages a second go to 10 clients.
pub const DEFAULT: Star = Star {
    seconds: Seconds { warm_up: 0.3, window: 1.2, rare: 40.0 },
    rates: &[0.1, 1.0, 100.0],
    audiences: &[1, 1_000],
    delays_ms: &[0, 80, 200],
    payloads: &[1_024],
    corners: &[(100.0, 10, 20), (1_000.0, 10, 20)],
};

/// The default's arms for those that are only compared with: fewer points, as far.
pub const PEERS: Star =
    Star { audiences: &[1_000], delays_ms: &[0, 200], payloads: &[], corners: &[(100.0, 10, 20)], ..DEFAULT };

/// All of it: 10,000 clients get a message a second.
pub const FULL: Star = Star {
    seconds: Seconds { warm_up: 2.0, window: 10.0, rare: 120.0 },
    rates: &[0.1, 1.0, 100.0],
    audiences: &[1, 10, 1_000],
    delays_ms: &[0, 80, 200],
    payloads: &[24, 256, 1_024, 1_900],
    corners: &[
        (100.0, 1, 20),
        (1_000.0, 1, 20),
        (1.0, 10, 20),
        (100.0, 10, 20),
        (1_000.0, 10, 20),
        (0.1, 1_000, 20),
        (1.0, 1_000, 20),
        (0.1, 10_000, 20),
        (1.0, 10_000, 20),
        (100.0, 10, 0),
        (100.0, 10, 200),
        (1.0, 1_000, 200),
    ],
};

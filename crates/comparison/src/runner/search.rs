//! How many clients are tried next, until it is known to an eighth how many a server serves.

/// The most clients that are tried.
pub(super) const MOST_CLIENTS: u32 = 10_000;

/// Doubles until some are too many, then halves what lies between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    tried: u32,
    served: u32,
    too_many: Option<u32>,
}

impl Search {
    /// Begins with so many.
    pub(super) fn from(first: u32) -> Self {
        Self { tried: first, served: 0, too_many: None }
    }

    /// How many are to be tried.
    pub(super) fn tried(self) -> u32 {
        self.tried
    }

    /// What comes next, those that were tried being served or not; `None` when it is known, or if not even the first were.
    pub(super) fn next(mut self, is_served: bool) -> Option<Self> {
        if is_served {
            self.served = self.tried;
        } else {
            self.too_many = Some(self.tried);
        }
        self.tried = match self.too_many {
            None if self.served < MOST_CLIENTS => (2 * self.served).min(MOST_CLIENTS),
            Some(too_many) if self.served > 0 && too_many - self.served > self.served / 8 => {
                self.served.midpoint(too_many)
            }
            _ => return None,
        };
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a server that serves so many, and how many trials it took.
    fn found(serves: u32) -> (u32, u32) {
        let (mut best, mut trials, mut search) = (0, 0, Some(Search::from(100)));
        while let Some(trial) = search {
            let is_served = trial.tried() <= serves;
            best = if is_served { trial.tried() } else { best };
            trials += 1;
            search = trial.next(is_served);
        }
        (best, trials)
    }

    #[test]
    fn it_ends_within_an_eighth_of_what_is_served() {
        for serves in (100..MOST_CLIENTS).step_by(37) {
            let (best, trials) = found(serves);
            assert!(best <= serves && serves - best <= best / 8, "{best} of {serves}");
            assert!(trials <= 12, "{trials} for {serves}");
        }
    }

    #[test]
    fn it_ends_at_once_at_none_and_at_the_most_that_are_tried() {
        assert_eq!(found(99), (0, 1));
        assert_eq!(found(u32::MAX), (MOST_CLIENTS, 8));
    }
}

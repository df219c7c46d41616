//! Memory of connections that have gone goes back to the system.

/// With fewer connections at once there is too little to give back.
const MIN_CROWD: usize = 512;

/// Tells when most of a crowd has left.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    most: usize,
}

impl Crowd {
    /// Whether there is anybody who may leave.
    pub(crate) fn is_there(&self) -> bool {
        self.most >= MIN_CROWD
    }

    /// One more has come: now so many are open.
    pub(crate) fn has_come(&mut self, open: usize) {
        self.most = self.most.max(open);
    }

    /// Looks at how many connections are open; true once when three quarters of the most have left.
    pub(crate) fn has_left(&mut self, open: usize) -> bool {
        self.has_come(open);
        let left = self.is_there() && open <= self.most / 4;
        if left {
            self.most = open;
        }
        left
    }
}

/// Gives free memory back to the system. glibc keeps what lies below the last block in use: after 10,000 connections
/// all of their 20 MB. It takes some milliseconds, in which other threads may have to wait for memory.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(
            unsafe_code,
            reason = "malloc_trim(3) has no conditions: it reads and writes only what free memory is glibc's own"
        )]
        // SAFETY: it may be called at any time, from any thread.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a number of looks say.
    fn looks(crowd: &mut Crowd, open: &[usize]) -> Vec<bool> {
        open.iter().map(|&open| crowd.has_left(open)).collect()
    }

    #[test]
    fn a_crowd_has_left_once() {
        let mut crowd = Crowd::default();
        assert_eq!(looks(&mut crowd, &[10_000, 2_501, 2_500, 2_400]), [false, false, true, false]);
        assert_eq!(looks(&mut crowd, &[600, 0]), [true, true], "those that had stayed");
        assert!(!crowd.is_there() && !crowd.has_left(0));
    }

    #[test]
    fn a_crowd_that_came_and_left_between_two_looks_was_there() {
        let mut crowd = Crowd::default();
        crowd.has_come(MIN_CROWD);
        assert!(crowd.has_left(0));
    }

    #[test]
    fn a_few_are_no_crowd() {
        let mut crowd = Crowd::default();
        assert_eq!(looks(&mut crowd, &[MIN_CROWD - 1, 0]), [false; 2]);
    }
}

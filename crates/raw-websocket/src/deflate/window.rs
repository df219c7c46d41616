//! The LZ77 sliding window between messages: the last octets of what was said, RFC 7692 §7.1.1.

use super::WindowBits;

/// The last octets that went through compression, at most `size`. Holds memory only for what was said.
#[derive(Debug)]
pub(super) struct Window {
    octets: Vec<u8>,
    size: usize,
}

impl Window {
    pub(super) const fn new(bits: WindowBits) -> Self {
        Self { octets: Vec::new(), size: bits.octets() }
    }

    /// Lets in the octets that come next, and forgets what they push out.
    pub(super) fn push(&mut self, octets: &[u8]) {
        let octets = octets.get(octets.len().saturating_sub(self.size)..).unwrap_or_default();
        let overflow = (self.octets.len() + octets.len()).saturating_sub(self.size);
        self.octets.drain(..overflow);
        let len = self.octets.len() + octets.len();
        if len > self.octets.capacity() {
            // A `Vec` left to itself would double past the window.
            let capacity = len.max(2 * self.octets.capacity()).min(self.size);
            self.octets.reserve_exact(capacity - self.octets.len());
        }
        self.octets.extend_from_slice(octets);
    }

    /// The window, oldest octet first.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Forgets all, and gives back the memory.
    pub(super) fn release(&mut self) {
        self.octets = Vec::new();
    }

    /// Octets of memory held.
    pub(super) fn capacity(&self) -> usize {
        self.octets.capacity()
    }
}

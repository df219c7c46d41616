//! Masking, RFC 6455 §5.3: every octet a client sends is XORed with one of the four of the frame's key.

/// Masks the payload, or unmasks it, which is the same.
///
/// `offset` is how many octets of the frame's payload came before these, so that a payload that arrives in
/// pieces is unmasked piece by piece: octet `i` of the whole meets octet `i % 4` of the key.
pub fn apply_mask(payload: &mut [u8], mut key: [u8; 4], offset: usize) {
    // region: unmask
    key.rotate_left(offset % 4);
    // Eight octets at a time: the compiler turns this loop into vector instructions.
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (octet, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *octet ^= key;
    }
    // endregion: unmask
}

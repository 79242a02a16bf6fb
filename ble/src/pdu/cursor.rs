//! Reading and writing little-endian fields without indexing.

/// Reads fields from the front of some octets.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// The next `N` octets.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// The next octet.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[a]| a)
    }

    /// Two octets, least significant first.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Three octets, least significant first.
    pub fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    /// Four octets, least significant first.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight octets, least significant first.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// `Some(())` if all has been read.
    #[must_use]
    pub const fn end(&self) -> Option<()> {
        if self.rest.is_empty() { Some(()) } else { None }
    }
}

/// Appends fields to a bounded buffer. Writing beyond the capacity is remembered, and
/// [`Writer::finish`] then gives `None`.
#[derive(Clone, Debug, Default)]
pub struct Writer<const N: usize> {
    octets: heapless::Vec<u8, N>,
    overflow: bool,
}

impl<const N: usize> Writer<N> {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: heapless::Vec::new(), overflow: false }
    }

    /// Appends octets in the order given.
    pub fn bytes(&mut self, octets: &[u8]) -> &mut Self {
        self.overflow |= self.octets.extend_from_slice(octets).is_err();
        self
    }

    /// Appends one octet.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Appends two octets, least significant first.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends the low three octets, least significant first.
    pub fn u24(&mut self, value: u32) -> &mut Self {
        let [a, b, c, _] = value.to_le_bytes();
        self.bytes(&[a, b, c])
    }

    /// Appends four octets, least significant first.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends eight octets, least significant first.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// The octets, or `None` if they did not fit.
    #[must_use]
    pub fn finish(self) -> Option<heapless::Vec<u8, N>> {
        if self.overflow { None } else { Some(self.octets) }
    }
}

//! Reading bytes of which nothing is to be believed.

/// A place in bytes that goes forward.
#[derive(Clone, Copy)]
pub(super) struct Walk<'b> {
    rest: &'b [u8],
}

impl<'b> Walk<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// The next bytes, so many.
    pub(super) fn take(&mut self, many: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(many)?;
        self.rest = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.number::<1>().map(|[byte]| byte)
    }

    pub(super) fn big16(&mut self) -> Option<u16> {
        self.number().map(u16::from_be_bytes)
    }

    pub(super) fn big32(&mut self) -> Option<u32> {
        self.number().map(u32::from_be_bytes)
    }

    pub(super) fn little16(&mut self) -> Option<u16> {
        self.number().map(u16::from_le_bytes)
    }

    pub(super) fn little24(&mut self) -> Option<u32> {
        let [a, b, c] = self.number()?;
        Some(u32::from_le_bytes([a, b, c, 0]))
    }

    pub(super) fn little32(&mut self) -> Option<u32> {
        self.number().map(u32::from_le_bytes)
    }
}

/// A length of a file as a place in memory.
pub(super) fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

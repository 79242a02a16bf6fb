//! Names of connections inside a device.

use crate::hci::Handle;

/// Index of a connection inside this device, below its number of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u8);

impl LinkId {
    /// Most links that a device can have.
    pub const MAX: usize = 16;
    /// Generations before a handle is used again: handles stay below 0x0100, so that there is room
    /// for those of other roles beside them.
    const GENERATIONS: u8 = 16;

    /// Connection_Handle of the connection in this place. The generation distinguishes it from
    /// former connections.
    #[must_use]
    pub const fn handle(self, generation: u8) -> Handle {
        let generation = (generation % Self::GENERATIONS) as u16;
        Handle(generation.saturating_mul(Self::MAX as u16).saturating_add(self.0 as u16))
    }

    /// The place of the connection that has, or had, this handle.
    #[must_use]
    pub const fn of(handle: Handle) -> Self {
        Self((handle.0 & 0x0F) as u8)
    }
}

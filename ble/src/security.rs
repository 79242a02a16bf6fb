//! Words of the Security Manager that both sides share.

/// X coordinate of the debug public key (Vol 3, Part H, 2.3.5.6.1), least significant octet first
/// as on air. Everybody knows its private half: who pairs with it wants to be overheard.
pub const DEBUG_KEY_X: [u8; 32] = [
    0xE6, 0x9D, 0x35, 0x0E, 0x48, 0x01, 0x03, 0xCC, 0xDB, 0xFD, 0xF4, 0xAC, 0x11, 0x91, 0xF4, 0xEF,
    0xB9, 0xA5, 0xF9, 0xE9, 0xA7, 0x83, 0x2C, 0x5E, 0x2C, 0xBE, 0x97, 0xF2, 0xD2, 0x03, 0xB0, 0x20,
];

/// What the device can show and ask (SMP IO capability).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IoCapability {
    /// Shows numbers, takes no input.
    DisplayOnly = 0,
    /// Shows numbers, has yes and no.
    DisplayYesNo = 1,
    /// Has a keyboard.
    KeyboardOnly = 2,
    /// Nothing: Just Works.
    NoInputNoOutput = 3,
    /// Shows numbers, has a keyboard.
    KeyboardDisplay = 4,
}

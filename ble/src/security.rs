//! Words of the Security Manager that both sides share.

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

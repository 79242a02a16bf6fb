//! What a person sees of a device and does to it.

/// Buttons of the development kit, as the course application uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Button {
    /// BTN1: value of the Button characteristic.
    User,
    /// BTN2: delete all bonds.
    DeleteBonds,
    /// BTN3: pairing mode: clear the accept list and advertise openly once.
    Pairing,
}

/// What a person in front of the device sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ui {
    /// Show this passkey (0–999,999).
    ShowPasskey(u32),
    /// Show this number and ask whether the other device shows the same.
    CompareNumber(u32),
    /// Ask for the passkey that the other device shows.
    AskPasskey,
    /// Take away whatever was shown.
    Clear,
    /// LED 1–4 on or off.
    Led {
        /// 1–4.
        led: u8,
        /// Lit.
        on: bool,
    },
}

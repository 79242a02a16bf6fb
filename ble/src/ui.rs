//! What a person sees of a device.

use crate::text::Text;

/// A dialog of pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialog {
    /// Show this passkey (0–999,999).
    ShowPasskey(u32),
    /// Show this number and ask whether the other device shows the same.
    CompareNumber(u32),
    /// Ask for the passkey that the other device shows.
    AskPasskey,
    /// Clear what was shown.
    Clear,
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
    /// Clear what was shown.
    Clear,
    /// An output of the application, in its own words (`LED 2 on`).
    Output(Text),
}

impl From<Dialog> for Ui {
    fn from(dialog: Dialog) -> Self {
        match dialog {
            Dialog::ShowPasskey(passkey) => Self::ShowPasskey(passkey),
            Dialog::CompareNumber(number) => Self::CompareNumber(number),
            Dialog::AskPasskey => Self::AskPasskey,
            Dialog::Clear => Self::Clear,
        }
    }
}

//! A host from outside that plays the peripheral.

use bletwin_models::controller::ControllerConfig;

/// The known properties of the host.
#[derive(Clone, Debug)]
pub struct Guest {
    /// What reports call it.
    pub name: String,
    /// The controller that it is lent.
    pub controller: ControllerConfig,
    /// The security level, 1–4, that a bond must have to count.
    pub level: u8,
    /// The passkey that it shows, if that is known beforehand: the person types it.
    pub passkey: Option<u32>,
}

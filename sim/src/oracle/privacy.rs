//! LL Privacy: who must not be heard under its identity, as a host has told its controller.

use firmware_core::address::Address;
use firmware_core::hci::Command;
use firmware_core::secret::Secret;

/// A device of the resolving list.
struct Device {
    identity: Address,
    has_irk: bool,
    device_privacy: bool,
}

/// The resolving list of one controller.
#[derive(Default)]
pub(super) struct Resolving {
    devices: Vec<Device>,
    enabled: bool,
}

impl Resolving {
    /// A command that its controller may have refused: what is not known for certain accuses
    /// nobody, for each of them takes effect at once or changes nothing.
    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::LeAddToResolvingList { identity, peer_irk, .. } => {
                let has_irk = *peer_irk != Secret::new([0; 16]);
                if self.devices.iter().all(|device| device.identity != *identity) {
                    let device = Device { identity: *identity, has_irk, device_privacy: false };
                    self.devices.push(device);
                }
            }
            Command::LeRemoveFromResolvingList { identity } => {
                self.devices.retain(|device| device.identity != *identity);
            }
            Command::LeClearResolvingList => self.devices.clear(),
            Command::LeSetAddressResolutionEnable { enable } => self.enabled = *enable,
            Command::LeSetPrivacyMode { identity, device_privacy } => {
                for device in &mut self.devices {
                    if device.identity == *identity {
                        device.device_privacy = *device_privacy;
                    }
                }
            }
            _ => {}
        }
    }

    /// What is wrong with an answer to this scanner. While addresses are not resolved nobody is
    /// accused: stacks differ on what network privacy demands then.
    pub(super) fn served(&self, scanner: Address) -> Option<(&'static str, String)> {
        let hidden = |device: &Device| {
            device.identity == scanner && device.has_irk && !device.device_privacy
        };
        let wrong = self.enabled && self.devices.iter().any(hidden);
        wrong.then(|| ("LL-ADV-6", format!("answers the identity {scanner}, which ought to hide")))
    }
}

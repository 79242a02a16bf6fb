//! Own resolvable private addresses (Vol 3, Part C, 10.7.1): made by the host, changed in time, and
//! known again when a peripheral calls.

use ble::address::Address;
use ble::crypto::address::resolvable;
use ble::hci::Command;
use ble::secret::Secret;
use ble::time::Instant;

use super::config::OwnAddress;
use super::{CentralHost, Phase};

impl CentralHost {
    /// Another identity behind the private addresses, and the first of them.
    pub(super) fn new_key(&mut self, now: Instant) -> Address {
        self.irk = Secret::new(self.identity_stream.octets());
        self.new_private_address(now)
    }

    fn new_private_address(&mut self, now: Instant) -> Address {
        self.address_due.set(now, self.config.rpa_timeout);
        resolvable(&self.irk, self.identity_stream.octets())
    }

    /// Shows another private address from now on, once the last one is old enough. A controller
    /// takes it only while it neither scans nor connects.
    // GAP-RPA-2: private addresses change.
    pub(super) fn change_address_if_due(&mut self, now: Instant) {
        if self.config.address == OwnAddress::Resolvable && self.address_due.at() <= now {
            let address = self.new_private_address(now).octets;
            self.command(Command::LeSetRandomAddress { address });
        }
    }

    /// When a scan has to go on under another address.
    pub(super) fn address_deadline(&self) -> Option<Instant> {
        let shown = self.config.address == OwnAddress::Resolvable && self.phase == Phase::Scanning;
        Some(self.address_due.at()).filter(|due| shown && *due < Instant::MAX)
    }

    pub(super) fn change_address_while_scanning(&mut self, now: Instant) {
        if self.address_deadline().is_some_and(|due| due <= now) {
            self.command(Command::LeSetScanEnable { enable: false, filter_duplicates: false });
            self.change_address_if_due(now);
            self.scan();
        }
    }

    /// Has the controller know this device when a bonded peripheral calls it by a private address
    /// that is not the one shown.
    // LL-PRIV-1: target of directed advertising.
    pub(super) fn resolve_calls(&mut self) {
        let hides = self.config.address == OwnAddress::Resolvable;
        if !(hides && self.config.address_resolution) || self.bonds.is_empty() {
            return;
        }
        self.command(Command::LeSetAddressResolutionEnable { enable: false });
        self.command(Command::LeClearResolvingList);
        for bond in self.bonds.clone() {
            let identity = bond.peer;
            if !identity.is_identity() {
                continue;
            }
            let peer_irk = bond.irk.unwrap_or(Secret::new([0; 16]));
            let local_irk = self.irk.clone();
            self.command(Command::LeAddToResolvingList { identity, peer_irk, local_irk });
            self.command(Command::LeSetPrivacyMode { identity, device_privacy: true });
        }
        self.command(Command::LeSetAddressResolutionEnable { enable: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::rig::Rig;
    use crate::host::{HostConfig, Target};
    use ble::time::Duration;

    /// GAP-RPA-2: private addresses change, before a scan and during one, which goes on.
    #[test]
    fn a_private_address_changes_in_time() {
        let shown = |rig: &Rig| -> Vec<[u8; 6]> {
            let of = |command: &Command| match command {
                Command::LeSetRandomAddress { address } => Some(*address),
                _ => None,
            };
            rig.commands.iter().filter_map(of).collect()
        };
        let config = HostConfig {
            address: OwnAddress::Resolvable,
            rpa_timeout: Some(Duration::from_secs(60)),
            target: Target::Name("nobody".into()),
            ..HostConfig::default()
        };
        let mut rig = Rig::new(config.clone());
        rig.start();
        rig.run_until_ms(59_000);
        assert_eq!(shown(&rig).len(), 1);
        rig.run_until_ms(185_000);
        let all = shown(&rig);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1));
        let [.., off, address, _, on] = &rig.commands[..] else { panic!("{:?}", rig.commands) };
        assert!(matches!(off, Command::LeSetScanEnable { enable: false, .. }), "{off:?}");
        assert!(matches!(address, Command::LeSetRandomAddress { .. }), "{address:?}");
        assert!(matches!(on, Command::LeSetScanEnable { enable: true, .. }), "{on:?}");
        // One that never changes, and one that is nobody's.
        for other in [
            HostConfig { rpa_timeout: None, ..config.clone() },
            HostConfig { address: OwnAddress::Public, ..config },
        ] {
            let mut rig = Rig::new(other);
            rig.start();
            rig.run_until_ms(4_000_000);
            assert!(shown(&rig).len() <= 1, "{:?}", shown(&rig));
        }
    }
}

//! Advertising with legacy commands (Vol 4, Part E, 7.8.5 to 7.8.9), and under private addresses.

use ble::hci::{AdvertisingParameters, AdvertisingType, Command, FilterPolicy};
use ble::time::Instant;

use super::Endpoint;
use super::arbiter::Side;
use super::commands::{DONE, Reply, Verdict};

/// The parameters given to the peripheral's half, and whether it uses a private address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Advertising(Option<(AdvertisingParameters, bool)>);

impl Advertising {
    /// The half has taken these parameters, or will.
    pub(super) fn asked(&mut self, parameters: AdvertisingParameters, private: bool) {
        self.0 = Some((parameters, private));
    }

    /// Whether it looks at the accept list.
    pub(super) fn filters(&self) -> bool {
        self.0.as_ref().is_some_and(|(parameters, _)| parameters.filter != FilterPolicy::Any)
    }
}

impl Endpoint {
    pub(super) fn set_advertising_parameters(
        &mut self,
        now: Instant,
        parameters: AdvertisingParameters,
        private: bool,
    ) -> Verdict {
        let command = Command::LeSetAdvertisingParameters { parameters: parameters.clone() };
        self.halves.ask(now, Side::Peripheral, command)?;
        self.advertising.asked(parameters, private);
        DONE
    }

    pub(super) fn set_advertising_enable(&mut self, now: Instant, enable: bool) -> Verdict {
        if enable && !self.halves.is_advertising() {
            let _ = self.prepare_advertising(now);
        }
        let command = Command::LeSetAdvertisingEnable { enable };
        self.halves.command(now, Side::Peripheral, command);
        Ok(Reply::Half(Side::Peripheral))
    }

    /// Before advertising starts, or continues under new addresses: returns whether the local one
    /// is private.
    pub(super) fn prepare_advertising(&mut self, now: Instant) -> bool {
        self.privacy.advertises(now, false);
        let Some((parameters, hides)) = self.advertising.0.clone() else { return false };
        let private =
            if hides { self.privacy.own_for(&mut self.random, parameters.peer) } else { None };
        self.halves.show_own(private);
        let directed = matches!(
            parameters.kind,
            AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty
        );
        let target = if directed && hides {
            self.privacy.target(&mut self.random, parameters.peer)
        } else {
            None
        };
        self.halves.show_target(target);
        self.privacy.advertises(now, private.is_some());
        private.is_some()
    }

    /// Advertising continues under a new private address when the old one has expired.
    pub(super) fn rotate_address(&mut self, now: Instant) {
        if !self.privacy.rotates(now) {
            return;
        }
        let peer = self.advertising.0.as_ref().map(|(parameters, _)| parameters.peer);
        // If the key was removed the address stays: the identity must not be disclosed for that.
        if self.halves.is_advertising()
            && peer.is_some_and(|peer| self.privacy.own_for(&mut self.random, peer).is_some())
        {
            let _ = self.prepare_advertising(now);
            let goes_on = Command::LeSetAdvertisingEnable { enable: true };
            let _ = self.halves.ask(now, Side::Peripheral, goes_on);
        }
        self.rotate_set(now);
    }
}

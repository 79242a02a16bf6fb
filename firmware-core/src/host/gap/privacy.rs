//! Own resolvable private addresses (Vol 3, Part C, 10.7.1, 10.8.2): made by the host, a new one
//! whenever advertising starts and whenever the last one is old enough.

use crate::application::Application;
use crate::host::Host;
use ble::address::Address;
use ble::crypto::address::resolvable;
use ble::effect::{Effect, EffectId, Record};
use ble::hci::Command;
use ble::random::{Entropy, Purpose, Stream};
use ble::secret::Secret;
use ble::time::{Duration, Instant};

/// What the own Identity Resolving Key is stored under: between bonds and application.
pub(in crate::host) const SLOT: u8 = 15;

/// Number of the effect that stores it, which nobody else reaches.
pub(in crate::host) const STORED: EffectId = EffectId((1 << 31) - 1);

/// A host that is late still changes the address in time.
const EARLY: Duration = Duration::from_secs(1);

/// What the own addresses are made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::host) struct Privacy {
    irk: Option<Secret<16>>,
    /// Advertising is started anew for another address alone.
    rotates: bool,
    draws: Stream,
    /// When the address in use has to be another one; [`Instant::MAX`]: never.
    due: Instant,
}

impl Privacy {
    pub(in crate::host) fn new(entropy: &Entropy) -> Self {
        let draws = entropy.stream(Purpose::Identity);
        Self { irk: None, rotates: false, draws, due: Instant::MAX }
    }

    /// The key was found in storage.
    pub(in crate::host) fn loaded(&mut self, record: &Record) {
        self.irk = <[u8; 16]>::try_from(record.expose()).ok().map(Secret::new);
    }

    /// A new address, unless there is no key. It may be shown for so long at most.
    // GAP-RPA-2: private addresses change.
    fn next(&mut self, now: Instant, at_most: Duration) -> Option<Address> {
        let irk = self.irk.as_ref()?;
        let early = EARLY.min(Duration::from_us(at_most.as_us() / 8));
        self.due = (now + at_most).before(early);
        Some(resolvable(irk, self.draws.octets()))
    }

    /// Random bits of a private address, whoever it is of.
    pub(super) fn draw(&mut self) -> [u8; 3] {
        self.draws.octets()
    }

    /// Whether advertising is started anew for another address alone.
    pub(super) const fn is_rotating(&self) -> bool {
        self.rotates
    }

    /// The same, and that is over.
    pub(super) const fn has_rotated(&mut self) -> bool {
        core::mem::replace(&mut self.rotates, false)
    }

    /// When the address in use has to be another one.
    pub(in crate::host) fn due(&self) -> Option<Instant> {
        Some(self.due).filter(|due| *due < Instant::MAX)
    }
}

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// Has a key for private addresses, if there are to be any. It is kept for good, or bonded
    /// peers would know the device no longer.
    pub(in crate::host) fn prepare_privacy(&mut self) {
        if self.config.rpa_timeout_s.is_none() {
            return;
        }
        if self.privacy.irk.is_none() {
            let irk: [u8; 16] = self.privacy.draws.octets();
            self.privacy.irk = Some(Secret::new(irk));
            let record = Record::new(&irk);
            self.effect(Effect::Persist { id: STORED, slot: SLOT, record });
        }
        if let Some(irk) = &self.privacy.irk {
            self.smp.set_irk(irk.clone());
        }
    }

    /// The address under which advertising starts now.
    pub(super) fn own_address(&mut self, now: Instant) -> Address {
        let at_most = self.config.rpa_timeout_s.map(|s| Duration::from_secs(s.into()));
        let Some(private) = at_most.and_then(|at_most| self.privacy.next(now, at_most)) else {
            return self.config.address;
        };
        self.command(Command::LeSetRandomAddress { address: private.octets });
        private
    }

    /// When the address that is shown has to be another one.
    pub(in crate::host) fn privacy_deadline(&self) -> Option<Instant> {
        self.privacy.due().filter(|_| self.is_on_air())
    }

    /// Advertises under another address once the last one is old enough.
    pub(in crate::host) fn change_address_if_due(&mut self, now: Instant) {
        if self.privacy_deadline().is_some_and(|due| due <= now) {
            self.privacy.due = Instant::MAX;
            self.privacy.rotates = true;
            self.want_advertising();
        }
    }
}

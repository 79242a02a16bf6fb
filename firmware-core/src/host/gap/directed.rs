//! Directed connectable mode (Vol 3, Part C, 9.3.3): a bonded central that has left is called
//! alone.

use super::PairingMode;
use crate::application::Application;
use crate::config::ReconnectAdvertising;
use crate::host::att::{Pdu, TRANSACTION_TIMEOUT, opcode};
use crate::host::bonds::Bond;
use crate::host::calling::{Call, Resolution};
use crate::host::{Host, HostConnection};
use ble::address::Address;
use ble::crypto::address::{resolvable, resolves};
use ble::hci::{AdvertisingType, Handle};
use ble::secret::Secret;
use ble::time::{Duration, Instant};

/// Central Address Resolution, in the GAP Service of a central.
const ADDRESS_RESOLUTION: [u8; 2] = 0x2AA6_u16.to_le_bytes();

/// Duration of directed advertising with low duty cycle: TGAP(adv_fast_period). No other central
/// can connect meanwhile.
const LOW_DUTY: Duration = Duration::from_secs(30);

impl<A: Application, const LINKS: usize> Host<A, LINKS> {
    /// Whether to address a bonded central by a private address: it has an IRK, and it or this
    /// device uses private addresses.
    // LL-PRIV-1: target of directed advertising.
    fn is_called_privately(&self, on_air: Address, identity: Address) -> bool {
        let bond = self.smp.bonds().find(|bond| bond.identity == identity);
        let irk = bond.and_then(|bond| bond.irk.as_ref());
        let keyed = irk.is_some_and(|irk| *irk != Secret::new([0; 16]));
        keyed && (on_air.is_resolvable() || self.config.rpa_timeout_s.is_some())
    }

    /// Asks a bonded central whether it resolves the target of directed advertising, where that
    /// will matter. Once in a connection.
    // GAP-CAR-1: who is called by a private address.
    pub(in crate::host) fn ask_for_resolution(&mut self, now: Instant, handle: Handle) {
        let Some(identity) = self.smp.bond_of(handle).map(|bond| bond.identity) else { return };
        let wanted = self.config.reconnect_advertising != ReconnectAdvertising::Undirected;
        let find = |c: &&HostConnection| c.handle == handle;
        let Some(on_air) = self.connections.iter().flatten().find(find).map(|c| c.on_air) else {
            return;
        };
        if !wanted || !self.is_called_privately(on_air, identity) {
            return;
        }
        let Some(connection) = self.connection(handle) else { return };
        if connection.resolution != Resolution::Unasked || connection.bearer.is_dead() {
            return;
        }
        let [low, high] = ADDRESS_RESOLUTION;
        let request = [opcode::READ_BY_TYPE_REQ, 0x01, 0x00, 0xFF, 0xFF, low, high];
        let sent = Pdu::from_slice(&request).ok().and_then(|pdu| connection.send_att(&pdu));
        if sent.is_some() {
            connection.resolution.ask(now + TRANSACTION_TIMEOUT);
        }
    }

    /// A bonded central has disconnected: advertising is directed to it from the next start on, if
    /// it can be.
    pub(super) fn call_back(&mut self, now: Instant, left: &HostConnection) {
        let resolves_targets = left.resolution == Resolution::Answered(true);
        // GAP-RPA-1: private addresses are resolved.
        let is_it = |bond: &&Bond| {
            let irk = bond.irk.as_ref();
            bond.identity == left.peer || irk.is_some_and(|irk| resolves(irk, left.on_air))
        };
        let peer = self.smp.bonds().find(is_it).map(|bond| bond.identity);
        self.gap.calls.end();
        let Some(peer) = peer else { return };
        let private = self.is_called_privately(left.on_air, peer);
        let until = match self.config.reconnect_advertising {
            ReconnectAdvertising::Undirected => return,
            ReconnectAdvertising::DirectedLow => Some(now + LOW_DUTY),
            ReconnectAdvertising::DirectedHigh => None,
        };
        // GAP-CAR-1: who is called by a private address.
        self.gap.calls.plan((resolves_targets || !private).then_some(Call {
            peer,
            private,
            until,
        }));
    }

    /// The kind of directed advertising that starts now, and its target.
    pub(super) fn called(&mut self, now: Instant) -> Option<(AdvertisingType, Address, Address)> {
        let Call { peer, private, until } = self.gap.calls.next()?;
        let bond = self.smp.bonds().find(|bond| bond.identity == peer).cloned();
        let over = until.is_some_and(|until| until <= now);
        let open = self.gap.pairing_mode == PairingMode::Open;
        // LL-ADV-3: high duty cycle. It ends by itself, and is not begun anew.
        if until.is_none() || over || open || bond.is_none() {
            self.gap.calls.end();
        }
        let bond = bond.filter(|_| !over && !open)?;
        let kind = match until {
            Some(_) => AdvertisingType::DirectedLowDuty,
            None => AdvertisingType::DirectedHighDuty,
        };
        let target = match bond.irk.as_ref().filter(|_| private) {
            Some(irk) => resolvable(irk, self.privacy.draw()),
            None => peer,
        };
        Some((kind, peer, target))
    }

    /// When low duty cycle has lasted long enough.
    pub(in crate::host) fn call_deadline(&self) -> Option<Instant> {
        self.gap.calls.next()?.until.filter(|_| self.is_on_air())
    }

    /// Answers everybody again, as before, once a call has lasted long enough.
    pub(in crate::host) fn end_call_if_due(&mut self, now: Instant) {
        if self.call_deadline().is_some_and(|until| until <= now) {
            self.gap.calls.end();
            self.want_advertising();
        }
    }
}

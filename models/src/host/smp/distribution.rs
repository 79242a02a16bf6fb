//! Key distribution on the encrypted link: the responder's keys first (Vol 3, Part H, 3.6.1).

use ble::address::Address;
use ble::secret::Secret;
use ble::time::Instant;

use super::pdu::{AUTH_BONDING, KEY_ID, KEY_SIGN, Pdu, reason};
use super::{Initiator, Paired, SmpOutput, State};

/// The keys that the responder still owes, and those received.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Wanted {
    irk: bool,
    address: bool,
    csrk: bool,
    told_irk: Option<Secret<16>>,
    told_address: Option<Address>,
}

impl Initiator {
    pub(super) fn begin_distribution(&mut self, now: Instant) {
        // SMP-DIST-1: keys on an encrypted link.
        // The bits for LTK and link key mean nothing here: LESC derives both.
        let owed = self.request.responder_keys & self.response.responder_keys;
        self.wanted.irk = owed & KEY_ID != 0;
        self.wanted.address = owed & KEY_ID != 0;
        self.wanted.csrk = owed & KEY_SIGN != 0;
        self.state = State::Keys;
        self.deadline = Some(now + super::SMP_TIMEOUT);
        self.distribute_if_due(now);
    }

    pub(super) fn peer_distributes(&mut self, now: Instant, key: Pdu) {
        let wanted = &mut self.wanted;
        match key {
            Pdu::IdentityInformation(irk) if wanted.irk => {
                wanted.irk = false;
                wanted.told_irk = Some(irk).filter(|irk| *irk != [0; 16]).map(Secret::new);
            }
            Pdu::IdentityAddress(address) if wanted.address && !wanted.irk => {
                // SMP-DIST-4: identity address.
                if !address.is_identity() {
                    return self.fail(reason::INVALID_PARAMETERS);
                }
                wanted.address = false;
                wanted.told_address = Some(address);
            }
            Pdu::SigningInformation(_) if wanted.csrk && !wanted.address => wanted.csrk = false,
            _ => return self.fail(reason::UNSPECIFIED),
        }
        self.deadline = Some(now + super::SMP_TIMEOUT);
        self.distribute_if_due(now);
    }

    /// Sends the local keys when all of the responder's are received, which ends the pairing.
    fn distribute_if_due(&mut self, now: Instant) {
        // SMP-DIST-2: order of the keys.
        if self.wanted.irk || self.wanted.address || self.wanted.csrk {
            return;
        }
        // SMP-DIST-3: only keys that were agreed.
        let owed = self.request.initiator_keys & self.response.initiator_keys;
        if owed & KEY_ID != 0 {
            self.send(now, Pdu::IdentityInformation(*self.parties.irk.expose()));
            self.send(now, Pdu::IdentityAddress(self.parties.identity));
        }
        if owed & KEY_SIGN != 0 {
            let csrk = self.draws.nonce();
            self.send(now, Pdu::SigningInformation(csrk));
        }
        self.state = State::Over;
        self.deadline = None;
        if let Some(ltk) = self.ltk.clone() {
            let bonding = self.request.auth & self.response.auth & AUTH_BONDING != 0;
            self.out.push_back(SmpOutput::Paired(Box::new(Paired {
                ltk,
                key_size: self.key_size(),
                authenticated: self.method.authenticated() && !self.debug_key,
                bonding: bonding && !self.debug_key,
                identity: self.wanted.told_address,
                irk: self.wanted.told_irk.clone(),
            })));
        }
    }
}

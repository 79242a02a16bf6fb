//! Authentication stages 1 and 2 (Vol 3, Part H, 2.3.5.6).

use ble::secret::Secret;
use ble::time::Instant;
use ble::ui::Ui;

use super::method::Method;
use super::pdu::{Pdu, reason};
use super::toolbox::{self, Check};
use super::{Initiator, SmpOutput, State};

/// A passkey has 20 bits, each with its own round of commitments.
// SMP-PASS-1: rounds of a passkey.
const ROUNDS: u8 = 20;

impl Initiator {
    pub(super) fn begin_stage_1(&mut self, now: Instant) {
        self.deadline = Some(now + super::SMP_TIMEOUT);
        match self.method {
            Method::JustWorks | Method::NumericComparison => self.state = State::Confirm,
            Method::InitiatorTypes => {
                self.state = State::Passkey;
                self.show(Ui::AskPasskey);
            }
            Method::InitiatorShows => {
                self.passkey = self.draws.passkey();
                self.show(Ui::ShowPasskey(self.passkey));
                self.begin_round(now);
            }
        }
    }

    /// The user typed a passkey; nothing happens if none was asked for.
    pub(crate) fn passkey_typed(&mut self, now: Instant, passkey: u32) {
        if self.state == State::Passkey {
            self.passkey = passkey;
            self.clear();
            self.begin_round(now);
        }
    }

    /// The user answered a comparison.
    pub(crate) fn comparison_answered(&mut self, now: Instant, equal: bool) {
        if self.state == State::Comparison {
            self.clear();
            if equal {
                self.begin_stage_2(now);
            } else {
                self.fail(reason::NUMERIC_COMPARISON_FAILED);
            }
        }
    }

    /// The user dismissed the dialog.
    pub(crate) fn cancelled(&mut self) {
        if self.dialog_open() || self.showing {
            self.fail(reason::PASSKEY_ENTRY_FAILED);
        }
    }

    /// The last argument of f4: a bit of the passkey, least significant first, or zero.
    fn commitment(&self) -> u8 {
        match self.method {
            Method::JustWorks | Method::NumericComparison => 0,
            Method::InitiatorTypes | Method::InitiatorShows => {
                let bit = self.passkey.checked_shr(u32::from(self.round)).unwrap_or(0) & 1;
                0x80 | u8::from(bit == 1)
            }
        }
    }

    fn begin_round(&mut self, now: Instant) {
        self.own_nonce = self.draws.nonce();
        self.state = State::Confirm;
        if let (Some(own), Some(peer)) = (self.own_key, self.peer_key) {
            // SMP-CONF-2: a random value fits its commitment.
            let confirm = toolbox::f4(&own.x, &peer.x, &self.own_nonce, self.commitment());
            self.send(now, Pdu::Confirm(confirm));
        }
    }

    pub(super) fn peer_confirm(&mut self, now: Instant, confirm: [u8; 16]) {
        self.peer_confirm = confirm;
        if matches!(self.method, Method::JustWorks | Method::NumericComparison) {
            self.own_nonce = self.draws.nonce();
        }
        self.state = State::Random;
        self.send(now, Pdu::Random(self.own_nonce));
    }

    pub(super) fn peer_random(&mut self, now: Instant, nonce: [u8; 16]) {
        let (Some(own), Some(peer)) = (self.own_key, self.peer_key) else {
            return self.fail(reason::UNSPECIFIED);
        };
        self.peer_nonce = nonce;
        let expected = toolbox::f4(&peer.x, &own.x, &nonce, self.commitment());
        // SMP-CONF-1: confirm values are checked.
        if Secret::new(expected) != Secret::new(self.peer_confirm) {
            return self.fail(reason::CONFIRM_VALUE_FAILED);
        }
        match self.method {
            Method::JustWorks => self.begin_stage_2(now),
            Method::NumericComparison => {
                let number = toolbox::g2(&own.x, &peer.x, &self.own_nonce, &nonce);
                self.state = State::Comparison;
                self.show(Ui::CompareNumber(number % 1_000_000));
            }
            Method::InitiatorTypes | Method::InitiatorShows => {
                if self.round.saturating_add(1) < ROUNDS {
                    self.round += 1;
                    self.begin_round(now);
                } else {
                    self.clear();
                    self.begin_stage_2(now);
                }
            }
        }
    }

    /// r of f6: the passkey as 128 bits, least significant octet first; zero without one.
    fn passkey_octets(&self) -> [u8; 16] {
        match self.method {
            Method::JustWorks | Method::NumericComparison => [0; 16],
            Method::InitiatorTypes | Method::InitiatorShows => {
                u128::from(self.passkey).to_le_bytes()
            }
        }
    }

    pub(super) fn begin_stage_2(&mut self, now: Instant) {
        let Some(secret) = self.shared_secret.clone() else {
            self.state = State::SharedSecret;
            return;
        };
        let (local, peer) = (self.parties.local, self.parties.peer);
        let (mac_key, ltk) = toolbox::f5(&secret, &self.own_nonce, &self.peer_nonce, local, peer);
        let check = Check {
            nonces: (&self.own_nonce, &self.peer_nonce),
            r: self.passkey_octets(),
            io_cap: self.request.io_cap(),
            addresses: (local, peer),
        };
        let check = toolbox::f6(&mac_key, &check);
        self.mac_key = Some(mac_key);
        self.ltk = Some(ltk);
        self.state = State::DhKeyCheck;
        self.send(now, Pdu::DhKeyCheck(check));
    }

    pub(super) fn peer_check(&mut self, check: [u8; 16]) {
        let (Some(mac_key), Some(ltk)) = (&self.mac_key, self.ltk.clone()) else {
            return self.fail(reason::UNSPECIFIED);
        };
        let expected = Check {
            nonces: (&self.peer_nonce, &self.own_nonce),
            r: self.passkey_octets(),
            io_cap: self.response.io_cap(),
            addresses: (self.parties.peer, self.parties.local),
        };
        // SMP-DHK-1: DHKey checks.
        if Secret::new(toolbox::f6(mac_key, &expected)) != Secret::new(check) {
            return self.fail(reason::DHKEY_CHECK_FAILED);
        }
        let ltk = shortened(&ltk, self.key_size());
        self.ltk = Some(ltk.clone());
        self.state = State::Encryption;
        self.deadline = None;
        self.out.push_back(SmpOutput::Encrypt(ltk));
    }
}

/// Masks a key to `size` octets: the most significant ones become zero (2.4.2.1).
fn shortened(key: &Secret<16>, size: u8) -> Secret<16> {
    let mut octets = *key.expose();
    octets.iter_mut().skip(usize::from(size)).for_each(|octet| *octet = 0);
    Secret::new(octets)
}

//! The interface of the Security Manager: inputs, the connections that they concern, and the order
//! of steps.

use super::command::{Command, Reason, Unreadable};
use super::draws::Draws;
use super::link::{Context, Peer, ROOM_TO_RECEIVE, Shared, SmpLink};
use super::outcome::{self, Finder};
use super::state::{self, DhKey, Failure, State, Step};
use super::storing::{Report, Storing};
use super::{SmpConfig, SmpOutput, encryption, exchange, negotiate, numeric, passkey, policy};
use crate::config::Passkey;
use crate::host::bonds::{Bond, Bonds};
use ble::address::Address;
use ble::armed::{Armed, Tell, What};
use ble::effect::{Completion, EffectId, PublicKey, Record};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Handle;
use ble::invariant::Invariant;
use ble::log::{Line, SecurityError, Severity};
use ble::random::Entropy;
use ble::secret::Secret;
use ble::time::Instant;

/// Pairing, keys and bonds of up to `LINKS` connections and `BONDS` (at most 16) bonded peers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecurityManager<const LINKS: usize, const BONDS: usize> {
    pub(super) shared: Shared,
    pub(super) bonds: Bonds<BONDS>,
    storing: Storing<BONDS>,
    links: heapless::Vec<SmpLink, LINKS>,
}

impl<const LINKS: usize, const BONDS: usize> SecurityManager<LINKS, BONDS> {
    /// A manager without bonds; give it the [`Completion::Loaded`] records, then start it.
    #[must_use]
    // Built in place: as a separate function it would be built on the stack and moved.
    #[inline(always)]
    pub fn new(config: SmpConfig, entropy: &Entropy) -> Self {
        Self {
            shared: Shared::new(config, Draws::new(entropy)),
            bonds: Bonds::new(),
            storing: Storing::new(),
            links: heapless::Vec::new(),
        }
    }

    /// Requests the first key pair, so that it is ready when a pairing begins.
    pub fn start(&mut self, _now: Instant) {
        if matches!(self.shared.config.passkey, Passkey::Static(_)) {
            self.shared.log(Severity::Warning, "BLE_Main", Line::StaticPasskeyWarning);
        }
        self.shared.renew_key_pair();
    }

    /// A connection with these on-air addresses; `identity` if the controller resolved the
    /// peer's. A private address that it did not resolve is tried with the keys of the bonds.
    pub fn connected(
        &mut self,
        _now: Instant,
        handle: Handle,
        local: Address,
        peer: Address,
        identity: Option<Address>,
    ) {
        self.links.retain(|link| link.peer.handle != handle);
        let identity = identity.or_else(|| self.bonds.resolve(peer));
        let peer = Peer {
            handle,
            local,
            on_air: peer,
            identity,
            level: 1,
            key_size: 0,
            proven: false,
            key: None,
            offered: None,
            shown: false,
            deadline: None,
        };
        let placed = self.links.push(SmpLink { peer, state: State::Idle });
        self.shared.broken.check(Invariant::SecurityPlacesFit, placed.is_ok());
    }

    /// The connection is over. If pairing, encryption or a local Security Request was pending, its
    /// failure ([`SecurityError::Unspecified`]) is reported now, before the disconnection is
    /// reported to the application.
    pub fn disconnected(&mut self, _now: Instant, handle: Handle, _reason: ErrorCode) {
        let Some(index) = self.links.iter().position(|link| link.peer.handle == handle) else {
            return;
        };
        let link = self.links.swap_remove(index);
        let dead =
            |sent: &SmpOutput| matches!(sent, SmpOutput::Send { handle: h, .. } if *h == handle);
        self.shared.outputs.retain(|output| !dead(output));
        outcome::lost(&link, &mut self.shared);
    }

    /// A payload of the Security Manager channel. It is dropped while there might be no room for
    /// the answer: a peer that floods without acknowledging only harms itself.
    pub fn received(&mut self, now: Instant, handle: Handle, pdu: &[u8]) {
        if self.shared.outputs.len() > ROOM_TO_RECEIVE {
            return;
        }
        let command = Command::parse(pdu);
        self.step(now, handle, |state, cx| {
            let command = match command {
                Ok(command) => command,
                Err(Unreadable::Unknown) => return Ok(state),
                Err(Unreadable::Malformed) if !state.is_pairing() => return Ok(state),
                Err(_) if matches!(state, State::Blocked) => return Ok(state),
                Err(_) => {
                    // SMP-PDU-2: invalid parameters.
                    return Err(Reason::INVALID_PARAMETERS.because(PeerMisbehaved::WrongLength));
                }
            };
            match command {
                Command::Failed(reason) => Ok(failed_by_peer(state, reason, cx)),
                command => state::step(state, command, cx),
            }
        });
    }

    /// LE Long Term Key Request.
    pub fn ltk_request(&mut self, now: Instant, handle: Handle, rand: u64, ediv: u16) {
        self.step(now, handle, |state, cx| Ok(encryption::request(state, rand, ediv, cx)));
    }

    /// Encryption Change: encryption was switched on or off, or the attempt has failed.
    pub fn encryption_changed(
        &mut self,
        now: Instant,
        handle: Handle,
        status: ErrorCode,
        enabled: bool,
    ) {
        self.step(now, handle, |state, cx| encryption::changed(state, status, enabled, cx));
    }

    /// Encryption Key Refresh Complete.
    pub fn key_refreshed(&mut self, now: Instant, handle: Handle, status: ErrorCode) {
        self.encryption_changed(now, handle, status, true);
    }

    /// Slow work is done, or a record was found at boot. Answers to effects that are not this
    /// manager's must not be given to it.
    pub fn completed(&mut self, now: Instant, completion: Completion) {
        match completion {
            Completion::PublicKey { id, key } => self.public_key(now, id, key),
            Completion::SharedSecret { id, secret } => self.shared_secret(now, id, secret),
            Completion::Persisted { id, ok } => {
                self.storing.answered(id, ok, &self.bonds, &mut self.shared);
            }
            Completion::Loaded { slot, record } => self.loaded(slot, &record),
            Completion::Damaged => {
                self.storing.damaged();
                let what = "Reading bonds (delete all of them to begin anew)";
                let line = Line::ProcedureFailed { what, error: ErrorCode::INVALID_PARAMETERS };
                self.shared.log(Severity::Error, "bt_smp", line);
            }
        }
    }

    fn public_key(&mut self, now: Instant, id: EffectId, key: Option<PublicKey>) {
        if !self.shared.own.computed(id, key) {
            // Out of range (one in 2³²) or not asked for: draw again unless one is under way.
            self.shared.renew_key_pair();
            return;
        }
        let waits = |link: &&SmpLink| matches!(link.state, State::OwnKey(..));
        let Some(handle) = self.links.iter().find(waits).map(|link| link.peer.handle) else {
            return;
        };
        self.step(now, handle, |state, cx| match state {
            State::OwnKey(terms, peer) => exchange::public_key(terms, peer, cx),
            state => Ok(state),
        });
    }

    fn shared_secret(&mut self, now: Instant, id: EffectId, secret: Option<Secret<32>>) {
        // SMP-KEY-1: a valid public key.
        let waits = |link: &mut SmpLink| link.state.exchange_of(id).is_some();
        let Some(handle) =
            self.links.iter_mut().find_map(|link| waits(link).then_some(link.peer.handle))
        else {
            return;
        };
        self.step(now, handle, |mut state, cx| {
            let Some(secret) = secret else {
                let violation = PeerMisbehaved::SmpBadPublicKey;
                return Err(Reason::DHKEY_CHECK_FAILED.because(violation));
            };
            if let Some(exchange) = state.exchange_of(id) {
                exchange.dhkey = DhKey::Ready(secret);
            }
            match state {
                State::Check(exchange, proof, Some(value)) => {
                    super::check::verify(exchange, proof, value, cx)
                }
                state => Ok(state),
            }
        });
    }

    fn loaded(&mut self, slot: u8, record: &Record) {
        let twice = |bond: &Bond| self.bonds.find(bond.identity).is_some();
        let stored = Bond::from_record(slot, record)
            .filter(|bond| !twice(bond))
            .is_some_and(|bond| self.bonds.put(bond));
        if stored {
            self.shared.emit(SmpOutput::BondsChanged);
        } else {
            let error = ErrorCode::INVALID_PARAMETERS;
            let line = Line::ProcedureFailed { what: "Reading a stored bond", error };
            self.shared.log(Severity::Warning, "bt_smp", line);
        }
    }

    /// The user typed a passkey (above 999,999: gave up).
    pub fn passkey_entered(&mut self, now: Instant, passkey: u32) {
        let asks = |link: &&SmpLink| matches!(link.state, State::Entry(..));
        let Some(handle) = self.links.iter().find(asks).map(|link| link.peer.handle) else {
            return;
        };
        self.step(now, handle, |state, cx| match state {
            State::Entry(exchange, first) => passkey::entered(exchange, first, passkey, cx),
            state => Ok(state),
        });
    }

    /// The user compared the numbers.
    pub fn numeric_confirmed(&mut self, now: Instant, yes: bool) {
        let asks = |link: &&SmpLink| matches!(link.state, State::Comparison(..));
        let Some(handle) = self.links.iter().find(asks).map(|link| link.peer.handle) else {
            return;
        };
        self.step(now, handle, |state, cx| match state {
            State::Comparison(exchange, comparison) => {
                numeric::confirmed(exchange, comparison, yes, cx)
            }
            state => Ok(state),
        });
    }

    /// Asks the central for security by a Security Request, unless pairing or encryption is under
    /// way or the peer has recently failed to authenticate.
    pub fn request_security(&mut self, now: Instant, handle: Handle) {
        self.step(now, handle, |state, cx| {
            // SMP-SEC-1: no Security Request while pairing.
            if !matches!(state, State::Idle) || cx.peer.offered.is_some() || cx.has_to_wait() {
                return Ok(state);
            }
            let auth = negotiate::auth_req(cx.shared, matches!(policy::right(cx), Ok(Some(_))));
            cx.send(&Command::SecurityRequest(auth));
            Ok(State::Requested)
        });
    }

    /// The Identity Resolving Key that peers get from now on.
    pub fn set_irk(&mut self, irk: Secret<16>) {
        self.shared.config.irk = irk;
    }

    /// Pairing mode: any central may bond, regardless of the configuration. A pairing that has
    /// begun in it continues after its end.
    pub const fn set_bondable(&mut self, on: bool) {
        self.shared.config.bondable = on;
    }

    /// Forgets all bonds, in storage too ([`SmpOutput::BondsDeleted`] when it has them no more).
    /// Connections stay up, but their keys are deleted.
    pub fn delete_all_bonds(&mut self, _now: Instant) {
        let mut slots = 0;
        while let Some(bond) = self.bonds.take_first() {
            slots |= 1 << bond.slot;
        }
        self.storing.deleted(slots, &self.bonds, &mut self.shared);
        for link in &mut self.links {
            let peer = &mut link.peer;
            (peer.key, peer.proven) = (None, false);
            if let Some(offer) = &mut peer.offered {
                offer.bonded = false;
            }
            // A bond whose keys are being distributed would return immediately.
            if link.state.is_distributing() {
                (link.state, peer.deadline) = (State::Blocked, None);
                let handle = peer.handle;
                self.shared.emit(SmpOutput::PairingEnded { handle, bonded: false });
                self.shared.renew_key_pair();
            }
        }
        self.shared.emit(SmpOutput::BondsChanged);
    }

    /// Stores a bonded client's configurations, and whether it `knows` the present table. Does
    /// nothing without a change, or before the client has proved by encryption that it has the
    /// bond's key.
    pub fn set_cccd(&mut self, handle: Handle, cccd: u16, knows: bool) {
        // GATT-CCCD-2: subscriptions are kept with the bond.
        let proven = self.peer(handle).filter(|peer| peer.proven);
        let Some(identity) = proven.and_then(|peer| peer.identity) else {
            return;
        };
        let database = self.shared.config.database;
        let Some(bond) = self.bonds.find_mut(identity) else {
            return;
        };
        let known = if knows { database } else { bond.known };
        if (bond.cccd, bond.configured, bond.known) == (cccd, database, known) {
            return;
        }
        (bond.cccd, bond.configured, bond.known) = (cccd, database, known);
        let slot = bond.slot;
        self.storing.changed(slot, Report::default(), &self.bonds, &mut self.shared);
    }

    /// To be called at [`SecurityManager::deadline`] or later.
    pub fn timer(&mut self, now: Instant) {
        for link in &mut self.links {
            if link.peer.deadline.is_some_and(|deadline| deadline <= now) {
                let bonds = (&mut self.bonds, &mut self.storing);
                outcome::timed_out(link, &mut self.shared, bonds, now);
            }
        }
    }

    /// Reports pairings, encryptions and what is being stored; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        for link in self.links.iter().filter(|link| link.is_pending()) {
            report(Armed { what: What::Security, until: link.peer.deadline });
        }
        if self.storing.is_busy() {
            report(Armed::open(What::Work));
        }
    }

    /// When the next transaction timeout ends.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = self.links.iter().map(|link| link.peer.deadline);
        deadlines.fold(None, Instant::earlier)
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been.
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.shared.broken.take()
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<SmpOutput> {
        self.shared.outputs.pop()
    }

    fn peer(&self, handle: Handle) -> Option<&Peer> {
        self.links.iter().map(|link| &link.peer).find(|peer| peer.handle == handle)
    }

    /// Security level, 1–4; 1 for a connection that does not exist.
    #[must_use]
    pub fn level(&self, handle: Handle) -> u8 {
        self.peer(handle).map_or(1, |peer| peer.level)
    }

    /// Octets of the encryption key that count; 0 without encryption.
    #[must_use]
    pub fn key_size(&self, handle: Handle) -> u8 {
        self.peer(handle).map_or(0, |peer| peer.key_size)
    }

    /// Whether pairing is under way: from Pairing Request or the local Security Request until
    /// encryption and key distribution are over, or it has failed; also while a bonded central's
    /// encryption is starting.
    #[must_use]
    pub fn is_pairing(&self, handle: Handle) -> bool {
        self.links.iter().any(|link| link.peer.handle == handle && link.is_pending())
    }

    /// Whether encryption is on and the peer's keys are still to come.
    #[must_use]
    pub fn is_distributing(&self, handle: Handle) -> bool {
        self.links.iter().any(|link| link.peer.handle == handle && link.state.is_distributing())
    }

    /// Whether the link is encrypted with the key of the peer's bond.
    #[must_use]
    pub fn is_proven(&self, handle: Handle) -> bool {
        self.peer(handle).is_some_and(|peer| peer.proven)
    }

    /// All bonds, by slot.
    pub fn bonds(&self) -> impl Iterator<Item = &Bond> {
        self.bonds.iter()
    }

    /// The bond of a connection's peer.
    #[must_use]
    pub fn bond_of(&self, handle: Handle) -> Option<&Bond> {
        self.peer(handle)?.identity.and_then(|identity| self.bonds.find(identity))
    }

    /// Slots of the bonds that links other than this one are encrypted with, a bit each.
    fn in_use_beside(&self, handle: Handle) -> u16 {
        let others = self.links.iter().map(|link| &link.peer).filter(|peer| peer.handle != handle);
        let identities = others.filter(|peer| peer.proven).filter_map(|peer| peer.identity);
        let slots = identities.filter_map(|identity| self.bonds.find(identity)).map(|b| b.slot);
        slots.fold(0, |bits, slot| bits | 1 << slot)
    }

    /// Consumes a connection's state, and puts the next one in its place; a failure ends the
    /// pairing.
    fn step(
        &mut self,
        now: Instant,
        handle: Handle,
        work: impl FnOnce(State, &mut Context<'_, BONDS>) -> Step,
    ) {
        let elsewhere = |link: &SmpLink| link.peer.handle != handle && link.state.is_pairing();
        let busy = self.links.iter().any(elsewhere);
        let in_use = self.in_use_beside(handle);
        let Some(link) = self.links.iter_mut().find(|link| link.peer.handle == handle) else {
            return;
        };
        let state = core::mem::replace(&mut link.state, State::Idle);
        let distributing = state.is_distributing();
        let Self { shared, bonds, storing, .. } = self;
        let peer = &mut link.peer;
        let mut cx = Context { now, peer, shared, bonds, storing, busy, in_use };
        link.state = match work(state, &mut cx) {
            Ok(next) => next,
            Err(failure) => outcome::fail(distributing, failure, Finder::Local, &mut cx),
        };
    }
}

/// The peer ends the pairing, or refuses the local Security Request.
fn failed_by_peer<const B: usize>(state: State, reason: Reason, cx: &mut Context<'_, B>) -> State {
    match state {
        State::Idle | State::Blocked => state,
        State::Requested => {
            cx.peer.deadline = None;
            let error: SecurityError = outcome::of_reason(reason);
            cx.shared.emit(SmpOutput::SecurityFailed { handle: cx.peer.handle, error });
            State::Idle
        }
        state => {
            let distributing = state.is_distributing();
            outcome::fail(distributing, Failure::from(reason), Finder::Remote, cx)
        }
    }
}

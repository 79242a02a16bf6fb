//! The host's state of a connection, and its outgoing data.

use std::collections::VecDeque;

use ble::address::Address;
use ble::hci::{Acl, ConnectionComplete, ConnectionParameters, Handle};
use ble::time::Instant;

use super::config::{HostConfig, Step};
use super::gatt::Client;
use super::l2cap::{self, Recombination};
use super::security::{Job, Security};
use super::smp::Initiator;
use super::steps::Running;

/// One connection, from LE Connection Complete to Disconnection Complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HostConnection {
    pub(super) handle: Handle,
    /// Peer's address as on air.
    pub(super) peer: Address,
    /// Local address as on air.
    pub(super) local: Address,
    pub(super) recombination: Recombination,
    pub(super) client: Client,
    pub(super) smp: Option<Initiator>,
    /// The Security Manager timed out: it is not used again on this connection.
    pub(super) smp_dead: bool,
    pub(super) pair_again: Option<Instant>,
    /// A bonded reconnection is encrypted then.
    pub(super) encrypt_at: Option<Instant>,
    pub(super) jobs: VecDeque<(Instant, Job)>,
    pub(super) security: Security,
    /// When security moved last; see `HostConfig::give_up`.
    pub(super) progress: Instant,
    pub(super) steps: VecDeque<Step>,
    /// Steps that wait for security while others go on.
    pub(super) waiting: Vec<Step>,
    /// Those that waited, now that there is security.
    pub(super) again: VecDeque<Step>,
    /// Pairings so far.
    pub(super) pairings: u8,
    pub(super) running: Option<Running>,
    pub(super) waits_for_encryption: bool,
    /// How often all was begun anew, because attributes have become others.
    pub(super) renewed: u8,
    /// That is due.
    pub(super) renews: bool,
    /// Disconnect was asked for.
    pub(super) closing: bool,
    /// Parameters to be set once the answer to the request for them has arrived.
    pub(super) granted: Option<ConnectionParameters>,
    fragment_length: usize,
    credits: u8,
    all_credits: u8,
    queue: VecDeque<Acl>,
}

impl HostConnection {
    pub(super) fn new(
        now: Instant,
        complete: &ConnectionComplete,
        config: &HostConfig,
        (length, count): (u16, u8),
    ) -> Self {
        Self {
            handle: complete.handle,
            peer: complete.peer,
            local: complete.local,
            recombination: Recombination::default(),
            client: Client::new(config.mtu),
            smp: None,
            smp_dead: false,
            pair_again: None,
            encrypt_at: None,
            jobs: VecDeque::new(),
            security: Security::None,
            progress: now,
            steps: config.steps.iter().cloned().collect(),
            waiting: Vec::new(),
            again: VecDeque::new(),
            pairings: 0,
            running: None,
            waits_for_encryption: false,
            renewed: 0,
            renews: false,
            closing: false,
            fragment_length: usize::from(length),
            granted: None,
            credits: count,
            all_credits: count,
            queue: VecDeque::new(),
        }
    }

    /// Queues a frame for the controller.
    pub(super) fn send(&mut self, cid: u16, payload: &[u8]) {
        self.queue.extend(l2cap::fragments(self.handle, cid, payload, self.fragment_length));
    }

    /// Whether packets wait for the controller.
    pub(super) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether all that the controller was given has arrived.
    pub(super) const fn has_all_credits(&self) -> bool {
        self.credits >= self.all_credits
    }

    /// Whether there are steps that have not begun, or must be repeated.
    pub(super) fn has_steps(&self) -> bool {
        !self.steps.is_empty() || !self.waiting.is_empty() || !self.again.is_empty()
    }

    /// Whether encryption is being started.
    pub(super) const fn is_securing(&self) -> bool {
        matches!(self.security, Security::Starting { .. })
    }

    /// The controller has room for `count` packets more.
    pub(super) fn completed(&mut self, count: u16) {
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        self.credits = self.credits.saturating_add(count);
    }

    /// The next packet that the controller has room for.
    pub(super) fn poll(&mut self) -> Option<Acl> {
        if self.credits == 0 {
            return None;
        }
        let packet = self.queue.pop_front()?;
        self.credits -= 1;
        Some(packet)
    }
}

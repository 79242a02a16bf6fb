//! The radio as the air sees it.

use super::super::air::{Burst, Mode};
use super::packet::{Incoming, Listening, Sent};
use super::{Radio, State, Use};

impl Radio {
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// Off at once; what was sent stays sent.
    pub(crate) fn switch_off(&mut self) {
        let sent = std::mem::take(&mut self.sent);
        *self = Self { sent, ..Self::new() };
    }

    /// After a reset: what was sent stays sent.
    pub(crate) fn follow(&mut self, before: &mut Self) {
        std::mem::swap(&mut self.sent, &mut before.sent);
    }

    /// A packet begins on air, or its address ends and its octets follow by [`Self::octets`].
    pub(crate) fn hear(&mut self, burst: Burst, rssi: u8, whole: bool) {
        self.heard.push(Incoming { burst, rssi, whole });
    }

    /// The coding indicator of the packet whose address ended last.
    pub(crate) fn coding(&mut self, mode: Mode) {
        if let Some(heard) = self.heard.last_mut().filter(|heard| heard.burst.mode.is_coded()) {
            heard.burst.mode = mode;
        }
    }

    /// The next octets of the packet that is being received: two, then the rest; all together on LE
    /// Coded.
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        let State::Receiving(packet) = &self.state else { return };
        let mut packet = packet.clone();
        let coded = packet.burst.mode.is_coded();
        packet.whole = coded || !packet.burst.octets.is_empty();
        packet.burst.octets.extend_from_slice(octets);
        if !packet.whole || coded {
            self.measure(&mut packet);
        }
        if coded {
            // Its octets are late, and no event may lie in the past.
            let all = packet.burst.octets.len();
            packet.end = packet.end.max(packet.burst.after(all));
            packet.air_end = packet.air_end.max(packet.burst.end());
            packet.payload_end = packet.end;
        }
        if packet.whole {
            let (octets, length) = self.taken(&packet.burst);
            self.verdict = Some(self.checks(octets.split_at(2 + length)));
        }
        self.state = State::Receiving(packet);
    }

    /// How many octets are to follow the two that are there.
    pub(crate) fn expected(&self) -> Option<u16> {
        match &self.state {
            State::Receiving(packet) if !packet.whole && !packet.burst.octets.is_empty() => {
                Some((self.taken(&packet.burst).0.len() - 2) as u16)
            }
            _ => None,
        }
    }

    /// Whether a packet is being received, or might be.
    pub(crate) fn receives(&self) -> bool {
        matches!(self.state, State::Receiving(_)) || !self.heard.is_empty()
    }

    /// What it is used for. A transmitter that is being switched off sends until it is off.
    pub(crate) fn is_used(&self) -> Use {
        match &self.state {
            State::Disabled | State::Disabling { sent: false, .. } => Use::Off,
            State::RampingUp { send: true, .. } | State::Idle { send: true } => Use::SendsSoon,
            State::RampingUp { send: false, .. } | State::Idle { send: false } => Use::ListensSoon,
            State::Sending(_) | State::Disabling { sent: true, .. } => Use::Sends(self.air_mode()),
            State::Listening { .. } | State::Receiving(_) => Use::Listens(self.air_mode()),
        }
    }

    /// The access address that it sends or receives at first.
    pub(crate) fn tuned_to(&self) -> u32 {
        self.access_address(0)
    }

    /// Where the packet that is being received goes.
    pub(crate) fn receives_into(&self) -> Option<u32> {
        matches!(self.state, State::Receiving(_)).then_some(self.latched)
    }

    /// PACKETPTR, which START takes.
    pub(crate) fn pointer(&self) -> u32 {
        self.pointer
    }

    /// Whether START would send immediately.
    pub(crate) fn may_send_at_once(&self) -> bool {
        matches!(self.state, State::Idle { send: true })
    }

    pub(crate) fn listening(&self) -> Option<Listening> {
        let State::Listening { since } = self.state else { return None };
        let (mode, frequency) = (self.air_mode(), self.megahertz());
        let access_address = self.access_address(self.receives_logical()?);
        Some(Listening { since, mode, frequency, access_address })
    }

    pub(crate) fn verdict(&mut self) -> Option<bool> {
        self.verdict.take()
    }
}

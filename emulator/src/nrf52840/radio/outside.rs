//! The radio as the air sees it.

use super::super::air::Burst;
use super::packet::{Incoming, Listening, Sent};
use super::{Radio, State};

impl Radio {
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// A packet begins on air, or its address ends and its octets follow by [`Self::octets`].
    pub(crate) fn hear(&mut self, burst: Burst, rssi: u8, whole: bool) {
        self.heard.push(Incoming { burst, rssi, whole });
    }

    /// The next octets of the packet that is being received: two, then the rest.
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        let State::Receiving(packet) = &self.state else { return };
        let mut packet = packet.clone();
        packet.whole = !packet.burst.octets.is_empty();
        packet.burst.octets.extend_from_slice(octets);
        if !packet.whole {
            let (octets, length) = self.taken(&packet.burst);
            packet.payload_end = packet.burst.after(2 + length);
            packet.end = packet.burst.after(octets.len());
        } else {
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

    /// Whether START would send at once.
    pub(crate) fn may_send_at_once(&self) -> bool {
        matches!(self.state, State::Idle { send: true })
    }

    pub(crate) fn listening(&self) -> Option<Listening> {
        let State::Listening { since } = self.state else { return None };
        let (mode, frequency) = (self.air_mode(), self.megahertz());
        Some(Listening { since, mode, frequency, access_address: self.access_address() })
    }

    pub(crate) fn verdict(&mut self) -> Option<bool> {
        self.verdict.take()
    }
}

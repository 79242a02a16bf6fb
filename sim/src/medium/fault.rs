//! Faults by meaning: "drop the second LL_ENC_RSP", "corrupt every tenth packet on channel 7".

use std::collections::VecDeque;
use std::fmt;

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use ble::pdu::control::Opcode;
use ble::pdu::data::{DataHeader, Llid};
use ble::radio::{AirPdu, Tag};
use ble::time::Instant;
use ble::trace::Trace;

use crate::node::NodeId;
use crate::random::Stream;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// An LL Control PDU, encrypted or not. An encrypted one is known only if its sender reports
    /// [`Trace::Queued`] for its tag.
    Control(Opcode),
    /// An advertising channel PDU of this type (0 ADV_IND, 3 SCAN_REQ, 4 SCAN_RSP, 5 CONNECT_IND).
    Advertising(u8),
    /// A data PDU with payload, not a control PDU.
    Data,
    /// A data PDU without payload.
    Empty,
}

/// Which packets a rule is about; what is `None` does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Pattern {
    /// The node that sends the packet.
    pub from: Option<NodeId>,
    /// What kind of packet it is.
    pub kind: Option<PacketKind>,
    /// Channel index, 0–39.
    pub channel: Option<u8>,
    /// World time of its start: from the first, before the second.
    pub during: Option<(Instant, Instant)>,
}

/// Which of the packets that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// Every transmission, repetitions included.
    All,
    /// The first transmission of the nth PDU, counted from 1. Repetitions do not count and pass.
    Nth(u32),
    /// The first so many transmissions of the nth PDU.
    NthTimes {
        /// Which PDU, counted from 1.
        nth: u32,
        /// How many of its transmissions.
        times: u32,
    },
    /// The nth PDU and all its repetitions.
    NthAndRepetitions(u32),
    /// Each transmission with this probability, in parts per million.
    Chance(u32),
}

/// What happens to a packet that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultEffect {
    /// No receiver sees it.
    Drop,
    /// So many random bits of payload and CRC arrive wrong (at least one).
    Corrupt {
        /// Bits that are drawn, 0 meaning 1; none is flipped twice. LE Coded: symbols before FEC.
        bits: u8,
    },
}

/// A fault: which packets it strikes, how, and at which receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultRule {
    /// What a packet must be to fit.
    pub when: Pattern,
    /// Which of the packets that fit are struck.
    pub which: Which,
    /// What happens to them.
    pub effect: FaultEffect,
    /// Only at this receiver; `None`: at all.
    pub at: Option<NodeId>,
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.effect {
            FaultEffect::Drop => f.write_str("drop ")?,
            FaultEffect::Corrupt { bits } => write!(f, "corrupt {bits} bits of ")?,
        }
        match self.which {
            Which::All => f.write_str("every ")?,
            Which::Nth(n) => write!(f, "number {n} of ")?,
            Which::NthTimes { nth, times } => write!(f, "{times} times number {nth} of ")?,
            Which::NthAndRepetitions(n) => write!(f, "number {n} and its repetitions of ")?,
            Which::Chance(ppm) => write!(f, "{ppm} in 10⁶ of ")?,
        }
        match self.when.kind {
            None => f.write_str("packet"),
            Some(PacketKind::Control(opcode)) => f.write_str(opcode.name()),
            Some(PacketKind::Advertising(kind)) => write!(f, "advertising PDU type {kind}"),
            Some(PacketKind::Data) => f.write_str("data PDU"),
            Some(PacketKind::Empty) => f.write_str("empty PDU"),
        }
    }
}

/// A fault that has struck one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Strike {
    pub(crate) effect: FaultEffect,
    pub(crate) at: Option<NodeId>,
}

/// A packet as the rules see it.
pub(crate) struct Candidate<'a> {
    pub(crate) from: NodeId,
    pub(crate) access_address: u32,
    pub(crate) channel: u8,
    pub(crate) at: Instant,
    pub(crate) pdu: &'a AirPdu,
    pub(crate) tag: Tag,
}

/// Names of queued control PDUs that are remembered.
const NAMES: usize = 64;

/// How often a rule has fitted.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Fitted {
    /// PDUs that have fitted, repetitions not counted.
    pdus: u32,
    /// Transmissions of the last of them.
    transmissions: u32,
}

/// The rules of a world, and how often each has fitted.
#[derive(Clone, Debug, Default, Hash)]
pub struct Faults {
    rules: Vec<(FaultRule, Fitted)>,
    /// Last PDU of each sender on each access address, with NESN and MD masked.
    last: Vec<(NodeId, u32, AirPdu)>,
    names: VecDeque<(NodeId, Tag, Opcode)>,
}

impl Faults {
    /// Adds a rule. The first rule that strikes a packet decides.
    pub fn add(&mut self, rule: FaultRule) -> &mut Self {
        self.rules.push((rule, Fitted::default()));
        self
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether there are no rules.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Learns the names of encrypted control PDUs.
    pub(crate) fn learn(&mut self, node: NodeId, trace: &Trace) {
        if let Trace::Queued { tag, opcode: Some(opcode), .. } = trace
            && *tag != 0
        {
            if self.names.len() == NAMES {
                self.names.pop_front();
            }
            self.names.push_back((node, *tag, *opcode));
        }
    }

    /// What strikes a packet that goes on air, with the rule's text.
    pub(crate) fn strike(
        &mut self,
        packet: &Candidate<'_>,
        chance: &mut Stream,
    ) -> Option<(Strike, String)> {
        if self.rules.is_empty() {
            return None;
        }
        let repeated = self.is_repetition(packet);
        let kind = self.kind(packet);
        let mut struck = None;
        for (rule, fitted) in &mut self.rules {
            if !rule.when.fits(packet, kind) {
                continue;
            }
            if !repeated {
                *fitted = Fitted { pdus: fitted.pdus.saturating_add(1), transmissions: 0 };
            }
            fitted.transmissions = fitted.transmissions.saturating_add(1);
            let hit = match rule.which {
                Which::All => true,
                Which::Nth(n) => fitted.pdus == n && !repeated,
                Which::NthTimes { nth, times } => {
                    fitted.pdus == nth && fitted.transmissions <= times
                }
                Which::NthAndRepetitions(n) => fitted.pdus == n,
                Which::Chance(ppm) => chance.chance_ppm(ppm),
            };
            if hit && struck.is_none() {
                struck = Some((Strike { effect: rule.effect, at: rule.at }, rule.to_string()));
            }
        }
        struck
    }

    fn is_repetition(&mut self, packet: &Candidate<'_>) -> bool {
        let mut masked = packet.pdu.clone();
        if packet.access_address == ADVERTISING_ACCESS_ADDRESS {
            return false;
        }
        masked.set_header(masked.header() & !(DataHeader::NESN | DataHeader::MD));
        let key = (packet.from, packet.access_address);
        match self.last.iter_mut().find(|(from, address, _)| (*from, *address) == key) {
            Some((_, _, last)) => {
                let same = *last == masked;
                *last = masked;
                same
            }
            None => {
                self.last.retain(|(from, ..)| *from != packet.from);
                self.last.push((packet.from, packet.access_address, masked));
                false
            }
        }
    }

    fn kind(&self, packet: &Candidate<'_>) -> PacketKind {
        let header = packet.pdu.header();
        if packet.access_address == ADVERTISING_ACCESS_ADDRESS {
            return PacketKind::Advertising(header & 0x0F);
        }
        let named = || {
            let mut names = self.names.iter().rev();
            names.find(|(node, tag, _)| (*node, *tag) == (packet.from, packet.tag))
        };
        match (DataHeader::from_octet(header).llid, packet.pdu.payload().first()) {
            (_, None) => PacketKind::Empty,
            (Llid::Control, Some(first)) => {
                PacketKind::Control(named().map_or(Opcode(*first), |(_, _, opcode)| *opcode))
            }
            (_, Some(_)) => PacketKind::Data,
        }
    }
}

impl Pattern {
    fn fits(&self, packet: &Candidate<'_>, kind: PacketKind) -> bool {
        self.from.is_none_or(|from| from == packet.from)
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.channel.is_none_or(|channel| channel == packet.channel)
            && self.during.is_none_or(|(from, until)| packet.at >= from && packet.at < until)
    }
}

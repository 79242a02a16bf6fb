//! The cut between the link layer and a radio: the core emits [`RadioCommand`]s and takes
//! [`RadioEvent`]s. A chip executes them with RADIO, TIMER and PPI; the simulator on its medium.
//!
//! One operation is under way at a time. A new command replaces it: a reception under way is
//! aborted without an event; a transmission under way is completed first. All instants are on the
//! node's sleep clock. T_IFS is measured by the radio's own (active) clock, which is why replies
//! carry no instant.

use octets::OctetVec;

use crate::phy::{Phy, TxPhy};
use crate::time::Instant;

/// Header plus payload (plus MIC) of one air packet, without access address and CRC.
pub const AIR_PDU_MAX: usize = 2 + 255;

/// One PDU as it goes on air before whitening: two header octets and up to 255 more.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct AirPdu {
    octets: OctetVec<AIR_PDU_MAX>,
}

impl AirPdu {
    /// Header octet 0 (its length octet is filled in) and payload.
    ///
    /// Returns `None` when the payload is longer than 255 octets.
    #[must_use]
    pub fn new(header: u8, payload: &[u8]) -> Option<Self> {
        let mut pdu = Self::default();
        pdu.fill(header, payload)?;
        Some(pdu)
    }

    /// Becomes what [`Self::new`] makes of these, where it lies.
    ///
    /// Returns `None`, and stays as it is, when the payload is longer than 255 octets.
    pub fn fill(&mut self, header: u8, payload: &[u8]) -> Option<()> {
        let length = u8::try_from(payload.len()).ok()?;
        self.octets.truncate(0);
        self.octets.extend_from_slice(&[header, length]).ok()?;
        self.octets.extend_from_slice(payload).ok()
    }

    /// From octets as received: the length octet need not agree with the number of octets.
    /// Returns `None` when there are fewer than two or more than [`AIR_PDU_MAX`].
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        if octets.len() < 2 {
            return None;
        }
        Some(Self { octets: OctetVec::from_slice(octets).ok()? })
    }

    /// Room for any packet, for a radio that writes there by itself: all of it, with octets of no
    /// meaning. [`Self::truncate`] follows.
    pub fn room(&mut self) -> &mut [u8] {
        self.octets = OctetVec::zeros();
        &mut self.octets
    }

    /// Keeps the first `octets`, header included, and at least the header.
    pub fn truncate(&mut self, octets: usize) {
        self.octets.truncate(octets.max(2));
    }

    /// Header octet 0.
    #[must_use]
    pub fn header(&self) -> u8 {
        self.octets.first().copied().unwrap_or(0)
    }

    /// Replaces header octet 0 (SN, NESN and MD change from one transmission to the next).
    pub fn set_header(&mut self, header: u8) {
        if let Some(first) = self.octets.first_mut() {
            *first = header;
        }
    }

    /// What follows the header.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.octets.get(2..).unwrap_or(&[])
    }

    /// Number of octets after the header.
    #[must_use]
    pub fn payload_len(&self) -> u16 {
        u16::try_from(self.octets.len().saturating_sub(2)).unwrap_or(u16::MAX)
    }

    /// Header and payload.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl core::fmt::Debug for AirPdu {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AirPdu(")?;
        for octet in &self.octets {
            write!(f, "{octet:02x}")?;
        }
        f.write_str(")")
    }
}

/// Where the radio is tuned and how it frames: constant within one connection event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tuning {
    /// Channel index 0–39 (37–39 are the primary advertising channels); also the whitening seed.
    pub channel: u8,
    /// Access address of the packets that are sent and received.
    pub access_address: u32,
    /// CRC register preset, 24 bits.
    pub crc_init: u32,
}

/// Names a queued PDU so that a record of its transmission can point at what caused it. Zero:
/// nothing in particular (an empty PDU, an advertisement).
pub type Tag = u32;

/// What a receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receiver {
    /// PHY of the packets that it takes; on LE Coded, either coding.
    pub phy: Phy,
    /// Most octets after the header, MIC included. A longer packet is received for its whole
    /// length and reported with a wrong CRC, and no more of it than this need be there.
    pub longest: u8,
}

impl Receiver {
    /// Packets of any length.
    #[must_use]
    pub const fn any(phy: Phy) -> Self {
        Self { phy, longest: u8::MAX }
    }
}

/// What the radio does after a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AfterTransmit {
    /// Listen for a packet that starts T_IFS after the end of this transmission.
    Receive(Receiver),
    /// Switch off: the operation is over.
    Stop,
}

/// What the core wants its radio to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RadioCommand {
    /// Send a packet whose first bit is on air at `at`.
    Transmit {
        /// Start of the preamble, on the sleep clock.
        at: Instant,
        /// Channel and framing.
        tuning: Tuning,
        /// PHY and coding.
        phy: TxPhy,
        /// What to send.
        pdu: AirPdu,
        /// What caused it.
        tag: Tag,
        /// What the radio does once the packet has left.
        then: AfterTransmit,
    },
    /// Listen for one packet that starts within `from..=until`. The radio leaves the receiver on
    /// beyond `until` as long as a preamble and access address that started in time need.
    Receive {
        /// When the receiver must be ready, on the sleep clock.
        from: Instant,
        /// Latest start of a packet that is still of interest.
        until: Instant,
        /// Channel and framing.
        tuning: Tuning,
        /// PHY and length.
        receiver: Receiver,
    },
    /// Send T_IFS after the end of the packet that was received last, on the same channel and
    /// framing. Only valid as an answer to [`RadioEvent::Received`], before T_IFS is over.
    Reply {
        /// PHY and coding.
        phy: TxPhy,
        /// What to send.
        pdu: AirPdu,
        /// What caused it.
        tag: Tag,
        /// What the radio does once the packet has left.
        then: AfterTransmit,
    },
    /// Switch off (after a packet on air has ended).
    Stop,
}

/// What the radio reports to the core. Each started operation ends in exactly one `Received` or
/// `Missed`, or in `Transmitted` where nothing follows the transmission; `Transmitted` is reported
/// in any case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RadioEvent {
    /// A packet has left. Times are of its first and last bit.
    Transmitted {
        /// First bit of the preamble.
        start: Instant,
        /// Last bit of the CRC.
        end: Instant,
    },
    /// A packet with the right access address has arrived.
    Received {
        /// First bit of the preamble (an anchor point, for a peripheral).
        start: Instant,
        /// Last bit of the CRC.
        end: Instant,
        /// Header and payload as received, errors included if the CRC is wrong.
        pdu: AirPdu,
        /// Whether the CRC was right, and the packet no longer than [`Receiver::longest`].
        crc_ok: bool,
        /// Signal strength in dBm.
        rssi_dbm: i8,
    },
    /// The window closed and no access address was seen.
    Missed {
        /// When the receiver was switched off.
        at: Instant,
    },
}

//! What was seen of radio and hosts, from whatever source: a simulated world knows everything, a
//! capture of a sniffer little but the packets.

use ble::crypto::ccm::Direction;
use ble::hci::{Command, Event};
use ble::phy::TxPhy;
use ble::radio::AirPdu;
use ble::time::Instant;

/// Number of a device, in its world or capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// Number of what was seen, in the order in which it happened, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// How a packet arrived at one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reception {
    /// With a right CRC.
    Ok,
    /// With a wrong CRC.
    CrcError,
}

/// A packet that arrived somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Device that received it.
    pub node: NodeId,
    /// Whether the CRC was right there.
    pub how: Reception,
    /// Signal strength in dBm.
    pub rssi_dbm: i8,
    /// When its receiver was done with it: its last bit, or where its length arrived damaged,
    /// another time.
    pub at: Instant,
}

/// What is known of the receivers of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Nothing: the packet was seen by a third party.
    Unknown,
    /// All of them; empty: no node heard it.
    Known(Vec<Arrival>),
}

/// What became of the encryption of a payload before it came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Sealing {
    /// Nothing: the payload is as it was on air, and whether it is encrypted is still to be
    /// decided.
    #[default]
    AsOnAir,
    /// It was encrypted; the payload is plain, and its MIC, which was right, is not in it.
    Opened,
    /// It is encrypted, and the key is not known.
    Sealed,
}

/// What a capture reader that followed a connection has worked out about one of its packets, from
/// times, channels and sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Followed {
    /// Who sent it.
    pub direction: Direction,
    /// connEventCount; `None`: not known, as in a connection whose beginning was not seen.
    pub event: Option<u16>,
    /// How many packets of this connection, at the least, are missing between the one before and
    /// this one: events without any captured packet, and packets that a sequence number shows.
    pub missing: u32,
}

/// A packet on air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the order of all that was seen, HCI included.
    pub id: RecordId,
    /// When the first bit of its preamble was on air.
    pub at: Instant,
    /// Last bit, if its length on air is known: a sniffer that decrypts may leave out the MIC.
    pub end: Option<Instant>,
    /// The sender. A capture reader assigns a node of its own to each end of a connection.
    pub from: NodeId,
    /// Access address as on air; it identifies the connection.
    pub access_address: u32,
    /// Header and payload before whitening.
    pub pdu: AirPdu,
    /// Channel index 0–39.
    pub channel: Option<u8>,
    /// PHY and coding.
    pub phy: Option<TxPhy>,
    /// CRC preset with which the CRC on air is right.
    pub crc_init: Option<u32>,
    /// Nodes that heard it.
    pub hearing: Hearing,
    /// Whether the payload is as it was on air.
    pub sealing: Sealing,
    /// Its place in its connection, where that has been worked out already; `None`: the sniffer
    /// works it out from its time.
    pub followed: Option<Followed>,
}

impl Frame {
    /// The best arrival at a node (`None`: at any node).
    pub(crate) fn arrival(&self, at: Option<NodeId>) -> Option<Arrival> {
        let Hearing::Known(all) = &self.hearing else { return None };
        let here = || all.iter().filter(|arrival| at.is_none_or(|at| at == arrival.node));
        here().find(|arrival| arrival.how == Reception::Ok).or_else(|| here().next()).copied()
    }
}

/// What host and controller said to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A command, understood.
    Command(Command),
    /// An event, understood.
    Event(Event),
    /// One packet from the host in octets of H4. One that is understood as well comes before
    /// [`Self::Command`].
    Octets(Vec<u8>),
}

/// One thing that crossed the HCI of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hci {
    /// Its number in the order of all that was seen, packets included.
    pub id: RecordId,
    /// When it crossed HCI.
    pub at: Instant,
    /// Device that the host and the controller belong to.
    pub node: NodeId,
    /// The command, event or packet that crossed.
    pub said: Said,
}

/// What a device can report of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It was switched on, for the first time or again: it knows nothing of connections before.
    Started,
    /// Its receiver was open and closed without having seen a packet.
    ReceiverClosed,
}

/// What a device reported of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFact {
    /// Its number in the order of all that was seen, packets included.
    pub id: RecordId,
    /// When it happened to the device.
    pub at: Instant,
    /// Device that reports it.
    pub node: NodeId,
    /// What the device reports.
    pub fact: Fact,
}

/// Everything that was seen, each stream in the order of its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Packets seen on air, whether or not a node received them.
    pub frames: Vec<Frame>,
    /// What crossed HCI, complete for each device that is in it; `None`: nothing was logged.
    pub hci: Option<Vec<Hci>>,
    /// What devices report of themselves, complete; `None`: nothing.
    pub nodes: Option<Vec<NodeFact>>,
    /// Whether times are those of the air, to the microsecond, in one time base.
    pub exact_times: bool,
    /// Whether no packet is missing from the beginning of a connection to its end.
    pub complete: bool,
    /// When watching ended.
    pub end: Instant,
}

/// One moment of a [`View`].
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// A packet and its place in [`View::frames`].
    Frame(usize, &'a Frame),
    /// Something crossed HCI.
    Hci(&'a Hci),
}

impl View {
    /// Packets and HCI in the order in which they happened.
    pub fn moments(&self) -> impl Iterator<Item = Moment<'_>> {
        let mut frames = self.frames.iter().enumerate().peekable();
        let mut hci = self.hci().iter().peekable();
        std::iter::from_fn(move || {
            let first = match (frames.peek(), hci.peek()) {
                (Some((_, frame)), Some(said)) => frame.id < said.id,
                (frame, _) => frame.is_some(),
            };
            if first {
                frames.next().map(|(place, frame)| Moment::Frame(place, frame))
            } else {
                hci.next().map(Moment::Hci)
            }
        })
    }

    /// What crossed HCI, as far as it was logged.
    #[must_use]
    pub fn hci(&self) -> &[Hci] {
        self.hci.as_deref().unwrap_or_default()
    }

    /// When this happened to a device, and to which, as far as it is known.
    pub fn facts(&self, fact: Fact) -> impl Iterator<Item = &NodeFact> {
        self.nodes.as_deref().unwrap_or_default().iter().filter(move |node| node.fact == fact)
    }
}

//! A passive observer: it follows connections from what was on air, decrypts them once it has the
//! key, and reassembles L2CAP frames. It shares no state machine with the link layers that it
//! watches, and it knows nothing of where a [`View`] comes from.
//!
//! ```
//! use bletwin_sniffer::{View, sniff};
//! use ble::time::Instant;
//!
//! let nothing = View {
//!     frames: Vec::new(),
//!     hci: None,
//!     nodes: None,
//!     exact_times: false,
//!     complete: false,
//!     end: Instant::ZERO,
//! };
//! assert!(sniff(&nothing).is_empty());
//! ```
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Role};
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::pdu::control::ControlPdu;
use ble::pdu::extended::ExtendedPdu;
use ble::phy::TxPhy;
use ble::secret::Secret;
use ble::time::Instant;

mod auxiliary;
mod connection;
pub mod hop;
mod pieces;
mod view;

use auxiliary::Auxiliary;
pub use ble::crypto::ccm::Direction;
use connection::Connection;
pub use pieces::{First, Outline};
pub use view::{
    Arrival, Fact, Followed, Frame, Hci, Hearing, Moment, NodeFact, NodeId, Reception, RecordId,
    Said, Sealing, View,
};

/// The lowest index of a primary advertising channel.
const PRIMARY: u8 = 37;

/// What a packet turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A legacy advertising channel PDU, or a request of extended advertising.
    Advertising(AdvertisingPdu),
    /// A PDU of extended advertising.
    Extended {
        /// Which, by its place.
        name: &'static str,
        /// What it says.
        pdu: Box<ExtendedPdu>,
    },
    /// An LL Control PDU.
    Control(ControlPdu),
    /// An L2CAP frame or a part of one.
    L2cap {
        /// Channel identifier from the header of the L2CAP frame (Vol 3, Part A, 3.1).
        cid: u16,
        /// Information payload as far as it has arrived, from its start.
        bytes: Vec<u8>,
        /// Whether this was the last part.
        complete: bool,
    },
    /// A data PDU without payload.
    Empty,
    /// Not to be understood: malformed, of an unknown kind, or encrypted with an unknown key.
    Opaque,
}

/// A packet on air, understood as far as possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AirItem {
    /// Number of the [`Frame`] that it was read from.
    pub record: RecordId,
    /// When the first bit of its preamble was on air.
    pub at: Instant,
    /// Last bit; where that is not known, as its octets have it on its PHY.
    pub end: Instant,
    /// Device that sent it.
    pub from: NodeId,
    /// Number of the connection in the order of CONNECT_INDs, or of first packets where that was
    /// not seen, from 0.
    pub connection: Option<usize>,
    /// connEventCount, reckoned from anchor points; `None` before the first and in advertising.
    pub event: Option<u16>,
    /// Who speaks, in a connection.
    pub direction: Option<Direction>,
    /// Whether the same PDU was on air before.
    pub retransmission: bool,
    /// Header octet 0 as sent.
    pub header: u8,
    /// Payload, decrypted and without MIC if `decrypted`.
    pub payload: Vec<u8>,
    /// Whether it was sent encrypted; `Some(false)`: the MIC did not verify with the known key.
    pub decrypted: Option<bool>,
    /// What it is.
    pub decoded: Decoded,
    /// How it arrived at the peer (advertising: at any node); `None`: not at all. Where reception
    /// is unknown, it is taken to have arrived.
    pub reception: Option<Reception>,
    /// How strong it was there.
    pub rssi_dbm: Option<i8>,
    /// When its peer was done with it: at its end, or where the length arrived damaged, elsewhere.
    pub received: Option<Instant>,
    /// Its place among those that it was read from.
    pub index: usize,
    /// PHY and coding; LE 1M where they are not known.
    pub phy: TxPhy,
    /// Channel index; where it is not known, a primary one for advertising, else 0.
    pub channel: u8,
}

impl AirItem {
    /// Whether it is not on a primary advertising channel.
    #[must_use]
    pub const fn is_secondary(&self) -> bool {
        self.channel < 37
    }

    /// What an advertising PDU is called.
    #[must_use]
    pub const fn advertising_name(&self) -> Option<&'static str> {
        match &self.decoded {
            Decoded::Advertising(pdu) => Some(auxiliary::legacy_name(self.channel, pdu)),
            Decoded::Extended { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Its control PDU, if it is one.
    #[must_use]
    pub const fn control(&self) -> Option<&ControlPdu> {
        match &self.decoded {
            Decoded::Control(pdu) => Some(pdu),
            _ => None,
        }
    }

    /// Channel identifier and payload, if it completes an L2CAP frame.
    #[must_use]
    pub fn frame(&self) -> Option<(u16, &[u8])> {
        match &self.decoded {
            Decoded::L2cap { cid, bytes, complete: true } => Some((*cid, bytes)),
            _ => None,
        }
    }
}

/// Understands all packets of a view.
#[must_use]
pub fn sniff(view: &View) -> Vec<AirItem> {
    let mut sniffer = Sniffer::default();
    let mut items = Vec::with_capacity(view.frames.len());
    for moment in view.moments() {
        match moment {
            Moment::Frame(place, frame) => items.push(sniffer.frame(place, frame)),
            Moment::Hci(hci) => sniffer.hci(hci.node, &hci.said),
        }
    }
    items
}

/// Connections that are kept whether or not they are over.
const KEPT: usize = 256;

/// Follows what it is shown, in the order in which it happened.
#[derive(Clone, Debug, Default)]
pub struct Sniffer {
    /// By number, in the order of CONNECT_INDs; the last of several with one access address
    /// counts.
    connections: BTreeMap<usize, Connection>,
    /// Number of the next one.
    next: usize,
    /// What a host calls its connection.
    handles: BTreeMap<(NodeId, Handle), usize>,
    /// Last key that a host gave to its controller, as central or as peripheral.
    keys: BTreeMap<NodeId, Secret<16>>,
    auxiliary: Auxiliary,
    /// Who advertised with an address.
    advertisers: BTreeMap<Address, NodeId>,
}

impl Sniffer {
    /// Learns keys, and which connection each is for.
    pub fn hci(&mut self, node: NodeId, said: &Said) {
        match said {
            Said::Command(
                Command::LeEnableEncryption { handle, ltk, .. }
                | Command::LeLongTermKeyRequestReply { handle, ltk },
            ) => {
                self.keys.insert(node, ltk.clone());
                let number = self.handles.get(&(node, *handle));
                if let Some(connection) = number.and_then(|at| self.connections.get_mut(at)) {
                    connection.give_key(node, ltk);
                }
            }
            Said::Event(Event::LeConnectionComplete(complete))
                if complete.status == ErrorCode::SUCCESS =>
            {
                let central = complete.role == Role::Central;
                let number = self.begun(node, central, complete.peer);
                self.handles.extend(number.map(|at| ((node, complete.handle), at)));
            }
            _ => {}
        }
    }

    /// Understands a packet; `index`: its place.
    pub fn frame(&mut self, index: usize, frame: &Frame) -> AirItem {
        let advertises = frame.access_address == ADVERTISING_ACCESS_ADDRESS;
        let phy = frame.phy.unwrap_or(TxPhy::Le1M);
        let mut item = AirItem {
            record: frame.id,
            at: frame.at,
            end: frame.end.unwrap_or_else(|| frame.at + phy.air_time(frame.pdu.payload_len())),
            from: frame.from,
            connection: None,
            event: None,
            direction: None,
            retransmission: false,
            header: frame.pdu.header(),
            payload: frame.pdu.payload().to_vec(),
            decrypted: None,
            decoded: Decoded::Opaque,
            reception: None,
            rssi_dbm: None,
            received: None,
            index,
            phy,
            channel: frame.channel.unwrap_or(if advertises { PRIMARY } else { 0 }),
        };
        let mut peer = None;
        if advertises {
            peer = self.advertising(&mut item, frame);
        } else if let Some(number) = self.number(frame).or_else(|| self.join(frame)) {
            item.connection = Some(number);
            peer = self.connections.get(&number).and_then(|c| c.peer_of(frame.from));
        }
        let arrival = frame.arrival(peer);
        item.reception = match frame.hearing {
            Hearing::Known(_) => arrival.map(|arrival| arrival.how),
            Hearing::Unknown => Some(Reception::Ok),
        };
        item.rssi_dbm = arrival.map(|arrival| arrival.rssi_dbm);
        item.received = arrival.map(|arrival| arrival.at);
        if let Some(connection) =
            item.connection.and_then(|number| self.connections.get_mut(&number))
            && !advertises
        {
            connection.packet(&mut item, frame, &self.keys);
        }
        item
    }

    /// The connection that a host's connection event reports. Several centrals may have answered
    /// one advertisement: the peer in the event selects the connection.
    fn begun(&self, node: NodeId, central: bool, peer: Address) -> Option<usize> {
        let last = self.last(|c| c.has_end(node, central))?;
        let rival = |c: &Connection| {
            let together = self.connections.get(&last).is_some_and(|last| c.begins_with(last));
            c.has_end(node, central) && together && c.is_of(peer)
        };
        Some(self.last(rival).filter(|_| !central).unwrap_or(last))
    }

    /// Number of the last connection that is so.
    fn last(&self, is_so: impl Fn(&Connection) -> bool) -> Option<usize> {
        self.connections.iter().rev().find(|(_, c)| is_so(c)).map(|(number, _)| *number)
    }

    fn begin(&mut self, connection: Connection) -> usize {
        let number = self.next;
        self.connections.insert(number, connection);
        self.next += 1;
        number
    }

    /// How many connections it keeps something of.
    #[must_use]
    pub fn known(&self) -> usize {
        self.connections.len()
    }

    /// Forgets connections that ended long ago, if there are many: for a live capture without end.
    pub fn forget(&mut self, now: Instant) {
        if self.connections.len() > KEPT {
            self.connections.retain(|_, connection| !connection.is_over(now));
        }
    }

    fn number(&self, frame: &Frame) -> Option<usize> {
        let address = frame.access_address;
        let fits = |c: &Connection| c.access_address() == address && c.may_be(frame.from);
        self.last(fits)
    }

    /// A connection whose beginning was not captured, joined at a packet that its source has
    /// already followed.
    fn join(&mut self, frame: &Frame) -> Option<usize> {
        let followed = frame.followed?;
        Some(self.begin(Connection::joined(frame, followed.direction)))
    }

    /// Parses an advertising PDU; returns the advertiser that a CONNECT_IND addresses, if known.
    fn advertising(&mut self, item: &mut AirItem, frame: &Frame) -> Option<NodeId> {
        let Some(pdu) = AdvertisingPdu::parse(&frame.pdu) else {
            if let Some(pdu) = ExtendedPdu::parse(&frame.pdu) {
                let name = self.auxiliary.name(item, &pdu);
                item.decoded = Decoded::Extended { name, pdu: Box::new(pdu) };
            }
            return None;
        };
        self.auxiliary.request(item, &pdu);
        let mut called = None;
        if let AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvDirectInd { advertiser, .. } = &pdu
        {
            self.advertisers.insert(*advertiser, frame.from);
        }
        if let AdvertisingPdu::ConnectInd(request) = &pdu {
            // Other scanners may have heard it as well.
            let arrival = frame.arrival(None).map(|arrival| arrival.node);
            let known = matches!(frame.hearing, Hearing::Known(_)) && !item.is_secondary();
            called = self.advertisers.get(&request.advertiser).copied().filter(|_| known);
            let peripheral = called.or(arrival);
            item.connection = Some(self.begin(Connection::new(request, item, peripheral)));
        }
        item.decoded = Decoded::Advertising(pdu);
        called
    }
}

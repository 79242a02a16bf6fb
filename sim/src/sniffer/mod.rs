//! A passive observer: follows connections from what was on air, decrypts once it has the key,
//! reassembles. It shares no state machine with the link layers that it watches.

use std::collections::BTreeMap;

use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Role};
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::pdu::control::ControlPdu;
use ble::pdu::extended::ExtendedPdu;
use ble::phy::TxPhy;
use ble::secret::Secret;
use ble::time::Instant;

use crate::node::NodeId;
use crate::record::{AirTx, Note, Reception, Record, RecordId, RecordKind};

mod auxiliary;
mod connection;
mod live;

use auxiliary::Auxiliary;
pub use ble::crypto::ccm::Direction;
use connection::Connection;
pub use live::Live;

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
        /// Channel identifier.
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
    /// Its [`AirTx`].
    pub record: RecordId,
    /// First bit, world time.
    pub at: Instant,
    /// Last bit.
    pub end: Instant,
    /// Sender.
    pub from: NodeId,
    /// Number of the connection in the order of CONNECT_INDs, from 0.
    pub connection: Option<usize>,
    /// connEventCount.
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
    /// How it arrived at the peer (advertising: at anybody); `None`: not at all.
    pub reception: Option<Reception>,
    /// How strong it was there.
    pub rssi_dbm: Option<i8>,
    /// When its peer was done with it: at its end, or where the length arrived damaged, elsewhere.
    pub received: Option<Instant>,
    /// Index of the [`AirTx`] among the records it was read from.
    pub index: usize,
    /// PHY and coding.
    pub phy: TxPhy,
    /// Channel index.
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

/// How a packet arrived, and where.
type Arrivals = BTreeMap<RecordId, Vec<Arrival>>;

#[derive(Clone, Copy)]
struct Arrival {
    node: NodeId,
    how: Reception,
    rssi_dbm: i8,
    at: Instant,
}

/// Reads all packets out of records.
#[must_use]
pub fn sniff(records: &[Record]) -> Vec<AirItem> {
    let mut sniffer = Sniffer { arrivals: arrivals(records), ..Sniffer::default() };
    let mut items = Vec::new();
    for (index, record) in records.iter().enumerate() {
        match &record.kind {
            RecordKind::AirTx(tx) => items.push(sniffer.packet(index, record, tx)),
            RecordKind::Note(note) => sniffer.note(record.node, note),
            _ => {}
        }
    }
    items
}

/// All receptions among the records.
fn arrivals(records: &[Record]) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for record in records {
        if let RecordKind::AirRx { tx, reception, rssi_dbm } = record.kind {
            let arrival = Arrival { node: record.node, how: reception, rssi_dbm, at: record.at };
            arrivals.entry(tx).or_default().push(arrival);
        }
    }
    arrivals
}

#[derive(Default)]
pub(in crate::sniffer) struct Sniffer {
    arrivals: Arrivals,
    /// In the order of CONNECT_INDs; the last of several with one access address counts.
    connections: Vec<Connection>,
    /// What a host calls its connection.
    handles: BTreeMap<(NodeId, Handle), usize>,
    /// Last key that a host gave to its controller, as central or as peripheral.
    keys: BTreeMap<NodeId, Secret<16>>,
    auxiliary: Auxiliary,
}

impl Sniffer {
    /// Learns keys, and which connection each is for.
    fn note(&mut self, node: NodeId, note: &Note) {
        match note {
            Note::HciCommand(
                Command::LeEnableEncryption { handle, ltk, .. }
                | Command::LeLongTermKeyRequestReply { handle, ltk },
            ) => {
                self.keys.insert(node, ltk.clone());
                let number = self.handles.get(&(node, *handle));
                if let Some(connection) = number.and_then(|at| self.connections.get_mut(*at)) {
                    connection.give_key(node, ltk);
                }
            }
            Note::HciEvent(Event::LeConnectionComplete(complete))
                if complete.status == ErrorCode::SUCCESS =>
            {
                let central = complete.role == Role::Central;
                let number = self.connections.iter().rposition(|c| c.has_end(node, central));
                self.handles.extend(number.map(|at| ((node, complete.handle), at)));
            }
            _ => {}
        }
    }

    /// The best way a packet arrived at `at` (`None`: at anybody).
    fn arrival(&self, id: RecordId, at: Option<NodeId>) -> Option<Arrival> {
        let all = self.arrivals.get(&id)?;
        let here = || all.iter().filter(|arrival| at.is_none_or(|at| at == arrival.node));
        here().find(|arrival| arrival.how == Reception::Ok).or_else(|| here().next()).copied()
    }

    fn packet(&mut self, index: usize, record: &Record, tx: &AirTx) -> AirItem {
        let mut item = AirItem {
            record: record.id,
            at: record.at,
            end: tx.end,
            from: record.node,
            connection: None,
            event: None,
            direction: None,
            retransmission: false,
            header: tx.pdu.header(),
            payload: tx.pdu.payload().to_vec(),
            decrypted: None,
            decoded: Decoded::Opaque,
            reception: None,
            rssi_dbm: None,
            received: None,
            index,
            phy: tx.phy,
            channel: tx.channel,
        };
        let mut peer = None;
        if tx.access_address == ADVERTISING_ACCESS_ADDRESS {
            self.advertising(&mut item, tx);
        } else if let Some(number) = self.number(tx.access_address, record.node) {
            item.connection = Some(number);
            peer = self.connections.get(number).and_then(|c| c.peer_of(record.node));
        }
        let arrival = self.arrival(record.id, peer);
        item.reception = arrival.map(|arrival| arrival.how);
        item.rssi_dbm = arrival.map(|arrival| arrival.rssi_dbm);
        item.received = arrival.map(|arrival| arrival.at);
        if let Some(connection) =
            item.connection.and_then(|number| self.connections.get_mut(number))
            && tx.access_address != ADVERTISING_ACCESS_ADDRESS
        {
            connection.packet(&mut item, &self.keys);
        }
        item
    }

    fn number(&self, access_address: u32, from: NodeId) -> Option<usize> {
        let fits = |c: &Connection| c.access_address() == access_address && c.may_be(from);
        self.connections.iter().rposition(fits)
    }

    fn advertising(&mut self, item: &mut AirItem, tx: &AirTx) {
        let Some(pdu) = AdvertisingPdu::parse(&tx.pdu) else {
            if let Some(pdu) = ExtendedPdu::parse(&tx.pdu) {
                let name = self.auxiliary.name(item.from, item.at, tx, &pdu);
                item.decoded = Decoded::Extended { name, pdu: Box::new(pdu) };
            }
            return;
        };
        self.auxiliary.request(tx, &pdu);
        if let AdvertisingPdu::ConnectInd(request) = &pdu {
            let peripheral = self.arrival(item.record, None).map(|arrival| arrival.node);
            item.connection = Some(self.connections.len());
            self.connections.push(Connection::new(request, item, peripheral));
        }
        item.decoded = Decoded::Advertising(pdu);
    }
}

#[cfg(test)]
pub(crate) mod tests;

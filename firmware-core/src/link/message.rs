//! The two queues between [`Link`](super) (radio interrupt) and `Control` (after the event).
//!
//! `Control` orders, `Link` reports. Orders never ask for an answer within an event; reports are
//! in the order of the air. Event counters are connEventCount, 16 bits, wrapping.

use ble::address::Address;
use ble::hci::{AdvertisingType, FilterPolicy};
use ble::link::LinkId;
use ble::pdu::advertising::{AdvertisingData, ConnectInd};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::phy::{Coding, Phy, TxPhy};
use ble::radio::Tag;
use ble::time::Instant;

/// Data and parameters of advertising.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Advertising {
    /// Kind of PDU.
    pub kind: AdvertisingType,
    /// AdvA: the address that the device advertises under.
    pub own: Address,
    /// The target of directed kinds: its identity, if known.
    pub target: Address,
    /// TargetA, where it is not `target`: a private address of it.
    pub target_shown: Option<Address>,
    /// advInterval, units of 0.625 ms (ignored for high duty cycle).
    pub interval: u16,
    /// Bit 0 = channel 37 … bit 2 = channel 39.
    pub channel_map: u8,
    /// Who may scan and connect.
    pub filter: FilterPolicy,
    /// AdvData, at most 31 octets; directed kinds send none.
    pub data: AdvertisingData,
    /// ScanRspData, at most 31 octets; only scannable kinds send it.
    pub scan_response: AdvertisingData,
    /// Whether private addresses of peers are to be resolved before the filter is asked.
    pub resolve: bool,
}

/// New connection parameters, from an LL_CONNECTION_UPDATE_IND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewParameters {
    /// transmitWindowSize, units of 1.25 ms.
    pub win_size: u8,
    /// transmitWindowOffset, units of 1.25 ms.
    pub win_offset: u16,
    /// connInterval, units of 1.25 ms.
    pub interval: u16,
    /// connPeripheralLatency, in connection events.
    pub latency: u16,
    /// connSupervisionTimeout, units of 10 ms.
    pub timeout: u16,
}

/// What `Control` wants of `Link`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LinkOrder {
    /// Start advertising (replaces earlier data and parameters).
    Advertise(Advertising),
    /// Stop advertising immediately, even within an event.
    StopAdvertising,
    /// Forget the filter accept list.
    AcceptListClear,
    /// Add to the filter accept list.
    AcceptListAdd(Address),
    /// Remove from the filter accept list.
    AcceptListRemove(Address),
    /// Result of resolving a private address, to be remembered: which identity it belongs to.
    /// `None`: to none we know. The cache is small and forgets the oldest.
    Resolved {
        /// Resolvable private address as on air.
        rpa: Address,
        /// Identity address of the device that uses it.
        identity: Option<Address>,
    },
    /// Ignore requests of scanners and initiators that show this address: the identity of a device
    /// that hides behind private ones (network privacy).
    Ignore(Address),
    /// Heed such requests again.
    Heed(Address),
    /// Heed such requests of all devices again.
    HeedAll,
    /// A connection that was just reported (see [`LinkReport::Connected`]) is refused: drop it
    /// silently and advertise on.
    Refuse(LinkId),
    /// Queue a PDU (already encrypted if it is to be). Sent in order, repeated until
    /// acknowledged. `Control` keeps count and never orders more than [`TX_QUEUE`] unacknowledged.
    Send {
        /// On which connection.
        link: LinkId,
        /// Kind of payload.
        llid: Llid,
        /// Octets, MIC included.
        payload: Payload,
        /// Names it in the record.
        tag: Tag,
    },
    /// Use this channel map from the event `instant` on.
    ChannelMap {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event in which it takes effect.
        instant: u16,
        /// Bit n = data channel n.
        channel_map: u64,
    },
    /// Use these PHYs from the event `instant` on.
    Phy {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event in which they take effect.
        instant: u16,
        /// PHY and coding to send with.
        tx: TxPhy,
        /// PHY to receive on.
        rx: Phy,
    },
    /// Code PDUs that are queued from here on like that, where they are sent on LE Coded.
    Coding {
        /// On which connection.
        link: LinkId,
        /// S=2 or S=8.
        coding: Coding,
    },
    /// Use these parameters from the event `instant` on.
    Update {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event in which they take effect.
        instant: u16,
        /// All parameters, changed or not, and the transmit window of that event.
        parameters: NewParameters,
    },
    /// Accept packets of up to this many octets, MIC included; a smaller value than before has no
    /// effect. A longer packet counts as one with a wrong CRC. The initial value is 27.
    Longest {
        /// On which connection.
        link: LinkId,
        /// Most octets after the header.
        octets: u8,
    },
    /// Listen to every event (peripheral latency suspended), or not any more.
    ListenAlways {
        /// On which connection.
        link: LinkId,
        /// Whether latency is suspended; `false`: it applies again.
        on: bool,
    },
    /// Drop the connection immediately, without LL_TERMINATE_IND.
    Drop(LinkId),
}

/// Unacknowledged PDUs that `Link` can hold per connection.
pub const TX_QUEUE: usize = 4;

/// Devices that the filter accept list holds.
pub const ACCEPT_LIST_MAX: usize = 8;

/// Why `Link` gave up a connection by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// No packet in the first six events: 0x3E.
    FailedToEstablish,
    /// connSupervisionTimeout passed without a valid packet: 0x08.
    SupervisionTimeout,
}

/// What `Link` reports to `Control`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LinkReport {
    /// A valid CONNECT_IND for us has arrived; advertising has stopped.
    Connected {
        /// Place of the new connection, by which orders name it.
        link: LinkId,
        /// The request, as on air.
        request: ConnectInd,
        /// Identity of the initiator if its private address is in the cache.
        identity: Option<Address>,
        /// The filter policy has not approved yet, because the private address must be resolved
        /// first: `Control` resolves it and orders [`LinkOrder::Refuse`] if need be.
        provisional: bool,
        /// End of CONNECT_IND.
        at: Instant,
    },
    /// The connection that was just reported began with extended advertising, on this PHY.
    OnPhy {
        /// The connection that was just reported.
        link: LinkId,
        /// PHY of both directions.
        phy: Phy,
    },
    /// A scanner's or initiator's private address is not in the cache.
    Unresolved(Address),
    /// The first packet of the central was heard: the connection is established.
    Established(LinkId),
    /// A new (not repeated), non-empty PDU with a right CRC. It is acknowledged already.
    Received {
        /// From which connection.
        link: LinkId,
        /// connEventCount of the event in which it came.
        event: u16,
        /// Kind of payload.
        llid: Llid,
        /// Octets, MIC included if encrypted.
        payload: Payload,
        /// Start of the packet.
        at: Instant,
    },
    /// A queued PDU was on air for the first time.
    Sent {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event in which it was sent.
        event: u16,
        /// Tag from [`LinkOrder::Send`].
        tag: Tag,
    },
    /// A queued PDU was acknowledged. Comes before the `Received` of the packet that carried the
    /// acknowledgement.
    Acknowledged {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event in which the acknowledgement came.
        event: u16,
        /// Tag from [`LinkOrder::Send`].
        tag: Tag,
    },
    /// A connection event is over (also one that was missed; not one skipped by latency).
    EventEnded {
        /// On which connection.
        link: LinkId,
        /// connEventCount of the event that is over.
        event: u16,
        /// connEventCount of the next event that will be listened to.
        next: u16,
        /// Whether any packet was received in it.
        heard: bool,
        /// Whether the last new packet is not acknowledged: the radio had no time for the answer.
        owes: bool,
        /// When it closed.
        at: Instant,
    },
    /// The connection is lost. Its place is not reused before [`LinkOrder::Drop`].
    Lost {
        /// The connection that is lost.
        link: LinkId,
        /// Whether it was never established or timed out.
        loss: Loss,
    },
    /// High duty cycle directed advertising has ended without a connection.
    AdvertisingTimeout,
    /// A packet was on our connection or addressed to us that the rules forbid.
    Misbehaved {
        /// On which connection, if on one.
        link: Option<LinkId>,
        /// The violation in the packet.
        violation: ble::error::PeerMisbehaved,
    },
}

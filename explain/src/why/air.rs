//! What was on air in one connection, as much of it as an explanation needs.

use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
use ble::pdu::control::ControlPdu;
use ble::phy::TxPhy;
use ble::security::DEBUG_KEY_X;
use ble::time::Instant;
use bletwin_scenarios::judgement::seconds;
use bletwin_sim::record::{Reception, RecordId};
use bletwin_sim::report::names;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction};

const CID_ATT: u16 = 4;
const CID_SIGNALLING: u16 = 5;
const CID_SMP: u16 = 6;
const PAIRING_REQUEST: u8 = 0x01;
const PAIRING_RESPONSE: u8 = 0x02;
const PAIRING_FAILED: u8 = 0x05;
const PAIRING_PUBLIC_KEY: u8 = 0x0C;

/// Bits of AuthReq.
const BONDING_FLAGS: u8 = 0x03;

/// Octets of an ATT PDU that tell what it is: of an Error Response all.
const ATT_KEPT: usize = 5;

/// Octets of a signalling PDU that tell what it is: of a Connection Parameter Update Request all.
const SIGNALLING_KEPT: usize = 12;

/// What a PDU was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// On the advertising channels.
    Advertising(&'static str),
    /// CONNECT_IND or AUX_CONNECT_REQ: the connection's first parameters.
    Connect(&'static str, ConnectInd),
    /// LL Control PDU.
    Control(ControlPdu),
    /// SMP command, by its code.
    Smp(u8),
    /// SMP Pairing Failed, with its reason.
    PairingFailed(u8),
    /// Part of an SMP command that is longer than one PDU; not its last one.
    SmpPart(u8),
    /// ATT PDU from its opcode on; a long one up to what an explanation needs.
    Att(Vec<u8>),
    /// PDU of L2CAP's signalling channel from its code on, up to what an explanation needs.
    Signalling(Vec<u8>),
    /// Encrypted, and not readable with the key that is known.
    Unreadable,
    /// Any other L2CAP data.
    Data,
    /// Nothing in it.
    Empty,
}

/// What says that no bond comes of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBond {
    /// Bonding_Flags of Pairing Request or Pairing Response are 0, No Bonding.
    Flags,
    /// The public key is that of the specification's debug key.
    DebugKey,
}

/// A PDU on air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// Record of its transmission.
    pub id: RecordId,
    /// Its first bit.
    pub at: Instant,
    /// connEventCount; `None` on the advertising channels.
    pub event: Option<u16>,
    /// Whether the central sent it.
    pub from_central: bool,
    /// PHY that it was sent on.
    pub phy: TxPhy,
    /// What it was.
    pub what: What,
    /// Whether it was sent encrypted.
    pub encrypted: bool,
    /// Whether it was sent before and is repeated.
    pub repeated: bool,
    /// Whether the other side received it with a right CRC.
    pub heard: bool,
    /// What it says of a bond, if it speaks against one.
    pub no_bond: Option<NoBond>,
}

impl Pdu {
    /// Whether it carries something for the first time.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !self.repeated && self.what != What::Empty
    }

    /// Name as the specification writes it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.what {
            What::Advertising(name) | What::Connect(name, _) => (*name).to_owned(),
            What::Control(pdu) => pdu.opcode().name().to_owned(),
            What::Smp(code) => format!("SMP {}", names::smp(*code)),
            What::PairingFailed(reason) => {
                format!("SMP Pairing Failed (0x{reason:02X} {})", names::smp_failure(*reason))
            }
            What::SmpPart(code) => format!("a part of SMP {}", names::smp(*code)),
            What::Att(octets) => names::frame(CID_ATT, octets),
            What::Signalling(bytes) => {
                let code = bytes.first().copied().unwrap_or_default();
                format!("L2CAP {}", names::signalling(code))
            }
            What::Unreadable => "a packet that the known key does not open".to_owned(),
            What::Data => "L2CAP data".to_owned(),
            What::Empty => "empty PDU".to_owned(),
        }
    }

    /// `event 5`, or the time where there is no event.
    #[must_use]
    pub fn place(&self) -> String {
        match self.event {
            Some(event) => format!("event {event}, {}", seconds(self.at)),
            None => seconds(self.at),
        }
    }
}

/// Whether one end of a connection sent a packet, or the other.
#[must_use]
pub fn is_from(item: &AirItem, central: bool) -> bool {
    item.direction.is_some_and(|way| (way == Direction::CentralToPeripheral) == central)
}

/// A packet as an explanation sees it.
#[must_use]
pub fn pdu(item: &AirItem) -> Pdu {
    Pdu {
        id: item.record,
        at: item.at,
        event: item.event,
        from_central: is_from(item, true),
        phy: item.phy,
        what: what(item),
        encrypted: item.decrypted.is_some(),
        repeated: item.retransmission,
        heard: item.reception == Some(Reception::Ok),
        no_bond: no_bond(item),
    }
}

fn no_bond(item: &AirItem) -> Option<NoBond> {
    let Decoded::L2cap { cid: CID_SMP, bytes, complete: true } = &item.decoded else { return None };
    match bytes.as_slice() {
        [PAIRING_REQUEST | PAIRING_RESPONSE, _, _, auth, ..] if auth & BONDING_FLAGS == 0 => {
            Some(NoBond::Flags)
        }
        [PAIRING_PUBLIC_KEY, key @ ..] if key.starts_with(&DEBUG_KEY_X) => Some(NoBond::DebugKey),
        _ => None,
    }
}

fn what(item: &AirItem) -> What {
    match &item.decoded {
        Decoded::Advertising(AdvertisingPdu::ConnectInd(connect)) => {
            What::Connect(item.advertising_name().unwrap_or_default(), connect.clone())
        }
        Decoded::Advertising(_) | Decoded::Extended { .. } => {
            What::Advertising(item.advertising_name().unwrap_or_default())
        }
        Decoded::Control(pdu) => What::Control(*pdu),
        Decoded::Empty => What::Empty,
        Decoded::L2cap { cid: CID_SMP, bytes, complete: true } => match bytes.as_slice() {
            [PAIRING_FAILED, reason] => What::PairingFailed(*reason),
            [code, ..] => What::Smp(*code),
            [] => What::Data,
        },
        Decoded::L2cap { cid: CID_SMP, bytes, complete: false } => {
            bytes.first().map_or(What::Data, |code| What::SmpPart(*code))
        }
        Decoded::L2cap { cid: CID_ATT, bytes, complete: true } if !bytes.is_empty() => {
            What::Att(bytes.iter().take(ATT_KEPT).copied().collect())
        }
        Decoded::L2cap { cid: CID_SIGNALLING, bytes, complete: true } if !bytes.is_empty() => {
            What::Signalling(bytes.iter().take(SIGNALLING_KEPT).copied().collect())
        }
        Decoded::Opaque if item.decrypted == Some(false) => What::Unreadable,
        Decoded::L2cap { .. } | Decoded::Opaque => What::Data,
    }
}

//! The script of a raw central, as data.

use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::Llid;
use ble::phy::Phy;
use ble::radio::AirPdu;

/// Everything that a raw central does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// The CONNECT_IND that it sends. Its timing and hopping follow these fields, even invalid
    /// ones.
    pub connect: ConnectInd,
    /// Octets on air in place of the encoded [`connect`](Self::connect): header octet 0 and
    /// payload.
    pub connect_octets: Option<(u8, Vec<u8>)>,
    /// Where in the transmit window its first packet starts, µs from the window's beginning.
    pub into_window_us: u32,
    /// The steps on the connection, in order.
    pub steps: Vec<ScriptStep>,
}

impl Script {
    /// A script that connects like that and then sends an Empty PDU in each event of `steps`.
    #[must_use]
    pub const fn new(connect: ConnectInd, steps: Vec<ScriptStep>) -> Self {
        Self { connect, connect_octets: None, into_window_us: 600, steps }
    }

    pub(super) fn connect_pdu(&self) -> AirPdu {
        let other = self.connect_octets.as_ref();
        other.and_then(|(header, payload)| AirPdu::new(*header, payload)).unwrap_or_else(|| {
            AdvertisingPdu::ConnectInd(ConnectInd { ch_sel: false, ..self.connect.clone() })
                .encode()
        })
    }
}

/// One thing to do. Those that take no event are done at the beginning of the next one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ScriptStep {
    /// Sends a PDU, and repeats it until it is acknowledged. The next step follows in the next
    /// event, or with [`ScriptPacket::more`] in the same one.
    Send(ScriptPacket),
    /// This many events with Empty PDUs, except for retransmissions.
    Idle(u16),
    /// This many events without a transmission.
    Silent(u16),
    /// Events with Empty PDUs until a new PDU with this opcode is received, at most this many.
    Await(Opcode, u16),
    /// Events with Empty PDUs until the counter has this distance from the instant that was
    /// stamped last: −1 is the event before it. Nothing if that is over.
    UntilInstant(i32),
    /// In this many events the peripheral's answers are treated as lost.
    Deaf(u16),
    /// In this many events NESN does not change: the peripheral's PDUs are not acknowledged, its
    /// acknowledgements are accepted.
    Refuse(u16),
    /// From here on events end after one packet each way, regardless of the peripheral's MD.
    Brief(bool),
    /// The latest PDU is sent once more, with the same SN.
    Repeat,
    /// Takes the session key from this LTK (least significant octet first) and the halves that the
    /// last LL_ENC_REQ and LL_ENC_RSP had. Both packet counters begin at 0.
    Key([u8; 16]),
    /// From here on new PDUs leave encrypted, or in the clear.
    SealTx(bool),
    /// From here on PDUs of the peripheral are decrypted, or read as they are.
    SealRx(bool),
    /// The next anchor point, and with it all later ones, is moved by this many µs.
    Shift(i32),
    /// The next event begins this many µs off its anchor point; later ones do not.
    Jitter(i32),
}

/// How a PDU is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Seal {
    /// As [`ScriptStep::SealTx`] has it.
    #[default]
    AsLink,
    /// In the clear.
    Clear,
    /// Encrypted, if there is a key.
    Sealed,
    /// Encrypted, with one bit of the MIC wrong.
    WrongMic,
    /// Encrypted with the next packet counter but one.
    SkippedCounter,
    /// Encrypted under the other direction's nonce.
    WrongDirection,
}

/// An instant that is known only when the PDU is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Where in the payload its two octets are, opcode included.
    pub at: usize,
    /// Events ahead of the one in which the PDU is first sent, modulo 65,536.
    pub ahead: i32,
    /// What this central does itself in the event of the instant.
    pub then: Option<ScriptChange>,
}

/// A change that the central makes at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptChange {
    /// To another interval, units of 1.25 ms; the anchor point lies this many µs after the old
    /// one's.
    Interval {
        /// Units of 1.25 ms.
        interval: u16,
        /// From the anchor point that the old interval would have had.
        offset_us: u32,
    },
    /// To another channel map, bit n = data channel n.
    ChannelMap(u64),
    /// To other PHYs.
    Phy {
        /// Of the central.
        tx: Phy,
        /// Of the peripheral.
        rx: Phy,
    },
}

/// A data channel PDU.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScriptPacket {
    /// The two low bits of the header.
    pub llid: u8,
    /// Payload before encryption, without the MIC.
    pub payload: Vec<u8>,
    /// An instant to be filled in.
    pub stamp: Option<Stamp>,
    /// Whether and how it is encrypted.
    pub seal: Seal,
    /// Header bits that leave inverted: LLID 0x03, NESN 0x04, SN 0x08, MD 0x10, CP 0x20, RFU 0xC0.
    pub flip: u8,
    /// The length octet, where it is not the truth.
    pub length: Option<u8>,
    /// It is sent once and never again, acknowledged or not.
    pub once: bool,
    /// MD is set, and the next step's PDU follows in the same event.
    pub more: bool,
    /// Where it is not the first of its event: how far from T_IFS it begins, µs.
    pub ifs_us: i32,
}

impl ScriptPacket {
    /// With any LLID and payload.
    #[must_use]
    pub const fn new(llid: u8, payload: Vec<u8>) -> Self {
        Self {
            llid,
            payload,
            stamp: None,
            seal: Seal::AsLink,
            flip: 0,
            length: None,
            once: false,
            more: false,
            ifs_us: 0,
        }
    }

    /// An LL Control PDU as it should be.
    #[must_use]
    pub fn control(pdu: &ControlPdu) -> Self {
        Self::new(Llid::Control as u8, pdu.encode().to_vec())
    }

    /// The same with an instant this many events ahead, at which the central makes the change
    /// `then`. The two octets at `at` are overwritten.
    #[must_use]
    pub fn stamped(self, at: usize, ahead: i32, then: Option<ScriptChange>) -> Self {
        Self { stamp: Some(Stamp { at, ahead, then }), ..self }
    }

    /// The same, and never repeated.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The same, protected like that.
    #[must_use]
    pub fn sealed(self, seal: Seal) -> Self {
        Self { seal, ..self }
    }
}

impl From<ScriptPacket> for ScriptStep {
    fn from(packet: ScriptPacket) -> Self {
        Self::Send(packet)
    }
}

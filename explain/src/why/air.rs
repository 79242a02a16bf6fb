//! What was on air in one connection, as much of it as an explanation needs.

use ble::pdu::control::ControlPdu;
use ble::phy::TxPhy;
use ble::time::Instant;
use bletwin_scenarios::judgement::seconds;
use bletwin_sim::record::RecordId;
use bletwin_sim::report::names;

/// What a PDU was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// On the advertising channels.
    Advertising(&'static str),
    /// LL Control PDU.
    Control(ControlPdu),
    /// SMP command, by its code.
    Smp(u8),
    /// SMP Pairing Failed, with its reason.
    PairingFailed(u8),
    /// Part of an SMP command that is longer than one PDU; not its last one.
    SmpPart(u8),
    /// ATT PDU, by its opcode.
    Att(u8),
    /// PDU of L2CAP's signalling channel, by its code.
    Signalling(u8),
    /// Any other L2CAP data.
    Data,
    /// Nothing in it.
    Empty,
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
    /// Whether it was sent before and is repeated.
    pub repeated: bool,
    /// Whether the other side received it with a right CRC.
    pub heard: bool,
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
            What::Advertising(name) => (*name).to_owned(),
            What::Control(pdu) => pdu.opcode().name().to_owned(),
            What::Smp(code) => format!("SMP {}", names::smp(*code)),
            What::PairingFailed(reason) => {
                format!("SMP Pairing Failed (0x{reason:02X} {})", names::smp_failure(*reason))
            }
            What::SmpPart(code) => format!("a part of SMP {}", names::smp(*code)),
            What::Att(opcode) => format!("ATT PDU 0x{opcode:02X}"),
            What::Signalling(code) => format!("L2CAP {}", names::signalling(*code)),
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

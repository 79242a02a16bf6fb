//! Data Physical Channel PDU header (Vol 6, Part B, 2.4).

/// Payload of a data channel PDU as on air: up to 251 octets and a MIC.
pub type Payload = octets::OctetVec<255>;

/// Logical link identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Llid {
    /// Reserved; ignored on reception.
    Reserved = 0,
    /// Continuation of an L2CAP frame, or an Empty PDU.
    Continuation = 1,
    /// Start of an L2CAP frame, or a complete one.
    Start = 2,
    /// LL Control PDU.
    Control = 3,
}

impl Llid {
    /// From the two low bits of header octet 0.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            1 => Self::Continuation,
            2 => Self::Start,
            3 => Self::Control,
            _ => Self::Reserved,
        }
    }
}

/// Header octet 0 of a data channel PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataHeader {
    /// What the payload is.
    pub llid: Llid,
    /// Next expected sequence number.
    pub nesn: bool,
    /// Sequence number of this PDU, one bit (Vol 6, Part B, 4.5.9).
    pub sn: bool,
    /// Whether the sender has more to send in this connection event.
    pub md: bool,
}

impl DataHeader {
    /// Bit 2 of header octet 0: next expected sequence number.
    pub const NESN: u8 = 0x04;
    /// Bit 3 of header octet 0: sequence number.
    pub const SN: u8 = 0x08;
    /// Bit 4 of header octet 0: more data.
    pub const MD: u8 = 0x10;
    /// Bits of the header that the MIC covers: NESN, SN and MD are masked out, which is why a
    /// PDU can be encrypted before it is known with which sequence numbers it is sent.
    pub const AAD_MASK: u8 = 0xE3;

    /// From header octet 0.
    #[must_use]
    pub const fn from_octet(octet: u8) -> Self {
        Self {
            llid: Llid::from_bits(octet),
            nesn: octet & Self::NESN != 0,
            sn: octet & Self::SN != 0,
            md: octet & Self::MD != 0,
        }
    }

    /// As header octet 0.
    #[must_use]
    pub const fn octet(self) -> u8 {
        // LL-FRAME-1, LL-FRAME-2: length and reserved bits are nowhere else written.
        (self.llid as u8)
            | if self.nesn { Self::NESN } else { 0 }
            | if self.sn { Self::SN } else { 0 }
            | if self.md { Self::MD } else { 0 }
    }
}

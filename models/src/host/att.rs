//! Attribute protocol PDUs from the client's side (Vol 3, Part F, 3.4).

use ble::pdu::cursor::Reader;

use super::config::Uuid;

/// Error codes that a client acts upon.
pub(crate) mod error {
    pub(crate) const INVALID_HANDLE: u8 = 0x01;
    pub(crate) const INVALID_PDU: u8 = 0x04;
    pub(crate) const INSUFFICIENT_AUTHENTICATION: u8 = 0x05;
    pub(crate) const REQUEST_NOT_SUPPORTED: u8 = 0x06;
    pub(crate) const ATTRIBUTE_NOT_FOUND: u8 = 0x0A;
    pub(crate) const INSUFFICIENT_KEY_SIZE: u8 = 0x0C;
    pub(crate) const INSUFFICIENT_ENCRYPTION: u8 = 0x0F;
    pub(crate) const OUT_OF_SYNC: u8 = 0x12;
}

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AttRequest {
    ExchangeMtu(u16),
    FindInformation(u16, u16),
    ReadByType(u16, u16, u16),
    Read(u16),
    ReadByGroupType(u16, u16, u16),
    Write(u16, Vec<u8>),
}

impl AttRequest {
    pub(crate) const fn opcode(&self) -> u8 {
        match self {
            Self::ExchangeMtu(_) => 0x02,
            Self::FindInformation(..) => 0x04,
            Self::ReadByType(..) => 0x08,
            Self::Read(_) => 0x0A,
            Self::ReadByGroupType(..) => 0x10,
            Self::Write(..) => 0x12,
        }
    }

    // ATT-PDU-4: the format of each PDU.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let words = |words: &[u16]| {
            let fields = words.iter().flat_map(|word| word.to_le_bytes());
            std::iter::once(self.opcode()).chain(fields).collect()
        };
        match self {
            Self::ExchangeMtu(value) | Self::Read(value) => words(&[*value]),
            Self::FindInformation(start, end) => words(&[*start, *end]),
            Self::ReadByType(start, end, uuid) | Self::ReadByGroupType(start, end, uuid) => {
                words(&[*start, *end, *uuid])
            }
            Self::Write(handle, value) => {
                let head: Vec<u8> = words(&[*handle]);
                [head, value.clone()].concat()
            }
        }
    }
}

/// What comes from a server (or from a peer that plays client).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Incoming {
    Error {
        request: u8,
        code: u8,
    },
    Mtu(u16),
    Information(Vec<(u16, Uuid)>),
    ByType(Vec<(u16, Vec<u8>)>),
    Value(Vec<u8>),
    Groups(Vec<(u16, u16, Vec<u8>)>),
    Written,
    Notification(u16, Vec<u8>),
    Indication(u16, Vec<u8>),
    /// A request to this side's server, by its opcode.
    Request(u8),
    /// A command or something reserved: ignored.
    Other,
}

impl Incoming {
    /// The request that this is a response to, errors aside.
    pub(crate) const fn answers(&self) -> Option<u8> {
        Some(match self {
            Self::Error { request, .. } => *request,
            Self::Mtu(_) => 0x02,
            Self::Information(_) => 0x04,
            Self::ByType(_) => 0x08,
            Self::Value(_) => 0x0A,
            Self::Groups(_) => 0x10,
            Self::Written => 0x12,
            _ => return None,
        })
    }

    /// Reads an ATT PDU; `None` if it is malformed.
    pub(crate) fn parse(octets: &[u8]) -> Option<Self> {
        let mut r = Reader::new(octets);
        let opcode = r.u8()?;
        Some(match opcode {
            0x01 => {
                let (request, _handle, code) = (r.u8()?, r.u16()?, r.u8()?);
                r.end()?;
                Self::Error { request, code }
            }
            0x03 => {
                let mtu = r.u16()?;
                r.end()?;
                Self::Mtu(mtu)
            }
            0x05 => Self::Information(information(&mut r)?),
            0x09 => Self::ByType(records(&mut r, 2)?.map(by_type).collect::<Option<_>>()?),
            0x0B => Self::Value(r.rest().to_vec()),
            0x11 => Self::Groups(records(&mut r, 4)?.map(group).collect::<Option<_>>()?),
            0x13 => {
                r.end()?;
                Self::Written
            }
            0x1B => Self::Notification(r.u16()?, r.rest().to_vec()),
            0x1D => Self::Indication(r.u16()?, r.rest().to_vec()),
            // Requests are even and no command (bit 6); 0x1E is a confirmation.
            _ if opcode & 0x41 == 0 && opcode != 0x1E => Self::Request(opcode),
            _ => Self::Other,
        })
    }
}

/// Records of the length that the next octet announces, longer than `head`.
fn records<'a>(r: &mut Reader<'a>, head: usize) -> Option<impl Iterator<Item = &'a [u8]>> {
    let length = usize::from(r.u8()?);
    let rest = r.rest();
    let whole = length > head && !rest.is_empty() && rest.len().is_multiple_of(length);
    whole.then(|| rest.chunks(length))
}

fn by_type(record: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut r = Reader::new(record);
    Some((r.u16()?, r.rest().to_vec()))
}

fn group(record: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let mut r = Reader::new(record);
    Some((r.u16()?, r.u16()?, r.rest().to_vec()))
}

/// A UUID of two or sixteen octets.
pub(crate) fn uuid(octets: &[u8]) -> Option<Uuid> {
    match octets {
        [low, high] => Some(Uuid::Short(u16::from_le_bytes([*low, *high]))),
        _ => Some(Uuid::Long(octets.try_into().ok()?)),
    }
}

fn information(r: &mut Reader<'_>) -> Option<Vec<(u16, Uuid)>> {
    let length = match r.u8()? {
        1 => 4,
        2 => 18,
        _ => return None,
    };
    let rest = r.rest();
    if rest.is_empty() || !rest.len().is_multiple_of(length) {
        return None;
    }
    let pair = |record: &[u8]| {
        let mut r = Reader::new(record);
        Some((r.u16()?, uuid(r.rest())?))
    };
    rest.chunks(length).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // ATT-PDU-4: the format of each PDU.
    #[test]
    fn requests_as_on_air() {
        assert_eq!(AttRequest::ExchangeMtu(517).encode(), [0x02, 0x05, 0x02]);
        assert_eq!(
            AttRequest::ReadByGroupType(1, 0xFFFF, 0x2800).encode(),
            [0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]
        );
        assert_eq!(AttRequest::Write(0x15, vec![1]).encode(), [0x12, 0x15, 0, 1]);
    }

    #[test]
    fn responses_as_on_air() {
        let refused = Incoming::parse(&[0x01, 0x12, 0x15, 0x00, 0x05]);
        assert_eq!(refused, Some(Incoming::Error { request: 0x12, code: 5 }));
        let groups = Incoming::parse(&[0x11, 6, 1, 0, 8, 0, 0x01, 0x18]);
        assert_eq!(groups, Some(Incoming::Groups(vec![(1, 8, vec![0x01, 0x18])])));
        assert_eq!(Incoming::parse(&[0x11, 6, 1, 0, 8, 0, 0x01]), None);
        assert_eq!(Incoming::parse(&[0x09, 0]), None);
        let cccd = Incoming::parse(&[0x05, 1, 0x13, 0, 0x02, 0x29]);
        assert_eq!(cccd, Some(Incoming::Information(vec![(0x13, Uuid::Short(0x2902))])));
        assert_eq!(Incoming::parse(&[0x02, 23, 0]), Some(Incoming::Request(0x02)));
        assert_eq!(Incoming::parse(&[0x52, 1, 0, 9]), Some(Incoming::Other));
    }
}

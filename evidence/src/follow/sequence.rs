//! What sequence numbers say of packets that were not seen.

use ble::crypto::ccm::Direction;
use ble::pdu::data::DataHeader;

/// What one end has sent last.
#[derive(Clone, Debug, Default)]
struct End {
    header: Option<DataHeader>,
    payload: Vec<u8>,
    /// Whether its peer was seen since.
    answered: bool,
    /// Whether packets of it may be among those that are known to be missing since.
    noted: bool,
}

impl End {
    /// A packet of it is missing: how many more than are known already.
    fn note(&mut self) -> u32 {
        u32::from(!std::mem::replace(&mut self.noted, true))
    }
}

/// Both ends of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    ends: [End; 2],
}

impl Sequence {
    /// Takes a packet, of which time has shown so many before it to be missing; how many are
    /// missing at the least.
    pub(crate) fn packet(
        &mut self,
        direction: Direction,
        header: DataHeader,
        payload: &[u8],
        missing: u32,
    ) -> u32 {
        let [central, peripheral] = &mut self.ends;
        central.noted |= missing > 0;
        peripheral.noted |= missing > 0;
        let (own, peer) = match direction {
            Direction::CentralToPeripheral => (central, peripheral),
            Direction::PeripheralToCentral => (peripheral, central),
        };
        let mut more = 0;
        if let Some(before) = own.header {
            // What it expects next has changed, or what it sends: the peer has spoken.
            let heard = before.nesn != header.nesn || before.sn != header.sn;
            // Another PDU with the same number: there was one with the other in between.
            let between = before.sn == header.sn && own.payload != payload;
            if (heard || between) && !own.answered {
                more += peer.note();
            }
            if between {
                more += own.note();
            }
        }
        *own =
            End { header: Some(header), payload: payload.to_vec(), answered: false, noted: false };
        peer.answered = true;
        missing.saturating_add(more)
    }
}

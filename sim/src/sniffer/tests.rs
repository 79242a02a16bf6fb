//! A connection written down by hand: what a central and a peripheral would have sent.

use ble::address::Address;
use ble::crypto::ccm::{Cipher, session_key};
use ble::hci::Handle;
use ble::pdu::advertising::{ADVERTISING_CRC_INIT, CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::{ConnectionUpdate, EncReq, EncRsp};
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::radio::AirPdu;

use super::*;
use crate::node::NodeId;
use crate::record::{AirTx, Note, Reception, RecordId};
use ble::hci::Command;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::pdu::control::ControlPdu;
use ble::phy::TxPhy;
use ble::secret::Secret;
use ble::time::Instant;

const CENTRAL: NodeId = NodeId(0);
const PERIPHERAL: NodeId = NodeId(1);

/// Builds records packet by packet.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) records: Vec<Record>,
    sequence: [bool; 2],
}

impl Tape {
    pub(crate) fn record(&mut self, node: NodeId, us: u64, kind: RecordKind) -> RecordId {
        let id = RecordId(self.records.len() as u64 + 1);
        self.records.push(Record { id, causes: Vec::new(), at: Instant::from_us(us), node, kind });
        id
    }

    pub(crate) fn air(
        &mut self,
        node: NodeId,
        us: u64,
        access_address: u32,
        pdu: AirPdu,
        heard: Option<Reception>,
    ) {
        let end = Instant::from_us(us) + TxPhy::Le1M.air_time(pdu.payload_len());
        let crc_init = ADVERTISING_CRC_INIT;
        let crc = crate::medium::crc::crc24(crc_init, pdu.octets());
        let tx = AirTx {
            channel: if access_address == ADVERTISING_ACCESS_ADDRESS { 37 } else { 5 },
            phy: TxPhy::Le1M,
            access_address,
            crc_init,
            crc: u32::from_le_bytes([crc[0], crc[1], crc[2], 0]),
            pdu,
            end,
            tag: 0,
        };
        let tx = self.record(node, us, RecordKind::AirTx(tx));
        if let Some(reception) = heard {
            let kind = RecordKind::AirRx { tx, reception, rssi_dbm: -50 };
            self.record(NodeId(1 - node.0), end.as_us(), kind);
        }
    }

    pub(crate) fn data(&mut self, node: NodeId, us: u64, llid: Llid, payload: &[u8], new: bool) {
        let way = &mut self.sequence[usize::from(node.0)];
        *way ^= new;
        let header = DataHeader { llid, nesn: false, sn: !*way, md: false };
        let pdu = AirPdu::new(header.octet(), payload).unwrap();
        self.air(node, us, 0x71764129, pdu, Some(Reception::Ok));
    }

    pub(crate) fn control(&mut self, node: NodeId, us: u64, pdu: ControlPdu) {
        self.data(node, us, Llid::Control, &pdu.encode(), true);
    }

    /// CONNECT_IND at 1 ms, for an interval of 10 ms; event 0 has its anchor at 5 ms.
    pub(crate) fn connected() -> Self {
        let mut tape = Self::default();
        let request = ConnectInd {
            initiator: Address::public([1; 6]),
            advertiser: Address::static_random([2; 6]),
            access_address: 0x71764129,
            crc_init: ADVERTISING_CRC_INIT,
            win_size: 1,
            win_offset: 0,
            interval: 8,
            latency: 0,
            timeout: 100,
            channel_map: CHANNEL_MAP_ALL,
            hop: 7,
            sca: 0,
            ch_sel: false,
        };
        let pdu = AdvertisingPdu::ConnectInd(request).encode();
        tape.air(CENTRAL, 1_000, ADVERTISING_ACCESS_ADDRESS, pdu, Some(Reception::Ok));
        tape
    }

    pub(crate) fn empty(&mut self, node: NodeId, us: u64) {
        self.data(node, us, Llid::Continuation, &[], true);
    }
}

fn data_items(tape: &Tape) -> Vec<AirItem> {
    sniff(&tape.records).split_off(1)
}

#[test]
fn event_counters_come_from_anchors_and_survive_an_update() {
    let mut tape = Tape::connected();
    tape.empty(CENTRAL, 5_000);
    tape.empty(PERIPHERAL, 5_230);
    tape.empty(CENTRAL, 5_460);
    // Drift of 40 ppm, event 2 is missing.
    let update = ConnectionUpdate {
        win_size: 1,
        win_offset: 2,
        interval: 16,
        latency: 0,
        timeout: 100,
        instant: 6,
    };
    tape.control(CENTRAL, 14_999, ControlPdu::ConnectionUpdateInd(update));
    tape.empty(CENTRAL, 35_002);
    tape.empty(CENTRAL, 55_001);
    // Instant 6: 5 ms + 6 · 10 ms + 2.5 ms.
    tape.empty(CENTRAL, 67_900);
    tape.empty(PERIPHERAL, 68_130);
    tape.empty(CENTRAL, 87_900);
    let items = data_items(&tape);
    let events: Vec<u16> = items.iter().map(|item| item.event.unwrap()).collect();
    assert_eq!(events, [0, 0, 0, 1, 3, 5, 6, 6, 7]);
    assert_eq!(items[1].direction, Some(Direction::PeripheralToCentral));
    assert_eq!(items[3].direction, Some(Direction::CentralToPeripheral));
    assert_eq!(items[1].reception, Some(Reception::Ok));
}

/// CONNECT_IND ends at 1.352 ms, its first window starts at 2.602 ms and lasts 1.25 ms.
#[test]
fn a_window_that_passes_without_a_packet_counts_as_an_event() {
    for (first, event) in [(2_500, 0), (3_840, 0), (12_500, 1), (13_850, 1), (22_600, 2)] {
        let mut tape = Tape::connected();
        tape.empty(CENTRAL, first);
        tape.empty(CENTRAL, first + 20_000);
        let events: Vec<_> = data_items(&tape).iter().map(|item| item.event.unwrap()).collect();
        assert_eq!(events, [event, event + 2], "{first} µs");
    }
}

/// A window of an update may be as long as the new interval but for 1.25 ms.
#[test]
fn a_late_start_in_a_long_window_is_still_of_the_instant() {
    let update = ConnectionUpdate {
        win_size: 5,
        win_offset: 0,
        interval: 6,
        latency: 0,
        timeout: 100,
        instant: 6,
    };
    let mut tape = Tape::connected();
    tape.control(CENTRAL, 5_000, ControlPdu::ConnectionUpdateInd(update));
    tape.empty(CENTRAL, 65_000 + 6_200);
    tape.empty(CENTRAL, 65_000 + 6_200 + 7_500);
    let events: Vec<_> = data_items(&tape).iter().map(|item| item.event.unwrap()).collect();
    assert_eq!(events, [0, 6, 7]);
}

#[test]
fn fragments_are_joined_and_repetitions_marked() {
    let mut tape = Tape::connected();
    tape.data(CENTRAL, 5_000, Llid::Start, &[5, 0, 4, 0, 1, 2], true);
    tape.data(CENTRAL, 15_000, Llid::Start, &[5, 0, 4, 0, 1, 2], false);
    tape.data(CENTRAL, 25_000, Llid::Continuation, &[3, 4, 5], true);
    let items = data_items(&tape);
    let repeated: Vec<bool> = items.iter().map(|item| item.retransmission).collect();
    assert_eq!(repeated, [false, true, false]);
    assert_eq!(items[0].frame(), None);
    assert_eq!(items[2].frame(), Some((4, [1, 2, 3, 4, 5].as_slice())));
}

#[test]
fn encryption_is_followed_with_the_key_that_the_host_gave() {
    let mut tape = Tape::connected();
    let ltk = Secret::new([0x11; 16]);
    let command =
        Command::LeEnableEncryption { handle: Handle(0), rand: 0, ediv: 0, ltk: ltk.clone() };
    tape.record(CENTRAL, 2_000, RecordKind::Note(Note::HciCommand(command)));
    let (skd_c, iv_c, skd_p, iv_p) = ([1; 8], [2; 4], [3; 8], [4; 4]);
    tape.control(CENTRAL, 5_000, ControlPdu::EncReq(EncReq { rand: 0, ediv: 0, skd_c, iv_c }));
    tape.control(PERIPHERAL, 5_500, ControlPdu::EncRsp(EncRsp { skd_p, iv_p }));
    tape.control(PERIPHERAL, 15_500, ControlPdu::StartEncReq);
    let key = session_key(&ltk, skd_c, skd_p);
    let mut ciphers = [Direction::CentralToPeripheral, Direction::PeripheralToCentral]
        .map(|way| Cipher::new(key.clone(), iv_c, iv_p, way));
    let mut encrypted = |node: NodeId, us, llid, plain: &[u8], tape: &mut Tape, new| {
        let mut payload = Payload::from_slice(plain).unwrap();
        ciphers[usize::from(node.0)].encrypt(llid, &mut payload).unwrap();
        tape.data(node, us, llid, &payload, new);
        payload
    };
    let start = ControlPdu::StartEncRsp.encode();
    encrypted(CENTRAL, 25_000, Llid::Control, &start, &mut tape, true);
    encrypted(PERIPHERAL, 25_500, Llid::Control, &start, &mut tape, true);
    let frame = [3, 0, 4, 0, 0x0A, 3, 0];
    let again = encrypted(CENTRAL, 35_000, Llid::Start, &frame, &mut tape, true);
    tape.data(CENTRAL, 45_000, Llid::Start, &again, false);
    tape.data(PERIPHERAL, 45_500, Llid::Start, &again, true);
    let items = data_items(&tape);
    assert_eq!(items[3].control(), Some(&ControlPdu::StartEncRsp));
    assert_eq!(items[4].control(), Some(&ControlPdu::StartEncRsp));
    for item in &items[5..7] {
        assert_eq!(item.decrypted, Some(true));
        assert_eq!(item.frame(), Some((4, [0x0A, 3, 0].as_slice())));
    }
    assert!(items[6].retransmission);
    // Octets of the other direction do not verify.
    assert_eq!((items[7].decrypted, &items[7].decoded), (Some(false), &Decoded::Opaque));
}

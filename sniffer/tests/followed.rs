//! Packets of a connection whose beginning was not captured, as a capture reader passes them on.

use ble::pdu::control::ControlPdu;
use ble::radio::AirPdu;
use ble::time::Instant;
use bletwin_sniffer::{
    Decoded, Direction, Followed, Frame, Hearing, NodeId, RecordId, Sealing, View, sniff,
};

fn frame(number: u64, direction: Direction, octets: &[u8], sealing: Sealing) -> Frame {
    Frame {
        id: RecordId(number),
        at: Instant::from_us(number * 7_500),
        end: None,
        from: NodeId(direction as u16),
        access_address: 0x5065_4B21,
        pdu: AirPdu::from_octets(octets).unwrap(),
        channel: None,
        phy: None,
        crc_init: None,
        hearing: Hearing::Unknown,
        sealing,
        followed: Some(Followed { direction, event: Some(40 + number as u16), missing: 0 }),
    }
}

#[test]
fn a_connection_is_joined_where_its_source_followed_it() {
    let (down, up) = (Direction::CentralToPeripheral, Direction::PeripheralToCentral);
    let mut frames = vec![
        // The peripheral is the first to be seen.
        frame(1, up, &[0x03, 1, 0x12], Sealing::Opened),
        frame(2, down, &[0x0B, 5, 0x13, 1, 2, 3, 4], Sealing::Sealed),
        frame(3, up, &[0x0F, 2, 0x02, 0x13], Sealing::AsOnAir),
    ];
    let mut unknown = frames[0].clone();
    unknown.access_address ^= 0xFF00;
    unknown.followed = None;
    unknown.id = RecordId(4);
    frames.push(unknown);
    let view = View {
        frames,
        hci: None,
        nodes: None,
        exact_times: false,
        complete: false,
        end: Instant::from_us(100_000),
    };
    let items = sniff(&view);
    let seen: Vec<_> = items.iter().map(|i| (i.connection, i.direction, i.event)).collect();
    assert_eq!(
        seen,
        [
            (Some(0), Some(up), Some(41)),
            (Some(0), Some(down), Some(42)),
            (Some(0), Some(up), Some(43)),
            (None, None, None)
        ]
    );
    assert_eq!(items[0].control(), Some(&ControlPdu::PingReq));
    assert_eq!(items[0].decrypted, Some(true));
    assert_eq!((&items[1].decoded, items[1].decrypted), (&Decoded::Opaque, Some(false)));
    assert_eq!(items[2].decrypted, None);
    assert!(matches!(items[2].control(), Some(ControlPdu::TerminateInd { .. })));
}

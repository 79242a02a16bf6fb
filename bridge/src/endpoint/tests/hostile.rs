//! Nonsense from a host stops nothing.

use ble::time::Duration;
use proptest::prelude::*;

use super::rig::{A, B, Rig};
use crate::endpoint::table::COMMANDS;
use crate::twin::Port;

/// A packet that may or may not be one.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let any_octets = || proptest::collection::vec(any::<u8>(), 0..80);
    let opcode =
        prop_oneof![(0..COMMANDS.len()).prop_map(|index| COMMANDS[index].opcode), any::<u16>(),];
    let handle = prop_oneof![Just(0x0001_u16), Just(0x0101), any::<u16>()];
    let command = (opcode, handle.clone(), any_octets()).prop_map(|(opcode, handle, rest)| {
        let parameters = [&handle.to_le_bytes()[..], &rest].concat();
        [&[1][..], &opcode.to_le_bytes(), &[parameters.len() as u8], &parameters].concat()
    });
    let acl = (handle, any_octets()).prop_map(|(handle, data)| {
        let length = u16::try_from(data.len()).unwrap_or(0);
        [&[2][..], &handle.to_le_bytes(), &length.to_le_bytes(), &data].concat()
    });
    prop_oneof![4 => command, 2 => acl, 1 => any_octets()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Ten thousand packets in all, some cut short.
    #[test]
    fn nonsense_on_one_endpoint_disturbs_no_other(
        packets in proptest::collection::vec((packet(), any::<bool>(), 0_u64..4), 250)
    ) {
        let mut rig = Rig::new(4);
        let (c, d) = (Port(2), Port(3));
        rig.connect(A, B);
        let [central, _] = rig.connect(c, d);
        rig.waiting(A);
        for (octets, cut, pause) in packets {
            let octets = if cut { &octets[..octets.len() / 2] } else { &octets[..] };
            rig.raw(A, octets);
            rig.pass(Duration::from_ms(pause));
        }
        // What comes out are packets, and a Reset brings the endpoint back.
        for packet in rig.waiting(A) {
            prop_assert!(matches!(packet[0], 2 | 4));
        }
        rig.raw(A, &[0; 300]);
        rig.raw(A, &[1, 3, 0x0C, 0]);
        let last = rig.waiting(A).pop();
        prop_assert_eq!(last, Some(vec![4, 0x0E, 4, 1, 3, 0x0C, 0]));
        rig.ok(A, 0x1009, &[]);
        rig.acl(c, central, &[1, 0, 4, 0, 5]);
        prop_assert_eq!(rig.data(d)[4], 5);
    }
}

#[test]
fn a_lost_place_is_a_hardware_error_until_the_next_reset() {
    let mut rig = Rig::new(1);
    rig.raw(A, &[0x77, 1, 9, 0x10, 0]);
    assert_eq!(rig.waiting(A), [[4, 0x10, 1, 0x02]]);
    rig.raw(A, &[1, 9, 0x10, 0]);
    assert!(rig.waiting(A).is_empty(), "nothing is believed");
    rig.raw(A, &[5, 5, 1, 3, 0x0C, 0]);
    assert_eq!(rig.waiting(A), [[4, 0x0E, 4, 1, 3, 0x0C, 0]]);
    rig.ok(A, 0x1009, &[]);
}

#[test]
fn a_hundred_hosts_leave_no_state() {
    let mut rig = Rig::new(2);
    let mut sizes = Vec::new();
    for _ in 0..100 {
        rig.connect(A, B);
        rig.ok(A, 0x2011, &[0, 1, 1, 1, 1, 1, 1]);
        rig.twin.leave(A);
        rig.twin.leave(B);
        for port in [A, B] {
            rig.waiting(port);
            rig.ok(port, 0x0C01, &[0xFF; 8]);
        }
        let text = format!("{:?}", rig.twin.endpoint(A).and_then(|node| node.endpoint()));
        sizes.push(text.len());
        rig.twin.settled();
    }
    // Random numbers print with a digit more or less.
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(most - least < 200, "{least} to {most}");
}

//! Direct test mode.

use bletwin_sim::record::RecordKind;

use super::super::rig::{A, B, Rig};
use super::{SECOND, air};

/// RF channel.
const CHANNEL: u8 = 19;
const LENGTH: u8 = 37;
/// PRBS9 as it begins on air (Vol 6, Part F, 4.1.5).
const PRBS9: [u8; 8] = [0xFF, 0xC1, 0xFB, 0xE8, 0x4C, 0x90, 0x72, 0x8B];

/// Sends for a second: how many were counted.
fn second(rig: &mut Rig, sender: &[u8], receiver: &[u8]) -> u16 {
    let opcode = |first: u16, second, parameters: &[u8], short| {
        if parameters.len() == short { first } else { second }
    };
    rig.ok(B, opcode(0x201D, 0x2033, receiver, 1), receiver);
    rig.ok(A, opcode(0x201E, 0x2034, sender, 3), sender);
    air(rig);
    rig.pass(SECOND);
    assert_eq!(rig.ok(A, 0x201F, &[]), [0, 0]);
    rig.pass(SECOND);
    let counted = rig.ok(B, 0x201F, &[]);
    u16::from_le_bytes([counted[0], counted[1]])
}

pub(super) fn packets_are_counted() {
    let mut rig = Rig::new(2);
    for kind in 0..8 {
        // 376 µs on air: one in each slot of 625 µs.
        let counted = second(&mut rig, &[CHANNEL, LENGTH, kind], &[CHANNEL]);
        assert!((1_595..=1_600).contains(&counted), "{counted}");
        let sent = rig.twin.settled().into_iter().find_map(|(record, item)| match record.kind {
            RecordKind::AirTx(tx) => Some((tx.channel, item?.payload)),
            _ => None,
        });
        let (channel, payload) = sent.unwrap();
        // 2,440 MHz is data channel 17.
        assert_eq!(channel, 17);
        match kind {
            0 => assert!(payload.starts_with(&PRBS9), "{payload:02x?}"),
            1 => assert_eq!(payload.as_slice(), [0x0F; 37]),
            2 => assert_eq!(payload.as_slice(), [0x55; 37]),
            _ => assert_eq!(payload.len(), 37),
        }
    }
    // 2M, S=8, S=2: 192, 2,896 and 1,126 µs on air. The receiver of LE Coded hears both.
    for (sent, heard, most) in [(2, 2, 1_600), (3, 3, 266), (4, 3, 533)] {
        let counted = second(&mut rig, &[CHANNEL, LENGTH, 0, sent], &[CHANNEL, heard, 0]);
        assert!((most - 8..=most + 1).contains(&counted), "{sent}: {counted}");
    }
    assert_eq!(second(&mut rig, &[CHANNEL, LENGTH, 0], &[CHANNEL + 1]), 0);
    assert_eq!(second(&mut rig, &[CHANNEL, LENGTH, 0, 2], &[CHANNEL, 1, 0]), 0);
    for wrong in [&[40, 0, 0][..], &[0, 0, 8], &[0, 0]] {
        rig.fails(A, 0x201E, wrong, 0x12);
    }
    rig.fails(A, 0x2034, &[0, 0, 0, 5], 0x12);
    rig.fails(A, 0x2034, &[0, 0, 0], 0x12);
    rig.fails(A, 0x2033, &[0, 1, 2], 0x12);
    rig.fails(A, 0x201F, &[], 0x0C);
    // Nothing else goes on meanwhile, and only where nothing else goes on.
    rig.ok(A, 0x201D, &[0]);
    rig.fails(A, 0x201D, &[0], 0x0C);
    rig.fails(A, 0x200C, &[1, 0], 0x0C);
    rig.ok(A, 0x0C03, &[]);
    rig.ok(A, 0x0C01, &[0xFF; 8]);
    rig.connect(A, B);
    rig.fails(A, 0x201D, &[0], 0x0C);
    rig.fails(B, 0x201E, &[0, 0, 0], 0x0C);
}

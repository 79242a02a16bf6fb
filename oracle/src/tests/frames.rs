//! Frames, sequence numbers and the end of an event: what just passes, and what does not.

use ble::pdu::control::Opcode;

use super::broken::set;
use super::procedures::breaks;
use super::*;

const OK: Option<Reception> = Some(Reception::Ok);
const CRC: Option<Reception> = Some(Reception::CrcError);

/// An event of these packets: sender, reception, and MD of each.
fn event(list: &[(Role, Option<Reception>, bool)]) -> BTreeSet<(&'static str, Role)> {
    let mut script = Script::new().events(3);
    let mut at = 0;
    for (by, heard, _) in list {
        at = script.packet(*by, at, *heard) + 150;
    }
    for (back, (.., more)) in list.iter().rev().enumerate() {
        if *more {
            script = script.edit(back, |tx| set(tx, DataHeader::MD));
        }
    }
    script.named()
}

/// LL-EVENT-1: end of a connection event.
#[test]
fn a_central_goes_on_while_there_is_more_and_answers_come() {
    let goes_on: [&[_]; 6] = [
        &[(C, OK, true), (P, OK, false), (C, OK, false), (P, OK, false)],
        &[(C, OK, false), (P, OK, true), (C, OK, false), (P, OK, false)],
        &[(C, OK, true), (P, CRC, false), (C, OK, false), (P, OK, false)],
        &[
            (C, OK, true),
            (P, CRC, true),
            (C, OK, true),
            (P, OK, true),
            (C, OK, true),
            (P, CRC, true),
        ],
        &[(C, CRC, true), (P, OK, false), (C, OK, false), (P, OK, false)],
        &[
            (C, OK, true),
            (P, OK, true),
            (C, OK, false),
            (P, OK, true),
            (C, OK, false),
            (P, OK, false),
        ],
    ];
    for list in goes_on {
        assert_eq!(event(list), BTreeSet::new(), "{list:?}");
    }
    let is_over: [&[_]; 6] = [
        &[(C, OK, false), (P, OK, false), (C, OK, false), (P, OK, false)],
        &[(C, OK, true), (P, None, true), (C, OK, false), (P, OK, false)],
        &[
            (C, OK, true),
            (P, CRC, true),
            (C, OK, true),
            (P, CRC, true),
            (C, OK, true),
            (P, OK, true),
        ],
        &[
            (C, OK, true),
            (P, OK, true),
            (C, OK, false),
            (P, OK, false),
            (C, OK, false),
            (P, OK, true),
        ],
        &[
            (C, OK, true),
            (P, OK, false),
            (C, OK, false),
            (P, OK, false),
            (C, OK, false),
            (P, OK, true),
        ],
        &[(C, None, true), (C, OK, false), (P, OK, false)],
    ];
    for list in is_over {
        assert_eq!(event(list), breaks("LL-EVENT-1", C), "{list:?}");
    }
}

/// LL-SN-1, LL-NESN-1, for both ends.
#[test]
fn sequence_numbers_follow_what_was_heard() {
    for (by, back) in [(C, 1), (P, 0)] {
        let flipped = |bits| Script::new().events(3).edit(back, |tx| set(tx, bits)).named();
        assert!(flipped(DataHeader::SN).contains(&("LL-SN-1", by)), "{by:?}");
        // Without an acknowledgement a packet is repeated, however often.
        let mut again = Script::new().events(3);
        for _ in 0..3 {
            let end = again.packet(C, 0, if by == C { CRC } else { OK });
            again.packet(P, end + 150, if by == P { CRC } else { OK });
            again.next();
        }
        assert_eq!(again.clone().events(2).named(), BTreeSet::new(), "{by:?}");
        let early = again.edit(back, |tx| set(tx, DataHeader::SN)).named();
        assert!(early.contains(&("LL-SN-1", by)), "{by:?}");
    }
    // The central acknowledges what came with a wrong CRC.
    let mut script = Script::new().events(3);
    let end = script.packet(C, 0, OK);
    script.packet(P, end + 150, CRC);
    script.next();
    script.packet(C, 0, None);
    let script = script.edit(0, |tx| set(tx, DataHeader::NESN));
    assert_eq!(script.named(), breaks("LL-NESN-1", C));
}

/// LL-RETX-1: payload and LLID stay; NESN and MD need not.
#[test]
fn what_is_repeated_stays_as_it_was() {
    let again = |edit: &dyn Fn(&mut Script)| {
        let mut script = Script::new().events(3);
        script.queue[0].push_back((Llid::Start, vec![1; 5]));
        let end = script.packet(C, 0, CRC);
        script.packet(P, end + 150, OK);
        script.next();
        edit(&mut script);
        script.events(1)
    };
    assert_eq!(again(&|_| {}).named(), BTreeSet::new());
    let more = again(&|_| {}).edit(1, |tx| set(tx, DataHeader::MD));
    assert_eq!(more.named(), BTreeSet::new());
    let wrong = breaks("LL-RETX-1", C);
    assert_eq!(again(&|s| s.flight[0] = Some((Llid::Start, vec![1; 6]))).named(), wrong);
    assert_eq!(again(&|s| s.flight[0] = Some((Llid::Continuation, vec![1; 5]))).named(), wrong);
}

/// LL-FRAME-2: reserved header bits.
/// LL-FRAME-3: LLID.
#[test]
fn no_reserved_bit_and_no_reserved_llid_is_sent() {
    for (by, back) in [(C, 1), (P, 0)] {
        for bit in [0x20, 0x40, 0x80] {
            let named = Script::new().events(3).edit(back, |tx| set(tx, bit)).named();
            assert_eq!(named, breaks("LL-FRAME-2", by), "{bit:02X}");
        }
        let of = |llid, octets| Script::new().raw(by, llid, &vec![1; octets]).named();
        assert_eq!(of(Llid::Continuation, 0), BTreeSet::new());
        assert_eq!(of(Llid::Continuation, 1), BTreeSet::new());
        assert_eq!(of(Llid::Start, 1), BTreeSet::new());
        assert_eq!(of(Llid::Start, 0), breaks("LL-FRAME-3", by));
        assert_eq!(of(Llid::Reserved, 1), breaks("LL-FRAME-3", by));
        assert!(of(Llid::Control, 0).contains(&("LL-FRAME-3", by)));
    }
}

/// LL-FRAME-1: length octet.
/// LL-CRC-1: CRC preset.
#[test]
fn length_and_crc_preset_are_those_of_the_packet() {
    for (by, back) in [(C, 1), (P, 0)] {
        let edited = |edit: &dyn Fn(&mut AirTx)| Script::new().events(3).edit(back, edit).named();
        assert_eq!(edited(&|tx| tx.crc_init ^= 1), breaks("LL-CRC-1", by));
        let length = |tx: &mut AirTx| {
            tx.pdu = AirPdu::from_octets(&[tx.pdu.header(), 1]).unwrap();
        };
        assert!(edited(&length).contains(&("LL-FRAME-1", by)));
    }
}

/// LL-CTRL-1: one octet too many and one too few.
#[test]
fn a_control_pdu_has_the_length_of_its_opcode() {
    let wrong = [(Opcode::PING_REQ, 1), (Opcode::LENGTH_REQ, 7), (Opcode::PHY_REQ, 3)];
    for (opcode, octets) in wrong {
        let pdu: Vec<u8> = std::iter::once(opcode.0).chain(vec![1; octets]).collect();
        let script = Script::new().raw(C, Llid::Control, &pdu);
        let script = script.say(P, ControlPdu::UnknownRsp(opcode));
        assert_eq!(script.named(), breaks("LL-CTRL-1", C), "{opcode:?} {octets}");
    }
}

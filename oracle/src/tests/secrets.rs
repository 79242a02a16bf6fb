//! What may be said while encryption starts, and how long silence may last when it runs.

use ble::hci::{Command, HciOpcode, Return};
use ble::pdu::control::{FeatureSet, Opcode};

use super::broken::{ENC_REQ, ENC_RSP, LENGTH};
use super::later::{keyed, secure_from};
use super::procedures::*;
use super::*;

const DATA: [u8; 5] = [1, 0, 9, 0, 9];

fn says(script: Script, by: Role, llid: Llid, octets: &[u8]) -> bool {
    script.raw(by, llid, octets).named().contains(&("LL-ENC-1", by))
}

/// LL-ENC-1: from LL_ENC_REQ on for the central, from LL_ENC_RSP on for the peripheral.
#[test]
fn each_end_holds_back_from_its_own_pdu_on() {
    let asked = || Script::new().say(C, ENC_REQ);
    let answered = || asked().say(P, ENC_RSP);
    assert!(says(asked(), C, Llid::Start, &DATA));
    assert!(!says(asked(), P, Llid::Start, &DATA));
    for by in [C, P] {
        assert!(says(answered(), by, Llid::Start, &DATA));
        assert!(!says(answered(), by, Llid::Continuation, &[]));
        let control = |pdu: ControlPdu| says(answered(), by, Llid::Control, &pdu.encode());
        for pdu in [ControlPdu::PingReq, ControlPdu::LengthRsp(LENGTH), version(), PHY_REQ] {
            assert!(control(pdu), "{by:?} {pdu:?}");
        }
        let error = ErrorCode::REMOTE_USER_TERMINATED;
        for pdu in [
            ControlPdu::TerminateInd(error),
            ControlPdu::RejectInd(error),
            reject(Opcode::PING_REQ, error),
            ControlPdu::UnknownRsp(Opcode::PING_REQ),
        ] {
            assert!(!control(pdu), "{by:?} {pdu:?}");
        }
        // Once encryption is on, everything continues.
        let running = secure_from(Script::new(), 0x11);
        assert_eq!(running.raw(by, Llid::Start, &DATA).named(), BTreeSet::new());
    }
    // A refusal ends it for both.
    for refusal in [
        ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE),
        reject(Opcode::ENC_REQ, ErrorCode::UNSUPPORTED_REMOTE_FEATURE),
        ControlPdu::UnknownRsp(Opcode::ENC_REQ),
    ] {
        let refused = || asked().say(P, refusal);
        assert!(!says(refused(), C, Llid::Start, &DATA), "{refusal:?}");
        assert!(!says(refused(), P, Llid::Start, &DATA), "{refusal:?}");
    }
}

/// LL-ENC-2, LL-MIC-1, for both ends; a retransmission has the counter of the first transmission.
#[test]
fn what_runs_encrypted_stays_so() {
    for by in [C, P] {
        let secure = || secure_from(Script::new(), 0x11).events(2);
        let mut plain = secure();
        plain.ciphers[by as usize] = None;
        let control = plain.clone().raw(by, Llid::Control, &ControlPdu::PingReq.encode());
        assert_eq!(control.named(), breaks("LL-ENC-2", by));
        assert_eq!(plain.raw(by, Llid::Start, &[9; 12]).named(), breaks("LL-MIC-1", by));
        // A counter that has advanced without a PDU.
        let mut ahead = secure();
        let mut lost = Payload::from_slice(&DATA).unwrap();
        let cipher = ahead.ciphers[by as usize].as_mut().unwrap();
        cipher.encrypt(Llid::Start, &mut lost).unwrap();
        assert_eq!(ahead.raw(by, Llid::Start, &DATA).named(), breaks("LL-MIC-1", by));
    }
    // Before the peer may know of it nothing is encrypted.
    let early = keyed(Script::new(), 0x11).raw(P, Llid::Start, &DATA);
    assert!(early.named().contains(&("LL-ENC-1", P)));
}

/// LL-PING-2: 30 s, one in a hundred for the clocks and 100 ms to be told; for both ends.
#[test]
fn a_missing_payload_timeout_is_found() {
    let quiet = |events| secure_from(Script::new(), 0x11).events(events).named();
    assert_eq!(quiet(3_030), BTreeSet::new());
    // The central has had nothing since its peer's LL_START_ENC_RSP, the peripheral before that.
    let both = quiet(3_060);
    assert!(both.contains(&("LL-PING-2", C)), "{both:?}");
}

/// LL-PING-2: as the host has set it, unless the controller refused.
#[test]
fn a_host_may_set_the_payload_timeout() {
    let set = |by: Role, handle: u16, status, events| {
        // Both show all of their bits.
        let bits = FeatureSet(0xFFFF);
        let script = Script::new().say(P, ControlPdu::PeripheralFeatureReq(bits));
        let mut script = secure_from(script.say(C, ControlPdu::FeatureRsp(bits)), 0x11);
        let command =
            Command::WriteAuthenticatedPayloadTimeout { handle: Handle(handle), timeout: 100 };
        let at = Instant::from_us(script.anchor);
        script.record(by, at, RecordKind::Note(Note::HciCommand(command)));
        let opcode = HciOpcode(0x0C7C);
        let returned = Return::Handle(Handle(handle));
        script.hci(by, Event::CommandComplete { opcode, status, returned });
        script.events(events).named()
    };
    for by in [C, P] {
        assert_eq!(set(by, 0, ErrorCode::SUCCESS, 100), BTreeSet::new());
        assert!(set(by, 0, ErrorCode::SUCCESS, 130).contains(&("LL-PING-2", by)), "{by:?}");
        assert_eq!(set(by, 0, ErrorCode::COMMAND_DISALLOWED, 130), BTreeSet::new());
        assert_eq!(set(by, 1, ErrorCode::SUCCESS, 130), BTreeSet::new());
    }
}

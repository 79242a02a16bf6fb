//! Scripts E1–E5 and the local part of G1: encryption start, pause, and the pings of an encrypted
//! link. E6 is about isochronous channels, which this controller does not have.

use super::super::encryption::{CHANGED, ENC_REQ, NO_KEY, acl, ciphers, encrypt, key, pause};
use super::super::script::{HANDLE, OK, Script, VERSION};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::time::Duration;

/// E1.
///
/// LL-ENC-2: no plain text afterwards.
/// LL-ENC-3: order of PDUs.
/// LL-ENC-13: done.
#[test]
fn encryption_starts_and_data_flow() {
    let mut s = Script::new();
    encrypt(&mut s);
    assert_eq!(s.events(), [CHANGED]);
    s.acl(acl(b"up"));
    s.receive(Llid::Start, b"down");
    s.event(&[]);
    assert_eq!(s.received, [acl(b"down")]);
    assert_eq!(s.data, [(Llid::Start, b"up".to_vec())]);
}

/// E2. All transmit buffers are taken when LL_ENC_REQ comes.
///
/// LL-ENC-4: what was queued before.
#[test]
fn what_was_queued_goes_in_the_clear_and_nothing_is_lost() {
    let mut s = Script::new();
    for n in 0..4 {
        s.acl(acl(&[n]));
    }
    s.receive(Llid::Control, &ENC_REQ.encode());
    // Three data PDUs are in Link's hands; one place was left for LL_ENC_RSP.
    let sent = s.event(&[]);
    let [ControlPdu::EncRsp(answer)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(s.data.len(), 3);
    s.ask(key());
    s.event(&[]);
    let _ = s.event(&[]);
    let (tx, rx) = ciphers(answer);
    s.central_tx = Some(tx);
    s.event(&[ControlPdu::StartEncRsp]);
    s.central_rx = Some(rx);
    assert_eq!(s.event(&[]), [ControlPdu::StartEncRsp]);
    s.event(&[]);
    let data: std::vec::Vec<_> = s.data.iter().map(|(_, octets)| octets[0]).collect();
    assert_eq!(data, [0, 1, 2, 3]);
}

/// E3.
///
/// LL-ENC-8: no key.
#[test]
fn without_a_key_the_link_lives_on_in_the_clear() {
    let error = ErrorCode::PIN_OR_KEY_MISSING;
    let extended = ControlPdu::RejectExtInd { opcode: Opcode::ENC_REQ, error };
    let cases = [
        (Script::new(), ControlPdu::RejectInd(error)),
        (Script::with_features(FeatureSet::EXTENDED_REJECT), extended),
    ];
    for (mut s, expected) in cases {
        s.event(&[ENC_REQ]);
        s.acl(acl(b"wait"));
        let sent = s.event(&[]);
        assert!(matches!(sent[..], [ControlPdu::EncRsp(_)]));
        s.events();
        assert_eq!(s.ask(NO_KEY), OK);
        assert_eq!(s.event(&[]), [expected]);
        s.event(&[]);
        assert_eq!(s.data, [(Llid::Start, b"wait".to_vec())]);
        assert!(!s.dropped);
        assert_eq!(s.ask(NO_KEY), ErrorCode::COMMAND_DISALLOWED);
    }
}

/// E4.
///
/// LL-ENC-6: anything else.
#[test]
fn a_forbidden_pdu_ends_the_link_and_nothing_more_is_sent() {
    let version = ControlPdu::VersionInd(VERSION);
    for pdu in [
        version,
        ControlPdu::PingReq,
        super::super::phy::update(20),
        ControlPdu::StartEncRsp,
        ControlPdu::PauseEncRsp,
    ] {
        let mut s = Script::new();
        s.event(&[ENC_REQ]);
        s.event(&[pdu]);
        s.assert_disconnected(ErrorCode::MIC_FAILURE);
        assert!(s.misbehaved(PeerMisbehaved::NotAllowedWhileEncrypting));
        s.wait(Duration::from_secs(60));
    }
    let mut s = Script::new();
    s.event(&[ENC_REQ]);
    s.receive(Llid::Start, b"data");
    s.assert_disconnected(ErrorCode::MIC_FAILURE);
}

/// E5.
///
/// LL-ENC-11: pause.
#[test]
fn pause_and_refresh() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.events();
    pause(&mut s);
    assert_eq!(s.data, []);
    encrypt(&mut s);
    s.event(&[]);
    let events = s.events();
    let refreshed = Event::EncryptionKeyRefreshComplete { handle: HANDLE, status: OK };
    assert_eq!(events.first(), Some(&refreshed));
    assert!(!events.contains(&CHANGED));
    assert_eq!(s.data, [(Llid::Start, b"held".to_vec())]);
}

/// G1, the local ping: any refusal ends it, as an answer does. One stack accepts only
/// LL_UNKNOWN_RSP and disconnects with 0x24 on a reject.
///
/// LL-PING-1: answers to a ping.
#[test]
fn any_answer_will_do_for_a_ping() {
    let opcode = Opcode::PING_REQ;
    let error = ErrorCode(0x1F);
    for answer in [
        ControlPdu::PingRsp,
        ControlPdu::UnknownRsp(opcode),
        ControlPdu::RejectExtInd { opcode, error },
        ControlPdu::RejectInd(error),
    ] {
        let mut s = Script::new();
        encrypt(&mut s);
        s.events();
        s.wait(Duration::from_secs(15));
        assert_eq!(s.event(&[]), [ControlPdu::PingReq]);
        s.event(&[answer]);
        assert!(!s.dropped);
        assert_eq!(s.events(), []);
        // The procedure is over: the next one runs.
        s.ask(super::super::phy::SET_2M);
        assert_eq!(s.event(&[]), [super::super::phy::REQ_2M]);
    }
}

//! Encryption start, refresh and refusal (Vol 6, Part B, 5.1.3).

use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, DataLength, Opcode};
use ble::pdu::data::Llid;
use ble::phy::PhySet;
use ble::time::Duration;

use super::rig::{HANDLE, Rig, acquainted, opcodes, phy_req};

fn changed(status: ErrorCode) -> Event {
    let enabled = status == ErrorCode::SUCCESS;
    Event::EncryptionChange { handle: HANDLE, status, enabled }
}

/// LL-ENC-2: no plain text afterwards.
/// LL-ENC-3: order of PDUs.
/// LL-ENC-13: done.
#[test]
fn encrypts_and_carries_data() {
    let mut rig = Rig::connected(acquainted());
    rig.host_sends(b"in clear");
    rig.encrypt();
    assert_eq!(rig.take_events().last(), Some(&changed(ErrorCode::SUCCESS)));
    rig.host_sends(b"secret");
    rig.exchange(None);
    assert_eq!(rig.last().payload, b"secret");
    rig.say.push_back((Llid::Start, b"answer".to_vec()));
    rig.exchange(None);
    assert_eq!(rig.acl.last().map(|acl| acl.data.to_vec()), Some(b"answer".to_vec()));
}

/// LL-ENC-1: silence while encryption starts or pauses.
/// LL-ENC-7: requests of the peripheral meanwhile.
#[test]
fn nothing_else_is_sent_while_it_starts() {
    let mut rig = Rig::connected(acquainted());
    rig.enable_encryption();
    let sent = rig.exchange(Some(phy_req(PhySet::LE_2M)));
    let [asked @ ControlPdu::EncReq(_)] = sent.as_slice() else { panic!("{sent:?}") };
    rig.host_sends(b"later");
    rig.command(Command::LeReadRemoteFeatures { handle: HANDLE });
    rig.command(Command::ReadRemoteVersion { handle: HANDLE });
    rig.sent.clear();
    assert_eq!(rig.answer_enc_req(asked), []);
    assert_eq!(rig.finish_encryption(), [ControlPdu::StartEncRsp]);
    let data = rig.sent.iter().filter(|(_, s)| s.llid == Llid::Start).count();
    assert_eq!(data, 0);
    // Then all of it, the peer's request first.
    let sent = rig.events(3);
    assert_eq!(opcodes(&sent), [Opcode::PHY_UPDATE_IND, Opcode::VERSION_IND]);
    assert!(rig.sent.iter().any(|(_, s)| s.payload == b"later"));
}

#[test]
fn own_procedures_are_finished_first() {
    let mut rig = Rig::connected(acquainted());
    rig.command(Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 });
    rig.enable_encryption();
    assert_eq!(opcodes(&rig.events(3)), [Opcode::LENGTH_REQ]);
    let lengths =
        DataLength { max_rx_octets: 27, max_rx_time: 328, max_tx_octets: 27, max_tx_time: 328 };
    rig.exchange(Some(ControlPdu::LengthRsp(lengths)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::ENC_REQ]);
}

/// LL-ENC-6: anything else.
#[test]
fn an_unexpected_pdu_after_enc_rsp_ends_the_connection() {
    let data = (Llid::Start, b"data".to_vec());
    let control = (Llid::Control, phy_req(PhySet::LE_2M).encode().to_vec());
    for unexpected in [data, control] {
        let mut rig = Rig::connected(acquainted());
        rig.enable_encryption();
        let sent = rig.exchange(None);
        rig.answer_enc_req(&sent[0]);
        rig.say.push_back(unexpected);
        rig.exchange(None);
        assert_eq!(rig.disconnected(), Some(ErrorCode::MIC_FAILURE));
    }
}

/// LL-MIC-2: wrong MIC.
#[test]
fn a_bad_mic_ends_the_connection_without_a_word() {
    let mut rig = Rig::connected(acquainted());
    rig.encrypt();
    rig.clear();
    rig.say.push_back((Llid::Start, b"no MIC at all".to_vec()));
    rig.exchange(None);
    assert_eq!(rig.disconnected(), Some(ErrorCode::MIC_FAILURE));
    assert_eq!(rig.events(3), []);
}

#[test]
fn a_missing_key_leaves_the_connection_in_clear() {
    let opcode = Opcode::ENC_REQ;
    let error = ErrorCode::PIN_OR_KEY_MISSING;
    for refusal in [ControlPdu::RejectInd(error), ControlPdu::RejectExtInd { opcode, error }] {
        let mut rig = Rig::connected(acquainted());
        rig.enable_encryption();
        rig.exchange(None);
        rig.host_sends(b"in clear");
        rig.exchange(Some(refusal));
        assert_eq!(rig.take_events(), [changed(error)]);
        rig.exchange(None);
        assert_eq!(rig.last().payload, b"in clear");
    }
}

/// LL-ENC-11: pause.
#[test]
fn refresh_pauses_first() {
    let mut rig = Rig::connected(acquainted());
    rig.encrypt();
    rig.take_events();
    rig.enable_encryption();
    assert_eq!(rig.exchange(None), [ControlPdu::PauseEncReq]);
    rig.exchange(Some(ControlPdu::PauseEncRsp));
    rig.clear();
    let sent = rig.events(2);
    assert_eq!(opcodes(&sent), [Opcode::PAUSE_ENC_RSP, Opcode::ENC_REQ]);
    rig.answer_enc_req(&sent[1]);
    rig.finish_encryption();
    let told = Event::EncryptionKeyRefreshComplete { handle: HANDLE, status: ErrorCode::SUCCESS };
    assert_eq!(rig.take_events(), [told]);
}

#[test]
fn no_answer_for_40_seconds() {
    let mut rig = Rig::connected(acquainted());
    rig.enable_encryption();
    rig.pass(Duration::from_ms(40_100));
    assert_eq!(rig.disconnected(), Some(ErrorCode::LL_RESPONSE_TIMEOUT));
}

/// LL-PING-2: authenticated payload timeout.
#[test]
fn a_silent_encrypted_link_is_pinged_and_then_reported() {
    let mut rig = Rig::connected(acquainted());
    rig.encrypt();
    rig.take_events();
    rig.command(Command::WriteAuthenticatedPayloadTimeout { handle: HANDLE, timeout: 100 });
    rig.take_events();
    let sent = rig.events(32);
    assert_eq!(sent, [ControlPdu::PingReq]);
    rig.exchange(Some(ControlPdu::PingRsp));
    assert_eq!(rig.take_events(), []);
    rig.events(38);
    let expired = Event::AuthenticatedPayloadTimeoutExpired { handle: HANDLE };
    assert_eq!(rig.take_events(), [expired]);
}

//! Encryption start and pause beyond the scripts, with the sample data of Vol 6, Part C, 1 for the
//! central's part of it.

use super::script::{HANDLE, OK, Script};
use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, AclBoundary, AclData, Command, Event};
use ble::pdu::control::{ControlPdu, EncReq, EncRsp, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::secret::Secret;
use ble::time::Duration;

const LTK: [u8; 16] = [0xbf, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x4c];
const SKD_C: [u8; 8] = [0x13, 0x02, 0xf1, 0xe0, 0xdf, 0xce, 0xbd, 0xac];
const IV_C: [u8; 4] = [0x24, 0xab, 0xdc, 0xba];
pub(super) const ENC_REQ: ControlPdu =
    ControlPdu::EncReq(EncReq { rand: 0x1234, ediv: 0x2474, skd_c: SKD_C, iv_c: IV_C });
const KEY_REQUEST: Event =
    Event::LeLongTermKeyRequest { handle: HANDLE, rand: 0x1234, ediv: 0x2474 };
pub(super) const NO_KEY: Command = Command::LeLongTermKeyRequestNegativeReply { handle: HANDLE };
pub(super) const CHANGED: Event =
    Event::EncryptionChange { handle: HANDLE, status: OK, enabled: true };

pub(super) fn key() -> Command {
    Command::LeLongTermKeyRequestReply { handle: HANDLE, ltk: Secret::new(LTK) }
}

pub(super) fn acl(octets: &[u8]) -> Acl {
    let data = AclData::from_slice(octets).unwrap();
    Acl { handle: HANDLE, boundary: AclBoundary::First, data }
}

/// The central's ciphers for what the peripheral has answered.
pub(super) fn ciphers(answer: EncRsp) -> (Cipher, Cipher) {
    let key = session_key(&Secret::new(LTK), SKD_C, answer.skd_p);
    (
        Cipher::new(key.clone(), IV_C, answer.iv_p, Direction::CentralToPeripheral),
        Cipher::new(key, IV_C, answer.iv_p, Direction::PeripheralToCentral),
    )
}

/// C> ENC_REQ, P> ENC_RSP; the host is asked for the key.
pub(super) fn up_to_enc_rsp(s: &mut Script) -> EncRsp {
    s.event(&[ENC_REQ]);
    assert_eq!(s.events(), [KEY_REQUEST]);
    let sent = s.event(&[]);
    let [ControlPdu::EncRsp(answer)] = sent[..] else { panic!("{sent:?}") };
    answer
}

/// What follows [`up_to_enc_rsp`], with all that is sent after the last PDU of the central.
pub(super) fn encrypt_after(s: &mut Script, answer: EncRsp) -> std::vec::Vec<ControlPdu> {
    assert_eq!(s.ask(key()), OK);
    assert_eq!(s.event(&[]), [ControlPdu::StartEncReq]);
    let (tx, rx) = ciphers(answer);
    s.central_tx = Some(tx);
    assert_eq!(s.event(&[ControlPdu::StartEncRsp]), []);
    s.central_rx = Some(rx);
    s.event(&[])
}

/// C> ENC_REQ … P> START_ENC_REQ.
pub(super) fn up_to_start_enc_req(s: &mut Script) -> (Cipher, Cipher) {
    let answer = up_to_enc_rsp(s);
    assert_eq!(s.ask(key()), OK);
    assert_eq!(s.event(&[]), [ControlPdu::StartEncReq]);
    ciphers(answer)
}

/// All of the start, in which the host has nothing else to hear.
pub(super) fn encrypt(s: &mut Script) {
    let answer = up_to_enc_rsp(s);
    assert_eq!(encrypt_after(s, answer), [ControlPdu::StartEncRsp]);
}

/// LL-ENC-5: what a peripheral tolerates.
#[test]
fn answers_to_an_earlier_request_are_tolerated() {
    let opcode = Opcode::PHY_REQ;
    for answer in [
        ControlPdu::UnknownRsp(opcode),
        ControlPdu::RejectInd(ErrorCode(0x2A)),
        ControlPdu::RejectExtInd { opcode, error: ErrorCode(0x2A) },
    ] {
        let mut s = Script::new();
        s.ask(super::phy::SET_2M);
        assert_eq!(s.event(&[ENC_REQ]), [super::phy::REQ_2M]);
        s.events();
        let sent = s.event(&[answer]);
        let [ControlPdu::EncRsp(enc_rsp)] = sent[..] else { panic!("{sent:?}") };
        assert!(matches!(s.events()[..], [Event::LePhyUpdateComplete { .. }]));
        s.ask(key());
        assert_eq!(s.event(&[]), [ControlPdu::StartEncReq]);
        s.central_tx = Some(ciphers(enc_rsp).0);
        s.event(&[ControlPdu::StartEncRsp]);
        assert_eq!(s.events(), [CHANGED]);
    }
}

/// LL-ENC-14: own procedures.
#[test]
fn an_answer_deferred_until_after_the_start_is_taken() {
    let mut s = Script::new();
    s.ask(super::phy::SET_2M);
    s.event(&[]);
    encrypt(&mut s);
    s.events();
    let at = s.at + 6;
    s.event(&[super::phy::update(at)]);
    s.until(at + 1);
    assert!(matches!(s.events()[..], [Event::LePhyUpdateComplete { status: OK, .. }]));
}

/// LL-ENC-1. Found by the search of pairs: the central, which had turned encryption on, took
/// LL_TERMINATE_IND in the clear for a wrong MIC.
#[test]
fn termination_waits_until_both_know_whether_it_is_encrypted() {
    let mut s = Script::new();
    let (tx, rx) = up_to_start_enc_req(&mut s);
    s.events();
    s.ask(super::termination::disconnect(0x13));
    assert_eq!(s.event(&[]), []);
    s.central_tx = Some(tx);
    s.event(&[ControlPdu::StartEncRsp]);
    s.central_rx = Some(rx);
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(0x13))]);
}

/// An answer to LL_START_ENC_REQ before it is acknowledged cannot be encrypted.
///
/// LL-ENC-2: no plain text afterwards.
/// LL-ENC-6: anything else.
#[test]
fn an_answer_that_is_too_early_turns_nothing_on() {
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    s.ask(key());
    assert_eq!(s.event(&[ControlPdu::StartEncRsp]), [ControlPdu::StartEncReq]);
    s.assert_disconnected(ErrorCode::MIC_FAILURE);
    assert!(s.misbehaved(PeerMisbehaved::NotAllowedWhileEncrypting));
    assert_eq!(s.events(), [super::termination::disconnected(ErrorCode::MIC_FAILURE)]);
}

/// LL-TERM-3, LL-ENC-1: while the key is looked for, both sides still speak in the clear.
#[test]
fn termination_does_not_wait_for_a_key() {
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    s.ask(super::termination::disconnect(0x13));
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(0x13))]);
}

/// LL-TERM-2: the peer’s termination.
/// LL-ENC-5: what a peripheral tolerates.
#[test]
fn the_central_may_end_the_link_while_encryption_starts() {
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    s.events();
    s.event(&[ControlPdu::TerminateInd(ErrorCode::REMOTE_USER_TERMINATED)]);
    s.assert_disconnected(ErrorCode::REMOTE_USER_TERMINATED);
}

/// The host answers the central's request for parameters in the middle of the start.
///
/// LL-ENC-1: silence while encryption starts or pauses.
/// LL-ENC-4: what was queued before.
/// LL-ENC-14: own procedures.
#[test]
fn an_answer_of_the_host_waits_until_encryption_runs_or_has_failed() {
    let parameters = super::parameters::wanted(50);
    let answer = Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters };
    let request = super::parameters::request(50);
    for has_key in [true, false] {
        let mut s = Script::new();
        s.event(&[ControlPdu::ConnectionParamReq(request)]);
        s.events();
        let enc_rsp = up_to_enc_rsp(&mut s);
        assert_eq!(s.ask(answer.clone()), OK);
        assert_eq!(s.event(&[]), []);
        let (sent, first) = if has_key {
            (encrypt_after(&mut s, enc_rsp), ControlPdu::StartEncRsp)
        } else {
            s.ask(NO_KEY);
            (s.event(&[]), ControlPdu::RejectInd(ErrorCode::PIN_OR_KEY_MISSING))
        };
        assert_eq!(sent, [first, ControlPdu::ConnectionParamRsp(request)]);
        assert!(!s.misbehaved(PeerMisbehaved::TooManyRequests));
    }
}

/// LL-TERM-3: what was held back is not said after the end.
#[test]
fn only_termination_follows_a_start_in_which_the_host_hangs_up() {
    let parameters = super::parameters::wanted(50);
    let answer = Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters };
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionParamReq(super::parameters::request(50))]);
    s.events();
    let (tx, rx) = up_to_start_enc_req(&mut s);
    assert_eq!(s.ask(answer), OK);
    s.ask(super::termination::disconnect(0x13));
    assert_eq!(s.event(&[]), []);
    s.central_tx = Some(tx);
    s.event(&[ControlPdu::StartEncRsp]);
    s.central_rx = Some(rx);
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(0x13))]);
    assert_eq!(s.event(&[]), []);
    assert!(s.dropped);
}

/// A zero-length PDU is not encrypted, so one that is empty once decrypted carries no data for the
/// host (Vol 6, Part B, 2.4.1 and Part E).
#[test]
fn an_encrypted_pdu_without_octets_is_named_and_dropped() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.receive(Llid::Start, &[]);
    assert!(s.misbehaved(PeerMisbehaved::WrongLength));
    assert!(s.received.is_empty());
    assert!(!s.dropped);
}

/// LL-ENC-1: silence while encryption starts or pauses.
/// LL-ENC-14: own procedures.
#[test]
fn own_procedures_wait_until_encryption_has_started() {
    let mut s = Script::new();
    s.event(&[ENC_REQ]);
    s.events();
    s.ask(super::phy::SET_2M);
    let sent = s.event(&[]);
    let [ControlPdu::EncRsp(answer)] = sent[..] else { panic!("{sent:?}") };
    assert_eq!(s.event(&[]), []);
    s.ask(key());
    assert_eq!(s.event(&[]), [ControlPdu::StartEncReq]);
    let (tx, rx) = ciphers(answer);
    s.central_tx = Some(tx);
    s.event(&[ControlPdu::StartEncRsp]);
    s.central_rx = Some(rx);
    assert_eq!(s.event(&[]), [ControlPdu::StartEncRsp, super::phy::REQ_2M]);
}

/// LL-MIC-2: wrong MIC.
#[test]
fn a_bad_mic_ends_the_link() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.central_tx = None;
    s.receive(Llid::Control, &[0x12, 0, 0, 0, 0]);
    s.assert_disconnected(ErrorCode::MIC_FAILURE);
    assert!(s.misbehaved(PeerMisbehaved::BadMic));
}

#[test]
fn a_plain_answer_after_start_enc_req_is_a_bad_mic() {
    let mut s = Script::new();
    let _ = up_to_start_enc_req(&mut s);
    s.event(&[ControlPdu::StartEncRsp]);
    s.assert_disconnected(ErrorCode::MIC_FAILURE);
}

/// LL-ENC-10: no encryption.
#[test]
fn without_the_feature_encryption_is_refused() {
    let mut s = Script::with(FeatureSet::LE_2M);
    s.event(&[ENC_REQ]);
    assert_eq!(s.event(&[]), [ControlPdu::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)]);
    assert_eq!(s.events(), []);
}

#[test]
fn a_masked_key_request_is_refused_for_the_host() {
    let mut s = Script::new();
    s.ask(Command::LeSetEventMask { mask: 0x0F });
    s.event(&[ENC_REQ]);
    s.event(&[]);
    let sent = s.event(&[]);
    assert!(sent.len() <= 1);
    assert_eq!(s.events(), []);
    assert!(!s.dropped);
}

/// An encrypted connection is paused before its key is changed.
///
/// LL-ENC-11: pause.
#[test]
fn a_second_start_without_a_pause_is_rejected_and_encryption_runs_on() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.events();
    s.event(&[ENC_REQ]);
    assert_eq!(s.event(&[]), [ControlPdu::RejectInd(ErrorCode::LMP_PDU_NOT_ALLOWED)]);
    assert_eq!(s.events(), []);
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
    // The peripheral still has what it needs for that when the reject has arrived.
    pause(&mut s);
}

/// LL-ENC-11: pause.
#[test]
fn a_pause_of_nothing_is_named_and_not_answered() {
    let mut s = Script::new();
    s.event(&[ControlPdu::PauseEncReq]);
    assert!(s.misbehaved(PeerMisbehaved::NotAllowedWhileEncrypting));
    assert_eq!(s.event(&[ControlPdu::PingReq]), []);
    assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
}

/// C> PAUSE_ENC_REQ … both in the clear.
pub(super) fn pause(s: &mut Script) {
    s.event(&[ControlPdu::PauseEncReq]);
    s.acl(acl(b"held"));
    assert_eq!(s.event(&[]), [ControlPdu::PauseEncRsp], "still encrypted");
    s.central_rx = None;
    s.central_tx = None;
    assert_eq!(s.event(&[ControlPdu::PauseEncRsp]), []);
}

/// Our LL_PAUSE_ENC_RSP has been sent and not acknowledged: the central's LL_PAUSE_ENC_RSP is no
/// answer to it yet.
///
/// LL-ENC-6: anything else.
#[test]
fn an_answer_to_a_pause_that_is_too_early_ends_the_link() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.event(&[ControlPdu::PauseEncReq]);
    assert_eq!(s.event(&[]), [ControlPdu::PauseEncRsp]);
    s.receive(Llid::Control, &ControlPdu::PauseEncRsp.encode());
    s.assert_disconnected(ErrorCode::MIC_FAILURE);
}

/// LL-ENC-9: no key for a refresh.
#[test]
fn a_refresh_without_a_key_ends_the_link() {
    let mut s = Script::new();
    encrypt(&mut s);
    pause(&mut s);
    s.event(&[ENC_REQ]);
    s.event(&[]);
    s.ask(NO_KEY);
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode::PIN_OR_KEY_MISSING)]);
    s.event(&[]);
    s.assert_disconnected(ErrorCode::PIN_OR_KEY_MISSING);
}

/// LL-PING-1: answers to a ping.
/// LL-PING-2: authenticated payload timeout.
#[test]
fn an_encrypted_link_that_goes_silent_is_pinged_and_then_reported() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.events();
    s.wait(Duration::from_secs(15));
    assert_eq!(s.event(&[]), [ControlPdu::PingReq]);
    s.event(&[ControlPdu::PingRsp]);
    s.wait(Duration::from_secs(16));
    assert_eq!(s.events(), [], "the answer had a MIC");
    assert_eq!(s.event(&[]), [ControlPdu::PingReq]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::PING_REQ)]);
    s.wait(Duration::from_secs(16));
    s.wait(Duration::from_secs(16));
    assert_eq!(s.events(), [Event::AuthenticatedPayloadTimeoutExpired { handle: HANDLE }]);
}

/// A central that is known to lack LE Ping is not pinged; its silence is reported nevertheless.
///
/// LL-PING-2: authenticated payload timeout.
#[test]
fn a_central_without_pings_is_not_pinged() {
    let mut s = Script::with_features(FeatureSet::ENCRYPTION);
    encrypt(&mut s);
    s.events();
    s.wait(Duration::from_secs(15));
    assert_eq!(s.event(&[]), []);
    s.wait(Duration::from_secs(16));
    assert_eq!(s.events(), [Event::AuthenticatedPayloadTimeoutExpired { handle: HANDLE }]);
}

/// LL-PING-2: in time is at half time; then the timeout itself is due.
#[test]
fn half_the_authenticated_payload_timeout_and_then_its_end_are_due() {
    let mut s = Script::new();
    s.wait(Duration::from_secs(100));
    assert_eq!(s.control.deadline(), None, "not encrypted");
    let answer = up_to_enc_rsp(&mut s);
    s.ask(key());
    s.event(&[]);
    s.central_tx = Some(ciphers(answer).0);
    let heard = s.now;
    s.event(&[ControlPdu::StartEncRsp]);
    assert_eq!(s.control.deadline(), Some(heard + Duration::from_secs(15)));
    s.now = heard + Duration::from_secs(15);
    s.timer();
    assert_eq!(s.control.deadline(), Some(heard + Duration::from_secs(30)));
    s.now = heard + Duration::from_ms(29_999);
    s.timer();
    assert!(!s.heard.contains(&Event::AuthenticatedPayloadTimeoutExpired { handle: HANDLE }));
    s.event(&[ControlPdu::UnknownRsp(Opcode::PING_REQ)]);
}

/// While an instant is far off pings wait, and one is enough.
///
/// LL-PROC-1: one procedure at a time.
/// LL-PING-2: authenticated payload timeout.
#[test]
fn a_ping_that_waits_is_not_asked_for_again() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.ask(super::phy::SET_2M);
    s.event(&[]);
    let at = s.at + 6;
    s.event(&[super::phy::update(at)]);
    for _ in 0..6 {
        s.wait(Duration::from_secs(15));
    }
    s.until(at + 1);
    assert_eq!(s.event(&[]), [ControlPdu::PingReq]);
    assert_eq!(s.event(&[ControlPdu::PingRsp]), []);
    assert_eq!(s.event(&[]), []);
}

/// The central pauses and then says nothing for long: nothing that came had a MIC.
///
/// LL-PING-3: pause.
#[test]
fn a_pause_does_not_stop_the_authenticated_payload_timer() {
    let mut s = Script::new();
    encrypt(&mut s);
    pause(&mut s);
    s.events();
    s.wait(Duration::from_secs(31));
    assert_eq!(s.events(), [Event::AuthenticatedPayloadTimeoutExpired { handle: HANDLE }]);
    assert!(!s.dropped);
}

/// Found by the search: a host that has no key says so while the next request of a central that
/// should have waited is on its way.
///
/// LL-ENC-6: anything else.
/// LL-ENC-8: no key.
#[test]
fn a_request_that_does_not_wait_for_the_refusal_of_the_key_ends_the_link() {
    // The number of PDUs, of answer and reject, that have arrived.
    for arrived in 0..=2 {
        let mut s = Script::new();
        s.event(&[ENC_REQ]);
        s.events();
        s.ask(NO_KEY);
        assert_eq!(s.event(&[]).len(), 2);
        (0..arrived).for_each(|_| s.acknowledge_one());
        s.receive(Llid::Control, &ControlPdu::PingReq.encode());
        if arrived < 2 {
            s.assert_disconnected(ErrorCode::MIC_FAILURE);
        } else {
            assert_eq!(s.event(&[]), [ControlPdu::PingRsp]);
        }
    }
}

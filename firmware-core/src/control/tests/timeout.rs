//! The procedure response timeout, to the millisecond, and when it does not run.

use super::encryption::{ENC_REQ, NO_KEY, encrypt, key, pause, up_to_enc_rsp, up_to_start_enc_req};
use super::exchanges::READ_FEATURES;
use super::parameters::{request, wanted};
use super::phy::{REQ_2M, SET_2M, update};
use super::script::{HANDLE, Script};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::{Duration, Instant};

fn given_up_after_40_s(mut s: Script, from: Instant) {
    s.now = from + Duration::from_ms(39_999);
    s.timer();
    assert!(!s.dropped);
    s.now = from + Duration::from_secs(40);
    s.timer();
    s.assert_disconnected(ErrorCode::LL_RESPONSE_TIMEOUT);
    assert!(s.misbehaved(PeerMisbehaved::NoResponse));
}

/// LL-LIVE-1: answers within 40 s.
/// LL-TIME-1: 40 seconds.
#[test]
fn a_central_that_never_answers_is_disconnected_after_40_s() {
    let mut s = Script::new();
    s.ask(READ_FEATURES);
    let asked = s.now;
    s.event(&[]);
    assert_eq!(s.control.deadline(), Some(asked + Duration::from_secs(40)));
    given_up_after_40_s(s, asked);
}

/// LL-TIME-1: 40 seconds.
/// LL-TIME-2: what is timed.
#[test]
fn a_central_that_owes_the_indication_is_disconnected_after_40_s() {
    let mut s = Script::new();
    let asked = s.now;
    s.event(&[REQ_2M]);
    given_up_after_40_s(s, asked);
}

/// The host may think about it for as long as it likes; then it is the central's turn.
///
/// LL-TIME-1: 40 seconds.
/// LL-TIME-2: what is timed.
#[test]
fn the_hosts_answer_starts_the_timer() {
    let mut s = Script::new();
    s.event(&[ControlPdu::ConnectionParamReq(request(50))]);
    assert_eq!(s.control.deadline(), None);
    s.wait(Duration::from_secs(100));
    let parameters = wanted(50);
    s.command(Command::LeRemoteConnectionParameterRequestReply { handle: HANDLE, parameters });
    let answered = s.now;
    given_up_after_40_s(s, answered);
}

/// LL-TIME-3: encryption start.
#[test]
fn a_silent_host_costs_the_link_after_40_s() {
    let mut s = Script::new();
    let asked = s.now;
    s.event(&[ENC_REQ]);
    given_up_after_40_s(s, asked);
}

/// LL-TIME-3: encryption start.
#[test]
fn a_central_that_does_not_start_is_disconnected_after_40_s() {
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    s.wait(Duration::from_secs(10));
    s.command(key());
    let answered = s.now;
    given_up_after_40_s(s, answered);
}

/// LL-TIME-1, LL-ENC-11. The pings of the authenticated payload timeout change nothing about it.
#[test]
fn a_central_that_pauses_and_goes_silent_is_disconnected_after_40_s() {
    let mut s = Script::new();
    encrypt(&mut s);
    let asked = s.now;
    s.event(&[ControlPdu::PauseEncReq]);
    given_up_after_40_s(s, asked);
    let mut s = Script::new();
    encrypt(&mut s);
    pause(&mut s);
    // The last PDU of the pause came one event ago.
    let paused = Instant::from_us(s.now.as_us() - 30_000);
    given_up_after_40_s(s, paused);
}

/// LL-TIME-2: what is timed.
#[test]
fn what_is_over_is_not_timed() {
    let mut answered = Script::new();
    answered.ask(SET_2M);
    answered.event(&[]);
    answered.event(&[update(30_000)]);
    let mut refused = Script::new();
    refused.ask(SET_2M);
    refused.event(&[]);
    refused.event(&[ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
    let mut without_key = Script::new();
    let _ = up_to_enc_rsp(&mut without_key);
    without_key.ask(NO_KEY);
    let mut encrypted = Script::new();
    encrypt(&mut encrypted);
    for mut s in [answered, refused, without_key, encrypted] {
        s.wait(Duration::from_secs(100));
        assert!(!s.dropped);
    }
    let mut starting = Script::new();
    let _ = up_to_start_enc_req(&mut starting);
    assert!(starting.control.deadline().is_some());
}

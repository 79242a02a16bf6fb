//! What a connection reports about its procedures: each is in the record once, from start to end.

use std::vec::Vec;

use super::encryption::{ENC_REQ, NO_KEY, encrypt, pause, up_to_enc_rsp};
use super::phy::{REQ_2M, SET_2M, update};
use super::script::{LINK, OK, Script, VERSION};
use super::termination::disconnect;
use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use ble::time::Duration;
use ble::trace::{Initiator, Procedure, Trace};

use Initiator::{Local, Remote};

/// Started, or ended with this.
type Entry = (Procedure, Initiator, Option<ErrorCode>);

fn record(s: &Script) -> Vec<Entry> {
    let entry = |trace: &Trace| match *trace {
        Trace::ProcedureStarted { link: LINK, procedure, initiator } => {
            Some((procedure, initiator, None))
        }
        Trace::ProcedureEnded { link: LINK, procedure, initiator, outcome } => {
            Some((procedure, initiator, Some(outcome)))
        }
        _ => None,
    };
    s.traces.iter().filter_map(entry).collect()
}

fn once(procedure: Procedure, initiator: Initiator, outcome: ErrorCode) -> [Entry; 2] {
    [(procedure, initiator, None), (procedure, initiator, Some(outcome))]
}

#[test]
fn what_one_pdu_and_its_answer_make_up_is_over_at_once() {
    let length =
        DataLength { max_rx_octets: 99, max_rx_time: 999, max_tx_octets: 99, max_tx_time: 999 };
    for (pdu, procedure) in [
        (ControlPdu::PingReq, Procedure::LePing),
        (ControlPdu::LengthReq(length), Procedure::DataLengthUpdate),
        (ControlPdu::FeatureReq(FeatureSet(0)), Procedure::FeatureExchange),
        (ControlPdu::VersionInd(VERSION), Procedure::VersionExchange),
    ] {
        let mut s = Script::new();
        s.event(&[pdu]);
        assert_eq!(record(&s), once(procedure, Remote, OK), "{pdu:?}");
    }
}

#[test]
fn procedures_with_an_instant_end_there_or_with_their_refusal() {
    let phy = Procedure::PhyUpdate;
    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    s.event(&[update(6)]);
    assert_eq!(record(&s), [(phy, Local, None)]);
    s.until(7);
    assert_eq!(record(&s), once(phy, Local, OK));

    let mut s = Script::new();
    s.event(&[REQ_2M]);
    s.event(&[update(6)]);
    assert_eq!(record(&s), [(phy, Remote, None)]);
    s.until(7);
    assert_eq!(record(&s), once(phy, Remote, OK));

    let mut s = Script::new();
    s.ask(SET_2M);
    s.event(&[]);
    let (opcode, error) = (Opcode::PHY_REQ, ErrorCode(0x23));
    s.event(&[ControlPdu::RejectExtInd { opcode, error }]);
    assert_eq!(record(&s), once(phy, Local, error));
}

/// LL-PING-1: answers to a ping.
#[test]
fn a_ping_that_is_unknown_has_done_what_it_should() {
    let mut s = Script::new();
    encrypt(&mut s);
    s.clear();
    s.wait(Duration::from_secs(15));
    s.event(&[]);
    s.event(&[ControlPdu::UnknownRsp(Opcode::PING_REQ)]);
    assert_eq!(record(&s), once(Procedure::LePing, Local, OK));
}

#[test]
fn encryption_starts_and_pauses() {
    let start = Procedure::EncryptionStart;
    let mut s = Script::new();
    let _ = up_to_enc_rsp(&mut s);
    assert_eq!(record(&s), [(start, Remote, None)]);
    s.ask(NO_KEY);
    assert_eq!(record(&s), once(start, Remote, ErrorCode::PIN_OR_KEY_MISSING));

    let mut s = Script::new();
    encrypt(&mut s);
    assert_eq!(record(&s), once(start, Remote, OK));
    s.clear();
    pause(&mut s);
    assert_eq!(record(&s), once(Procedure::EncryptionPause, Remote, OK));
    s.event(&[ENC_REQ]);
    assert_eq!(record(&s).last(), Some(&(start, Remote, None)));
}

#[test]
fn the_end_of_the_link_ends_what_is_open() {
    let end = Procedure::Termination;
    let mut s = Script::new();
    s.ask(disconnect(0x13));
    s.event(&[]);
    assert_eq!(record(&s), [(end, Local, None)]);
    s.event(&[]);
    assert_eq!(record(&s), once(end, Local, OK));

    let mut s = Script::new();
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    s.event(&[REQ_2M]);
    s.clear();
    s.event(&[ControlPdu::TerminateInd(reason)]);
    let open = (Procedure::PhyUpdate, Remote, Some(reason));
    assert_eq!(record(&s), [&once(end, Remote, OK)[..], &[open]].concat());
}

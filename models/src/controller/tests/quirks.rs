//! Each rule of behaviour does what it says, where it says, and nothing without its condition.

use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::phy::{PhySet, TxPhy};
use ble::time::Duration;

use super::rig::{HANDLE, Rig, opcodes, phy_req, with_rule};
use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};
use crate::controller::{AutomaticProcedure, ControllerConfig, ControllerQuirks, OwnProcedure};

const TWO: PhySet = PhySet::LE_2M;
/// SMP Pairing Request on CID 6: AuthReq 0x0D, no keys to distribute.
const PAIRING_REQUEST: [u8; 11] = [7, 0, 6, 0, 1, 4, 0, 0x0D, 16, 0, 0];
const PAIRING_FAILED: [u8; 6] = [2, 0, 6, 0, 5, 8];

fn rule(answer: Answer, condition: Condition) -> ControllerConfig {
    with_rule(AnswerRule {
        request: PeripheralRequest::Phy,
        condition,
        answer,
        delay_events: 0,
        spread_events: 0,
    })
}

fn asked(answer: Answer) -> Rig {
    let mut rig = Rig::connected(rule(answer, Condition::Always));
    rig.exchange(Some(phy_req(TWO)));
    rig
}

#[test]
fn refusals_of_all_forms() {
    let opcode = Opcode::PHY_REQ;
    let error = ErrorCode(0x2A);
    for (answer, pdu) in [
        (Answer::Unknown, ControlPdu::UnknownRsp(opcode)),
        (Answer::RejectInd(error), ControlPdu::RejectInd(error)),
        (Answer::RejectExt(error), ControlPdu::RejectExtInd { opcode, error }),
    ] {
        assert_eq!(asked(answer).exchange(None), [pdu]);
    }
}

#[test]
fn never_leaves_all_else_alone() {
    let mut rig = asked(Answer::Never);
    assert_eq!(rig.events(20), []);
    rig.host_sends(b"data");
    rig.exchange(Some(ControlPdu::PingReq));
    assert_eq!(rig.last().payload, b"data");
    assert_eq!(rig.exchange(None), [ControlPdu::PingRsp]);
}

/// M2: empty PDUs only, until the host gives up; LL_TERMINATE_IND never leaves.
#[test]
fn blocked_control_queue() {
    let mut rig = asked(Answer::BlockControl);
    rig.sent.clear();
    rig.host_sends(b"data");
    rig.exchange(Some(ControlPdu::PingReq));
    rig.say.push_back((Llid::Start, b"heard".to_vec()));
    rig.events(20);
    assert!(rig.sent.iter().all(|(_, sent)| sent.payload.is_empty()));
    assert_eq!(rig.sent.len(), 21);
    assert_eq!(rig.acl.last().map(|acl| acl.data.to_vec()), Some(b"heard".to_vec()));
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    rig.command(Command::Disconnect { handle: HANDLE, reason });
    assert_eq!(rig.disconnected(), Some(ErrorCode::LOCAL_HOST_TERMINATED));
    let before = rig.sent.len();
    rig.pass(Duration::from_secs(5));
    assert_eq!(rig.sent.len(), before);
}

/// M1: after this many further events nothing is sent; the host gets a supervision timeout.
#[test]
fn silence_after_events() {
    let mut rig = asked(Answer::SilentAfterEvents(3));
    rig.sent.clear();
    rig.pass(Duration::from_ms(1_990));
    assert_eq!(rig.sent.len(), 3);
    assert_eq!(rig.disconnected(), None);
    rig.pass(Duration::from_ms(200));
    assert_eq!(rig.disconnected(), Some(ErrorCode::CONNECTION_TIMEOUT));
}

/// M3: announces, and does not do it.
#[test]
fn update_without_switch() {
    let mut rig = asked(Answer::UpdateNoSwitch);
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    rig.events(12);
    assert_eq!(rig.last().phy, TxPhy::Le1M);
    // Only this once.
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
}

#[test]
fn restarts_before_the_instant() {
    let mut rig = asked(Answer::UpdateThenOwnPhyReq);
    let sent = rig.events(3);
    assert_eq!(opcodes(&sent), [Opcode::PHY_UPDATE_IND, Opcode::PHY_REQ]);
    let mut rig = asked(Answer::UpdateThenParamReq);
    let sent = rig.events(3);
    assert_eq!(opcodes(&sent), [Opcode::PHY_UPDATE_IND, Opcode::CONNECTION_PARAM_REQ]);
}

#[test]
fn answered_after_encryption() {
    let mut rig = asked(Answer::AfterEncryption);
    assert_eq!(rig.events(5), []);
    rig.encrypt();
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
}

#[test]
fn answered_at_once_although_encryption_starts() {
    let mut rig = Rig::connected(rule(Answer::Now, Condition::WhileEncryptionStarting));
    rig.enable_encryption();
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
}

#[test]
fn condition_of_pairing() {
    let config = rule(Answer::Unknown, Condition::WhileSmpOrEncryptionPending);
    let unknown = [ControlPdu::UnknownRsp(Opcode::PHY_REQ)];
    let mut rig = Rig::connected(config);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    rig.events(7);
    rig.host_sends(&PAIRING_REQUEST);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.exchange(None), unknown);
    rig.say.push_back((Llid::Start, PAIRING_FAILED.to_vec()));
    rig.exchange(None);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    rig.events(7);
    // From the host's command on, not only from LL_ENC_REQ.
    rig.enable_encryption();
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.exchange(None), unknown);
}

#[test]
fn condition_of_encryption_is_over_when_it_is_on() {
    for (condition, clear) in [(Condition::WhileNotEncrypted, true), (Condition::Always, false)] {
        let mut rig = Rig::connected(rule(Answer::Unknown, condition));
        rig.encrypt();
        rig.exchange(Some(phy_req(TWO)));
        let sent = opcodes(&rig.exchange(None));
        let expected = if clear { Opcode::PHY_UPDATE_IND } else { Opcode::UNKNOWN_RSP };
        assert_eq!(sent, [expected]);
    }
}

/// Q3: fine in the first connection since boot, not in the second.
#[test]
fn condition_of_cached_features() {
    let mut rig = Rig::connected(rule(Answer::Unknown, Condition::IfFeaturesCached));
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    let mut central = rig.central;
    let mut again = Rig::new(rule(Answer::Unknown, Condition::IfFeaturesCached));
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    central.command(rig.now, Command::Disconnect { handle: HANDLE, reason });
    again.central = central;
    again.now = rig.now;
    again.deaf = true;
    again.pass(Duration::from_secs(5));
    again.deaf = false;
    assert_eq!(again.disconnected(), Some(ErrorCode::LOCAL_HOST_TERMINATED));
    again.connect(super::rig::PARAMETERS);
    again.exchange(None);
    again.exchange(Some(ControlPdu::FeatureRsp(super::rig::ALL_FEATURES)));
    again.exchange(Some(phy_req(TWO)));
    assert_eq!(again.exchange(None), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// Which rule applies, and with it the delay, is settled when the request arrives: a rule that does
/// not apply delays nothing.
#[test]
fn each_answer_has_the_delay_of_its_own_rule() {
    let rule = |condition, answer, delay_events| AnswerRule {
        request: PeripheralRequest::Phy,
        condition,
        answer,
        delay_events,
        spread_events: 0,
    };
    let pairing = Condition::WhileSmpOrEncryptionPending;
    let rules = vec![rule(pairing, Answer::Unknown, 4), rule(Condition::Always, Answer::Honest, 2)];
    let quirks = ControllerQuirks { rules, ..ControllerQuirks::default() };
    let config = ControllerConfig { quirks, ..super::rig::acquainted() };
    let mut rig = Rig::connected(config.clone());
    rig.exchange(Some(phy_req(TWO)));
    // Too late to be looked at.
    rig.host_sends(&PAIRING_REQUEST);
    assert_eq!(rig.events(1), []);
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    let mut rig = Rig::connected(config);
    rig.host_sends(&PAIRING_REQUEST);
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.events(3), []);
    assert_eq!(rig.exchange(None), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// Honesty under a condition keeps the rules after it away.
#[test]
fn honesty_is_an_answer_like_any_other() {
    let rule = |condition, answer| AnswerRule {
        request: PeripheralRequest::Phy,
        condition,
        answer,
        delay_events: 0,
        spread_events: 0,
    };
    let rules = vec![
        rule(Condition::WhileNotEncrypted, Answer::Honest),
        rule(Condition::Always, Answer::Unknown),
    ];
    let quirks = ControllerQuirks { rules, ..ControllerQuirks::default() };
    let mut rig = Rig::connected(ControllerConfig { quirks, ..super::rig::acquainted() });
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(opcodes(&rig.exchange(None)), [Opcode::PHY_UPDATE_IND]);
    rig.events(8);
    rig.encrypt();
    rig.exchange(Some(phy_req(TWO)));
    assert_eq!(rig.exchange(None), [ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
}

/// Surface Pro 4.
#[test]
fn little_patience_with_encryption() {
    let quirks =
        ControllerQuirks { encryption_patience_events: Some(4), ..ControllerQuirks::default() };
    let mut rig = Rig::connected(ControllerConfig { quirks, ..super::rig::acquainted() });
    rig.enable_encryption();
    let sent = rig.events(8);
    assert_eq!(opcodes(&sent), [Opcode::ENC_REQ, Opcode::TERMINATE_IND]);
    assert_eq!(sent[1], ControlPdu::TerminateInd(ErrorCode::MIC_FAILURE));
}

/// `press=parameters` asks or announces as `request-parameters` and the features have it, like
/// `own-procedures`; also where an instant lies ahead.
#[test]
fn pressed_parameters_are_asked_for_or_announced() {
    let sent = |ask, features: FeatureSet, before: &[AutomaticProcedure]| {
        let parameters = AutomaticProcedure::by_name("parameters").expect("is one");
        let press = |procedure| OwnProcedure::at(procedure, 3);
        let pressed = before.iter().copied().chain([parameters]).map(press).collect();
        let quirks = ControllerQuirks { pressed, ..ControllerQuirks::default() };
        let config = super::rig::honest();
        let features = FeatureSet(config.features.0 & features.0);
        let mut rig =
            Rig::new(ControllerConfig { quirks, request_parameters: ask, features, ..config });
        rig.connect(super::rig::PARAMETERS);
        let sent: Vec<_> = (0..8).flat_map(|_| opcodes(&rig.exchange(None))).collect();
        *sent.last().expect("something is sent")
    };
    let all = FeatureSet(u64::MAX);
    let without = FeatureSet(!FeatureSet::CONNECTION_PARAMETERS_REQUEST.0);
    let map = [AutomaticProcedure::ChannelMap(0x7FFFF)];
    for before in [&[][..], &map] {
        assert_eq!(sent(true, all, before), Opcode::CONNECTION_PARAM_REQ);
        assert_eq!(sent(false, all, before), Opcode::CONNECTION_UPDATE_IND);
        assert_eq!(sent(true, without, before), Opcode::CONNECTION_UPDATE_IND);
    }
}

/// Pressed procedures wait for nothing: not for the answer to another, not for an encryption start.
#[test]
fn pressed_procedures_start_in_their_event_whatever_is_open() {
    let press = OwnProcedure::at;
    let pressed = vec![
        press(AutomaticProcedure::Version, 3),
        press(AutomaticProcedure::Version, 4),
        press(AutomaticProcedure::Phy { tx: PhySet::NONE, rx: PhySet::NONE }, 6),
        press(AutomaticProcedure::Phy { tx: PhySet::NONE, rx: PhySet::NONE }, 7),
        press(AutomaticProcedure::MinUsedChannels, 8),
    ];
    let quirks = ControllerQuirks { pressed, ..ControllerQuirks::default() };
    let mut rig = Rig::new(ControllerConfig { quirks, ..super::rig::honest() });
    rig.connect(super::rig::PARAMETERS);
    let sent: Vec<_> = (0..10).flat_map(|_| opcodes(&rig.exchange(None))).collect();
    let (version, phy) = (Opcode::VERSION_IND, Opcode::PHY_REQ);
    assert_eq!(sent, [version, version, phy, phy, Opcode::MIN_USED_CHANNELS_IND]);
}

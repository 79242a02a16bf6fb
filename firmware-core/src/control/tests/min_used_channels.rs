//! Minimum number of used channels (Vol 6, Part B, 5.1.11).

use super::script::{Script, config};
use crate::control::{ControlConfig, MinUsedChannels};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::phy::PhySet;
use ble::trace::{Initiator, Procedure, Trace};

const ALL: FeatureSet = FeatureSet(u64::MAX);
const IND: ControlPdu =
    ControlPdu::MinUsedChannelsInd { phys: PhySet(0b011), min_used_channels: 20 };

/// A peripheral that wants 20 channels where it sends on 1M or 2M.
fn wanting(features: FeatureSet) -> Script {
    let wanted = MinUsedChannels { phys: PhySet(0b011), channels: 20 };
    Script::configured(ControlConfig { min_used_channels: Some(wanted), ..config(features) })
}

fn ended(s: &Script) -> bool {
    s.traces.iter().any(|trace| {
        matches!(
            trace,
            Trace::ProcedureEnded {
                procedure: Procedure::MinUsedChannels,
                initiator: Initiator::Local,
                ..
            }
        )
    })
}

/// N1.
///
/// LL-MAP-3: minimum number of used channels.
#[test]
fn a_central_that_has_the_procedure_is_asked_once_and_the_acknowledgement_ends_it() {
    let mut s = wanting(ControlConfig::SUPPORTED);
    assert_eq!(s.event(&[]), [], "not before its features are known");
    s.event(&[ControlPdu::FeatureReq(ALL)]);
    let sent = s.event(&[]);
    assert!(matches!(sent[..], [ControlPdu::FeatureRsp(_), IND]), "{sent:?}");
    assert!(!ended(&s));
    s.event(&[ControlPdu::FeatureReq(ALL)]);
    assert!(ended(&s));
    let again = s.event(&[]);
    assert!(matches!(again[..], [ControlPdu::FeatureRsp(_)]), "{again:?}");
}

/// LL-MAP-3: minimum number of used channels.
#[test]
fn the_acknowledgement_of_another_pdu_ends_nothing() {
    let mut s = wanting(ControlConfig::SUPPORTED);
    s.event(&[ControlPdu::FeatureReq(ALL)]);
    assert_eq!(s.event(&[]).len(), 2, "the answer, and then the request");
    s.acknowledge_one();
    assert!(!ended(&s));
    s.acknowledge_one();
    assert!(ended(&s));
}

#[test]
fn a_central_without_the_procedure_is_not_asked() {
    let lacks = FeatureSet(u64::MAX).without(FeatureSet::MIN_USED_CHANNELS);
    for (own, peer) in [(lacks, ALL), (ControlConfig::SUPPORTED, lacks)] {
        let mut s = wanting(own);
        s.event(&[ControlPdu::FeatureReq(peer)]);
        let sent = s.event(&[]);
        assert!(matches!(sent[..], [ControlPdu::FeatureRsp(_)]), "{sent:?}");
    }
}

/// N1, the other half: only a peripheral sends it. One stack says nothing; the rule is
/// LL_UNKNOWN_RSP.
///
/// LL-CTRL-2: what is not understood.
#[test]
fn a_central_that_asks_is_not_understood() {
    let mut s = wanting(ControlConfig::SUPPORTED);
    s.event(&[IND]);
    assert_eq!(s.event(&[]), [ControlPdu::UnknownRsp(Opcode::MIN_USED_CHANNELS_IND)]);
}

/// An application may think of it at any time, and again.
#[test]
fn an_application_has_the_central_asked_at_once_or_when_its_features_are_known() {
    let mut s = Script::with(ControlConfig::SUPPORTED);
    let wanted = |channels| MinUsedChannels { phys: PhySet(0b011), channels };
    let _ = s.control.ask_for_channels(s.now, wanted(20));
    assert_eq!(s.event(&[]), [], "not before its features are known");
    s.event(&[ControlPdu::FeatureReq(ALL)]);
    let sent = s.event(&[]);
    assert!(matches!(sent[..], [ControlPdu::FeatureRsp(_), IND]), "{sent:?}");
    s.event(&[]);
    assert!(ended(&s));
    let _ = s.control.ask_for_channels(s.now, wanted(36));
    s.event(&[]);
    let again = ControlPdu::MinUsedChannelsInd { phys: PhySet(0b011), min_used_channels: 36 };
    assert_eq!(s.event(&[]), [again]);
}

//! The table of procedures is what a connection does.

use std::vec::Vec;

use super::parameters::ask;
use super::phy::SET_2M;
use super::script::{HANDLE, Script};
use crate::control::procedure::{ProcedureRow, row};
use ble::hci::Command;
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::trace::Procedure;

/// Commands of a host, the procedure that each starts, and the event at its end.
fn asked() -> [(Command, Procedure, Option<&'static str>); 5] {
    [
        (
            Command::ReadRemoteVersion { handle: HANDLE },
            Procedure::VersionExchange,
            Some("Read Remote Version Information Complete"),
        ),
        (
            Command::LeReadRemoteFeatures { handle: HANDLE },
            Procedure::FeatureExchange,
            Some("LE Read Remote Features Complete"),
        ),
        (
            Command::LeSetDataLength { handle: HANDLE, tx_octets: 27, tx_time: 328 },
            Procedure::DataLengthUpdate,
            None,
        ),
        (SET_2M, Procedure::PhyUpdate, Some("LE PHY Update Complete")),
        (ask(30), Procedure::ConnectionParametersRequest, Some("LE Connection Update Complete")),
    ]
}

fn event_names(s: &mut Script) -> Vec<&'static str> {
    s.events().iter().map(ble::hci::Event::name).collect()
}

/// A command starts the procedure of its row with the row's PDU, and a refusal leads to the row's
/// event.
#[test]
fn commands_start_the_procedures_of_their_rows() {
    for (command, procedure, event) in asked() {
        let started_by = |p: &Procedure| (row(*p).started_by)(&command);
        let started: Vec<_> = Procedure::ALL.into_iter().filter(started_by).collect();
        assert_eq!(started, [procedure]);
        let ProcedureRow { starts_with, report, .. } = row(procedure);
        let mut s = Script::new();
        s.ask(command.clone());
        let sent = s.event(&[]);
        assert_eq!(sent.iter().map(|pdu| Some(pdu.opcode())).collect::<Vec<_>>(), [*starts_with]);
        s.event(&[ControlPdu::UnknownRsp(sent[0].opcode())]);
        assert_eq!(event_names(&mut s), event.into_iter().collect::<Vec<_>>(), "{procedure:?}");
        assert_eq!(report.is_some(), event.is_some());
    }
    let rows = Procedure::ALL.into_iter().filter(|p| row(*p).starts_with.is_some()).count();
    // A ping and a minimum of channels are the controller's own.
    assert_eq!(rows, asked().len() + 2);
}

/// A procedure that the peer is known to lack is not started, and the host is notified immediately.
/// The command for new parameters is refused already. Every device has version and feature
/// exchange.
#[test]
fn what_the_peer_lacks_is_not_started() {
    let refused = Procedure::ConnectionParametersRequest;
    for (command, procedure, event) in asked().into_iter().filter(|asked| asked.1 != refused) {
        let mut s = Script::new();
        s.event(&[ControlPdu::FeatureReq(FeatureSet(0))]);
        s.event(&[]);
        s.ask(command);
        let sent = s.event(&[]);
        let starts = sent.iter().any(|pdu| Some(pdu.opcode()) == row(procedure).starts_with);
        let needs = matches!(procedure, Procedure::DataLengthUpdate | Procedure::PhyUpdate);
        let known = procedure == Procedure::FeatureExchange;
        assert_eq!(starts, !needs && !known, "{procedure:?}");
        let ends = if starts { None } else { event };
        assert_eq!(event_names(&mut s), ends.into_iter().collect::<Vec<_>>(), "{procedure:?}");
    }
}

/// Features learned while a command waits count as well.
#[test]
fn what_the_peer_turns_out_to_lack_is_not_started() {
    for (command, procedure, event) in asked().into_iter().skip(2) {
        let mut s = Script::new();
        s.ask(Command::LeReadRemoteFeatures { handle: HANDLE });
        s.ask(command);
        assert!(matches!(
            s.event(&[])[..],
            [ControlPdu::FeatureReq(_) | ControlPdu::PeripheralFeatureReq(_)]
        ));
        s.event(&[ControlPdu::FeatureRsp(FeatureSet(0))]);
        assert_eq!(s.event(&[]), [], "{procedure:?}");
        let features = Some("LE Read Remote Features Complete");
        assert_eq!(event_names(&mut s), features.into_iter().chain(event).collect::<Vec<_>>());
    }
}

/// A PDU belongs to one procedure.
#[test]
fn no_pdu_has_two_rows() {
    let mut all: Vec<_> =
        Procedure::ALL.into_iter().flat_map(|p| row(p).hears).map(|(opcode, _)| *opcode).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

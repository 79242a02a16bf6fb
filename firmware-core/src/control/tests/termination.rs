//! Termination beyond the scripts, and connections that end by themselves.

use super::script::{HANDLE, LINK, OK, Script};
use crate::link::message::{LinkReport, Loss};
use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::ControlPdu;
use ble::time::Duration;
use ble::trace::{Initiator, Procedure, Trace};

pub(super) fn disconnect(reason: u8) -> Command {
    Command::Disconnect { handle: HANDLE, reason: ErrorCode(reason) }
}

pub(super) fn disconnected(reason: ErrorCode) -> Event {
    Event::DisconnectionComplete { handle: HANDLE, reason }
}

/// LL-TERM-1: own termination.
#[test]
fn t1_own_termination_gives_up_after_the_supervision_timeout() {
    let mut s = Script::new();
    s.ask(disconnect(0x13));
    assert_eq!(s.control.deadline(), Some(s.now + Duration::from_secs(1)));
    s.wait(Duration::from_ms(999));
    assert!(!s.dropped);
    s.wait(Duration::from_ms(1));
    s.assert_disconnected(ErrorCode::LOCAL_HOST_TERMINATED);
}

/// Vol 4, Part E, 7.1.6.
#[test]
fn only_reasons_of_a_host_are_sent() {
    let legal = [0x05, 0x13, 0x14, 0x15, 0x1A, 0x29, 0x3B];
    for reason in 0..=0xFF {
        let mut s = Script::new();
        let status = s.ask(disconnect(reason));
        if legal.contains(&reason) {
            assert_eq!(status, OK);
            assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(reason))]);
        } else {
            assert_eq!(status, ErrorCode::INVALID_PARAMETERS, "{reason:#04x}");
            assert_eq!(s.event(&[]), []);
        }
    }
}

#[test]
fn losses_have_their_reasons() {
    let cases = [
        (Loss::FailedToEstablish, ErrorCode::FAILED_TO_ESTABLISH),
        (Loss::SupervisionTimeout, ErrorCode::CONNECTION_TIMEOUT),
    ];
    for (loss, reason) in cases {
        let mut s = Script::new();
        s.ask(super::phy::SET_2M);
        s.report(LinkReport::Lost { link: LINK, loss });
        assert_eq!(s.events(), [disconnected(reason)]);
        assert!(s.dropped, "the place is given back");
        let ended = Trace::ProcedureEnded {
            link: LINK,
            procedure: Procedure::PhyUpdate,
            initiator: Initiator::Local,
            outcome: reason,
        };
        assert!(s.traces.contains(&ended));
        assert_eq!(s.control.deadline(), None);
    }
}

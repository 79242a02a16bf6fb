//! Termination: T1, and connections that end by themselves.

use super::script::{HANDLE, LINK, OK, Script};
use crate::error::ErrorCode;
use crate::hci::{Command, Event};
use crate::link::message::{LinkOrder, LinkReport, Loss};
use crate::pdu::control::ControlPdu;
use crate::time::Duration;
use crate::trace::{Initiator, Procedure, Trace};

fn disconnect(reason: u8) -> Command {
    Command::Disconnect { handle: HANDLE, reason: ErrorCode(reason) }
}

fn disconnected(reason: ErrorCode) -> Event {
    Event::DisconnectionComplete { handle: HANDLE, reason }
}

#[test]
fn t1_own_termination_waits_for_its_acknowledgement() {
    let mut s = Script::new();
    assert_eq!(s.ask(disconnect(0x13)), OK);
    assert_eq!(s.ask(disconnect(0x13)), ErrorCode::COMMAND_DISALLOWED);
    assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(ErrorCode(0x13))]);
    assert_eq!(s.told(), []);
    // What still comes is not answered.
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.told(), [disconnected(ErrorCode::LOCAL_HOST_TERMINATED)]);
    assert_eq!(s.orders.last(), Some(&LinkOrder::Drop(LINK)));
    assert_eq!(s.ask(disconnect(0x13)), ErrorCode::UNKNOWN_CONNECTION);
}

#[test]
fn t1_own_termination_gives_up_after_the_supervision_timeout() {
    let mut s = Script::new();
    s.ask(disconnect(0x13));
    s.wait(Duration::from_ms(999));
    assert!(!s.dropped);
    s.wait(Duration::from_ms(1));
    s.assert_left(ErrorCode::LOCAL_HOST_TERMINATED);
}

#[test]
fn t1_the_centrals_termination_is_acknowledged_before_the_link_goes() {
    let mut s = Script::new();
    s.receive(crate::pdu::data::Llid::Control, &[0x02, 0x13]);
    assert!(!s.dropped, "the acknowledgement is still to be sent");
    s.event(&[ControlPdu::PingReq]);
    assert_eq!(s.told(), [disconnected(ErrorCode::REMOTE_USER_TERMINATED)]);
    assert!(s.dropped);
}

#[test]
fn an_illegal_reason_is_refused() {
    for reason in [0x00, 0x08, 0x16, 0x3D] {
        let mut s = Script::new();
        assert_eq!(s.ask(disconnect(reason)), ErrorCode::INVALID_PARAMETERS);
        assert_eq!(s.event(&[]), []);
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
        assert_eq!(s.told(), [disconnected(reason)]);
        assert!(!s.dropped, "Link knows already");
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

//! Scripts X5 and X6: a connection parameters request on one link while another link has one open.
//! One stack runs a single such procedure in all and rejects the second with 0x20. The rule is one
//! procedure a connection, and here the links know nothing of each other: both requests are served.

use std::vec::Vec;

use super::super::super::{Control, ControlOutput};
use super::super::parameters::{request, wanted};
use super::super::script::{config, connect_ind};
use crate::control::ControlConfig;
use crate::link::message::{LinkOrder, LinkReport, Loss};
use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, AclData, Command, Event, Handle};
use ble::link::LinkId;
use ble::pdu::control::ControlPdu;
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use ble::trace::Trace;

const NOW: Instant = Instant::from_us(1_000_000);
const TIMEOUT: Loss = Loss::SupervisionTimeout;
const LINKS: [LinkId; 2] = [LinkId(0), LinkId(1)];

struct Links {
    control: Control<2>,
    handles: Vec<Handle>,
}

impl Links {
    fn new() -> Self {
        let control = Control::new(config(ControlConfig::SUPPORTED), &Entropy::new([9; 32]));
        let mut links = Self { control, handles: Vec::new() };
        links.command(Command::SetEventMask { mask: u64::MAX });
        links.command(Command::LeSetEventMask { mask: u64::MAX });
        for link in LINKS {
            let request = connect_ind();
            let connected = LinkReport::Connected {
                link,
                request,
                identity: None,
                provisional: false,
                at: NOW,
            };
            let _ = links.control.report(NOW, connected);
            let handles = links.outputs().1.into_iter().filter_map(|event| match event {
                Event::LeConnectionComplete(complete) => Some(complete.handle),
                _ => None,
            });
            links.handles.extend(handles);
        }
        assert_eq!(links.handles.len(), 2);
        links
    }

    /// PDUs sent, and events to the host.
    fn outputs(&mut self) -> (Vec<(LinkId, ControlPdu)>, Vec<Event>) {
        let (mut sent, mut events) = (Vec::new(), Vec::new());
        while let Some(output) = self.control.poll() {
            match output {
                ControlOutput::Order(LinkOrder::Send { link, payload, .. }) => {
                    sent.push((link, ControlPdu::parse(&payload).unwrap()));
                }
                ControlOutput::Event(event) => events.push(event),
                _ => {}
            }
        }
        (sent, events)
    }

    fn command(&mut self, command: Command) -> Vec<(LinkId, ControlPdu)> {
        let _ = self.control.command(NOW, command);
        self.outputs().0
    }

    /// The central of this link asks; the handle about which the host is asked.
    fn asked(&mut self, link: LinkId) -> Handle {
        let pdu = ControlPdu::ConnectionParamReq(request(50)).encode();
        let payload = Payload::from_slice(&pdu).unwrap();
        let (llid, event) = (Llid::Control, 0);
        let report = LinkReport::Received { link, event, llid, payload, at: NOW };
        let _ = self.control.report(NOW, report);
        let (sent, events) = self.outputs();
        assert_eq!(sent, [], "and nothing is rejected");
        match events[..] {
            [Event::LeRemoteConnectionParameterRequest { handle, .. }] => handle,
            ref other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, which: usize) -> Vec<(LinkId, ControlPdu)> {
        let (handle, parameters) = (self.handles[which], wanted(30));
        self.command(Command::LeConnectionUpdate { handle, parameters })
    }

    fn agree(&mut self, which: usize) -> Vec<(LinkId, ControlPdu)> {
        let (handle, parameters) = (self.handles[which], wanted(50));
        self.command(Command::LeRemoteConnectionParameterRequestReply { handle, parameters })
    }
}

fn is_request(sent: &[(LinkId, ControlPdu)], of: LinkId) -> bool {
    matches!(sent, [(link, ControlPdu::ConnectionParamReq(_))] if *link == of)
}

fn is_response(sent: &[(LinkId, ControlPdu)], of: LinkId) -> bool {
    matches!(sent, [(link, ControlPdu::ConnectionParamRsp(_))] if *link == of)
}

/// A handle names its connection and no other, for every command.
#[test]
fn commands_and_data_reach_the_connection_that_they_name() {
    let mut links = Links::new();
    for (which, link) in LINKS.into_iter().enumerate() {
        assert_eq!(links.control.handle_of(link), Some(links.handles[which]));
        let (handle, boundary) = (links.handles[which], AclBoundary::First);
        let data = AclData::from_slice(&[7]).unwrap();
        let _ = links.control.acl(NOW, Acl { handle, boundary, data });
        let orders: Vec<_> = core::iter::from_fn(|| links.control.poll_order()).collect();
        assert!(matches!(orders[..], [LinkOrder::Send { link: of, .. }] if of == link));
    }
    assert_eq!(links.control.handle_of(LinkId(2)), None);
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    let sent = links.command(Command::Disconnect { handle: links.handles[1], reason });
    assert_eq!(sent, [(LINKS[1], ControlPdu::TerminateInd(reason))]);
    let _ = links.control.report(NOW, LinkReport::Lost { link: LINKS[1], loss: TIMEOUT });
    assert_eq!(links.control.handle_of(LINKS[1]), None);
    assert_eq!(links.control.handle_of(LINKS[0]), Some(links.handles[0]));
}

/// Vol 4, Part E, 4.1.1: the buffers are those of the controller, not of a connection.
#[test]
fn all_connections_share_the_buffers() {
    let mut links = Links::new();
    let mut overrun = |which: usize| {
        let (handle, boundary) = (links.handles[which], AclBoundary::First);
        let data = AclData::from_slice(&[7]).unwrap();
        let _ = links.control.acl(NOW, Acl { handle, boundary, data });
        core::iter::from_fn(|| links.control.poll()).find_map(|output| match output {
            ControlOutput::Trace(Trace::HostOverrun { link }) => Some(link),
            _ => None,
        })
    };
    for which in [0, 1, 0, 1] {
        assert_eq!(overrun(which), None);
    }
    assert_eq!(overrun(0), Some(LINKS[0]));
    assert_eq!(overrun(1), Some(LINKS[1]));
}

/// The earliest deadline of all connections counts.
#[test]
fn the_first_deadline_of_all_connections_counts() {
    let mut links = Links::new();
    assert_eq!(links.control.deadline(), None);
    assert!(is_request(&links.ask(1), LINKS[1]));
    let due = NOW + Duration::from_secs(40);
    assert_eq!(links.control.deadline(), Some(due));
    let (handle, reason) = (links.handles[0], ErrorCode::REMOTE_USER_TERMINATED);
    links.command(Command::Disconnect { handle, reason });
    let sooner = NOW + Duration::from_secs(1);
    assert_eq!(links.control.deadline(), Some(sooner));
    let _ = links.control.timer(sooner);
    let ended = Event::DisconnectionComplete { handle, reason: ErrorCode::LOCAL_HOST_TERMINATED };
    assert_eq!(links.outputs().1, [ended]);
    assert_eq!(links.control.deadline(), Some(due), "the other goes on");
    let _ = links.control.timer(due);
    let (handle, reason) = (links.handles[1], ErrorCode::LL_RESPONSE_TIMEOUT);
    assert!(links.outputs().1.contains(&Event::DisconnectionComplete { handle, reason }));
}

/// X5. Our own request is open on one link; the central of the other asks, and so does our host.
///
/// LL-PROC-1: one procedure at a time.
#[test]
fn an_own_request_on_one_link_hinders_none_on_the_other() {
    let mut links = Links::new();
    assert!(is_request(&links.ask(0), LINKS[0]));
    assert_eq!(links.asked(LINKS[1]), links.handles[1]);
    assert!(is_response(&links.agree(1), LINKS[1]));
    let mut links = Links::new();
    assert!(is_request(&links.ask(0), LINKS[0]));
    assert!(is_request(&links.ask(1), LINKS[1]));
}

/// X6. The central of one link has asked; then the other's does.
///
/// LL-PROC-1: one procedure at a time.
#[test]
fn a_request_of_one_central_hinders_none_of_the_other() {
    let mut links = Links::new();
    assert_eq!(links.asked(LINKS[0]), links.handles[0]);
    assert_eq!(links.asked(LINKS[1]), links.handles[1]);
    assert!(is_response(&links.agree(1), LINKS[1]));
    assert!(is_response(&links.agree(0), LINKS[0]));
}

//! Scripts X5 and X6: a connection parameters request on one link while another link has one open.
//! One stack runs a single such procedure in all and rejects the second with 0x20. The rule is one
//! procedure a connection, and here the links know nothing of each other: both requests are served.

use std::vec::Vec;

use super::super::super::{Control, ControlOutput};
use super::super::parameters::{request, wanted};
use super::super::script::{config, connect_ind};
use crate::control::ControlConfig;
use crate::hci::{Command, Event, Handle};
use crate::link::message::{LinkId, LinkOrder, LinkReport, Payload};
use crate::pdu::control::ControlPdu;
use crate::pdu::data::Llid;
use crate::random::Entropy;
use crate::time::Instant;

const NOW: Instant = Instant::from_us(1_000_000);
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

    /// What is sent, and what the host hears.
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

/// X5. Our own request is open on one link; the central of the other asks, and so does our host.
///
/// LL-PROC-1.
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
/// LL-PROC-1.
#[test]
fn a_request_of_one_central_hinders_none_of_the_other() {
    let mut links = Links::new();
    assert_eq!(links.asked(LINKS[0]), links.handles[0]);
    assert_eq!(links.asked(LINKS[1]), links.handles[1]);
    assert!(is_response(&links.agree(1), LINKS[1]));
    assert!(is_response(&links.agree(0), LINKS[0]));
}

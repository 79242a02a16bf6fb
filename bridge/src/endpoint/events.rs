//! Events to the host.

use ble::error::ErrorCode;
use ble::hci::codec::{encode_acl, encode_event};
use ble::hci::{Acl, Event, HciOpcode, Return};
use bletwin_sim::record::Note;

use super::{Endpoint, Output};

/// Code of the Hardware Error event that says the place in the byte stream is lost; a Reset
/// finds it again.
const FRAMING_LOST: u8 = 0x02;
/// Bit of Hardware Error in the event mask.
const HARDWARE_ERROR_BIT: u32 = 15;
// Codes of events.
const COMMAND_COMPLETE: u8 = 0x0E;
const LE_META: u8 = 0x3E;

impl Endpoint {
    /// An event of a half, unless it is masked.
    pub(super) fn event(&mut self, event: Event) {
        self.keep_books(&event);
        if let Event::LeConnectionComplete(complete) = &event {
            self.sets.begun(complete);
        }
        if self.masks.allow(&event) {
            self.push_event(event);
        }
    }

    fn keep_books(&mut self, event: &Event) {
        match event {
            Event::LeConnectionComplete(complete) if complete.status == ErrorCode::SUCCESS => {
                self.connections.begun(complete);
                if let Some(identity) = complete.peer_identity {
                    self.privacy.saw(identity, complete.peer);
                }
            }
            Event::DisconnectionComplete { handle, .. } => {
                self.connections.ended(*handle);
                self.flow.forget(*handle);
                self.give_data();
            }
            Event::NumberOfCompletedPackets { handle, count } => {
                self.connections.completed(*handle, *count);
            }
            _ => {}
        }
    }

    pub(super) fn push_event(&mut self, event: Event) {
        self.push_padded(event, 0);
    }

    /// Queues an event with this many zeros at its end.
    pub(super) fn push_padded(&mut self, event: Event, zeros: usize) {
        let form = self.masks.connection_event();
        // A value that has no octets cannot come from a half; it would be lost here.
        if let Ok(octets) = encode_event(&event, form) {
            let mut octets = octets.to_vec();
            octets.resize(octets.len() + zeros, 0);
            if let [_, length, rest @ ..] = octets.as_mut_slice() {
                // An event has no more than 255 octets.
                *length = u8::try_from(rest.len()).unwrap_or(u8::MAX);
            }
            self.note(Note::HciEvent(event));
            self.send(4, &octets);
        }
    }

    pub(super) fn status(&mut self, opcode: HciOpcode, status: ErrorCode) {
        self.push_event(Event::CommandStatus { opcode, status });
    }

    /// Command Complete with success and the return parameters.
    pub(super) fn complete(&mut self, opcode: HciOpcode, returned: Return) {
        self.push_event(Event::CommandComplete { opcode, status: ErrorCode::SUCCESS, returned });
    }

    /// Command Complete with success and what follows it as octets.
    pub(super) fn complete_raw(&mut self, HciOpcode(opcode): HciOpcode, returned: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let head = [1, low, high, ErrorCode::SUCCESS.0];
        self.raw_event(COMMAND_COMPLETE, &[&head, returned].concat());
    }

    /// An LE event that the waist does not carry.
    pub(super) fn subevent(&mut self, code: u8, parameters: &[u8]) {
        if self.masks.subevent(code) {
            self.raw_event(LE_META, &[&[code], parameters].concat());
        }
    }

    pub(super) fn raw_event(&mut self, code: u8, parameters: &[u8]) {
        // No caller gives more than 255 octets.
        let length = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
        self.send(4, &[&[code, length], parameters].concat());
    }

    /// From the octet `at` on, the host's octets begin no packet. The host gets Hardware Error (Vol
    /// 4, Part A, 4), and people a message: some hosts ignore the event and wait forever.
    pub(super) fn lost(&mut self, at: u64, octets: &[u8]) {
        let shown: Vec<String> =
            octets.iter().take(5).map(|octet| format!("{octet:02x}")).collect();
        self.note(Note::Host(format!(
            "lost the byte stream at octet {at} of what the host sent: {} begins no packet that is \
             taken; waiting for HCI Reset (01 03 0c 00)",
            shown.join(" ")
        )));
        if self.masks.classic(HARDWARE_ERROR_BIT) {
            self.push_event(Event::HardwareError { code: FRAMING_LOST });
        }
    }

    /// Data for the host, now.
    pub(super) fn send_acl(&mut self, acl: Acl) {
        if let Ok(octets) = encode_acl(&acl, false) {
            self.note(Note::AclIn(acl));
            self.send(2, &octets);
        }
    }

    fn send(&mut self, indicator: u8, packet: &[u8]) {
        let octets = [&[indicator], packet].concat();
        self.note(Note::H4 { to_host: true, octets: octets.clone() });
        self.out.0.push_back(Output::Octets(octets));
    }
}

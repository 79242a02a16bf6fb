//! What hosts' logs tell by themselves: connections as HCI has them.
//!
//! Procedures that a controller starts and answers by itself are not in such a log, so a cause in
//! the link layer is not either: of an end it has the reason, and nothing more is told.

use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Role};
use ble::time::Instant;
use bletwin_scenarios::judgement::seconds;
use bletwin_sniffer::{Hci, NodeId, Said, View};
use serde::Serialize;

use crate::why::concern::ORDERLY;

/// A connection in a host's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// Whose log it is.
    #[serde(skip)]
    pub node: NodeId,
    /// The handle that the host knows it by.
    pub handle: u16,
    /// `central` or `peripheral`; `null`: it was connected before the log began.
    pub role: Option<&'static str>,
    /// When it was connected, in µs from the beginning.
    pub from_us: Option<u64>,
    /// When encryption was switched on, or was refused, in µs.
    pub encryption_us: Option<u64>,
    /// Status of that: 0 where it was switched on.
    pub encryption_status: Option<u8>,
    /// When the host was told that it is over, in µs; `null`: the log ends before.
    pub to_us: Option<u64>,
    /// The reason that it was told.
    pub reason: Option<u8>,
    /// Whether its own host had asked for the end.
    pub asked: bool,
}

impl Logged {
    fn new(node: NodeId, handle: Handle) -> Self {
        Self {
            node,
            handle: handle.0,
            role: None,
            from_us: None,
            encryption_us: None,
            encryption_status: None,
            to_us: None,
            reason: None,
            asked: false,
        }
    }

    /// Whether encryption was refused, or it ended for a reason that is no person's or host's wish.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let orderly = |reason: u8| ORDERLY.contains(&ErrorCode(reason));
        self.encryption_status.is_some_and(|status| status != 0)
            || self.reason.is_some_and(|reason| !orderly(reason))
    }

    /// A line for people; `name`: whose log it is.
    #[must_use]
    pub fn words(&self, name: &str) -> String {
        let time = |us: u64| seconds(Instant::from_us(us));
        let role = self.role.unwrap_or("either end");
        let mut text = format!("log of {name}, handle 0x{:04X}, {role}", self.handle);
        text.push_str(&match self.from_us {
            Some(us) => format!(": connected at {}", time(us)),
            None => ": connected before the log begins".to_owned(),
        });
        let error = |code: u8| format!("{code} ({})", ErrorCode(code).name());
        if let (Some(us), Some(status)) = (self.encryption_us, self.encryption_status) {
            text.push_str(&match status {
                0 => format!(", encrypted at {}", time(us)),
                status => format!(", encryption failed at {}: {}", time(us), error(status)),
            });
        }
        text.push_str(&match (self.to_us, self.reason) {
            (Some(us), Some(reason)) => {
                let whose = if self.asked { ", as its host had asked" } else { "" };
                format!(", over at {} for reason {}{whose}", time(us), error(reason))
            }
            _ => ", and the log ends before it is over".to_owned(),
        });
        text
    }
}

/// All connections in the logs of a view, in the order in which they appear.
#[must_use]
pub fn connections(view: &View) -> Vec<Logged> {
    let mut all: Vec<Logged> = Vec::new();
    for Hci { at, node, said, .. } in view.hci() {
        let us = at.as_us();
        match said {
            Said::Event(Event::LeConnectionComplete(complete))
                if complete.status == ErrorCode::SUCCESS =>
            {
                let role = match complete.role {
                    Role::Central => "central",
                    Role::Peripheral => "peripheral",
                };
                let new = Logged::new(*node, complete.handle);
                all.push(Logged { role: Some(role), from_us: Some(us), ..new });
            }
            Said::Event(Event::EncryptionChange { handle, status, .. }) => {
                let one = open(&mut all, *node, *handle);
                (one.encryption_us, one.encryption_status) = (Some(us), Some(status.0));
            }
            Said::Event(Event::DisconnectionComplete { handle, reason }) => {
                let one = open(&mut all, *node, *handle);
                *one = Logged { to_us: Some(us), reason: Some(reason.0), ..one.clone() };
            }
            Said::Command(Command::Disconnect { handle, .. }) => {
                open(&mut all, *node, *handle).asked = true;
            }
            _ => {}
        }
    }
    all
}

/// The connection of a handle that is not over; one that the log does not begin with is added.
fn open(all: &mut Vec<Logged>, node: NodeId, handle: Handle) -> &mut Logged {
    let same = |one: &Logged| one.node == node && one.handle == handle.0 && one.to_us.is_none();
    let place = all.iter().rposition(same).unwrap_or_else(|| {
        all.push(Logged::new(node, handle));
        all.len() - 1
    });
    &mut all[place]
}

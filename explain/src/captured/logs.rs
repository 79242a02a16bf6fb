//! What hosts' logs tell by themselves: connections as HCI has them.
//!
//! Procedures that a controller starts and answers by itself are not in such a log, so a cause in
//! the link layer is not either: of an end it has the reason, and nothing more is told.

use ble::error::ErrorCode;
use ble::hci::{Command, Event, Handle, Role};
use ble::time::Instant;
use bletwin_scenarios::judgement::seconds;
use bletwin_sim::report::names;
use bletwin_sniffer::{Hci, NodeId, Said, View};
use serde::Serialize;

use crate::why::Confidence;
use crate::why::concern::ORDERLY;

const PIN_OR_KEY_MISSING: u8 = 0x06;
const TIMEOUT: u8 = 0x08;
const UNSUPPORTED: u8 = 0x1A;
const RESPONSE_TIMEOUT: u8 = 0x22;
const MIC_FAILURE: u8 = 0x3D;

const OWN_KEY_MISSING: &str = "this host was asked for the key of the link and has none: it has \
                               lost the bond, or knows the peer by another identity. Delete the \
                               bond at both ends and pair anew.";
const OWN_KEY_REFUSED: &str = "this host ended the link for want of a key. Delete the bond at both \
                               ends and pair anew.";
const PEER_KEY_MISSING: &str = "the peer has no key for the one that this host uses: it has lost \
                                the bond, or knows this device by another identity. Delete the \
                                bond at both ends and pair anew.";
const KEYS_DIFFER: &str = "encryption was asked for, and what was encrypted first did not decrypt, \
                           as where the keys of the two ends differ. Delete the bond at both ends \
                           and pair anew.";
const MIC_LATER: &str = "encryption ran, and then a packet did not decrypt: keys fitted, and a \
                         packet was damaged unnoticed, made up, or counted otherwise by one end. \
                         Which of them, a capture of the air would tell.";
const NO_ENCRYPTION: &str = "the peer's controller does not encrypt.";
const UNANSWERED: &str = "a procedure of the link layer was left unanswered for 40 s, while \
                          encryption was to start. By which end, a capture of the air would tell.";

/// A start of encryption is over after the procedure response timeout, one way or the other: a log
/// that goes on without a word of it lacks that word.
const OVER_US: u64 = 45_000_000;

/// What would decide beyond a log of HCI.
const AIR: &str = "a capture of the air";
const PEERS_KEY: &str = "a log of the peer's host, which has the key that it used";
const PEERS_HOST: &str = "a log of the peer's host";
const PROGRAM: &str = "a log of the program above this host";

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
    /// When encryption was asked for last, by its own host or by the peer, in µs.
    pub encryption_asked_us: Option<u64>,
    /// Whether its own host had a key for that; `null`: it has not answered.
    pub has_key: Option<bool>,
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
    /// The reason with which pairing was ended in SMP; `null`: it was not.
    pub pairing_failed: Option<u8>,
    /// Whether its own host ended pairing.
    pub own_pairing_failed: bool,
    /// The last ATT request that was refused for want of security, and nothing was encrypted
    /// behind that: the error.
    pub attribute_refused: Option<u8>,
    /// Why encryption failed, as far as a log tells.
    pub cause: Option<LoggedCause>,
}

/// Why encryption failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedCause {
    /// `shown` by what host and controller said to each other, or `likely`.
    pub confidence: Confidence,
    /// The cause, and what helps, in sentences.
    pub text: String,
    /// What further evidence would decide what it leaves open.
    #[serde(skip)]
    would_decide: Option<&'static str>,
}

/// A packet of data that crossed HCI: handle, flags, length, and what it carries.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// When it was logged.
    pub at: Instant,
    /// Whose log it is in.
    pub node: NodeId,
    /// Whether it went to the host; `None`: not known.
    pub to_host: Option<bool>,
    /// Octets behind the packet indicator.
    pub octets: &'a [u8],
}

/// ATT errors for want of security.
const WANTING: [u8; 4] = [0x05, 0x08, 0x0C, 0x0F];

impl Logged {
    fn new(node: NodeId, handle: Handle) -> Self {
        Self {
            node,
            handle: handle.0,
            role: None,
            from_us: None,
            encryption_asked_us: None,
            has_key: None,
            encryption_us: None,
            encryption_status: None,
            to_us: None,
            reason: None,
            asked: false,
            pairing_failed: None,
            own_pairing_failed: false,
            attribute_refused: None,
            cause: None,
        }
    }

    /// Encryption was asked for; `has_key`: whether the host has one, if it has said so.
    fn asked_for_encryption(&mut self, us: u64, has_key: Option<bool>) {
        (self.encryption_asked_us, self.has_key) = (Some(us), has_key);
        (self.encryption_us, self.encryption_status) = (None, None);
    }

    /// Why encryption failed, or did not come about.
    fn why(&self) -> Option<LoggedCause> {
        let central = self.role == Some("central");
        let asked = self.encryption_asked_us?;
        let encrypted = self.encryption_status == Some(0);
        let span = self.to_us.unwrap_or(asked).saturating_sub(asked);
        let told = |code| self.encryption_status == Some(code) || self.reason == Some(code);
        let shown = |text: &str| (Confidence::Shown, text.to_owned(), None);
        let likely = |text: &str, further| (Confidence::Likely, text.to_owned(), Some(further));
        let (confidence, text, would_decide) = match () {
            () if self.has_key == Some(false) && !encrypted => shown(OWN_KEY_MISSING),
            () if self.encryption_status == Some(PIN_OR_KEY_MISSING) => shown(PEER_KEY_MISSING),
            () if self.reason == Some(PIN_OR_KEY_MISSING) && self.asked => shown(OWN_KEY_REFUSED),
            () if self.reason == Some(PIN_OR_KEY_MISSING) => shown(PEER_KEY_MISSING),
            () if told(MIC_FAILURE) && encrypted => {
                (Confidence::Shown, MIC_LATER.into(), Some(AIR))
            }
            () if told(MIC_FAILURE) => likely(KEYS_DIFFER, PEERS_KEY),
            () if self.encryption_status == Some(UNSUPPORTED) => shown(NO_ENCRYPTION),
            () if self.encryption_status == Some(RESPONSE_TIMEOUT) => likely(UNANSWERED, AIR),
            () if encrypted || self.encryption_status.is_some() || span > OVER_US => return None,
            () if self.reason == Some(RESPONSE_TIMEOUT) => likely(UNANSWERED, AIR),
            () if self.reason == Some(TIMEOUT) => {
                let whose = if central { "this host had asked" } else { "the peer had asked" };
                let text = format!(
                    "the link was lost {} after {whose} for encryption, and it had not begun: what \
                     went wrong in between is on air.",
                    duration(span)
                );
                likely(&text, AIR)
            }
            () => return None,
        };
        Some(LoggedCause { confidence, text, would_decide })
    }

    /// The one further piece of evidence that would decide what the log leaves open, as the subject
    /// of a sentence; `None`: nothing is wrong, or it is shown why.
    #[must_use]
    pub fn would_decide(&self) -> Option<&'static str> {
        if let Some(cause) = &self.cause {
            return cause.would_decide;
        }
        let central = self.role == Some("central");
        self.is_wrong().then_some(match (self.pairing_failed, self.attribute_refused) {
            (Some(_), _) if self.own_pairing_failed => PROGRAM,
            (Some(_), _) => PEERS_HOST,
            // Whoever was refused is the client, which is the central as a rule.
            (None, Some(_)) if central => PROGRAM,
            (None, Some(_)) => PEERS_HOST,
            (None, None) if self.asked => PROGRAM,
            (None, None) => AIR,
        })
    }

    /// Whether encryption was refused, or it ended for a reason that is no person's or host's wish.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let orderly = |reason: u8| ORDERLY.contains(&ErrorCode(reason));
        self.encryption_status.is_some_and(|status| status != 0)
            || self.pairing_failed.is_some()
            || self.attribute_refused.is_some()
            || self.cause.is_some()
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
        if let Some(reason) = self.pairing_failed {
            let who = if self.own_pairing_failed { "its own host" } else { "the peer" };
            let name = names::smp_failure(reason);
            text.push_str(&format!(", pairing was ended by {who}: 0x{reason:02X} ({name})"));
        }
        if let Some(code) = self.attribute_refused {
            let name = names::att_error(code);
            text.push_str(&format!(
                ", an attribute was refused with 0x{code:02X} ({name}), and nobody paired or \
                 encrypted"
            ));
        }
        text.push_str(&match (self.to_us, self.reason) {
            (Some(us), Some(reason)) => {
                let whose = if self.asked { ", as its host had asked" } else { "" };
                format!(", over at {} for reason {}{whose}", time(us), error(reason))
            }
            _ => ", and the log ends before it is over".to_owned(),
        });
        if let Some(LoggedCause { confidence, text: cause, .. }) = &self.cause {
            let sure = if *confidence == Confidence::Shown { "Shown" } else { "Likely" };
            text.push_str(&format!(". {sure}: {cause}"));
        }
        if let Some(further) = self.would_decide() {
            let end = if text.ends_with('.') { "" } else { "." };
            text.push_str(&format!("{end} Would decide: {further}."));
        }
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
            Said::Command(Command::LeEnableEncryption { handle, .. }) => {
                open(&mut all, *node, *handle).asked_for_encryption(us, Some(true));
            }
            Said::Event(Event::LeLongTermKeyRequest { handle, .. }) => {
                open(&mut all, *node, *handle).asked_for_encryption(us, None);
            }
            Said::Command(Command::LeLongTermKeyRequestReply { handle, .. }) => {
                open(&mut all, *node, *handle).has_key = Some(true);
            }
            Said::Command(Command::LeLongTermKeyRequestNegativeReply { handle }) => {
                open(&mut all, *node, *handle).has_key = Some(false);
            }
            Said::Event(
                Event::EncryptionChange { handle, status, .. }
                | Event::EncryptionKeyRefreshComplete { handle, status },
            ) => {
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
    all.into_iter().map(|one| Logged { cause: one.why(), ..one }).collect()
}

/// Adds what data tells: how pairing ended, and what ATT refused. A packet belongs to the
/// connection that had its handle at its time.
pub fn add_data<'a>(all: &mut [Logged], data: impl IntoIterator<Item = Data<'a>>) {
    for Data { at, node, to_host, octets } in data {
        let [low, high, _, _, _, _, c0, c1, frame @ ..] = octets else { continue };
        let word = u16::from_le_bytes([*low, *high]);
        let (handle, boundary) = (word & 0x0FFF, word >> 12 & 3);
        let us = at.as_us();
        let lives = |one: &&mut Logged| {
            one.node == node
                && one.handle == handle
                && one.from_us.is_none_or(|from| from <= us)
                && one.to_us.is_none_or(|to| us <= to)
        };
        // A part of a frame that begins elsewhere says nothing by itself.
        let Some(one) = all.iter_mut().rfind(lives).filter(|_| boundary != 1) else { continue };
        match (u16::from_le_bytes([*c0, *c1]), frame) {
            (6, [0x05, reason]) => {
                one.pairing_failed = Some(*reason);
                one.own_pairing_failed = to_host == Some(false);
            }
            (6, [0x01, ..]) => (one.pairing_failed, one.attribute_refused) = (None, None),
            (4, [0x01, _, _, _, code]) if WANTING.contains(code) => {
                let later = one.encryption_us.is_some_and(|encrypted| encrypted >= us);
                one.attribute_refused = (!later).then_some(*code);
            }
            _ => {}
        }
    }
}

/// A span of µs in seconds.
fn duration(us: u64) -> String {
    format!("{}.{:01} s", us / 1_000_000, us % 1_000_000 / 100_000)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn data(us: u64, to_host: bool, octets: &[u8]) -> Data<'_> {
        Data { at: Instant::from_us(us), node: NodeId(0), to_host: Some(to_host), octets }
    }

    fn link(from_us: u64, to_us: Option<u64>) -> Logged {
        let (from_us, new) = (Some(from_us), Logged::new(NodeId(0), Handle(0x40)));
        Logged { from_us, to_us, ..new }
    }

    const FAILED: [u8; 10] = [0x40, 0x20, 6, 0, 2, 0, 6, 0, 0x05, 0x04];
    const REFUSED: [u8; 13] = [0x40, 0x20, 9, 0, 5, 0, 4, 0, 0x01, 0x12, 0x15, 0, 0x0F];

    /// A handle is given again: what data says is of the connection that had it then.
    #[test]
    fn data_of_a_log_tells_who_ended_pairing_and_what_was_refused() {
        let mut all = [link(10, Some(100)), link(200, None)];
        add_data(&mut all, [data(50, true, &FAILED), data(250, true, &REFUSED)]);
        assert_eq!((all[0].pairing_failed, all[0].own_pairing_failed), (Some(4), false));
        assert_eq!((all[1].pairing_failed, all[1].attribute_refused), (None, Some(0x0F)));
        assert!(all[0].is_wrong() && all[0].words("A").contains("ended by the peer: 0x04"));
        assert!(all[1].words("A").contains("nobody paired or encrypted"), "{}", all[1].words("A"));
    }

    /// What is mended later is no failure; what is cut or a later part says nothing.
    #[test]
    fn what_comes_right_later_or_cannot_be_read_accuses_nobody() {
        let mut all = [Logged { encryption_us: Some(300), ..link(200, None) }];
        let mut part = FAILED;
        part[1] = 0x10;
        let all_data = [
            data(250, true, &REFUSED),
            data(260, true, &part),
            data(270, true, &FAILED[..9]),
            data(280, true, &[]),
            data(150, true, &FAILED),
        ];
        add_data(&mut all, all_data);
        assert_eq!((all[0].attribute_refused, all[0].pairing_failed), (None, None));
    }
}

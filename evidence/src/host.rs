//! What a host and its controller said to each other, out of logs of all kinds.

use std::collections::BTreeMap;

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::codec::{parse_command, parse_event};
use ble::hci::{Command, ConnectionComplete, Event, Role};
use ble::secret::Secret;
use ble::time::Instant;
use bletwin_sniffer::{NodeId, Said};

use crate::container::{Host, LinkType, Raw};
use crate::keys::{Identity, Told};

/// Packet indicators of H4.
const COMMAND: u8 = 1;
const DATA: u8 = 2;
const EVENT: u8 = 4;

/// One packet of HCI, as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HciPacket {
    /// When it was logged; times that went backwards are held.
    pub at: Instant,
    /// Whose host and controller it was between.
    pub node: NodeId,
    /// Whether it went to the host; `None`: not known.
    pub to_host: Option<bool>,
    /// Packet indicator of H4: 1 command, 2 data, 4 event.
    pub indicator: u8,
    /// What follows the indicator.
    pub octets: Box<[u8]>,
}

/// One packet of a file, before it is known whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub record: u64,
    pub ns: i64,
    pub host: Host,
    pub octets: Box<[u8]>,
}

/// A packet of HCI out of a record; `None`: it is none, or a note.
pub(crate) fn parse(raw: &Raw<'_>, record: u64) -> Option<Logged> {
    let (host, octets) = match raw.link {
        LinkType::Host => (raw.host?, raw.octets),
        LinkType::HciH4 => {
            let (indicator, octets) = raw.octets.split_first()?;
            let to_host = match *indicator {
                COMMAND => Some(false),
                EVENT => Some(true),
                _ => None,
            };
            (Host { adapter: 0, to_host, indicator: *indicator }, octets)
        }
        LinkType::HciH4WithPhdr => {
            let (&[_, _, _, direction, indicator], octets) = raw.octets.split_first_chunk()?;
            (Host { adapter: 0, to_host: Some(direction & 1 == 1), indicator }, octets)
        }
        LinkType::LinuxMonitor => {
            let (&[a0, a1, o0, o1], octets) = raw.octets.split_first_chunk()?;
            let adapter = u16::from_be_bytes([a0, a1]);
            (Host::of_monitor(adapter, u16::from_be_bytes([o0, o1]))?, octets)
        }
        _ => return None,
    };
    // A packet may be cut, and then it is not one.
    let known = matches!(host.indicator, 1..=5) && raw.whole;
    known.then(|| Logged { record, ns: raw.ns, host, octets: octets.into() })
}

/// What a log says, understood, and what it lacks.
#[derive(Default)]
pub(crate) struct Understood {
    pub(crate) keys: Vec<Secret<16>>,
    /// Whose private addresses can be resolved.
    pub(crate) identities: Vec<Identity>,
    /// Own address of each controller, where it was asked for.
    pub(crate) own: BTreeMap<u16, Address>,
    pub(crate) commands: u64,
    pub(crate) events: u64,
    pub(crate) data: u64,
    /// Connections, each with its place in the log: peer, and whether as central.
    pub(crate) connections: Vec<(usize, Address, bool)>,
    /// Beginnings and ends of connections in words, without addresses.
    pub(crate) story: Vec<String>,
}

/// So many lines are told of a log.
const STORY_MAX: usize = 40;

impl Understood {
    /// Goes through a log.
    pub(crate) fn of(log: &[Logged]) -> Self {
        let mut all = Self::default();
        let mut told: [Told; 2] = Default::default();
        for (place, logged) in log.iter().enumerate() {
            let way = usize::from(logged.host.to_host == Some(true));
            if let (Some(pdu), Some(told)) = (smp(logged), told.get_mut(way)) {
                all.identities.extend(told.command(pdu));
            }
            match logged.host.indicator {
                COMMAND => all.commands += 1,
                EVENT => all.events += 1,
                DATA => all.data += 1,
                _ => {}
            }
            match said(logged) {
                Some(Said::Command(
                    Command::LeEnableEncryption { ltk, .. }
                    | Command::LeLongTermKeyRequestReply { ltk, .. },
                )) => all.keys.push(ltk),
                Some(Said::Command(Command::LeAddToResolvingList {
                    identity,
                    peer_irk,
                    local_irk,
                })) => {
                    let known = |irk, address| Identity { irk, address, given: false };
                    all.identities.push(known(peer_irk, Some(identity)));
                    all.identities.push(known(local_irk, None));
                }
                Some(Said::Event(Event::LeConnectionComplete(complete)))
                    if complete.status == ErrorCode::SUCCESS =>
                {
                    let central = complete.role == Role::Central;
                    all.connections.push((place, complete.peer, central));
                    all.tell(log, logged, &beginning(&complete));
                }
                Some(Said::Event(Event::DisconnectionComplete { handle, reason })) => {
                    all.tell(log, logged, &format!("connection {} ends: {reason:?}", handle.0));
                }
                _ => {}
            }
            if let Some(own) = own_address(logged) {
                all.own.insert(logged.host.adapter, own);
            }
        }
        all
    }
}

fn beginning(complete: &ConnectionComplete) -> String {
    let role = if complete.role == Role::Central { "central" } else { "peripheral" };
    let (handle, interval) = (complete.handle.0, u32::from(complete.interval) * 125);
    let (whole, parts) = (interval / 100, interval % 100);
    let (latency, timeout) = (complete.latency, u32::from(complete.timeout) * 10);
    format!(
        "connection {handle} as {role}: interval {whole}.{parts:02} ms, peripheral latency \
         {latency}, supervision timeout {timeout} ms"
    )
}

impl Understood {
    /// Adds a line, with seconds since the log began.
    fn tell(&mut self, log: &[Logged], logged: &Logged, text: &str) {
        let first = log.first().map_or(0, |first| first.ns);
        let ms = logged.ns.saturating_sub(first) / 1_000_000;
        let sign = if ms < 0 { "-" } else { "" };
        let (seconds, rest) = (ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000);
        match self.story.len() {
            ..STORY_MAX => self.story.push(format!("{sign}{seconds}.{rest:03} s: {text}")),
            STORY_MAX => self.story.push("and more".to_owned()),
            _ => {}
        }
    }
}

/// An SMP command that is in one packet of data.
fn smp(logged: &Logged) -> Option<&[u8]> {
    /// Channel of the Security Manager.
    const SMP: [u8; 2] = [6, 0];
    let (&[_, _, _, _, l0, l1, c0, c1], pdu) = logged.octets.split_first_chunk()?;
    let whole = usize::from(u16::from_le_bytes([l0, l1])) == pdu.len();
    (logged.host.indicator == DATA && [c0, c1] == SMP && whole).then_some(pdu)
}

/// The answer to Read BD_ADDR.
fn own_address(logged: &Logged) -> Option<Address> {
    match *logged.octets {
        [0x0E, 10, _, 0x09, 0x10, 0, a, b, c, d, e, f] if logged.host.indicator == EVENT => {
            Some(Address::new(ble::address::AddressKind::Public, [a, b, c, d, e, f]))
        }
        _ => None,
    }
}

/// A command or an event, if it can be understood.
pub(crate) fn said(logged: &Logged) -> Option<Said> {
    // Which private address a controller has made is not in the packet, and not needed here.
    let own = Address::public([0; 6]);
    match (logged.host.indicator, logged.host.to_host) {
        (COMMAND, Some(false)) => parse_command(&logged.octets).ok().map(Said::Command),
        (EVENT, Some(true)) => parse_event(&logged.octets, own).ok().map(Said::Event),
        _ => None,
    }
}

/// A packet of the host as octets of H4.
pub(crate) fn octets(logged: &Logged) -> Option<Said> {
    let from_host = logged.host.to_host == Some(false);
    from_host.then(|| {
        let mut octets = vec![logged.host.indicator];
        octets.extend_from_slice(&logged.octets);
        Said::Octets(octets)
    })
}

//! The authenticated payload timeout: on an encrypted link a host gets an event when no PDU with a
//! valid MIC was received for that time.

use ble::hci::{Command, Event, Handle, Role};
use ble::pdu::control::FeatureSet;
use ble::time::{Duration, Instant};
use bletwin_rules::ping::LL_PING_2;

use super::feature_bits::Own;
use super::features::shown;
use super::link::{Link, other};
use super::{Finding, Findings};
use bletwin_sniffer::{Hci, NodeId, Said};

const DEFAULT: Duration = Duration::from_secs(30);
/// Write Authenticated Payload Timeout.
const WRITE_TIMEOUT: u16 = 0x0C7C;
const UNIT: Duration = Duration::from_ms(10);
/// Delay of the event; clock errors are far below the second value.
const PATIENCE: Duration = Duration::from_ms(100);
const SLACK_PPM: u32 = 10_000;

/// A host has set the timeout.
pub(super) struct Set {
    node: NodeId,
    handle: Handle,
    at: Instant,
    timeout: Duration,
}

/// All settings that were not refused.
pub(super) fn set(hci: &[Hci]) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for record in hci {
        match &record.said {
            Said::Command(Command::WriteAuthenticatedPayloadTimeout { handle, timeout }) => sets
                .push(Set {
                    node: record.node,
                    handle: *handle,
                    at: record.at,
                    timeout: UNIT.times(u64::from(*timeout)),
                }),
            Said::Event(Event::CommandComplete { opcode, status, .. })
                if opcode.0 == WRITE_TIMEOUT && status.0 != 0 =>
            {
                let refused = sets.iter().rposition(|set| set.node == record.node);
                refused.map(|at| sets.remove(at));
            }
            _ => {}
        }
    }
    sets
}

pub(super) fn check(link: &Link<'_>, own: &Own, sets: &[Set], findings: &mut Findings) {
    for role in [Role::Central, Role::Peripheral] {
        let node = link.node(role);
        let features = own.get(&node).map(|(set, _)| *set).or_else(|| shown(link, role));
        if features.is_some_and(|set| set.has(FeatureSet::PING)) {
            silent(link, role, sets, findings);
        }
    }
}

/// What happens to the timer.
enum Tick {
    Restart,
    Set(Duration),
    End,
}

fn silent(link: &Link<'_>, role: Role, sets: &[Set], findings: &mut Findings) {
    let peers = link.packets.iter().filter(|packet| packet.by != role);
    let authentic = peers.filter(|packet| packet.taken && packet.item.decrypted == Some(true));
    let mut ticks: Vec<_> = authentic.map(|packet| (packet.item.end, Tick::Restart)).collect();
    let Some(start) = ticks.first().map(|(at, _)| *at) else { return };
    let events = link.hci.iter().filter(|hci| hci.by == role);
    let mut handle = None;
    for hci in events {
        match hci.event {
            Event::LeConnectionComplete(complete) => handle = Some(complete.handle),
            Event::AuthenticatedPayloadTimeoutExpired { .. } => ticks.push((hci.at, Tick::Restart)),
            _ => {}
        }
    }
    let own = |set: &&Set| set.node == link.node(role) && Some(set.handle) == handle;
    let began = link.connect.at;
    let left = link.left(role);
    let mine = sets.iter().filter(own).filter(|set| set.at > began && set.at < left);
    ticks.extend(mine.map(|set| (set.at, Tick::Set(set.timeout))));
    ticks.push((left, Tick::End));
    ticks.sort_by_key(|(at, _)| *at);
    let (mut timeout, mut since) = (DEFAULT, start);
    for (at, tick) in ticks.into_iter().filter(|(at, _)| *at <= left) {
        if at.since(since) > timeout + timeout.ppm(SLACK_PPM) + PATIENCE {
            let last = link.packets.iter().rev().find(|packet| packet.item.at < at);
            findings.add(Finding {
                rule: LL_PING_2.id,
                culprit: link.node(role),
                at,
                record: last.map_or(link.connect.record, |packet| packet.item.record),
                evidence: vec![link.connect.record],
                text: format!(
                    "nothing authentic came from the {:?} for {} ms and the host was not told",
                    other(role),
                    at.since(since).as_us() / 1_000
                ),
            });
            return;
        }
        if let Tick::Set(new) = tick {
            timeout = new;
        }
        since = at.max(start);
    }
}

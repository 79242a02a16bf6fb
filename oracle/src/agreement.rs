//! Agreement: the PHY and connection parameters in each host's events are those on air.

use ble::hci::{Event, Role};
use ble::pdu::control::ControlPdu;
use ble::phy::Phy;
use ble::time::{Duration, Instant};
use bletwin_rules::termination::LL_AGREE_1;

use super::link::{HciEvent, Link};
use super::phy::BelievedPhys;
use super::{Finding, Findings};

/// How long after a change the events to the hosts may come.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a host believes.
struct Belief {
    /// PHYs of central and peripheral as senders.
    phys: [Phy; 2],
    parameters: Option<(u16, u16, u16)>,
    /// Octets that central and peripheral may send.
    octets: [u16; 2],
}

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let ended = |hci: &&HciEvent<'_>| matches!(hci.event, Event::DisconnectionComplete { .. });
    let end = link.hci.iter().find(ended).map_or(link.end, |hci| hci.at);
    let last_change = last_change(link);
    let both = [Role::Central, Role::Peripheral].map(|role| belief(link, role, end));
    let [Some(central), Some(peripheral)] = &both else { return };
    if end.since(last_change) < PATIENCE {
        return;
    }
    let demanded = demanded(link, findings);
    let mut report = |what: &str, culprit: Role, text: String| {
        let events = link.hci.iter().rev().filter(|hci| hci.by == culprit && hci.at <= end);
        let mut records: Vec<_> = events.map(|hci| hci.record).take(1).collect();
        let record = records.pop().unwrap_or(link.connect.record);
        let culprit = link.node(culprit);
        let evidence = vec![link.connect.record];
        let text = format!("hosts disagree about the {what}: {text}");
        findings.add(Finding { rule: LL_AGREE_1.id, culprit, at: end, record, evidence, text });
    };
    if central.phys != peripheral.phys && demanded.is_known() {
        let demanded = demanded.ends[Role::Central as usize];
        let culprit = if demanded == central.phys { Role::Peripheral } else { Role::Central };
        report("PHY", culprit, format!("{:?} and {:?}", central.phys, peripheral.phys));
    }
    if central.parameters != peripheral.parameters {
        let text = format!("{:?} and {:?}", central.parameters, peripheral.parameters);
        let air = link.parameters();
        let culprit =
            if central.parameters == Some(air) { Role::Peripheral } else { Role::Central };
        report("connection parameters", culprit, text);
    }
    let unsaid = |role| has_shortened(link, role, end);
    if central.octets != peripheral.octets && !unsaid(Role::Central) && !unsaid(Role::Peripheral) {
        let text = format!("{:?} and {:?}", central.octets, peripheral.octets);
        let culprit = if peripheral.octets == [27, 27] { Role::Peripheral } else { Role::Central };
        report("data length", culprit, text);
    }
}

/// Whether an end sends shorter PDUs than it has announced so far. Its host knows immediately; the
/// peer's host only after the procedure, which may wait for others.
fn has_shortened(link: &Link<'_>, role: Role, end: Instant) -> bool {
    let reported = link.hci.iter().rev().find_map(|hci| match hci.event {
        Event::LeDataLengthChange { tx_octets, .. } if hci.by == role && hci.at <= end => {
            Some((hci.at, *tx_octets))
        }
        _ => None,
    });
    let said =
        link.packets.iter().rev().filter(|packet| packet.by == role).find_map(
            |packet| match packet.control() {
                Some(ControlPdu::LengthReq(length) | ControlPdu::LengthRsp(length)) => {
                    Some((packet.item.at, length.max_tx_octets))
                }
                _ => None,
            },
        );
    let (Some((reported_at, reported)), Some((said_at, said))) = (reported, said) else {
        return false;
    };
    reported < said && said_at < reported_at
}

/// When something was changed last, on air or at a host.
fn last_change(link: &Link<'_>) -> Instant {
    let change = |event: &Event| {
        matches!(
            event,
            Event::LeConnectionComplete(_)
                | Event::LePhyUpdateComplete { .. }
                | Event::LeConnectionUpdateComplete { .. }
                | Event::LeDataLengthChange { .. }
        )
    };
    let reported = link.hci.iter().rev().find(|hci| change(hci.event)).map(|hci| hci.at);
    let moved = |pdu: &ControlPdu| {
        matches!(
            pdu,
            ControlPdu::ConnectionUpdateInd(_)
                | ControlPdu::PhyUpdateInd { .. }
                | ControlPdu::LengthReq(_)
                | ControlPdu::LengthRsp(_)
        )
    };
    let on_air = link.packets.iter().rev().find(|packet| packet.control().is_some_and(moved));
    reported.max(on_air.map(|packet| packet.item.at)).unwrap_or(Instant::ZERO)
}

/// The PHYs after all that the central has announced.
fn demanded(link: &Link<'_>, findings: &Findings) -> BelievedPhys {
    let mut phys = BelievedPhys::of(link);
    for packet in &link.packets {
        phys.reach(packet.event);
        phys.learn(packet, findings.is_stray(packet));
    }
    phys
}

fn belief(link: &Link<'_>, role: Role, end: Instant) -> Option<Belief> {
    let mut belief = Belief { phys: [link.first_phy(); 2], parameters: None, octets: [27; 2] };
    let order = |tx, rx| if role == Role::Central { [tx, rx] } else { [rx, tx] };
    for hci in link.hci.iter().filter(|hci| hci.by == role && hci.at <= end) {
        match hci.event {
            Event::LeConnectionComplete(complete) => {
                let (interval, latency) = (complete.interval, complete.latency);
                belief.parameters = Some((interval, latency, complete.timeout));
            }
            Event::LeConnectionUpdateComplete { status, interval, latency, timeout, .. }
                if status.0 == 0 =>
            {
                belief.parameters = Some((*interval, *latency, *timeout));
            }
            Event::LePhyUpdateComplete { status, tx, rx, .. } if status.0 == 0 => {
                belief.phys = if role == Role::Central { [*tx, *rx] } else { [*rx, *tx] };
            }
            Event::LeDataLengthChange { tx_octets, rx_octets, .. } => {
                belief.octets = order(*tx_octets, *rx_octets);
            }
            _ => {}
        }
    }
    belief.parameters.map(|_| belief)
}

//! Events to a host agree with the air: PHYs, parameters, encryption, and the peer's features and
//! version.

use ble::hci::{Event, Role};
use ble::pdu::control::{ControlPdu, FeatureSet, VersionInd};
use ble::time::Instant;
use bletwin_rules::termination::LL_AGREE_2;

use super::Findings;
use super::link::{HciEvent, Link, Packet, other};
use super::phy::BelievedPhys;
use super::{Finding, features};

/// An event may come a little before the first packet that shows the change.
const EARLY: u64 = 2;
/// The shortest connInterval: as many events may have passed in silence.
const INTERVAL_MIN_US: u64 = 7_500;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut air = AirSoFar::new(link);
    let mut packets = link.packets.iter().peekable();
    for hci in &link.hci {
        while let Some(packet) = packets.next_if(|packet| packet.item.at < hci.at) {
            air.learn(packet, findings.is_stray(packet));
        }
        if let Some(text) = air.denies(hci) {
            findings.add(Finding {
                rule: LL_AGREE_2.id,
                culprit: link.node(hci.by),
                at: hci.at,
                record: hci.record,
                evidence: air.last.into_iter().collect(),
                text: format!("{} tells of {text}", hci.event.name()),
            });
        }
    }
}

/// What has been on air so far, by the end that may know it.
struct AirSoFar {
    phys: BelievedPhys,
    event: u64,
    /// When the last packet began.
    at: Instant,
    last: Option<bletwin_sniffer::RecordId>,
    parameters: [Vec<(u16, u16, u16)>; 2],
    features: [Vec<FeatureSet>; 2],
    version: [Option<VersionInd>; 2],
    /// The peer's LL_START_ENC_RSP is received.
    encrypted: [bool; 2],
}

impl AirSoFar {
    fn new(link: &Link<'_>) -> Self {
        let request = link.request;
        let first = (request.interval, request.latency, request.timeout);
        Self {
            phys: BelievedPhys::of(link),
            event: 0,
            at: link.connect.at,
            last: None,
            parameters: [vec![first], vec![first]],
            features: [Vec::new(), Vec::new()],
            version: [None; 2],
            encrypted: [false; 2],
        }
    }

    fn learn(&mut self, packet: &Packet<'_>, stray: bool) {
        self.phys.reach(packet.event);
        self.phys.learn(packet, stray);
        (self.event, self.at) = (packet.event, packet.item.at);
        self.last = Some(packet.item.record);
        let Some(pdu) = packet.control() else { return };
        if let (true, Role::Central, ControlPdu::ConnectionUpdateInd(update)) =
            (packet.new, packet.by, pdu)
        {
            let reported = (update.interval, update.latency, update.timeout);
            self.parameters[Role::Central as usize].push(reported);
        }
        if !packet.taken {
            return;
        }
        let taker = other(packet.by) as usize;
        match pdu {
            ControlPdu::ConnectionUpdateInd(update) => {
                self.parameters[taker].push((update.interval, update.latency, update.timeout));
            }
            ControlPdu::VersionInd(version) => self.version[taker] = Some(*version),
            ControlPdu::StartEncRsp => self.encrypted[taker] = true,
            other => self.features[taker].extend(features::set(other)),
        }
    }

    /// Why an event is not true.
    fn denies(&self, hci: &HciEvent<'_>) -> Option<String> {
        let own = hci.by as usize;
        match hci.event {
            Event::LePhyUpdateComplete { status, tx, rx, .. } if status.0 == 0 => {
                let reported = if hci.by == Role::Central { [*tx, *rx] } else { [*rx, *tx] };
                let mut soon = self.phys;
                // An end whose peer has disconnected continues alone, to the instant and beyond.
                let alone = hci.at.since(self.at).as_us() / INTERVAL_MIN_US;
                soon.reach(self.event + EARLY + alone);
                let true_now = reported == self.phys.ends[own] || reported == soon.ends[own];
                (!true_now && self.phys.is_known())
                    .then(|| format!("{tx:?} and {rx:?}, which nobody has announced"))
            }
            Event::LeConnectionUpdateComplete { status, interval, latency, timeout, .. }
                if status.0 == 0 =>
            {
                let reported = (*interval, *latency, *timeout);
                let known = self.parameters[own].contains(&reported);
                (!known).then(|| format!("{reported:?}, which nobody has announced"))
            }
            Event::EncryptionChange { status, enabled: true, .. } if status.0 == 0 => {
                (!self.encrypted[own]).then(|| "encryption that has not started".to_owned())
            }
            Event::RemoteVersion { status, version, company, subversion, .. } if status.0 == 0 => {
                let (version, company, subversion) = (*version, *company, *subversion);
                let reported = Some(VersionInd { version, company, subversion });
                (self.version[own] != reported).then(|| "a version that did not come".to_owned())
            }
            Event::LeRemoteFeatures { status, features, .. } if status.0 == 0 => {
                let known = self.features[own].contains(features) || self.features[own].is_empty();
                (!known).then(|| format!("features {:X} that did not come", features.0))
            }
            _ => None,
        }
    }
}

//! Records of one file, sorted by where they come from. Memory is bounded: of the many devices that
//! advertise nearby, only those that somebody connects to are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;

use crate::air::{self, SniffedPacket};
use crate::container::{self, Extent, LinkType, NotEvidence};
use crate::host::{self, Logged};
use crate::report::File;
use crate::trust::request;
use crate::{Limits, Reading, Stop};

/// How often progress is told.
const STEP: u64 = 1 << 14;

/// What one file has.
pub(crate) struct Gathered {
    /// Packets of the air, by interface.
    pub(crate) air: BTreeMap<u32, Vec<SniffedPacket>>,
    /// Packets of HCI, by interface.
    pub(crate) hosts: BTreeMap<u32, Vec<Logged>>,
    extent: Extent,
    unread: u64,
    /// Records in which the logging tool speaks of itself.
    notes: u64,
    pub(crate) passed_over: u64,
}

/// What is being gathered.
#[derive(Default)]
struct Gathering {
    air: BTreeMap<u32, Vec<SniffedPacket>>,
    hosts: BTreeMap<u32, Vec<Logged>>,
    /// Advertising since the last time that it was thinned.
    advertising: usize,
    records: u64,
    unread: u64,
    notes: u64,
    passed_over: u64,
}

impl Gathered {
    /// Reads a file to its end, as far as the limits allow.
    pub(crate) fn read(
        file: impl Read + Send,
        limits: Limits,
        progress: &mut dyn FnMut(Reading) -> ControlFlow<()>,
    ) -> Result<Self, NotEvidence> {
        let mut all = Gathering::default();
        let mut given_up = false;
        let mut extent = container::read(file, limits.records, &mut |raw| {
            all.records += 1;
            if all.records % STEP == 0 && !given_up {
                given_up = progress(Reading::Records(all.records)) == ControlFlow::Break(());
            }
            if given_up {
                return;
            }
            match raw.link {
                LinkType::LeLl
                | LinkType::LeLlWithPhdr
                | LinkType::NordicBle
                | LinkType::Ppi
                | LinkType::SmartRf => match air::parse(&raw, all.records) {
                    Some(packet) => all.packet(raw.interface, packet, limits),
                    None => all.unread += 1,
                },
                LinkType::Other(_) => all.unread += 1,
                LinkType::Host if raw.host.is_none() => all.notes += 1,
                _ => match host::parse(&raw, all.records) {
                    Some(logged) => {
                        // Each controller of a host is an interface of its own.
                        let adapter = u32::from(logged.host.adapter) << 16;
                        let interface = raw.interface & 0xFFFF | adapter;
                        all.hosts.entry(interface).or_default().push(logged);
                    }
                    None => all.unread += 1,
                },
            }
        })?;
        if given_up {
            extent.stop = Some(Stop::BrokenOff);
        }
        let Gathering { air, hosts, unread, notes, passed_over, .. } = all;
        Ok(Self { air, hosts, extent, unread, notes, passed_over })
    }

    /// What the report says of it.
    pub(crate) fn file(&self, name: String) -> File {
        File {
            name,
            format: self.extent.format,
            records: self.extent.records,
            unread: self.unread,
            stop: self.extent.stop.clone(),
            interfaces: Vec::new(),
            hci: self.hosts.values().map(|log| log.len() as u64).sum(),
            notes: match self.notes {
                0 => Vec::new(),
                notes => vec![format!("{notes} records are notes of the tool that logged")],
            },
        }
    }
}

impl Gathering {
    fn packet(&mut self, interface: u32, packet: SniffedPacket, limits: Limits) {
        self.advertising += usize::from(packet.access_address == ADVERTISING_ACCESS_ADDRESS);
        self.air.entry(interface).or_default().push(packet);
        if self.advertising > limits.advertising {
            self.thin(limits);
        }
    }

    /// Forgets half of the advertising, the older, but of devices that have been connected to.
    fn thin(&mut self, limits: Limits) {
        let keep = limits.advertising / 2;
        self.advertising = 0;
        for packets in self.air.values_mut() {
            let connected: BTreeSet<[u8; 6]> = packets
                .iter()
                .filter_map(request)
                .flat_map(|request| [request.advertiser.octets, request.initiator.octets])
                .collect();
            // The first address of an advertising PDU is that of its sender.
            let passing = |packet: &SniffedPacket| {
                let sender = packet.payload().first_chunk();
                packet.access_address == ADVERTISING_ACCESS_ADDRESS
                    && sender.is_none_or(|sender| !connected.contains(sender))
            };
            let mut surplus = packets.iter().filter(|packet| passing(packet)).count();
            let before = packets.len();
            packets.retain(|packet| {
                let goes = surplus > keep && passing(packet);
                surplus -= usize::from(goes);
                !goes
            });
            self.passed_over += (before - packets.len()) as u64;
            self.advertising += surplus;
        }
    }
}

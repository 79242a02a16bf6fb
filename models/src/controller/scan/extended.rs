//! Scanning and initiating by the extended commands: requests of hosts, and events to them (Vol 4,
//! Part E, 7.8.64 to 7.8.66 and 7.7.65.13).

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{ConnectionParameters, CreateConnection, ScanParameters};
use ble::phy::Phy;
use ble::time::{Duration, Instant};

use super::{Scanner, slots};
use crate::controller::shared::Shared;
use crate::controller::{CentralController, ControllerOutput};

/// How one primary PHY is scanned. Units of 0.625 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryScan {
    /// Asks for scan responses.
    pub active: bool,
    /// From one window to the next.
    pub interval: u16,
    /// How long to listen.
    pub window: u16,
}

/// What LE Set Extended Scan Parameters and LE Set Extended Scan Enable ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedScan {
    /// Asks from the random address.
    pub own_address_random: bool,
    /// Reports devices of the accept list only.
    pub filter: bool,
    /// Reports each advertisement once.
    pub filter_duplicates: bool,
    /// LE 1M and LE Coded.
    pub phys: [Option<PrimaryScan>; 2],
}

/// A PHY on which a connection may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InitiatingPhy {
    /// Units of 0.625 ms; of no use on LE 2M, which is no primary PHY.
    pub scan_interval: u16,
    /// Units of 0.625 ms.
    pub scan_window: u16,
    /// Of a connection that begins on this PHY.
    pub parameters: ConnectionParameters,
}

/// What LE Extended Create Connection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedConnect {
    /// The peer; `None`: any device of the accept list.
    pub peer: Option<Address>,
    /// From the random address.
    pub own_address_random: bool,
    /// LE 1M, LE 2M, LE Coded. One of the first and the last must be there.
    pub phys: [Option<InitiatingPhy>; 3],
}

/// An advertisement with all its data, legacy or extended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedReport {
    /// Event_Type without data status: bit 0 connectable, 1 scannable, 2 directed, 3 scan response,
    /// 4 legacy PDU.
    pub event_type: u16,
    /// Advertiser, or its identity if it was resolved; `None`: anonymous.
    pub address: Option<Address>,
    /// Whether the address is the identity behind a private address.
    pub resolved: bool,
    /// PHY of the primary channel.
    pub primary: Phy,
    /// PHY of the secondary channel.
    pub secondary: Option<Phy>,
    /// Advertising SID; `None` if no ADI was received.
    pub sid: Option<u8>,
    /// TxPower in the advertisement, dBm; `None` if absent.
    pub tx_power: Option<i8>,
    /// RSSI of the packet that was received last, dBm.
    pub rssi: i8,
    /// The target of a directed advertisement.
    pub target: Option<Address>,
    /// AdvData or ScanRspData.
    pub data: Vec<u8>,
    /// Not all data have arrived.
    pub truncated: bool,
}

/// Event_Type: legacy PDU.
pub(super) const LEGACY: u16 = 1 << 4;
/// Event_Type: scan response.
pub(super) const SCAN_RESPONSE: u16 = 1 << 3;

/// Event_Type of a legacy advertisement by the event type of LE Advertising Report.
pub(super) const fn legacy_type(kind: u8) -> u16 {
    LEGACY
        | match kind {
            0 => 0b0011,
            1 => 0b0101,
            2 => 0b0010,
            _ => 0,
        }
}

/// The requests of the extended commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ExtendedRequests {
    pub(super) scan: Option<ExtendedScan>,
    pub(super) connect: Option<ExtendedConnect>,
}

/// A primary PHY that is listened to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Primary {
    pub(super) phy: Phy,
    interval: u16,
    window: u16,
}

impl Scanner {
    /// The primary PHYs that are listened to in turns, one at least.
    fn primaries(&self) -> Vec<Primary> {
        let on = |phy, interval, window| Primary { phy, interval, window };
        let (connect, scan) = (self.asked.connect, self.asked.scan);
        let extended: Vec<Primary> = if self.initiating.is_some() {
            let [first, _, coded] = connect.map_or([None; 3], |connect| connect.phys);
            let asked = |phy, asked: Option<InitiatingPhy>| {
                asked.map(|asked| on(phy, asked.scan_interval, asked.scan_window))
            };
            [asked(Phy::Le1M, first), asked(Phy::LeCoded, coded)].into_iter().flatten().collect()
        } else {
            let [first, coded] = scan.map_or([None; 2], |scan| scan.phys);
            let asked = |phy, asked: Option<PrimaryScan>| {
                asked.map(|asked| on(phy, asked.interval, asked.window))
            };
            [asked(Phy::Le1M, first), asked(Phy::LeCoded, coded)].into_iter().flatten().collect()
        };
        if !extended.is_empty() {
            return extended;
        }
        let (interval, window) = match &self.initiating {
            Some(request) => (request.scan_interval, request.scan_window),
            None => (self.parameters.interval, self.parameters.window),
        };
        vec![on(Phy::Le1M, interval, window)]
    }

    /// The scan window at `now`: its number, PHY and channel, when it opened, how long it is, and
    /// how long from it to the next.
    pub(super) fn window(&self, now: Instant) -> Window {
        let primaries = self.primaries();
        let longest = primaries.iter().map(|primary| primary.interval).max().unwrap_or(4);
        let interval = slots(longest.max(4));
        let number = now.since(self.start).ticks() / interval.ticks();
        let count = primaries.len() as u64;
        let primary = primaries[(number % count) as usize];
        let length = slots(primary.window.max(4)).ticks().min(interval.ticks());
        Window {
            phy: primary.phy,
            channel: 37 + (number / count % 3) as u8,
            opened: self.start + interval.times(number),
            length: Duration::from_ticks(length),
            interval,
        }
    }

    /// Whether scan responses are asked for on this primary PHY.
    pub(super) fn is_active(&self, primary: Phy) -> bool {
        let Some(scan) = self.asked.scan else { return self.parameters.active };
        let [first, coded] = scan.phys;
        let on = if primary == Phy::LeCoded { coded } else { first };
        on.is_some_and(|on| on.active)
    }
}

/// A scan window.
pub(super) struct Window {
    pub(super) phy: Phy,
    pub(super) channel: u8,
    pub(super) opened: Instant,
    pub(super) length: Duration,
    pub(super) interval: Duration,
}

impl CentralController {
    /// Scans as the extended commands ask, or not any more.
    ///
    /// # Errors
    /// Command Disallowed if it scans already.
    pub fn extended_scan(
        &mut self,
        now: Instant,
        scan: Option<ExtendedScan>,
    ) -> Result<(), ErrorCode> {
        if scan.is_some() && self.scanner.scanning() && self.scanner.asked.scan.is_none() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        if self.scanner.initiating.is_none() {
            self.stop_scan();
        }
        self.scanner.asked.scan = scan;
        let filter_duplicates = scan.is_some_and(|scan| scan.filter_duplicates);
        if let Some(scan) = scan {
            self.scanner.parameters = ScanParameters {
                own_address_random: scan.own_address_random,
                filter: scan.filter,
                ..self.scanner.parameters.clone()
            };
        }
        self.scanner.enable(now, scan.is_some(), filter_duplicates);
        self.settle(now);
        Ok(())
    }

    /// Connects as LE Extended Create Connection asks.
    ///
    /// # Errors
    /// As of LE Create Connection.
    pub fn extended_connect(
        &mut self,
        now: Instant,
        asked: ExtendedConnect,
    ) -> Result<(), ErrorCode> {
        if self.shared.config.quirks.refuses_connections {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let request = |phy: &InitiatingPhy| CreateConnection {
            scan_interval: phy.scan_interval,
            scan_window: phy.scan_window,
            peer: asked.peer,
            own_address_random: asked.own_address_random,
            parameters: phy.parameters,
        };
        let [first, _, coded] = asked.phys;
        let primary = first.or(coded).ok_or(ErrorCode::INVALID_PARAMETERS)?;
        for phy in asked.phys.iter().flatten() {
            // LE 2M has no scanning, and its fields are ignored.
            let times = if Some(phy) == asked.phys[1].as_ref() { &primary } else { phy };
            let checked = InitiatingPhy { parameters: phy.parameters, ..*times };
            self.create(&request(&checked))?;
        }
        self.stop_scan();
        self.scanner.initiate(now, request(&primary));
        self.scanner.asked.connect = Some(asked);
        self.settle(now);
        Ok(())
    }
}

impl Shared {
    pub(super) fn extended_report(&mut self, report: ExtendedReport) {
        self.output(ControllerOutput::Extended(Box::new(report)));
    }
}

//! Events of extended advertising.

use ble::address::{Address, AddressKind};
use ble::phy::Phy;
use bletwin_models::controller::scan::extended::ExtendedReport;

use super::sets::End;
use crate::endpoint::Endpoint;

const EXTENDED_ADVERTISING_REPORT: u8 = 0x0D;
const SCAN_TIMEOUT: u8 = 0x11;
const ADVERTISING_SET_TERMINATED: u8 = 0x12;
const SCAN_REQUEST_RECEIVED: u8 = 0x13;
/// Most octets of data in one report: what an event has room for.
const FRAGMENT: usize = 229;
/// Data status: more will come, or not all has.
const INCOMPLETE: u16 = 0b01 << 5;
const TRUNCATED: u16 = 0b10 << 5;
/// No SID, no power.
const NO_SID: u8 = 0xFF;
const NO_POWER: u8 = 0x7F;
const ANONYMOUS: u8 = 0xFF;

impl Endpoint {
    /// LE Extended Advertising Report, as many as the data need.
    pub(in crate::endpoint) fn report_advertisement(&mut self, report: &ExtendedReport) {
        let none = Address::public([0; 6]);
        let own = |address: &Address| [&[address.kind as u8], &address.octets[..]].concat();
        let advertiser = match &report.address {
            None => [&[ANONYMOUS], &none.octets[..]].concat(),
            Some(address) if report.resolved => {
                [&[2 | address.kind as u8], &address.octets[..]].concat()
            }
            Some(address) => own(address),
        };
        let secondary = report.secondary.map_or(0, |phy: Phy| phy as u8);
        let sid = report.sid.unwrap_or(NO_SID);
        let power = report.tx_power.map_or(NO_POWER, i8::cast_unsigned);
        let tail = [report.primary as u8, secondary, sid, power, report.rssi.cast_unsigned(), 0, 0];
        let target = own(report.target.as_ref().unwrap_or(&none));
        let mut left = &report.data[..];
        loop {
            let (data, rest) = left.split_at(left.len().min(FRAGMENT));
            let status = match (rest.is_empty(), report.truncated) {
                (false, _) => INCOMPLETE,
                (true, true) => TRUNCATED,
                (true, false) => 0,
            };
            let event_type = (report.event_type | status).to_le_bytes();
            let length = [data.len() as u8];
            let octets =
                [&[1], &event_type[..], &advertiser, &tail, &target, &length, data].concat();
            self.subevent(EXTENDED_ADVERTISING_REPORT, &octets);
            left = rest;
            if left.is_empty() {
                return;
            }
        }
    }

    /// LE Advertising Set Terminated; with a connection, if one has ended it.
    pub(super) fn report_terminated(&mut self, End { status, set, connection, events }: End) {
        let [low, high] = connection.unwrap_or(0).to_le_bytes();
        self.subevent(ADVERTISING_SET_TERMINATED, &[status.0, set, low, high, events]);
    }

    /// LE Scan Request Received.
    pub(super) fn report_scan_request(
        &mut self,
        set: u8,
        scanner: Address,
        identity: Option<Address>,
    ) {
        let known = identity.unwrap_or(scanner);
        let kind = match known.kind {
            AddressKind::Public => 0,
            AddressKind::Random => 1,
        };
        let kind = if identity.is_some() { kind | 2 } else { kind };
        self.subevent(SCAN_REQUEST_RECEIVED, &[&[set, kind], &known.octets[..]].concat());
    }

    /// LE Scan Timeout.
    pub(super) fn report_scan_timeout(&mut self) {
        self.subevent(SCAN_TIMEOUT, &[]);
    }
}

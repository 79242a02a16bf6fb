//! Advertising reports, and which of them a host has had before.

use ble::address::Address;
use ble::hci::{AdvertisingReport, Event};
use ble::pdu::advertising::AdvertisingData;
use ble::pdu::extended::Adi;
use ble::phy::Phy;

use super::Scanner;
use super::extended::{ExtendedReport, SCAN_RESPONSE, legacy_type};
use crate::controller::shared::Shared;

/// Advertisements remembered to filter duplicates.
const SEEN: usize = 64;

/// An advertisement by which duplicates are known: AdvA, event type, ADI.
pub(super) type Seen = (Option<Address>, u16, Option<Adi>);

impl Scanner {
    /// A legacy PDU; `of` is the event type of the advertisement, if this is a scan response.
    pub(super) fn report(
        &mut self,
        sh: &mut Shared,
        event_type: u8,
        of: u8,
        advertiser: Address,
        data: AdvertisingData,
        rssi: i8,
    ) {
        let address = self.identity(advertiser);
        if self.asked.scan.is_some() {
            let response = if event_type == 4 { SCAN_RESPONSE } else { 0 };
            let report = ExtendedReport {
                event_type: legacy_type(of) | response,
                address: Some(address),
                resolved: address != advertiser,
                primary: Phy::Le1M,
                secondary: None,
                sid: None,
                tx_power: None,
                rssi,
                target: None,
                data: data.to_vec(),
                truncated: false,
            };
            return self.report_extended(sh, None, report);
        }
        if self.is_duplicate((Some(advertiser), u16::from(event_type), None)) {
            return;
        }
        sh.event(Event::LeAdvertisingReport(AdvertisingReport {
            event_type,
            address,
            resolved: address != advertiser,
            data,
            rssi,
        }));
    }

    /// A report of extended scanning.
    pub(super) fn report_extended(
        &mut self,
        sh: &mut Shared,
        adi: Option<Adi>,
        report: ExtendedReport,
    ) {
        if !self.is_duplicate((report.address, report.event_type, adi)) {
            sh.extended_report(report);
        }
    }

    /// Whether an advertisement was reported before and duplicates are not wanted.
    fn is_duplicate(&mut self, key: Seen) -> bool {
        if !self.filter_duplicates {
            return false;
        }
        if self.seen.contains(&key) {
            return true;
        }
        if self.seen.len() >= SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(key);
        false
    }
}

//! Scanning with legacy commands (Vol 4, Part E, 7.8.10 and 7.8.11).

use ble::error::ErrorCode;
use ble::hci::{Command, ScanParameters};
use ble::time::Instant;

use super::Endpoint;
use super::arbiter::Side;
use super::commands::{DONE, Reply, Verdict};

/// The requested scanning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Scanning {
    /// By legacy commands, and whether from a private address.
    asked: Option<(ScanParameters, bool)>,
    /// It looks at the accept list.
    filters: bool,
}

impl Scanning {
    pub(super) const fn filters(&self) -> bool {
        self.filters
    }

    /// Extended scanning begins, and looks at the accept list or does not.
    pub(super) const fn set_filters(&mut self, filters: bool) {
        self.filters = filters;
    }

    fn has_random_own(&self) -> bool {
        self.asked.as_ref().is_some_and(|(parameters, _)| parameters.own_address_random)
    }
}

impl Endpoint {
    pub(super) fn set_scan_parameters(
        &mut self,
        now: Instant,
        parameters: ScanParameters,
        private: bool,
    ) -> Verdict {
        let command = Command::LeSetScanParameters { parameters: parameters.clone() };
        self.halves.ask(now, Side::Central, command)?;
        self.scanning = Scanning { filters: parameters.filter, asked: Some((parameters, private)) };
        DONE
    }

    pub(super) fn set_scan_enable(
        &mut self,
        now: Instant,
        enable: bool,
        filter_duplicates: bool,
    ) -> Verdict {
        if enable && self.scanning.has_random_own() && self.settings.random_address().is_none() {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        if enable && !self.halves.is_scanning() {
            self.prepare_scanning(now);
        }
        let command = Command::LeSetScanEnable { enable, filter_duplicates };
        self.halves.ask(now, Side::Central, command).map(Reply::Waist)
    }

    /// Before scanning begins: SCAN_REQ shows the private address for the first peer that has one.
    fn prepare_scanning(&mut self, now: Instant) {
        let Some((parameters, hides)) = self.scanning.asked.clone() else { return };
        let private = if hides { self.privacy.own_for_anybody(&mut self.random) } else { None };
        self.halves.scan_as(private);
        let command = Command::LeSetScanParameters { parameters };
        let _ = self.halves.ask(now, Side::Central, command);
    }
}

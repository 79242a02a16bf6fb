//! Extended scanning.

use ble::error::ErrorCode;
use ble::phy::Phy;
use ble::time::{Duration, Instant};
use bletwin_models::controller::scan::extended::{ExtendedScan, PrimaryScan};

use super::parameters::Periods;
use crate::endpoint::Endpoint;
use crate::endpoint::commands::{GRANTED, Verdict};
use crate::endpoint::privacy::OwnAddress;

/// Unit of Period.
const PERIOD: Duration = Duration::from_ms(1_280);

/// For how long is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Times {
    duration: Duration,
    period: Option<Duration>,
    /// When scanning ends, or begins again.
    next: Instant,
    scans: bool,
}

/// The requested extended scanning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::endpoint) struct ExtendedScanning {
    own: OwnAddress,
    what: ExtendedScan,
    times: Option<Times>,
}

impl Times {
    /// From now on, unless for ever.
    fn of(now: Instant, asked: Periods) -> Option<Self> {
        let duration = Duration::from_ms(10).times(u64::from(asked.duration));
        let period = (asked.period > 0).then(|| PERIOD.times(u64::from(asked.period)));
        let timed = duration > Duration::ZERO;
        timed.then(|| Self { duration, period, next: now + duration, scans: true })
    }
}

impl Default for ExtendedScanning {
    /// As after a reset: LE 1M, passive.
    fn default() -> Self {
        let first = PrimaryScan { active: false, interval: 0x10, window: 0x10 };
        Self {
            own: OwnAddress { random: false, private: false },
            what: ExtendedScan {
                own_address_random: false,
                filter: false,
                filter_duplicates: false,
                phys: [Some(first), None],
            },
            times: None,
        }
    }
}

impl ExtendedScanning {
    pub(in crate::endpoint) fn deadline(&self) -> Option<Instant> {
        self.times.map(|times| times.next)
    }
}

impl Endpoint {
    pub(in crate::endpoint) fn extended_scan_parameters(
        &mut self,
        _: Instant,
        (own, what): (OwnAddress, ExtendedScan),
    ) -> Verdict {
        let [_, coded] = what.phys;
        if coded.is_some() && !self.halves.phys().contains(Phy::LeCoded) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        if self.halves.is_scanning() || self.extended_scanning.times.is_some() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.extended_scanning = ExtendedScanning { own, what, times: None };
        GRANTED
    }

    pub(in crate::endpoint) fn extended_scan_enable(
        &mut self,
        now: Instant,
        asked: Periods,
    ) -> Verdict {
        self.extended_scanning.times = None;
        if !asked.on {
            return self.halves.extended_scan(now, None).and(GRANTED);
        }
        // The devices that it will scan are unknown: a key of the list does not help.
        let own = self.extended_scanning.own;
        if self.privacy.lacks_own(own, self.settings.random_address(), None) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.extended_scanning.what.filter_duplicates = asked.filters;
        self.begin_scan(now)?;
        self.extended_scanning.times = Times::of(now, asked);
        GRANTED
    }

    fn begin_scan(&mut self, now: Instant) -> Result<(), ErrorCode> {
        let ExtendedScanning { own, what, .. } = self.extended_scanning.clone();
        let private =
            if own.private { self.privacy.own_for_anybody(&mut self.random) } else { None };
        self.halves.scan_as(private);
        self.scanning.set_filters(what.filter);
        self.halves.extended_scan(now, Some(what))
    }

    /// Scanning ends for this period or finally, or starts the next period.
    pub(in crate::endpoint) fn scan_timer(&mut self, now: Instant) {
        let Some(times) = self.extended_scanning.times.filter(|times| times.next <= now) else {
            return;
        };
        let pause = times.period.map(|period| period.saturating_sub(times.duration));
        let wait = if times.scans { pause } else { Some(times.duration) };
        self.extended_scanning.times =
            wait.map(|wait| Times { next: now + wait, scans: !times.scans, ..times });
        if times.scans {
            // Nothing to refuse.
            let _ = self.halves.extended_scan(now, None);
            if pause.is_none() {
                self.report_scan_timeout();
            }
        } else {
            // What could be begun before can be begun again.
            let _ = self.begin_scan(now);
        }
    }
}

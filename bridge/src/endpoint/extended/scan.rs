//! Extended scanning and initiating.

use ble::error::ErrorCode;
use ble::hci::{ConnectionParameters, CreateConnection};
use ble::time::{Duration, Instant};
use bletwin_models::controller::scan::extended::{ExtendedScan, PrimaryScan};

use super::parameters::{self, OwnAddress};
use super::{DONE, Family, Outcome};
use crate::endpoint::Endpoint;

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

/// What was asked of extended scanning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scan {
    own: OwnAddress,
    what: ExtendedScan,
    times: Option<Times>,
}

impl Default for Scan {
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

impl Scan {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.times.map(|times| times.next)
    }
}

impl Endpoint {
    pub(super) fn extended_scan_parameters(&mut self, octets: &[u8]) -> Outcome {
        let (own, what) = parameters::scan(octets, self.has_privacy())?;
        self.belongs(Family::Extended)?;
        let [_, coded] = what.phys;
        if coded.is_some() && !self.halves.phys().contains(ble::phy::Phy::LeCoded) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        if self.halves.is_scanning() || self.extended.scan.times.is_some() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        self.extended.scan = Scan { own, what, times: None };
        DONE
    }

    pub(super) fn extended_scan_enable(&mut self, now: Instant, octets: &[u8]) -> Outcome {
        let (on, filter, duration, period) = parameters::scan_enable(octets)?;
        self.belongs(Family::Extended)?;
        self.extended.scan.times = None;
        if !on {
            return self.halves.extended_scan(now, None).and(DONE);
        }
        let own = self.extended.scan.own;
        // Whom it will ask is not known: a key of the list does not help.
        if self.lacks_own(own, self.settings.random_address, None) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.extended.scan.what.filter_duplicates = filter > 0;
        self.begin_scan(now)?;
        let duration = Duration::from_ms(10).times(u64::from(duration));
        self.extended.scan.times = (duration > Duration::ZERO).then(|| Times {
            duration,
            period: (period > 0).then(|| PERIOD.times(u64::from(period))),
            next: now + duration,
            scans: true,
        });
        DONE
    }

    fn begin_scan(&mut self, now: Instant) -> Result<(), ErrorCode> {
        let Scan { own, what, .. } = self.extended.scan.clone();
        let private = own.private.then(|| self.private_address_for_anybody()).flatten();
        self.halves.scan_as(private);
        self.settings.scan_filter = what.filter;
        self.halves.extended_scan(now, Some(what))
    }

    pub(super) fn scan_timer(&mut self, now: Instant) {
        let Some(times) = self.extended.scan.times.filter(|times| times.next <= now) else {
            return;
        };
        let pause = times.period.map(|period| period.saturating_sub(times.duration));
        let wait = if times.scans { pause } else { Some(times.duration) };
        self.extended.scan.times =
            wait.map(|wait| Times { next: now + wait, scans: !times.scans, ..times });
        if times.scans {
            // Nothing to refuse.
            let _ = self.halves.extended_scan(now, None);
            if pause.is_none() {
                self.tell_scan_timeout();
            }
        } else {
            // What could be begun before can be begun again.
            let _ = self.begin_scan(now);
        }
    }

    pub(super) fn extended_connect(&mut self, now: Instant, octets: &[u8]) -> Outcome {
        let (own, mut asked) = parameters::connect(octets, self.has_privacy())?;
        self.belongs(Family::Extended)?;
        let used = self.halves.phys();
        let phys = [0, 1, 2].map(|number| ble::phy::PhySet(1 << number));
        let missing =
            |(phy, asked): (&ble::phy::PhySet, bool)| asked && used.intersection(*phy).0 == 0;
        if phys.iter().zip(asked.phys.map(|phy| phy.is_some())).any(missing) {
            return Err(ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER);
        }
        let none =
            ConnectionParameters { interval_min: 0, interval_max: 0, latency: 0, timeout: 0 };
        let request = CreateConnection {
            scan_interval: 0,
            scan_window: 0,
            peer: asked.peer,
            own_address_random: own.random,
            parameters: none,
        };
        self.may_connect(&request, own.private)?;
        self.settings.connect_from_list = asked.peer.is_none();
        self.initiate_privately(own.private);
        asked.own_address_random = own.random;
        self.prepare_initiating(asked.peer);
        self.halves.extended_connect(now, asked).and(DONE)
    }
}

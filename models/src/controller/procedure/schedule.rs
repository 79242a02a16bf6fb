//! Instants (Vol 6, Part B, 5.5): chosen when the PDU is first sent, applied when their event
//! begins.

use ble::error::ErrorCode;
use ble::pdu::control::{ConnectionUpdate, ControlPdu};
use ble::phy::{Phy, PhySet};
use ble::time::Duration;

use crate::controller::control::{Request, Step};
use crate::controller::link::{Link, Parameters, units};
use crate::controller::shared::Shared;

/// From the start of the transmit window of a connection update to the packet: inside the window
/// of 2.5 ms whichever way the clocks err.
const WINDOW_POSITION: Duration = Duration::from_us(1_000);

/// What has been announced and not been done yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Scheduled {
    phy: Option<(u16, PhySet, PhySet)>,
    update: Option<ConnectionUpdate>,
    channel_map: Option<(u16, u64)>,
    /// Where the peer wants its anchor points after the next connection update: an offset in
    /// units of 1.25 ms from the event with this counter.
    pub(in crate::controller) wish: Option<(u16, u16)>,
    /// From the start of the announced transmit window to the packet.
    position: Duration,
}

impl Scheduled {
    /// Whether an instant lies ahead.
    pub(in crate::controller) fn any(&self) -> bool {
        self.phy.is_some() || self.update.is_some() || self.channel_map.is_some()
    }

    /// What will be transmitted on after the next PHY instant.
    pub(in crate::controller) fn tx(&self) -> Option<Phy> {
        self.phy.and_then(|(_, c_to_p, _)| c_to_p.single())
    }

    /// The interval after the next connection update.
    pub(in crate::controller) fn interval(&self) -> Option<u16> {
        self.update.map(|update| update.interval)
    }
}

impl Link {
    /// Fills in the instant of a PDU that is sent for the first time in the current event, counted
    /// in events to which the peripheral listens.
    pub(in crate::controller) fn set_instant(
        &mut self,
        sh: &mut Shared,
        mut pdu: ControlPdu,
    ) -> ControlPdu {
        // LL-INST-1: instants lie ahead.
        // LL-INST-4: latency.
        let events = u32::from(sh.config.instant_events.max(1));
        let ahead = events * (u32::from(self.parameters.latency) + 1);
        // A legal latency keeps this far below half the range of the counter.
        let ahead = u16::try_from(ahead.min(0x7FFE)).unwrap_or(0x7FFE);
        let at = self.counter.wrapping_add(ahead);
        match &mut pdu {
            ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                if *c_to_p == PhySet::NONE && *p_to_c == PhySet::NONE {
                    // LL-PHY-5: no change.
                    // Nothing changes; the instant stays 0 and the procedure is over.
                    self.change_phy(sh, None, None);
                } else {
                    *instant = at;
                    self.scheduled.phy = Some((at, *c_to_p, *p_to_c));
                }
            }
            ControlPdu::ConnectionUpdateInd(update) => {
                update.instant = at;
                self.scheduled.position = WINDOW_POSITION;
                if let Some(wish) = self.scheduled.wish.take() {
                    let delta = self.distance(at, update.interval, wish);
                    update.win_offset = delta.saturating_sub(1);
                    update.win_size = 3;
                    self.scheduled.position = units(delta - update.win_offset);
                }
                self.scheduled.update = Some(*update);
            }
            ControlPdu::ChannelMapInd { channel_map, instant } => {
                *instant = at;
                self.scheduled.channel_map = Some((at, *channel_map));
            }
            _ => {}
        }
        pdu
    }

    /// Does what was announced for the event that begins now.
    pub(in crate::controller) fn apply_instants(&mut self, sh: &mut Shared) {
        // LL-AGREE-1, LL-AGREE-2: what is announced is what is done.
        if let Some(update) = self.scheduled.update.take_if(|u| u.instant == self.counter) {
            self.apply_update(sh, update);
        }
        if let Some((_, map)) = self.scheduled.channel_map.take_if(|(at, _)| *at == self.counter) {
            // LL-MAP-1: from the instant on.
            self.channel_map = map;
            let own = self.control.own.as_ref();
            if own.is_some_and(|o| matches!(o.request, Request::ChannelMap(_))) {
                self.end_own(sh, ErrorCode::SUCCESS);
            }
        }
        if let Some((_, c_to_p, p_to_c)) =
            self.scheduled.phy.take_if(|(at, ..)| *at == self.counter)
        {
            // LL-PHY-1: PHY in force.
            self.change_phy(sh, c_to_p.single(), p_to_c.single());
        }
    }

    /// From the old anchor point at `instant` to the first new one, so that one of the new ones
    /// lies `offset` after the event `reference` (Vol 6, Part B, 5.1.7.3.2), in units of 1.25 ms.
    fn distance(&self, instant: u16, new: u16, (reference, offset): (u16, u16)) -> u16 {
        // The nearer half of all counters lies ahead.
        let events = i64::from(instant.wrapping_sub(reference) as i16);
        let passed = events * i64::from(self.parameters.interval);
        // LL-PAR-9: anchor points as asked for.
        let distance = (i64::from(offset) - passed).rem_euclid(i64::from(new.max(1)));
        u16::try_from(distance).unwrap_or(0)
    }

    fn apply_update(&mut self, sh: &mut Shared, update: ConnectionUpdate) {
        let new = Parameters {
            interval: update.interval,
            latency: update.latency,
            timeout: update.timeout,
        };
        let changed = new != self.parameters;
        if self.quirks.no_switch {
            self.quirks.no_switch = false;
        } else {
            // LL-UPD-1: new parameters from the instant on.
            // LL-WIN-1: transmit window.
            self.anchor = self.anchor + units(update.win_offset) + self.scheduled.position;
            self.parameters = new;
            // LL-SUP-3: supervision at an instant.
            self.heard = self.heard.max(self.anchor);
        }
        let own = self.control.own.as_ref();
        let asked = if own.is_some_and(|o| {
            o.step == Step::Instant && matches!(o.request, Request::Parameters { .. })
        }) {
            let request = self.end_own(sh, ErrorCode::SUCCESS);
            matches!(request, Some(Request::Parameters { host: true, .. }))
        } else {
            // Who was asked hears of it only if something changes.
            self.end_remote_parameters(sh);
            false
        };
        // LL-UPD-4: the host is told.
        if asked || changed {
            self.tell_parameters(sh, ErrorCode::SUCCESS);
        }
    }
}

//! Connection events that a world need not play; see [`bletwin_sim::leap`].

use ble::hci::Role;
use ble::time::{Duration, Instant};
use bletwin_sim::leap::Idle;

use crate::PeripheralNode;

impl PeripheralNode {
    /// The idle connection of its device, if neither processor nor storage has anything to do.
    pub(crate) fn idle_link(&self) -> Option<Idle> {
        let rests =
            self.run.is_none() && self.radio.is_empty() && self.worker.next_done().is_none();
        let keeps = !self.waits && self.storage.rests();
        let device = self.device.as_deref().filter(|_| rests && keeps)?;
        let link = device.idle()?;
        Some(Idle {
            access_address: link.access_address,
            role: Role::Peripheral,
            interval: link.interval,
            anchor: link.anchor,
            until: Instant::earlier(device.upper_deadline(), self.busy_until()),
        })
    }

    /// When its host gets to its work again, or is kept from it.
    fn busy_until(&self) -> Option<Instant> {
        let times = self.cpu.host_busy.into_iter().flatten();
        times.filter(|time| *time > self.processor_free).min()
    }

    pub(crate) fn leap_link(&mut self, events: u16, by: Duration) {
        if let Some(device) = &mut self.device {
            device.leap(events, by);
        }
        self.meter.0.leaps(by);
    }
}

//! PPI: which event triggers which tasks.

use super::peripheral::{Common, EVENTS, Endpoint, Moment, Peripheral, TASKS};
use crate::bus::Ticks;

/// Channels whose ends may be chosen.
const FREE: usize = 20;
const CHANNELS: usize = 32;

/// Peripherals at the ends of the channels that the chip wires.
const RADIO: u8 = 1;
const TIMER0: u8 = 8;
const RTC0: u8 = 11;
const CRYPTO: u8 = 15;

/// Event and task of channels 20–31 (product specification 6.16.1).
const WIRED: [(Endpoint, Endpoint); CHANNELS - FREE] = {
    const fn end(peripheral: u8, index: u8) -> Endpoint {
        Endpoint::new(peripheral, index)
    }
    [
        (end(TIMER0, 16), end(RADIO, 0)),
        (end(TIMER0, 16), end(RADIO, 1)),
        (end(TIMER0, 17), end(RADIO, 4)),
        (end(RADIO, 10), end(CRYPTO, 0)),
        (end(RADIO, 0), end(CRYPTO, 0)),
        (end(RADIO, 1), end(CRYPTO, 1)),
        (end(RADIO, 1), end(TIMER0, 17)),
        (end(RADIO, 3), end(TIMER0, 18)),
        (end(RTC0, 16), end(RADIO, 0)),
        (end(RTC0, 16), end(RADIO, 1)),
        (end(RTC0, 16), end(TIMER0, 3)),
        (end(RTC0, 16), end(TIMER0, 0)),
    ]
};

/// The channels: which are enabled, what they join, and their groups.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Ppi {
    common: Common,
    enabled: u32,
    event_ends: [u32; FREE],
    task_ends: [u32; FREE],
    forks: [u32; CHANNELS],
    groups: [u32; 6],
}

impl Ppi {
    /// Whether any channel is enabled.
    pub(super) fn is_in_use(&self) -> bool {
        self.enabled != 0
    }

    /// The tasks that an event triggers, channel by channel.
    pub(super) fn tasks(&self, event: Endpoint) -> impl Iterator<Item = Endpoint> {
        let mut left = self.enabled;
        let enabled = std::iter::from_fn(move || {
            let n = (left != 0).then_some(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(n)
        });
        enabled.filter(move |n| self.joins(*n, event)).flat_map(|n| {
            let to = match n.checked_sub(FREE) {
                Some(wired) => Some(WIRED[wired].1),
                None => Endpoint::at(self.task_ends[n], TASKS),
            };
            let fork = Endpoint::at(self.forks[n], TASKS).filter(|_| self.forks[n] != 0);
            [to, fork].into_iter().flatten()
        })
    }

    /// Whether a channel begins at an event.
    fn joins(&self, n: usize, event: Endpoint) -> bool {
        match n.checked_sub(FREE) {
            Some(wired) => WIRED[wired].0 == event,
            None => Endpoint::at(self.event_ends[n], EVENTS) == Some(event),
        }
    }
}

impl Peripheral for Ppi {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    /// CHG[n].EN and CHG[n].DIS.
    fn task(&mut self, task: u8, _: &mut Moment<'_>) {
        let Some(group) = self.groups.get(usize::from(task / 2)) else { return };
        if task.is_multiple_of(2) {
            self.enabled |= group;
        } else {
            self.enabled &= !group;
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        let at = |from: u32, step: u32| ((offset - from) / step) as usize;
        Some(match offset {
            0x500 | 0x504 | 0x508 => self.enabled,
            0x510..0x5B0 if offset & 4 == 0 => self.event_ends[at(0x510, 8)],
            0x510..0x5B0 => self.task_ends[at(0x510, 8)],
            0x800..0x818 => self.groups[at(0x800, 4)],
            0x910..0x990 => self.forks[at(0x910, 4)],
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        let at = |from: u32, step: u32| ((offset - from) / step) as usize;
        match offset {
            0x500 => self.enabled = value,
            0x504 => self.enabled |= value,
            0x508 => self.enabled &= !value,
            0x510..0x5B0 if offset & 4 == 0 => self.event_ends[at(0x510, 8)] = value,
            0x510..0x5B0 => self.task_ends[at(0x510, 8)] = value,
            0x800..0x818 => self.groups[at(0x800, 4)] = value,
            0x910..0x990 => self.forks[at(0x910, 4)] = value,
            _ => return false,
        }
        true
    }
}

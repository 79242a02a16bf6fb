//! Resets, and when nothing of the chip works: System OFF, brown-out, a reset pin that is held.

use std::collections::VecDeque;

use super::gpio::Port;
use super::peripheral::{Endpoint, MICROSECOND, Moment, Peripheral as _};
use super::power::{Reset, Rest};
use super::{Identity, Nrf52840, Signal, Unstable};
use crate::bus::{Context, Ticks};
use crate::memory::Memory;

/// CLOCK and POWER.
const POWER: u8 = 0;
const WDT: u8 = 16;

/// How long the processor takes to begin after a reset that is no power-up. An own choice.
pub(crate) const RESTART: Ticks = 16 * MICROSECOND;

impl Nrf52840 {
    /// After a power-up, with the bits of flash that are unstable since the last failure and the
    /// supply, in mV.
    pub(crate) fn power_up(&mut self, unstable: Unstable, supply: u16, memory: &mut Memory) {
        self.nvmc.power_up(unstable, memory);
        self.information.configure(memory);
        self.clock.power.supply(supply);
        if !self.clock.power.suffices_to_start() {
            self.come_to_rest(Rest::BrownOut);
        }
    }

    /// Power fails: flash gets a possible content, and its unstable bits are reported.
    pub(crate) fn power_fails(&mut self, now: Ticks, memory: &mut Memory) -> Unstable {
        self.nvmc.power_fails(now, memory)
    }

    /// The supply becomes so many mV.
    pub(crate) fn supply(&mut self, millivolts: u16, context: &mut Context<'_>) {
        self.ahead.touch_all();
        self.clock.power.supply(millivolts);
        if self.rest == Some(Rest::BrownOut) {
            if self.clock.power.suffices_to_start() {
                self.resets = Some(Reset::BrownOut);
            }
        } else if self.clock.power.is_too_low() {
            let unstable = self.nvmc.power_fails(context.now, context.memory);
            self.nvmc.power_up(unstable, context.memory);
            self.clock.power.lose_all(context.memory);
            self.come_to_rest(Rest::BrownOut);
        } else if self.rest.is_none() {
            self.power(context, |_, _| ());
        }
    }

    /// The processor falls asleep, or wakes; false: it has said so before.
    pub(super) fn notice_sleep(&mut self, asleep: bool, context: &mut Context<'_>) -> bool {
        if self.rest.is_some() || self.clock.power.is_asleep() == asleep {
            return false;
        }
        self.ahead.touch(POWER);
        let event = self.clock.power.sleeps(asleep);
        self.meter(context.now);
        let common = self.clock.common_mut();
        common.events |= 1 << event;
        // As a rule nobody cares, and it happens often.
        let wanted = common.interrupts >> event & 1 == 1 || self.ppi.is_in_use();
        if wanted || self.clock.power.compares() || self.wdt.pauses() {
            self.ahead.touch(WDT);
            self.wdt.sleeps(asleep, context.now);
            self.power(context, |_, moment| moment.raise(event));
        }
        true
    }

    /// POWER does something, its comparator looks, and the events are followed.
    fn power(&mut self, context: &mut Context<'_>, act: impl FnOnce(&mut Self, &mut Moment<'_>)) {
        let mut raised = Vec::new();
        let memory = &mut *context.memory;
        let mut moment = Moment { now: context.now, memory, raised: &mut raised };
        act(self, &mut moment);
        self.ahead.touch(POWER);
        self.clock.compare(&mut moment);
        let raised = raised.into_iter().map(|event| Endpoint::new(POWER, event));
        self.settle(context.now, context.memory, raised.map(Signal::Event).collect());
        self.look_ahead();
    }

    /// After a write to POWER: SYSTEMOFF switches all off, unless a pin is sensed already.
    pub(super) fn follow_power(&mut self, memory: &mut Memory) {
        if self.clock.power.leaves() {
            self.clock.power.lose_unretained(memory);
            self.come_to_rest(Rest::SystemOff);
            self.wake_by_pin();
        }
    }

    /// Nothing works from now on.
    fn come_to_rest(&mut self, rest: Rest) {
        self.rest = Some(rest);
        self.radio.switch_off();
        (self.late, self.resets) = (None, None);
        self.waiting.clear();
        self.meter(self.present);
        self.look_ahead();
    }

    /// System OFF ends when DETECT of a port is high.
    pub(super) fn wake_by_pin(&mut self) {
        if self.rest == Some(Rest::SystemOff) && self.ports.iter().any(Port::detects) {
            self.resets = Some(Reset::Off);
        }
    }

    /// The level of a pin from outside has changed: it may be the one that resets.
    pub(super) fn follow_reset_pin(&mut self, port: usize, pin: u8) {
        if self.information.reset_pin() != Some((port, pin)) {
            return;
        }
        let low = self.ports.get(port).is_some_and(|port| port.is_driven_low(pin));
        match self.rest {
            Some(Rest::BrownOut) => {}
            Some(Rest::Held) if !low => self.resets = Some(Reset::Pin),
            _ if low => self.come_to_rest(Rest::Held),
            _ => {}
        }
    }

    /// The chip resets itself: because something here wants it to, or because of the processor,
    /// which has locked up or asked for it. The entropy continues.
    pub(crate) fn reset(&mut self, locked_up: bool, memory: &mut Memory) {
        let reset = match self.resets.take() {
            Some(reset) => reset,
            None if self.wdt.has_bitten() => Reset::Watchdog,
            None if locked_up => Reset::Lockup,
            None => Reset::Request,
        };
        let revision = self.information.revision();
        let nobody = Identity { device_address: 0, device_id: 0, entropy: [0; 32], revision };
        let (information, meter) = (self.information.clone(), self.meter);
        let mut fresh = Self { information, meter, ..Self::new(&nobody) };
        fresh.present = self.present;
        fresh.rng.follow(&self.rng);
        fresh.clock.power.follow(&self.clock.power, reset);
        fresh.nvmc.follow(&self.nvmc, reset != Reset::BrownOut);
        fresh.radio.follow(&mut self.radio);
        if reset.spares_watchdog() {
            fresh.wdt = self.wdt.clone();
        }
        for (port, before) in fresh.ports.iter_mut().zip(&self.ports) {
            port.follow(before, reset.spares_pins());
        }
        *self = fresh;
        self.information.configure(memory);
        self.meter(self.present);
        self.look_ahead();
    }

    /// Drives a pin from outside, as a button does, or lets it go. What that brings about happens
    /// with the chip's next event.
    pub fn drive(&mut self, port: usize, pin: u8, level: Option<bool>) {
        let before = self.levels();
        if let Some(port) = self.ports.get_mut(port) {
            port.drive(pin, level);
        }
        let mut queue = std::mem::take(&mut self.waiting);
        if queue.is_empty() {
            self.waiting_until = self.present;
        }
        self.sense(before, &mut queue);
        self.waiting = if self.rest.is_none() { queue } else { VecDeque::new() };
        self.wake_by_pin();
        self.follow_reset_pin(port, pin);
        self.look_ahead();
    }
}

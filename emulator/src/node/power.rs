//! Power on and off, the supply, resets.

use ble::time::Instant;

use super::{ChipNode, Kept};
use crate::bus::Context;
use crate::cpu::{Cpu, Model};
use crate::node::rtt::Rtt;
use crate::nrf52840::{Identity, Nrf52840, RESTART};

impl ChipNode {
    /// Switches it on.
    pub(super) fn power_up(&mut self, now: Instant, entropy: [u8; 32]) {
        self.power_down(now);
        let (device_address, device_id) = (self.device_address, self.device_id);
        let revision = self.revision;
        let mut bus = Nrf52840::new(&Identity { device_address, device_id, entropy, revision });
        let mut memory = self.image.memory.clone();
        let kept = self.kept.take();
        if let Some(Kept { memory: flash, .. }) = &kept {
            memory.copy_flash(flash);
        }
        let unstable = kept.map(|kept| kept.unstable).unwrap_or_default();
        bus.power_up(unstable, self.supply, &mut memory);
        memory.seal();
        self.cpu = Some(Box::new(Cpu::new(Model::NRF52840, memory, bus)));
        self.since = now;
    }

    /// Switches it off: what it does is left half done.
    pub(super) fn power_down(&mut self, now: Instant) {
        if let Some(mut cpu) = self.cpu.take() {
            let (bus, memory) = cpu.parts();
            let unstable = bus.power_fails(self.ticks(now), memory);
            let mut memory = self.image.memory.clone();
            memory.copy_flash(cpu.memory());
            self.kept = Some(Kept { memory, unstable });
        }
        (self.cpu, self.reported, self.stopped) = (None, None, None);
        self.locked_up = false;
        (self.reached, self.lit, self.rtt) = (0, 0, Rtt::default());
    }

    /// The supply becomes so many mV.
    pub(super) fn supply(&mut self, now: Instant, millivolts: u16) {
        self.supply = millivolts;
        let now = self.ticks(now);
        if let Some(cpu) = &mut self.cpu {
            let now = now.max(cpu.now());
            let (bus, memory) = cpu.parts();
            bus.supply(millivolts, &mut Context { now, memory });
        }
    }
}

/// The chip resets itself.
pub(super) fn reset(cpu: &mut Cpu<Nrf52840>, locked_up: bool) {
    let (bus, memory) = cpu.parts();
    bus.reset(locked_up, memory);
    cpu.reset();
    cpu.pass(RESTART);
}

//! The chip as its surroundings see it: air, pins, serial lines, resets.

use std::collections::VecDeque;

use super::air::{Burst, Mode};
use super::gpio::Port;
use super::gpiote::Move;
use super::peripheral::Endpoint;
use super::radio::{Radio, Sent};
use super::uarte::Uarte;
use super::{GPIOTE, Identity, Nrf52840, Signal, Unstable};
use crate::bus::Ticks;
use crate::memory::Memory;

impl Nrf52840 {
    /// Packets sent by the radio since the last call, in order.
    pub fn sent(&mut self) -> Vec<Sent> {
        self.radio.sent()
    }

    /// A packet begins on air; `burst` is what arrives here, bit errors and all, and `rssi` its
    /// strength in −dBm. To be called at [`Burst::start`] at the latest; a radio that does not
    /// listen to it does not notice.
    pub fn hear(&mut self, burst: Burst, rssi: u8) {
        self.radio.hear(burst, rssi, true);
        self.look_ahead();
    }

    /// The address of a packet ends at a time that has not passed; `octets` follow.
    pub(crate) fn hear_address(&mut self, burst: Burst, rssi: u8) {
        self.radio.hear(burst, rssi, false);
        self.look_ahead();
    }

    /// The coding indicator of the packet whose address ended last says how it is sent.
    pub(crate) fn hear_coding(&mut self, mode: Mode) {
        self.radio.coding(mode);
        self.look_ahead();
    }

    /// The next octets of the packet that is being received: two, then as many as
    /// [`Self::expected`] says.
    pub(crate) fn hear_octets(&mut self, octets: &[u8]) {
        self.radio.octets(octets);
        self.look_ahead();
    }

    /// How many octets of the packet that is being received are to follow the first two.
    pub(crate) fn expected(&self) -> Option<u16> {
        self.radio.expected()
    }

    /// RADIO, for the node that carries its packets.
    pub(crate) fn radio(&mut self) -> &mut Radio {
        &mut self.radio
    }

    /// A reset that is not a power-up: the entropy continues, and RESETREAS has the reason.
    pub(crate) fn reset(&mut self, reason: u32) {
        let revision = self.information.revision();
        let nobody = Identity { device_address: 0, device_id: 0, entropy: [0; 32], revision };
        let mut fresh = Self { information: self.information.clone(), ..Self::new(&nobody) };
        fresh.rng.follow(&self.rng);
        fresh.clock.follow(&self.clock, reason);
        fresh.nvmc.follow(&self.nvmc);
        *self = fresh;
    }

    /// After a power-up, with the bits of flash that are unstable since the last failure.
    pub(crate) fn power_up(&mut self, unstable: Unstable, memory: &mut Memory) {
        self.nvmc.power_up(unstable, memory);
    }

    /// Power fails: flash gets a possible content, and its unstable bits are reported.
    pub(crate) fn power_fails(&mut self, now: Ticks, memory: &mut Memory) -> Unstable {
        self.nvmc.power_fails(now, memory)
    }

    /// The levels that pins of a port (0 or 1) put out; inputs are 0.
    #[must_use]
    pub fn outputs(&self, port: usize) -> u32 {
        self.ports.get(port).map_or(0, Port::outputs)
    }

    /// Which pins of a port are outputs.
    #[must_use]
    pub fn directions(&self, port: usize) -> u32 {
        self.ports.get(port).map_or(0, Port::directions)
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
        self.waiting = queue;
        self.look_ahead();
    }

    /// Octets sent by a serial port since the last call.
    pub fn serial(&mut self, port: usize) -> Vec<u8> {
        self.serial.get_mut(port).map_or_else(Vec::new, Uarte::sent)
    }

    pub(super) fn levels(&self) -> [u32; 2] {
        [self.ports[0].levels(), self.ports[1].levels()]
    }

    /// Makes events of pins that have changed.
    pub(super) fn sense(&mut self, before: [u32; 2], queue: &mut VecDeque<Signal>) {
        let [rises, rises_too] = self.ports.each_mut().map(Port::rises);
        let events = self.gpiote.events(before, self.levels(), rises || rises_too);
        let events = events.into_iter().map(|event| Endpoint::new(GPIOTE, event));
        queue.extend(events.map(Signal::Event));
    }

    /// Does what GPIOTE's tasks want of pins.
    pub(super) fn move_pins(&mut self, queue: &mut VecDeque<Signal>) {
        let before = self.levels();
        for Move { port, pin, level } in self.gpiote.moves() {
            self.ports[port].put(pin, level);
        }
        self.sense(before, queue);
    }

    /// RESETREAS after a reset that the chip did to itself.
    pub(crate) fn reset_reason(&self) -> u32 {
        if self.wdt.has_bitten() { 1 << 1 } else { 1 << 2 }
    }
}

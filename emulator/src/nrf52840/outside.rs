//! The chip as its surroundings see it: air, pins, serial lines.

use std::collections::VecDeque;

use bletwin_sim::charge::{Regulator, Spent};

use super::air::{Burst, Mode};
use super::draw::Now;
use super::gpio::Port;
use super::gpiote::Move;
use super::peripheral::Endpoint;
use super::radio::{Radio, Sent};
use super::uarte::Uarte;
use super::{GPIOTE, Nrf52840, RADIO, Signal};
use crate::bus::Ticks;

impl Nrf52840 {
    /// Packets sent by the radio since the last call, in order.
    pub fn sent(&mut self) -> Vec<Sent> {
        self.radio.sent()
    }

    /// A packet begins on air; `burst` is what arrives here, bit errors and all, and `rssi` its
    /// strength in −dBm. To be called at [`Burst::start`] at the latest; a radio that does not
    /// listen to it does not notice.
    pub fn hear(&mut self, burst: Burst, rssi: u8) {
        if self.rest.is_none() {
            self.ahead.touch(RADIO);
            self.radio.hear(burst, rssi, true);
            self.look_ahead();
        }
    }

    /// The address of a packet ends at a time that has not passed; `octets` follow.
    pub(crate) fn hear_address(&mut self, burst: Burst, rssi: u8) {
        if self.rest.is_none() {
            self.ahead.touch(RADIO);
            self.radio.hear(burst, rssi, false);
            self.look_ahead();
        }
    }

    /// The coding indicator of the packet whose address ended last says how it is sent.
    pub(crate) fn hear_coding(&mut self, mode: Mode) {
        self.ahead.touch(RADIO);
        self.radio.coding(mode);
        self.look_ahead();
    }

    /// The next octets of the packet that is being received: two, then as many as
    /// [`Self::expected`] says.
    pub(crate) fn hear_octets(&mut self, octets: &[u8]) {
        self.ahead.touch(RADIO);
        self.radio.octets(octets);
        self.look_ahead();
    }

    /// How many octets of the packet that is being received are to follow the first two.
    pub(crate) fn expected(&self) -> Option<u16> {
        self.radio.expected()
    }

    /// RADIO, for the node that carries its packets.
    pub(crate) fn radio(&mut self) -> &mut Radio {
        self.ahead.touch(RADIO);
        &mut self.radio
    }

    /// What its current depends on may have changed.
    pub(super) fn meter(&mut self, at: Ticks) {
        let now = Now {
            radio: self.radio.is_used(),
            awake: !self.clock.power.is_asleep() && self.rest.is_none(),
            crystal: self.clock.crystal(),
            flash: self.nvmc.busy(),
        };
        let tuned_to = self.radio.tuned_to();
        self.meter.does(at, now, tuned_to);
    }

    /// For how long it has done what since power-up.
    pub(crate) fn spent(&self, now: Ticks) -> Spent {
        self.meter.spent(now)
    }

    /// What regulates the supply of its core.
    pub(crate) fn regulator(&self) -> Regulator {
        self.clock.power.regulator()
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

    /// The operation of flash that is under way, or the latest one until its program asks whether
    /// it is done: whether it erases, from when, until when.
    #[must_use]
    pub fn flash_operation(&self) -> Option<(bool, Ticks, Ticks)> {
        self.nvmc.operation()
    }

    /// Octets come in by a serial port, from now on.
    pub fn receive(&mut self, port: usize, octets: &[u8]) {
        let now = self.present;
        if let Some(port) = self.serial.get_mut(port).filter(|_| self.rest.is_none()) {
            self.ahead.touch_all();
            port.receive(octets, now);
            self.look_ahead();
        }
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
}

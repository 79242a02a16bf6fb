//! The chip as a node of a simulated world: the file that is flashed, unchanged, beside any
//! central.
//!
//! The world's medium carries its bits both ways ([`bletwin_sim::antenna`]); its RNG delivers the
//! world's entropy, its pins are the buttons and LEDs of the development kit (PCA10056), what its
//! program logs by RTT and UARTE0 is in the record, and people read passkeys there.
//!
//! The chip is run up to the present whenever the world calls, at each event of a peripheral and
//! every 16 µs while the processor is awake. That is always before it could put a bit on air,
//! because the transmitter ramps up for 40 µs or more; only while the transmitter stands ready is
//! it run 16 µs ahead.
//!
//! Gaps: one clock drives processor and crystals, the node's sleep clock, so that an error of it is
//! one of T_IFS as well; RAM is zeroed at power-up; frequencies that are no channel of Bluetooth LE
//! reach no node; [`Node::armed`] reports nothing, and the canonical hash of a world counts from
//! power-up, not from now. Faults that strike PDUs by their meaning find only those that are not
//! encrypted.

mod antenna;
mod debug;
mod defmt;
mod display;
mod pins;
mod profile;
mod rtt;
mod usage;

#[cfg(test)]
pub(crate) mod tests;

pub use debug::{Halt, Point, Resume};
pub use profile::Function;
pub use usage::CpuUse;

pub(crate) use defmt::SECTION as TEXTS;

use std::sync::Arc;

use ble::phy::Coding;
use ble::time::{Duration, Instant};
use bletwin_sim::antenna::{Order, Signal};
use bletwin_sim::charge::Spent;
use bletwin_sim::node::{Act, Node, NodeInput, NodeOutput, Outbox};
use bletwin_sim::record::Note;

use crate::bus::{Context, Ticks};
use crate::cpu::{Cpu, Model, Outcome};
use crate::elf::{self, ElfError, Symbols};
use crate::memory::Memory;
use crate::nrf52840::{
    Burst, Identity, Listening, Mode, NOMINAL, Nrf52840, RESTART, Revision, Unstable, memory,
};
use crate::stop::{Cause, Stop};
use crate::untracked::Untracked;
use debug::Debugger;
use defmt::Texts;
use profile::Profile;
use rtt::{Rtt, text_lines};

/// How far the chip may lag behind the world, or run ahead of it, while it is awake: less than
/// an access address takes at 2M.
const QUANTUM: Ticks = 16 * 64_000;

/// The flashed image.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Image {
    memory: Memory,
    symbols: Untracked<Symbols>,
    /// The texts of its log.
    texts: Untracked<Option<Arc<Texts>>>,
}

impl Image {
    /// From the octets of an ELF file for the chip.
    ///
    /// # Errors
    /// [`ElfError`] with what to do about it.
    pub fn from_elf(file: &[u8]) -> Result<Self, ElfError> {
        let mut memory = memory();
        let symbols = elf::load(file, &mut memory)?;
        memory.seal();
        let texts = Untracked(Texts::from_elf(file).map(Arc::new));
        Ok(Self { memory, symbols: Untracked(symbols), texts })
    }

    /// Names by address.
    #[must_use]
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// What lies there; `None`: not all of it is memory.
    #[must_use]
    pub fn octets(&self, address: u32, count: usize) -> Option<Vec<u8>> {
        self.memory.octets(address, count)
    }

    /// Puts octets there, as a programmer does. False: not all of it is memory.
    #[must_use]
    pub fn put(&mut self, address: u32, octets: &[u8]) -> bool {
        let put = self.memory.program(address, octets);
        self.memory.seal();
        put
    }
}

/// An operation of flash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlashOperation {
    /// It erases; if not, it writes a word.
    pub erases: bool,
    /// When it begins, by the chip's clock.
    pub from: Instant,
    /// When it is over.
    pub until: Instant,
}

/// Flash without power.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Kept {
    memory: Memory,
    unstable: Unstable,
}

/// A chip with its program. It keeps its flash when it is switched off ([`Act::PowerCycle`]); what
/// that interrupts is left half done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ChipNode {
    image: Image,
    device_address: u64,
    device_id: u64,
    revision: Revision,
    /// The supply, in mV.
    supply: u16,
    /// The content of flash since it was last switched off.
    kept: Option<Kept>,
    /// `None` while it is off.
    cpu: Option<Box<Cpu<Nrf52840>>>,
    /// When it was switched on.
    since: Instant,
    /// How far it was asked to run.
    reached: Ticks,
    /// The listening state last reported to the world; `None` while a packet arrives.
    reported: Option<Listening>,
    stopped: Option<Stop>,
    /// A lockup was reported since power-up.
    locked_up: bool,
    /// The LEDs that are lit, as bits.
    lit: u32,
    /// The pins of buttons that somebody holds, with or without power.
    held: u32,
    rtt: Rtt,
    /// Nobody takes lines out of RTT's rings.
    unread: bool,
    /// The line that UARTE0 has begun.
    uart: Vec<u8>,
    /// A passkey is to be read in its log.
    shows: bool,
    /// The debugger that is attached, if one is.
    debugger: Untracked<Option<Box<Debugger>>>,
    /// Where the time of its processor goes, if somebody asked.
    profile: Untracked<Option<Box<Profile>>>,
    /// For how long it did what before it was switched off last.
    spent: Untracked<Spent>,
}

impl ChipNode {
    /// Switched off. The two numbers are FICR's: the device address (48 bits, a static random one)
    /// and the device id.
    #[must_use]
    pub fn new(image: Image, device_address: u64, device_id: u64) -> Self {
        Self {
            image,
            device_address,
            device_id,
            revision: Revision::default(),
            supply: NOMINAL,
            kept: None,
            cpu: None,
            since: Instant::ZERO,
            reached: 0,
            reported: None,
            stopped: None,
            locked_up: false,
            lit: 0,
            held: 0,
            rtt: Rtt::default(),
            unread: false,
            uart: Vec::new(),
            shows: false,
            debugger: Untracked(None),
            profile: Untracked(None),
            spent: Untracked::default(),
        }
    }

    /// The same of another revision than the newest.
    #[must_use]
    pub fn of_revision(self, revision: Revision) -> Self {
        Self { revision, ..self }
    }

    /// Whether somebody reads its log by RTT from now on, as is so at first. What the program has
    /// no room for meanwhile is lost; what is in the rings then is read later.
    pub fn read_rtt(&mut self, reads: bool) {
        self.unread = !reads;
    }

    /// The processor with its peripherals, while the chip is on.
    #[must_use]
    pub fn cpu(&self) -> Option<&Cpu<Nrf52840>> {
        self.cpu.as_deref()
    }

    /// Why the emulator gave up, if it did: from then on the chip does nothing.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        let stop = self.stopped.as_ref()?;
        Some(stop.report(self.image.symbols.at(stop.address)))
    }

    /// A word of RAM or flash at a symbol of the program.
    #[must_use]
    pub fn word(&self, symbol: &str, index: u32) -> Option<u32> {
        let address = self.image.symbols.address(symbol)?.checked_add(4 * index)?;
        self.cpu.as_ref()?.memory().read(address).map(u32::from_le_bytes)
    }

    /// The operation of flash that is under way, or was when the chip was last asked to run.
    #[must_use]
    pub fn flash_operation(&self) -> Option<FlashOperation> {
        let (erases, from, until) = self.cpu.as_ref()?.bus().flash_operation()?;
        Some(FlashOperation { erases, from: self.instant(from), until: self.instant(until) })
    }

    /// Makes the next copies of this chip cheap.
    pub fn seal(&mut self) {
        if let Some(cpu) = &mut self.cpu {
            cpu.parts().1.seal();
        }
    }

    /// Switches it on.
    fn power_up(&mut self, now: Instant, entropy: [u8; 32]) {
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
        (0..32).filter(|pin| self.held >> pin & 1 == 1).for_each(|pin| {
            bus.drive(0, pin, Some(false));
        });
        memory.seal();
        self.cpu = Some(Box::new(Cpu::new(Model::NRF52840, memory, bus)));
        self.since = now;
    }

    /// Switches it off: what it does is left half done.
    fn power_down(&mut self, now: Instant) {
        self.spent = Untracked(self.spent(now));
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
        self.uart.clear();
        self.shows = false;
    }

    /// The supply becomes so many mV.
    fn supply(&mut self, now: Instant, millivolts: u16) {
        self.supply = millivolts;
        let now = self.ticks(now);
        if let Some(cpu) = &mut self.cpu {
            let now = now.max(cpu.now());
            let (bus, memory) = cpu.parts();
            bus.supply(millivolts, &mut Context { now, memory });
        }
    }

    fn ticks(&self, at: Instant) -> Ticks {
        at.since(self.since).ticks()
    }

    fn instant(&self, at: Ticks) -> Instant {
        self.since + Duration::from_ticks(at)
    }

    fn hear(&mut self, now: Instant, signal: Signal) {
        let now = self.ticks(now);
        let Some(cpu) = &mut self.cpu else { return };
        match signal {
            Signal::Address { rssi_dbm } => {
                let Some(Listening { mode, frequency, access_address, .. }) = self.reported.take()
                else {
                    return;
                };
                let mut burst =
                    Burst { start: 0, mode, frequency, access_address, octets: Vec::new() };
                burst.start = now.saturating_sub(burst.address_end());
                cpu.bus_mut().hear_address(burst, rssi_dbm.min(0).unsigned_abs());
            }
            Signal::Coding(Coding::S2) => cpu.bus_mut().hear_coding(Mode::CodedS2),
            Signal::Coding(Coding::S8) => cpu.bus_mut().hear_coding(Mode::CodedS8),
            Signal::Octets(octets) => cpu.bus_mut().hear_octets(&octets),
        }
    }

    /// Runs to the present, and on while a transmission could begin at any moment.
    fn run(&mut self, now: Instant, out: &mut Outbox) {
        let now = self.ticks(now);
        // Beyond now if a debugger halted it while it was ahead.
        self.run_to(now.max(self.reached), out);
        if !self.halted()
            && let Some(cpu) = &mut self.cpu
            && !cpu.is_asleep()
            && cpu.bus_mut().radio().may_send_at_once()
        {
            self.run_to(now + QUANTUM, out);
        }
    }

    fn run_to(&mut self, until: Ticks, out: &mut Outbox) {
        self.reached = self.reached.max(until);
        while let Some(cpu) = self.cpu.as_mut().filter(|_| self.stopped.is_none()) {
            let debugger = self.debugger.as_deref_mut();
            let outcome = match (debugger, self.profile.as_deref_mut()) {
                (Some(debugger), _) => debugger.run(cpu, until),
                (None, Some(profile)) => cpu.run_watched(until, profile),
                (None, None) => cpu.run(until),
            };
            match outcome {
                Outcome::Reached | Outcome::Halted => return,
                Outcome::Stopped(Stop { cause: Cause::Reset, .. }) => reset(cpu, false),
                // A debugger sees it, and keeps the chip from resetting itself.
                Outcome::Stopped(stop)
                    if stop.cause == Cause::Lockup && self.debugger.is_none() =>
                {
                    if !self.locked_up {
                        let text = stop.report(self.image.symbols.at(stop.address));
                        out.note(Note::Host(format!("the chip resets itself: {text}")));
                    }
                    self.locked_up = true;
                    reset(cpu, true);
                }
                Outcome::Stopped(stop) => {
                    self.stopped = Some(stop);
                    let text = self.stopped().unwrap_or_default();
                    let text = format!("the emulator stops: {text}");
                    out.note(Note::Host(text));
                }
            }
        }
    }

    /// Reports the radio's events and state to the world.
    fn report(&mut self, octets: bool, out: &mut Outbox) {
        let Some(cpu) = &mut self.cpu else { return };
        let (expected, radio) = (cpu.bus().expected(), cpu.bus_mut().radio());
        let mut orders = Vec::new();
        orders.extend(radio.verdict().map(|crc_ok| Order::Received { crc_ok }));
        orders.extend(expected.filter(|_| octets).map(|octets| Order::Expect { octets }));
        let listening = radio.listening();
        let moved = !radio.receives() && listening != self.reported;
        let sent = cpu.bus_mut().sent();
        if moved {
            self.reported = listening;
            let order = listening.and_then(|listening| self.listen(&listening));
            orders.push(order.unwrap_or(Order::Off));
        }
        orders.extend(sent.into_iter().filter_map(|sent| self.send(sent)).map(Order::Send));
        orders.into_iter().for_each(|order| out.push(NodeOutput::Antenna(order)));
    }

    /// Passes on the program's log.
    fn log(&mut self, now: Instant, out: &mut Outbox) {
        let now = self.ticks(now);
        let known = || self.image.symbols.address("_SEGGER_RTT");
        let Some(cpu) = &mut self.cpu else { return };
        let texts = self.image.texts.as_deref();
        let lines = match self.unread {
            true => Vec::new(),
            false => self.rtt.lines(now, known, texts, cpu.parts().1),
        };
        let sent = text_lines(&mut self.uart, cpu.bus_mut().serial(0));
        lines.into_iter().for_each(|line| self.printed(display::note(line), out));
        for line in sent {
            // Where a program logs to a debugger, too, it says the same there.
            let note = match self.rtt.is_found() || ble::log::split(&line).is_none() {
                true => Note::Printed(format!("UARTE0: {line}")),
                false => display::note(line),
            };
            self.printed(note, out);
        }
    }
}

/// The chip resets itself.
fn reset(cpu: &mut Cpu<Nrf52840>, locked_up: bool) {
    let (bus, memory) = cpu.parts();
    bus.reset(locked_up, memory);
    cpu.reset();
    cpu.pass(RESTART);
}

impl Node for ChipNode {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        let mut octets = matches!(input, NodeInput::Antenna(Signal::Octets(_)));
        let input = match input {
            NodeInput::Resume if self.halted() => return,
            NodeInput::Resume => {
                let kept = self.kept_input();
                octets = self.resumes_octets();
                kept.unwrap_or(NodeInput::Resume)
            }
            input => input,
        };
        if matches!(input, NodeInput::Act(_) | NodeInput::Octets(_)) {
            // What is done to it is done now, not when it fell asleep.
            self.run_to(self.ticks(now), out);
            if self.halts_with(octets) {
                self.keep_input(input);
                return;
            }
        }
        match input {
            NodeInput::Start { entropy } => self.power_up(now, entropy),
            NodeInput::Act(Act::PowerCycle) => return self.power_down(now),
            NodeInput::Act(Act::Button { button, pressed }) => self.press(&button, pressed),
            NodeInput::Act(Act::Supply { millivolts }) => self.supply(now, millivolts),
            NodeInput::Antenna(signal) => self.hear(now, signal),
            NodeInput::Octets(octets) => {
                if let Some(cpu) = &mut self.cpu {
                    cpu.bus_mut().receive(0, &octets);
                }
            }
            NodeInput::Resume
            | NodeInput::Radio(_)
            | NodeInput::Timer
            | NodeInput::Act(_)
            | NodeInput::Saw { .. } => {}
        }
        self.run(now, out);
        if self.halts_with(octets) {
            return;
        }
        self.report(octets, out);
        self.show(out);
        self.log(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let cpu = self.cpu.as_ref().filter(|_| self.stopped.is_none())?;
        let awake = (!cpu.is_asleep()).then(|| self.reached + QUANTUM);
        let next = awake.into_iter().chain(cpu.next_event()).min()?;
        Some(self.instant(next))
    }

    fn halted(&self) -> bool {
        self.halt().is_some()
    }
}

//! The nRF52840 around the processor (product specification 4413_417 v1.7).
//!
//! There are CLOCK and POWER, RADIO, UARTE0–1, GPIOTE, TIMER0–4, RTC0–2, TEMP, RNG, ECB, CCM and
//! AAR, WDT, EGU0–5, NVMC, PPI, GPIO and the information registers; each file lists what its
//! peripheral lacks. Not there: SPIM, TWIM, SAADC, USB, QSPI and the rest: an access stops the
//! emulator with a hint.
//!
//! Events, shorts and PPI act at the event's own time, without the 62.5 ns that a hop through PPI
//! takes on the chip.

mod access;
mod ahead;
mod air;
mod ccm;
mod clock;
mod draw;
mod ecb;
mod gpio;
mod gpiote;
mod information;
mod late;
mod nvmc;
mod outside;
mod peripheral;
mod power;
mod ppi;
mod radio;
mod rest;
mod revision;
mod rng;
mod rtc;
mod small;
mod timer;
mod uarte;
mod wdt;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use air::{Burst, Mode};
pub use radio::{Listening, Sent};
pub use revision::{ERRATA, Erratum, Revision};

pub(crate) use bletwin_sim::tear::Unstable;
pub(crate) use power::NOMINAL;
pub(crate) use rest::RESTART;

use bletwin_sim::tear::{self, Chance};

use ahead::Ahead;
use ccm::Ccm;
use clock::Clock;
use draw::Meter;
use ecb::Ecb;
use gpio::Port;
use gpiote::Gpiote;
use information::Information;
use late::Late;
use nvmc::Nvmc;
use peripheral::{Endpoint, Moment, Peripheral, TICK_16M};
use power::{Power, Reset, Rest};
use ppi::Ppi;
use radio::Radio;
use rng::Rng;
use rtc::Rtc;
use small::{Egu, Temperature};
use timer::Timer;
use uarte::Uarte;
use wdt::Wdt;

use crate::bus::Ticks;
use crate::memory::Memory;
use crate::untracked::Untracked;

/// Flash of the chip, in octets.
pub const FLASH: u32 = 1 << 20;
/// RAM of the chip, in octets.
pub const RAM: u32 = 256 << 10;
/// UICR of the chip, in octets.
const UICR: u32 = 4 << 10;

/// Memory as a new chip has it: flash and UICR are erased, RAM is zero.
#[must_use]
pub fn memory() -> Memory {
    Memory::new(FLASH, RAM).with_uicr(UICR)
}

/// Maximum number of tasks and events handled at one moment; the rest waits for the next tick of 16
/// MHz, so that a ring of PPI channels turns as fast as on the chip but never forever.
const AT_ONCE: usize = 256;

const RADIO: u8 = 1;
const GPIOTE: u8 = 6;
const ECB: u8 = 14;
const CCM: u8 = 15;
const NVMC: u8 = 30;
const PPI: u8 = 31;

/// Where the chip's identity comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// FICR.DEVICEADDR: a static random address, most significant bits ignored by the chip.
    pub device_address: u64,
    /// FICR.DEVICEID, both words: the lower address has the low one.
    pub device_id: u64,
    /// What RNG delivers: these octets, then the ChaCha20 stream that they seed.
    pub entropy: [u8; 32],
    /// Which revision it is of.
    pub revision: Revision,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Signal {
    Task(Endpoint),
    Event(Endpoint),
}

/// The peripherals of the chip, which PPI joins: the [`Bus`](crate::Bus) of its processor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Nrf52840 {
    clock: Clock,
    radio: Radio,
    timers: [Timer; 5],
    rtcs: [Rtc; 3],
    temperature: Temperature,
    rng: Rng,
    ecb: Ecb,
    egus: [Egu; 6],
    ccm: Ccm,
    wdt: Wdt,
    gpiote: Gpiote,
    serial: [Uarte; 2],
    nvmc: Nvmc,
    /// A write that is under way.
    late: Option<Late>,
    ppi: Ppi,
    ports: [Port; 2],
    information: Information,
    /// Why nothing works; `None`: it does.
    rest: Option<Rest>,
    /// What resets the chip as soon as the processor notices.
    resets: Option<Reset>,
    /// The rest of a moment with too many, and when it continues.
    waiting: VecDeque<Signal>,
    waiting_until: Ticks,
    /// When the processor was here last.
    present: Ticks,
    /// The next event and the interrupt lines, kept because they are asked for far more often than
    /// they change.
    upcoming: Option<Ticks>,
    lines: u64,
    ahead: Untracked<Ahead>,
    /// For how long it has done what.
    meter: Untracked<Meter>,
}

impl Nrf52840 {
    /// The chip as after power-up.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        let timer = |n: usize| Timer::new(if n < 3 { 4 } else { 6 });
        let power = Power::new(Chance::new(identity.entropy, tear::RAM));
        Self {
            clock: Clock::new(identity.revision, power),
            radio: Radio::new(),
            timers: std::array::from_fn(timer),
            rtcs: std::array::from_fn(|n| Rtc::new(if n == 0 { 3 } else { 4 })),
            temperature: Temperature::default(),
            rng: Rng::new(identity.entropy),
            ecb: Ecb::default(),
            egus: std::array::from_fn(|_| Egu::default()),
            ccm: Ccm::new(),
            wdt: Wdt::new(),
            gpiote: Gpiote::default(),
            serial: std::array::from_fn(|_| Uarte::new()),
            nvmc: Nvmc::new(identity.entropy),
            late: None,
            ppi: Ppi::default(),
            ports: [Port::new(32), Port::new(16)],
            information: Information::new(identity),
            rest: None,
            resets: None,
            waiting: VecDeque::new(),
            waiting_until: 0,
            present: 0,
            upcoming: None,
            lines: 0,
            ahead: Untracked::default(),
            meter: Untracked::default(),
        }
    }

    fn peripheral(&mut self, number: u8) -> Option<&mut dyn Peripheral> {
        self.ahead.touch(number & 63);
        Some(match number {
            0 => &mut self.clock,
            1 => &mut self.radio,
            8..=10 => &mut self.timers[usize::from(number - 8)],
            26 | 27 => &mut self.timers[usize::from(number - 23)],
            11 => &mut self.rtcs[0],
            17 => &mut self.rtcs[1],
            36 => &mut self.rtcs[2],
            12 => &mut self.temperature,
            13 => &mut self.rng,
            ECB => &mut self.ecb,
            20..=25 => &mut self.egus[usize::from(number - 20)],
            CCM => &mut self.ccm,
            16 => &mut self.wdt,
            GPIOTE => &mut self.gpiote,
            2 => &mut self.serial[0],
            40 => &mut self.serial[1],
            NVMC => &mut self.nvmc,
            PPI => &mut self.ppi,
            _ => return None,
        })
    }

    fn shared(&self, number: u8) -> Option<&dyn Peripheral> {
        Some(match number {
            0 => &self.clock,
            1 => &self.radio,
            8..=10 => &self.timers[usize::from(number - 8)],
            26 | 27 => &self.timers[usize::from(number - 23)],
            11 => &self.rtcs[0],
            17 => &self.rtcs[1],
            36 => &self.rtcs[2],
            12 => &self.temperature,
            13 => &self.rng,
            ECB => &self.ecb,
            20..=25 => &self.egus[usize::from(number - 20)],
            CCM => &self.ccm,
            16 => &self.wdt,
            GPIOTE => &self.gpiote,
            2 => &self.serial[0],
            40 => &self.serial[1],
            NVMC => &self.nvmc,
            PPI => &self.ppi,
            _ => return None,
        })
    }

    /// Lets a peripheral do something and hands on the events that it raises.
    fn act(
        &mut self,
        number: u8,
        now: Ticks,
        memory: &mut Memory,
        queue: &mut VecDeque<Signal>,
        act: impl FnOnce(&mut dyn Peripheral, &mut Moment<'_>),
    ) {
        let mut raised = Vec::new();
        let Some(peripheral) = self.peripheral(number) else { return };
        act(peripheral, &mut Moment { now, memory, raised: &mut raised });
        let visible = raised.into_iter().filter(|event| peripheral.passes(*event));
        queue.extend(visible.map(|event| Signal::Event(Endpoint::new(number, event))));
    }

    /// Follows events to tasks until nothing more happens at this moment.
    fn settle(&mut self, now: Ticks, memory: &mut Memory, queue: VecDeque<Signal>) {
        self.follow_all(now, memory, queue);
        self.meter(now);
    }

    fn follow_all(&mut self, now: Ticks, memory: &mut Memory, mut queue: VecDeque<Signal>) {
        for _ in 0..AT_ONCE {
            let Some(signal) = queue.pop_front() else { return };
            match signal {
                Signal::Task(task) => self.perform(task, now, memory, &mut queue),
                Signal::Event(event) => self.follow(event, now, &mut queue),
            }
        }
        self.waiting = queue;
        self.waiting_until = now + TICK_16M;
    }

    fn perform(
        &mut self,
        task: Endpoint,
        now: Ticks,
        memory: &mut Memory,
        queue: &mut VecDeque<Signal>,
    ) {
        let low = self.clock.low_since();
        if task == Endpoint::new(RADIO, radio::START) && self.radio.may_send_at_once() {
            self.ahead.touch(CCM);
            self.ccm.is_sent(self.radio.pointer(), memory);
        }
        self.act(task.peripheral, now, memory, queue, |peripheral, moment| {
            peripheral.task(task.index, moment);
        });
        self.notify_rtcs(low, now);
        match task.peripheral {
            // They share the AES core, and ECB is the one to leave it.
            CCM if self.ccm.has_core() => {
                self.ccm.follows(self.radio.receives_into());
                self.act(ECB, now, memory, queue, |ecb, moment| ecb.task(ecb::STOP, moment));
            }
            // The other way round it does not get it.
            ECB if self.ccm.has_core() => {
                self.act(ECB, now, memory, queue, |ecb, moment| ecb.task(ecb::STOP, moment));
            }
            GPIOTE => self.move_pins(queue),
            _ => {}
        }
    }

    /// An event sets its register and triggers tasks by SHORTS and PPI.
    fn follow(&mut self, event: Endpoint, now: Ticks, queue: &mut VecDeque<Signal>) {
        if event == Endpoint::new(RADIO, radio::END) {
            self.ahead.touch(CCM);
            self.ccm.received(now);
        }
        let Some(peripheral) = self.peripheral(event.peripheral) else { return };
        peripheral.common_mut().events |= 1 << event.index;
        let shorted = peripheral.shorted(event.index);
        if shorted == 0 && !self.ppi.is_in_use() {
            return;
        }
        // When READY starts both, CCM is ahead of RADIO, which has preamble and address to send.
        let joined = |ahead| {
            let tasks = self.ppi.tasks(event);
            tasks.filter(move |task| (task.peripheral == CCM) == ahead).map(Signal::Task)
        };
        queue.extend(joined(true));
        let tasks = (0..32).filter(|n| shorted >> n & 1 == 1);
        queue.extend(tasks.map(|n| Signal::Task(Endpoint::new(event.peripheral, n))));
        queue.extend(joined(false));
    }

    /// Notifies the RTCs that the 32,768 Hz clock has started or stopped.
    fn notify_rtcs(&mut self, before: Option<Ticks>, now: Ticks) {
        let since = self.clock.low_since();
        if since != before {
            [11, 17, 36].into_iter().for_each(|number| self.ahead.touch(number));
            for rtc in &mut self.rtcs {
                rtc.low_frequency_clock(since, now);
            }
        }
    }

    /// Updates cached times and lines.
    fn look_ahead(&mut self) {
        (self.upcoming, self.lines) = self.foreseen();
    }

    /// Processes what is due at a moment.
    fn happen(&mut self, now: Ticks, memory: &mut Memory) {
        let mut queue = VecDeque::new();
        if !self.waiting.is_empty() && self.waiting_until <= now {
            queue = std::mem::take(&mut self.waiting);
        }
        let low = self.clock.low_since();
        for number in self.due(now) {
            self.act(number, now, memory, &mut queue, |peripheral, moment| peripheral.due(moment));
        }
        self.notify_rtcs(low, now);
        self.settle(now, memory, queue);
        self.look_ahead();
    }
}

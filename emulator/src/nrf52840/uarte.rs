//! UARTE0 and UARTE1, by DMA: each octet takes its time.
//!
//! What comes in has the rate that is set; without reception it waits in a FIFO of six octets, and
//! what is too much is an overrun. Gaps: the registers of the older UART; flow control, wrong
//! rates and parity, breaks and suspension; pins are not looked at.

use std::collections::VecDeque;

use super::peripheral::{Common, Moment, Peripheral};
use crate::bus::Ticks;

const RECEIVED_ONE: u8 = 2;
const ENDED_RX: u8 = 4;
const SENT_ONE: u8 = 7;
const ENDED_TX: u8 = 8;
const ERROR: u8 = 9;
const RX_TIMEOUT: u8 = 17;
const STARTED_RX: u8 = 19;
const STARTED_TX: u8 = 20;
const STOPPED_TX: u8 = 22;

/// BAUDRATE is 2³² times the rate by 16 MHz.
const BASE: u64 = 16_000_000;
const SECOND: Ticks = 64_000_000_000;
/// Maximum number of unread octets: the oldest are dropped beyond it, and what arrives is lost.
const KEPT: usize = 1 << 16;
/// Octets that wait for reception.
const FIFO: usize = 6;
/// ERRORSRC: there were more.
const OVERRUN: u32 = 1;
/// The task that empties the FIFO.
const FLUSH_RX: u8 = 11;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
struct Buffer {
    pointer: u32,
    longest: u32,
    done: u32,
}

/// A serial port.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Uarte {
    common: Common,
    enabled: bool,
    pins: [u32; 4],
    baud: u32,
    configuration: u32,
    rx: Buffer,
    tx: Buffer,
    receiving: bool,
    next_octet: Option<Ticks>,
    sent: Vec<u8>,
    /// What is on its way here, and when its next octet is there.
    arriving: VecDeque<u8>,
    next_arrival: Option<Ticks>,
    waiting: VecDeque<u8>,
    errors: u32,
}

impl Uarte {
    pub(super) fn new() -> Self {
        Self { pins: [u32::MAX; 4], baud: 0x0400_0000, ..Self::default() }
    }

    /// Octets sent since the last call.
    pub(super) fn sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
    }

    /// Octets come in, one after the other from now on.
    pub(super) fn receive(&mut self, octets: &[u8], now: Ticks) {
        let room = KEPT - self.arriving.len().min(KEPT);
        self.arriving.extend(octets.iter().take(room));
        if self.next_arrival.is_none() && !self.arriving.is_empty() {
            self.next_arrival = Some(now + self.octet_time());
        }
    }

    /// An octet is there.
    fn arrive(&mut self, moment: &mut Moment<'_>) {
        let octet = self.arriving.pop_front();
        let more = !self.arriving.is_empty();
        self.next_arrival = more.then(|| moment.now + self.octet_time());
        let Some(octet) = octet.filter(|_| self.enabled) else { return };
        if self.waiting.len() == FIFO {
            self.errors |= OVERRUN;
            moment.raise(ERROR);
            return;
        }
        self.waiting.push_back(octet);
        moment.raise(RECEIVED_ONE);
        self.fill(moment);
    }

    /// Puts what waits into RAM while there is room.
    fn fill(&mut self, moment: &mut Moment<'_>) {
        while self.receiving
            && self.rx.done < self.rx.longest
            && let Some(octet) = self.waiting.pop_front()
        {
            moment.memory.write_ram(self.rx.pointer.wrapping_add(self.rx.done), [octet]);
            self.rx.done += 1;
        }
        if self.receiving && self.rx.done >= self.rx.longest {
            self.receiving = false;
            moment.raise(ENDED_RX);
        }
    }

    /// A start bit, eight bits, a stop bit (two by CONFIG), parity by CONFIG.
    fn octet_time(&self) -> Ticks {
        let parity = u64::from(self.configuration & 0xE == 0xE);
        let bits = 10 + parity + u64::from(self.configuration >> 4 & 1);
        let baud = ((u64::from(self.baud) * BASE) >> 32).max(1);
        SECOND * bits / baud
    }
}

impl Peripheral for Uarte {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match task {
            0 if self.enabled => {
                (self.rx.done, self.receiving) = (0, true);
                moment.raise(STARTED_RX);
                self.fill(moment);
            }
            FLUSH_RX if self.enabled && !self.receiving => {
                (self.rx.done, self.receiving) = (0, true);
                self.fill(moment);
                if std::mem::take(&mut self.receiving) {
                    moment.raise(ENDED_RX);
                }
            }
            1 if self.receiving => {
                self.receiving = false;
                moment.raise(ENDED_RX);
                moment.raise(RX_TIMEOUT);
            }
            2 if self.enabled && self.next_octet.is_none() => {
                self.tx.done = 0;
                moment.raise(STARTED_TX);
                self.next_octet = Some(moment.now + self.octet_time());
            }
            3 => {
                if self.next_octet.take().is_some() {
                    moment.raise(ENDED_TX);
                }
                moment.raise(STOPPED_TX);
            }
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        Some(match offset {
            0x500 => {
                if self.enabled {
                    8
                } else {
                    0
                }
            }
            0x480 => self.errors,
            0x508..0x518 => self.pins[(offset - 0x508) as usize / 4],
            0x524 => self.baud,
            0x534 => self.rx.pointer,
            0x538 => self.rx.longest,
            0x53C => self.rx.done,
            0x544 => self.tx.pointer,
            0x548 => self.tx.longest,
            0x54C => self.tx.done,
            0x56C => self.configuration,
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        match offset {
            0x500 if value == 8 || value == 0 => self.enabled = value == 8,
            0x480 => self.errors &= !value,
            0x508..0x518 => self.pins[(offset - 0x508) as usize / 4] = value,
            0x524 => self.baud = value,
            0x534 => self.rx.pointer = value,
            0x538 => self.rx.longest = value & 0xFFFF,
            0x544 => self.tx.pointer = value,
            0x548 => self.tx.longest = value & 0xFFFF,
            // No hardware flow control.
            0x56C if value & 1 == 0 => self.configuration = value & 0x1E,
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        self.next_octet.into_iter().chain(self.next_arrival).min()
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        if self.next_arrival.is_some_and(|at| at <= moment.now) {
            self.arrive(moment);
        }
        if self.next_octet.take_if(|at| *at <= moment.now).is_none() {
            return;
        }
        if self.tx.done < self.tx.longest {
            let [octet] =
                moment.memory.read(self.tx.pointer.wrapping_add(self.tx.done)).unwrap_or([0]);
            if self.sent.len() == KEPT {
                self.sent.remove(0);
            }
            self.sent.push(octet);
            self.tx.done += 1;
            moment.raise(SENT_ONE);
        }
        if self.tx.done < self.tx.longest {
            self.next_octet = Some(moment.now + self.octet_time());
        } else {
            moment.raise(ENDED_TX);
        }
    }

    /// ENDRX to STARTRX and STOPRX.
    fn shorted(&self, event: u8) -> u32 {
        match event {
            ENDED_RX => (self.common.shorts >> 5 & 1) | (self.common.shorts >> 6 & 1) << 1,
            _ => 0,
        }
    }
}

//! Packets on their way, and how far the chip is from the air.

use super::super::air::{Burst, Mode};
use super::super::peripheral::MICROSECOND;
use super::{ADDRESS, END, PAYLOAD};
use crate::bus::Ticks;

/// From START to the first bit on air, as measured by Zephyr's controller
/// (`radio_nrf52840.h`: 600 ns).
pub(super) const TRANSMITTER: Ticks = 600 * MICROSECOND / 1000;

/// From a bit of the PDU on air to the receiver's event (9,400, 5,000, 29,600 and 24,600 ns in the
/// same file).
pub(super) const fn receiver(mode: Mode) -> Ticks {
    match mode {
        Mode::Le1M => 9_400 * MICROSECOND / 1000,
        Mode::Le2M => 5 * MICROSECOND,
        Mode::CodedS8 => 29_600 * MICROSECOND / 1000,
        Mode::CodedS2 => 24_600 * MICROSECOND / 1000,
    }
}

/// The same for ADDRESS, on LE Coded after TERM1. NimBLE's `ble_phy.c` has 17 µs for it where its
/// other delays are 2.6 µs less than these.
const fn address_receiver(mode: Mode) -> Ticks {
    if mode.is_coded() { 19_600 * MICROSECOND / 1000 } else { receiver(mode) }
}

/// A packet on its way: which of its moments is next.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Packet {
    pub(super) burst: Burst,
    pub(super) rssi: u8,
    pub(super) next: u8,
    pub(super) payload_end: Ticks,
    /// When its CRC ends.
    pub(super) end: Ticks,
    /// When all of it ends.
    pub(super) air_end: Ticks,
    /// All its octets are there. What comes from a world comes in parts.
    pub(super) whole: bool,
}

impl Packet {
    /// When its next event is. A transmitter is ahead of the air, a receiver behind.
    pub(super) fn due(&self, sending: bool) -> Ticks {
        let on_air = match self.next {
            ADDRESS => self.burst.address_end(),
            PAYLOAD => self.payload_end,
            _ if !self.whole => Ticks::MAX,
            END => self.end,
            _ => self.air_end,
        };
        match sending {
            true => on_air - TRANSMITTER,
            false => on_air.saturating_add(receiver(self.burst.mode)),
        }
    }
}

/// A packet whose address is yet to pass.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Incoming {
    pub(super) burst: Burst,
    pub(super) rssi: u8,
    pub(super) whole: bool,
}

impl Incoming {
    /// When its address is noticed.
    pub(super) fn due(&self) -> Ticks {
        self.burst.body() + address_receiver(self.burst.mode)
    }
}

/// What an open receiver listens for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Listening {
    /// When reception was started, since power-up.
    pub since: Ticks,
    /// How bits are sent. A receiver of LE Coded takes both codings.
    pub mode: Mode,
    /// The carrier, in MHz.
    pub frequency: u16,
    /// The access address.
    pub access_address: u32,
}

/// A packet that was sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sent {
    /// As it is on air.
    pub burst: Burst,
    /// Initial value of its CRC: 24 bits, as CRCINIT has them.
    pub crc_initial: u32,
}

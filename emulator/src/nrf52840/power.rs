//! POWER: the supply and its comparator, resets and their reasons, System OFF, retention.
//!
//! From the product specification (4413_417 v1.7, 5.3): thresholds, brown-out at 1.6 V, start at
//! 1.75 V, hysteresis of 50 mV, and what each reset leaves. The comparator rests while the
//! processor sleeps without the crystal of 64 MHz. Gaps: a supply by VDDH or USB; a section of RAM
//! that is switched off still answers; what flash does when the warning comes goes on.

use bletwin_sim::charge::Regulator;
use bletwin_sim::tear::Chance;

use super::peripheral::Moment;
use crate::memory::{Memory, RAM_BASE};

/// The supply of a chip that nobody touches, in mV.
pub(crate) const NOMINAL: u16 = 3000;
/// Below it the chip is reset, and from there on it starts, in mV.
const BROWN_OUT: u16 = 1600;
const START: u16 = 1750;
/// By how much the supply has to rise for the comparator to see that it is well again, in mV.
const HYSTERESIS: u16 = 50;

/// Power failure warning.
const WARNING: u8 = 2;
/// The processor has fallen asleep, and has woken.
const SLEEP_ENTERED: u8 = 5;
const SLEEP_LEFT: u8 = 6;

/// Blocks of RAM with sections, and of how many KiB each section is: the last block has six.
const BLOCKS: usize = 9;
const LAST: usize = BLOCKS - 1;

/// What resets the chip.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Reset {
    Pin,
    Watchdog,
    Request,
    Lockup,
    /// A pin has woken it from System OFF.
    Off,
    /// The supply was too low.
    BrownOut,
}

impl Reset {
    /// Its bit of RESETREAS.
    const fn reason(self) -> u32 {
        match self {
            Self::Pin => 1,
            Self::Watchdog => 1 << 1,
            Self::Request => 1 << 2,
            Self::Lockup => 1 << 3,
            Self::Off => 1 << 16,
            Self::BrownOut => 0,
        }
    }

    /// Whether GPREGRET outlives it.
    const fn retains(self) -> bool {
        matches!(self, Self::Request | Self::Lockup | Self::Off)
    }

    /// Whether WDT, once started, goes on.
    pub(super) const fn spares_watchdog(self) -> bool {
        matches!(self, Self::Request | Self::Lockup)
    }

    /// Whether pins keep what they are.
    pub(super) const fn spares_pins(self) -> bool {
        matches!(self, Self::Off)
    }
}

/// Why nothing of the chip works.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Rest {
    SystemOff,
    BrownOut,
    /// The reset pin is low.
    Held,
}

/// The registers of POWER, and the supply.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Power {
    reasons: u32,
    retained: [u32; 2],
    dcdc: [u32; 2],
    comparator: u32,
    /// The voltage that is there, in mV.
    supply: u16,
    warns: bool,
    asleep: bool,
    /// SYSTEMOFF was written.
    leaves: bool,
    sections: [u32; BLOCKS],
    /// Sections that have just lost their content, as `sections` has them.
    lost: [u32; BLOCKS],
    noise: Chance,
}

impl Power {
    pub(super) fn new(noise: Chance) -> Self {
        Self {
            reasons: 0,
            retained: [0; 2],
            dcdc: [0; 2],
            comparator: 0,
            supply: NOMINAL,
            warns: false,
            asleep: false,
            leaves: false,
            sections: [0xFFFF; BLOCKS],
            lost: [0; BLOCKS],
            noise,
        }
    }

    /// After a reset: its reason, what is retained, the supply.
    pub(super) fn follow(&mut self, before: &Self, reset: Reset) {
        if reset != Reset::BrownOut {
            self.reasons = before.reasons | reset.reason();
        }
        if reset.retains() {
            self.retained = before.retained;
        }
        self.supply = before.supply;
        self.noise = before.noise.clone();
    }

    /// The supply becomes so many mV.
    pub(super) fn supply(&mut self, millivolts: u16) {
        self.supply = millivolts;
    }

    pub(super) fn is_too_low(&self) -> bool {
        self.supply < BROWN_OUT
    }

    pub(super) fn suffices_to_start(&self) -> bool {
        self.supply >= START
    }

    /// Whether the comparator sees a supply that is too low, so that flash may not be changed.
    pub(super) fn warns(&self) -> bool {
        self.warns
    }

    /// Whether the processor sleeps.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// What regulates the core's supply: DCDCEN.
    pub(super) fn regulator(&self) -> Regulator {
        if self.dcdc[0] == 1 { Regulator::DcDc } else { Regulator::Ldo }
    }

    /// Whether SYSTEMOFF was written since the last call.
    pub(super) fn leaves(&mut self) -> bool {
        std::mem::take(&mut self.leaves)
    }

    /// The comparator looks, if it is enabled and there is a clock for it: the processor is awake,
    /// or the `crystal` runs.
    pub(super) fn compare(&mut self, crystal: bool, moment: &mut Moment<'_>) {
        let enabled = self.compares() && (crystal || !self.asleep);
        // Values 4–15 are 1.7 to 2.8 V.
        let threshold = 1300 + 100 * (self.comparator >> 1 & 0xF) as u16;
        let threshold = threshold + if self.warns { HYSTERESIS } else { 0 };
        let below = enabled && self.supply < threshold;
        if below && !self.warns {
            moment.raise(WARNING);
        }
        self.warns = below;
    }

    /// The processor falls asleep, or wakes: the event of that.
    pub(super) fn sleeps(&mut self, asleep: bool) -> u8 {
        self.asleep = asleep;
        if asleep { SLEEP_ENTERED } else { SLEEP_LEFT }
    }

    /// Whether the comparator is enabled.
    pub(super) fn compares(&self) -> bool {
        self.comparator & 1 == 1
    }

    pub(super) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x400 => self.reasons,
            // RAMSTATUS: all blocks are on.
            0x428 => 0xF,
            // USBREGSTATUS: no supply there.
            0x438 => 0,
            0x510 => self.comparator,
            0x51C | 0x520 => self.retained[usize::from(offset == 0x520)],
            0x578 => self.dcdc[0],
            0x580 => self.dcdc[1],
            // MAINREGSTATUS: supplied by VDD.
            0x640 => 0,
            0x900..0x990 if offset & 0xF < 0xC => self.sections[(offset - 0x900) as usize / 16],
            _ => return None,
        })
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0x400 => self.reasons &= !value,
            0x500 => self.leaves |= value & 1 == 1,
            0x510 => self.comparator = value & 0xF1F,
            0x51C | 0x520 => self.retained[usize::from(offset == 0x520)] = value & 0xFF,
            0x578 => self.dcdc[0] = value & 1,
            0x580 => self.dcdc[1] = value & 1,
            0x900..0x990 => {
                let block = (offset - 0x900) as usize / 16;
                let old = self.sections[block];
                let new = match offset & 0xF {
                    0 => value,
                    4 => old | value,
                    8 => old & !value,
                    _ => return false,
                };
                // Switched off, and not retained.
                self.lost[block] |= old & !new & !(new >> 16) & 0xFFFF;
                self.sections[block] = new;
            }
            _ => return false,
        }
        true
    }

    /// RAM loses what is not retained without power.
    pub(super) fn lose_unretained(&mut self, memory: &mut Memory) {
        self.lost = self.sections.map(|section| !(section >> 16));
        self.lose(memory);
    }

    /// RAM loses all it has.
    pub(super) fn lose_all(&mut self, memory: &mut Memory) {
        self.lost = [u32::MAX; BLOCKS];
        self.lose(memory);
    }

    /// Sections that have lost their content get one by chance.
    pub(super) fn lose(&mut self, memory: &mut Memory) {
        let lost = std::mem::take(&mut self.lost);
        for (block, lost) in lost.into_iter().enumerate().filter(|(_, lost)| *lost != 0) {
            let (count, octets) = if block == LAST { (6, 32 << 10) } else { (2, 4 << 10) };
            let first = RAM_BASE + block as u32 * (8 << 10);
            for section in (0..count).filter(|n| lost >> n & 1 == 1) {
                let words = self.noise.words(octets as usize / 4);
                for (word, address) in words.zip((first + section * octets..).step_by(4)) {
                    memory.write_ram(address, word.to_le_bytes());
                }
            }
        }
    }
}

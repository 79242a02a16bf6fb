//! The pins of P0 and P1, and the signal DETECT of each.
//!
//! Gaps: drive strengths; an input that nothing drives reads as its pull resistor says.

/// One port, bit n of each word being pin n.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Port {
    out: u32,
    /// Levels from outside, of the pins that something drives.
    driven: u32,
    levels: u32,
    /// PIN_CNF: direction in bit 0, input disconnected in bit 1, pull in bits 3:2, SENSE in bits
    /// 17:16.
    configuration: Vec<u32>,
    /// Pins that had the level that their SENSE waits for since they were cleared.
    latch: u32,
    /// DETECTMODE: DETECT comes from LATCH, not from the pins.
    latched: bool,
    /// LATCH was written.
    cleared: bool,
    detects: bool,
}

const DIRECTION: u32 = 1;
const PULL_UP: u32 = 3;

impl Port {
    pub(super) fn new(pins: usize) -> Self {
        Self { configuration: vec![2; pins], ..Self::default() }
    }

    fn select(&self, chosen: impl Fn(u32) -> bool) -> u32 {
        let pins = self.configuration.iter().enumerate();
        pins.fold(0, |bits, (n, configuration)| bits | u32::from(chosen(*configuration)) << n)
    }

    pub(super) fn directions(&self) -> u32 {
        self.select(|configuration| configuration & DIRECTION != 0)
    }

    fn set_directions(&mut self, bits: u32) {
        for (n, configuration) in self.configuration.iter_mut().enumerate() {
            *configuration = *configuration & !DIRECTION | bits >> n & 1;
        }
    }

    /// The pins' levels, if their inputs are connected.
    fn input(&self) -> u32 {
        self.levels() & self.select(|c| c & 2 == 0)
    }

    /// The levels of all pins, whether or not they are read.
    pub(super) fn levels(&self) -> u32 {
        let outputs = self.directions();
        let pulled_up = self.select(|configuration| configuration >> 2 & 3 == PULL_UP);
        let outside = self.driven & self.levels | !self.driven & pulled_up;
        outputs & self.out | !outputs & outside
    }

    /// After a reset: the levels from outside, and the rest if it `spares` pins.
    pub(super) fn follow(&mut self, before: &Self, spares: bool) {
        if spares {
            *self = before.clone();
        }
        (self.driven, self.levels) = (before.driven, before.levels);
    }

    /// Whether a pin is driven low from outside.
    pub(super) fn is_driven_low(&self, pin: u8) -> bool {
        let bit = 1_u32.checked_shl(pin.into()).unwrap_or(0);
        self.driven & !self.levels & bit != 0
    }

    /// Whether DETECT is high.
    pub(super) fn detects(&self) -> bool {
        self.detects
    }

    /// Whether DETECT rises: because of a pin, or because a pin is still latched after LATCH was
    /// written. To be called after every change.
    pub(super) fn rises(&mut self) -> bool {
        let levels = self.levels();
        let high = self.select(|configuration| configuration >> 16 & 3 == 2);
        let low = self.select(|configuration| configuration >> 16 & 3 == 3);
        let sensed = high & levels | low & !levels;
        self.latch |= sensed;
        let detects = if self.latched { self.latch != 0 } else { sensed != 0 };
        let again = std::mem::take(&mut self.cleared) && self.latched;
        let before = std::mem::replace(&mut self.detects, detects);
        detects && (!before || again)
    }

    /// A channel of GPIOTE puts a level out.
    pub(super) fn put(&mut self, pin: u8, level: bool) {
        if let Some(configuration) = self.configuration.get_mut(usize::from(pin)) {
            *configuration |= DIRECTION;
            self.out = self.out & !(1 << pin) | u32::from(level) << pin;
        }
    }

    /// What the pins put out; inputs are 0.
    pub(super) fn outputs(&self) -> u32 {
        self.out & self.directions()
    }

    /// Drives a pin from outside, or lets it go.
    pub(super) fn drive(&mut self, pin: u8, level: Option<bool>) {
        let bit = 1_u32.checked_shl(pin.into()).unwrap_or(0);
        self.driven = if level.is_some() { self.driven | bit } else { self.driven & !bit };
        self.levels = if level == Some(true) { self.levels | bit } else { self.levels & !bit };
    }

    pub(super) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x504 | 0x508 | 0x50C => self.out,
            0x510 => self.input(),
            0x514 | 0x518 | 0x51C => self.directions(),
            0x520 => self.latch,
            0x524 => self.latched.into(),
            0x700..0x780 => *self.configuration.get((offset - 0x700) as usize / 4)?,
            _ => return None,
        })
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0x504 => self.out = value,
            0x508 => self.out |= value,
            0x50C => self.out &= !value,
            0x514 => self.set_directions(value),
            0x518 => self.set_directions(self.directions() | value),
            0x51C => self.set_directions(self.directions() & !value),
            // What is still sensed is latched again.
            0x520 => (self.latch, self.cleared) = (self.latch & !value, true),
            0x524 => self.latched = value & 1 == 1,
            0x700..0x780 => match self.configuration.get_mut((offset - 0x700) as usize / 4) {
                Some(place) => *place = value,
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

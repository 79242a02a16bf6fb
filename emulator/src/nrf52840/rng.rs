//! RNG. The octets are those of the simulation's entropy, in order.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;

/// How long an octet takes, without and with bias correction; a chip varies.
const PLAIN: Ticks = 30 * MICROSECOND;
const CORRECTED: Ticks = 120 * MICROSECOND;

/// The generator's registers, and how far the entropy has been used.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Rng {
    common: Common,
    entropy: [u8; 32],
    /// Octets delivered since power-up.
    delivered: u64,
    corrects: bool,
    ready_at: Option<Ticks>,
    value: u8,
}

impl Rng {
    pub(super) fn new(entropy: [u8; 32]) -> Self {
        Self {
            common: Common::default(),
            entropy,
            delivered: 0,
            corrects: false,
            ready_at: None,
            value: 0,
        }
    }

    /// After a reset without a power-up: the octets go on.
    pub(super) fn follow(&mut self, before: &Self) {
        (self.entropy, self.delivered) = (before.entropy, before.delivered);
    }

    /// The first 32 octets are the entropy itself, what follows is the ChaCha20 stream of it.
    fn octet(&self, n: u64) -> u8 {
        if let Some(octet) = usize::try_from(n).ok().and_then(|n| self.entropy.get(n)) {
            return *octet;
        }
        let mut stream = ChaCha20Rng::from_seed(self.entropy);
        let n = n - self.entropy.len() as u64;
        stream.set_word_pos(u128::from(n / 4));
        stream.next_u32().to_le_bytes()[(n % 4) as usize]
    }

    fn takes(&self) -> Ticks {
        if self.corrects { CORRECTED } else { PLAIN }
    }
}

impl Peripheral for Rng {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match task {
            0 => self.ready_at = self.ready_at.or_else(|| Some(moment.now + self.takes())),
            1 => self.ready_at = None,
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        match offset {
            0x504 => Some(self.corrects.into()),
            0x508 => Some(self.value.into()),
            _ => None,
        }
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        if offset == 0x504 {
            self.corrects = value & 1 == 1;
        }
        offset == 0x504
    }

    fn next_event(&self) -> Option<Ticks> {
        self.ready_at
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        self.value = self.octet(self.delivered);
        self.delivered += 1;
        self.ready_at = Some(moment.now + self.takes());
        moment.raise(0);
    }

    /// VALRDY to STOP.
    fn shorted(&self, event: u8) -> u32 {
        if event == 0 { (self.common.shorts & 1) << 1 } else { 0 }
    }
}

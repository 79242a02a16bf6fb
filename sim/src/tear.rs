//! What a power failure leaves of flash that was being erased or written.
//!
//! A bit whose erasure was cut off is what it was, or 1, or *unstable*: it reads one way or the
//! other until its page is erased again. That holds for all bits of the page, as many flashes
//! write zeros before they erase. A bit whose writing was cut off is what it was, or 0, or
//! unstable. Which, is drawn from the node's entropy, in a stream of its own. How likely each is,
//! is an own choice: 5, 5 and 6 in 16. Idealised: an unstable bit is drawn anew at power-up and
//! after each operation of the flash controller, not at each read.

use ble::secret::Secret;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

/// Flash that is read and changed by words of four octets, whatever an erasure would take.
pub trait Words {
    /// The word at an address.
    fn word(&self, address: u32) -> u32;
    /// Puts a word at an address.
    fn put(&mut self, address: u32, word: u32);
}

/// The stream of the entropy's ChaCha20 that is for flash; RNG has stream 0.
pub const FLASH: u64 = 1;
/// The one for RAM without power.
pub const RAM: u64 = 2;

/// Where random bits come from: a seed, its stream, and how many words were drawn.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Chance {
    seed: Secret<32>,
    stream: u64,
    drawn: u64,
}

impl Chance {
    /// From the entropy that the node got at power-up, in this stream of it.
    #[must_use]
    pub const fn new(seed: [u8; 32], stream: u64) -> Self {
        Self { seed: Secret::new(seed), stream, drawn: 0 }
    }

    /// What is drawn from here on depends on when power fails, too: on a number for that moment.
    pub const fn at(&mut self, moment: u64) {
        // Further than what one failure draws.
        self.drawn = self.drawn.wrapping_add(moment << 13);
    }

    /// So many words of random bits.
    pub fn words(&mut self, count: usize) -> impl Iterator<Item = u32> + use<> {
        let mut stream = ChaCha20Rng::from_seed(*self.seed.expose());
        stream.set_stream(self.stream);
        stream.set_word_pos(self.drawn.into());
        self.drawn += count as u64;
        (0..count).map(move |_| stream.next_u32())
    }
}

/// Bits of flash that are unstable: words with their masks, by address.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Unstable(Vec<(u32, u32)>);

impl Unstable {
    /// Draws them anew.
    pub fn waver(&self, memory: &mut impl Words, chance: &mut Chance) {
        if self.0.is_empty() {
            return;
        }
        for ((address, mask), random) in self.0.iter().zip(chance.words(self.0.len())) {
            let word = memory.word(*address);
            memory.put(*address, word & !mask | random & mask);
        }
    }

    /// Words from `first` on were erased to the end.
    pub fn forget(&mut self, first: u32, octets: u32) {
        self.0.retain(|(address, _)| !(first..first + octets).contains(address));
    }

    /// Leaves words half done: they were `before` and would have been `after`, and the bits of
    /// `touched` may be either, or unstable.
    pub fn tear(
        &mut self,
        words: impl ExactSizeIterator<Item = Torn>,
        memory: &mut impl Words,
        chance: &mut Chance,
    ) {
        let mut random = chance.words(4 * words.len());
        let mut draw = || random.next().unwrap_or_default();
        for Torn { address, before, after, touched } in words {
            // Of four equally likely pairs of bits one is drawn again, once.
            let (mut high, mut low) = (draw(), draw());
            let again = high & low;
            (high, low) = (high & !again | draw() & again, low & !again | draw() & again);
            let unstable = high & touched;
            let new = low & !high & touched;
            let word = before & !(new | unstable) | after & (new | unstable);
            memory.put(address, word);
            if unstable != 0 {
                match self.0.binary_search_by_key(&address, |(address, _)| *address) {
                    Ok(place) => self.0[place].1 |= unstable,
                    Err(place) => self.0.insert(place, (address, unstable)),
                }
            }
        }
        self.waver(memory, chance);
    }
}

/// A word that was being erased or written.
#[derive(Clone, Copy, Debug)]
pub struct Torn {
    /// Where it is.
    pub address: u32,
    /// What it was.
    pub before: u32,
    /// What it would have become.
    pub after: u32,
    /// Its bits that may be either, or unstable.
    pub touched: u32,
}

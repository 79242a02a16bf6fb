//! Flash as it is at its worst: what is cut off leaves bits old, new or unstable, and no word may
//! be written more than twice.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use store::{Flash, Operation, PAGE_WORDS, PAGES, SLICES};

const PAGE: usize = PAGE_WORDS as usize;

/// How much of an operation is done when power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing: power fails before it.
    Before,
    /// Most bits are old, some unstable; of a word that is written one is.
    Hardly,
    /// Bits are old, new, or unstable.
    Half,
    /// Most bits are new, some unstable; of a word that is written one is.
    Almost,
}

#[derive(Clone)]
pub(crate) struct Chip {
    words: Vec<u32>,
    /// Bits that read one way or the other, of words in this order.
    unstable: Vec<(usize, u32)>,
    written: Vec<u8>,
    /// Slices of each page's erasure that are done.
    slices: [u8; PAGES as usize],
    random: ChaCha8Rng,
}

impl Flash for Chip {
    fn word(&self, at: u16) -> u32 {
        self.words[usize::from(at)]
    }
}

impl Chip {
    /// Not blank, but as something else has left it.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let words = PAGE * usize::from(PAGES);
        let word = |random: &mut ChaCha8Rng| random.next_u32() | random.next_u32();
        Self {
            words: (0..words).map(|_| word(&mut random)).collect(),
            unstable: Vec::new(),
            written: vec![0; words],
            slices: [0; PAGES as usize],
            random,
        }
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = ChaCha8Rng::seed_from_u64(seed);
    }

    pub(crate) fn len(&self) -> u16 {
        u16::try_from(self.words.len()).expect("few")
    }

    /// Zeros, by some fault.
    pub(crate) fn spoil(&mut self, at: usize) {
        self.words[at] = 0;
    }

    pub(crate) fn execute(&mut self, operation: Operation) {
        match operation {
            Operation::Write { at, word } => {
                let at = usize::from(at);
                self.count(at);
                self.words[at] &= word;
            }
            Operation::Erase { page, slice } => {
                let slices = &mut self.slices[usize::from(page)];
                assert_eq!(*slices, slice, "slice after slice");
                *slices = (slice + 1) % SLICES;
                if *slices == 0 {
                    let words = usize::from(page) * PAGE..(usize::from(page) + 1) * PAGE;
                    self.unstable.retain(|(at, _)| !words.contains(at));
                    self.words[words.clone()].fill(u32::MAX);
                    self.written[words].fill(0);
                }
            }
        }
        self.waver();
    }

    fn count(&mut self, at: usize) {
        self.written[at] += 1;
        assert!(self.written[at] <= 2, "word {at} is written for the third time");
    }

    /// Power fails in an operation, and is there again.
    pub(crate) fn cut(&mut self, operation: Operation, cut: Cut) {
        match operation {
            // A page whose erasure has begun is torn, whatever the next slice does.
            Operation::Erase { page, slice } if slice > 0 || cut != Cut::Before => {
                self.tear_page(page, cut);
            }
            Operation::Write { at, word } if cut != Cut::Before => {
                let at = usize::from(at);
                self.count(at);
                self.tear_word(at, word, cut);
            }
            _ => {}
        }
        // Erasures at leisure may be under way as well.
        for page in 0..PAGES {
            if self.slices[usize::from(page)] > 0 {
                self.tear_page(page, Cut::Half);
            }
        }
        self.restart();
    }

    pub(crate) fn restart(&mut self) {
        self.slices = [0; PAGES as usize];
        self.waver();
    }

    fn tear_page(&mut self, page: u8, cut: Cut) {
        self.slices[usize::from(page)] = 0;
        for word in 0..PAGE {
            self.tear(usize::from(page) * PAGE + word, u32::MAX, cut);
        }
    }

    fn tear_word(&mut self, at: usize, word: u32, cut: Cut) {
        let before = self.words[at];
        let one = 1 << (self.random.next_u32() % 32);
        // The nearest bit that is to become 0.
        let touched = before & !word;
        let one = (0..32).map(|n| u32::rotate_left(one, n)).find(|bit| touched & bit != 0);
        match (cut, one) {
            (Cut::Hardly, Some(bit)) => self.unstable.push((at, bit)),
            (Cut::Almost, Some(bit)) => {
                self.words[at] &= word | bit;
                self.unstable.push((at, bit));
            }
            _ => self.tear(at, before & word, cut),
        }
    }

    fn tear(&mut self, at: usize, after: u32, cut: Cut) {
        let before = self.words[at];
        let [a, b, c] = [(); 3].map(|()| self.random.next_u32());
        let (new, unstable) = match cut {
            Cut::Before => return,
            Cut::Hardly => (a & b & c & self.random.next_u32(), a & b & !c),
            Cut::Half => (a & !b, b & c),
            Cut::Almost => (a | b | c, !a & !b & !c),
        };
        let unstable = unstable & (before ^ after);
        self.words[at] = before & !new | after & new;
        if unstable != 0 {
            self.unstable.push((at, unstable));
        }
    }

    /// Unstable bits fall anew.
    fn waver(&mut self) {
        for (at, mask) in &self.unstable {
            let random = self.random.next_u32() & mask;
            self.words[*at] = self.words[*at] & !mask | random;
        }
    }
}
